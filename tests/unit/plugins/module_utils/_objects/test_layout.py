# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which columns history has: the declared ones, and those that it keeps from before."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Kind
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.layout import layout_of
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import RecordType, Table, TableColumn
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    catalog_of,
    definition,
    wanted,
    with_objects,
)

HELD = {"name": "held", "type": "bigint"}
WAITS = {"name": "waits", "type": "bigint", "kind": "gauge"}
MODE = {"name": "mode", "type": "text"}
KIND = {"name": "kind", "type": "text", "nullable": True}


def names(columns):
    return [column.name for column in columns]


def layout(before, after):
    """Return the layout that a definition leads to where another one was made before."""
    return layout_of(definition(**after), catalog_of(wanted(definition(**before))))


def test_on_a_server_that_has_nothing():
    found = layout_of(definition(keys=[MODE, KIND]), Catalog())
    assert (names(found.keys), names(found.metrics), names(found.minmax)) == (["mode", "kind"], ["held"], ["held"])
    assert found.nullable == {"kind"}
    assert (found.kept_keys, found.kept_metrics, found.renames) == (frozenset(), frozenset(), {})


def test_the_same_again_is_the_same():
    assert layout({}, {}) == layout_of(definition(), Catalog())


def test_a_removed_metric_keeps_its_place():
    found = layout({"metrics": [WAITS, HELD]}, {})
    assert names(found.metrics) == ["waits", "held"] and found.kept_metrics == {"waits"}
    assert [column.kind for column in found.metrics] == [Kind.GAUGE, Kind.COUNTER]


def test_a_metric_that_is_back_is_declared_again():
    once = wanted(definition(metrics=[WAITS, HELD]))
    then = wanted(definition(), catalog=catalog_of(once))
    again = layout_of(definition(metrics=[WAITS, HELD]), catalog_of(then))
    assert again.kept_metrics == frozenset() and names(again.metrics) == ["waits", "held"]


def test_a_new_metric_comes_last():
    assert names(layout({}, {"metrics": [WAITS, HELD]}).metrics) == ["held", "waits"]


def test_a_removed_key_stays_and_may_be_null():
    found = layout({"keys": [MODE, {"name": "pid", "type": "integer"}]}, {})
    assert names(found.keys) == ["mode", "pid"]
    assert (found.kept_keys, found.nullable) == ({"pid"}, {"pid"})


def test_a_new_key_may_be_null_in_history():
    found = layout({}, {"keys": [MODE, {"name": "pid", "type": "integer"}]})
    assert names(found.keys) == ["mode", "pid"] and found.nullable == {"pid"}


def test_a_key_that_may_be_null_now_may_be_null():
    assert layout({}, {"keys": [dict(MODE, nullable=True)]}).nullable == {"mode"}


def test_a_renamed_metric_keeps_its_place():
    found = layout({"metrics": [HELD, WAITS]}, {"metrics": [dict(HELD, name="had", renamed_from="held"), WAITS]})
    assert names(found.metrics) == ["had", "waits"] and found.renames == {"held": "had"}
    assert found.kept_metrics == frozenset()


def test_a_rename_that_is_done_is_no_rename():
    renamed = {"metrics": [dict(HELD, name="had", renamed_from="held")]}
    assert layout(renamed, renamed).renames == {}


def test_a_rename_of_what_was_never_there_is_a_new_column():
    found = layout({}, {"metrics": [HELD, dict(WAITS, renamed_from="x")]})
    assert names(found.metrics) == ["held", "waits"] and found.renames == {}


def test_a_metric_of_another_type_is_declared():
    found = layout({}, {"metrics": [dict(HELD, type="numeric")]})
    assert [column.type.name for column in found.metrics] == ["numeric"]


def test_a_metric_that_has_no_minimum_any_more_leaves_the_extremes():
    found = layout({}, {"metrics": [dict(HELD, type="boolean")]})
    assert names(found.metrics) == ["held"] and names(found.minmax) == []


def test_a_column_that_nobody_declared_is_left_out():
    there = catalog_of(wanted(definition()))
    table = there.get(Table, "powa_locks_history").object
    by_hand = replace(table, columns=(*table.columns, TableColumn("note", "text")))
    assert names(layout_of(definition(), with_objects(there, by_hand)).keys) == ["mode"]


def test_where_nothing_tells_what_was_declared_every_column_stays():
    there = catalog_of(wanted(definition()), definitions={})
    record = there.get(RecordType, "powa_locks_history_record").object
    wider = replace(record, columns=(*record.columns, TableColumn("cash", "money")))
    found = layout_of(definition(), with_objects(there, wider))
    assert [(column.name, column.type.name, column.kind) for column in found.metrics] == [
        ("held", "bigint", Kind.COUNTER),
        ("cash", "money", Kind.GAUGE),
    ]
    assert found.kept_metrics == {"cash"}


def test_what_is_kept_is_stored():
    after = definition(keys=[])
    found = layout_of(after, catalog_of(wanted(definition(metrics=[HELD, WAITS]))))
    stored = found.stored(after, [2, 1])
    assert (names(stored.kept_keys), names(stored.kept_metrics)) == (["mode"], ["waits"])
    assert stored.paused == {1, 2}
