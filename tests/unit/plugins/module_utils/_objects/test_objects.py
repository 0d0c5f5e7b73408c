# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each kind of object creates, alters, drops and describes itself, and says what that costs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import raw
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Hazard, Replaced
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import (
    SERVER_AND_RANGE,
    Function,
    Index,
    RecordType,
    Table,
    TableColumn,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import rendered

COLUMNS = (TableColumn("srvid", "integer", True), TableColumn("k%", "text"))
TYPE = RecordType("powa", "r", "mark", COLUMNS)
TABLE = Table("powa", "t", "mark", COLUMNS, grants={"coll": ("SELECT",)})
HISTORY = replace(TABLE, server_key=True, toast_target=True, main_columns=("mins_in_range",))
INDEX = Index("powa", "i", "mark: keys (oid)", "t", "gist", 2, raw("a, b"))
FUNCTION = Function("powa", "f", "mark", (), "void", "BEGIN END", "VOLATILE", "pg_catalog", ("coll",))
SOURCE = replace(FUNCTION, columns=(TableColumn("ts", "date"),), returns="SETOF record")

TYPE_COMMENT = 'COMMENT ON TYPE "powa"."r" IS \'mark\''
TABLE_COMMENT = 'COMMENT ON TABLE "powa"."t" IS \'mark\''
FUNCTION_COMMENT = 'COMMENT ON FUNCTION "powa"."f"(integer) IS \'mark\''
TABLE_GRANT = 'GRANT SELECT ON TABLE "powa"."t" TO "coll"'
REVOKE = 'REVOKE ALL ON FUNCTION "powa"."f"(integer) FROM PUBLIC'
EXECUTE = 'GRANT EXECUTE ON FUNCTION "powa"."f"(integer) TO "coll"'
SET_KEY = (
    'ALTER TABLE "powa"."t" ADD FOREIGN KEY (srvid) REFERENCES "powa"."powa_servers" (id)'
    " MATCH FULL ON UPDATE CASCADE ON DELETE CASCADE"
)
SET_TOAST = 'ALTER TABLE "powa"."t" SET (toast_tuple_target = 128)'
SET_MAIN = 'ALTER TABLE "powa"."t" ALTER COLUMN "mins_in_range" SET STORAGE MAIN'
INDEX_STATEMENTS = [
    'CREATE INDEX "i" ON "powa"."t" USING gist (a, b)',
    'COMMENT ON INDEX "powa"."i" IS \'mark: keys (oid)\'',
]


def all_of(wanted):
    return rendered(wanted.create())


@pytest.mark.parametrize("wanted", [TYPE, TABLE, HISTORY, INDEX, FUNCTION, SOURCE], ids=lambda entry: entry.identity)
def test_what_is_as_wanted_is_left_alone(wanted):
    assert wanted.alter(wanted) == [] and wanted.hazards(wanted) == [] and not wanted.replaced_by(wanted)


@pytest.mark.parametrize(
    ("wanted", "kind", "dropped"),
    [
        (TYPE, "type", 'DROP TYPE "powa"."r"'),
        (TABLE, "table", 'DROP TABLE "powa"."t"'),
        (INDEX, "index", 'DROP INDEX "powa"."i"'),
        (FUNCTION, "function", 'DROP FUNCTION "powa"."f"(integer)'),
    ],
)
def test_an_object_is_named_and_dropped_by_its_kind(wanted, kind, dropped):
    assert wanted.identity == "{0} powa.{1}".format(kind, wanted.name)
    assert wanted.replaced[0] == Replaced(kind, "powa", wanted.name)
    assert rendered(wanted.drop()) == [dropped]


def test_a_function_is_named_with_its_parameters():
    reader = replace(FUNCTION, parameters=SERVER_AND_RANGE)
    assert rendered(reader.drop()) == [
        'DROP FUNCTION "powa"."f"(integer, timestamp with time zone, timestamp with time zone)'
    ]


def test_a_type():
    assert all_of(TYPE) == ['CREATE TYPE "powa"."r" AS ("srvid" integer NOT NULL, "k%" text)', TYPE_COMMENT]
    assert TYPE.describe() == "srvid integer not null\nk% text\ncomment: mark"
    assert rendered(TYPE.alter(replace(TYPE, comment=None))) == [TYPE_COMMENT]


def test_a_table():
    assert all_of(TABLE) == [
        'CREATE TABLE "powa"."t" ("srvid" integer NOT NULL, "k%" text)',
        TABLE_COMMENT,
        TABLE_GRANT,
    ]
    assert all_of(replace(TABLE, unlogged=True))[0].startswith('CREATE UNLOGGED TABLE "powa"."t"')
    assert all_of(HISTORY)[1:4] == [SET_KEY, SET_TOAST, SET_MAIN]


def test_a_table_in_a_diff():
    assert TABLE.describe() == "logged\nsrvid integer not null\nk% text\ncomment: mark\ngrant SELECT to coll"
    assert replace(HISTORY, unlogged=True).describe().splitlines() == [
        "unlogged",
        "srvid integer not null",
        "k% text",
        "key to powa_servers",
        "toast_tuple_target 128",
        "storage main: mins_in_range",
        "comment: mark",
        "grant SELECT to coll",
    ]


@pytest.mark.parametrize(
    ("wanted", "found", "statements"),
    [
        (TABLE, replace(TABLE, comment=None), [TABLE_COMMENT]),
        (TABLE, replace(TABLE, grants={}), [TABLE_GRANT]),
        (TABLE, replace(TABLE, grants={"coll": ("SELECT", "INSERT"), "x": ("SELECT",)}), []),
        (TABLE, HISTORY, []),
        (TABLE, replace(TABLE, unlogged=True), ['ALTER TABLE "powa"."t" SET LOGGED', TABLE_COMMENT]),
        (
            replace(TABLE, unlogged=True),
            TABLE,
            ['ALTER TABLE "powa"."t" SET UNLOGGED', TABLE_COMMENT],
        ),
        (HISTORY, TABLE, [SET_KEY, SET_TOAST, SET_MAIN, TABLE_COMMENT]),
        (HISTORY, replace(HISTORY, main_columns=()), [SET_MAIN, TABLE_COMMENT]),
    ],
)
def test_a_table_is_altered(wanted, found, statements):
    assert rendered(wanted.alter(found)) == statements


@pytest.mark.parametrize(
    ("wanted", "effect", "lock"),
    [
        (replace(TABLE, unlogged=True), "rewritten", "ACCESS EXCLUSIVE"),
        (HISTORY, "read", "SHARE ROW EXCLUSIVE"),
    ],
)
def test_the_hazards_of_a_table_have_its_size(wanted, effect, lock):
    (hazard,) = replace(TABLE, size=4096).hazards(wanted)
    assert (hazard.effect, hazard.object, hazard.lock, hazard.size) == (effect, "table powa.t", lock, 4096)


def test_a_table_takes_its_row_type_with_it():
    assert TABLE.replaced == [Replaced("table", "powa", "t"), Replaced("type", "powa", "t")]


def test_the_size_makes_no_difference():
    assert replace(TABLE, size=1) == TABLE and replace(INDEX, size=1, columns=None) == INDEX


def test_a_table_keeps_the_grants_of_others():
    kept = TABLE.keeping(replace(TABLE, grants={"x": ("SELECT",), "coll": ("INSERT",)}))
    assert kept.grants == {"x": ("SELECT",), "coll": ("INSERT", "SELECT")}


def test_an_index():
    assert all_of(INDEX) == INDEX_STATEMENTS
    assert INDEX.describe() == "on t using gist, 2 columns\ncomment: mark: keys (oid)"


@pytest.mark.parametrize("other", [{"method": "btree"}, {"width": 1}, {"comment": "mark: keys (text)"}, {"table": "u"}])
def test_another_index_is_made_anew(other):
    found = replace(INDEX, size=8192, **other)
    assert rendered(INDEX.alter(found)) == ['DROP INDEX "powa"."i"', *INDEX_STATEMENTS]
    assert found.hazards(INDEX) == [
        Hazard("rebuilt", "index powa.i", "its definition changes", "ACCESS EXCLUSIVE", 8192)
    ]


def test_a_function():
    create, *others = all_of(FUNCTION)
    assert create == (
        'CREATE FUNCTION "powa"."f"(_srvid integer) RETURNS void LANGUAGE plpgsql VOLATILE'
        " SET search_path = pg_catalog AS 'BEGIN END'"
    )
    assert others == [FUNCTION_COMMENT, REVOKE, EXECUTE]


def test_a_function_that_returns_rows():
    assert '"f"(_srvid integer, OUT "ts" date) RETURNS SETOF record' in all_of(SOURCE)[0]


def test_a_function_without_a_path_can_be_inlined():
    assert "search_path" not in all_of(replace(FUNCTION, search_path=None))[0]


def test_a_function_that_runs_as_its_owner():
    assert "VOLATILE SECURITY DEFINER SET" in all_of(replace(FUNCTION, security_definer=True))[0]


def test_a_function_that_everybody_may_call():
    assert all_of(replace(FUNCTION, execute=("",)))[1:] == [FUNCTION_COMMENT]


def test_a_function_in_a_diff():
    assert SOURCE.describe().splitlines() == [
        "(_srvid integer) returns SETOF record",
        "out ts date",
        "volatile, language plpgsql",
        "security invoker",
        "search_path pg_catalog",
        "comment: mark",
        "grant execute to coll",
        "BEGIN END",
    ]
    shown = replace(FUNCTION, search_path=None, security_definer=True, execute=("",)).describe()
    assert "security definer\nsearch_path of the session\n" in shown and "grant execute to public\n" in shown


@pytest.mark.parametrize(
    "other", [{"body": "x"}, {"volatility": "STABLE"}, {"search_path": None}, {"security_definer": True}]
)
def test_another_function_takes_the_place_of_the_one_that_is_there(other):
    found = replace(FUNCTION, **other)
    statements = rendered(FUNCTION.alter(found))
    assert [statement.split()[0] for statement in statements] == ["CREATE", "COMMENT"]
    assert not found.replaced_by(FUNCTION)


@pytest.mark.parametrize("other", [{"returns": "boolean"}, {"columns": (TableColumn("x", "text"),)}])
def test_a_function_with_another_result_is_dropped_first(other):
    found = replace(FUNCTION, **other)
    statements = rendered(FUNCTION.alter(found))
    assert statements[0] == 'DROP FUNCTION "powa"."f"(integer)' and statements[2:] == [
        FUNCTION_COMMENT,
        REVOKE,
        EXECUTE,
    ]
    assert found.replaced_by(FUNCTION)


@pytest.mark.parametrize(
    ("found", "statements"),
    [
        ({"comment": "x"}, [FUNCTION_COMMENT]),
        ({"execute": ()}, [EXECUTE]),
        ({"execute": ("", "coll")}, [REVOKE]),
        ({"execute": ("coll", "x")}, []),
    ],
)
def test_comment_and_grants_of_a_function(found, statements):
    assert rendered(FUNCTION.alter(replace(FUNCTION, **found))) == statements


def test_a_function_keeps_the_callers_that_others_let_in_but_not_everybody():
    assert FUNCTION.keeping(replace(FUNCTION, execute=("", "x"))).execute == ("coll", "x")


RUN = replace(SOURCE, execute=(), security_definer=True, owner="powa_queries")


def test_a_function_of_local_mode_gets_its_owner():
    assert all_of(RUN)[-1] == 'ALTER FUNCTION "powa"."f"(integer) OWNER TO "powa_queries"'
    assert "owner powa_queries" in RUN.describe() and "owner" not in replace(RUN, owner="postgres").describe()


@pytest.mark.parametrize(
    ("wanted", "owner"), [(RUN, "postgres"), (replace(RUN, owner=None), "powa_queries")], ids=["gets", "loses"]
)
def test_a_function_whose_owner_changes_is_made_anew(wanted, owner):
    found = replace(wanted, owner=owner, execute=(owner, "other"))
    kept = wanted.keeping(found)
    assert kept.execute == ("other",) and kept.owner == wanted.owner and found.replaced_by(wanted)
    assert rendered(kept.alter(found)) == ['DROP FUNCTION "powa"."f"(integer)', *all_of(kept)]


def test_any_other_owner_may_stay():
    found = replace(FUNCTION, owner="dba")
    assert FUNCTION.keeping(found) == found and not found.replaced_by(FUNCTION)
    assert not any("OWNER" in statement for statement in all_of(found))
