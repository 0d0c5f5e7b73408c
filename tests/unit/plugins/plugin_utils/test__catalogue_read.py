# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue: what its files must be, and what the variable makes of its sets."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.plugin_utils._catalogue.read import (
    catalogue,
    definitions_of_sets,
    set_names,
)

ENTRIES = [entry for each in catalogue().values() for entry in each.entries]
QUERIES = [
    pytest.param(query["query"], id="{0}-{1}".format(entry.name, query.get("min_version", 0)))
    for entry in ENTRIES
    for query in entry.definition.get("queries") or [entry.definition]
]
FIELDS = set("name title set description may_be_empty query queries scope keys metrics".split())
#: Keywords of SQL are in capitals. These are functions of the grammar, and aliases with columns.
_NO_CALLS = "bit coalesce greatest least nullif p t".split()


def test_the_module_takes_all_of_them_in_one_list() -> None:
    definitions, _removals, problems = collect_definitions([entry.definition for entry in ENTRIES])
    assert not problems and len(definitions) == len(ENTRIES) > 30 and len(catalogue()) > 12


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_each_says_what_it_shows(entry: Any) -> None:
    definition = entry.definition
    assert set(definition) <= FIELDS
    assert definition["title"] and not definition["description"].endswith(".") and entry.use.endswith(".")
    for column in [*definition.get("keys", ()), *definition["metrics"]]:
        # PoWA's repository needs no remote to know it.
        assert column["type"]
    for metric in definition["metrics"]:
        assert metric["title"] and metric["description"] and not metric["description"].endswith(".")
        assert metric.get("unit") or metric["type"] == "integer"
        assert metric.get("kind", "counter") in ("counter", "gauge")
    assert not entry.is_default or not (entry.needs or entry.expensive or definition.get("scope"))


def test_an_overview_of_a_server_has_a_few_graphs_each_of_another_set() -> None:
    marked = [entry for entry in ENTRIES for metric in entry.definition["metrics"] if metric.get("overview")]
    assert 6 <= len(marked) <= 9 and len({entry.definition["set"] for entry in marked}) == len(marked)
    assert sum(entry.is_default for entry in marked) >= 6


@pytest.mark.parametrize("each", catalogue().values(), ids=lambda each: each.name)
def test_a_server_takes_a_whole_set_or_none_of_it(each: Any) -> None:
    assert each.title and len({entry.definition.get("scope") for entry in each.entries}) == 1
    assert len({"pg_monitor" in entry.needs for entry in each.entries}) == 1


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_names_schemas_and_holds_no_template(query: str) -> None:
    assert not re.search(r"\{[{%#]", query)
    read = query.replace("DISTINCT FROM", "")
    assert not re.search(r"\b(FROM|JOIN)\s+(?!pg_catalog\.|LATERAL\b)[a-z_]+\b(?!\()", read)
    called = set(re.findall(r"(?<![.\w])([a-z_][a-z_0-9]*)\s*\(", query))
    assert called <= set(_NO_CALLS)
    assert not re.search(r"::(?!pg_catalog\.)(text|oid|name|xid|inet)\b", query)


def test_the_definitions_of_sets() -> None:
    by_hand = {entry.name: entry.definition for name in ("connections", "locks") for entry in catalogue()[name].entries}
    assert definitions_of_sets(("locks", "connections", "locks")) == by_hand
    assert definitions_of_sets(()) == definitions_of_sets(("lock",)) == {}


def test_the_default_suits_every_server() -> None:
    default = set(definitions_of_sets(("default",)))
    assert {"connections", "lock_waits", "slot_retention", "database_ages"} <= default
    assert {"blocking_sessions", "wal_files", "database_sizes", "sequences_near_end"}.isdisjoint(default)
    assert default == set(definitions_of_sets(("default", "waits"))) < set(definitions_of_sets(("default", "locks")))
    assert set_names()[:2] == ["default", "archiver"]
