# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows are compared, and any number of them is written by few statements."""

from __future__ import annotations

import json

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.row_changes import (
    DELETE,
    INSERT,
    UPDATE,
    RowChange,
    plan_rows,
    write_statements,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import (
    Recorder,
    literals,
    rendered,
)


def function(srvid, operation="purge", **values):
    return Row("powa_functions", {"srvid": srvid, "module": "locks", "operation": operation}, values)


def planned(wanted, found, is_managed=lambda row: True):
    plan = Plan()
    plan_rows(plan, "powa", wanted, found, is_managed)
    return plan


def operations(plan):
    return [(write.operation, write.srvids) for change in plan.changes for write in change.writes]


def test_what_is_as_wanted_is_left_alone():
    assert not planned([function(1, enabled=True)], [function(1, enabled=True, priority=10)]).changed


def test_a_row_that_is_not_there_is_inserted():
    plan = planned([function(1, enabled=True)], [])
    assert operations(plan) == [(INSERT, (1,))]
    assert (plan.changes[0].before, plan.changes[0].after) == (None, "enabled: True")


def test_a_row_with_another_value_is_updated():
    plan = planned([function(1, enabled=True)], [function(1, enabled=False, priority=10)])
    assert operations(plan) == [(UPDATE, (1,))]
    assert (plan.changes[0].before, plan.changes[0].after) == ("enabled: False", "enabled: True")


def test_a_managed_row_that_is_not_wanted_is_deleted():
    plan = planned([], [function(1), function(2)], lambda row: row.srvid == 2)
    assert operations(plan) == [(DELETE, (2,))]


def test_a_wanted_row_need_not_be_managed():
    assert operations(planned([function(1, a=1)], [function(1, a=2)], lambda row: False)) == [(UPDATE, (1,))]


def test_a_row_that_is_there_twice_is_written_anew_once():
    plan = planned([function(1, enabled=True)], [function(1, enabled=True, priority=7)] * 2)
    assert operations(plan) == [(DELETE, (1,)), (INSERT, (1,))]
    (change,) = plan.changes
    assert change.before == "enabled: True\npriority: 7\nand again\nenabled: True\npriority: 7"
    assert change.after == "enabled: True\npriority: 7"
    assert change.writes[1].row.values == {"enabled": True, "priority": 7}


def test_servers_that_differ_in_nothing_else_are_one_change():
    plan = planned([function(srvid, enabled=True) for srvid in (1, 2, 3)], [function(2, enabled=False)])
    assert [change.identity for change in plan.changes] == [
        "row powa_functions (module=locks, operation=purge, srvid=1,3)",
        "row powa_functions (module=locks, operation=purge, srvid=2)",
    ]
    assert operations(plan) == [(INSERT, (1, 3)), (UPDATE, (2,))]


def test_rows_that_others_refer_to_are_deleted_last():
    extension = Row("powa_extensions", {"extname": "locks"}, {})
    config = Row("powa_extension_config", {"srvid": 1, "extname": "locks"}, {})
    assert [change.identity.split()[1] for change in planned([], [extension, config]).changes] == [
        "powa_extension_config",
        "powa_extensions",
    ]


def test_a_thousand_servers_are_one_statement():
    changes = [RowChange(INSERT, "powa", function(srvid, enabled=srvid % 2 == 0), (srvid,)) for srvid in range(1, 1001)]
    (statement,) = write_statements(changes)
    assert len(json.loads(literals(statement)[0])) == 1000


def test_what_goes_goes_first_and_what_others_refer_to_comes_first():
    tables = ("powa_extension_config", "powa_extensions", "powa_extension_functions")
    rows = [Row(table, {"extname": "locks"}, {"priority": 1}) for table in tables]
    changes = [RowChange(operation, "powa", row, (None,)) for operation in (INSERT, DELETE, UPDATE) for row in rows]
    assert [(text.split()[0], text.split('"')[3]) for text in rendered(write_statements(changes))] == [
        ("DELETE", "powa_extension_config"),
        ("DELETE", "powa_extension_functions"),
        ("DELETE", "powa_extensions"),
        ("INSERT", "powa_extensions"),
        ("UPDATE", "powa_extensions"),
        ("INSERT", "powa_extension_functions"),
        ("UPDATE", "powa_extension_functions"),
        ("INSERT", "powa_extension_config"),
        ("UPDATE", "powa_extension_config"),
    ]


def test_the_statements():
    row = Row("powa_extension_config", {"srvid": 1, "extname": "locks"}, {"enabled": False})
    delete, insert, update = rendered(
        write_statements([RowChange(operation, "powa", row, (1, 2)) for operation in (DELETE, INSERT, UPDATE)])
    )
    equal = 't."srvid" = r."srvid" AND t."extname" = r."extname"'
    assert delete.startswith('DELETE FROM "powa"."powa_extension_config" AS t USING ') and delete.endswith(equal)
    assert insert.startswith(
        'INSERT INTO "powa"."powa_extension_config" ("srvid", "extname", "enabled")'
        ' SELECT "r"."srvid", "r"."extname", "r"."enabled" FROM '
    )
    assert 'SET "enabled" = r."enabled" FROM' in update and update.endswith(equal)


def test_what_a_statement_is_told():
    row = Row("powa_extension_config", {"srvid": 1, "extname": "it's"}, {"dbnames": ["ä"], "enabled": None})
    (statement,) = write_statements([RowChange(UPDATE, "powa", row, (1, 2))])
    assert json.loads(literals(statement)[0]) == [
        {"row": {"srvid": 1, "extname": "it's", "dbnames": ["ä"], "enabled": None}, "srvids": [1, 2]}
    ]


def test_a_row_about_no_server_is_written_once():
    (statement,) = write_statements([RowChange(INSERT, "powa", Row("powa_extensions", {"extname": "x"}, {}), (None,))])
    assert json.loads(literals(statement)[0])[0]["srvids"] == [0]


def test_a_plan_writes_its_rows_together():
    plan = planned([function(srvid, operation, a=srvid) for srvid in (1, 2) for operation in ("purge", "reset")], [])
    cursor = Recorder()
    plan.apply(cursor)
    assert len(plan.changes) == 4 and len(cursor.statements) == 1
