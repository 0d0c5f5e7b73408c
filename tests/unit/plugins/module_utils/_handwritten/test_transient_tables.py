# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the functions of hand-written datasources to a plan of their transient tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.objects import Table, TableColumn
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten import transient_tables
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import SRVID, FoundFunction, FoundTable
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.rights import Needed, Right
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables import (
    MARK,
    State,
    TransientTablesTask,
    parse_tables,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, rendered

APP = {"query_source": "app_src"}
COLUMNS = (TableColumn("ts", "date"), TableColumn("n", "integer"))
NAME = ("PoWA", "app_src")
SOURCE = FoundFunction(COLUMNS, None, None)
WRITE = ("DELETE", "INSERT", "SELECT", "TRUNCATE", "UPDATE")
TABLE = Table("PoWA", "app_src_tmp", MARK.format(*NAME), (SRVID, *COLUMNS), unlogged=True, grants={"snap": WRITE})


def found(extension=None, is_table=True, **changes):
    return FoundTable(replace(TABLE, **changes), 7, is_table, extension)


def server(table=None, archivist=POWA_5, **changes):
    parts = {
        "archivist": archivist,
        "extensions": {"powa": "PoWA", "ext": "ext"},
        "functions": {NAME: SOURCE},
        "tables": {("PoWA", "app_src_tmp"): table} if table else {},
        "registered": [],
        "roles": ["coll"],
    }
    return State(**dict(parts, **changes))


def task(*tables, role=None):
    made = TransientTablesTask({"tables": tables or [APP], "collector_role": role})
    assert made.problems == []
    return made


def refused(there, **changes):
    return task(dict(APP, **changes)).check(Recorder(), there)


def planned(there, **changes):
    return task(dict(APP, **changes)).plan(None, there)


def statements(plan):
    return rendered(write for change in plan.changes for write in change.writes)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"query_source": "A"}, 'table of "A", query_source: found "A", expected lower-case letters'),
        ({"query_source": ""}, 'table of "number 1 of the list", query_source: it is empty: give the name of a'),
        (
            dict(APP, schema=""),
            'table of "app_src", schema: it is empty or contains a zero byte: give a schema\'s name',
        ),
        (dict(APP, schema="\0"), 'table of "app_src", schema: it is empty or contains a zero byte'),
        (
            dict(APP, state="absent", adopt=True),
            'table of "app_src", adopt: found true with state "absent", which drops the table: leave it out',
        ),
    ],
)
def test_what_is_wrong_with_an_entry(table, sentence):
    specs, (problem,) = parse_tables([table])
    assert specs == [] and problem.startswith(sentence)


def test_each_source_once():
    assert parse_tables([APP, dict(APP, schema="ext"), APP])[1] == [
        'table of "app_src", query_source: number 1 of the list has the same one: give it once'
    ]


@pytest.mark.parametrize("role", ["", "a\0"])
def test_a_role_that_has_no_name(role):
    assert TransientTablesTask({"tables": [APP], "collector_role": role}).problems == [
        "collector_role: it is empty or contains a zero byte: give a role's name, or leave it out"
    ]


def test_what_can_be_made_is_not_refused():
    assert refused(server()) == [] and refused(server(found())) == [] and refused(server(), state="absent") == []


@pytest.mark.parametrize(
    ("changes", "there", "problem"),
    [
        (
            {"schema": "ext"},
            server(archivist=POWA_4),
            'schema: found "ext", but with PoWA 4.1.4 the collector looks only in public: create the function there',
        ),
        (
            {"schema": "x"},
            server(),
            'schema: found "x", which holds no extension, but the collector looks only in PoWA\'s schema',
        ),
        (
            {},
            server(functions={}),
            "query_source: found no function PoWA.app_src(integer), nor one in any other schema: create the function",
        ),
        (
            {},
            server(functions={("ext", "app_src"): SOURCE}),
            "query_source: found no function PoWA.app_src(integer), but one in schema ext: give that schema",
        ),
        (
            {},
            server(functions={NAME: FoundFunction(COLUMNS, "pgfleet.powa datasource app", None)}),
            "query_source: PoWA.app_src belongs to a datasource of the module pgfleet.powa.datasources, which makes",
        ),
        (
            {},
            server(functions={NAME: replace(SOURCE, stranger="mallory")}),
            'query_source: PoWA.app_src(integer) belongs to role "mallory", which is neither a superuser nor the owner'
            " of the extension powa, and which could change it at any time into code that PoWA runs with the rights of"
            " other roles: check what it does, and give it to a superuser (ALTER ... OWNER TO), or drop it",
        ),
        (
            {"adopt": True},
            server(replace(found(comment=None), stranger="mallory")),
            'query_source: PoWA.app_src_tmp belongs to role "mallory", which is neither',
        ),
        (
            {"state": "absent"},
            server(replace(found(), stranger="mallory")),
            'state: PoWA.app_src_tmp belongs to role "mallory", which is neither a superuser nor the owner of the'
            " extension powa, and this module drops only tables that it made",
        ),
        (
            {},
            server(functions={NAME: FoundFunction((), None, "returns void")}),
            "query_source: PoWA.app_src(integer) returns void",
        ),
        (
            {},
            server(found(is_table=False)),
            "query_source: PoWA.app_src_tmp exists, but is not a plain table: rename or drop it",
        ),
        (
            {"adopt": True},
            server(found("ext")),
            "adopt: PoWA.app_src_tmp belongs to the extension ext, which maintains it: leave adopt out",
        ),
        (
            {},
            server(found(comment=None, columns=(SRVID,))),
            "query_source: PoWA.app_src_tmp has no mark of this module and has the columns (srvid integer),"
            " but the function's result needs (srvid integer, ts date, n integer): change or drop the table",
        ),
        (
            {"state": "absent"},
            server(found(comment=None)),
            "state: PoWA.app_src_tmp has no mark of this module, and this module drops only tables that it made",
        ),
        (
            {"state": "absent"},
            server(found(comment="pgfleet.powa datasource app")),
            "state: PoWA.app_src_tmp belongs to a datasource of the module pgfleet.powa.datasources, and this",
        ),
        (
            {"state": "absent"},
            server(found(unlogged=False)),
            "state: PoWA.app_src_tmp is logged, so someone keeps data in it, and this module drops only"
            " unlogged tables",
        ),
        (
            {"state": "absent"},
            server(found(), registered=[("app", False, "app_src"), ("x", True, "app_src"), ("y", False, "other")]),
            "state: the datasource app is registered with this query_source, and its snapshots would fail without",
        ),
    ],
)
def test_every_refusal(changes, there, problem):
    (sentence,) = refused(there, **changes)
    assert sentence.startswith('table of "app_src", ' + problem)


def test_a_collector_role_that_does_not_exist():
    assert task(role="nobody").check(Recorder(), server()) == [
        'collector_role: role "nobody" does not exist on this server: create it first'
    ]


def test_the_login_makes_tables_that_count():
    (problem,) = task().check(Recorder(), server(stranger="app"))
    assert problem.startswith('login_user: role "app" is neither a superuser nor the owner of the extension powa')


def test_powas_schema_may_be_named_or_left_out_but_not_both():
    assert task(APP, dict(APP, schema="PoWA")).check(Recorder(), server()) == [
        'table of "app_src", schema: without it, this is PoWA.app_src, which the list has already: give it once'
    ]


def test_a_table_is_made():
    plan = planned(server())
    assert plan.summary() == ["create table PoWA.app_src_tmp"]
    assert statements(plan)[0] == (
        'CREATE UNLOGGED TABLE "PoWA"."app_src_tmp" ("srvid" integer NOT NULL, "ts" date, "n" integer)'
    )
    assert statements(plan)[-1].endswith('TO "snap"')


def test_a_table_as_wanted_stays():
    assert not planned(server(found())).changed


def test_a_column_that_others_made_not_null_stays_so():
    columns = (SRVID, COLUMNS[0]._replace(not_null=True), COLUMNS[1])
    assert not planned(server(found(columns=columns))).changed


def test_the_number_of_the_server_is_never_null():
    plan = planned(server(found(columns=(SRVID._replace(not_null=False), *COLUMNS))))
    assert statements(plan) == ['ALTER TABLE "PoWA"."app_src_tmp" ALTER COLUMN srvid SET NOT NULL']


def test_a_logged_table_becomes_unlogged_and_its_size_is_told():
    plan = planned(server(found(unlogged=False, size=4096)))
    assert 'ALTER TABLE "PoWA"."app_src_tmp" SET UNLOGGED' in statements(plan)
    assert [(hazard.effect, hazard.size) for hazard in plan.hazards] == [("rewritten", 4096)]


def test_a_table_with_other_columns_is_made_anew_and_keeps_its_rows():
    old = (SRVID, COLUMNS[1], TableColumn("gone", "text"))
    rename, create, _comment, _grant, copy, drop = statements(planned(server(found(columns=old))))
    assert rename == 'ALTER TABLE "PoWA"."app_src_tmp" RENAME TO "pgfleet_powa_7"'
    assert create.startswith('CREATE UNLOGGED TABLE "PoWA"."app_src_tmp"')
    assert copy == 'INSERT INTO "PoWA"."app_src_tmp" ("srvid", "n") SELECT "srvid", "n" FROM "PoWA"."pgfleet_powa_7"'
    assert drop == 'DROP TABLE "PoWA"."pgfleet_powa_7"'


def test_rows_without_the_number_of_their_server_are_lost():
    assert not any("INSERT INTO" in text for text in statements(planned(server(found(columns=COLUMNS)))))


def test_grants_of_others_stay():
    plan = planned(server(found(columns=(SRVID,), grants={"snap": WRITE, "x": ("SELECT",)})))
    assert 'GRANT SELECT ON TABLE "PoWA"."app_src_tmp" TO "x"' in statements(plan)


def test_a_table_of_somebody_else_that_fits_is_used_as_it_is():
    theirs = server(found(comment=None))
    assert refused(theirs) == [] and not planned(theirs).changed


def test_a_table_of_somebody_else_is_taken_over():
    plan = planned(server(found(comment=None)), adopt=True)
    assert statements(plan) == ['COMMENT ON TABLE "PoWA"."app_src_tmp" IS \'{0}\''.format(MARK.format(*NAME))]


def test_a_table_is_removed():
    plan = planned(server(found()), state="absent")
    assert statements(plan) == ['DROP TABLE "PoWA"."app_src_tmp"']
    assert {entry.kind for entry in plan.replaced} == {"table", "type"}
    assert not planned(server(), state="absent").changed


def test_the_collector_role_writes_where_powa_has_no_roles():
    plan = task(role="coll").plan(None, server(archivist=POWA_4, functions={("public", "app_src"): SOURCE}))
    assert statements(plan)[-1].endswith('ON TABLE "public"."app_src_tmp" TO "coll"')


def test_what_depends_on_a_replaced_table_is_refused():
    plan = planned(server(found()), state="absent")
    cursor = Recorder({"": [("table", "PoWA", "app_src_tmp", "view v")]})
    assert "view v depends on it" in task().check_plan(cursor, server(), plan, False)[0]


def needs(there, role="coll", monitoring=None, **changes):
    """Return the objects on which roles need rights, each with its role."""
    made = TransientTablesTask(
        {"tables": [dict(APP, **changes)], "collector_role": role, "monitoring_role": monitoring}
    )
    (spec,) = made.specs
    return [(need.role, need.object) for need in transient_tables._needs(spec, there, made.roles)]


def test_the_rights_on_what_others_made():
    function = [("coll", "schema PoWA"), ("coll", "function PoWA.app_src(integer)")]
    theirs = [("coll", "schema PoWA"), ("coll", "table PoWA.app_src_tmp")]
    assert needs(server()) == needs(server(found())) == function
    assert needs(server(found(comment=None))) == function + theirs
    # A table that is adopted gets the grants of the module's own.
    assert needs(server(found(comment=None)), adopt=True) == function
    assert needs(server(functions={})) == []
    assert needs(server(), None, "mon") == [("mon", "schema PoWA"), ("mon", "function PoWA.app_src(integer)")]


def test_a_right_that_lacks_is_granted_or_refused():
    need = Needed("collector_role", "coll", "function", "PoWA", "app_src", ("EXECUTE",))
    there = server(found(), rights=[Right(need, "postgres", ("EXECUTE",))])
    assert statements(planned(there)) == ['GRANT EXECUTE ON FUNCTION "PoWA"."app_src"(integer) TO "coll"']
    (problem,) = refused(server(found(), rights=[Right(need, "boss", ("EXECUTE",), ("EXECUTE",))]))
    assert problem.startswith('collector_role: role "coll" lacks EXECUTE on function PoWA.app_src(integer)')
