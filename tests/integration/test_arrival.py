# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasources become active where their side was seen, and go before it is dropped."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

from servers import Database, running_collector, wait_until

REPOSITORY = {"server_kind": ["repository"], "collector_role": "powa_collector"}
REMOTE = {"server_kind": ["remote"], "monitoring_role": "powa"}
THINGS: Dict[str, Any] = {"name": "things", "query": "SELECT 1 AS a", "metrics": [{"name": "a", "type": "integer"}]}
OTHERS: Dict[str, Any] = dict(THINGS, name="others")
#: Where a datasource is registered, and whether it is active there.
REGISTERED = {
    "4": "SELECT srvid, enabled FROM powa_functions WHERE function_name = 'powa_{0}_snapshot' ORDER BY 1",
    "5": "SELECT c.srvid, c.enabled FROM powa_extension_config AS c JOIN powa_extension_functions AS f USING (extname)"
    " WHERE f.function_name = 'powa_{0}_snapshot' ORDER BY 1",
}
DISABLE = {
    "4": "UPDATE powa_functions SET enabled = false WHERE module = 'things' AND srvid = %s",
    "5": "UPDATE powa_extension_config SET enabled = false WHERE extname = 'things' AND srvid = %s",
}


def registered(database: Database, datasource: str = "things") -> Dict[int, bool]:
    return dict(database.sql(REGISTERED[database.powa].format(datasource)))


def seen(database: Database, *datasources: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Return what a remote returns that makes these datasources: this database is also one."""
    return list(database.ok("datasources", check=True, datasources=list(datasources), **REMOTE)["datasources"])


def run(database: Database, datasources: Sequence[Dict[str, Any]], **results: Sequence[Dict[str, Any]]) -> Any:
    """Make the repository's side, with what servers have returned."""
    return database.ok(
        "datasources",
        datasources=list(datasources),
        ready_servers=list(results),
        remote_results=[{"server": server, "datasources": list(result)} for server, result in results.items()],
        **REPOSITORY,
    )


def waiting(result: Any) -> List[List[str]]:
    return [datasource["paused"] for datasource in result["datasources"]]


def test_a_datasource_is_active_where_its_side_was_seen(database: Database) -> None:
    one, two, three = database.register("one", "two", "three")
    made = seen(database, THINGS)
    # Another query does no harm, other columns do.
    query = dict(THINGS, query="SELECT 2 AS a")
    columns = dict(THINGS, query="SELECT 2::bigint AS a", metrics=[{"name": "a", "type": "bigint"}])
    result = run(database, [THINGS], one=seen(database, query), two=[], three=seen(database, columns))
    assert waiting(result) == [["two", "three"]]
    assert registered(database) == {one: True, two: False, three: False}
    assert not run(database, [THINGS], one=made).changed
    # An earlier task has seen the first.
    result = run(database, [THINGS], two=made)
    assert waiting(result) == [["three"]] and registered(database) == {one: True, two: True, three: False}
    database.sql(DISABLE[database.powa], (one,))
    run(database, [THINGS], one=made, two=made, three=made)
    assert registered(database) == {one: False, two: True, three: True}, "what a user disabled stays so"


def test_a_server_that_is_added_later_waits(database: Database) -> None:
    (one,) = database.register("one")
    made = seen(database, THINGS)
    run(database, [THINGS], one=made)
    two = {"hostname": "two"}
    assert database.ok("servers", servers=[two], register_datasources=False).changed
    assert registered(database) == {one: True}
    assert not database.ok("servers", servers=[two], register_datasources=False).changed
    assert waiting(run(database, [THINGS], one=made)) == [["two:5432"]]
    assert list(registered(database).values()) == [True, False]
    run(database, [THINGS], one=made, two=made)
    assert list(registered(database).values()) == [True, True]


def test_a_server_that_was_rebuilt_is_paused_alone(database: Database) -> None:
    one, two = database.register("one", "two")
    made = seen(database, THINGS)
    run(database, [THINGS], one=made, two=made)
    pause = {"datasources": [dict(THINGS, state="paused", paused_on=["two", "unknown"])], **REPOSITORY}
    checked = database.ok("datasources", check=True, **pause)
    result = database.ok("datasources", **pause)
    assert result.diff == checked.diff and waiting(result) == [["two"]]
    assert registered(database) == {one: True, two: False}
    assert waiting(run(database, [THINGS], one=made)) == [["two"]]
    run(database, [THINGS], one=made, two=made)
    assert registered(database) == {one: True, two: True}


def test_a_second_datasource_of_an_extension_arrives_as_a_whole_on_powa_5(database: Database) -> None:
    one, two = database.register("one", "two")
    both = [dict(THINGS, extension="app"), dict(OTHERS, extension="app")]
    first, second = seen(database, both[0]), seen(database, *both)
    run(database, both[:1], one=first, two=first)
    result = run(database, both, one=second, two=first)
    assert registered(database) == {one: True, two: True}, "the first goes on"
    if database.powa == "4":
        assert waiting(result) == [[], ["two"]]
        assert registered(database, "others") == {one: True, two: False}
    else:
        assert waiting(result) == [[], ["one", "two"]] and result["datasources"][1]["held_back_by"] == ["two"]
        assert registered(database, "others") == {}
    # The repository remembers that it has seen the first server.
    assert waiting(run(database, both, two=second)) == [[], []]
    assert registered(database, "others") == registered(database) == {one: True, two: True}


def keep_errors(database: Database) -> None:
    """Keep the errors of every snapshot: PoWA itself keeps those of the last one only."""
    database.sql("CREATE TABLE failed (errors text[])")
    database.sql(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO public.failed VALUES (NEW.errors); RETURN NEW; END $$"
    )
    database.sql(
        "CREATE TRIGGER keep AFTER UPDATE ON powa_snapshot_metas FOR EACH ROW"
        " WHEN (NEW.errors IS NOT NULL) EXECUTE FUNCTION keep()"
    )


def register_itself(database: Database) -> int:
    collected = {"hostname": "127.0.0.1", "username": "postgres", "dbname": database.name, "frequency": 5}
    database.ok("servers", servers=[collected], register_datasources=False)
    return int(database.value("SELECT id FROM powa_servers WHERE hostname = '127.0.0.1'"))


def wait_for_snapshots(database: Database, srvid: int, count: int = 1) -> None:
    """Wait until so many snapshots that begin from now on have ended."""
    sequence = "SELECT coalesce_seq FROM powa_snapshot_metas WHERE srvid = %s"
    now = database.value(sequence, (srvid,))
    wait_until(lambda: database.value(sequence, (srvid,)) >= now + 1 + count, "snapshots")


def test_no_snapshot_fails_when_a_datasource_arrives_or_its_remote_is_rebuilt(database: Database) -> None:
    srvid = register_itself(database)
    keep_errors(database)
    samples = "SELECT count(DISTINCT ts) FROM powa_things_get(%s, NULL, NULL)"
    here = "127.0.0.1:5432"
    # This server is its own remote, and has one source function for both. Without that, it is one that lacks its side.
    lose, find = (
        "ALTER FUNCTION powa_things_src(integer) RENAME TO gone",
        "ALTER FUNCTION gone(integer) RENAME TO powa_things_src",
    )
    with running_collector(database):
        assert waiting(run(database, [THINGS])) == [[here]]
        database.sql(lose)
        wait_for_snapshots(database, srvid)
        database.sql(find)
        made = database.ok("datasources", datasources=[THINGS], **REMOTE)["datasources"]
        run(database, [THINGS], **{here: made})
        wait_until(lambda: database.value(samples, (srvid,)) >= 1, "a sample")
        assert database.sql("SELECT errors FROM failed") == []

        database.sql(lose)
        wait_until(lambda: database.sql("SELECT errors FROM failed"), "a snapshot that fails")
        database.sql(find)
        database.ok("datasources", datasources=[dict(THINGS, state="paused", paused_on=[here])], **REPOSITORY)
        database.sql(lose)
        database.sql("TRUNCATE failed")
        wait_for_snapshots(database, srvid)
        database.sql(find)
        before = database.value(samples, (srvid,))
        run(database, [THINGS], **{here: made})
        wait_until(lambda: database.value(samples, (srvid,)) > before, "a sample after the server was rebuilt")
    assert database.sql("SELECT errors FROM failed") == []


def test_no_snapshot_fails_when_a_datasource_is_removed(database: Database) -> None:
    srvid = register_itself(database)
    keep_errors(database)
    extension = {"extension": "app"} if database.powa == "5" else {}
    both = [dict(THINGS, **extension), dict(OTHERS, **extension)]
    samples = "SELECT count(DISTINCT ts) FROM powa_{0}_get(%s, NULL, NULL)"
    made = database.ok("datasources", datasources=both, **REMOTE)["datasources"]
    here = {"127.0.0.1:5432": made}
    run(database, both, **here)
    stop = {"datasources": [{"name": "things", "state": "paused"}], **REPOSITORY}
    with running_collector(database):
        wait_until(lambda: database.value(samples.format("things"), (srvid,)) >= 1, "a sample")
        checked = database.ok("datasources", check=True, **stop)
        assert database.ok("datasources", **stop).diff == checked.diff
        assert registered(database) == {} and registered(database, "others") == {srvid: True}
        assert not database.ok("datasources", **stop).changed
        database.ok("datasources", datasources=[{"name": "things", "state": "absent"}], **REMOTE)
        wait_for_snapshots(database, srvid)
        database.ok("datasources", datasources=[{"name": "things", "state": "absent"}], **REPOSITORY)
        before = database.value(samples.format("others"), (srvid,))
        wait_until(lambda: database.value(samples.format("others"), (srvid,)) > before, "a sample of the other one")
    assert database.sql("SELECT errors FROM failed") == []


def test_a_datasource_that_was_stopped_and_is_declared_again_waits(database: Database) -> None:
    one, two = database.register("one", "two")
    both = [dict(THINGS, extension="app"), dict(OTHERS, extension="app")]
    made = seen(database, *both)
    run(database, both, one=made, two=made)
    database.ok("datasources", datasources=[{"name": "things", "state": "paused"}], **REPOSITORY)
    assert waiting(run(database, both, one=made)) == [["two"] if database.powa == "4" else ["one", "two"], []]
    run(database, both, one=made, two=made)
    assert registered(database) == registered(database, "others") == {one: True, two: True}


#: Every table with rows of servers.
OF_SERVERS = """
    SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
    WHERE c.relkind = 'r' AND a.attname = 'srvid' AND NOT a.attisdropped ORDER BY 1
"""


def test_nothing_is_left_of_a_server_that_is_deleted_while_it_is_collected(database: Database) -> None:
    srvid = register_itself(database)
    # Its snapshots wait while the test holds the lock.
    held = dict(THINGS, query="SELECT 1 AS a FROM pg_advisory_xact_lock_shared(17)")
    made = database.ok("datasources", datasources=[held], **REMOTE)["datasources"]
    run(database, [held], **{"127.0.0.1:5432": made})
    drop = {"servers": [{"hostname": "127.0.0.1", "state": "absent", "history": "drop"}]}
    waits = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 17 AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with database.server.connect(database.name) as holder, holder.cursor() as lock:
        lock.execute("SELECT pg_advisory_lock(17)")
        with running_collector(database):
            wait_until(lambda: database.value(waits), "a snapshot that runs")
            checked = database.ok("servers", check=True, **drop)
            result = database.run("servers", **drop)
            assert result.failed and "powa-collector still has a worker for 127.0.0.1:5432" in result["msg"]
            assert database.value("SELECT frequency FROM powa_servers WHERE id = %s", (srvid,)) == -1
            lock.execute("SELECT pg_advisory_unlock(17)")
            wait_for_snapshots(database, srvid)
        log = database.server.shell("cat /root/collector-{0}/log".format(database.name))
        assert "Traceback" not in log and "ERROR" not in log and "WARNING" not in log
        # A snapshot of somebody else.
        lock.execute("SELECT count(*) FROM powa_functions")
        lock.execute("INSERT INTO powa_things_src_tmp (srvid, ts, a) VALUES (%s, now(), 1)", (srvid,))
        result = database.run("servers", timeout=1, **drop)
        assert result.failed and "so no server is deleted yet, and all that are to be deleted" in result["msg"]
        process = database.start("servers", **drop)
        holder.commit()
        assert process.wait(60) == 0
    assert "frequency: 5" in checked.diff["before"] and checked.diff["after"] == ""
    assert not database.ok("servers", **drop).changed
    tables = [table for (table,) in database.sql(OF_SERVERS)]
    counts = {
        table: database.value("SELECT count(*) FROM {0} WHERE srvid = %s".format(table), (srvid,)) for table in tables
    }
    assert "powa_things_src_tmp" in counts and {table for table, count in counts.items() if count} == set()
