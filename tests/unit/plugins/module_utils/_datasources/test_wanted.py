# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the datasources of a task are to be on a server."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.arrival import EVERYTHING, Seen
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import Schema
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.wanted import (
    objects_of_nothing,
    wanted_datasources,
    with_names,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.handwritten_history import (
    HandwrittenTable,
    Histories,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Function
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    LOCAL,
    REMOTE,
    REPOSITORY,
    catalog_of,
    definition,
    state,
    wanted,
)

pytestmark = pytest.mark.usefixtures("offline_driver")


@pytest.mark.parametrize("side", [REMOTE, REPOSITORY, LOCAL], ids=lambda side: side.server_kind[0])
def test_objects_with_their_texts(side):
    (found,) = wanted_datasources(None, [definition()], side, state(), EVERYTHING)
    assert found == wanted(definition(), side)
    assert all(isinstance(entry.body, str) for entry in found.objects if isinstance(entry, Function))


@pytest.mark.parametrize(
    ("side", "ready", "paused"),
    [
        (REPOSITORY, None, set()),
        (REPOSITORY, ["first"], {2}),
        (REPOSITORY, [], {1, 2}),
        (LOCAL, None, {1, 2}),
    ],
)
def test_which_servers_stay_paused(side, ready, paused):
    there = state(catalog=catalog_of(wanted(definition(), paused=[1, 2, 99])))
    (found,) = wanted_datasources(None, [definition()], side, there, Seen.of(there.servers, ready, ()))
    assert (found.was_paused, found.paused) == ({1, 2}, paused)


def test_a_remote_gives_rights_to_the_monitoring_role_only():
    (found,) = wanted_datasources(None, [definition()], REMOTE, state(), EVERYTHING)
    assert found.objects[0].execute == ("mon",)


def test_a_query_looks_names_up_where_its_definition_says():
    there = state(schemas={"App": Schema('"App"', True, False)})
    (found,) = wanted_datasources(None, [definition(search_path=["App"])], REMOTE, there, EVERYTHING)
    assert found.objects[0].search_path == 'pg_catalog, public, "App", pg_temp'


def test_what_would_be_made_where_nothing_is():
    there = state(catalog=catalog_of(wanted(definition(keys=[]))))
    assert objects_of_nothing(None, definition(), REPOSITORY, there) == wanted(definition()).objects


def test_the_neighbour_of_a_history_counts_as_taken():
    table = HandwrittenTable("public", "old", True, 0, None, None, False, ())
    tables = {("public", name): replace(table, name=name) for name in ("old", "old_current")}
    declared = definition(adopt=True, adopt_history="old")
    (found,) = wanted_datasources(None, [declared], REPOSITORY, state(histories=Histories(tables)), EVERYTHING)
    comments = [entry.comment for entry in found.objects if entry.name == "powa_locks_history"]
    assert 'with the history of ["public.old", "public.old_current"]' in comments[0]


def test_sentences_begin_with_the_datasource():
    entry = wanted(definition())
    assert with_names([entry]) == [('datasource "locks", ', entry)]
