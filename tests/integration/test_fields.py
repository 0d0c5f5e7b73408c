# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The further fields of a definition, each on real servers."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from datasources import COMMITS, LOCK_MODES
from samples import collect, snapshot
from servers import Database, running_collector, wait_until

REPOSITORY = {"server_kind": ["repository"], "collector_role": "powa_collector"}
REMOTE = {"server_kind": ["remote"], "monitoring_role": "powa"}
BOTH = {**REPOSITORY, **REMOTE, "server_kind": ["repository", "remote"]}

ONE: Dict[str, Any] = {"name": "one", "query": "SELECT 1 AS n", "metrics": [{"name": "n", "type": "integer"}]}

REGISTERED = {
    "4": "SELECT DISTINCT module, query_source, query_cleanup FROM powa_functions"
    " WHERE operation = 'snapshot' AND added_manually AND function_name LIKE 'powa_our%' ORDER BY 2",
    "5": "SELECT extname, query_source, query_cleanup FROM powa_extension_functions"
    " WHERE operation = 'snapshot' AND added_manually AND function_name LIKE 'powa_our%' ORDER BY 2",
}


def unchanged(database: Database, **params: Any) -> None:
    again = database.ok("datasources", **params)
    assert not again.changed, again.diff


def test_types_are_taken_from_the_query(database: Database) -> None:
    database.register("one")
    untyped = {
        "name": "untyped",
        "query": "SELECT mode, count(*) AS held, 1.5 AS x FROM pg_locks GROUP BY mode",
        "keys": [{"name": "mode"}],
        "metrics": [{"name": "held"}, {"name": "x", "type": "numeric"}],
    }
    result = database.ok("datasources", datasources=[untyped], **REMOTE)
    described = {"server": "one", "datasources": result["datasources"]}
    assert result["datasources"][0]["key_columns"] == [{"name": "mode", "type": "text", "nullable": False}]
    assert [column["type"] for column in result["datasources"][0]["metric_columns"]] == ["bigint", "numeric"]
    unchanged(database, datasources=[untyped], **REMOTE)
    database.sql("DROP FUNCTION powa_untyped_src(integer)")

    message = database.refused("datasources", datasources=[untyped], **REPOSITORY)
    assert "no type is declared for mode, held, and no remote has described the query" in message
    key_columns = [{"name": "mode", "type": "name"}]
    other = {"server": "two", "datasources": [dict(result["datasources"][0], key_columns=key_columns)]}
    message = database.refused("datasources", datasources=[untyped], remote_results=[described, other], **REPOSITORY)
    assert 'column "mode" is name on two, but text on one' in message
    database.ok("datasources", datasources=[untyped], remote_results=[described], **REPOSITORY)
    held = "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'powa_untyped_src_tmp'::regclass"
    assert database.value(held + " AND attname = 'held'") == "bigint"
    # What the repository has kept is enough for the next run.
    unchanged(database, datasources=[untyped], **REPOSITORY)
    wrong = dict(untyped, query="SELECT '{}'::json AS mode, 1 AS held, 1.5 AS x")
    assert "which GROUP BY cannot use" in database.refused("datasources", datasources=[wrong], **REMOTE)


def test_several_datasources_of_one_extension(database: Database) -> None:
    (srvid,) = database.register("one")
    first, second = (dict(ONE, name="our_{0}".format(name), extension="pgstattuple") for name in ("first", "second"))
    database.ok("datasources", datasources=[first, second], **REPOSITORY)
    unchanged(database, datasources=[first, second], **REPOSITORY)
    both = [("pgstattuple", "powa_our_first_src", None), ("pgstattuple", "powa_our_second_src", None)]
    assert database.sql(REGISTERED[database.powa]) == both
    unchanged(database, datasources=[second], **REPOSITORY)

    database.sql("CREATE EXTENSION pgstattuple")
    database.sql("DROP EXTENSION pgstattuple")
    # PoWA 4 has called the function unregister of one of them, PoWA 5 has changed the local server's rows only.
    assert database.sql(REGISTERED[database.powa]) == ([] if database.powa == "4" else both)
    assert database.ok("datasources", datasources=[first, second], **REPOSITORY).changed
    assert database.sql(REGISTERED[database.powa]) == both
    unchanged(database, datasources=[first, second], **REPOSITORY)

    database.sql("INSERT INTO powa_our_first_src_tmp VALUES (%s, now(), 7)", (srvid,))
    snapshot(database, srvid)
    assert database.value("SELECT n FROM powa_our_first_get(%s, NULL, NULL)", (srvid,)) == 7
    if database.powa == "5":
        message = database.refused("datasources", datasources=[first, dict(second, enabled=False)], **REPOSITORY)
        assert 'of the same extension "pgstattuple"' in message

    database.ok("datasources", datasources=[{"name": "our_first", "state": "absent"}], **REPOSITORY)
    assert [row[1] for row in database.sql(REGISTERED[database.powa])] == ["powa_our_second_src"]
    database.ok("datasources", datasources=[dict(second, extension=None)], **REPOSITORY)
    assert [row[0] for row in database.sql(REGISTERED[database.powa])] == ["our_second"]
    if database.powa == "5":
        assert database.sql("SELECT FROM powa_extensions WHERE extname = 'pgstattuple'") == []


def test_an_extensions_functions_are_found_in_its_schema(database: Database) -> None:
    database.sql("CREATE SCHEMA stattuple")
    database.sql("CREATE EXTENSION pg_buffercache SCHEMA stattuple")
    database.sql("GRANT USAGE ON SCHEMA stattuple TO powa")
    database.sql("GRANT SELECT ON stattuple.pg_buffercache TO powa")
    database.sql("GRANT EXECUTE ON FUNCTION stattuple.pg_buffercache_pages() TO powa")
    buffers = dict(ONE, query="SELECT count(*)::integer AS n FROM pg_buffercache", extension="pg_buffercache")
    database.ok("datasources", datasources=[buffers], **REMOTE)
    unchanged(database, datasources=[buffers], **REMOTE)
    assert database.value("SELECT n > 0 FROM powa_one_src(0)")


def test_the_cleanup_runs_on_the_remote_and_in_local_mode(database: Database) -> None:
    database.sql("CREATE TABLE public.events (i integer)")
    database.sql("GRANT SELECT, DELETE ON public.events TO powa")
    events = dict(
        ONE,
        name="our_events",
        query="SELECT count(*)::integer AS n FROM public.events",
        query_cleanup="DELETE FROM public.events WHERE i <> 3 -- {braces} and 100%",
    )
    database.ok("datasources", datasources=[events], **BOTH)
    unchanged(database, datasources=[events], **BOTH)
    ((_module, _source, cleanup),) = database.sql(REGISTERED["5"]) if database.powa == "5" else [(0, 0, "")]
    assert database.powa == "4" or cleanup == "SELECT {powa}.powa_our_events_cleanup(0)"
    database.sql("INSERT INTO public.events VALUES (1), (2), (3)")
    database.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO powa")
    database.ok(
        "servers",
        servers=[{"hostname": "127.0.0.1", "username": "powa", "dbname": database.name, "frequency": 5}],
    )
    srvid = database.value("SELECT id FROM powa_servers WHERE hostname = '127.0.0.1'")
    if database.powa == "4":
        ((_module, _source, cleanup),) = database.sql(REGISTERED["4"])
        assert cleanup == "SELECT public.powa_our_events_cleanup(0)"
    with running_collector(database):
        wait_until(
            lambda: database.sql("SELECT n FROM powa_our_events_get(%s, NULL, NULL) WHERE n = 1", (srvid,)),
            "a sample after the cleanup",
        )
    assert database.sql("SELECT i FROM public.events") == [(3,)]

    database.ok("datasources", datasources=[events], **dict(BOTH, server_kind=["local", "repository", "remote"]))
    database.sql("INSERT INTO public.events VALUES (1), (2)")
    database.ok("snapshot", servers=["local"])
    assert database.sql("SELECT i FROM public.events") == [(3,)]
    message = database.refused("datasources", datasources=[dict(events, query_cleanup="DROP TABLE events")], **BOTH)
    assert 'datasource "our_events", query_cleanup: PostgreSQL refuses it' in message
    database.ok("datasources", datasources=[dict(events, query_cleanup=None)], **BOTH)
    assert database.sql("SELECT FROM pg_proc WHERE proname = 'powa_our_events_cleanup'") == []


def test_a_query_that_runs_as_its_owner(database: Database) -> None:
    rules = dict(ONE, query="SELECT count(*)::integer AS n FROM pg_hba_file_rules")
    assert "permission denied" in database.refused("datasources", datasources=[rules], **REMOTE)
    definer = dict(rules, security_definer=True)
    database.ok("datasources", datasources=[definer], **REMOTE)
    unchanged(database, datasources=[definer], **REMOTE)
    ((config, is_definer),) = database.sql("SELECT proconfig, prosecdef FROM pg_proc WHERE proname = 'powa_one_src'")
    assert config == ["search_path=pg_catalog, pg_temp"] and is_definer
    with database.server.connect(database.name, "powa") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT n > 0 FROM powa_one_src(0)")
        assert cursor.fetchall() == [(True,)]
    database.sql("CREATE SCHEMA open_to_all")
    database.sql("GRANT CREATE ON SCHEMA open_to_all TO PUBLIC")
    message = database.refused("datasources", datasources=[dict(definer, search_path=["open_to_all"])], **REMOTE)
    assert 'PUBLIC may create objects in schema "open_to_all"' in message


def test_the_search_path_of_a_query(database: Database) -> None:
    database.sql('CREATE SCHEMA "Odd one"')
    database.sql('CREATE VIEW "Odd one".counted AS SELECT 5 AS n')
    database.sql('GRANT USAGE ON SCHEMA "Odd one" TO powa')
    database.sql('GRANT SELECT ON "Odd one".counted TO powa')
    counted = dict(ONE, query="SELECT n FROM counted")
    assert "does not exist" in database.refused("datasources", datasources=[counted], **REMOTE)
    found = dict(counted, search_path=["Odd one"])
    database.ok("datasources", datasources=[found], **REMOTE)
    unchanged(database, datasources=[found], **REMOTE)
    assert database.sql("SELECT n FROM powa_one_src(0)") == [(5,)]
    message = database.refused("datasources", datasources=[dict(counted, search_path=["nix"])], **REMOTE)
    assert 'schema "nix" does not exist' in message


def test_a_datasource_of_each_database(database: Database) -> None:
    tables = {
        "name": "our_tables",
        "scope": "database",
        "query": "SELECT current_database() AS datname, count(*) AS n FROM pg_class",
        "keys": [{"name": "datname"}],
        "metrics": [{"name": "n", "kind": "gauge"}],
        "databases": [database.name],
    }
    if database.powa == "4":
        message = database.refused("datasources", datasources=[tables], **REMOTE)
        assert 'scope: found "database", which PoWA 4.1.4 does not know: use PoWA 5' in message
        return
    elsewhere = dict(tables, query=tables["query"].replace("pg_class", "powa_servers"))
    message = database.refused("datasources", datasources=[elsewhere], **REMOTE)
    assert "write the schema before names that are not in pg_catalog, the only schema that the" in message
    before = database.dump()
    result = database.ok("datasources", datasources=[tables], **REMOTE)
    assert not result.changed and database.dump() == before, "nothing is installed on a remote"
    options = {"hostname": "127.0.0.1", "username": "postgres", "dbname": database.name, "frequency": 5}
    database.ok("servers", servers=[options])
    srvid = database.value("SELECT id FROM powa_servers WHERE hostname = '127.0.0.1'")
    params = dict(
        datasources=[tables], remote_results=[{"server": "x", "datasources": result["datasources"]}], **REPOSITORY
    )
    database.ok("datasources", **params)
    unchanged(database, **params)
    disabled = {**params, "datasources": [dict(tables, enabled=False)]}
    read = "SELECT count(DISTINCT ts) FROM powa_our_tables_get(%s, NULL, NULL)"
    sequence = "SELECT coalesce_seq FROM powa_snapshot_metas WHERE srvid = %s"
    with running_collector(database):
        wait_until(lambda: database.value(read, (srvid,)) >= 2, "two samples")
        assert database.errors(srvid) is None
        database.ok("datasources", **disabled)
        config = database.sql("SELECT enabled, dbnames FROM powa_db_module_config WHERE db_module = 'our_tables'")
        assert config == [(False, [])]
        now = database.value(sequence, (srvid,))
        wait_until(lambda: database.value(sequence, (srvid,)) >= now + 2, "two more snapshots")
        assert database.errors(srvid) is None
        assert database.value("SELECT count(*) FROM powa_our_tables_src_tmp") == 0
        kept = database.value(read, (srvid,))
        wait_until(lambda: database.value(sequence, (srvid,)) >= now + 3, "one more snapshot")
        assert database.value(read, (srvid,)) == kept
    assert database.sql(
        "SELECT DISTINCT d.datname::text FROM powa_our_tables_get(%s, NULL, NULL) AS g"
        " JOIN pg_database AS d ON d.oid = g.dbid AND d.datname = g.datname",
        (srvid,),
    ) == [(database.name,)]
    unchanged(database, **disabled)
    database.ok("datasources", datasources=[{"name": "our_tables", "state": "absent", "history": "drop"}], **REPOSITORY)
    assert database.sql("SELECT FROM powa_db_modules WHERE db_module = 'our_tables'") == []
    assert database.sql("SELECT FROM pg_class WHERE relname LIKE 'powa_our%'") == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            {"scope": "database", "query_cleanup": "SELECT 1"},
            'query_cleanup: scope "database" installs nothing on the remote',
        ),
        ({"databases": ["a"]}, 'databases: it works only with scope "database"'),
        ({"extension": "pg_qualstats"}, "PoWA itself has datasources for"),
        ({"search_path": ["a", "a"]}, 'search_path: found "a" more than once'),
        ({"metrics": [{"name": "n", "renamed_from": "n"}]}, 'metrics[0].renamed_from: found "n"'),
        ({"metrics": [{"name": "n", "renamed_from": "ts"}]}, 'metrics[0].renamed_from: "ts" is a column of PoWA'),
        (
            {"scope": "database", "metrics": [{"name": "n", "renamed_from": "dbid"}]},
            'metrics[0].renamed_from: with scope "database", "dbid" is the collector',
        ),
        ({"metrics": [{"name": "n", "renamed_from": "m"}, {"name": "m"}]}, "remove renamed_from once"),
        (
            {"query": "SELECT 'pg_class'::regclass AS n"},
            'column "n" is regclass, which is stored as text, but declared as',
        ),
        ({"query": "/* adds */ insert INTO t VALUES (1)"}, 'query: it begins with "insert", expected a query'),
        ({"query": "SHOW work_mem"}, 'query: it begins with "SHOW"'),
        ({"state": "paused"}, 'found "paused", which needs server_kind repository'),
    ],
)
def test_a_wrong_field_is_refused(database: Database, wrong: Dict[str, Any], words: str) -> None:
    assert words in database.refused("datasources", datasources=[LOCK_MODES, dict(ONE, **wrong)], **REMOTE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"query": "SELECT 1 AS n) AS q; COMMIT; DROP TABLE public.victim; SELECT * FROM (SELECT 1 AS n"},
        {"query_cleanup": "SELECT 1; COMMIT; DROP TABLE public.victim"},
    ],
    ids=["query", "cleanup"],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_second_statement_is_never_run(database: Database, wrong: Dict[str, Any], check: bool) -> None:
    database.sql("CREATE TABLE victim AS SELECT 1 AS i")
    result = database.run("datasources", check=check, datasources=[dict(ONE, **wrong)], **REMOTE)
    words = "syntax error" if "query" in wrong else "found more than one statement, expected one"
    assert result.failed and words in result["msg"]
    assert database.sql("SELECT i FROM victim") == [(1,)]


def test_a_retention_of_its_own_needs_a_later_powa(database: Database) -> None:
    message = database.refused("datasources", datasources=[dict(COMMITS, retention="7 days")], **REPOSITORY)
    assert "a retention of its own needs PoWA 5.1.2: leave it out, and set the retention of the servers" in message


def test_adopting_what_others_made(database: Database) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", datasources=[LOCK_MODES], **BOTH)
    collect(database, "lock_modes", srvid)
    snapshot(database, srvid)
    kept = database.sql("SELECT * FROM powa_lock_modes_history_current ORDER BY mode")
    for thing in (
        "TABLE powa_lock_modes_history",
        "FUNCTION powa_lock_modes_src(integer)",
        "TYPE powa_lock_modes_history_record",
        "TABLE powa_lock_modes_src_tmp",
    ):
        database.sql("COMMENT ON {0} IS NULL".format(thing))
    message = database.refused("datasources", datasources=[LOCK_MODES], **BOTH)
    assert "this collection did not make" in message and "adopt: true" in message
    database.ok("datasources", datasources=[dict(LOCK_MODES, adopt=True)], **BOTH)
    unchanged(database, datasources=[LOCK_MODES], **BOTH)
    assert database.sql("SELECT * FROM powa_lock_modes_history_current ORDER BY mode") == kept
    database.sql("COMMENT ON TABLE powa_lock_modes_history IS NULL")
    database.sql("ALTER TABLE powa_lock_modes_history ADD COLUMN mine integer")
    message = database.refused("datasources", datasources=[dict(LOCK_MODES, adopt=True)], **BOTH)
    assert "adopt: table public.powa_lock_modes_history has the columns" in message


def test_a_server_has_all_datasources_of_an_extension_or_none_on_powa_5(database: Database) -> None:
    database.register("one")
    parts = [dict(ONE, name="our_{0}".format(name), extension="pgstattuple") for name in ("first", "second")]
    database.ok("datasources", datasources=parts, **REPOSITORY)
    half = {"hostname": "one", "datasources": ["our_first"]}
    if database.powa == "5":
        message = database.refused("servers", servers=[half])
        assert 'server "one:5432", datasources: found our_first without our_second of the same extension' in message
    else:
        database.ok("servers", servers=[half])
        enabled = "SELECT function_name FROM powa_functions WHERE srvid > 0 AND enabled AND module = 'pgstattuple'"
        assert database.sql(enabled + " AND operation = 'snapshot'") == [("powa_our_first_snapshot",)]
    database.ok("servers", servers=[dict(half, datasources=["our_first", "our_second"])])
    database.ok("servers", servers=[dict(half, datasources=[])])
