# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The libraries of C(shared_preload_libraries): the text of the setting, and the files that PostgreSQL would load."""

from __future__ import annotations

import os
import re
from typing import Dict, Iterable, List, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host

SETTING = "shared_preload_libraries"
#: Extensions whose library works only if PostgreSQL loaded it when it started.
PRELOADED = ("pg_stat_statements", "pg_qualstats", "pg_stat_kcache", "pg_wait_sampling")
#: What stands for PostgreSQL's own folder of libraries, and the search path of a server that sets none.
LIBDIR = "$libdir"

_SPACE = " \t\n\r\f\v"
_SUFFIX = ".so"
#: An entry up to the next comma or the end: quoted, or not.
_ENTRY = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",\s](?:[^,]*[^,\s])?))\s*(?=,|\Z)', re.ASCII)
#: What an entry without quotes cannot have.
_NEEDS_QUOTES = re.compile(r'[",]|^\s|\s\Z|^\Z', re.ASCII)


def split_list(text: str) -> Optional[List[str]]:
    """Split the value of a setting that is a list as PostgreSQL does, or return None if PostgreSQL refuses it.

    An entry may be quoted, as ALTER SYSTEM writes it, and then holds commas and doubled quotes.
    """
    entries: List[str] = []
    rest = text.strip(_SPACE)
    while rest or entries:
        found = _ENTRY.match(rest)
        if not found:
            return None
        quoted, plain = found.groups()
        entries.append(plain if quoted is None else quoted.replace('""', '"'))
        if found.end() == len(rest):
            return entries
        rest = rest[found.end() + 1 :]
    return entries


def entries_of(text: str) -> List[str]:
    """Return the entries of a list, also of one that PostgreSQL refuses."""
    entries = split_list(text)
    if entries is None:
        entries = [entry.strip(_SPACE + '"') for entry in text.split(",")]
    return [entry for entry in entries if entry]


def join_list(entries: Iterable[str]) -> str:
    """Return the text that PostgreSQL splits into these entries."""
    return ",".join(
        '"{0}"'.format(entry.replace('"', '""')) if _NEEDS_QUOTES.search(entry) else entry for entry in entries
    )


def library_name(entry: str) -> str:
    """Return the name of the library that an entry means, without its folder and suffix."""
    name = entry.rsplit("/", 1)[-1]
    return name[: -len(_SUFFIX)] if name.endswith(_SUFFIX) else name


def read_libraries(host: Host, folder: str, search_path: str, texts: Iterable[str]) -> Dict[str, Optional[str]]:
    """Return entry -> its file, or nothing if PostgreSQL would find none; for those of PoWA and those of these values.

    :param folder: PostgreSQL's own folder of libraries
    :param search_path: the value of C(dynamic_library_path)
    """
    entries = [entry for text in texts for entry in entries_of(text)]
    return {entry: _file(host, folder, search_path, entry) for entry in sorted({*entries, *PRELOADED, "powa"})}


def _file(host: Host, folder: str, search_path: str, entry: str) -> Optional[str]:
    """Look for a library where PostgreSQL does: with a slash its path, else each folder of the search path."""
    if "/" in entry:
        paths = [_expanded(folder, entry)]
    else:
        paths = [os.path.join(_expanded(folder, part), entry) for part in search_path.split(":")]
    for path in [*paths, *(path + _SUFFIX for path in paths)]:
        if os.path.isfile(host.path(path)):
            return path
    return None


def _expanded(folder: str, path: str) -> str:
    first, slash, rest = path.partition("/")
    return folder + slash + rest if first == LIBDIR else path
