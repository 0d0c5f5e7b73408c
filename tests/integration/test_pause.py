# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots wait while the columns of a datasource change from server to server."""

from __future__ import annotations

from typing import Any, Dict, List

from servers import Database, running_collector, wait_until

REPOSITORY = {"server_kind": ["repository"], "collector_role": "powa_collector"}
REMOTE = {"server_kind": ["remote"], "monitoring_role": "powa"}
OLD: Dict[str, Any] = {"name": "things", "query": "SELECT 1 AS a", "metrics": [{"name": "a", "type": "integer"}]}
NEW: Dict[str, Any] = dict(
    OLD, query="SELECT 2 AS b, 1 AS a", metrics=[{"name": "b", "type": "integer"}, *OLD["metrics"]]
)
#: A datasource of each scope that a version of PoWA has.
SCOPES = {"4": {"things": "cluster"}, "5": {"things": "cluster", "tables": "database"}}

ENABLED = {
    "4": "SELECT srvid FROM powa_functions WHERE module = 'things' AND operation = 'snapshot' AND enabled ORDER BY 1",
    "5": "SELECT srvid FROM powa_extension_config WHERE extname = 'things' AND enabled ORDER BY 1",
}
DISABLE = {
    "4": "UPDATE powa_functions SET enabled = false WHERE module = 'things' AND srvid = %s",
    "5": "UPDATE powa_extension_config SET enabled = false WHERE extname = 'things' AND srvid = %s",
}


def enabled(database: Database) -> List[int]:
    return [srvid for (srvid,) in database.sql(ENABLED[database.powa])]


def paused(*datasources: Dict[str, Any]) -> List[Dict[str, Any]]:
    return [dict(datasource, state="paused") for datasource in datasources]


def of_each_scope(database: Database, datasource: Dict[str, Any]) -> List[Dict[str, Any]]:
    return [dict(datasource, name=name, scope=scope) for name, scope in SCOPES[database.powa].items()]


def test_only_another_shape_pauses(database: Database) -> None:
    database.register("one")
    before = database.dump()
    assert not database.ok("datasources", datasources=paused(OLD), **REPOSITORY).changed
    assert database.dump() == before, "what is not there is not made"
    database.ok("datasources", datasources=[OLD], **REPOSITORY)
    other_query = dict(OLD, query="SELECT 7 AS a", description="other", priority=3)
    assert not database.ok("datasources", datasources=paused(other_query), **REPOSITORY).changed


def test_servers_go_on_when_their_side_was_seen(database: Database) -> None:
    one, two, three = database.register("one", "two", "three")
    database.ok("datasources", datasources=[OLD], **REPOSITORY)
    database.sql(DISABLE[database.powa], (three,))

    checked = database.ok("datasources", check=True, datasources=paused(NEW), **REPOSITORY)
    assert enabled(database) == [one, two]
    result = database.ok("datasources", datasources=paused(NEW), **REPOSITORY)
    assert result.diff == checked.diff and "paused until their side is as declared: one, two" in result.diff["after"]
    assert enabled(database) == []
    assert not database.ok("datasources", datasources=paused(NEW), **REPOSITORY).changed

    result = database.ok("datasources", datasources=[NEW], ready_servers=["one"], **REPOSITORY)
    assert result["datasources"][0]["paused"] == ["two"] and enabled(database) == [one]
    again = database.ok("datasources", datasources=[NEW], ready_servers=[], **REPOSITORY)
    assert not again.changed and again["datasources"][0]["paused"] == ["two"]
    result = database.ok("datasources", datasources=[NEW], ready_servers=["two"], **REPOSITORY)
    # What a user disabled stays so.
    assert result["datasources"][0]["paused"] == [] and enabled(database) == [one, two]


def test_a_snapshot_that_runs_is_waited_for(database: Database) -> None:
    database.register("one")
    database.ok("datasources", datasources=[OLD], **REPOSITORY)
    with database.server.connect(database.name) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("SELECT * FROM powa_functions")
        result = database.run("datasources", datasources=paused(NEW), timeout=1, **REPOSITORY)
        assert result.failed and "1 snapshot that began before this task still runs after 1 s" in result["msg"]
        assert result["msg"].endswith("run the task again, with a longer timeout if need be")
        assert enabled(database) == []
        cursor.execute("SET LOCAL application_name = 'PoWA collector - repo_conn for worker db1:5432'")
        result = database.run("datasources", datasources=paused(NEW), timeout=1, **REPOSITORY)
        assert 'nothing has come from "PoWA collector - repo_conn for worker db1:5432" meanwhile' in result["msg"]
        process = database.start("datasources", datasources=paused(NEW), **REPOSITORY)
        connection.rollback()
        assert process.wait(60) == 0


def test_no_snapshot_fails_while_columns_change(database: Database) -> None:
    database.ok(
        "servers",
        servers=[{"hostname": "127.0.0.1", "username": "postgres", "dbname": database.name, "frequency": 5}],
    )
    srvid = database.value("SELECT id FROM powa_servers WHERE hostname = '127.0.0.1'")
    old, new = of_each_scope(database, OLD), of_each_scope(database, NEW)
    database.ok("datasources", datasources=old, **REMOTE)
    database.ok("datasources", datasources=old, **REPOSITORY)
    database.sql("CREATE TABLE failed (errors text[])")
    database.sql(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO public.failed VALUES (NEW.errors); RETURN NEW; END $$"
    )
    database.sql(
        "CREATE TRIGGER keep AFTER UPDATE ON powa_snapshot_metas FOR EACH ROW"
        " WHEN (NEW.errors IS NOT NULL) EXECUTE FUNCTION keep()"
    )

    def samples(column: str) -> List[int]:
        """Return how many samples of each datasource have a value."""
        count = "SELECT count(DISTINCT ts) FROM powa_{0}_get(%s, NULL, NULL) WHERE {1} IS NOT NULL"
        return [database.value(count.format(name, column), (srvid,)) for name in SCOPES[database.powa]]

    with running_collector(database):
        wait_until(lambda: min(samples("a")) >= 1, "a sample")
        database.ok("datasources", datasources=paused(*new), **REPOSITORY)
        sequence = "SELECT coalesce_seq FROM powa_snapshot_metas WHERE srvid = %s"
        before = samples("a")
        database.ok("datasources", datasources=new, **REMOTE)
        now = database.value(sequence, (srvid,))
        wait_until(lambda: database.value(sequence, (srvid,)) > now, "a snapshot while the remote has changed")
        assert samples("a") == before
        database.ok("datasources", datasources=new, ready_servers=["127.0.0.1:5432"], **REPOSITORY)
        wait_until(lambda: min(samples("b")) >= 1, "a sample with the new column")
    # What the collector had copied when the pause came is no sample yet. It becomes one before the columns change.
    without_b = [after - count - both for after, count, both in zip(samples("a"), before, samples("b"))]
    assert set(without_b) <= {0, 1}
    assert database.sql("SELECT errors FROM failed") == []
