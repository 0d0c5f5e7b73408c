# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Libraries that PostgreSQL loads when it starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._sql import extensions as texts

#: Extensions whose library works only if PostgreSQL loaded it when it started.
PRELOADED = ("pg_stat_statements", "pg_qualstats", "pg_stat_kcache", "pg_wait_sampling")

_SPACE = " \t\n\r\f\v"
#: An entry up to the next comma or the end: quoted, or not.
_ENTRY = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",\s](?:[^,]*[^,\s])?))\s*(?=,|\Z)', re.ASCII)
#: What an entry without quotes cannot have.
_NEEDS_QUOTES = re.compile(r'[",]|^\s|\s\Z|^\Z', re.ASCII)


@dataclass(frozen=True)
class Libraries:
    """Libraries of C(shared_preload_libraries).

    :param loaded: those that the running server has
    :param configured: those that the configuration files name now, and a restart would load
    """

    loaded: Sequence[str]
    configured: Sequence[str]


def read_libraries(cursor: Any) -> Libraries:
    """Read them in one statement; a role without the right to read the files sees the loaded ones as configured."""
    cursor.execute(texts.PRELOADED)
    loaded, in_files = cursor.fetchone()
    return Libraries(_names(loaded), _names(in_files) or _names(loaded))


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


def join_list(entries: Sequence[str]) -> str:
    """Return the text that PostgreSQL splits into these entries."""
    return ",".join(
        '"{0}"'.format(entry.replace('"', '""')) if _NEEDS_QUOTES.search(entry) else entry for entry in entries
    )


def library_name(entry: str) -> str:
    """Return the name of the library that an entry means, without its folder and suffix."""
    name = entry.rsplit("/", 1)[-1]
    return name[:-3] if name.endswith(".so") else name


def _names(setting: Optional[str]) -> List[str]:
    entries = split_list(setting or "")
    if entries is None:
        # PostgreSQL would load none of them, and says so in its log. They are named all the same.
        entries = [entry.strip(_SPACE + '"') for entry in (setting or "").split(",")]
    return [library_name(entry) for entry in entries if entry]
