# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the version of a PoWA says about it, without a look at its database."""

from __future__ import annotations

import json
from typing import NamedTuple, Tuple

#: The first and the last PoWA whose purge of pg_qualstats calls a function that does not exist.
_FIRST_BROKEN, _LAST_BROKEN = (5, 1, 2), (5, 3, 0)


class MajorVersion(NamedTuple):
    """What all versions of PoWA from one major version on have, until the next one that is listed.

    :param first: the major version
    :param has_servers: whether it has the table C(powa_servers)
    :param has_roles: whether it has roles of its own for rights (C(powa_roles)), and grants them those on its tables
    :param extension_versions: the table that has the versions of each server's extensions
    :param collects_databases: whether the collector logs in to other databases of a remote than PoWA's, too
    :param web_reads_passwords: whether powa-web's role may read the passwords that a repository stores
    """

    first: int
    has_servers: bool
    has_roles: bool
    extension_versions: str
    collects_databases: bool
    web_reads_passwords: bool


#: Of a version that nobody knows or supports: nothing is relied on, and a login is not narrowed down to one database.
_UNKNOWN = MajorVersion(0, False, False, "", True, True)
_POWA_4 = MajorVersion(4, True, False, "powa_extensions", False, False)
_POWA_5 = MajorVersion(5, True, True, "powa_extension_config", True, True)
_MAJOR_VERSIONS = (_UNKNOWN, _POWA_4, _POWA_5)

#: The same for a query: a JSON array of records that begin with the oldest.
MAJOR_VERSIONS_JSON = json.dumps([version._asdict() for version in _MAJOR_VERSIONS])


def major_version(number: int) -> MajorVersion:
    """Return what a major version of PoWA has.

    :param number: its number, or 0 if nobody knows it
    """
    return [version for version in _MAJOR_VERSIONS if version.first <= number][-1]


def version_number(version: str) -> Tuple[int, ...]:
    """Return a version of PoWA, such as C(5.0.2), as numbers that compare."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def release(version: str) -> str:
    """Return the major.minor of a version. The collector compares these, and ignores the rest."""
    return ".".join(version.split(".")[:2])


def purges_qualstats(version: str) -> bool:
    """Whether this PoWA can purge the history of pg_qualstats."""
    return not _FIRST_BROKEN <= version_number(version) <= _LAST_BROKEN
