# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a datasource is shown is stored with it, and is no part of its shape."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Stored, read_comments


def parsed(datasource_title=None, datasource_set=None, **shown):
    metric = {"name": "held", "type": "int8", "kind": "gauge", **shown}
    declared = {"name": "lock_modes", "query": "SELECT 1 AS held", "metrics": [metric]}
    declared.update(title=datasource_title, set=datasource_set)
    (definition,), removals, found = collect_definitions([declared])
    assert (removals, found) == ([], [])
    return definition


def test_it_is_stored():
    definition = parsed("Locks", "Sessions", title="Locks held", unit="locks", description="How many", overview=True)
    stored = definition.as_dict()
    assert (stored["title"], stored["set"]) == ("Locks", "Sessions")
    assert stored["metrics"] == [
        {
            "name": "held",
            "type": "bigint",
            "kind": "gauge",
            "title": "Locks held",
            "unit": "locks",
            "description": "How many",
            "overview": True,
        }
    ]
    comment = Stored(definition).comment()
    assert read_comments(definition.name, "public", {"_src": comment}).definition == definition


def test_what_is_left_out_is_not_stored():
    stored = parsed(datasource_set=" ", overview=False).as_dict()
    assert not {"title", "set", "may_be_empty"} & set(stored)
    assert stored["metrics"] == [{"name": "held", "type": "bigint", "kind": "gauge"}]


def test_changing_it_asks_no_server_again():
    assert Stored(parsed("Locks", unit="locks")).covers(parsed("Other", "Set", unit="other", overview=True))
