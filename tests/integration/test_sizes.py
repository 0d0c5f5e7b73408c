# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What samples take on disk and in time, before and after they are taken; the oracle is plain SQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import SimpleNamespace
from typing import Any, Dict, List

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import size_text
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import aggregated
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import recent as reader
from datasources import COMMITS, LOCK_MODES
from servers import Database, Server, running_collector, wait_until

BOTH: Dict[str, Any] = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
DAY = 86400
FOUR_ROWS: Dict[str, Any] = {
    "name": "four_rows",
    "query": "SELECT n / 2 AS half, n::bigint FROM generate_series(0, 3) AS g (n)",
    "keys": [{"name": "half", "type": "integer"}],
    "metrics": [{"name": "n", "type": "bigint"}],
}
#: A long history: a hundred keys, each with 200 samples a minute apart.
LONG = """
    INSERT INTO powa_lock_modes_history_current (srvid, mode, record)
    SELECT %s, 'mode ' || k, ROW(now() - n * interval '1 minute', k * n)::powa_lock_modes_history_record
    FROM generate_series(1, 200) AS s (n), generate_series(1, 100) AS t (k)
"""
STORED = """
    SELECT pg_total_relation_size('powa_{0}_history')::float / sum(cardinality(records)) FROM powa_{0}_history
"""
TEXTS: Dict[str, Any] = {
    "name": "texts",
    "query": "SELECT n, (SELECT string_agg(md5(g::text || n), '') FROM generate_series(1, 90) AS g) AS said"
    " FROM generate_series(1, 3) AS s (n)",
    "keys": [{"name": "n", "type": "integer"}],
    "metrics": [{"name": "said", "type": "text", "kind": "gauge"}],
}
#: A history of long texts: a hundred keys, each with 120 samples.
LONG_TEXTS = """
    INSERT INTO powa_texts_history_current (srvid, n, record)
    SELECT %s, k, ROW(now() - n * interval '1 minute',
        (SELECT string_agg(md5(g::text || n || '/' || k), '') FROM generate_series(1, 90) AS g)
        )::powa_texts_history_record
    FROM generate_series(1, 120) AS s (n), generate_series(1, 100) AS t (k)
"""


def look(database: Database, **params: Any) -> Dict[str, Any]:
    return database.ok("server_info", **{"collector_timeout": 0, **params}).result


def problems(found: Dict[str, Any], kind: str) -> List[Dict[str, Any]]:
    return [problem for problem in found["problems"] if problem["kind"] == kind]


def test_rows_of_a_sample_with_the_same_keys(database: Database) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", datasources=[FOUR_ROWS, LOCK_MODES], **BOTH)
    for name in ("four_rows", "lock_modes"):
        database.collect(name, srvid)
    database.take_snapshot(srvid)
    found = look(database)
    recent = {entry["name"]: entry["servers"][0]["recent"] for entry in found["datasources"]}
    nothing = {"databases": None, "interval": None, "sampled": False}
    assert recent["four_rows"] == {"snapshots": 1, "rows": 4, "duplicates": 2, "read": 4, **nothing}
    modes = database.value("SELECT count(*) FROM powa_lock_modes_history_current")
    assert (recent["lock_modes"]["rows"], recent["lock_modes"]["duplicates"]) == (modes, 0)
    (problem,) = problems(found, "duplicate_keys")
    assert (problem["server"], problem["datasource"]) == (None, "four_rows")
    assert problem["problem"] == "of 4 rows, 2 have the same keys (half) as another row of their sample, on one"
    # With a key that tells the rows apart there are none.
    database.sql("SELECT powa_four_rows_aggregate(%s)", (srvid,))
    told_apart = dict(FOUR_ROWS, query=FOUR_ROWS["query"] + " WHERE n IN (0, 2)")
    database.ok("datasources", datasources=[told_apart, LOCK_MODES], **BOTH)
    database.collect("four_rows", srvid)
    database.take_snapshot(srvid)
    assert not problems(look(database), "duplicate_keys")


def test_what_history_costs_is_what_it_takes(database: Database) -> None:
    (first, _second) = database.register("one", "two")
    database.ok("datasources", datasources=[LOCK_MODES], **BOTH)
    servers = [
        {"hostname": "one", "frequency": 60, "retention": "70 days"},
        {"hostname": "two", "frequency": 600, "retention": "1 day"},
    ]
    database.ok("servers", servers=servers)
    assert look(database)["datasources"][0]["cost"] is None
    database.sql(LONG, (first,))
    database.sql("SELECT powa_lock_modes_aggregate(%s)", (first,))
    database.sql("VACUUM (ANALYZE) powa_lock_modes_history")
    database.collect("lock_modes", first)
    database.take_snapshot(first)
    rows = database.value("SELECT count(*) FROM powa_lock_modes_history_current")
    found = look(database)
    (datasource,) = found["datasources"]
    one, two = (server["cost"] for server in datasource["servers"])
    stored = database.value(STORED.format("lock_modes"))
    assert one["bytes_per_row"] == pytest.approx(stored, abs=0.1) and one["rows"] == two["rows"] == rows
    assert one["bytes_per_day"] == pytest.approx(rows * stored * DAY / 60, rel=0.001)
    assert one["bytes_at_retention"] == pytest.approx(70 * one["bytes_per_day"], rel=0.001)
    assert two["bytes_at_retention"] == two["bytes_per_day"] == pytest.approx(one["bytes_per_day"] / 10, rel=0.001)
    assert datasource["cost"]["bytes_at_retention"] == one["bytes_at_retention"] + two["bytes_at_retention"]

    # The server cannot say what is free, and the tests do not log in through its socket.
    assert found["disk_free"] is None and not problems(found, "history_too_large")
    # The samples that wait for aggregation will be replaced by as many others.
    assert datasource["bytes"]["current"] > 0
    needed = datasource["cost"]["bytes_at_retention"] - datasource["bytes"]["history"]
    assert needed > 0
    assert not problems(look(database, disk_free=needed + 2**20), "history_too_large")
    full = problems(look(database, disk_free=max(0, needed - 2**20)), "history_too_large")
    assert ("lock_modes", None) in {(problem["datasource"], problem["server"]) for problem in full}
    assert all(problem["cause"] and "retention" in problem["cure"] for problem in full)
    (of_one,) = [
        problem for problem in problems(look(database, disk_free=0), "history_too_large") if problem["server"] == "one"
    ]
    assert of_one["cause"] == "of this server, the largest will be lock_modes ({0})".format(
        size_text(one["bytes_at_retention"])
    )


def test_one_with_long_texts_leaves_the_estimates_of_others_alone(database: Database) -> None:
    (srvid,) = database.register("one")
    young_texts, young = dict(TEXTS, name="young_texts"), FOUR_ROWS
    database.ok("datasources", datasources=[LOCK_MODES, TEXTS, young_texts, young], **BOTH)
    for name, filled in (("lock_modes", LONG), ("texts", LONG_TEXTS)):
        database.sql(filled, (srvid,))
        database.sql("SELECT powa_{0}_aggregate(%s)".format(name), (srvid,))
        database.sql("VACUUM (ANALYZE) powa_{0}_history".format(name))
    for name in ("young_texts", "four_rows", "lock_modes", "texts"):
        database.collect(name, srvid)
    database.take_snapshot(srvid)
    found = {entry["name"]: entry["cost"]["bytes_per_row"] for entry in look(database)["datasources"]}
    counters, texts = (database.value(STORED.format(name)) for name in ("lock_modes", "texts"))
    assert texts > 1000 > 100 > counters
    # A record with one bigint is as wide as that of lock_modes, and three samples show how long the texts are.
    assert found["four_rows"] == pytest.approx(counters, rel=0.01)
    assert found["young_texts"] == pytest.approx(texts, rel=0.05)


def test_what_history_costs_is_known_while_all_samples_are_aggregated(database: Database) -> None:
    (first, _second) = database.register("one", "two")
    told_apart = dict(
        FOUR_ROWS, keys=[{"name": "half", "type": "integer"}], query=FOUR_ROWS["query"].replace("/ 2", "")
    )
    database.ok("datasources", datasources=[told_apart], **BOTH)
    for _snapshot in range(3):
        database.collect("four_rows", first)
        database.take_snapshot(first)
    (before,) = look(database)["datasources"]
    assert before["cost"]["rows"] == 8 and before["servers"][0]["recent"]["rows"] == 4
    database.sql("SELECT powa_four_rows_aggregate(%s)", (first,))
    assert database.value("SELECT count(*) FROM powa_four_rows_history_current") == 0
    # An older sample had more rows.
    database.sql(
        "INSERT INTO powa_four_rows_history SELECT h.srvid, h.half + 10 * n, tstzrange(now() - interval '2 hours',"
        " now() - interval '1 hour', '[]'), h.records, h.mins_in_range, h.maxs_in_range"
        " FROM powa_four_rows_history AS h, generate_series(1, 20) AS s (n)"
    )
    (after,) = look(database)["datasources"]
    assert after["servers"][0]["recent"] is None and after["cost"] == before["cost"]
    # Samples that come less often than snapshots count as often as they come: three in ten hours, twelve hours ago.
    database.sql("DELETE FROM powa_four_rows_history WHERE half >= 10")
    database.sql(
        "UPDATE powa_four_rows_history"
        " SET coalesce_range = tstzrange(now() - interval '22 hours', now() - interval '12 hours', '[]')"
    )
    (seldom, often) = (entry["cost"] for entry in look(database)["datasources"][0]["servers"])
    assert seldom["rows"] == often["rows"] == 4
    assert often["bytes_per_day"] / seldom["bytes_per_day"] == pytest.approx(5 * 3600 / 300, rel=0.02)


def test_what_history_costs_is_known_while_the_samples_of_one_server_are_aggregated(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = (_first, second) = database.register("one", "two")
    database.ok("datasources", datasources=[dict(FOUR_ROWS, query=FOUR_ROWS["query"].replace("/ 2", ""))], **BOTH)
    for srvid in servers:
        database.collect("four_rows", srvid)
        database.take_snapshot(srvid)
    database.sql(
        "INSERT INTO powa_four_rows_history_current SELECT c.srvid, c.half + 10 * n, c.record"
        " FROM powa_four_rows_history_current AS c, generate_series(1, 20) AS s (n) WHERE c.srvid = %s",
        (second,),
    )
    (before,) = look(database)["datasources"]
    assert [server["cost"]["rows"] for server in before["servers"]] == [4, 84]
    database.sql("SELECT powa_four_rows_aggregate(%s)", (second,))
    (after,) = look(database)["datasources"]
    assert [server["recent"] is None for server in after["servers"]] == [False, True]
    assert [server["cost"]["rows"] for server in after["servers"]] == [4, 84]
    # What a row takes is known a little better than before.
    for now, then in zip(after["servers"], before["servers"]):
        assert now["cost"]["bytes_per_day"] == pytest.approx(then["cost"]["bytes_per_day"], rel=0.01)

    def told(limit: int) -> List[Any]:
        monkeypatch.setattr(aggregated, "most_rows", lambda _definition: limit)
        schema, datasource = SimpleNamespace(schema="public"), SimpleNamespace(name="four_rows")
        with database.server.connect(database.name) as connection, connection.cursor() as cursor:
            cursor.execute(aggregated._part(schema, datasource, [(3600, second)]))
            return cursor.fetchall()

    # A sample that reaches the limit may have any number of rows.
    assert told(85) == [("four_rows", second, 84.0, None)] and told(84) == []


def test_what_inherits_from_a_history_tells_nothing_of_it(database: Database) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", datasources=[LOCK_MODES], **BOTH)
    database.sql(LONG, (srvid,))
    database.sql("SELECT powa_lock_modes_aggregate(%s)", (srvid,))
    database.sql("VACUUM (ANALYZE) powa_lock_modes_history")
    database.collect("lock_modes", srvid)
    database.take_snapshot(srvid)
    before = look(database)["datasources"][0]["cost"]
    database.sql("CREATE TABLE archived () INHERITS (powa_lock_modes_history)")
    database.sql(
        "INSERT INTO archived SELECT h.srvid, h.mode, h.coalesce_range, h.records[1:1], h.mins_in_range,"
        " h.maxs_in_range FROM ONLY powa_lock_modes_history AS h, generate_series(1, 20)"
    )
    assert look(database)["datasources"][0]["cost"] == before


def test_check_mode_knows_what_similar_rows_take_and_shows_it(database: Database) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", datasources=[LOCK_MODES], **BOTH)
    database.sql(LONG, (srvid,))
    database.sql("SELECT powa_lock_modes_aggregate(%s)", (srvid,))
    database.sql("VACUUM (ANALYZE) powa_lock_modes_history")
    results = [{"server": "one", "datasources": [{"name": "four_rows", "rows": 4}]}]
    declared: Dict[str, Any] = {"datasources": [LOCK_MODES, FOUR_ROWS], "remote_results": results}
    checked = database.ok("datasources", check=True, **declared, **BOTH)
    cost = checked["datasources"][1]["cost"]
    assert cost["bytes_per_row"] == pytest.approx(database.value(STORED.format("lock_modes")), rel=0.01)
    # Without a remote's answer, the server tells as a remote of its own.
    alone = database.ok("datasources", check=True, datasources=declared["datasources"], **BOTH)
    assert alone["datasources"][1]["cost"] == cost and alone.diff == checked.diff
    shown = [line.strip() for line in checked.diff["after"].splitlines() if "expected:" in line]
    (line,) = shown
    assert line.startswith("expected: 4 rows in a sample of all servers, ") and line.endswith(" at its retention")
    assert database.ok("datasources", **declared, **BOTH).diff == checked.diff
    again = database.ok("datasources", **declared, **BOTH)
    assert not again.changed and again.diff == {"before": "", "after": ""}


def test_check_mode_says_what_local_mode_will_cost(server: Server) -> None:
    # The background worker works in this database only, and the test servers have none of the name.
    name = server.sql("postgres", "SELECT current_setting('powa.database')")[0][0]
    server.sql("postgres", 'CREATE DATABASE "{0}" TEMPLATE powa_template'.format(name))
    try:
        database = Database(server, name)
        local: Dict[str, Any] = {"datasources": [FOUR_ROWS], "server_kind": ["local"], "monitoring_role": "powa"}
        # It takes no snapshots.
        (off,) = database.ok("datasources", check=True, **local)["datasources"]
        assert off["rows"] == 4 and off["cost"] is None
        for setting, value in (("frequency", "90s"), ("retention", "3d")):
            database.sql("ALTER DATABASE \"{0}\" SET powa.{1} = '{2}'".format(name, setting, value))
        (on,) = database.ok("datasources", check=True, **local)["datasources"]
        assert on["cost"]["rows"] == 4
        assert on["cost"]["bytes_per_day"] == pytest.approx(4 * on["cost"]["bytes_per_row"] * DAY / 90, rel=0.01)
        assert on["cost"]["bytes_at_retention"] == pytest.approx(3 * on["cost"]["bytes_per_day"], rel=0.01)
        results = [{"server": "local", "datasources": [on]}]
        asked: Dict[str, Any] = {"datasources": [FOUR_ROWS], "server_kind": ["local"]}
        assert look(database, **asked)["expected_costs"] == [{"name": "four_rows", "cost": None}]
        told = look(database, remote_results=results, **asked)["expected_costs"]
        assert told == [{"name": "four_rows", "cost": on["cost"]}]
    finally:
        server.sql("postgres", 'DROP DATABASE "{0}" WITH (FORCE)'.format(name))


def test_check_mode_says_what_a_new_datasource_will_cost(database: Database) -> None:
    database.register("one", "two")
    database.ok("servers", servers=[{"hostname": "one", "frequency": 60, "retention": "7 days"}])
    declared = [FOUR_ROWS, COMMITS]
    before = database.dump()
    as_remote: Dict[str, Any] = {"datasources": declared, "server_kind": ["remote"], "monitoring_role": "powa"}
    remote = database.ok("datasources", check=True, **as_remote)
    for returned, datasource in zip(remote["datasources"], declared):
        plan = database.value("EXPLAIN (FORMAT json) {0}".format(datasource["query"]))
        assert returned["rows"] == plan[0]["Plan"]["Plan Rows"] and returned["cost"] is None
    results = [{"server": "one", "datasources": remote["datasources"]}]
    found = database.ok(
        "datasources", check=True, datasources=declared, server_kind=["repository"], remote_results=results
    )
    four_rows, commits = (entry["cost"] for entry in found["datasources"])
    # Nobody has asked the other server, which takes samples each 5 minutes and keeps them for a day.
    assert (four_rows["rows"], commits["rows"]) == (8, 2)
    each_day = 4 * four_rows["bytes_per_row"] * (DAY / 60 + DAY / 300)
    assert four_rows["bytes_per_day"] == pytest.approx(each_day, rel=0.01)
    kept = 4 * four_rows["bytes_per_row"] * (7 * DAY / 60 + DAY / 300)
    assert four_rows["bytes_at_retention"] == pytest.approx(kept, rel=0.01)
    assert database.dump() == before
    # The same without check mode, and nothing is described again afterwards.
    assert [entry["rows"] for entry in database.ok("datasources", **as_remote)["datasources"]] == [4, 1]
    assert [entry["rows"] for entry in database.ok("datasources", **as_remote)["datasources"]] == [None, None]


def test_databases_that_take_longer_than_the_frequency(database: Database) -> None:
    slow = {
        "name": "slow_databases",
        "scope": "database",
        "query": "SELECT count(*) AS n FROM pg_sleep(3)",
        "metrics": [{"name": "n", "type": "bigint"}],
    }
    if database.powa == "4":
        assert 'scope: found "database"' in database.refused("datasources", datasources=[slow], **BOTH)
        return
    database.ok("datasources", datasources=[slow], **BOTH)
    remote = {"hostname": database.server.address, "alias": "many", "username": "powa", "frequency": 5}
    remote["dbname"] = database.name
    database.ok("servers", servers=[remote])
    with running_collector(database):
        wait_until(
            lambda: problems(look(database), "collection_slow"), "the databases are too slow for the frequency", 300
        )
    databases = database.value("SELECT count(DISTINCT dbid) FROM powa_slow_databases_history_current")
    found = look(database)
    recent = found["datasources"][0]["servers"][0]["recent"]
    assert recent["databases"] == databases > 1 and recent["interval"] >= 3 * databases
    (problem,) = problems(found, "collection_slow")
    assert problem["server"] == "many" and "restart" not in problem["cure"] and "slow_databases" in problem["cure"]
    assert "{0} databases take".format(databases) in problem["cause"] and "frequency of 5 s" in problem["cause"]
    # With a frequency that gives them the time there is no problem.
    database.ok("servers", servers=[dict(remote, frequency=3600)])
    assert not problems(look(database), "collection_slow")


#: Each of some databases takes a while, so that a snapshot takes longer than four times the least frequency.
SIZES: Dict[str, Any] = {
    "name": "sizes",
    "scope": "database",
    "query": "SELECT n, n::bigint AS size FROM pg_sleep(4), generate_series(1, 40) AS g (n)",
    "keys": [{"name": "n", "type": "integer"}],
    "metrics": [{"name": "size", "type": "bigint"}],
}
#: Small samples of one database of each of many servers, each of which the table has on a page or two.
OF_MANY_SERVERS = """
    INSERT INTO powa_sizes_history_current (srvid, dbid, n, record)
    SELECT srvid, 1, n, ROW(now() - snapshot * interval '30 s', 1)::powa_sizes_history_record
    FROM unnest(%s) AS v (srvid), generate_series(2, 4) AS s (snapshot), generate_series(1, 30) AS k (n)
    ORDER BY srvid, snapshot
"""
#: Samples of a thousand databases, a minute and half a minute apart: more rows than are read with their keys.
OF_MANY_DATABASES = """
    INSERT INTO powa_sizes_history_current (srvid, dbid, n, record)
    SELECT %s, dbid, n, ROW(now() - snapshot * interval '30 s', 1)::powa_sizes_history_record
    FROM generate_series(2, 4) AS s (snapshot), generate_series(1001, 2000) AS d (dbid), generate_series(1, 40) AS k (n)
"""


def remote_itself(database: Database) -> Dict[str, Any]:
    """The server of the test, as a remote that should have a snapshot every 5 seconds."""
    remote = {"hostname": database.server.address, "alias": "many", "username": "powa", "frequency": 5}
    return dict(remote, dbname=database.name)


def test_a_late_snapshot_of_more_databases_than_are_read_still_runs(database: Database) -> None:
    if database.powa == "4":
        assert 'scope: found "database"' in database.refused("datasources", datasources=[SIZES], **BOTH)
        return
    database.ok("datasources", datasources=[SIZES], **BOTH)
    database.ok("servers", servers=[remote_itself(database)])
    srvid = database.value("SELECT id FROM powa_servers WHERE alias = 'many'")
    assert look(database)["servers"][-1]["snapshots"]["running"] is None

    def late(kind: str, words: str) -> Any:
        return [
            problem for problem in problems(look(database, collector_timeout=10), kind) if words in problem["cause"]
        ]

    with running_collector(database):
        # There has never been a sample that would tell how many databases there are.
        (first,) = wait_until(
            lambda: late("never_snapshotted", "the collector asks one database after the other"), "a snapshot runs"
        )
        assert first["cause"].startswith("a snapshot of this server has run for ") and "restart" not in first["cure"]
        database.sql(OF_MANY_DATABASES, (srvid,))
        database.sql("UPDATE powa_snapshot_metas SET snapts = now() - interval '60 s' WHERE srvid = %s", (srvid,))
        (again,) = wait_until(lambda: late("snapshot_late", "databases take"), "the last snapshot is late")
        found = look(database, collector_timeout=10)
    assert again["server"] == "many" and "restart" not in again["cure"] and "sizes" in again["cure"]
    recent = found["datasources"][0]["servers"][0]["recent"]
    assert recent["read"] == 100000 and recent["sampled"] is False and recent["databases"] >= 1000
    took = again["cause"].split(" databases take ")
    assert 1000 <= int(took[0]) <= recent["databases"] and took[1].startswith("30 seconds at a frequency of 5 s")


def test_a_snapshot_runs_until_powa_has_taken_all_into_its_history(database: Database) -> None:
    database.ok("datasources", datasources=[FOUR_ROWS], **BOTH)
    # The collector itself has nothing to do meanwhile.
    database.ok("servers", servers=[dict(remote_itself(database), frequency=3600)])
    srvid = database.value("SELECT id FROM powa_servers WHERE alias = 'many'")
    taken = "SELECT coalesce_seq FROM powa_snapshot_metas WHERE srvid = %s"
    calls = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = %s AND state = 'active'"
    )
    call = "SELECT public.powa_take_snapshot({0})".format(srvid)

    def snapshots() -> Any:
        return look(database)["servers"][-1]["snapshots"]

    with running_collector(database):
        wait_until(lambda: database.value(taken, (srvid,)) and snapshots()["running"] is False, "the first snapshot")
        # The session that holds the lock ends before the other is waited for.
        with ThreadPoolExecutor() as threads, closing(database.server.connect(database.name)) as holder:
            holder.autocommit = False
            holder.cursor().execute("LOCK TABLE powa_four_rows_history_current IN SHARE MODE")
            # As the collector calls it, when it has copied all rows.
            taking = threads.submit(database.server.sql, database.name, call)
            wait_until(lambda: database.value(calls, (call,)) == 1, "PoWA takes a snapshot")
            found = snapshots()
            holder.rollback()
            taking.result()
        assert (found["running"], found["running_databases"]) == (True, None) and found["running_age"] >= 0
        assert snapshots()["running"] is False


def test_very_many_rows_are_read_in_part(database: Database) -> None:
    if database.powa == "4":
        return
    database.ok("datasources", datasources=[SIZES], **BOTH)
    srvids = database.register("one", "two")
    for srvid in srvids:
        database.sql(OF_MANY_DATABASES, (srvid,))
    small = database.register(*("small{0}".format(number) for number in range(40)))
    database.sql(OF_MANY_SERVERS, (list(small),))
    told = "SELECT count(DISTINCT (record).ts), count(DISTINCT dbid), count(*) FROM powa_sizes_history_current"
    snapshots, databases, rows = database.sql(told + " WHERE srvid = %s", (srvids[0],))[0]

    def read(pages: int) -> Dict[int, Any]:
        schema = SimpleNamespace(schema="public", quoted_schema="public")
        with database.server.connect(database.name) as connection, connection.cursor() as cursor:
            cursor.execute(reader._part_of_many(SimpleNamespace(name="sizes"), schema, pages))
            return {srvid: found for _name, srvid, *found in cursor.fetchall()}

    pages = database.value("SELECT pg_relation_size('powa_sizes_history_current') / 8192")
    each = rows / snapshots
    assert read(pages) == {
        **{srvid: [snapshots, each, each, databases, 30.0, False] for srvid in srvids},
        **{srvid: [3, 30, 30, 1, 30.0, False] for srvid in small},
    }
    found = read(pages // 4)
    for srvid in srvids:
        seen, average, largest, some, interval, sampled = found.pop(srvid)
        assert (seen, interval, sampled) == (snapshots, 30.0, True)
        assert average == pytest.approx(each, rel=0.3) and databases / 3 < some <= databases and largest < each
    # A small snapshot that is on a page of those is there as a whole, or nearly so.
    assert found and set(found) <= set(small)
    for seen, average, largest, some, interval, sampled in found.values():
        assert (average, some, interval, sampled) == (None, 1, None, True) and 1 <= seen <= 3 and 0 < largest <= 30
    # Of so few pages nobody can tell which snapshots are in none of them.
    assert all(
        (average, interval) == (None, None) for _seen, average, _largest, _some, interval, _runs in read(4).values()
    )


def test_a_query_of_the_whole_server_is_not_blamed_on_its_databases(database: Database) -> None:
    slow = dict(COMMITS, query=COMMITS["query"] + ", pg_sleep(15)")
    of_databases = [] if database.powa == "4" else [dict(SIZES, query="SELECT 1 AS n, 1::bigint AS size")]
    database.ok("datasources", datasources=[slow, *of_databases], **BOTH)
    database.ok("servers", servers=[remote_itself(database)])
    with running_collector(database):
        (problem,) = wait_until(
            lambda: [
                problem
                for problem in problems(look(database, collector_timeout=10), "never_snapshotted")
                if "whole server" in problem["cause"]
            ],
            "a snapshot has run for longer than the frequency",
        )
    before = ", before its databases," if of_databases else ""
    assert problem["cause"].startswith(
        "a snapshot runs, and what is collected from the whole server{0} takes more than ".format(before)
    )
    assert "faster queries in commits" in problem["cure"] and "sizes" not in problem["cure"]
