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
    reader_rights,
    unique,
    web_left,
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


def test_a_monitoring_role_that_may_not_use_schemas_of_extensions():
    found = seen(
        roles=member_of("powa_monitor", "pg_read_all_stats"),
        monitoring={"schemas": {"stats": False, "public": True, "My S": False}},
    )
    assert monitoring_rights(found, "powa_monitor", False) == [
        'GRANT USAGE ON SCHEMA "My S" TO "powa_monitor"',
        'GRANT USAGE ON SCHEMA "stats" TO "powa_monitor"',
    ]


@pytest.mark.parametrize(
    ("version", "uses", "statements"),
    [
        (150000, [], []),
        (160000, ["pg_read_all_stats"], []),
        (160000, [], [STATISTICS.format("powa_monitor") + " WITH INHERIT TRUE"]),
    ],
)
def test_a_membership_counts_if_it_brings_rights(version, uses, statements):
    found = seen(roles={"powa_monitor": {**LOGIN, "member_of": ["pg_read_all_stats"], "uses": uses}})
    found["server"]["version_num"] = version
    assert monitoring_rights(found, "powa_monitor", False) == statements


def test_without_powa_a_monitoring_role_is_a_member_only():
    assert monitoring(()) == [STATISTICS.format("powa_monitor")]


# ---- the roles of a repository


def repository(major=5, **changes):
    roles = {"powa_snapshot": "powa_snapshot", "powa_read_all_metrics": "powa_read_all_metrics"} if major > 4 else {}
    return {
        "major": major,
        "schema": "public",
        "servers": [],
        "powa_roles": roles,
        "relations": [],
        "server_columns": [],
        "granted_select": {},
        "granted_roles": {},
        "web_schema": None,
        "search_paths": {},
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
        {"table": "public.powa_extensions", "may_update": {}, "may_register": {"powa_collector": False}},
        {"table": "a.b", "may_update": {"powa_collector": True}, "may_register": {"powa_collector": False}},
        {"table": "a.c", "may_update": {"powa_collector": True}, "may_register": {"powa_collector": True}},
    ]
    assert collector(repository(version_columns=columns), "powa_snapshot") == [
        'GRANT UPDATE (version) ON "My Schema".powa_extension_config TO "powa_collector"',
        "GRANT UPDATE (version), INSERT (srvid, extname, version), DELETE ON public.powa_extensions"
        ' TO "powa_collector"',
        'GRANT INSERT (srvid, extname, version), DELETE ON a.b TO "powa_collector"',
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


def web(found, *groups, exact=False):
    return web_rights(seen(roles=member_of("powa_web", *groups), repository=found), "powa_web", "po wa", exact)


def left(found, exact=False):
    return web_left(seen(roles=member_of("powa_web"), repository=found), "powa_web", exact)


METRICS = 'GRANT "powa_read_all_metrics" TO "powa_web"'


def test_powa_web_gets_a_role_of_powa_5():
    assert web(repository()) == [STATISTICS.format("powa_web"), METRICS]
    assert web(repository(powa_roles={}), "pg_read_all_stats") == [SETUP, METRICS]
    assert web(repository(powa_roles={"powa_read_all_metrics": "readers"}), "pg_read_all_stats") == [
        'GRANT "readers" TO "powa_web"'
    ]
    assert web(repository(), "pg_read_all_stats", "powa_read_all_metrics") == []
    closed = repository(schema="powa", schema_usage={"powa_web": False})
    assert web(closed, "pg_read_all_stats", "powa_read_all_metrics") == ['GRANT USAGE ON SCHEMA "powa" TO "powa_web"']


@pytest.mark.parametrize("name", ["powa_read_all_data", "My Data"])
def test_powa_web_keeps_a_role_of_powa_5_that_reads_more(name):
    roles = {"powa_read_all_metrics": "powa_read_all_metrics", "powa_read_all_data": name}
    found = repository(granted_roles={"powa_web": [name]}, powa_roles=roles)
    assert web(found, "pg_read_all_stats", name) == []
    assert left(found) == [
        "role powa_web of powa-web has more rights than the pages need, which an earlier version of this collection"
        " granted (member of powa_read_all_data): set powa_web_rights_exact to revoke them"
    ]
    assert web(found, "pg_read_all_stats", name, exact=True) == [
        METRICS,
        'REVOKE "{0}" FROM "powa_web"'.format(name),
    ]
    assert left(found, exact=True) == left(repository()) == []


def column(name, may_read=False):
    return {"name": name, "may_read": {"powa_web": may_read}}


COLUMNS = [column("id"), column("pass word"), column("password")]
VIEW = '"pgfleet_powa_web"."powa_servers"'
READ_COLUMNS = 'GRANT SELECT ("id", "pass word") ON "public"."powa_servers" TO "powa_web"'
GRANT_VIEW = [
    'GRANT USAGE ON SCHEMA "pgfleet_powa_web" TO "powa_web"',
    'GRANT SELECT ON {0} TO "powa_web"'.format(VIEW),
]
MAKE_VIEW = [
    "DROP VIEW IF EXISTS " + VIEW,
    'CREATE VIEW {0} AS SELECT s."id", s."pass word", NULL::pg_catalog.text AS "password"'
    ' FROM "public"."powa_servers" AS s'.format(VIEW),
    *GRANT_VIEW,
]
SET_PATH = 'ALTER ROLE "powa_web" IN DATABASE "po wa" SET search_path = "pgfleet_powa_web", "public"'


def test_powa_web_reads_what_pages_of_powa_4_show():
    relations = [
        relation("powa_servers"),
        relation("powa_statements"),
        relation("powa_databases_src_tmp"),
        relation("pg_track_settings_history", extension="pg_track_settings", schema="track"),
    ]
    assert web(repository(4, relations=relations, server_columns=COLUMNS)) == [
        STATISTICS.format("powa_web"),
        'GRANT SELECT ON "public"."powa_statements" TO "powa_web"',
        'GRANT SELECT ON "track"."pg_track_settings_history" TO "powa_web"',
        READ_COLUMNS,
        'CREATE SCHEMA "pgfleet_powa_web"',
        *MAKE_VIEW,
        SET_PATH,
    ]


def complete(**changes):
    """A repository with PoWA 4 where powa-web's role has everything."""
    columns = [column("id", True), column("pass word", True), column("password")]
    schema = {"ours": True, "columns": ["id", "pass word", "password"], "may_read": {"powa_web": True}}
    parts = {
        "server_columns": columns,
        "web_schema": schema,
        "search_paths": {"powa_web": "pgfleet_powa_web, public"},
        "relations": [{**relation("powa_statements"), "privileges": {"powa_web": ["SELECT"]}}],
    }
    return repository(4, **dict(parts, **changes))


def test_a_login_of_powa_web_that_has_everything():
    assert web(complete(), "pg_read_all_stats") == [] and left(complete()) == []
    closed = complete(schema_usage={"powa_web": False})
    assert web(closed, "pg_read_all_stats") == ['GRANT USAGE ON SCHEMA "public" TO "powa_web"']


def test_the_view_of_the_servers_is_made_again_for_another_column():
    schema = {"ours": True, "columns": ["id"], "may_read": {"powa_web": True}}
    assert web(complete(web_schema=schema), "pg_read_all_stats") == MAKE_VIEW
    schema = {"ours": True, "columns": ["id", "pass word", "password"], "may_read": {"powa_web": False}}
    assert web(complete(web_schema=schema), "pg_read_all_stats") == GRANT_VIEW


def test_a_role_that_is_left_alone_gets_no_search_path():
    found = complete(search_paths={})
    role = seen(roles=member_of("powa_web", "pg_read_all_stats"), repository=found)
    (statement,) = web_rights(role, "powa_web", "powa", False)
    assert statement.startswith('ALTER ROLE "powa_web" IN DATABASE "powa" SET search_path')
    assert web_rights(role, "powa_web", "powa", False, alter=False) == []
    assert web_left(role, "powa_web", False) == []
    assert web_left(role, "powa_web", False, alter=False) == [
        "role powa_web is left as it is, so some pages of powa-web 4 fail, which read powa_servers without passwords in"
        " schema pgfleet_powa_web: set its search_path to pgfleet_powa_web, public in PoWA's database"
    ]


def test_a_schema_and_a_search_path_of_others_are_left_and_named():
    found = complete(
        web_schema={"ours": False, "columns": [], "may_read": {}}, search_paths={"powa_web": "mine, public"}
    )
    assert web(found, "pg_read_all_stats") == []
    assert left(found) == [
        "schema pgfleet_powa_web or its view powa_servers belongs to a role that is not a superuser, so powa-web does"
        " not use it and some of its pages fail: drop it",
        "role powa_web has search_path set to mine, public, so some pages of powa-web 4 fail, which read powa_servers"
        " without passwords in schema pgfleet_powa_web: reset it, or put that schema first",
    ]


def test_what_an_earlier_version_granted_with_powa_4_is_kept_and_named():
    granted = {"powa_web": ["powa_databases", "powa_servers", "powa_statements_src_tmp"]}
    found = complete(granted_select=granted, default_select=["powa_web"])
    assert web(found, "pg_read_all_stats") == []
    assert left(found) == [
        "role powa_web of powa-web has more rights than the pages need, which an earlier version of this collection"
        " granted (SELECT on powa_servers, powa_statements_src_tmp, SELECT on all tables to come): set"
        " powa_web_rights_exact to revoke them"
    ]
    assert web(found, "pg_read_all_stats", exact=True) == [
        'REVOKE SELECT ON "public"."powa_servers", "public"."powa_statements_src_tmp" FROM "powa_web"',
        'ALTER DEFAULT PRIVILEGES IN SCHEMA "public" REVOKE SELECT ON TABLES FROM "powa_web"',
        # The first one takes the rights on columns along.
        READ_COLUMNS,
    ]
    assert left(found, exact=True) == []


# ---- the role that only reads a repository


def reader(found, *groups):
    return reader_rights(seen(roles=member_of("powa_reader", *groups), repository=found), "powa_reader")


HIDDEN = {
    "powa_servers": ["id", "hostname"],
    "powa_functions": [],
    "powa_snapshot_metas": [],
    "powa_statements_history": [],
    "powa_servers_id_seq": [],
    "powa_a_src_tmp": [],
    "powa_b_src_tmp": ["srvid", "ts"],
}
TIMES = 'GRANT SELECT ("srvid", "ts") ON "public"."powa_a_src_tmp" TO "powa_reader"'


def test_a_reader_of_powa_4_gets_what_the_modules_read_but_no_password_and_no_sample():
    read = {"hidden": HIDDEN, "transient": ["powa_a_src_tmp", "powa_b_src_tmp"]}
    monitor, columns, tables, times = reader(repository(4, reader=read))
    assert monitor == 'GRANT "pg_monitor" TO "powa_reader"'
    assert columns.startswith('GRANT SELECT ("port", "alias", ') and columns.endswith(
        '"version") ON "public"."powa_servers" TO "powa_reader"'
    )
    assert "password" not in columns and "history" not in tables
    named = ", ".join('"public"."powa_{0}"'.format(name) for name in ("snapshot_metas", "functions", "servers_id_seq"))
    assert (tables, times) == ('GRANT SELECT ON {0} TO "powa_reader"'.format(named), TIMES)
    assert reader(repository(4, reader={"hidden": {}, "transient": ["powa_a_src_tmp"]}), "pg_monitor") == []


def test_a_reader_of_powa_5_gets_a_role_of_powa_5_and_the_rest():
    read = {"hidden": {"powa_servers_id_seq": [], "powa_a_src_tmp": []}, "transient": ["powa_a_src_tmp"]}
    assert reader(repository(reader=read)) == [
        'GRANT "pg_monitor" TO "powa_reader"',
        'GRANT "powa_read_all_metrics" TO "powa_reader"',
        'GRANT SELECT ON "public"."powa_servers_id_seq" TO "powa_reader"',
        TIMES,
    ]
    closed = repository(schema="powa", schema_usage={"powa_reader": False}, reader=None)
    groups = ("pg_monitor", "powa_read_all_metrics")
    assert reader(closed, *groups) == ['GRANT USAGE ON SCHEMA "powa" TO "powa_reader"']
