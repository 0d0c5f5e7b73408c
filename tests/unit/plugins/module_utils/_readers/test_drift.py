# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drift is what the next run would change if nothing else was declared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import registry_rows
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Index
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.drift import find_drift
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    POWA_4,
    POWA_5,
    REMOTE,
    catalog_of,
    definition,
    state,
    unmarked,
    wanted,
)

pytestmark = pytest.mark.usefixtures("offline_driver")


def rows(srvids, archivist=POWA_4, **values):
    found = registry_rows(None, definition(), archivist, srvids, None)
    return [Row(row.table, row.key, dict(row.values, enabled=True, **values)) for row in found]


def drift(
    catalog, server_kind=None, otherwise=("repository",), monitoring_role=None, archivist=POWA_4, hides=(), **found
):
    there = state(archivist, catalog, **found)
    return find_drift(None, [definition()], there, server_kind, otherwise, monitoring_role, "coll", *hides)["locks"]


def made(*srvids, archivist=POWA_4, **values):
    return catalog_of(wanted(definition(), archivist=archivist), registry=rows(srvids, archivist, **values))


def test_a_server_as_it_was_made():
    assert drift(made(1, 2)).changes == [] and drift(made(1, 2)).refused == []


def test_what_is_not_visible_is_not_compared():
    catalog = made()
    catalog.found[Index].clear()
    found = drift(catalog, hides=(True, True), servers=())
    assert (found.server_kind, found.refused, found.changes) == ((), (), ())
    assert drift(catalog, ["repository"], hides=(False, True)).server_kind == ("repository",)


def test_what_somebody_took_away():
    catalog = made(1, 2)
    catalog.found[Index].clear()
    assert [(change["object"], change["action"]) for change in drift(catalog).changes] == [
        ("index public.powa_locks_history_current_srvid", "create"),
        ("index public.powa_locks_history_ts", "create"),
    ]


@pytest.mark.parametrize(
    ("catalog", "kinds"),
    [
        (catalog_of(wanted(definition(), REMOTE)), ("remote",)),
        (made(1, 2), ("repository",)),
        (made(0), ("local",)),
        (made(0, 1, 2), ("repository", "local")),
        (made(), ("repository",)),
        (made(0, archivist=POWA_5, added_manually=True), ("local",)),
    ],
)
def test_what_a_server_is_can_be_seen(catalog, kinds):
    assert drift(catalog).server_kind == kinds


def test_powa_5_itself_activates_an_extension_for_the_local_server():
    by_powa = [replace(row, values=dict(row.values, added_manually=False)) for row in rows([0], POWA_5)]
    catalog = catalog_of(wanted(definition(), archivist=POWA_5), registry=by_powa)
    assert drift(catalog, archivist=POWA_5).server_kind == ("repository",)


def test_a_server_with_a_monitoring_role_is_a_remote_too():
    assert drift(made(1), monitoring_role="mon").server_kind == ("remote", "repository")


def test_what_a_server_is_may_be_told():
    assert drift(made(1), ["local"], monitoring_role="mon").server_kind == ("local",)


def test_where_it_could_not_be_made_right_nothing_is_compared():
    found = drift(unmarked(made(1, 2)), ["repository"])
    assert "this collection did not make" in found.refused[0] and found.changes == []


def test_what_is_paused_is_no_drift():
    paused = catalog_of(
        wanted(definition(), paused=[1, 2]),
        registry=[replace(row, values=dict(row.values, enabled=False)) for row in rows([1, 2])],
    )
    assert drift(paused).changes == []
