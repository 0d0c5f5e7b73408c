# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files PostgreSQL's main configuration file includes, which no view of the server shows."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Dict, List, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host

FOLDER = "include_dir"
_SUFFIX = ".conf"
#: PostgreSQL refuses more.
_DEEPEST = 10
_LINE = re.compile(
    r"\s*(#?)\s*(include(?:_if_exists|_dir)?)\s*=?\s*(?:'((?:[^'\\]|''|\\.)*)'|([^\s'#=]+))\s*(?:#.*)?$", re.IGNORECASE
)


@dataclass(frozen=True)
class Include:
    """One line that includes other files.

    :param kind: C(include), C(include_if_exists) or C(include_dir)
    :param path: the file or folder, absolute
    :param commented: whether the line is a comment, and so includes nothing
    """

    file: str
    line: int
    kind: str
    path: str
    commented: bool


def read_includes(host: Host, config_file: str) -> Optional[List[Include]]:
    """Return the includes of the main file and of the files that it includes, or nothing if one is unreadable."""
    found: Dict[str, List[Include]] = {}
    paths = [config_file]
    for _depth in range(_DEEPEST):
        below: List[str] = []
        for path in paths:
            if path not in found:
                text = _text(host, path)
                if text is None:
                    return None
                found[path] = parse_includes(path, text)
                below += [file for include in found[path] for file in _files(host, include)]
        paths = below
    return [include for includes in found.values() for include in includes]


def parse_includes(file: str, text: str) -> List[Include]:
    """Return the lines of a file that include others."""
    includes = []
    # PostgreSQL ends a line at a line feed only.
    for number, line in enumerate(text.split("\n"), 1):
        match = _LINE.match(line)
        if match:
            comment, kind, quoted, plain = match.groups()
            path = plain if quoted is None else re.sub(r"'(')|\\(.)", r"\1\2", quoted)
            absolute = os.path.normpath(os.path.join(os.path.dirname(file), path))
            includes.append(Include(file, number, kind.lower(), absolute, bool(comment)))
    return includes


def _text(host: Host, path: str) -> Optional[str]:
    """Return the text of a file, or nothing if the user may not read it. One that does not exist includes nothing."""
    try:
        with open(host.path(path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ""
    except OSError as error:
        host.unseen.refused("the content of " + path, error)
        return None


def _files(host: Host, include: Include) -> List[str]:
    if include.commented:
        return []
    if include.kind != FOLDER:
        return [include.path]
    try:
        names = os.listdir(host.path(include.path))
    except OSError:
        # PostgreSQL shows it among the errors of its files.
        return []
    return [os.path.join(include.path, name) for name in names if name.endswith(_SUFFIX) and not name.startswith(".")]
