# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long history stays, what removes it, and how it comes back from a dump."""

from __future__ import annotations

from typing import Any, List

from datasources import COMMITS, LOCK_MODES
from samples import aggregate, collect, snapshot
from servers import Database, on_the_newest_server

BOTH = {
    "server_kind": ["repository", "remote"],
    "collector_role": "powa_collector",
    "monitoring_role": "powa",
    "datasources": [LOCK_MODES, COMMITS],
}
TABLES = [
    "powa_{0}_{1}".format(name, suffix)
    for name in ("lock_modes", "commits")
    for suffix in ("src_tmp", "history_current", "history")
]
REGISTRY = {
    "4": "SELECT srvid, module, operation, function_name, enabled FROM powa_functions"
    " WHERE module IN ('lock_modes', 'commits') ORDER BY 1, 2, 3",
    "5": "SELECT srvid, name, operation, function_name, enabled FROM powa_functions"
    " WHERE name IN ('lock_modes', 'commits') ORDER BY 1, 2, 3",
}


def counts(database: Database, srvid: int) -> List[int]:
    return [database.value("SELECT count(*) FROM {0} WHERE srvid = {1}".format(table, srvid)) for table in TABLES]


def fill(database: Database, srvid: int) -> None:
    """Give a server rows in each kind of table."""
    for _form in ("aggregated", "current", "transient"):
        for name in ("lock_modes", "commits"):
            collect(database, name, srvid)
        if _form == "aggregated":
            aggregate(database, srvid)
        elif _form == "current":
            snapshot(database, srvid)
    assert all(counts(database, srvid))


def old(database: Database, table: str, srvid: int, age: str) -> None:
    """Make all rows of a history table so old."""
    database.sql(
        "UPDATE {0} SET coalesce_range = tstzrange(now() - interval '{1}' - interval '1 minute',"
        " now() - interval '{1}', '[]') WHERE srvid = {2}".format(table, age, srvid)
    )


def test_a_deleted_server_leaves_no_row_behind(database: Database) -> None:
    first, second = database.register("one", "two")
    database.ok("datasources", **BOTH)
    fill(database, first)
    fill(database, second)
    kept = counts(database, second)
    database.ok("servers", servers=[{"hostname": "one", "state": "absent", "history": "drop"}])
    assert not any(counts(database, first))
    assert not [row for row in database.sql(REGISTRY[database.powa]) if row[0] == first]
    assert counts(database, second) == kept


def test_reset_empties_every_table_of_one_server(database: Database) -> None:
    first, second = database.register("one", "two")
    database.ok("datasources", **BOTH)
    fill(database, first)
    fill(database, second)
    kept = counts(database, second)
    database.sql("SELECT powa_reset(%s)", (first,))
    assert not any(counts(database, first))
    assert counts(database, second) == kept


@on_the_newest_server
def test_history_is_kept_as_long_as_the_datasource_says(database: Database) -> None:
    (srvid,) = database.register("one")
    own = dict(BOTH, datasources=[LOCK_MODES, dict(COMMITS, retention="30 days")])
    database.sql("UPDATE powa_servers SET retention = '3 days'")
    database.ok("datasources", **own)
    again = database.ok("datasources", **own)
    assert not again.changed, again.diff
    fill(database, srvid)
    for age, lock_modes, commits in (("2 days", True, True), ("29 days", False, True), ("31 days", False, False)):
        for table in ("powa_lock_modes_history", "powa_commits_history"):
            old(database, table, srvid, age)
        for name in ("lock_modes", "commits"):
            database.sql("SELECT powa_{0}_purge(%s)".format(name), (srvid,))
        kept = [count > 0 for count in counts(database, srvid)[2::3]]
        assert kept == [lock_modes, commits], age
    # Without one it has the server's again.
    assert database.ok("datasources", **BOTH).changed
    assert database.value("SELECT retention FROM powa_extension_config WHERE extname = 'commits'") is None


def test_local_history_is_kept_as_long_as_powa_retention_says(database: Database) -> None:
    database.ok("datasources", server_kind=["local"], datasources=[COMMITS])
    for _turn in range(2):
        database.ok("snapshot", servers=["local"])
    database.sql("SELECT powa_commits_aggregate(0)")
    assert database.value("SELECT count(*) FROM powa_commits_history") == 1
    seconds = database.value("SELECT extract(epoch FROM current_setting('powa.retention')::interval)::integer")
    old(database, "powa_commits_history", 0, "{0} seconds".format(seconds - 60))
    database.sql("SELECT powa_commits_purge(0)")
    assert database.value("SELECT count(*) FROM powa_commits_history") == 1
    old(database, "powa_commits_history", 0, "{0} seconds".format(seconds + 60))
    database.sql("SELECT powa_commits_purge(0)")
    assert database.value("SELECT count(*) FROM powa_commits_history") == 0


def test_one_run_makes_a_restored_repository_right(database: Database, make_database: Any) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", **BOTH)
    fill(database, srvid)
    history = [database.sql("SELECT * FROM {0} ORDER BY 1, 2".format(table)) for table in TABLES[2::3]]
    restored = make_database()
    database.server.shell(
        "runuser -u postgres -- psql -qXd postgres -c 'DROP DATABASE {1}' -c 'CREATE DATABASE {1}';"
        " runuser -u postgres -- pg_dump {0} | runuser -u postgres -- psql -qXd {1} > /dev/null 2>&1".format(
            database.name, restored.name
        )
    )
    assert restored.value("SELECT hostname FROM powa_servers WHERE id = %s", (srvid,)) == "one"
    restored.ok("datasources", **BOTH)
    assert restored.sql(REGISTRY[restored.powa]) == database.sql(REGISTRY[database.powa])
    assert [restored.sql("SELECT * FROM {0} ORDER BY 1, 2".format(table)) for table in TABLES[2::3]] == history
    for table in TABLES:
        key = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass"
        assert restored.value(key, (table,)) == (0 if table.endswith("tmp") else 1)
    collect(restored, "commits", srvid)
    restored.sql("SELECT powa_commits_snapshot(%s)", (srvid,))
    assert not restored.ok("datasources", **BOTH).changed
