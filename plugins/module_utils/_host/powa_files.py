# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PoWA's files for one major version of PostgreSQL, and the packages that own them."""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import NOT_FOUND, TOO_LONG, Answer, Running
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import DEBIAN, System

#: Of a local diversion, every package's copy of the file goes elsewhere.
_DIVERTED = re.compile(r"local diversion from: (/.*)")
_OWNED = re.compile(r"(?!diversion by |local diversion )(\S+?)(?::\S+)?(?:, .*)?: (/.*)")


@dataclass(frozen=True)
class Search:
    """The program that looks for the packages of some files."""

    paths: Sequence[str]
    running: Optional[Running]
    family: str = ""


def start_search(host: Host, system: System, version: str, extension_folder: str) -> Search:
    """Start to look for the packages that own PoWA's files, if there are any.

    :param extension_folder: that of the version, or an empty text
    """
    library = os.path.join(os.path.dirname(system.server_folder(version)), "lib", "powa.so")
    patterns = [os.path.join(extension_folder, name) for name in ("powa.control", "powa--*.sql")]
    paths = [path for pattern in [library, *patterns] for path in _found(host, pattern)] if extension_folder else []
    if not paths:
        return Search((), None)
    if system.family == DEBIAN:
        command = ["dpkg-query", "--search", "--", *paths]
    else:
        command = ["rpm", "--query", "--queryformat=[%{=NAME}: %{FILENAMES}\\n]", "--file", "--", *paths]
    return Search(paths, host.start(command), system.family)


def finish_search(host: Host, search: Search) -> Optional[Dict[str, Optional[str]]]:
    """Return path -> package, or None if nobody can tell; a file that no package owns has none."""
    if search.running is None:
        return {}
    answer = search.running.finish()
    if not _tells(answer, search.family):
        host.unseen.add("the packages of PoWA's files", answer.sentence)
        return None
    owners = parse_search(answer.out)
    return {path: owners.get(path) for path in search.paths}


def parse_search(text: str) -> Dict[str, str]:
    """Return path -> package of what C(dpkg-query --search) says, or rpm in the same words."""
    owners: Dict[str, str] = {}
    diverted: List[str] = []
    for line in text.splitlines():
        local, owned = _DIVERTED.fullmatch(line), _OWNED.fullmatch(line)
        if local:
            diverted.append(local.group(1))
        elif owned:
            owners[owned.group(2)] = owned.group(1)
    return {path: package for path, package in owners.items() if path not in diverted}


def _tells(answer: Answer, family: str) -> bool:
    """Return whether an answer has the packages. It fails if a file has none, and tells those of the others."""
    if family == DEBIAN:
        return answer.status in (0, 1)
    # rpm counts the files that have none.
    return answer.status >= 0 and answer.status not in (NOT_FOUND, TOO_LONG)


def _found(host: Host, pattern: str) -> List[str]:
    return sorted(path[len(host.root) :] for path in glob.glob(host.path(pattern)))
