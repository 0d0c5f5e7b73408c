# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The function that runs a user's query, and the one that cleans up after it."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Query
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.source import sample_query, source_path
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    LOCAL,
    POWA_5,
    REMOTE,
    REPOSITORY,
    definition,
    wanted,
)

QUERIES = [{"query": "SELECT 13"}, {"min_version": 170000, "query": "SELECT 17"}]


def functions(side=REMOTE, **changes):
    return {entry.name: entry for entry in wanted(definition(**changes), side).objects}


@pytest.mark.parametrize(
    ("security_definer", "search_path", "path"),
    [
        (False, [], 'pg_catalog, "PoWA", pg_temp'),
        (False, ["app", '"PoWA"'], 'pg_catalog, "PoWA", app, pg_temp'),
        (True, [], "pg_catalog, pg_temp"),
        (True, ["app"], "pg_catalog, app, pg_temp"),
    ],
)
def test_where_a_query_looks_up_names(security_definer, search_path, path):
    assert source_path(definition(security_definer=security_definer), POWA_5, search_path) == path


def test_a_sample_has_the_declared_columns_and_types(offline_driver):
    declared = definition()
    assert sample_query(None, declared, Query(0, "SELECT 1 -- %")) == (
        'SELECT q."mode"::text, q."held"::bigint\nFROM (\nSELECT 1 -- %\n) AS q'
    )


def test_a_sample_looks_up_the_schemas_of_extensions(offline_driver):
    sql = "SELECT '{a}\\' AS mode, {x}.f() AS held FROM {y}.v"
    sample = sample_query(None, definition(), Query(0, sql))
    assert sample.startswith('SELECT q.fields[1]::text AS "mode", q.fields[2]::bigint AS "held"\nFROM (')
    assert "{x}" not in sample and "{y}" not in sample
    for name in ("x", "y"):
        assert "WHERE x.extname OPERATOR(pg_catalog.=) '{0}' AND NOT EXISTS".format(name) in sample
        assert ') AS "{0}"'.format(name) in sample
    assert "o.name OPERATOR(pg_catalog.=) ANY (" in sample and sample.count("::pg_catalog.name[]") == 2
    # What an outer ' would make of the backslash depends on a setting.
    assert "$query$\nSELECT pg_catalog.encode(" in sample and "SELECT '{a}\\' AS mode, \n$query$" in sample
    concat = " OPERATOR(pg_catalog.||) "
    named = concat + 'e."x"' + concat + "$query$\n.f() AS held FROM \n$query$" + concat + 'e."y"' + concat
    assert named in sample
    quoted = definition(query=sql + " -- $query$", scope="database")
    assert " -- $query$\n) AS q\n$query_$" in sample_query(None, quoted, quoted.queries[0])


def test_a_snapshot_of_a_remote_is_what_the_collector_has_copied():
    body = functions()["powa_locks_src"].body
    assert 'FROM "public"."powa_locks_src_tmp" AS t\n        WHERE t.srvid OPERATOR(pg_catalog.=) _srvid' in body


def test_one_query_for_all_versions_needs_no_choice():
    assert "CASE" not in functions()["powa_locks_src"].body


def test_the_query_of_the_latest_version_that_fits_runs():
    body = functions(query=None, queries=QUERIES)["powa_locks_src"].body
    assert body.index(">=) 170000") < body.index("SELECT 17") < body.index(">=) 0 THEN") < body.index("SELECT 13")
    assert "RAISE EXCEPTION 'datasource % has no query for PostgreSQL %',\n                'locks'" in body


def test_the_result_is_a_time_and_the_columns():
    source = functions()["powa_locks_src"]
    assert [column.name for column in source.columns] == ["ts", "mode", "held"]
    assert (source.returns, source.volatility) == ("SETOF record", "STABLE")


@pytest.mark.parametrize(("side", "there"), [(REMOTE, True), (LOCAL, True), (REPOSITORY, False)])
def test_a_cleanup_is_where_the_query_runs(side, there):
    assert ("powa_locks_cleanup" in functions(side, query_cleanup="SELECT 2")) is there
    assert "powa_locks_cleanup" not in functions(side)


def test_a_cleanup_runs_what_the_user_wrote():
    cleanup = functions(query_cleanup="SELECT '{x}', $query$a$query$", security_definer=True)["powa_locks_cleanup"]
    assert "EXECUTE $query_$\nSELECT '{x}', $query$a$query$\n$query_$;" in cleanup.body
    assert (cleanup.returns, cleanup.security_definer, cleanup.execute) == ("void", True, ("mon",))


def test_a_quote_is_one_that_no_text_of_the_datasource_has():
    body = functions(query="SELECT $query$x$query$, $query_$y$query_$")["powa_locks_src"].body
    assert body.count("$query__$") == 2


LOCAL_MON = Side(("local",), "mon", None)


def test_in_local_mode_a_query_runs_as_a_role_that_is_no_superuser():
    run = functions(LOCAL_MON)["powa_locks_run"]
    assert (run.security_definer, run.owner, run.execute, run.volatility) == (True, "powa_queries", (), "STABLE")
    assert (
        run.body.index("NOT r.rolsuper") < run.body.index("RAISE EXCEPTION 'datasource %") < run.body.index("EXECUTE")
    )
    assert run.search_path == functions(LOCAL_MON)["powa_locks_src"].search_path
    assert "powa_locks_run" not in functions(REMOTE) and "powa_locks_run" not in functions(REPOSITORY)


def test_in_local_mode_a_query_runs_as_its_owner_if_the_user_says_so():
    run = functions(LOCAL_MON, security_definer=True)["powa_locks_run"]
    assert (run.security_definer, run.owner) == (True, None) and "rolsuper" not in run.body


def test_in_local_mode_a_cleanup_runs_as_the_monitoring_role():
    made = functions(LOCAL_MON, query_cleanup="SELECT 2")
    assert made["powa_locks_cleanup"].execute == ("coll", "mon")
    cleanup = made["powa_locks_run_cleanup"]
    assert (cleanup.search_path, cleanup.security_definer, cleanup.owner) == ("pg_catalog, pg_temp", False, None)
    assert 'FROM "public"."powa_locks_cleanup"(0) AS c WITH NO DATA' in cleanup.body
    assert 'ALTER MATERIALIZED VIEW "public"."powa_locks_run_cleanup_view" OWNER TO "mon"' in cleanup.body
    assert "powa_locks_run_cleanup" not in functions(LOCAL_MON)
