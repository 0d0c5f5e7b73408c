# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is tried of a list of datasources, and what is made of an answer."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import samples
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import definition

ONE = {"name": "one", "query": "SELECT 1 AS n", "metrics": [{"name": "n", "type": "integer"}]}
PARAMS = {"datasources": [ONE], "monitoring_role": None, "rows": 10, "frequency": 300, "timeout": 60}


@pytest.mark.parametrize(("option", "value"), [("rows", -1), ("rows", 1001), ("frequency", 0), ("frequency", 10**400)])
def test_numbers_have_bounds(option: str, value: int) -> None:
    with pytest.raises(PowaError, match=r"^{0}: found -?[0-9]+, expected [01] to [0-9]+$".format(option)):
        samples.read_samples({**PARAMS, option: value}, False)


def test_what_is_to_be_removed_or_paused_is_left_out() -> None:
    absent, paused = {"name": "gone", "state": "absent"}, dict(ONE, name="later", state="paused")
    definitions, problems = samples._parse([ONE, absent, paused])
    assert [each.name for each in definitions] == ["one"] and not problems


def test_problems_of_fields_and_of_their_values() -> None:
    assert samples._parse([{"name": "one", "nme": 1}])[1][0].startswith("datasources: datasources.nme. Supported")
    assert samples._parse([dict(ONE, query="DROP")])[1][0].startswith('datasource "one", query: it begins with "DROP"')


def test_an_answer_becomes_a_result() -> None:
    sample = samples._sample((1, None, None, 2, '[{"n": 1}]', 0.26))
    result = samples._result(definition(keys=[], metrics=[{"name": "n", "type": "integer"}]), sample, 300)
    assert (result["row_count"], result["rows"], result["milliseconds"]) == (2, [{"n": 1}], 0.3)
    # 2 rows of 40 bytes, 288 times a day, of which 60 % stay.
    assert result["types"] == {"n": "integer"} and result["bytes_per_day"] == 2 * 40 * 288 * 6 // 10
    assert samples._sample((1, None, None, 0, None, 0.1)).rows == []
