# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules snapshot and collector, with the real powa-collector beside them."""

from __future__ import annotations

from typing import Any

from datasources import COMMITS, LOCK_MODES
from servers import Database, finish_module, running_collector, wait_until


def register_itself(database: Database, hostname: str = "127.0.0.1", **options: Any) -> int:
    """Register the database as a remote of itself, and return its number."""
    server = dict({"hostname": hostname, "username": "postgres", "dbname": database.name, "frequency": 5}, **options)
    return int(database.ok("servers", servers=[server])["servers"][0]["srvid"])


def test_it_processes_what_lies_in_the_transient_tables(database: Database) -> None:
    database.ok("datasources", server_kind=["repository", "remote"], datasources=[COMMITS])
    (srvid,) = database.register("one")
    database.ok("datasources", server_kind=["repository", "remote"], datasources=[COMMITS])
    database.sql("INSERT INTO powa_commits_src_tmp VALUES (%s, now(), 5)", (srvid,))
    before = database.dump()
    assert database.ok("snapshot", check=True, servers=["one"]).changed
    assert database.dump() == before
    result = database.ok("snapshot", servers=["one:5432"])
    assert result["snapshots"] == [{"server": "one:5432", "srvid": srvid, "errors": []}]
    assert database.sql("SELECT (record).commits FROM powa_commits_history_current") == [(5,)]


NEVER_TAKEN = "SELECT count(*) FROM powa_snapshot_metas WHERE srvid > 0 AND coalesce_seq = 1 AND snapts = '-infinity'"


def test_a_server_from_which_nothing_has_ever_arrived_gets_no_snapshot(database: Database) -> None:
    database.ok("datasources", server_kind=["repository"], datasources=[COMMITS])
    database.register("one", "two")
    database.arrived("three")
    database.ok("datasources", server_kind=["repository"], datasources=[COMMITS])
    for check in (True, False):
        result = database.run("snapshot", check=check, servers=["three", "one", "two"])
        assert result.failed and not result.get("changed")
        assert [problem.split(",")[0] for problem in result["problems"]] == [
            'server "{0}": nothing has ever arrived from it'.format(name) for name in ("one", "two")
        ]
    assert database.value(NEVER_TAKEN) == 3
    result = database.ok("snapshot", servers=["one"], fail_on_errors=False)
    assert not result.changed and result["changes"] == []
    assert "nothing has ever arrived" in result["snapshots"][0]["errors"][0]
    result = database.ok("snapshot", servers=["one", "three"], fail_on_errors=False)
    assert result["changes"] == ["create snapshot of server three"]
    assert [len(entry["errors"]) for entry in result["snapshots"]] == [1, 0]
    assert database.value(NEVER_TAKEN) == 2
    # What others counted is no arrival, and what waits or was taken is one.
    database.sql("SELECT powa_take_snapshot(id) FROM powa_servers WHERE alias = 'one'")
    assert "nothing has ever arrived" in database.refused("snapshot", servers=["one"])
    database.sql("INSERT INTO powa_commits_src_tmp SELECT id, now(), 5 FROM powa_servers WHERE alias = 'one'")
    for _time in range(2):
        assert database.ok("snapshot", servers=["one"]).changed
    assert database.value("SELECT count(*) FROM powa_commits_history_current") == 1


def test_a_table_that_cannot_be_read_may_have_rows(database: Database) -> None:
    database.register("one")
    with database.server.connect(database.name) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("LOCK TABLE powa_statements_src_tmp IN ACCESS EXCLUSIVE MODE")
        result = database.run("snapshot", check=True, servers=["one"])
        assert not result.failed and result["changes"] == ["create snapshot of server one"]


def test_no_function_of_an_index_runs_where_rows_are_looked_for(database: Database) -> None:
    database.register("one")
    database.sql(
        "CREATE FUNCTION spy(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1';"
        "CREATE TABLE my_history (srvid integer); CREATE INDEX ON my_history (srvid);"
        "CREATE INDEX ON my_history (srvid) WHERE spy(1) = 1;"
        "CREATE OR REPLACE FUNCTION spy(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE EXCEPTION 'planned'; END $$"
    )
    assert "nothing has ever arrived" in database.refused("snapshot", servers=["one"])


def test_errors_are_data_and_a_failure_unless_told_otherwise(database: Database) -> None:
    database.ok("datasources", server_kind=["repository", "remote"], datasources=[COMMITS])
    (srvid,) = database.arrived("one")
    database.ok("datasources", server_kind=["repository", "remote"], datasources=[COMMITS])
    database.sql("ALTER TABLE powa_commits_history_current RENAME TO hidden")
    result = database.run("snapshot", servers=["one"])
    assert result.failed and 'the snapshot of server "one" had errors' in result["msg"]
    assert "powa_commits_history_current" in result["snapshots"][0]["errors"][0]
    assert database.ok("snapshot", servers=["one"], fail_on_errors=False)["snapshots"] == result["snapshots"]
    assert "is not registered here" in database.run("snapshot", servers=["nix"])["msg"]
    assert srvid


def test_it_waits_for_a_snapshot_that_runs(database: Database) -> None:
    (srvid,) = database.arrived("one")
    with database.server.connect(database.name) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("SELECT powa_take_snapshot(%s)", (srvid,))
        waiting = database.run("snapshot", servers=["one"], timeout=1)
        assert waiting.failed and "another one was still running at the timeout" in waiting["msg"]
        process = database.start("snapshot", servers=["one"], timeout=60)
        wait_until(
            lambda: database.value(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgfleet%%'"
                " AND datname = current_database()"
            ),
            "the module looks for the lock",
        )
        connection.commit()
        assert process.wait(timeout=60) == 0
        process.communicate()


def test_a_snapshot_that_gives_way_to_the_collector_waits_for_its_turn(database: Database) -> None:
    database.ok("datasources", server_kind=["repository"], datasources=[COMMITS])
    (srvid,) = database.arrived("one")
    database.ok("datasources", server_kind=["repository"], datasources=[COMMITS])
    database.sql("INSERT INTO powa_commits_src_tmp VALUES (%s, now(), 5)", (srvid,))
    # The server is as slow as this says.
    database.sql("CREATE TABLE busy AS SELECT 10 AS seconds")
    database.sql(
        "CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(seconds) FROM public.busy; RETURN NEW; END $$"
    )
    database.sql(
        "CREATE TRIGGER slow BEFORE INSERT ON powa_commits_history_current FOR EACH ROW EXECUTE FUNCTION be_slow()"
    )
    message = database.refused("snapshot", servers=["one"], timeout=1)
    assert 'the snapshot of server "one" took more than 1500 ms and was undone' in message
    assert "(attempts until the timeout: 1): give a longer timeout" in message
    process = database.start("snapshot", servers=["one"], timeout=60)
    slow = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    wait_until(lambda: database.value(slow), "a snapshot takes too long")
    wait_until(lambda: not database.value(slow), "it was undone")
    assert process.poll() is None and database.value(NEVER_TAKEN) == 1
    database.sql("DELETE FROM busy")
    assert finish_module(process)["snapshots"] == [{"server": "one", "srvid": srvid, "errors": []}]
    assert database.sql("SELECT (record).commits FROM powa_commits_history_current") == [(5,)]


def test_the_collectors_snapshots_never_fail_because_of_ours(database: Database) -> None:
    database.ok("datasources", server_kind=["repository", "remote"], monitoring_role="powa", datasources=[LOCK_MODES])
    srvid = register_itself(database)
    # The next snapshot clears the errors of the last one, so a trigger keeps them all.
    database.sql("CREATE TABLE seen (errors text[])")
    database.sql(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO public.seen VALUES (NEW.errors); RETURN NEW; END $$"
    )
    database.sql(
        "CREATE TRIGGER keep AFTER UPDATE ON powa_snapshot_metas FOR EACH ROW"
        " WHEN (NEW.errors IS NOT NULL) EXECUTE FUNCTION keep()"
    )
    taken = 0
    count = "SELECT coalesce_seq FROM powa_snapshot_metas WHERE srvid = %s"
    first = database.value(count, (srvid,))

    def the_collector_took_five() -> bool:
        nonlocal taken
        database.ok("snapshot", servers=["127.0.0.1:5432"])
        taken += 1
        return bool(database.value(count, (srvid,)) - first - taken >= 5)

    with running_collector(database):
        wait_until(lambda: database.value(count, (srvid,)) > first, "a first snapshot has arrived")
        wait_until(the_collector_took_five, "the collector took five snapshots beside ours", 120)
    assert database.sql("SELECT errors FROM seen") == []
    sampled = """
        SELECT count(DISTINCT ts) FROM (
            SELECT (record).ts FROM powa_lock_modes_history_current
            UNION ALL SELECT (unnest(records)).ts FROM powa_lock_modes_history
        ) AS samples
    """
    assert database.value(sampled) >= 5


def test_the_collector_is_reloaded_for_new_servers_and_says_when_that_is_not_enough(database: Database) -> None:
    srvid = register_itself(database)
    with running_collector(database):
        running = [{"srvid": srvid, "server": "127.0.0.1:5432", "status": "running", "errors": []}]
        wait_until(lambda: database.ok("collector", timeout=60)["workers"] == running, "the worker has connected")
        status = database.ok("collector", timeout=60)
        assert not status.changed and not status["restart_required"]

        second = register_itself(database, "localhost", alias="second")
        assert database.ok("collector", check=True).changed
        reloaded = database.ok("collector", timeout=60)
        assert reloaded.changed
        assert {"srvid": second, "server": "second", "status": "running", "errors": []} in reloaded["workers"]
        assert not database.ok("collector").changed
        assert database.ok("collector", state="reloaded", timeout=60).changed

        database.ok("servers", servers=[{"hostname": "localhost", "state": "absent"}])
        assert database.ok("collector")["restart_required"]
        result = database.ok("collector", state="reloaded")
        assert result["restart_required"] and not result.changed
    message = database.run("collector", timeout=2)["msg"]
    assert "no powa-collector answered WORKERS_STATUS within 2 s" in message


def test_a_worker_that_has_ended_for_want_of_powa_runs_again(database: Database, bare_database: Database) -> None:
    register_itself(database, dbname=bare_database.name)
    with running_collector(database):
        wait_until(
            lambda: database.ok("collector", check=True, timeout=60)["workers"][0]["status"] == "stopped",
            "the worker has ended",
        )
        checked = database.ok("collector", check=True, timeout=60)
        assert checked.changed and checked["workers"][0]["status"] == "stopped"
        bare_database.ok(
            "extensions", extensions=[{"name": name} for name in ("btree_gist", "pg_stat_statements", "powa")]
        )
        revived = database.ok("collector", timeout=60)
        assert revived.changed and revived["workers"][0]["status"] == "running"
        assert not database.ok("collector", timeout=60).changed
