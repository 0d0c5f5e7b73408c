# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What datasources have collected, as lines of few points."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import history
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.history_range import Moment, Range, Ranges, Sampled
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    POWA_5,
    definition,
    stored_text,
    visible,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals, render
from psycopg2 import DataError

METRICS = [
    {"name": "held", "type": "bigint", "title": "Held", "unit": "locks", "overview": True},
    {"name": "note", "type": "text"},
    {"name": "lag", "type": "interval", "kind": "gauge", "unit": "ignored"},
]
NAMES = {0: "local", 1: "first", 2: "beta:5432"}
THEN, LATER, NOW = Moment("then", "Then", 0.0), Moment("later", "Later", 150.0), Moment("now", "Now", 180.0)
WITHIN = Range(THEN, NOW, 3)
RANGES = Ranges(WITHIN, {("locks", 2): Range(LATER, NOW, 3), ("waits", 1): WITHIN})


def datasource(**changes):
    return history._Datasource(definition(**dict({"metrics": METRICS}, **changes)), ("mode",))


@pytest.mark.parametrize("option", ["steps", "lines"])
def test_at_least_one_step_and_one_line(option):
    with pytest.raises(PowaError, match="{0}: found 0, expected at least 1".format(option)):
        history.read_history(dict({"steps": 1, "lines": 1}, **{option: 0}), False)


@pytest.mark.parametrize(
    ("steps", "values", "points"),
    [
        ([], [], [None, None, None]),
        ([0, 2], [1.0, 2.5], [1.0, None, 2.5]),
        ([1], [123456.789], [None, 123500.0, None]),
        ([1], [0.000123456], [None, 0.0001235, None]),
    ],
)
def test_points_have_few_digits(steps, values, points):
    assert history._points(3, steps, values) == points


def test_only_numbers_are_drawn():
    assert [(position, column.name) for position, column in datasource().metrics] == [(0, "held"), (2, "lag")]


def test_the_statement_that_reads_a_datasource():
    part = " ".join(render(history._part(POWA_5, datasource(), NAMES, RANGES)).split())
    assert 'LATERAL "PoWA"."powa_locks_rate"(s.id, w.since, \'now\'::timestamptz) AS r' in part
    assert "SELECT coalesce(l.since, 'then'::timestamptz), coalesce(l.step, 60.0)" in part
    assert 'pg_catalog.jsonb_build_array(r."mode"::text)' in part
    assert (
        '(0, ("r"."held")::double precision), (2, (extract(epoch FROM "r"."lag")::double precision)::double precision)'
        in part
    )
    found = literals(history._part(POWA_5, datasource(), NAMES, RANGES))
    # All servers, and the one that begins late.
    assert [0, 1, 2] in found and [2] in found and ["later"] in found and [10.0] in found


def test_a_database_is_shown_by_its_name():
    sizes = history._Datasource(definition(scope="database"), ("dbid", "mode"))
    assert "powa_databases" in render(history._part(POWA_5, sizes, NAMES, RANGES))
    own = history._Datasource(definition(keys=[{"name": "dbid", "type": "integer"}]), ("dbid",))
    assert "powa_databases" not in render(history._part(POWA_5, own, NAMES, RANGES))


def test_what_is_returned_of_a_datasource():
    lines = {
        ("locks", 1, 0): [(["Row"], [0, 1], [1.0, 2.0]), (None, [2], [3.0])],
        ("locks", 2, 2): [(["Row"], [2], [5.0])],
    }
    found = history._returned(datasource(title="Locks"), lines, NAMES, RANGES)
    assert [(server["since"], server["step"]) for server in found["servers"]] == [("Then", 60.0), ("Later", 10.0)]
    assert found["servers"][0] == {
        "srvid": 1,
        "name": "first",
        "since": "Then",
        "step": 60.0,
        "metrics": [
            {
                "name": "held",
                "lines": [
                    {"key": {"mode": "Row"}, "points": [1.0, 2.0, None]},
                    {"key": None, "points": [None, None, 3.0]},
                ],
            },
            {"name": "lag", "lines": []},
        ],
    }
    assert (found["title"], found["set"]) == ("Locks", None)
    assert found["metrics"] == [
        {"name": "held", "title": "Held", "unit": "locks", "description": None, "per_second": True, "overview": True},
        {"name": "lag", "title": None, "unit": "s", "description": None, "per_second": False, "overview": False},
    ]


RANGE = {"range": "1 hour", "until": None, "steps": 4}


def of_range(seconds):
    return [("a", "A", 0.0, "b", "B", seconds)]


def test_a_range_in_steps():
    found = history._read_range(Recorder({"interval": of_range(3600.0)}), RANGE)
    assert found == Range(Moment("a", "A", 0.0), Moment("b", "B", 3600.0), 4)
    assert found.as_dict() == {"since": "A", "until": "B", "step": 900.0}


def test_the_first_and_the_last_sample_of_each_server():
    cursor = Recorder({"coalesce_range": [("locks", 1, "a", "A", 5.0, "b", "B", 8.0)]})
    found = history._read_samples(cursor, POWA_5, [datasource()], NAMES, WITHIN)
    assert found == {("locks", 1): Sampled(Moment("a", "A", 5.0), Moment("b", "B", 8.0))}
    # Without metrics that are numbers nothing is drawn.
    texts = datasource(metrics=[{"name": "name", "type": "text", "kind": "gauge"}])
    assert history._read_samples(Recorder(), POWA_5, [texts], NAMES, WITHIN) == {}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            DataError("invalid input\nLINE"),
            'PostgreSQL cannot read range "1 hour" until "" (invalid input): give an interval such as "7 days"',
        ),
        (of_range(0.0), 'range: found "1 hour", expected a positive and finite interval'),
        (of_range(float("inf")), 'range: found "1 hour", expected a positive and finite interval'),
    ],
)
def test_a_range_that_is_none(answer, sentence):
    with pytest.raises(PowaError) as caught:
        history._read_range(Recorder({"interval": answer}), RANGE)
    assert str(caught.value).startswith(sentence)


def rows():
    return [
        ({"id": 1, "hostname": "alpha", "port": 5432, "alias": "first"},),
        ({"id": 2, "hostname": "beta", "port": 5432, "alias": None},),
    ]


@pytest.mark.parametrize(
    ("asked", "names"),
    [(None, NAMES), (["beta"], {2: "beta:5432"}), (["local", "first"], {0: "local", 1: "first"}), ([], {})],
)
def test_the_servers_that_are_asked_for(asked, names):
    assert history._read_names(Recorder({"powa_servers": rows()}), POWA_5, asked, visible()) == names


def test_a_server_that_is_not_registered():
    with pytest.raises(ProblemsError, match='server "omega" is not registered here'):
        history._read_names(Recorder({"powa_servers": rows()}), POWA_5, ["omega"], visible())


def test_without_the_right_no_server_is_known():
    seen = visible({"powa_servers": ["id"]})
    assert history._read_names(Recorder(), POWA_5, None, seen) == {} and seen.hides("datasources[].servers")
    with pytest.raises(PowaError, match="servers: no server can be looked up, since the role lacks SELECT [(]hostname"):
        history._read_names(Recorder(), POWA_5, ["alpha"], seen)


def read(
    asked,
    readable=(("powa_locks_rate", {"mode": "text", "ts": "timestamptz", "held": "double precision"}),),
    strangers=(),
    uncallable=(),
    seen=None,
):
    definitions = [
        ("powa_locks_src", stored_text()),
        ("powa_waits_src", stored_text(name="waits")),
        ("powa_broken_src", "pgfleet.powa datasource broken: {"),
        *strangers,
    ]
    answers = {"rate$": [(*row, uncallable) for row in readable], "obj_description": definitions}
    found, warnings = history._read_datasources(Recorder(answers), POWA_5, asked, seen or visible())
    return [entry.definition.name for entry in found], warnings


def test_all_datasources_that_can_be_read_and_what_keeps_the_others_from_it():
    names, (warning,) = read(None)
    assert names == ["locks"] and warning.startswith('datasource "broken": the comment of function')


def test_nothing_is_called_of_a_datasource_of_which_a_stranger_owns_anything():
    theirs = ("powa_locks_history", None, "view", "public.powa_locks_history", "mallory", True)
    names, warnings = read(None, strangers=[theirs])
    assert names == [] and 'belong to role "mallory"' in warnings[-1]
    with pytest.raises(ProblemsError, match="view public.powa_locks_history"):
        read(["locks"], strangers=[theirs])


HIDDEN = {"powa_locks_history": []}


@pytest.mark.parametrize(
    ("hidden", "uncallable", "right"),
    [
        (HIDDEN, [], 'SELECT on "PoWA".powa_locks_history'),
        ({}, ["powa_locks_get"], 'EXECUTE on function "PoWA".powa_locks_get'),
    ],
)
def test_a_datasource_whose_history_is_not_visible_is_named(hidden, uncallable, right):
    seen = visible(hidden)
    names, _warnings = read(None, uncallable=uncallable, seen=seen)
    assert names == [] and seen.returned() == [{"part": "datasources", "lacks": [right]}]
    with pytest.raises(ProblemsError, match='datasource "locks": cannot be read, since the role lacks'):
        read(["locks"], uncallable=uncallable, seen=visible(hidden))


def test_a_datasource_that_is_asked_for_tells_of_no_others():
    assert read(["locks"]) == (["locks"], [])


@pytest.mark.parametrize(
    ("asked", "readable", "sentence"),
    [
        (
            ["x"],
            (("powa_locks_rate", {"mode": "text", "held": "double precision"}),),
            'datasource "x" is not declared here, or cannot be read',
        ),
        (["x"], (), "(declared: none): give one of them"),
        (["broken"], (), 'datasource "broken": the comment of function PoWA.powa_broken_src should hold'),
        (
            ["locks"],
            (("powa_locks_rate", {"mode": "text"}),),
            'datasource "locks": function PoWA.powa_locks_rate does not return "held" as its definition has it',
        ),
        (
            # As it was made before counters of this type had a rate.
            ["locks"],
            (("powa_locks_rate", {"mode": "text", "held": "bigint"}),),
            'datasource "locks": function PoWA.powa_locks_rate does not return "held" as its definition has it',
        ),
    ],
)
def test_a_datasource_that_can_not_be_read(asked, readable, sentence):
    with pytest.raises(ProblemsError) as caught:
        read(asked, readable)
    assert sentence in str(caught.value)
