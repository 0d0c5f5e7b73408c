# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A datasource that the collection generates, against PoWA's own C(powa_user_functions), on the same samples.

A run is a life of both: snapshots, an aggregation each C(COALESCE) of them, reading, and a purge of one aggregation
after the other. Each step is done for both before the next, in an order that changes with every step, so that what else
the machine does meets both.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any, Callable, Collection, Dict, Iterator, List, Tuple

from measured import RUNS, Measure, Ratio, Subject, seconds
from servers import Database, Server, running_server

KEYS = 500
SNAPSHOTS = 2000
#: PoWA's default: so many snapshots become one row of history for each key.
COALESCE = 100
LIMIT = 1.05

NAMES = {
    "snapshot_vs_builtin": Subject("seconds", "the snapshots of a generated datasource, against PoWA's own", LIMIT),
    "aggregate_vs_builtin": Subject("seconds", "the aggregations of both, one after each 100 snapshots", LIMIT),
    "purge_vs_builtin": Subject("seconds", "the purges of both", LIMIT),
    "read_vs_builtin": Subject("seconds", "reading the whole history of each of 500 keys of both", LIMIT),
    "bytes_vs_builtin": Subject("bytes", "the history of both on disk, after 1,000,000 samples", LIMIT),
}

DATASOURCE: Dict[str, Any] = {
    "name": "measured_functions",
    "query": "SELECT d.oid AS dbid, f.* FROM pg_database AS d, powa_stat_user_functions(d.oid) AS f",
    "keys": [{"name": "dbid", "type": "oid"}, {"name": "funcid", "type": "oid"}],
    "metrics": [
        {"name": "calls", "type": "bigint"},
        {"name": "total_time", "type": "double precision"},
        {"name": "self_time", "type": "double precision"},
    ],
}
OURS, THEIRS = "powa_measured_functions", "powa_user_functions"
BOTH = (OURS, THEIRS)

# Counters that grow by chance, but by the same chance in every run.
SAMPLES = """
    CREATE UNLOGGED TABLE samples AS
    SELECT n, now() - ({snapshots} - n) * interval '5 minutes' AS ts, 16384::oid AS dbid, (20000 + f)::oid AS funcid,
        sum(grown) OVER counter AS calls, sum(grown * took) OVER counter AS total_time,
        sum(grown * took * 0.3) OVER counter AS self_time
    FROM (
        SELECT n, f, floor(random() * f)::bigint AS grown, random() AS took
        FROM (SELECT setseed(0.5)) AS s, generate_series(1, {snapshots}) AS n, generate_series(1, {keys}) AS f
    ) AS chance
    WINDOW counter AS (PARTITION BY f ORDER BY n)
    ORDER BY n, f
"""
COPY = "INSERT INTO {0}_src_tmp SELECT %s, ts, dbid, funcid, calls, total_time, self_time FROM samples WHERE n = %s"
READ = """
    SELECT sum(r.calls), sum(r.total_time) FROM {0}_history AS h, unnest(h.records) AS r
    WHERE h.srvid = %s AND h.dbid = 16384 AND h.funcid = %s
      AND h.coalesce_range && tstzrange(now() - interval '1 year', now(), '[]')
"""
# All that is stored of the history: table, TOAST and index.
BYTES = "SELECT pg_total_relation_size('{0}_history')"
STORED = "SELECT sum(cardinality(records)) FROM {0}_history"
# What is older than halfway between two aggregations.
RETENTION = """
    UPDATE powa_servers SET retention = now() - (
        SELECT ts + interval '150 seconds' FROM samples WHERE n = %s LIMIT 1) WHERE id = %s
"""


def measure(names: Collection[str]) -> Iterator[Measure]:
    """Measure what is named of C(NAMES), with PoWA 4, which has C(powa_user_functions)."""
    with running_server("4", "-bench") as server:
        database = _prepare(server)
        with closing(server.connect(database.name)) as connection, connection.cursor() as cursor:
            srvid = database.value("SELECT max(id) FROM powa_servers")
            lives = [_Life(cursor, srvid).measure() for _run in range(RUNS)]
    for name in names:
        values = [life[name] for life in lives]
        yield Ratio(name, NAMES[name], [value[OURS] for value in values], [value[THEIRS] for value in values])


def _prepare(server: Server) -> Database:
    """Return a database with the samples, on a server that does nothing of its own accord."""
    server.shell(
        "echo \"shared_buffers = '1GB'\nmax_wal_size = '8GB'\ncheckpoint_timeout = '1h'\nautovacuum = off\""
        " > $(echo /etc/postgresql/*/main/conf.d)/bench.conf && systemctl restart 'postgresql@*-main'"
    )
    server.sql("postgres", "CREATE DATABASE history TEMPLATE powa_template")
    database = Database(server, "history")
    database.register("measured")
    database.ok("datasources", server_kind=["repository"], datasources=[DATASOURCE])
    database.sql(SAMPLES.format(snapshots=SNAPSHOTS, keys=KEYS))
    database.sql("CREATE INDEX ON samples (n)")
    database.sql("VACUUM (ANALYZE) samples")
    return database


class _Life:
    """One run, on tables that are empty."""

    def __init__(self, cursor: Any, srvid: int) -> None:
        self._cursor = cursor
        self._srvid = srvid
        self._turn = 0
        self._values: Dict[str, Dict[str, float]] = {}

    def measure(self) -> Dict[str, Dict[str, float]]:
        """Return what each took, by name and side."""
        self._values = {name: dict.fromkeys(BOTH, 0) for name in NAMES}
        for name in BOTH:
            self._run("TRUNCATE {0}_src_tmp, {0}_history_current, {0}_history".format(name))
        self._run("CHECKPOINT")
        self._fill()
        for name in BOTH:
            self._run("VACUUM (ANALYZE) {0}_history".format(name))
            ((stored,),) = self._run(STORED.format(name))
            assert stored == KEYS * SNAPSHOTS, "{0} has {1} samples".format(name, stored)
            ((self._values["bytes_vs_builtin"][name],),) = self._run(BYTES.format(name))
        self._read()
        self._purge()
        return self._values

    def _run(self, statement: str, *parameters: Any) -> List[Tuple[Any, ...]]:
        self._cursor.execute(statement, parameters or None)
        return list(self._cursor.fetchall()) if self._cursor.description else []

    def _time(self, name: str, action: Callable[[str], Any]) -> None:
        """Do it for both, in turns, and add what it took."""
        self._turn += 1
        for side in BOTH if self._turn % 2 else BOTH[::-1]:
            self._values[name][side] += seconds(lambda side=side: action(side))

    def _call(self, operation: str) -> None:
        self._time(
            operation + "_vs_builtin", lambda side: self._run("SELECT {0}_{1}(%s)".format(side, operation), self._srvid)
        )

    def _fill(self) -> None:
        for snapshot in range(1, SNAPSHOTS + 1):
            for side in BOTH:
                self._run(COPY.format(side), self._srvid, snapshot)
            self._call("snapshot")
            if snapshot % COALESCE == 0:
                self._vacuum("_history_current", "_src_tmp")
                self._call("aggregate")
                self._vacuum("_history_current")

    def _vacuum(self, *suffixes: str) -> None:
        """Do what autovacuum would do, but not while something is measured."""
        for side in BOTH:
            self._run("VACUUM (ANALYZE) " + ", ".join(side + suffix for suffix in suffixes))

    def _read(self) -> None:
        for side in BOTH:
            plan = str(self._run("EXPLAIN " + READ.format(side), self._srvid, 20001))
            assert "Index" in plan, "{0} is not read by its index: {1}".format(side, plan)
            for key in range(1, KEYS + 1):
                self._run(READ.format(side), self._srvid, 20000 + key)
        for key in range(1, KEYS + 1):
            self._time("read_vs_builtin", lambda side, key=key: self._run(READ.format(side), self._srvid, 20000 + key))

    def _purge(self) -> None:
        for snapshot in range(COALESCE, SNAPSHOTS + 1, COALESCE):
            self._run(RETENTION, snapshot, self._srvid)
            self._call("purge")
        for side in BOTH:
            assert self._run(STORED.format(side)) == [(None,)], "{0} is not purged".format(side)
