# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Samples of remotes, brought to a repository as the collector does."""

from __future__ import annotations

from servers import Database


def collect(database: Database, name: str, srvid: int, user: str = "powa") -> None:
    """Copy a remote's rows as the collector does, here from the same database."""
    database.server.shell(
        "export PGPASSWORD; read PGPASSWORD; psql='psql -qX -v ON_ERROR_STOP=1 -h 127.0.0.1 -d {0}';"
        " $psql -U {1} -c 'COPY (SELECT {2}, * FROM public.powa_{3}_src(0)) TO stdout'"
        " | $psql -U postgres -c 'COPY public.powa_{3}_src_tmp FROM stdin'".format(database.name, user, srvid, name),
        input=database.login["login_password"] + "\n",
    )


def aggregate(database: Database, srvid: int) -> None:
    """Have PoWA take the snapshots at the last of which it aggregates."""
    database.sql("UPDATE powa_servers SET powa_coalesce = 5 WHERE id = %s", (srvid,))
    for _turn in range(5):
        snapshot(database, srvid)


def snapshot(database: Database, srvid: int) -> None:
    """Have PoWA take a snapshot of what is in the transient tables."""
    database.sql("SELECT powa_take_snapshot(%s)", (srvid,))
    assert database.errors(srvid) is None
