# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rights roles lack, and the statements that grant them."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rights import (
    collector_rights,
    monitoring_rights,
    qualified,
    quote_ident,
    unique,
    web_rights,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import LOGIN, seen

STATISTICS = 'GRANT "pg_read_all_stats" TO "{0}"'
SETUP = 'SELECT "public"."setup_powa_roles"(EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = \'powa_snapshot\'))'


def member_of(role, *groups):
    return {role: {**LOGIN, "member_of": list(groups)}}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("powa", '"powa"'),
        ("Powa Role", '"Powa Role"'),
        ('a"b', '"a""b"'),
        ('x"; DROP ROLE y; --', '"x""; DROP ROLE y; --"'),
    ],
)
def test_a_name_is_quoted_whatever_it_contains(name, written):
    assert quote_ident(name) == written


def test_an_object_is_named_with_its_schema():
    assert qualified("my schema", "powa_servers") == '"my schema"."powa_servers"'


def test_a_statement_is_run_once():
    assert unique(["b", "a", "b"]) == ["b", "a"]


# ---- the monitoring role


def monitoring(groups=("pg_read_all_stats",), tables=None, functions=None, resets=True, schema="public"):
    found = seen(roles=member_of("powa_monitor", *groups), monitoring={"tables": tables, "functions": functions})
    if tables is None:
        found["monitoring"] = {}
    found["extensions"]["pg_qualstats"]["schema"] = schema
    return monitoring_rights(found, "powa_monitor", resets)


def test_a_monitoring_role_with_all_rights():
    assert monitoring(tables={"powa_databases": True}, functions={"pg_qualstats_reset": True}) == []


def test_a_monitoring_role_without_rights():
    tables = {"powa_statements": False, "powa_databases": False}
    assert monitoring((), tables, {"pg_qualstats_reset": False}) == [
        STATISTICS.format("powa_monitor"),
        'GRANT USAGE ON SCHEMA "public" TO "powa_monitor"',
        'GRANT SELECT ON "public"."powa_databases", "public"."powa_statements" TO "powa_monitor"',
        'GRANT EXECUTE ON FUNCTION "public"."pg_qualstats_reset"() TO "powa_monitor"',
    ]


def test_only_what_a_monitoring_role_lacks_is_granted():
    tables = {"powa_statements": False, "powa_databases": True}
    assert monitoring(tables=tables, functions={})[-1] == (
        'GRANT SELECT ON "public"."powa_statements" TO "powa_monitor"'
    )
    assert monitoring(tables={}, functions={"pg_qualstats_reset": False}, schema="stats") == [
        'GRANT USAGE ON SCHEMA "stats" TO "powa_monitor"',
        'GRANT EXECUTE ON FUNCTION "stats"."pg_qualstats_reset"() TO "powa_monitor"',
    ]


def test_pg_qualstats_is_reset_only_where_the_collector_reads_it():
    assert monitoring(tables={}, functions={"pg_qualstats_reset": False}, resets=False) == []
    # The extension is not there, and a function of that name is somebody's own.
    assert monitoring(tables={}, functions={}) == []
    own = seen(
        roles=member_of("powa_monitor", "pg_read_all_stats"), monitoring={"functions": {"pg_qualstats_reset": False}}
    )
    del own["extensions"]["pg_qualstats"]
    assert monitoring_rights(own, "powa_monitor", True) == []


def test_without_powa_a_monitoring_role_is_a_member_only():
    assert monitoring(()) == [STATISTICS.format("powa_monitor")]


# ---- the roles of a repository


def repository(major=5, **changes):
    roles = {"powa_snapshot": "powa_snapshot", "powa_read_all_data": "powa_read_all_data"} if major > 4 else {}
    return {
        "major": major,
        "schema": "public",
        "servers": [],
        "powa_roles": roles,
        "relations": [],
        "schema_relations_unread": {},
        "version_columns": [],
        "default_select": [],
        **changes,
    }


def relation(name, privileges=(), kind="r", extension="powa", schema="public"):
    return {
        "extension": extension,
        "schema": schema,
        "name": name,
        "kind": kind,
        "privileges": {"powa_collector": list(privileges)},
    }


def collector(found, *groups):
    return collector_rights(seen(roles=member_of("powa_collector", *groups), repository=found), "powa_collector")


def test_powa_5_makes_its_roles_and_the_collector_gets_one():
    unset = {"powa_snapshot": None, "powa_read_all_data": None}
    assert collector(repository(powa_roles=unset)) == [SETUP, 'GRANT "powa_snapshot" TO "powa_collector"']
    assert collector(repository(powa_roles={})) == [SETUP, 'GRANT "powa_snapshot" TO "powa_collector"']
    assert collector(repository(powa_roles={"powa_snapshot": "My Snapshots"})) == [
        'GRANT "My Snapshots" TO "powa_collector"'
    ]
    assert collector(repository(), "powa_snapshot") == []


def test_the_collector_records_versions():
    columns = [
        {"table": "public.powa_servers", "may_update": {"powa_collector": True}},
        {"table": '"My Schema".powa_extension_config', "may_update": {"powa_collector": False}},
        {"table": "public.powa_extensions", "may_update": {}},
    ]
    assert collector(repository(version_columns=columns), "powa_snapshot") == [
        'GRANT UPDATE (version) ON "My Schema".powa_extension_config TO "powa_collector"',
        'GRANT UPDATE (version) ON public.powa_extensions TO "powa_collector"',
    ]


def test_powa_4_grants_what_powa_5_gives_its_role():
    relations = [
        relation("powa_servers"),
        relation("powa_all_functions", kind="v"),
        relation("powa_modules", ["SELECT"]),
        relation("powa_statements_history"),
        relation("powa_databases", ["SELECT", "INSERT", "UPDATE"]),
        relation("powa_statements", ["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ]
    assert collector(repository(4, relations=relations)) == [
        'GRANT SELECT ON "public"."powa_all_functions", "public"."powa_servers" TO "powa_collector"',
        'GRANT SELECT, INSERT, UPDATE, DELETE ON "public"."powa_databases", "public"."powa_statements_history"'
        ' TO "powa_collector"',
    ]


@pytest.mark.parametrize("major", [4, 5])
def test_tables_of_pg_track_settings_are_granted_with_both_versions(major):
    track = {"extension": "pg_track_settings", "schema": "track"}
    relations = [
        relation("pg_track_settings_history", **track),
        # A name of PoWA's registry means nothing there.
        relation("powa_servers", ["SELECT"], **track),
        relation("pg_track_settings_list", ["SELECT", "INSERT", "UPDATE", "DELETE"], **track),
    ]
    assert collector(repository(major, relations=relations), "powa_snapshot") == [
        'GRANT SELECT, INSERT, UPDATE, DELETE ON "track"."pg_track_settings_history", "track"."powa_servers"'
        ' TO "powa_collector"'
    ]


@pytest.mark.parametrize("major", [4, 5])
def test_the_schema_of_powa_may_be_closed(major):
    usage = 'GRANT USAGE ON SCHEMA "PoWA" TO "powa_collector"'
    closed = repository(major, schema="PoWA", schema_usage={"powa_collector": False})
    assert collector(closed, "powa_snapshot") == [usage]
    assert collector(repository(major, schema_usage={"powa_collector": True}), "powa_snapshot") == []


def web(found, *groups):
    return web_rights(seen(roles=member_of("powa_web", *groups), repository=found), "powa_web")


def test_powa_web_gets_a_role_of_powa_5():
    assert web(repository()) == [STATISTICS.format("powa_web"), 'GRANT "powa_read_all_data" TO "powa_web"']
    assert web(repository(powa_roles={}), "pg_read_all_stats") == [
        SETUP,
        'GRANT "powa_read_all_data" TO "powa_web"',
    ]
    assert web(repository(powa_roles={"powa_read_all_data": "readers"}), "pg_read_all_stats") == [
        'GRANT "readers" TO "powa_web"'
    ]
    assert web(repository(), "pg_read_all_stats", "powa_read_all_data") == []
    closed = repository(schema="powa", schema_usage={"powa_web": False})
    assert web(closed, "pg_read_all_stats", "powa_read_all_data") == ['GRANT USAGE ON SCHEMA "powa" TO "powa_web"']


def test_powa_web_reads_all_tables_of_powa_4_and_those_to_come():
    tables = 'GRANT SELECT ON ALL TABLES IN SCHEMA "public" TO "powa_web"'
    later = 'ALTER DEFAULT PRIVILEGES IN SCHEMA "public" GRANT SELECT ON TABLES TO "powa_web"'
    assert web(repository(4)) == [STATISTICS.format("powa_web"), tables, later]
    read = {"schema_relations_unread": {"powa_web": False}}
    assert web(repository(4, **read), "pg_read_all_stats") == [later]
    unread = {"schema_relations_unread": {"powa_web": True}, "default_select": ["powa_web"]}
    assert web(repository(4, **unread), "pg_read_all_stats") == [tables]
    closed = {**read, "default_select": ["powa_web"], "schema_usage": {"powa_web": False}}
    assert web(repository(4, **closed), "pg_read_all_stats") == ['GRANT USAGE ON SCHEMA "public" TO "powa_web"']
