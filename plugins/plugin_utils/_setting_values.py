# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the values of settings mean, and how they are written."""

from __future__ import annotations

import re
from typing import Any, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._host.preload import SETTING, library_name, split_list

ADDRESSES = "listen_addresses"

#: Settings that are numbers, and the unit of a number without one.
_NUMBERS = {"powa.frequency": "ms", "powa.coalesce": "", "powa.retention": "min"}
_MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000, "min": 60000, "h": 3600000, "d": 86400000}
_NUMBER = re.compile(r"\s*(-?[0-9]+(?:\.[0-9]*)?)\s*(us|ms|s|min|h|d)?\s*", re.ASCII)

#: The names that PostgreSQL has for the units of an interval, and their seconds.
_SECONDS = {
    1: "s sec secs second seconds",
    60: "m min mins minute minutes",
    3600: "h hr hrs hour hours",
    86400: "d day days",
    604800: "w week weeks",
    2592000: "mon mons month months",
    31557600: "y yr yrs year years",
}
_UNITS = {name: seconds for seconds, names in _SECONDS.items() for name in names.split()}
_PART = re.compile(r"\s*(?:([0-9]+):([0-9]{2})(?::([0-9]{2}))?|([0-9]+(?:\.[0-9]+)?)\s*([a-z]+))\s*", re.ASCII)


def retention_minutes(interval: str) -> Optional[int]:
    """Return the minutes of an interval such as C(7 days), or None for any other text and for less than a minute.

    PostgreSQL takes a number without a unit for seconds.
    """
    seconds, position, text = 0.0, 0, interval.strip().lower()
    if text.isascii() and text.isdigit():
        seconds, position = int(text), len(text)
    while position < len(text):
        part = _PART.match(text, position)
        if not part or (part[5] and part[5] not in _UNITS):
            return None
        if part[5]:
            seconds += float(part[4]) * _UNITS[part[5]]
        else:
            seconds += int(part[1]) * 3600 + int(part[2]) * 60 + int(part[3] or 0)
        position = part.end()
    return round(seconds / 60) or None


def meaning(name: str, value: str) -> Any:
    """Return what a value means, so that 5min equals 300s."""
    if name in (SETTING, ADDRESSES):
        entries = split_list(value)
        if entries is not None:
            return frozenset(map(library_name, entries) if name == SETTING else entries)
    number = _NUMBER.fullmatch(value) if name in _NUMBERS else None
    if not number:
        return value
    if float(number[1]) < 0:
        return -1
    own = _NUMBERS[name]
    return round(float(number[1]) * _MILLISECONDS.get(number[2] or own, 1) / _MILLISECONDS.get(own, 1))


def for_alter_system(name: str, value: str, version: int) -> str:
    """Return a value as the module postgresql_alter_system needs it.

    It quotes the entries of a list. It escapes nothing else, and before PostgreSQL 14 quotes nothing else, where 300s
    or * is a syntax error, and a name loses its capital letters.

    :param version: PostgreSQL's, as a number
    """
    if name in _NUMBERS:
        return str(meaning(name, value))
    if "," in value:
        return value
    escaped = value.replace("'", "''")
    return escaped if version >= 140000 else "'{0}'".format(escaped)
