# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ranges of versions of PostgreSQL, as C(runonserver) of postgres_exporter has them."""

from __future__ import annotations

import re
from typing import Match, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import CannotTakeError

#: From a C(server_version_num) on, up to but without another (None for all later ones).
VersionRange = Tuple[int, Optional[int]]

_CONDITION = re.compile(r"(>=|<=|>|<|==?|)\s*v?([0-9]+)(?:\.([0-9]+|x))?(?:\.([0-9]+|x))?")


def version_range(text: str) -> VersionRange:
    """Return the versions of a text such as C(>=10.0.0 <13.0.0).

    :raises CannotTakeError: for what it cannot read
    """
    rest = text.strip()
    lowest = 0
    end: Optional[int] = None
    while rest:
        match = _CONDITION.match(rest)
        if match is None:
            raise CannotTakeError('found "{0}" as versions, expected a range such as >=13.0.0 <17.0.0'.format(text))
        low, high = _condition(match.group(1), _number(match), match)
        lowest = max(lowest, low)
        ends = [each for each in (end, high) if each is not None]
        end = min(ends) if ends else None
        rest = rest[match.end() :].lstrip(" ,")
    if end is not None and end <= lowest:
        raise CannotTakeError('no version of PostgreSQL is in "{0}"'.format(text))
    return lowest, end


def _number(match: Match[str]) -> int:
    major, minor, patch = (int(part) if part and part != "x" else 0 for part in match.groups()[1:])
    # Since version 10, the second part of three is the minor version.
    return major * 10000 + (minor * 100 + patch if major < 10 else minor)


def _condition(sign: str, number: int, match: Match[str]) -> VersionRange:
    if sign == ">=":
        return number, None
    if sign == "<":
        return 0, number
    following = number + _step(match)
    if sign == ">":
        return following, None
    return 0 if sign == "<=" else number, following


def _step(match: Match[str]) -> int:
    """Return how many versions a number stands for, such as all of a major version."""
    major, minor, patch = match.groups()[1:]
    if minor in (None, "x"):
        return 10000
    return 100 if int(major) < 10 and patch in (None, "x") else 1
