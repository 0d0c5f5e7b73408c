# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration files that a program writes anew from its own configuration, so that a line of ours would be lost."""

from __future__ import annotations

import re
from typing import Dict, Iterable, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host

#: Program -> the comment with which it begins the files that it writes.
_TOOLS = {"Patroni": re.compile(r"^[ \t]*#.*\boverwritten by Patroni\b", re.IGNORECASE | re.MULTILINE)}
#: A comment that warns stands at the beginning, in characters.
_BEGINNING = 4096


def tool_of(text: str) -> Optional[str]:
    """Return the program that writes a file, by what the file's text says, or None if people edit it."""
    for tool, comment in _TOOLS.items():
        if comment.search(text[:_BEGINNING]):
            return tool
    return None


def read_generated(host: Host, paths: Iterable[Optional[str]]) -> Dict[str, str]:
    """Return path -> the program that writes it, for the files that one writes.

    :param paths: None for one that is not known
    """
    found = {}
    for path in paths:
        tool = tool_of(_beginning_of(host, path)) if path else None
        if path and tool:
            found[path] = tool
    return found


def _beginning_of(host: Host, path: str) -> str:
    try:
        with open(host.path(path), encoding="utf-8", errors="replace") as file:
            return file.read(_BEGINNING)
    except OSError as error:
        # A server that runs in a container, or has another root, has its files elsewhere.
        if not isinstance(error, FileNotFoundError):
            host.unseen.refused("the file " + path, error)
        return ""
