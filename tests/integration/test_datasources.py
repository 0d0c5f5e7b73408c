# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module datasources, in the order: check, plain SQL, run, plain SQL, run again, plain SQL."""

from __future__ import annotations

import copy
from typing import Any, Dict, List

import pytest
from datasources import AWKWARD, COMMITS, LOCK_MODES
from handwritten import statements
from samples import aggregate, collect
from servers import Database, finish_module, wait_until

REPOSITORY = {"server_kind": ["repository"], "collector_role": "powa_collector"}
REMOTE = {"server_kind": ["remote"], "monitoring_role": "powa"}

OBJECTS = """
    SELECT c.relkind::text || ' ' || c.relname FROM pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname LIKE 'powa_' || %(name)s || '_%%'
    UNION ALL
    SELECT 'function ' || p.proname FROM pg_proc AS p
    WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'powa_' || %(name)s || '_%%'
    ORDER BY 1
"""
REGISTERED = {
    "4": "SELECT srvid, operation, enabled FROM powa_functions WHERE module = %s ORDER BY 1, 2",
    "5": "SELECT srvid, operation, enabled FROM powa_functions WHERE name = %s ORDER BY 1, 2",
}


def objects(database: Database, name: str) -> List[str]:
    return [row[0] for row in database.sql(OBJECTS, {"name": name})]


def registered(database: Database, name: str) -> List[Any]:
    return database.sql(REGISTERED[database.powa], (name,))


def operations(database: Database) -> List[str]:
    return ["aggregate", "purge", "reset", "snapshot"] + (["unregister"] if database.powa == "4" else [])


def changed_copy(datasource: Dict[str, Any], **changes: Any) -> Dict[str, Any]:
    return dict(copy.deepcopy(datasource), **changes)


def test_remote_gets_the_source_function_only(database: Database) -> None:
    params = dict(REMOTE, datasources=[LOCK_MODES])
    assert database.ok("datasources", check=True, **params).changed
    assert objects(database, "lock_modes") == []

    assert database.ok("datasources", **params).changed
    assert objects(database, "lock_modes") == ["function powa_lock_modes_src"]
    rows = database.sql("SELECT mode, held FROM powa_lock_modes_src(0)")
    assert "AccessShareLock" in [mode for mode, _held in rows]
    assert database.value("SELECT has_function_privilege('powa', 'powa_lock_modes_src(integer)', 'EXECUTE')")
    assert not database.value(
        "SELECT has_function_privilege('nobody_special', 'powa_lock_modes_src(integer)', 'EXECUTE')"
    )

    before = database.dump()
    assert not database.ok("datasources", **params).changed
    assert database.dump() == before


def test_repository_keeps_history_of_the_registered_servers(database: Database) -> None:
    first, second = database.register("one", "two")
    params = dict(server_kind=["repository", "remote"], monitoring_role="powa", datasources=[LOCK_MODES, AWKWARD])
    before = database.dump()
    assert database.ok("datasources", check=True, **params).changed
    assert database.dump() == before

    database.ok("datasources", **params)
    for name in ("lock_modes", "awkward"):
        assert registered(database, name) == [
            (srvid, operation, True) for srvid in (first, second) for operation in operations(database)
        ]
        assert (
            database.value("SELECT relpersistence FROM pg_class WHERE relname = %s", ("powa_%s_src_tmp" % name,)) == "u"
        )
        collect(database, name, first)
    aggregate(database, first)
    assert database.value("SELECT count(*) FROM powa_lock_modes_history_current") == 0
    assert database.value("SELECT count(*) FROM powa_lock_modes_src_tmp") == 0
    held, least, srvid = database.sql(
        "SELECT (records[1]).held, (mins_in_range).held, srvid FROM powa_lock_modes_history"
        " WHERE mode = 'AccessShareLock'"
    )[0]
    assert held == least > 0 and srvid == first
    assert database.sql(
        'SELECT "select", "Null %%", (records[1])."a.b", (records[1])."d""q", (records[1])."ünïcode {0}",'
        " (mins_in_range).mode FROM powa_awkward_history".replace("%%", "%")
    ) == [("x", None, True, {"k": "$query$"}, pytest.approx(1.5), "late")]

    before = database.dump()
    assert not database.ok("datasources", **params).changed
    assert database.dump() == before


def test_history_is_purged_after_the_servers_retention_and_emptied_by_reset(database: Database) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", server_kind=["repository", "remote"], monitoring_role="powa", datasources=[LOCK_MODES])
    collect(database, "lock_modes", srvid)
    aggregate(database, srvid)
    database.sql("UPDATE powa_servers SET retention = '1 hour'")
    rows = database.value("SELECT count(*) FROM powa_lock_modes_history")
    old = "tstzrange(now() - interval '3 hours', now() - interval '2 hours')"
    database.sql(
        "INSERT INTO powa_lock_modes_history SELECT srvid, mode, {0}, records, mins_in_range, maxs_in_range"
        " FROM powa_lock_modes_history".format(old)
    )
    database.sql("SELECT powa_lock_modes_purge(%s)", (srvid,))
    assert database.value("SELECT count(*) FROM powa_lock_modes_history") == rows > 0
    database.sql("SELECT powa_reset(%s)", (srvid,))
    assert database.value("SELECT count(*) FROM powa_lock_modes_history") == 0


def test_local_mode(database: Database) -> None:
    params = dict(server_kind=["local"], datasources=[LOCK_MODES, COMMITS])
    database.ok("datasources", **params)
    assert registered(database, "commits") == [(0, operation, True) for operation in operations(database)]
    database.ok("snapshot", servers=["local"])
    assert database.value("SELECT (record).commits > 0 FROM powa_commits_history_current")
    assert not database.ok("datasources", **params).changed


def test_the_collectors_role_can_take_snapshots_of_ours(database: Database) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", datasources=[LOCK_MODES], **REPOSITORY)
    if database.powa == "5":
        database.sql("GRANT powa_snapshot TO powa_collector")
    with database.server.connect(database.name, "powa_collector") as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO powa_lock_modes_src_tmp VALUES (%s, now(), 'x', 1)", (srvid,))
        cursor.execute("SELECT * FROM powa_lock_modes_src(%s)", (srvid,))
        assert cursor.rowcount == 1
        cursor.execute("DELETE FROM powa_lock_modes_history WHERE srvid = %s", (srvid,))
    assert not database.value("SELECT has_table_privilege('nobody_special', 'powa_lock_modes_history', 'SELECT')")


def test_a_query_for_each_version(database: Database) -> None:
    version = database.value("SELECT current_setting('server_version_num')::integer")
    queries = [
        {"min_version": version, "query": "SELECT 2 AS n"},
        {"query": "SELECT 1 AS n"},
        {"min_version": version + 1, "query": "SELECT no_such_column AS n"},
    ]
    datasource = {"name": "versions", "queries": queries, "metrics": [{"name": "n", "type": "int"}]}
    database.ok("datasources", datasources=[datasource], **REMOTE)
    assert database.value("SELECT n FROM powa_versions_src(0)") == 2


def test_all_but_the_columns_changes_in_place(database: Database) -> None:
    first, second = database.register("one", "two")
    both = dict(server_kind=["repository", "remote"], monitoring_role="powa")
    database.ok("datasources", datasources=[LOCK_MODES], **both)
    collect(database, "lock_modes", first)
    database.sql("SELECT powa_take_snapshot(%s)", (first,))
    kept = database.sql("SELECT * FROM powa_lock_modes_history_current")
    changed = changed_copy(
        LOCK_MODES,
        query="SELECT 'other'::text AS mode, 7::bigint AS held",
        description="Something else",
        servers=["two"],
        priority=3,
        enabled=False,
    )
    result = database.ok("datasources", check=True, datasources=[changed], **both)
    assert "Something else" in result.diff["after"] and "Something else" not in result.diff["before"]
    database.ok("datasources", datasources=[changed], **both)
    assert database.sql("SELECT mode, held FROM powa_lock_modes_src(0)") == [("other", 7)]
    assert registered(database, "lock_modes") == [(second, operation, False) for operation in operations(database)]
    assert database.sql("SELECT * FROM powa_lock_modes_history_current") == kept
    assert not database.ok("datasources", datasources=[changed], **both).changed


def test_what_a_user_disabled_stays_so_unless_declared(database: Database) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", datasources=[COMMITS], **REPOSITORY)
    table, column = ("powa_functions", "module") if database.powa == "4" else ("powa_extension_config", "extname")
    database.sql("UPDATE {0} SET enabled = false WHERE {1} = 'commits'".format(table, column))
    assert not database.ok("datasources", datasources=[COMMITS], **REPOSITORY).changed
    database.ok("datasources", datasources=[changed_copy(COMMITS, enabled=True)], **REPOSITORY)
    assert registered(database, "commits") == [(srvid, operation, True) for operation in operations(database)]


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("ALTER TABLE powa_commits_src_tmp SET LOGGED", "table public.powa_commits_src_tmp"),
        ("ALTER TABLE powa_commits_src_tmp ADD COLUMN extra integer", "table public.powa_commits_src_tmp"),
        ("ALTER TABLE powa_commits_history_current ADD extra text", "table public.powa_commits_history_current"),
        ("DROP INDEX powa_commits_history_ts", "index public.powa_commits_history_ts"),
        ("DROP FUNCTION powa_commits_purge(integer)", "function public.powa_commits_purge"),
        ("GRANT EXECUTE ON FUNCTION powa_commits_src(integer) TO PUBLIC", "function public.powa_commits_src"),
        ("ALTER FUNCTION powa_commits_reset(integer) RESET search_path", "function public.powa_commits_reset"),
        (
            "ALTER TABLE powa_commits_history DROP CONSTRAINT powa_commits_history_srvid_fkey",
            "table public.powa_commits_history",
        ),
        ("DROP TABLE powa_commits_src_tmp", "table public.powa_commits_src_tmp"),
        (
            "CREATE OR REPLACE FUNCTION powa_commits_reset(_srvid integer) RETURNS void LANGUAGE sql AS 'SELECT 1'",
            "function public.powa_commits_reset",
        ),
        (
            "CREATE OR REPLACE FUNCTION powa_commits_src(_srvid integer, OUT ts timestamptz, OUT commits bigint)"
            " RETURNS SETOF record LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp"
            " AS 'BEGIN RETURN; END'",
            "function public.powa_commits_src",
        ),
        (
            "REVOKE EXECUTE ON FUNCTION powa_commits_snapshot(integer) FROM {role}",
            "function public.powa_commits_snapshot",
        ),
        ("REVOKE INSERT ON powa_commits_history FROM {role}", "table public.powa_commits_history"),
        ("DELETE FROM {registry}", "{table}"),
        ("DELETE FROM {of_server} = 'commits'", "{of_server_table}"),
        ("UPDATE {functions} SET query_source = 'other' WHERE function_name = 'powa_commits_snapshot'", "{functions}"),
    ],
)
def test_damage_is_repaired(database: Database, damage: str, named: str) -> None:
    (srvid,) = database.register("one")
    names = {"role": "powa_collector", "table": "powa_functions", "functions": "powa_functions"}
    names.update(registry="powa_functions WHERE module = 'commits'", of_server_table="powa_functions")
    names["of_server"] = "powa_functions WHERE operation = 'purge' AND module"
    if database.powa == "5":
        names = {"role": "powa_snapshot", "table": "powa_extensions", "functions": "powa_extension_functions"}
        names.update(registry="powa_extensions WHERE extname = 'commits'", of_server_table="powa_extension_config")
        names["of_server"] = "powa_extension_config WHERE extname"
    database.ok("datasources", datasources=[COMMITS], **REPOSITORY)
    database.sql("INSERT INTO powa_commits_src_tmp VALUES (%s, now(), 7)", (srvid,))
    aggregate(database, srvid)
    assert database.value("SELECT (records[1]).commits FROM powa_commits_history") == 7
    before = database.dump().read()
    database.sql(damage.format(**names))
    checked = database.ok("datasources", check=True, datasources=[COMMITS], **REPOSITORY)
    assert checked.changed
    shown = checked.diff["before"] + checked.diff["after"]
    assert named.format(**names) in shown and "powa_commits_get" not in shown, shown
    database.ok("datasources", datasources=[COMMITS], **REPOSITORY)
    assert sorted(database.dump().text.splitlines()) == sorted(before.text.splitlines())


def test_history_stays_unless_asked_otherwise(database: Database) -> None:
    (srvid,) = database.register("one")
    both = dict(server_kind=["repository", "remote"], monitoring_role="powa")
    database.ok("datasources", datasources=[LOCK_MODES], **both)
    collect(database, "lock_modes", srvid)
    aggregate(database, srvid)
    history = database.sql("SELECT * FROM powa_lock_modes_history ORDER BY mode")

    gone = {"name": "lock_modes", "state": "absent"}
    database.ok("datasources", check=True, datasources=[gone], **both)
    assert registered(database, "lock_modes") != []
    database.ok("datasources", datasources=[gone], **both)
    assert registered(database, "lock_modes") == []
    assert [name for name in objects(database, "lock_modes") if name.startswith("function") or "tmp" in name] == []
    assert database.sql("SELECT * FROM powa_lock_modes_history ORDER BY mode") == history
    assert not database.ok("datasources", datasources=[gone], **both).changed

    database.ok("datasources", datasources=[LOCK_MODES], **both)
    assert database.sql("SELECT * FROM powa_lock_modes_history ORDER BY mode") == history
    dropped = dict(gone, history="drop")
    database.ok("datasources", datasources=[dropped], **both)
    assert objects(database, "lock_modes") == []
    assert not database.ok("datasources", datasources=[dropped], **both).changed


#: (what is wrong, words that the message has to say)
BAD = [
    ({"name": "Bad-Name"}, 'datasource "Bad-Name", name: found "Bad-Name", expected lower-case letters'),
    ({"name": "x" * 37}, "use at most 36 characters"),
    ({"name": "user_functions"}, "PoWA itself uses this name"),
    ({"metrics": [{"name": "ts", "type": "bigint"}]}, 'metrics[0].name: "ts" is a column of PoWA'),
    ({"metrics": [{"name": "n", "type": "int"}, {"name": "n", "type": "int"}]}, '"n" is also metrics[0]'),
    ({"metrics": [{"name": "n", "type": "bigit"}]}, 'metrics[0].type: found "bigit", expected one of "char", bigint'),
    ({"metrics": []}, "metrics: found none"),
    ({"queries": [{"query": "SELECT 1 AS n"}]}, "query: found both query and queries"),
    ({"query": None}, "query: found neither query nor queries"),
    ({"query": "SELEC 1 AS n"}, 'it begins with "SELEC", expected a query'),
    ({"query": "SELECT 1 AS n FROM"}, "syntax error"),
    ({"query": "SELECT 1 AS n, 2 AS m"}, "it returns the columns (n, m), but the keys and metrics are (n)"),
    ({"query": "SELECT 1::bigint AS n"}, 'column "n" is bigint, but declared as integer'),
    ({"query": "SELECT 1 AS n; DROP TABLE powa_servers"}, "found more than one statement, expected one"),
    ({"query": "SELECT count(*)::int AS n FROM pg_hba_file_rules"}, "permission denied"),
    ({"keys": [{"name": "k", "type": "json"}]}, "found json, which GROUP BY cannot use"),
    ({"history": "drop"}, 'only state "absent" can drop history'),
    ({"description": "a\0b"}, "description: found 'a\\x00b', but PostgreSQL can store neither a zero byte"),
    ({"description": "\ud800"}, "description: found '\\ud800', but PostgreSQL can store neither"),
    ({"query": "SELECT 1 AS n\0"}, "query: found 'SELECT 1 AS n\\x00', but"),
    ({"extension": "a\0"}, "extension: found 'a\\x00', but"),
    ({"retention": "a\0"}, "retention: found 'a\\x00', but"),
    ({"search_path": ["x", "a\0"]}, "search_path[1]: found 'a\\x00', but"),
    ({"query_cleanup": "SELECT 1\0"}, "query_cleanup: found 'SELECT 1\\x00', but"),
    ({"metrics": [{"name": "n\0", "type": "int"}]}, "metrics[0].name: found 'n\\x00', but"),
]


@pytest.mark.parametrize(("wrong", "words"), BAD, ids=[words for _wrong, words in BAD])
def test_a_wrong_definition_is_refused(database: Database, wrong: Dict[str, Any], words: str) -> None:
    datasource = dict({"name": "naught", "query": "SELECT 1 AS n", "metrics": [{"name": "n", "type": "int"}]}, **wrong)
    assert words in database.refused("datasources", datasources=[LOCK_MODES, datasource], **REMOTE)


def test_all_problems_of_all_datasources_are_reported_at_once(database: Database) -> None:
    wrong = [
        dict({"name": "n%s" % number, "metrics": [{"name": "n", "type": "int"}], "query": "SELECT 1 AS n"}, **bad)
        for number, (bad, _words) in enumerate(BAD)
    ]
    result = database.run("datasources", datasources=wrong, **REMOTE)
    assert result.failed
    for _bad, words in BAD:
        assert any(words in problem for problem in result["problems"]), words


def test_what_is_not_ours_is_never_overwritten(database: Database) -> None:
    database.sql("CREATE TABLE powa_commits_history (mine integer)")
    message = database.refused("datasources", datasources=[COMMITS], **REPOSITORY)
    assert "this collection did not make (table public.powa_commits_history)" in message
    message = database.refused("datasources", datasources=[{"name": "commits", "state": "absent"}], **REPOSITORY)
    assert "powa_commits_history" in message


def test_rows_of_others_in_the_registry_are_refused(database: Database) -> None:
    if database.powa == "4":
        database.sql(
            "INSERT INTO powa_functions (srvid, module, operation, function_name) VALUES (0, 'commits', 'purge', 'f')"
        )
    else:
        database.sql("INSERT INTO powa_extensions (extname) VALUES ('commits')")
        database.sql(
            "INSERT INTO powa_extension_functions (extname, operation, function_name) VALUES ('commits', 'purge', 'f')"
        )
    message = database.refused("datasources", datasources=[COMMITS], **REPOSITORY)
    assert "registry has other functions under that name (f" in message


def test_an_unknown_server_or_role_is_refused(database: Database) -> None:
    database.register("one")
    message = database.refused("datasources", datasources=[changed_copy(COMMITS, servers=["nix"])], **REPOSITORY)
    assert 'server "nix" is not registered here (registered: one' in message
    message = database.refused("datasources", server_kind=["remote"], monitoring_role="nix", datasources=[COMMITS])
    assert 'role "nix" does not exist' in message


def test_options_that_say_nothing_are_refused(database: Database) -> None:
    message = database.refused("datasources", datasources=[COMMITS], server_kind=[])
    assert "server_kind: found an empty list, expected remote, repository or local" in message
    for option in ("monitoring_role", "collector_role"):
        message = database.refused("datasources", datasources=[COMMITS], server_kind=["remote"], **{option: "a\0"})
        assert "{0}: found 'a\\x00', but PostgreSQL can store neither a zero byte".format(option) in message


def test_a_killed_module_leaves_what_was_there(database: Database) -> None:
    before = database.dump().read()
    database.sql(
        "CREATE FUNCTION wait_here() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE '%powa_commits_reset%')"
        " THEN"
        " PERFORM pg_advisory_lock(42); END IF; END $$"
    )
    database.sql("CREATE EVENT TRIGGER wait_here ON ddl_command_end EXECUTE FUNCTION wait_here()")
    with database.server.connect(database.name) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(42)")
        process = database.start("datasources", datasources=[COMMITS], **REPOSITORY)
        wait_until(
            lambda: database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"),
            "the module writes",
        )
        process.kill()
        process.communicate()
        cursor.execute("SELECT pg_advisory_unlock(42)")
    wait_until(
        lambda: not database.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgfleet.powa'"),
        "its session ends",
    )
    database.sql("DROP EVENT TRIGGER wait_here")
    database.sql("DROP FUNCTION wait_here()")
    assert database.dump() == before


def test_two_tasks_at_once_make_it_once(database: Database) -> None:
    params = dict(datasources=[COMMITS, LOCK_MODES], **REPOSITORY)
    running = [database.start("datasources", **params) for _process in range(2)]
    results = [finish_module(process) for process in running]
    assert [result.failed for result in results] == [False, False]
    assert sorted(result.changed for result in results) == [False, True]
    assert not database.ok("datasources", **params).changed


def test_a_run_without_changes_sends_as_many_statements_for_many_datasources(database: Database) -> None:
    database.register("one")
    many = [changed_copy(COMMITS, name="commits_{0}".format(number)) for number in range(20)]

    database.sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    database.sql("SET pg_stat_statements.track = 'top'")
    few = statements(database, "datasources", datasources=many[:1], **REPOSITORY)
    assert few == statements(database, "datasources", datasources=many, **REPOSITORY)
