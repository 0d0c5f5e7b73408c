# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that one datasource needs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan, Replaced
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.objects import (
    Function,
    Index,
    RecordType,
    Table,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.plan import plan_datasource, plan_removal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.reshape import ordered_like
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    LOCAL,
    POWA_4,
    POWA_5,
    REMOTE,
    REPOSITORY,
    catalog_of,
    definition,
    wanted,
    with_objects,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import rendered
from hypothesis import given, settings
from hypothesis import strategies as st

HELD = {"name": "held", "type": "bigint"}
WAITS = {"name": "waits", "type": "integer"}


def planned(after, before=None, side=REPOSITORY, archivist=POWA_4, catalog=None):
    """Return the changes to a datasource, from another one or from what the server has."""
    if catalog is None:
        catalog = Catalog() if before is None else catalog_of(wanted(definition(**before), side, archivist))
    plan = Plan()
    plan_datasource(plan, wanted(definition(**after), side, archivist, catalog), catalog)
    return plan


def names(plan):
    return [line.replace("public.powa_locks_", "") for line in plan.summary()]


def statements(plan):
    return rendered(write for change in plan.changes for write in change.writes)


def removed(side, drop_history=False, catalog=None):
    plan = Plan()
    plan_removal(plan, Removal("locks", drop_history), side, catalog or catalog_of(wanted(definition(), side)))
    return names(plan)


@pytest.mark.parametrize("side", [REMOTE, REPOSITORY, LOCAL], ids=lambda side: side.server_kind[0])
@pytest.mark.parametrize("archivist", [POWA_4, POWA_5], ids=["4", "5"])
def test_what_is_as_declared_needs_no_change(side, archivist):
    assert not planned({}, {}, side, archivist).changed


def test_everything_is_made_in_an_order_that_works():
    kinds = [line.split()[:2] for line in planned({}).summary()]
    assert kinds == [["create", kind] for kind in 2 * ["type"] + 3 * ["table"] + 2 * ["index"] + 8 * ["function"]]


def test_a_new_metric_changes_types_before_the_tables_and_functions_that_use_them():
    plan = planned({"metrics": [HELD, WAITS]}, {})
    assert names(plan) == [
        "change table src_tmp",
        "change type history_record",
        "change type history_record_minmax",
        "change function src",
        "change function snapshot",
        "change function aggregate",
        "change function get",
        "change function rate",
    ]
    assert statements(plan)[0].startswith('INSERT INTO "public"."powa_locks_history_current"')
    assert plan.hazards == []


def test_a_new_transient_table_takes_the_place_of_the_old_one():
    plan = planned({"metrics": [HELD, WAITS]}, {})
    replaced = plan.changes[0].replaced
    assert {entry.kind for entry in replaced} == {"table", "type"} and {entry.name for entry in replaced} == {
        "powa_locks_src_tmp"
    }


def test_a_removed_metric_leaves_history_alone():
    plan = planned({}, {"metrics": [HELD, WAITS]})
    assert not any(line.split()[1] == "type" or " history" in line for line in names(plan))


def test_another_type_of_a_key_rewrites_its_column_only():
    plan = planned({"keys": [{"name": "mode", "type": "name"}]}, {})
    assert {hazard.reason for hazard in plan.hazards if hazard.effect == "rewritten"} == {"mode from text to name"}
    assert Replaced("table", "public", "powa_locks_history", "mode") in plan.replaced
    assert [hazard.object for hazard in plan.hazards if hazard.effect == "rebuilt"] == [
        "index public.powa_locks_history_ts"
    ]


def test_a_renamed_metric_rewrites_nothing():
    plan = planned({"metrics": [dict(HELD, name="had", renamed_from="held")]}, {})
    assert plan.hazards == []
    assert 'ALTER TYPE "public"."powa_locks_history_record" RENAME ATTRIBUTE "held" TO "had"' in statements(plan)


def test_a_function_with_another_result_is_replaced():
    plan = planned({"metrics": [HELD, WAITS]}, {}, REMOTE)
    assert names(plan) == ["change function src"]
    assert plan.replaced == [Replaced("function", "public", "powa_locks_src")]
    assert statements(plan)[0] == 'DROP FUNCTION "public"."powa_locks_src"(integer)'


def test_another_query_only_changes_the_function():
    plan = planned({"query": "SELECT 1"}, {}, REMOTE)
    assert names(plan) == ["change function src"] and plan.replaced == []


def test_grants_of_others_stay():
    before = catalog_of(wanted(definition()))
    table = before.get(Table, "powa_locks_history").object
    mine = replace(table, grants=dict(table.grants, dashboards=("SELECT",)))
    source = before.get(Function, "powa_locks_src").object
    also = replace(source, execute=(*source.execute, "dashboards"))
    assert not planned({}, catalog=with_objects(before, mine, also)).changed


def test_a_lost_grant_is_given_again():
    before = catalog_of(wanted(definition()))
    lost = replace(before.get(Table, "powa_locks_history").object, grants={})
    assert statements(planned({}, catalog=with_objects(before, lost))) == [
        'GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."powa_locks_history" TO "coll"'
    ]


def test_a_lost_index_is_made_again():
    before = catalog_of(wanted(definition()))
    before.found[Index].clear()
    assert names(planned({}, catalog=before)) == ["create index history_current_srvid", "create index history_ts"]


def test_columns_that_others_reordered_are_as_good():
    before = catalog_of(wanted(definition(metrics=[HELD, WAITS])))
    record = before.get(RecordType, "powa_locks_history_record").object
    turned = replace(record, columns=(record.columns[0], record.columns[2], record.columns[1]))
    plan = planned({"metrics": [HELD, WAITS]}, catalog=with_objects(before, turned))
    assert not any("type" in line for line in names(plan))


@pytest.mark.parametrize(
    ("before", "after", "dropped"),
    [
        ({"query_cleanup": "SELECT 1"}, {}, ["cleanup", "run_cleanup"]),
        ({}, {"scope": "database"}, ["src", "run"]),
        ({"query_cleanup": "SELECT 1"}, {"scope": "database"}, ["src", "run", "cleanup", "run_cleanup"]),
    ],
)
def test_a_function_that_no_kind_of_server_needs_is_dropped(before, after, dropped):
    before = catalog_of(*(wanted(definition(**before), side, POWA_5) for side in (REMOTE, LOCAL)))
    plan = planned(after, archivist=POWA_5, catalog=before)
    removals = [line for line in plan.summary() if line.startswith("remove")]
    assert removals == ["remove function PoWA.powa_locks_" + suffix for suffix in dropped]


def test_a_function_of_somebody_else_is_not_dropped():
    foreign = catalog_of(wanted(definition(query_cleanup="SELECT 1"), REMOTE), extension="theirs")
    assert "remove function cleanup" not in names(planned({}, side=REMOTE, catalog=foreign))


def test_what_another_kind_of_server_needs_is_not_dropped():
    both = catalog_of(wanted(definition(), REMOTE), wanted(definition(), REPOSITORY))
    assert not any(line.startswith("remove") for line in names(planned({}, side=REMOTE, catalog=both)))


def test_a_removed_datasource_keeps_its_history():
    assert removed(REMOTE) == ["remove function src"]
    assert removed(REPOSITORY) == [
        "remove function src",
        "remove function snapshot",
        "remove function aggregate",
        "remove function purge",
        "remove function reset",
        "remove function unregister",
        "remove function get",
        "remove function rate",
        "remove table src_tmp",
    ]


def test_a_removed_datasource_of_a_local_server():
    local = catalog_of(wanted(definition(query_cleanup="SELECT 1"), LOCAL))
    assert removed(LOCAL, catalog=local)[:4] == [
        "remove function src",
        "remove function cleanup",
        "remove function run",
        "remove function run_cleanup",
    ]


def test_history_goes_where_the_task_says_so():
    assert removed(REPOSITORY, True)[-4:] == [
        "remove table history",
        "remove table history_current",
        "remove type history_record",
        "remove type history_record_minmax",
    ]


def test_a_remote_has_no_history_to_drop():
    assert removed(REMOTE, True, catalog_of(wanted(definition(), REPOSITORY))) == ["remove function src"]


def test_there_is_nothing_to_remove():
    assert removed(REPOSITORY, True, Catalog()) == []


COLUMNS = st.permutations(["a", "b", "c"]).flatmap(lambda names: st.sampled_from([names[:1], names[:2], names]))
TYPES = st.fixed_dictionaries({name: st.sampled_from(["bigint", "text", "boolean"]) for name in "abc"})


@st.composite
def declared(draw):
    """Draw a datasource whose keys and metrics never have the same names."""
    types = draw(TYPES)
    keys = [{"name": "k" + name, "type": types[name], "nullable": draw(st.booleans())} for name in draw(COLUMNS)]
    metrics = [{"name": "m" + name, "type": types[name]} for name in draw(COLUMNS)]
    return definition(keys=draw(st.sampled_from([[], keys])), metrics=metrics)


def reached(after, catalog):
    """Return what the server has once a datasource was made as wanted: columns that were there keep their order."""
    entry = wanted(after, catalog=catalog)
    made = [
        ordered_like(thing, catalog.there(thing), entry.layout.renames)
        if isinstance(thing, (Table, RecordType)) and catalog.there(thing) and not getattr(thing, "unlogged", False)
        else thing
        for thing in entry.objects
    ]
    return with_objects(catalog_of(entry), *made)


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(declared(), min_size=1, max_size=4))
def test_whatever_was_declared_before_the_second_run_changes_nothing(history):
    catalog = Catalog()
    for entry in history:
        catalog = reached(entry, catalog)
    plan = Plan()
    plan_datasource(plan, wanted(history[-1], catalog=catalog), catalog)
    assert plan.summary() == []


def _of_definition(catalog, **changes):
    plan = Plan()
    plan_datasource(plan, wanted(definition(**changes), catalog=catalog), catalog)
    return plan


def test_another_type_of_a_metric_alone_rewrites_history():
    plan = _of_definition(catalog_of(wanted(definition())), metrics=[{"name": "held", "type": "numeric"}])
    statements = rendered(write for change in plan.changes for write in change.writes)
    assert 'DROP TYPE "public"."powa_locks_old_record"' in statements
    tables = {"table public.powa_locks_history_current", "table public.powa_locks_history"}
    assert {hazard.object for hazard in plan.hazards} == tables


@pytest.mark.parametrize(
    ("by_hand", "changed"),
    [({"unlogged": True}, True), ({"toast_target": True}, False), ({"main_columns": ("mins_in_range",)}, False)],
)
def test_a_change_that_is_shown_is_made(by_hand, changed):
    catalog = catalog_of(wanted(definition()))
    table = catalog.get(Table, "powa_locks_history_current").object
    plan = _of_definition(with_objects(catalog, replace(table, **by_hand)))
    assert plan.changed == changed and all(change.writes for change in plan.changes)
