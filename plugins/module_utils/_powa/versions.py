# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the version of a PoWA says about it, without a look at its database."""

from __future__ import annotations

from typing import Tuple

#: The first and the last PoWA whose purge of pg_qualstats calls a function that does not exist.
_FIRST_BROKEN, _LAST_BROKEN = (5, 1, 2), (5, 3, 0)


def version_number(version: str) -> Tuple[int, ...]:
    """Return a version of PoWA, such as C(5.0.2), as numbers that compare."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def release(version: str) -> str:
    """Return the major.minor of a version. The collector compares these, and ignores the rest."""
    return ".".join(version.split(".")[:2])


def purges_qualstats(version: str) -> bool:
    """Whether this PoWA can purge the history of pg_qualstats."""
    return not _FIRST_BROKEN <= version_number(version) <= _LAST_BROKEN
