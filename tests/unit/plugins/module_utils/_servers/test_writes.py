# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes of any number of servers are few statements in an order that keys and the collector need."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._servers import writes
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals

NEW = ("new", 5432)
VALUES = {"hostname": "new", "port": 5432, "alias": None}


def config(module="locks", **values):
    return Row("powa_extension_config", {"srvid": 0, "extname": module}, values)


def all_kinds(archivist=POWA_5):
    """Return a write of each kind, in no good order."""
    return [
        writes.ChangeUnique(archivist, NEW, {"alias": "first"}),
        writes.ClearAlias(archivist, 2),
        writes.DeclareServer(archivist, NEW, True),
        writes.WriteRow(archivist, NEW, "insert", config(enabled=True)),
        writes.SetExtension(archivist, NEW, "pg_qualstats", True),
        writes.SetExtension(archivist, 2, "pg_qualstats", False),
        writes.RegisterServer(archivist, VALUES),
        writes.SetPassword(archivist, NEW, "pencil"),
        writes.SetPassword(archivist, 2, None),
        writes.ChangeServer(archivist, 2, {"dbname": "x"}),
        writes.DeleteServer(archivist, 3),
    ]


def run(made, **answers):
    cursor = Recorder({"r (hostname text, port integer)": [("new", 5432, 7), ("newer", 5432, 8)], **answers})
    writes.ServerWrite.run(cursor, made)
    return cursor


def told(cursor, text):
    """Return the JSON that the one statement with this text is told."""
    (statement,) = [entry for entry, shown in zip(cursor.composed, cursor.statements) if text in shown]
    return json.loads(literals(statement)[0])


#: A part of each statement, in the order in which they have to come.
IN_TURN = [
    "powa_delete_and_purge_server",
    "SET username",
    "powa_register_server",
    "r (hostname text, port integer)",
    "pg_settings",
    "CREATE TEMPORARY TABLE",
    "COPY",
    "SET password = p.secret",
    "powa_deactivate_extension",
    "powa_activate_extension",
    'INSERT INTO "PoWA"."powa_extension_config"',
    "CREATE TABLE",
    "COMMENT ON",
    "ON CONFLICT DO NOTHING",
    "SET alias = NULL",
    "SET hostname",
]


def test_every_kind_in_its_turn():
    cursor = run(all_kinds())
    statements = [text for text in cursor.statements if "search_path" not in text]
    assert cursor.copied == "7\tpencil\n2\t\\N\n" and not any("pencil" in statement for statement in statements)
    assert len(statements) == len(IN_TURN)
    assert [part for part, statement in zip(IN_TURN, statements) if part not in statement] == []


def test_a_thousand_servers_are_as_many_statements_as_one():
    many = [
        write
        for number in range(1000)
        for write in (
            writes.RegisterServer(POWA_5, dict(VALUES, hostname="h{0}".format(number))),
            writes.ChangeServer(POWA_5, number, {"dbname": "x"}),
            writes.SetExtension(POWA_5, number, "pg_qualstats", True),
            writes.WriteRow(POWA_5, number, "insert", config(enabled=True)),
            writes.DeclareServer(POWA_5, number, False),
        )
    ]
    assert len(run(many).statements) == 10


def test_only_functions_of_powa_look_up_names_in_its_schema():
    statements = run(all_kinds(POWA_4)).statements
    own = False
    for text in statements:
        if "search_path" in text:
            own = "public" in text
        else:
            assert own == bool(re.search(r"SELECT \S+[.]powa_\w+[(]", text)), text
            assert not own or not re.search(r" (=|<>|[|]{2}|ANY|IN|LIKE) ", text), text
    assert not own


def test_a_new_server_goes_by_its_number():
    cursor = run(all_kinds())
    assert told(cursor, "powa_activate_extension") == [{"srvid": 7, "name": "pg_qualstats"}]
    assert told(cursor, "SET hostname") == [{"id": 7, "changed": {"alias": "first"}}]
    assert told(cursor, "powa_extension_config")[0]["srvids"] == [7]


def test_the_columns_of_a_server():
    cursor = run(all_kinds())
    assert told(cursor, "powa_register_server") == [VALUES]
    assert told(cursor, "SET username") == [{"id": 2, "changed": {"dbname": "x"}}]


@pytest.mark.parametrize(
    ("archivist", "emptied"), [(POWA_4, ['"public"."powa_a_src_tmp"', '"public"."powa_b_src_tmp"']), (POWA_5, [])]
)
def test_a_deletion_empties_transient_tables_where_powa_does_not(archivist, emptied):
    tables = [("public", "powa_a_src_tmp"), ("public", "powa_b_src_tmp")]
    cursor = run([writes.DeleteServer(archivist, 3), writes.DeleteServer(archivist, 4)], pg_class=tables)
    deletions = [text for text in cursor.statements if "DELETE FROM" in text]
    assert len(deletions) == (1 if emptied else 0)
    assert all(table in deletions[0] for table in emptied)
    assert literals(cursor.composed[-2]) == [[3, 4]]


def test_a_row_that_datasources_share_is_written_once():
    cursor = run(
        [
            writes.WriteRow(POWA_5, 2, "update", config("x", enabled=True)),
            writes.WriteRow(POWA_5, 2, "update", config("x", enabled=True)),
            writes.WriteRow(POWA_5, 3, "update", config("x", enabled=True)),
        ]
    )
    assert [entry["srvids"] for entry in told(cursor, "UPDATE")] == [[2, 3]]


def test_rows_with_other_values_are_told_apart():
    cursor = run(
        [
            writes.WriteRow(POWA_5, 2, "update", config("x", enabled=True)),
            writes.WriteRow(POWA_5, 3, "update", config("x", enabled=False)),
        ]
    )
    assert [(entry["srvids"], entry["row"]["enabled"]) for entry in told(cursor, "UPDATE")] == [
        ([2], True),
        ([3], False),
    ]


def test_all_writes_are_of_one_family():
    assert {write.family() for write in all_kinds()} == {writes.ServerWrite}


def test_a_table_that_is_there_is_not_made_again():
    cursor = run([writes.DeclareServer(POWA_5, 1, False), writes.DeclareServer(POWA_5, 2, False)])
    assert len(cursor.statements) == 1 and literals(cursor.composed[0]) == [[1, 2]]
