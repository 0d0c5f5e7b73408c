# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of packages, programs and units in a family of distributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional

#: How packages of extensions are called. Another name is set in powa_extension_packages.
_EXTENSIONS = ("hypopg", "pg_qualstats", "pg_stat_kcache", "pg_track_settings", "pg_wait_sampling")

DRIVER = "python3-psycopg2"
COLLECTOR = "powa-collector"


@dataclass(frozen=True)
class System:
    """The names of one family, for one major version of PostgreSQL.

    :param contrib: what PostgreSQL itself brings and PoWA needs, if it is in a package of its own
    :param extensions: extension -> package
    :param unit: of the cluster that the roles work on
    """

    server: str
    contrib: List[str]
    powa: str
    build: List[str]
    venv: str
    pg_config: str
    unit: str
    extensions: Dict[str, str]


#: Of a server whose host nobody logs in to.
NO_SYSTEM = System(server="", contrib=[], powa="", build=[], venv="", pg_config="", unit="", extensions={})


def system_of(seen: Mapping[str, Any]) -> Optional[System]:
    """Return the names for a host, or None for a distribution that the roles do not know.

    :param seen: the result of C(host_info)
    """
    version, cluster = seen["version"], seen["cluster"]
    if seen["os"]["family"] == "Debian":
        prefix = "postgresql-{0}".format(version)
        return System(
            server=prefix,
            contrib=[],
            powa=prefix + "-powa",
            build=["postgresql-server-dev-" + version, "make", "gcc", "libc6-dev", "tar", "gzip", "xz-utils", "bzip2"],
            venv="python3-venv",
            pg_config="/usr/lib/postgresql/{0}/bin/pg_config".format(version),
            unit=cluster["unit"] if cluster else "postgresql@{0}-main".format(version),
            extensions={name: "{0}-{1}".format(prefix, name.replace("_", "-")) for name in _EXTENSIONS},
        )
    if seen["os"]["family"] == "RedHat":
        # PGDG's packages. powa_17 is one without files that brings several extensions.
        return System(
            server="postgresql{0}-server".format(version),
            contrib=["postgresql{0}-contrib".format(version)],
            powa="powa-archivist_" + version,
            build=["postgresql{0}-devel".format(version)]
            + ["make", "gcc", "tar", "gzip", "xz", "bzip2", "redhat-rpm-config"],
            venv="python3",
            pg_config="/usr/pgsql-{0}/bin/pg_config".format(version),
            unit=cluster["unit"] if cluster else "postgresql-{0}".format(version),
            extensions={name: "{0}_{1}".format(name, version) for name in _EXTENSIONS},
        )
    return None
