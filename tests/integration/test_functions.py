# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module functions, in the order: check, plain SQL, run, plain SQL, run again, plain SQL."""

from __future__ import annotations

import copy
from typing import Any, Dict, List

import pytest
from ansible_collections.pgfleet.powa.plugins.modules.functions import OPTIONS as MODULE_OPTIONS
from datasources import COMMITS
from handwritten import (
    APP_INVOICES,
    APP_ORDERS,
    FUNCTIONS,
    SOURCE,
    TRACK_SETTINGS,
    TRACK_SOURCES,
    registered,
    statements,
    with_transient_tables,
    write_by_hand,
)
from servers import Database, running_collector, wait_until

#: The operations of APP_ORDERS in the order of C(registered), by PoWA's version.
OPERATIONS = {
    "4": ["aggregate", "purge", "snapshot", "unregister"],
    "5": ["aggregate", "purge", "snapshot"],
}


def rows(database: Database, *srvids: int, enabled: bool = True) -> List[Any]:
    """Return what C(registered) returns for APP_ORDERS."""
    return [
        (srvid, operation, "app_orders_" + operation, enabled)
        for srvid in srvids
        for operation in OPERATIONS[database.powa]
    ]


def changed_copy(datasource: Dict[str, Any], **changes: Any) -> Dict[str, Any]:
    return dict(copy.deepcopy(datasource), **changes)


def with_function(**changes: Any) -> Dict[str, Any]:
    """Return APP_ORDERS with another first function."""
    datasource = copy.deepcopy(APP_ORDERS)
    datasource["functions"][0].update(changes)
    return datasource


def declare(database: Database, *datasources: Dict[str, Any], check: bool = False) -> Any:
    return database.ok("functions", check=check, datasources=list(datasources))


def refused(database: Database, *datasources: Dict[str, Any]) -> str:
    return database.refused("functions", datasources=list(datasources))


def test_it_registers_enables_disables_and_unregisters(database: Database) -> None:
    first, second = database.register("one", "two")
    with_transient_tables(database, "app_orders")
    before = database.dump()
    checked = declare(database, APP_ORDERS, check=True)
    assert checked.changed and database.dump() == before
    assert declare(database, APP_ORDERS).diff == checked.diff
    assert registered(database, "app_orders") == rows(database, first, second)
    before = database.dump()
    assert not declare(database, APP_ORDERS).changed
    assert database.dump() == before

    declare(database, changed_copy(APP_ORDERS, servers=["one"], enabled=False))
    assert registered(database, "app_orders") == rows(database, first, enabled=False) + rows(database, second)
    assert not declare(database, APP_ORDERS).changed, "what is disabled stays so unless declared"
    declare(database, changed_copy(APP_ORDERS, enabled=True))
    assert registered(database, "app_orders") == rows(database, first, second)

    declare(database, changed_copy(APP_ORDERS, servers=["local", "two:5432"]))
    assert registered(database, "app_orders") == rows(database, 0, first, second)
    assert not declare(database, APP_ORDERS).changed

    gone = {"name": "app_orders", "servers": ["local", "one"], "state": "absent"}
    assert declare(database, gone, check=True).changed
    declare(database, gone)
    assert registered(database, "app_orders") == rows(database, second)
    assert not declare(database, gone).changed
    # The whole datasource may stay in the task.
    declare(database, changed_copy(APP_ORDERS, state="absent"))
    assert registered(database, "app_orders") == []
    if database.powa == "5":
        assert database.sql("SELECT * FROM powa_extensions WHERE extname = 'app_orders'") == []
    assert not declare(database, gone).changed


def test_a_server_that_is_added_later_is_registered_by_the_next_run(database: Database) -> None:
    with_transient_tables(database, "app_orders")
    declare(database, APP_ORDERS)
    assert registered(database, "app_orders") == []
    (srvid,) = database.register("one")
    assert declare(database, APP_ORDERS).changed
    assert registered(database, "app_orders") == rows(database, srvid)


def test_what_others_registered_is_changed_to_what_is_declared(database: Database) -> None:
    first, second = database.register("one", "two")
    with_transient_tables(database, "app_orders")
    if database.powa == "4":
        database.sql(
            "INSERT INTO powa_functions (srvid, module, operation, function_name, query_source, priority)"
            " SELECT srvid, 'app_orders', 'snapshot', name, 'app_orders_src', 3"
            " FROM unnest(%s) AS srvid, unnest(ARRAY['app_orders_snapshot', 'app_orders_snapshot', 'other']) AS name",
            ([first, second],),
        )
    else:
        database.sql("INSERT INTO powa_extensions (extname) VALUES ('app_orders')")
        database.sql(
            "INSERT INTO powa_extension_functions (extname, operation, function_name, query_source, priority) VALUES"
            " ('app_orders', 'snapshot', 'app_orders_snapshot', 'app_orders_src', 3),"
            " ('app_orders', 'purge', 'f', NULL, 3)"
        )
        database.sql("INSERT INTO powa_extension_config (srvid, extname) VALUES (%s, 'app_orders')", (second,))
    only_first = changed_copy(APP_ORDERS, servers=["one"])
    checked = declare(database, only_first, check=True)
    assert declare(database, only_first).diff == checked.diff
    found = registered(database, "app_orders")
    assert [row for row in found if row[0] == first] == rows(database, first)
    others = [(second, "snapshot", name, True) for name in ("app_orders_snapshot", "app_orders_snapshot", "other")]
    assert [row for row in found if row[0] == second] == (others if database.powa == "4" else rows(database, second))
    assert not declare(database, only_first).changed
    declare(database, APP_ORDERS)
    assert registered(database, "app_orders") == rows(database, first, second)
    assert not declare(database, APP_ORDERS).changed


def test_every_field_is_compared(database: Database) -> None:
    database.register("one")
    with_transient_tables(database, "app_orders")
    declare(database, APP_ORDERS)
    cleanup = "SELECT {0}.app_orders_clean(), '100 %'".format("public" if database.powa == "4" else "{powa}")
    table = "powa_functions" if database.powa == "4" else "powa_extension_functions"
    changed = changed_copy(with_function(query_cleanup=cleanup), priority=3)
    assert cleanup in declare(database, changed).diff["after"]
    assert database.sql(
        "SELECT query_cleanup, priority, added_manually FROM {0} WHERE function_name = 'app_orders_snapshot'".format(
            table
        )
    ) == [(cleanup, 3, True)]
    for damage in ("query_source = NULL", "query_cleanup = 'SELECT 1'", "priority = 4"):
        database.sql("UPDATE {0} SET {1} WHERE function_name = 'app_orders_snapshot'".format(table, damage))
        assert declare(database, changed).changed, damage
        assert not declare(database, changed).changed


def test_functions_in_the_schema_of_an_extension(database: Database) -> None:
    """The extension itself is not what is looked at, so any other that is not in PoWA's schema will do."""
    (srvid,) = database.register("one")
    database.sql("CREATE SCHEMA elsewhere")
    database.sql("CREATE EXTENSION pg_prewarm SCHEMA elsewhere")
    with_transient_tables(database, "app_orders")
    datasource = changed_copy(APP_ORDERS, name="pg_prewarm")
    if database.powa == "4":
        declare(database, datasource)
        assert database.sql("SELECT DISTINCT extname FROM powa_functions WHERE module = 'pg_prewarm'") == [
            ("pg_prewarm",)
        ]
        assert database.sql("SELECT srvid FROM powa_extensions WHERE extname = 'pg_prewarm'") == [(srvid,)]
    else:
        message = refused(database, datasource)
        assert (
            "no function elsewhere.app_orders_snapshot(integer), but one in schema public: set external to false"
            in message
        )
        declare(database, changed_copy(datasource, external=False))
        for statement in ("TABLE app_orders_src_tmp", "FUNCTION app_orders_src", "FUNCTION app_orders_snapshot"):
            database.sql("ALTER {0} SET SCHEMA elsewhere".format(statement))
        for operation in ("aggregate", "purge"):
            database.sql("ALTER FUNCTION app_orders_{0} SET SCHEMA elsewhere".format(operation))
        assert "set external to true" in refused(database, changed_copy(datasource, external=False))
        declare(database, changed_copy(datasource, external=True))
        assert database.value("SELECT external FROM powa_extensions WHERE extname = 'pg_prewarm'")
    assert not declare(database, datasource).changed


def test_what_is_not_mentioned_stays_as_it_is(database: Database) -> None:
    """Of a registration that differs from the defaults in everything, one option after the other is left out."""
    database.register("one", "two")
    with_transient_tables(database, "app_orders")
    database.sql("CREATE SCHEMA elsewhere")
    # By its name, PoWA could look for the functions in its schema.
    database.sql("CREATE EXTENSION pg_prewarm SCHEMA elsewhere")
    cleanup = "SELECT {0}.app_orders_clean()".format("public" if database.powa == "4" else "{powa}")
    whole = changed_copy(
        with_function(query_cleanup=cleanup),
        name="pg_prewarm",
        priority=20,
        enabled=False,
        external=False,
        servers=["one"],
    )
    declare(database, whole)
    database.sql(
        "UPDATE powa_functions SET added_manually = false, extname = NULL WHERE module = 'pg_prewarm'"
        if database.powa == "4"
        else "UPDATE powa_extension_config SET added_manually = false, version = '1' WHERE extname = 'pg_prewarm'"
    )
    before = database.dump()
    options = MODULE_OPTIONS["datasources"]["options"]
    # Tables are granted, and not registered.
    optional = set(options) - {"name", "functions", "servers", "state", "tables"}
    of_function = set(options["functions"]["options"]) - {"operation", "function_name"}
    assert optional <= set(whole) and of_function <= set(whole["functions"][0]), "all of them are given above"
    tasks = [{name: value for name, value in whole.items() if name != option} for option in sorted(optional)]
    tasks.append(changed_copy(whole, functions=[dict(whole["functions"][0], query_cleanup=None), *FUNCTIONS[1:]]))
    bare = [{name: function[name] for name in ("operation", "function_name")} for function in FUNCTIONS]
    tasks.append({"name": "pg_prewarm", "functions": bare, "servers": ["one"]})
    for task in tasks:
        result = declare(database, task)
        assert not result.changed and result.diff == {"before": "", "after": ""}, task
    assert database.dump() == before
    # What is mentioned changes, and nothing else.
    emptied = changed_copy(whole, functions=[dict(bare[0], query_cleanup=""), *bare[1:]])
    del emptied["priority"]
    changes = declare(database, emptied)["changes"]
    assert len(changes) == 1 and "app_orders_snapshot" in changes[0]
    table = "powa_functions" if database.powa == "4" else "powa_extension_functions"
    snapshot = "SELECT query_source, query_cleanup, priority FROM {0} WHERE function_name = 'app_orders_snapshot'"
    assert database.sql(snapshot.format(table)) == [("app_orders_src", None, 20)]
    # A server that it was not registered for has PoWA's defaults, as far as PoWA stores them for each server.
    declare(database, {"name": "pg_prewarm", "functions": bare})
    assert [row[3] for row in registered(database, "pg_prewarm")] == [
        enabled for enabled in (False, True) for _operation in OPERATIONS[database.powa]
    ]


CASES: List[Any] = [
    (changed_copy(APP_ORDERS, name=" "), "name: it is empty"),
    (changed_copy(APP_ORDERS, name="app_invoices"), "name: number 1 of the list has the same name"),
    (changed_copy(APP_INVOICES, name="other"), '"app_invoices" has the query_source "app_invoices_src", too'),
    ({"name": "app_orders"}, "functions: found none"),
    (changed_copy(APP_ORDERS, functions=APP_ORDERS["functions"][3:]), "functions: found none that takes a snapshot"),
    (
        changed_copy(APP_ORDERS, functions=APP_ORDERS["functions"][1:] * 2),
        "the list has aggregate app_orders_aggregate already",
    ),
    (changed_copy(APP_ORDERS, servers=[]), "servers: it is empty"),
    (changed_copy(APP_ORDERS, servers=["one", "one"]), 'servers: found "one" more than once'),
    (changed_copy(APP_ORDERS, servers=["nix"]), 'servers: server "nix" is not registered here'),
    (changed_copy(APP_ORDERS, servers=["nix"], state="absent"), 'servers: server "nix" is not registered here'),
    (with_function(function_name=""), "functions[0].function_name: it is empty"),
    (with_function(function_name="nix"), "functions[0].function_name: found no function public.nix(integer)"),
    (with_function(function_name="app_orders_clean"), "found no function public.app_orders_clean(integer)"),
    (with_function(query_source="App"), 'functions[0].query_source: found "App", expected lower-case letters'),
    (with_function(query_source="nix_src"), "transient table public.nix_src_tmp does not exist: create it with"),
    (
        with_function(query_source="bare_src"),
        "public.bare_src_tmp has the columns (srvid integer), but its result needs",
    ),
    (with_function(operation="purge"), 'query_source: found it for the operation "purge", but only a snapshot has one'),
    (with_function(query_cleanup=" "), "functions[0].query_cleanup: it is empty"),
    (with_function(query_cleanup="SELECT 1", query_source=None), "the collector never runs it without a query_source"),
    (with_function(query_cleanup="SELECT '{}'"), "query_cleanup: found a brace"),
    (with_function(query_cleanup="SELECT {nix}.f()"), "query_cleanup: "),
    (changed_copy(APP_ORDERS, name="pg_qualstats"), "name: PoWA itself brings this datasource"),
    ({"name": "pg_stat_statements", "state": "absent"}, "name: PoWA itself brings this datasource"),
    (changed_copy(APP_ORDERS, name="commits"), "has functions of the module pgfleet.powa.datasources"),
    ({"name": "commits", "state": "absent"}, "has functions of the module pgfleet.powa.datasources"),
    (with_function(query_source="powa_commits_src"), "powa_commits_src is registered for the datasource commits"),
]


@pytest.mark.parametrize(("datasource", "words"), CASES, ids=[words for _datasource, words in CASES])
def test_what_is_wrong_is_refused(database: Database, datasource: Dict[str, Any], words: str) -> None:
    database.register("one")
    with_transient_tables(database, "app_orders", "app_invoices")
    database.sql("CREATE FUNCTION bare_src(integer) RETURNS SETOF integer LANGUAGE sql AS 'SELECT 1'")
    database.sql("CREATE UNLOGGED TABLE bare_src_tmp (srvid integer)")
    if "commits" in words or "pgfleet.powa.datasources" in words:
        database.ok("datasources", server_kind=["repository"], datasources=[COMMITS])
    assert words in refused(database, APP_INVOICES, datasource)


def test_functions_of_powas_own_datasources_are_refused_where_they_differ(database: Database) -> None:
    database.register("one")
    database.sql("CREATE EXTENSION pg_track_settings")
    if database.powa == "5":
        for changes, words in (
            ({"priority": 3}, "PoWA has reset pg_track_settings_reset, priority 10"),
            ({"external": False}, "PoWA has external true"),
            ({"functions": TRACK_SETTINGS["functions"][1:]}, "from pg_track_settings_settings_src"),
        ):
            message = refused(database, changed_copy(TRACK_SETTINGS, **changes))
            assert "PoWA itself brings this datasource, and with other functions" in message and words in message
        database.sql("DROP EXTENSION pg_track_settings")
        assert "schema of the extension pg_track_settings, which this database lacks" in refused(
            database, TRACK_SETTINGS
        )
        assert "pg_qualstats" in refused(database, {"name": "pg_qualstats", "state": "absent"})


def test_all_problems_are_reported_at_once(database: Database) -> None:
    database.register("one")
    purge = [{"operation": "purge", "function_name": "nix"}]
    wrong = [
        {"name": "none"},
        {"name": "empty", "functions": purge, "servers": []},
        {"name": "unknown", "functions": purge, "servers": ["nix"]},
        {"name": "pg_qualstats", "functions": purge},
    ]
    result = database.run("functions", datasources=wrong)
    assert result.failed and "5 problems in the datasources" in result["msg"]
    assert [problem.split(":")[0] for problem in result["problems"]] == [
        'datasource "none", functions',
        'datasource "empty", servers',
        'datasource "unknown", servers',
        'datasource "unknown", functions[0].function_name',
        'datasource "pg_qualstats", name',
    ]


def test_a_zero_byte_is_no_crash(database: Database) -> None:
    with_transient_tables(database, "app_orders")
    for field in ("function_name", "query_source", "query_cleanup"):
        assert "functions[0]." + field in refused(database, with_function(**{field: "a\0b"}))
    assert "contains an unprintable character" in refused(database, changed_copy(APP_ORDERS, name="a\0b"))


def test_a_run_without_changes_sends_as_many_statements_for_many_datasources_and_servers(database: Database) -> None:
    database.register("one")
    names = ["app_{0}".format(number) for number in range(20)]
    with_transient_tables(database, *names)
    datasources = [
        {
            "name": name,
            "functions": [
                {"operation": "snapshot", "function_name": name + "_snapshot", "query_source": name + "_src"},
                {"operation": "purge", "function_name": name + "_purge"},
            ],
        }
        for name in names
    ]
    one = statements(database, "functions", datasources=datasources[:1])
    database.register(*("server{0}".format(number) for number in range(10)))
    assert 0 < one == statements(database, "functions", datasources=datasources)


def remote_of(database: Database, remote: Database) -> int:
    """Register a database as a remote of another one, collected from every five seconds."""
    server = {"hostname": "127.0.0.1", "username": "postgres", "dbname": remote.name, "frequency": 5, "alias": "remote"}
    return int(database.ok("servers", servers=[server])["servers"][0]["srvid"])


def keep_errors(database: Database) -> None:
    """Keep all errors, since the next snapshot clears those of the last one."""
    database.sql("CREATE TABLE seen (errors text[])")
    database.sql(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO public.seen VALUES (NEW.errors); RETURN NEW; END $$"
    )
    database.sql(
        "CREATE TRIGGER keep AFTER UPDATE ON powa_snapshot_metas FOR EACH ROW"
        " WHEN (NEW.errors IS NOT NULL) EXECUTE FUNCTION keep()"
    )


def test_a_hand_written_datasource_is_collected(database: Database, make_database: Any) -> None:
    remote = make_database()
    remote.sql(SOURCE.replace("{name}", "app_orders"))
    write_by_hand(database, "app_orders")
    srvid = remote_of(database, remote)
    keep_errors(database)
    cleanup = "SELECT {0}.app_orders_clean()".format("public" if database.powa == "4" else "{powa}")
    database.ok("transient_tables", tables=[{"query_source": "app_orders_src"}])
    declare(database, with_function(query_cleanup=cleanup))
    database.sql("UPDATE powa_servers SET powa_coalesce = 5 WHERE id = %s", (srvid,))
    with running_collector(database):
        sampled = "SELECT count(DISTINCT ts) FROM app_orders_history WHERE srvid = %s AND state = 'open'"
        called = "SELECT count(DISTINCT operation) FROM app_orders_called"
        wait_until(
            lambda: database.value(called) == 2 and database.value(sampled, (srvid,)) >= 5,
            "it was sampled, aggregated and purged",
            120,
        )
        declare(database, changed_copy(APP_ORDERS, enabled=False))
        taken = "SELECT coalesce_seq FROM powa_snapshot_metas WHERE srvid = %s"
        # The one that runs may have read the registry before.
        first = database.value(taken, (srvid,))
        wait_until(lambda: database.value(taken, (srvid,)) > first, "the snapshot that was running ended")
        samples, second = database.value(sampled, (srvid,)), database.value(taken, (srvid,))
        wait_until(lambda: database.value(taken, (srvid,)) > second + 1, "more snapshots were taken")
        assert database.value(sampled, (srvid,)) == samples
    assert database.sql("SELECT errors FROM seen") == [] and database.errors(srvid) is None
    assert remote.value("SELECT count(*) FROM app_orders_cleaned") >= samples
    assert remote.value("SELECT to_regclass('app_orders_history')") is None


def test_pg_track_settings_is_collected(database: Database, make_database: Any) -> None:
    remote = make_database()
    schema = "public" if database.powa == "4" else "track"
    extensions = [{"name": "pg_track_settings", "schema": schema}]
    for each in (remote, database):
        each.sql("CREATE SCHEMA IF NOT EXISTS {0}".format(schema))
        each.ok("extensions", extensions=extensions)
    srvid = remote_of(database, remote)
    keep_errors(database)
    tables = [{"query_source": source, "schema": schema} for source in TRACK_SOURCES]
    assert not database.ok("transient_tables", tables=tables).changed, "the extension brings its own"
    tracked = changed_copy(TRACK_SETTINGS, servers=["remote"])
    result = declare(database, tracked)
    assert all("srvid={0}".format(srvid) in change for change in result["changes"])
    assert not declare(database, tracked).changed
    # PoWA's own way has nothing to add, and the other way round.
    servers = [{"hostname": "127.0.0.1", "extensions": ["pg_track_settings"]}]
    assert not database.ok("servers", servers=servers).changed
    remote.sql("ALTER DATABASE {0} SET work_mem = '7531kB'".format(remote.name))
    with running_collector(database):
        wait_until(
            lambda: (
                database.value(
                    "SELECT count(*) FROM {0}.pg_track_settings_history WHERE srvid = %s AND name = 'work_mem'".format(
                        schema
                    ),
                    (srvid,),
                )
                and database.value(
                    "SELECT count(*) FROM {0}.pg_track_db_role_settings_history"
                    " WHERE srvid = %s AND name = 'work_mem' AND setting = '7531kB'".format(schema),
                    (srvid,),
                )
                and database.value("SELECT count(*) FROM {0}.pg_reboot WHERE srvid = %s".format(schema), (srvid,))
            ),
            "the settings of the remote arrive",
            60,
        )
        first = database.value("SELECT coalesce_seq FROM powa_snapshot_metas WHERE srvid = %s", (srvid,))
        wait_until(
            lambda: (
                database.value("SELECT coalesce_seq FROM powa_snapshot_metas WHERE srvid = %s", (srvid,)) > first + 1
            ),
            "more snapshots were taken",
        )
    assert database.sql("SELECT errors FROM seen") == [] and database.errors(srvid) is None
    declare(database, {"name": "pg_track_settings", "servers": ["remote"], "state": "absent"})
    assert [row for row in registered(database, "pg_track_settings") if row[0] == srvid] == []
    assert not declare(database, {"name": "pg_track_settings", "servers": ["remote"], "state": "absent"}).changed
    if database.powa == "4":
        # And by PoWA's own function, to the same rows.
        assert database.ok("servers", servers=servers).changed
        assert not declare(database, tracked).changed, registered(database, "pg_track_settings")
