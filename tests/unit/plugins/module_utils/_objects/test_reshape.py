# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Columns are added, removed, renamed and retyped without losing what they hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Hazard
from ansible_collections.pgfleet.powa.plugins.module_utils._objects import reshape
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import RecordType, Table, TableColumn
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import rendered


def columns(*texts):
    """Return columns from texts such as C(held bigint!), an exclamation mark for NOT NULL."""
    pairs = [text.split(" ", 1) for text in texts]
    return tuple(TableColumn(name, kind.rstrip("!"), kind.endswith("!")) for name, kind in pairs)


def record(*texts):
    return RecordType("powa", "powa_a_history_record", "mark", columns(*texts))


def history(*texts, **changes):
    return Table("powa", "powa_a_history", "mark", columns("srvid integer!", *texts), **changes)


TYPE = 'ALTER TYPE "powa"."powa_a_history_record" '
TABLE = 'ALTER TABLE "powa"."powa_a_history" '


@pytest.mark.parametrize(
    ("wanted", "found", "renames", "statements"),
    [
        (("a int",), ("a int",), {}, []),
        (("a int", "b text"), ("a int",), {}, [TYPE + 'ADD ATTRIBUTE "b" text']),
        (("a int",), ("a int", "b text"), {}, [TYPE + 'DROP ATTRIBUTE "b"']),
        (("b int",), ("a int",), {"a": "b"}, [TYPE + 'RENAME ATTRIBUTE "a" TO "b"']),
        (("c int",), ("a int",), {}, [TYPE + 'ADD ATTRIBUTE "c" int, DROP ATTRIBUTE "a"']),
        (
            ("b int", "c int"),
            ("a int", "x int"),
            {"a": "b"},
            [TYPE + 'RENAME ATTRIBUTE "a" TO "b"', TYPE + 'ADD ATTRIBUTE "c" int, DROP ATTRIBUTE "x"'],
        ),
    ],
)
def test_the_attributes_of_a_type(wanted, found, renames, statements):
    assert rendered(reshape.type_statements(record(*wanted), record(*found), renames)) == statements


@pytest.mark.parametrize(
    ("wanted", "found", "renames", "statements"),
    [
        (("a int!",), ("a int!",), {}, []),
        (("a int!", "b int"), ("a int!",), {}, [TABLE + 'ADD COLUMN "b" int']),
        (("a int",), ("a int!",), {}, [TABLE + 'ALTER COLUMN "a" DROP NOT NULL']),
        (("a int!",), ("a int",), {}, [TABLE + 'ALTER COLUMN "a" SET NOT NULL']),
        ((), ("x int",), {}, [TABLE + 'DROP COLUMN "x"']),
        (("b int!",), ("a int!",), {"a": "b"}, [TABLE + 'RENAME COLUMN "a" TO "b"']),
        (("a text!",), ("a int!",), {}, [TABLE + 'ALTER COLUMN "a" TYPE text USING "a"::text']),
        (('a "bit"',), ("a int",), {}, [TABLE + 'ALTER COLUMN "a" TYPE "bit" USING "a"::bit varying::"bit"']),
        (
            ("b text",),
            ("a int!",),
            {"a": "b"},
            [
                TABLE + 'RENAME COLUMN "a" TO "b"',
                TABLE + 'ALTER COLUMN "b" TYPE text USING "b"::text, ALTER COLUMN "b" DROP NOT NULL',
            ],
        ),
    ],
)
def test_the_columns_of_a_table(wanted, found, renames, statements):
    assert rendered(reshape.history_statements(history(*wanted), history(*found), renames, False)) == statements


def test_records_are_cast_once_their_type_was_replaced_and_keep_their_storage():
    table = history("records r[]!", "mins_in_range m!", main_columns=("mins_in_range",))
    assert rendered(reshape.history_statements(table, table, {}, True)) == [
        TABLE + 'ALTER COLUMN "records" TYPE r[] USING pg_temp.powa_cast("records"),'
        ' ALTER COLUMN "mins_in_range" TYPE m USING pg_temp.powa_cast("mins_in_range"),'
        ' ALTER COLUMN "mins_in_range" SET STORAGE MAIN'
    ]


@pytest.mark.parametrize(
    ("wanted", "rewrite", "gone"),
    [
        (("k text", "records r[]"), False, []),
        (("k int", "records r[]"), False, ["k"]),
        (("records r[]",), False, ["k"]),
        (("k text", "records r[]"), True, ["records"]),
    ],
)
def test_the_columns_that_nothing_else_may_depend_on(wanted, rewrite, gone):
    found = history("k text", "records r[]")
    assert reshape.replaced_columns(history(*wanted), found, {}, rewrite) == gone


def test_a_column_to_be_replaced_goes_by_its_old_name():
    assert reshape.replaced_columns(history("b int"), history("a text"), {"a": "b"}, False) == ["a"]


def test_another_type_rewrites_history():
    found = history("k text", size=100)
    types = [(record("ts date", "held numeric"), record("ts date", "held bigint"))]
    assert reshape.rewrite_hazards(history("k oid"), found, {}, types) == [
        Hazard("rewritten", "table powa.powa_a_history", text, "ACCESS EXCLUSIVE", 100)
        for text in ("k from text to oid", "held from bigint to numeric")
    ]
    assert reshape.rewrite_hazards(found, found, {}, []) == []


TRANSIENT = Table("powa", "powa_a_src_tmp", "mark", columns("srvid integer!", "ts date!", "k int!"), unlogged=True)
CURRENT = Table("powa", "powa_a_history_current", "mark", columns("srvid integer!", "k text!", "record r!"))
RECORD = record("ts date", "held int")


def taken(found=TRANSIENT, current=CURRENT, record_type=RECORD):
    return rendered(reshape.transient_statements(TRANSIENT, found, current, record_type))


def test_waiting_rows_are_taken_before_the_table_is_made_anew():
    take, drop, create, comment = taken()
    assert take.startswith(
        'INSERT INTO "powa"."powa_a_history_current" (srvid, "k", record)'
        ' SELECT t.srvid, "t"."k"::text, ROW("t"."ts"::date, NULL::int)::"powa"."powa_a_history_record"'
        ' FROM "powa"."powa_a_src_tmp" AS t'
    )
    assert (drop, create.split()[:3]) == ('DROP TABLE "powa"."powa_a_src_tmp"', ["CREATE", "UNLOGGED", "TABLE"])


@pytest.mark.parametrize(
    "missing",
    [
        {"current": None},
        {"record_type": None},
        {"found": replace(TRANSIENT, columns=columns("ts date!", "k int!"))},
        {"found": replace(TRANSIENT, columns=columns("srvid integer!", "k int!"))},
        {"found": replace(TRANSIENT, columns=columns("srvid integer!", "ts date!"))},
    ],
)
def test_rows_that_history_can_not_take_are_lost(missing):
    assert taken(**missing)[0] == 'DROP TABLE "powa"."powa_a_src_tmp"'


def test_a_key_that_may_be_null_need_not_be_in_the_waiting_rows():
    current = replace(CURRENT, columns=columns("srvid integer!", "k text!", "new text", "record r!"))
    assert '(srvid, "k", record)' in taken(current=current)[0]


def test_grants_of_others_on_the_transient_table_are_kept():
    found = replace(TRANSIENT, grants={"x": ("SELECT",)})
    assert 'GRANT SELECT ON TABLE "powa"."powa_a_src_tmp" TO "x"' in taken(found=found)


def test_types_are_replaced_with_casts_from_the_old_ones():
    wanted, found = record("ts date", "held numeric", "new int"), record("ts date", "had int")
    rename, create, _comment, one, many = rendered(reshape.replace_types([(wanted, found)], {"had": "held"}))
    assert rename == 'ALTER TYPE "powa"."powa_a_history_record" RENAME TO "powa_a_old_record"'
    assert create.startswith('CREATE TYPE "powa"."powa_a_history_record" AS')
    assert 'ROW((r)."ts"::date, (r)."had"::numeric, NULL::int)::"powa"."powa_a_history_record"' in one
    assert 'AS u ("c0", "c1", position)' in many and 'ROW(u."c0", u."c1")::"powa"."powa_a_old_record"' in many


def test_replaced_types_are_dropped_with_their_casts():
    assert rendered(reshape.drop_replaced_types([(RECORD, RECORD)])) == [
        'DROP FUNCTION pg_temp.powa_cast("powa"."powa_a_old_record"[])',
        'DROP FUNCTION pg_temp.powa_cast("powa"."powa_a_old_record")',
        'DROP TYPE "powa"."powa_a_old_record"',
    ]
