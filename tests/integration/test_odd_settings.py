# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of a database and a role change nothing of what a module does, returns or leaves: the oracle is a plain
database beside it."""

from __future__ import annotations

import json
import re
import sys
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import Any, Dict, Iterator, List, Optional

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import session
from datasources import LOCK_MODES
from servers import PASSWORD, ROOT, Database, ModuleResult, Server, on_every_server, wait_until
from test_contract import CASES, READ_ONLY, WITHOUT_DATABASE
from test_host_info import read

ROLE = "odd_dba"
#: Each is legal, and PostgreSQL's default is none of them.
ODD: Dict[str, str] = {
    "role": "nobody_special",
    "search_path": "odd, pg_catalog, public",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "statement_timeout": "1s",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "300ms",
    "standard_conforming_strings": "off",
    "backslash_quote": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "row_security": "off",
    "check_function_bodies": "off",
    "plpgsql.extra_errors": "all",
    "plpgsql.variable_conflict": "use_column",
    "exit_on_error": "on",
    "client_min_messages": "debug2",
    "session_replication_role": "replica",
    "client_encoding": "LATIN1",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kathmandu",
    "timezone_abbreviations": "Australia",
    "bytea_output": "escape",
    "extra_float_digits": "-12",
    "quote_all_identifiers": "on",
    "xmlbinary": "hex",
    "xmloption": "document",
    "default_tablespace": "odd",
    "default_table_access_method": "odd_heap",
    "temp_tablespaces": "odd",
    "jit": "on",
    "jit_above_cost": "0",
    "jit_inline_above_cost": "0",
    "jit_optimize_above_cost": "0",
    "work_mem": "64kB",
    "max_parallel_workers_per_gather": "8",
    "cursor_tuple_fraction": "1",
    "plan_cache_mode": "force_custom_plan",
    "from_collapse_limit": "1",
    "join_collapse_limit": "1",
    "geqo_threshold": "2",
    "constraint_exclusion": "on",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_indexscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashagg": "off",
}
NEWER: Dict[str, str] = {
    "idle_session_timeout": "1s",
    "transaction_timeout": "1s",
    "default_toast_compression": "lz4",
    "createrole_self_grant": "set",
    "restrict_nonsystem_relation_kind": "view, foreign-table",
    "enable_memoize": "off",
    "debug_parallel_query": "on",
}

#: Operators before those of pg_catalog, and functions of the names that are used most: whoever calls one fails.
IMPOSTORS = """
    CREATE ACCESS METHOD odd_heap TYPE TABLE HANDLER pg_catalog.heap_tableam_handler;
    CREATE SCHEMA odd;
    DO $do$
    DECLARE o record;
    BEGIN
        FOR o IN
            SELECT p.oprname AS name, format_type(p.oprleft, NULL) AS l, format_type(p.oprright, NULL) AS r,
                format_type(p.oprresult, NULL) AS result, row_number() OVER () AS number
            FROM pg_operator AS p
            WHERE p.oprname IN ('=', '<>', '<', '>', '<=', '>=', '||', '-', '+', '->', '->>', '~', '~~', '&&', '@>')
              AND p.oprnamespace = 'pg_catalog'::regnamespace AND p.oprleft <> 0
              AND NOT EXISTS (SELECT FROM pg_type AS t
                  WHERE t.oid IN (p.oprleft, p.oprright, p.oprresult) AND t.typtype = 'p')
        LOOP
            EXECUTE format('CREATE FUNCTION odd.impostor_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS '
                '$f$ BEGIN RAISE EXCEPTION ''an impostor was called: %s''; END $f$',
                o.number, o.l, o.r, o.result, replace(o.name, '%', '%%'));
            EXECUTE format('CREATE OPERATOR odd.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = odd.impostor_%s)',
                o.name, o.l, o.r, o.number);
        END LOOP;
        FOR o IN
            SELECT p.proname AS name, pg_get_function_identity_arguments(p.oid) AS arguments,
                pg_get_function_result(p.oid) AS result
            FROM pg_proc AS p
            WHERE p.proname IN ('set_config', 'current_setting', 'texteq', 'format_type', 'obj_description', 'upper',
                  'lower', 'max', 'min', 'sum', 'count', 'jsonb_build_object', 'now', 'split_part', 'quote_ident')
              AND p.prokind = 'f' AND NOT p.proretset AND p.provariadic = 0
              AND NOT EXISTS (SELECT FROM pg_type AS t
                  WHERE t.oid = ANY (p.proargtypes::oid[] || p.prorettype) AND t.typtype = 'p')
        LOOP
            EXECUTE format('CREATE FUNCTION odd.%I(%s) RETURNS %s LANGUAGE plpgsql AS '
                '$f$ BEGIN RAISE EXCEPTION ''an impostor was called: %s''; END $f$',
                o.name, o.arguments, o.result, o.name);
        END LOOP;
    END $do$;
    GRANT USAGE ON SCHEMA odd TO PUBLIC;
"""

#: Values whose text depends on settings.
DELICATE: Dict[str, Any] = {
    "name": "delicate",
    "query": """
        SELECT timestamptz '2026-02-03 04:05:06+00' AS at, date '2026-02-03' AS day, interval '-1 day 02:00' AS span,
            '\\x00ff41'::bytea AS bytes, float8 '0.1' + float8 '0.2' AS sum, 7::bigint AS n, interval '90 s' AS took
    """,
    "keys": [
        {"name": "at", "type": "timestamptz"},
        {"name": "day", "type": "date"},
        {"name": "span", "type": "interval"},
        {"name": "bytes", "type": "bytea"},
        {"name": "sum", "type": "float8"},
    ],
    "metrics": [
        {"name": "n", "type": "bigint", "kind": "gauge"},
        {"name": "took", "type": "interval", "kind": "gauge"},
    ],
}
BOTH = {"server_kind": ["repository", "remote"], "monitoring_role": "powa", "datasources": [DELICATE, LOCK_MODES]}


@pytest.fixture(scope="module")
def odd_server(server: Server) -> Iterator[Server]:
    """A server with a role for the modules, and a tablespace."""
    server.shell("install --directory --owner=postgres --mode=0700 /var/lib/postgresql/odd")
    server.sql("postgres", "CREATE ROLE {0} LOGIN SUPERUSER PASSWORD '{1}'".format(ROLE, PASSWORD))
    server.sql("postgres", "CREATE TABLESPACE odd LOCATION '/var/lib/postgresql/odd'")
    yield server
    server.sql("postgres", "DROP ROLE {0}".format(ROLE))
    server.sql("postgres", "DROP TABLESPACE odd")


def odd_settings(server: Server) -> Dict[str, str]:
    """Return those that the server has."""
    there = {name for (name,) in server.sql("postgres", "SELECT name FROM pg_settings")}
    assert {name for name in ODD if "." not in name and name not in ("role",)} <= there | {"exit_on_error"}
    return {**ODD, **{name: value for name, value in NEWER.items() if name in there}}


@contextmanager
def made_odd(database: Database, only_role: bool = False, settings: Optional[Dict[str, str]] = None) -> Iterator[None]:
    """Give the database, and the role of the modules within it, the odd settings.

    :param settings: those that are to be less odd
    """
    owner = 'DATABASE "{0}"'.format(database.name)
    role = "ROLE {0} IN {1}".format(ROLE, owner)
    odd = odd_settings(database.server)
    odd.update({name: value for name, value in (settings or {}).items() if name in odd})
    for position, (name, value) in enumerate(odd.items()):
        whose = owner if position % 2 and not only_role and name != "role" else role
        words = value if name in ("search_path", "temp_tablespaces", "DateStyle") else "'{0}'".format(value)
        database.server.sql("postgres", "ALTER {0} SET {1} = {2}".format(whose, name, words))
    try:
        yield
    finally:
        database.server.sql("postgres", "ALTER {0} RESET ALL".format(owner))
        database.server.sql("postgres", "ALTER {0} RESET ALL".format(role))


def run(database: Database, module: str, check: bool = False, **params: Any) -> ModuleResult:
    return database.ok(module, check, login_user=ROLE, **params)


def comparable(result: ModuleResult, database: Database) -> Any:
    """Return a result without what depends on the moment or on the database's name."""
    # What the collector's workers do at the moment is theirs.
    left_out = ("invocation", "workers")
    found = {name: value for name, value in result.result.items() if name not in left_out}
    # The odd settings themselves are named.
    found.update({"roles": [dict(role, settings=[]) for role in found["roles"]]} if "roles" in found else {})
    text = json.dumps(found, sort_keys=True)
    text = text.replace(database.name, "DATABASE")
    text = re.sub(r'"(age|seconds|size|bytes|live_rows|oldest|pid)": [0-9]+', r'"\1": 0', text)
    return json.loads(re.sub(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|\+00)?", "MOMENT", text))


def left(database: Database) -> str:
    """Return what the database holds, as far as two of them can be equal."""
    text = database.dump().text.replace(database.name, "DATABASE")
    text = re.sub(r"SCRAM-SHA-256\$[0-9]+:[^']+", "VERIFIER", re.sub(r"'oid': '[0-9]+'", "'oid': 0", text))
    return re.sub(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|\+00)?", "MOMENT", text)


def test_every_module_has_its_turn() -> None:
    assert not {*CASES, *READ_ONLY} & set(WITHOUT_DATABASE)
    assert len(ODD) > 30


@pytest.mark.parametrize("module", sorted(CASES))
def test_a_module_that_writes(odd_server: Server, make_database: Any, module: str) -> None:
    case = CASES[module]
    results: List[Any] = []
    for odd in (False, True):
        database = make_database()
        case.prepare(database)
        database.sql(IMPOSTORS)
        with case.beside(database):
            settings = made_odd(database, only_role=module == "collector") if odd else _plain()
            with settings:
                runs = [run(database, module, check=check, **case.params) for check in (True, False, False)]
        results.append(([comparable(result, database) for result in runs], left(database)))
    assert results[0][0] == results[1][0]
    if module not in ("snapshot", "collector"):
        assert results[0][1] == results[1][1]


@contextmanager
def _plain() -> Iterator[None]:
    yield


@pytest.fixture
def collected(odd_server: Server, database: Database) -> Database:
    """A repository with samples, some of them aggregated."""
    (srvid,) = database.register("one")
    database.ok("datasources", **BOTH)
    for _turn in range(2):
        for name in ("delicate", "lock_modes"):
            database.collect(name, srvid)
        database.take_snapshot(srvid)
    database.sql(IMPOSTORS)
    return database


@pytest.mark.parametrize(
    ("module", "params"),
    [
        ("history_info", {"range": "1 day", "until": "2100-03-02 12:00"}),
        ("history_info", {"range": "200 years", "until": "2100-02-03 12:00 EST"}),
        ("server_info", {"monitoring_role": "powa", "collector_timeout": 1}),
    ],
)
def test_a_module_that_reads(collected: Database, module: str, params: Dict[str, Any]) -> None:
    plain = run(collected, module, **params)
    with made_odd(collected):
        odd = run(collected, module, **params)
    assert comparable(plain, collected) == comparable(odd, collected)
    assert module == "server_info" or "0.30000000000000004" in json.dumps(odd.result) or params["range"] == "1 day"


def test_a_definition_is_no_drift(collected: Database) -> None:
    with made_odd(collected):
        assert not run(collected, "datasources", **BOTH).changed
        found = run(collected, "server_info", monitoring_role="powa", collector_timeout=1)
    assert not [problem for problem in found["problems"] if "drift" in problem["kind"]]


def test_a_user_sql_is_still_described_as_it_runs(collected: Database) -> None:
    """Every error of a query ends the session with exit_on_error."""
    with made_odd(collected):
        wrong = dict(LOCK_MODES, name="wrong", query="SELECT mode, nix AS held FROM pg_locks")
        result = collected.run(
            "datasources", login_user=ROLE, server_kind=["remote"], monitoring_role="powa", datasources=[wrong]
        )
    assert result.failed and 'column "nix" does not exist' in result["msg"], result["msg"]


def test_what_host_info_reads(odd_server: Server, collected: Database) -> None:
    options = {"database": collected.name, "monitoring_role": "powa", "repository": True}
    plain = read(odd_server.container, **options)
    names = ("postgres", collected.name)
    settings = odd_settings(odd_server)
    # They exist in one database only, or would stop the test itself.
    for name in ("role", "search_path", "default_table_access_method"):
        del settings[name]
    try:
        for name, value in settings.items():
            words = value if name in ("temp_tablespaces", "DateStyle") else "'{0}'".format(value)
            for database in names:
                odd_server.sql("template1", 'ALTER DATABASE "{0}" SET {1} = {2}'.format(database, name, words))
        odd_server.sql("template1", 'ALTER DATABASE "{0}" SET search_path = odd, pg_catalog'.format(collected.name))
        odd = read(odd_server.container, **options)
    finally:
        for name in names:
            odd_server.sql("template1", 'ALTER DATABASE "{0}" RESET ALL'.format(name))
    # These are what it reads.
    paths = [found["repository"].pop("search_paths") for found in (plain, odd)]
    assert plain == odd and all("odd, pg_catalog" in path for path in paths[1].values())


def _page(database: Database, srvid: int) -> Any:
    """Return what a page of powa-web 5 reads."""
    sys.path.insert(0, str(ROOT / "powa_web_pages" / "src"))
    from powa_web_pages.connection import reading
    from powa_web_pages.repository import Range, Repository
    from powa_web_pages.selection import all_graphs

    within = Range("2020-01-01T00:00:00+00:00", "2100-01-01T00:00:00+00:00")
    with closing(database.server.connect(database.name, ROLE)) as connection:
        connection.autocommit = False
        with reading(SimpleNamespace(connect=lambda: connection)) as cursor:
            repository = Repository(cursor, srvid)
            found = {entry.name: entry for entry in repository.datasources()}
            busiest = repository.busiest([all_graphs(entry) for entry in found.values()], within)
            return found.keys(), busiest, [repository.latest(entry, within) for entry in found.values()]


def test_what_a_page_of_powa_web_reads(collected: Database) -> None:
    srvid = collected.value("SELECT max(id) FROM powa_servers")
    plain = _page(collected, srvid)
    # As powa-web, it begins a transaction of its own, which is not ours to make.
    settings = {"search_path": "odd, pg_catalog, public", "idle_in_transaction_session_timeout": "0"}
    settings.update(default_transaction_deferrable="off", transaction_timeout="0", role="none", exit_on_error="off")
    with made_odd(collected, settings=settings):
        odd = _page(collected, srvid)
    assert plain == odd and len(plain[0]) == 2


@on_every_server
def test_every_planner_setting_of_the_server_is_pinned(server: Server) -> None:
    """What is on by default: another release may have more of them."""
    names = server.sql("postgres", "SELECT name FROM pg_settings WHERE name ~ '^enable_' AND boot_val = 'on'")
    assert {name for (name,) in names} <= {*session._SETTINGS, *session._NEWER}


@on_every_server
def test_every_pinned_value_is_legal_and_the_usual_one(server: Server) -> None:
    """On a server without any configuration, only a few settings differ, and these on purpose."""
    wait_until(lambda: server.sql("postgres", "SELECT 1"), "the server answers")
    boot = dict(server.sql("postgres", "SELECT lower(name), coalesce(boot_val, '') FROM pg_settings"))
    pinned = {name.lower(): value for name, value in {**session._SETTINGS, **session._NEWER}.items()}
    with_units = {"work_mem": "16384"}
    meant = {"search_path", "application_name", "client_min_messages", "client_encoding", "timezone", "jit", "work_mem"}
    meant |= {"max_parallel_workers_per_gather", "timezone_abbreviations", "role"}
    server.sql("postgres", session.pinned({}))
    different = {
        name for name, value in pinned.items() if name in boot and with_units.get(name, value) != boot[name]
    } - meant
    assert different <= {"datestyle", "default_transaction_isolation", "escape_string_warning"}, different
