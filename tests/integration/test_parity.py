# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasources that PoWA brings, declared once more: every value of every sample is the same as PoWA's.

Both are read in one transaction: both see the same now() and, because of stats_fetch_consistency, the same statistics.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

import yaml
from servers import Database, running_collector, wait_until

#: By version of PoWA, and by the beginning of the names of PoWA's objects.
DATASOURCES: Dict[str, Dict[str, Dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("parity.yml").read_text(encoding="utf-8")
)
#: So many snapshots become one row of history.
COALESCE = 5

#: A row for each sample.
CURRENT = "SELECT (record).ts AS taken, srvid, {keys}(record).* FROM {name}_history_current"
HISTORY = """
    SELECT r.ts AS taken, h.srvid, {keys}h.coalesce_range, (h.mins_in_range).*, (h.maxs_in_range).*, r.*
    FROM {name}_history AS h, unnest(h.records) AS r
"""
ATTRIBUTES = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute AS c JOIN pg_type AS t ON t.oid = c.atttypid JOIN pg_attribute AS a ON a.attrelid = t.typrelid
    WHERE c.attrelid = to_regclass(%s) AND c.attname = %s ORDER BY a.attnum
"""

#: PoWA 4's own function returns nothing on PostgreSQL 15 and newer: here it does again what it does on older ones.
USER_FUNCTIONS = """
    CREATE OR REPLACE FUNCTION powa_stat_user_functions(IN dbid oid, OUT funcid oid, OUT calls bigint,
        OUT total_time double precision, OUT self_time double precision)
    RETURNS SETOF record STABLE LANGUAGE sql AS $$
        SELECT f.funcid, f.calls, f.total_time, f.self_time FROM pg_catalog.pg_stat_user_functions AS f
        WHERE dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
    $$
"""

#: The position in the WAL is no statistic: it moves only while no snapshot, which reads powa_functions first, is taken.
MOVE = """
    LOCK TABLE powa_functions;
    CREATE TABLE moved AS SELECT generate_series(1, 10000) AS n;
    SELECT burn();
    DROP TABLE moved;
    SELECT pg_switch_wal();
"""


def pairs(database: Database) -> Iterator[Tuple[str, str, str]]:
    """Return the beginnings of PoWA's names and of ours, and the keys."""
    for theirs, ours in DATASOURCES[database.powa].items():
        yield theirs, "powa_" + ours["name"], "".join(key["name"] + ", " for key in ours.get("keys", ()))


def declare(database: Database, *server_kind: str) -> None:
    """Declare them all, and have the sessions that follow read each statistic once in a transaction."""
    if database.powa == "4":
        database.sql(USER_FUNCTIONS)
    database.ok("datasources", server_kind=list(server_kind), datasources=list(DATASOURCES[database.powa].values()))
    for theirs, ours, _keys in pairs(database):
        for table, column in (("_history_current", "record"), ("_history", "mins_in_range")):
            attributes = [database.sql(ATTRIBUTES, (name + table, column)) for name in (theirs, ours)]
            assert attributes[0] == attributes[1] != []
    settings = ("stats_fetch_consistency = 'snapshot'", "track_functions = 'all'", "powa.coalesce = %d" % COALESCE)
    for setting in settings:
        database.sql("ALTER DATABASE {0} SET {1}".format(database.name, setting))
    database.sql("CREATE FUNCTION burn() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM sum(n) FROM moved; END'")


def move(database: Database) -> None:
    """Have the statistics move."""
    database.sql(MOVE)
    database.sql("CHECKPOINT")


def assert_same(database: Database, query: str) -> int:
    """See that both have the same samples, by plain SQL, and return of how many snapshots they are, at least."""
    found = []
    for theirs, ours, keys in pairs(database):
        parts = [query.format(name=name, keys=keys) for name in (theirs, ours)]
        differences = "SELECT {0!r}, * FROM ({1} EXCEPT ALL {2}) AS different"
        assert (
            database.sql(differences.format(theirs, *parts)) + database.sql(differences.format(ours, *parts[::-1]))
            == []
        )
        found.append(database.value("SELECT count(DISTINCT s.taken) FROM ({0}) AS s".format(parts[1])))
    return min(found)


def assert_moved(database: Database) -> None:
    """See that it was no comparison of what never changes: of each datasource, some metric has several values."""
    for _theirs, ours, _keys in pairs(database):
        different = "SELECT count(DISTINCT to_jsonb(r) - 'ts') FROM {0}_history AS h, unnest(h.records) AS r"
        assert database.value(different.format(ours)) > 1, ours


def test_a_local_server_stores_the_same_as_powa(database: Database) -> None:
    declare(database, "local")
    database.sql("UPDATE powa_snapshot_metas SET coalesce_seq = 0 WHERE srvid = 0")
    for taken in range(1, COALESCE):
        move(database)
        database.ok("snapshot", servers=["local"])
        assert assert_same(database, CURRENT) == taken
    move(database)
    database.ok("snapshot", servers=["local"])
    assert assert_same(database, CURRENT) == 0
    assert assert_same(database, HISTORY) == COALESCE
    assert_moved(database)


def test_the_collector_stores_the_same_as_powa(database: Database) -> None:
    declare(database, "repository", "remote")
    server = {"hostname": "127.0.0.1", "username": "postgres", "dbname": database.name}
    database.ok("servers", servers=[dict(server, frequency=5, coalesce=COALESCE)])

    def aggregated() -> bool:
        move(database)
        assert_same(database, CURRENT)
        return assert_same(database, HISTORY) > 1

    with running_collector(database):
        wait_until(aggregated, "the collector's samples are aggregated", 240)
    assert database.value("SELECT errors FROM powa_snapshot_metas WHERE srvid > 0") is None
    assert_moved(database)
