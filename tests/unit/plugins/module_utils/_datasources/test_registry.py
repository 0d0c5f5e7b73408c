# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PoWA's registry is to say about a datasource."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import (
    is_about,
    registered_functions,
    registry_rows,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    LATER_POWA_5,
    POWA_4,
    POWA_5,
    definition,
)


@pytest.mark.parametrize("archivist", [POWA_4, POWA_5], ids=["4", "5"])
def test_a_function_for_each_operation(archivist):
    functions = registered_functions(definition(), archivist)
    assert [function.operation for function in functions] == list(archivist.operations)
    assert [function.name for function in functions][:2] == ["powa_locks_snapshot", "powa_locks_aggregate"]


def test_only_a_snapshot_has_a_source_and_a_cleanup():
    snapshot, *others = registered_functions(definition(query_cleanup="SELECT 1"), POWA_4)
    assert snapshot.query_source == "powa_locks_src"
    assert snapshot.query_cleanup == "SELECT public.powa_locks_cleanup(0)"
    assert {(other.query_source, other.query_cleanup) for other in others} == {(None, None)}
    assert registered_functions(definition(), POWA_4)[0].query_cleanup is None


def test_the_rows_of_an_extension():
    rows = registry_rows(None, definition(extension="x", priority=3, enabled=False), LATER_POWA_5, [7], "7 days")
    assert {row.module for row in rows} == {"x"}
    assert rows[-1].values == {"added_manually": True, "enabled": False, "retention": "7 days"}
    assert {row.values["priority"] for row in rows if row.function} == {3}


def test_the_rows_of_a_datasource_of_databases(offline_driver):
    declared = definition(scope="database", databases=["app"])
    rows = registry_rows(None, declared, POWA_5, [7], None)
    queries = [row.values["query_source"] for row in rows if "min_version" in row.key]
    assert queries == ['SELECT q."mode"::text, q."held"::bigint\nFROM (\n' + declared.queries[0].sql + "\n) AS q"]
    assert rows[0].values["tmp_table"] == '"PoWA".powa_locks_src_tmp'
    assert rows[-1].values["dbnames"] == ["app"]


@pytest.mark.parametrize(
    ("key", "changes", "about"),
    [
        ({"module": "locks", "function_name": "powa_locks_purge"}, {}, True),
        ({"module": "locks", "function_name": "theirs"}, {}, False),
        ({"module": "other", "function_name": "powa_locks_purge"}, {}, False),
        ({"extname": "locks"}, {}, True),
        ({"extname": "x"}, {"extension": "x"}, True),
        ({"db_module": "locks"}, {}, False),
        ({"db_module": "locks"}, {"scope": "database"}, True),
        ({"extname": "locks"}, {"scope": "database"}, False),
    ],
)
def test_which_rows_are_about_a_datasource(key, changes, about):
    assert is_about(Row("t", key, {}), definition(**changes)) is about
