# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declared datasources of a server as module server_info returns them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Damaged
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored_definitions import Definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import RecordType
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import info_datasources
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.costs import Held
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.info_datasources import Sample, Samples
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    POWA_4,
    POWA_5,
    catalog_of,
    definition,
    state,
    visible,
    wanted,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

PARAMS = {"server_kind": ["repository"], "monitoring_role": None, "collector_role": "coll"}
SERVER = {"srvid": 1, "name": "first", "enabled": True, "datasources": {"locks": True}}
NOTHING = Held({}, {}, {}, {})
DAMAGED = {"broken": Damaged("broken", "function f", "none")}


def test_everything_that_a_datasource_is_left_of():
    definitions = Definitions({"locks": None}, DAMAGED, frozenset())
    rows = [("old", "powa_old_history"), ("liar", "somebodys_table")]
    assert info_datasources.read_names(Recorder({"pg_class": rows}), POWA_5, definitions) == ["broken", "locks", "old"]


def test_the_last_samples_in_one_statement():
    declared = [definition(), definition(name="waits")]
    cursor = Recorder({"powa_locks_history": [("locks", 1, "2026-01-01", 60)]})
    found = info_datasources.read_samples(
        cursor, POWA_4, state(catalog=catalog_of(*map(wanted, declared))), declared, visible()
    )
    assert found.last == {("locks", 1): Sample("2026-01-01", 60)} and not found.hidden and len(cursor.statements) == 1


def test_without_tables_or_types_there_are_no_samples():
    catalog = catalog_of(wanted(definition()))
    catalog.found[RecordType].clear()
    for found in (state(), state(catalog=catalog)):
        cursor = Recorder()
        samples = info_datasources.read_samples(cursor, POWA_4, found, [definition()], visible())
        assert samples.last == {} and cursor.statements == []


def test_nothing_is_read_where_a_stranger_owns_anything():
    catalog = catalog_of(wanted(definition()))
    name = "powa_locks_history_record"
    catalog.found[RecordType][name] = replace(catalog.found[RecordType][name], stranger="mallory")
    cursor = Recorder()
    assert info_datasources.read_samples(cursor, POWA_4, state(catalog=catalog), [definition()], visible()).last == {}
    assert cursor.statements == []


def test_samples_that_the_role_may_not_read_are_not_asked_for():
    cursor, seen = Recorder(), visible({"powa_locks_history": [], "powa_servers": ["id"]})
    catalog = catalog_of(wanted(definition()))
    found = info_datasources.read_samples(cursor, POWA_4, state(catalog=catalog), [definition()], seen)
    assert (found.last, found.hidden, cursor.statements) == ({}, {"locks"}, [])
    assert [entry["lacks"] for entry in seen.returned()] == [['SELECT on "PoWA".powa_locks_history']] * 5


@pytest.mark.parametrize(
    ("samples", "shown"),
    [
        (Samples({}), (False, None, None)),
        (Samples({}, {"locks"}), (None, None, None)),
        (Samples({("locks", 1): Sample("t", 5)}), (True, "t", 5)),
        (Samples({("locks", 1): Sample(None, None)}), (True, None, None)),
    ],
)
def test_a_server_of_a_datasource(samples, shown):
    found = info_datasources._of_server(SERVER, "locks", False, samples)
    assert (found["has_samples"], found["last_sample"], found["age"]) == shown
    assert (found["name"], found["enabled"], found["paused"]) == ("first", True, False)


def test_what_is_returned(offline_driver):
    entry = wanted(definition(), paused=[1])
    found = state(
        catalog=catalog_of(entry, definitions={"locks": entry.layout.stored(entry.definition, [1]), **DAMAGED})
    )
    tables = [{"name": "powa_locks_history", "bytes": 8192}]
    broken, locks = info_datasources.returned_datasources(
        None, ["broken", "locks"], [definition()], found, [SERVER], Samples({}), NOTHING, tables, PARAMS, visible()
    )
    assert locks["bytes"] == {"transient": 0, "current": 0, "history": 8192}
    assert (locks["server_kind"], locks["damaged"], locks["refused"]) == (["repository"], None, [])
    assert [(server["name"], server["paused"]) for server in locks["servers"]] == [("first", True)]
    assert (broken["definition"], broken["damaged"]) == (
        None,
        "the comment of function f should hold the definition, found none",
    )
    assert broken["servers"] == broken["drift"] == []
