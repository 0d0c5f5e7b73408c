# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The costs of datasources that a task of module server_info asks about."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import USUAL_DENSITY, Stored
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import expected_costs, info
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.costs import Held
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.recent import Recent
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    ALPHA,
    LOCKS,
    POWA_4,
    POWA_5,
    catalog_of,
    definition,
    state,
    visible,
    wanted,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

NOTHING = Held({}, {}, {}, {})
SAMPLED = Held({}, {}, {("locks", 1): Recent(1, 8.0, 0, None, None)}, {"locks": Stored(40, 10_000, 150_000)})
UNTYPED = {**LOCKS, "keys": [{"name": "mode"}]}


def answer(server, rows, **columns):
    return {"server": server, "datasources": [{"name": "locks", "rows": rows, **columns}]}


def ask(declared, results=None):
    return expected_costs.parse_asked({"datasources": declared, "remote_results": results})


@pytest.fixture(name="read")
def _read(monkeypatch):
    def costs(asked, held=NOTHING, kind=("repository",), seen=None, cursor=None, **found):
        monkeypatch.setattr(expected_costs, "read_state", lambda *_arguments: state(**found))
        returned = expected_costs.read_costs_of(cursor or Recorder(), asked, kind, held, seen or visible())
        return {entry["name"]: entry["cost"] for entry in returned}

    return costs


def refused(read, asked, **changes):
    with pytest.raises(ProblemsError) as found:
        read(asked, **changes)
    return found.value.problems


def test_what_remotes_expect_is_told_without_a_statement(read):
    cursor = Recorder()
    cost = read(ask([LOCKS], [answer("first", 8)]), cursor=cursor)["locks"]
    assert (cost["rows"], cost["bytes_per_row"]) == (16, 40 * USUAL_DENSITY) and cursor.statements == []
    assert read(ask([LOCKS])) == read(ask([LOCKS], [answer("unknown", 8)])) == {"locks": None}


def test_one_that_is_declared_already_has_the_rows_of_its_samples(read):
    there = {"catalog": catalog_of(wanted(definition()))}
    assert (read(ask([LOCKS]), SAMPLED, **there)["locks"]["rows"], read(ask([LOCKS]), SAMPLED)) == (16, {"locks": None})
    assert read(ask([LOCKS], [answer(ALPHA.name, 3)]), SAMPLED, **there)["locks"]["rows"] == 6
    assert read(ask([LOCKS]), SAMPLED, **there)["locks"]["bytes_per_row"] == 15


def test_samples_of_other_databases_tell_nothing(read):
    before = {"archivist": POWA_5, "catalog": catalog_of(wanted(definition(scope="database"), archivist=POWA_5))}
    same, others = dict(LOCKS, scope="database"), dict(LOCKS, scope="database", databases=["one"])
    assert read(ask([same]), SAMPLED, **before)["locks"]["rows"] == 16
    assert read(ask([others]), SAMPLED, **before) == read(ask([LOCKS]), SAMPLED, **before) == {"locks": None}


def test_those_that_are_absent_cost_nothing(read):
    assert read(ask([{"name": "locks", "state": "absent"}])) == {}


def test_local_mode_tells_of_itself(read):
    local = {"local_mode": True, "servers": [], "kind": ("local",)}
    asked = ask([LOCKS], [answer("local", 8)])
    assert read(asked, cursor=Recorder({"powa.frequency": [(300.0, 86400.0)]}), **local)["locks"]["rows"] == 8
    # A repository is no server of its own.
    assert read(asked) == {"locks": None}


def test_types_that_are_left_out_come_from_remotes(read):
    typed = {"key_columns": [{"name": "mode", "type": "text"}], "metric_columns": []}
    assert read(ask([UNTYPED], [answer("first", 8, **typed)]))["locks"]["rows"] == 16
    (problem,) = refused(read, ask([UNTYPED]))
    assert "no type is declared for mode" in problem and "run module datasources on a remote first" in problem


def test_everything_that_is_wrong_is_told_at_once(read):
    kept = catalog_of(wanted(definition(keys=[{"name": "was_key", "type": "text"}], name="waits")))
    again = dict(LOCKS, name="waits", metrics=[{"name": "was_key", "type": "bigint"}])
    declared = [dict(LOCKS, query="DROP"), dict(LOCKS, name="typeless", keys=[{"name": "mode"}]), again]
    declared.append(dict(LOCKS, name="of_nobody", servers=["nobody"]))
    problems = refused(read, ask(declared), kind=("remote",), catalog=kept, archivist=POWA_4)
    assert [problem.split(":")[0] for problem in problems] == [
        'datasource "locks", query',
        "datasources",
        'datasource "typeless"',
        'datasource "waits", metrics',
    ]
    problems = refused(read, ask(declared), catalog=kept)
    assert any(problem.startswith('datasource "of_nobody", servers: server "nobody" is not') for problem in problems)


def test_options_that_ansible_would_refuse():
    assert ask([{"name": "one", "nme": 1}]).problems[0].startswith("datasources: datasources.nme. Supported")
    assert ask([], [{"server": "first"}]).problems[0].startswith("remote_results: missing required arguments")


def test_a_role_that_sees_no_servers_is_told_nothing(read):
    seen = visible({"powa_servers": []})
    assert read(ask([LOCKS], [answer("first", 8)]), seen=seen) == {} and seen.hides("expected_costs")
    refused(read, ask([dict(LOCKS, query="DROP")]), seen=seen)


def test_samples_that_cannot_be_read_are_named(read):
    seen = visible()
    seen.note(["datasources[].cost"], ["SELECT on x"])
    assert read(ask([LOCKS], [answer("first", 8)]), seen=seen)["locks"]["rows"] == 16
    assert seen.gaps["expected_costs"] == ["SELECT on x"]


def test_results_of_remotes_are_about_datasources():
    with pytest.raises(PowaError, match=r"^remote_results: found results of remotes without datasources"):
        info._asked({"datasources": None, "remote_results": [answer("first", 8)]})
    assert info._asked({"datasources": None, "remote_results": []}) is None
    assert info._asked({"datasources": [LOCKS], "remote_results": None}).problems == []
