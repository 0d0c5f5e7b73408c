# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is tried of a list of datasources, and what is made of an answer."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import samples
from ansible_collections.pgfleet.powa.plugins.modules import sample_info
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    LATER_POWA_5,
    POWA_4,
    definition,
    state,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

ONE = {"name": "one", "query": "SELECT 1 AS n", "metrics": [{"name": "n", "type": "integer"}]}
PARAMS = {
    "datasources": [ONE],
    "monitoring_role": None,
    "rows": 10,
    "frequency": 300,
    "retention": "1 day",
    "timeout": 60,
}


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
    one = definition(keys=[], metrics=[{"name": "n", "type": "integer"}])
    result = samples._result(one, sample, 300, 172_800)
    assert (result["row_count"], result["rows"], result["milliseconds"]) == (2, [{"n": 1}], 0.3)
    # 2 rows of 40 bytes, 288 times a day, of which 60 % stay.
    assert result["types"] == {"n": "integer"} and result["bytes_per_day"] == 2 * 40 * 288 * 6 // 10
    assert result["bytes_at_retention"] == 2 * result["bytes_per_day"]
    assert samples._result(one, sample, 300, float("inf"))["bytes_at_retention"] is None
    assert samples._sample((1, None, None, 0, None, 0.1)).rows == []


def test_the_sample_of_the_documentation_is_what_the_formula_gives() -> None:
    (documented,) = (entry["contains"] for entry in [yaml.safe_load(sample_info.RETURN)["datasources"]])
    found = {name: entry["sample"] for name, entry in documented.items()}
    sample = samples._sample((1, None, None, found["row_count"], None, found["milliseconds"]))
    result = samples._result(definition(), sample, 300, 86400)
    assert {name: found[name] for name in ("bytes_per_day", "bytes_at_retention")} == {
        name: result[name] for name in ("bytes_per_day", "bytes_at_retention")
    }


def test_a_retention_of_its_own_comes_first() -> None:
    rows = [("1 day", "1 day", 86400), ("7 days", "7 days", 604800)]
    own = [definition(retention="7 days"), definition(name="waits")]
    for archivist, known in ((LATER_POWA_5, {"locks": 604800}), (POWA_4, {})):
        found = samples._retentions(Recorder({"interval": rows}), "1 day", own, state(archivist))
        assert found == {None: 86400, **known}
    with pytest.raises(PowaError, match='^retention: found "0", expected a positive interval'):
        samples._retentions(Recorder({"interval": [("0", "00:00:00", 0)]}), "0", own, state())
