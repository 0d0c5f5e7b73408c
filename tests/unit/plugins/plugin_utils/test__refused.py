# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hosts refuse of the declared datasources, and what a run makes of it."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.refusals import refusals as sentences
from ansible_collections.pgfleet.powa.plugins.plugin_utils import _refused
from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import plan_remote
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_datasources import (
    pausable,
    repository_datasources,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import LOGIN, fleet, host, run, seen

BAD = 'datasource "bad", query: permission denied for function secret: grant EXECUTE'
ALSO = 'datasource "bad": a column has another type'
REFUSED = {"msg": "2 problems in the datasources", "problems": [BAD, ALSO], "failed": False}
ACCEPTED = {"datasources": [{"name": "good"}], "changes": []}
DECLARED = [{"name": "good"}, {"name": "bad"}]


def declare(skip=False, standby=False, others=None, lost=(), **checks):
    """A repository named hub with the remotes a and b, of which a has these checks, and b is one that others has."""
    own = {"powa_datasources": DECLARED, "powa_skip_refused": skip}
    hosts = {
        "hub": host(None, "10.0.0.9", ["powa_repositories"], **own),
        "a": host("hub", "10.0.0.1", ["powa_remotes"], **own),
        "b": host("hub", "10.0.0.2", ["powa_remotes"], **own),
    }
    found = seen(roles={"powa_monitor": LOGIN})
    other = dict(found, server={**found["server"], "standby": standby})
    registered = {"__remote_" + name: result for name, result in checks.items()}
    return run(fleet(hosts), {"hub": found, "a": found, "b": other}, lost, a=registered, b=others or {})


@pytest.mark.parametrize(
    ("result", "refused"),
    [
        (REFUSED, {"bad": BAD + "; " + ALSO}),
        (ACCEPTED, {}),
        ({"skipped": True}, {}),
        ({"msg": "nobody is there", "unreachable": True}, {}),
        ({"msg": "cannot log in", "failed": True}, {}),
        ({**ACCEPTED, "msg": "of a plugin"}, {}),
        (
            {"msg": "x", "problems": ['monitoring_role: role "x" does not exist']},
            {"": 'monitoring_role: role "x" does not exist'},
        ),
    ],
)
def test_what_a_check_says(result, refused):
    assert _refused.refusals(declare(checked=result), "a") == refused
    assert _refused.refusals(declare(checked_late=result), "a") == refused


def test_what_is_known_need_not_be_checked_again():
    assert _refused.checked(declare(checked=ACCEPTED, checked_late=REFUSED), "a") == {"good", "bad"}
    assert _refused.checked(declare(), "a") == frozenset()


def test_a_refusal_stops_the_run_unless_it_is_to_be_left_out():
    assert _refused.stops(declare(checked=REFUSED), "a")
    assert not _refused.stops(declare(checked=ACCEPTED), "a")
    assert not _refused.stops(declare(skip=True, checked=REFUSED), "a")


def test_every_refusal_of_every_host_is_a_line():
    found = declare(checked=REFUSED, others={"__remote_checked": {"msg": "x", "problems": ["two\nlines"]}})
    assert sentences(found.fleet, found.hostvars) == ["a: " + BAD + "; " + ALSO, "b: two lines"]


def test_what_is_left_out_is_named():
    found = declare(skip=True, checked=REFUSED)
    (sentence,) = sentences(found.fleet, found.hostvars, "a")
    assert sentence.startswith("a: this run has left out datasource bad, which the host refuses: " + BAD)
    assert sentences(found.fleet, found.hostvars, "b") == []
    assert _refused.left_out(declare(checked=REFUSED), "a") == []


def names(datasources):
    return [datasource["name"] for datasource in datasources]


def test_a_host_makes_what_it_does_not_refuse():
    assert names(plan_remote(declare(skip=True, checked=REFUSED), "a")["datasources"]) == ["good"]
    assert names(plan_remote(declare(skip=True, checked=REFUSED), "b")["datasources"]) == ["good", "bad"]
    assert names(plan_remote(declare(checked=REFUSED), "a")["datasources"]) == ["good", "bad"]


def test_a_standby_does_not_wait_for_what_a_primary_may_have_refused():
    found = declare(skip=True, standby=True, checked=REFUSED)
    assert names(plan_remote(found, "b")["datasources"]) == ["good"]
    assert plan_remote(found, "b")["unsure"] == ["bad"] and plan_remote(found, "a")["unsure"] == []
    assert plan_remote(declare(standby=True, checked=REFUSED), "b")["unsure"] == []
    # What the repository refuses is made nowhere.
    found.hostvars["hub"]["__remote_checked"] = REFUSED
    assert plan_remote(found, "b")["unsure"] == []


def test_a_repository_leaves_out_what_all_of_its_remotes_refuse():
    refused = {"__remote_checked": REFUSED}
    both = declare(skip=True, checked=REFUSED, others=refused)
    assert names(repository_datasources(both, "hub")) == ["good"]
    assert names(repository_datasources(declare(skip=True, checked=REFUSED), "hub")) == ["good", "bad"]
    alone = declare(skip=True, checked=REFUSED, lost=["b"])
    assert names(repository_datasources(alone, "hub")) == ["good"]
    assert names(repository_datasources(declare(checked=REFUSED, others=refused), "hub")) == ["good", "bad"]


def test_what_a_repository_refuses_itself_is_left_out_on_all_of_its_remotes():
    found = declare(skip=True)
    found.hostvars["hub"]["__remote_checked"] = REFUSED
    assert names(repository_datasources(found, "hub")) == ["good"]
    assert [names(plan_remote(found, name)["datasources"]) for name in ("a", "b")] == [["good"], ["good"]]
    assert names(pausable(found, "hub")) == ["good"]
    assert " bad here and on all remotes of this repository, which " in sentences(found.fleet, found.hostvars, "hub")[0]
    # The remotes of another repository are not concerned.
    found.fleet["remotes"]["b"]["repository"] = "other"
    assert names(plan_remote(found, "b")["datasources"]) == ["good", "bad"]


def test_what_a_repository_of_repositories_refuses_is_left_out_below_it():
    found = declare(skip=True)
    found.fleet["repositories"].append("a")
    found.fleet["remotes"]["b"]["repository"] = "a"
    found.hostvars["hub"]["__remote_checked"] = REFUSED
    assert names(repository_datasources(found, "a")) == names(plan_remote(found, "b")["datasources"]) == ["good"]
    # A repository may be its own remote.
    found.fleet["remotes"]["hub"] = {**found.fleet["remotes"]["a"], "repository": "hub"}
    assert names(repository_datasources(found, "hub")) == ["good"]


def of_type(name):
    return {"datasources": [{"name": "good", "key_columns": [], "metric_columns": [{"name": "n", "type": name}]}]}


def test_remotes_that_disagree_about_a_type_stop_the_run():
    others = {"__remote_checked_late": of_type("bigint")}
    found = declare(checked=of_type("integer"), others=others)
    assert sentences(found.fleet, found.hostvars) == [
        'datasource "good": column "n" is bigint on b, but integer on a: declare its type, and cast to it in the query'
    ]
    assert _refused.stops(found, "a") and _refused.stops(found, "b") and not _refused.stops(found, "hub")
    assert not _refused.stops(declare(skip=True, checked=of_type("integer"), others=others), "a")
    assert not _refused.stops(declare(checked=of_type("bigint"), others=others), "a")
    assert not _refused.stops(declare(checked=of_type("integer"), others=others, lost=["b"]), "a")


def test_what_remotes_disagree_about_is_left_out_and_named():
    others = {"__remote_checked": of_type("bigint")}
    found = declare(skip=True, checked=of_type("integer"), others=others)
    assert names(repository_datasources(found, "hub")) == names(pausable(found, "hub")) == ["bad"]
    assert [names(plan_remote(found, name)["datasources"]) for name in "ab"] == [["bad"], ["bad"]]
    (sentence,) = sentences(found.fleet, found.hostvars, "hub")
    assert sentence.startswith(
        'hub: this run has left out datasource good on hub and on all remotes of this repository: datasource "good":'
    )
    assert sentences(found.fleet, found.hostvars, "a") == sentences(found.fleet, found.hostvars, "b") == []
    # Under --limit, one of the remotes says it.
    found.fleet["run"] = ["a", "b"]
    assert [len(_refused.left_out(found, name)) for name in ("a", "b")] == [1, 0]
    # Where it stops the run, nothing is left out.
    stopped = declare(checked=of_type("integer"), others=others)
    assert names(repository_datasources(stopped, "hub")) == ["good", "bad"]
