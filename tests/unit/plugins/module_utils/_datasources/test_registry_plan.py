# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry says what is declared, and what others registered is left alone."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import registry_rows
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry_plan import plan_registry
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Removal
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    LOCAL,
    POWA_4,
    POWA_5,
    REPOSITORY,
    catalog_of,
    definition,
    state,
    wanted,
)

THEIRS = {"module": "locks", "operation": "purge", "function_name": "theirs"}


def rows(declared, archivist, srvids):
    """Return what is registered once a datasource is; PoWA enables what is new."""
    found = registry_rows(None, declared, archivist, srvids, None)
    return [
        Row(row.table, row.key, dict({"enabled": True} if row.srvid is not None else {}, **row.values)) for row in found
    ]


def planned(declared=(), registry=(), removals=(), side=REPOSITORY, archivist=POWA_4, local_mode=False, **servers):
    plan = Plan()
    found = state(archivist, catalog_of(registry=registry), local_mode=local_mode)
    entries = [wanted(entry, side, archivist, **servers) for entry in declared]
    plan_registry(None, plan, entries, [Removal(name, False) for name in removals], side, found)
    return plan


def changed(plan):
    """Return action, table and servers of each change."""
    words = [(line.split()[0], line.split()[2], line.partition("srvid=")[2].rstrip(")")) for line in plan.summary()]
    return sorted(set(words))


@pytest.mark.parametrize("archivist", [POWA_4, POWA_5], ids=["4", "5"])
def test_what_is_registered_stays(archivist):
    declared = definition()
    assert not planned([declared], rows(declared, archivist, [1, 2]), archivist=archivist).changed


@pytest.mark.parametrize(
    ("side", "changes", "srvids"),
    [
        (REPOSITORY, {}, "1-2"),
        (REPOSITORY, {"servers": ["beta"]}, "2"),
        (LOCAL, {}, "0"),
        (Side(("local", "repository"), None, "coll"), {}, "0-2"),
    ],
)
def test_the_servers_of_a_datasource(side, changes, srvids):
    assert changed(planned([definition(**changes)], side=side)) == [("create", "powa_functions", srvids)]


def test_a_datasource_without_servers_has_no_rows_on_powa_4():
    assert not planned([definition(servers=[])]).changed


def test_a_server_that_is_no_longer_named_loses_its_rows():
    before = rows(definition(), POWA_4, [1, 2])
    assert changed(planned([definition(servers=["first"])], before)) == [("remove", "powa_functions", "2")]


def test_rows_of_the_local_server_are_none_of_a_repositorys():
    before = rows(definition(), POWA_4, [0, 1, 2])
    assert not planned([definition()], before, local_mode=True).changed
    assert changed(planned([definition()], before)) == [("remove", "powa_functions", "0")]


def test_rows_of_remotes_are_none_of_a_local_servers():
    assert not planned([definition()], rows(definition(), POWA_4, [0, 1, 2]), side=LOCAL).changed


def disabled(found):
    return [Row(row.table, row.key, dict(row.values, enabled=False)) if row.srvid else row for row in found]


@pytest.mark.parametrize("archivist", [POWA_4, POWA_5], ids=["4", "5"])
def test_what_somebody_disabled_stays_so(archivist):
    before = disabled(rows(definition(), archivist, [1, 2]))
    assert not planned([definition()], before, archivist=archivist).changed
    assert planned([definition(enabled=True)], before, archivist=archivist).changed


def test_a_paused_server_is_inactive_and_resumed_once_it_is_ready():
    before = rows(definition(), POWA_5, [1, 2])
    paused = planned([definition()], before, archivist=POWA_5, was_paused=[1], paused=[1])
    assert changed(paused) == [("change", "powa_extension_config", "1")]
    resumed = planned([definition()], disabled(before), archivist=POWA_5, was_paused=[1, 2], paused=[1])
    assert changed(resumed) == [("change", "powa_extension_config", "2")]


def test_a_server_that_is_resumed_stays_disabled_if_it_is_declared_so():
    before = disabled(rows(definition(), POWA_5, [1, 2]))
    assert not planned([definition(enabled=False)], before, archivist=POWA_5, was_paused=[1, 2]).changed


def test_what_others_registered_under_the_same_name_stays():
    theirs = Row("powa_functions", dict(THEIRS, srvid=1), {"enabled": True})
    assert not planned([definition()], [*rows(definition(), POWA_4, [1, 2]), theirs]).changed
    adopted = planned([definition(adopt=True)], [*rows(definition(), POWA_4, [1, 2]), theirs])
    assert changed(adopted) == [("remove", "powa_functions", "1")]


def test_a_removed_datasource_is_unregistered():
    before = rows(definition(), POWA_5, [1, 2])
    plan = planned(registry=before, removals=["locks"], archivist=POWA_5)
    assert {line.split()[0] for line in plan.summary()} == {"remove"}
    assert plan.summary()[-1] == "remove row powa_extensions (extname=locks)"


PAIR = [definition(name=name, extension="x") for name in ("locks", "waits")]


def pair_of_rows():
    found = {}
    for declared in PAIR:
        found.update((row.place, row) for row in rows(declared, POWA_5, [1, 2]))
    return list(found.values())


def test_datasources_of_one_extension_share_its_rows():
    assert not planned(PAIR, pair_of_rows(), archivist=POWA_5).changed
    alone = planned([], pair_of_rows(), ["waits"], archivist=POWA_5)
    assert {line.split()[2] for line in alone.summary()} == {"powa_extension_functions"}


def test_a_shared_row_is_active_if_it_is_for_all():
    declared = [definition(name="locks", extension="x", enabled=True), definition(name="waits", extension="x")]
    entries = [wanted(declared[0], archivist=POWA_5), wanted(declared[1], archivist=POWA_5, paused=[1], was_paused=[1])]
    plan = Plan()
    found = state(POWA_5, catalog_of(registry=pair_of_rows()))
    plan_registry(None, plan, entries, [], REPOSITORY, found)
    assert changed(plan) == [("change", "powa_extension_config", "1")]


def test_the_last_datasource_of_an_extension_takes_it_along():
    plan = planned([], pair_of_rows(), ["locks", "waits"], archivist=POWA_5)
    assert "remove row powa_extensions (extname=x)" in plan.summary()


def test_another_scope_moves_the_rows(offline_driver):
    plan = planned([definition(scope="database")], rows(definition(), POWA_5, [1, 2]), archivist=POWA_5)
    assert ("remove", "powa_extension_config", "1-2") in changed(plan)
    assert ("create", "powa_db_module_config", "1-2") in changed(plan)


def test_a_priority_that_changes():
    plan = planned([definition(priority=3)], rows(definition(), POWA_4, [1, 2]))
    assert {change.before.splitlines()[2] for change in plan.changes} == {"priority: 10"}
    assert {change.after.splitlines()[2] for change in plan.changes} == {"priority: 3"}
