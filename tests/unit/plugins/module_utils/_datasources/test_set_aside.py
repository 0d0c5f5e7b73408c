# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand-written tables in the place of ours get other names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.set_aside import plan_set_aside, set_aside
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import RecordType, Table, TableColumn
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    REMOTE,
    REPOSITORY,
    catalog_of,
    definition,
    state,
    unmarked,
    wanted,
    with_objects,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, rendered

pytestmark = pytest.mark.usefixtures("offline_driver")

TAKEN = definition(adopt=True, adopt_history="powa_locks_history")
BY_HAND = unmarked(catalog_of(wanted(definition())))
COLUMNS = (
    "schema",
    "name",
    "plain",
    "size",
    "stranger",
    "stranger_of_schema",
    "runs_functions",
    "row_security",
    "columns",
)
ROWS = [
    ("public", name, "r", False, 0, None, None, False, False, [])
    for name in ("powa_locks_history", "powa_locks_history_current")
]


def with_note(catalog=BY_HAND):
    history = catalog.get(Table, "powa_locks_history").object
    return with_objects(catalog, replace(history, columns=(*history.columns, TableColumn("note", "text"))))


def found(catalog, declared=TAKEN, side=REPOSITORY, names=()):
    cursor = Recorder({"relhassubclass": ROWS, "UNION": [(name,) for name in names]}, COLUMNS)
    return set_aside(cursor, [declared], side, state(catalog=catalog))


@pytest.mark.parametrize(
    ("catalog", "declared", "side"),
    [
        (BY_HAND, TAKEN, REPOSITORY),
        (with_note(), TAKEN, REMOTE),
        (with_note(), definition(adopt=True), REPOSITORY),
        (with_note(), definition(adopt=True, adopt_history="other"), REPOSITORY),
        (Catalog(), TAKEN, REPOSITORY),
    ],
)
def test_what_keeps_its_name(catalog, declared, side):
    aside = found(catalog, declared, side)
    assert (list(aside.definitions), aside.objects, aside.problems) == ([declared], (), ())
    assert aside.state.catalog is catalog


def test_all_that_is_history_gets_other_names():
    aside = found(with_note())
    assert [(entry.name, name) for entry, name in aside.objects] == [
        ("powa_locks_history", "powa_locks_byhand"),
        ("powa_locks_history_current", "powa_locks_byhand_current"),
        ("powa_locks_history_record", "powa_locks_byhand_record"),
        ("powa_locks_history_record_minmax", "powa_locks_byhand_record_minmax"),
        ("powa_locks_history_current_srvid", "powa_locks_byhand_current_srvid"),
        ("powa_locks_history_ts", "powa_locks_byhand_ts"),
    ]
    assert aside.definitions[0].adopt_history == "public.powa_locks_byhand"
    assert aside.state.catalog.get(Table, "powa_locks_history") is None
    assert aside.state.catalog.get(RecordType, "powa_locks_history_record") is None
    assert aside.state.catalog.get(Table, "powa_locks_src_tmp") is not None
    taken = aside.state.histories.of(("public", "powa_locks_byhand"))
    assert [table.present_name for table in taken] == ["powa_locks_history", "powa_locks_history_current"]
    assert taken[0].identity == "table public.powa_locks_history"


def test_a_name_that_is_taken():
    (problem,) = found(with_note(), names=["powa_locks_byhand_record"]).problems
    assert problem == (
        "adopt_history: type public.powa_locks_history_record has the name of an object of the datasource and other"
        " columns, so it would be renamed to powa_locks_byhand_record, but the server has an object of that name:"
        " rename or drop that one"
    )


def test_the_plan():
    plan = Plan()
    plan_set_aside(plan, found(with_note()).objects)
    statements = rendered(write for change in plan.changes for write in change.writes)
    assert statements[0] == 'ALTER TABLE "public"."powa_locks_history" RENAME TO "powa_locks_byhand"'
    assert [statement.split()[1] for statement in statements] == ["TABLE", "TABLE", "TYPE", "TYPE", "INDEX", "INDEX"]
    assert plan.changes[0].after == "made by hand\nrenamed to powa_locks_byhand"
