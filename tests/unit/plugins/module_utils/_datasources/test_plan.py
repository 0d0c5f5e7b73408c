# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that one datasource needs."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.plan import plan_datasource, plan_removal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.column_differences import ordered_like
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import (
    RecordType,
    Table,
)
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
