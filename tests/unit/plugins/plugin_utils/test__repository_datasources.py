# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The datasources of a repository."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.filter.repository_results import repository_results
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.stored import Stored
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_datasources import (
    known_names,
    pausable,
    repository_datasources,
    results_of_remotes,
    still_paused,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import fleet, host, run, seen

LOCKS = {"name": "locks"}
MADE = {"__remote_made": {"datasources": [{"name": "locks", "columns": []}]}}


def declare(datasources=(), servers=(), lost=(), check_mode=False, outside=(), only=None, repository="hub", **made):
    """A repository named hub, which has registered servers, with the remotes a and b; c is another repository's."""
    hosts = {
        "hub": host(None, "10.0.0.9", ["powa_repositories"], powa_datasources=list(datasources)),
        "a": host(repository, "10.0.0.1"),
        "b": host(repository, "10.0.0.2"),
        "c": host("other", "10.0.0.3"),
    }
    found = seen(repository={"servers": [dict(zip(("alias", "hostname", "port"), each)) for each in servers]})
    return run(fleet(hosts, outside=outside, run=only), {"hub": found}, lost, check_mode, **made)


def names(*servers, **options):
    return known_names(declare(servers=servers, **options), "hub")


def test_a_repository_knows_what_it_has_registered_and_registers():
    registered = ("a", "10.0.0.1", 5432)
    assert names() == ["a", "10.0.0.1:5432", "b", "10.0.0.2:5432"]
    assert names(lost=["b"]) == ["a", "10.0.0.1:5432"]
    assert names(registered, lost=["a", "b"]) == ["a", "10.0.0.1:5432"]
    assert names(check_mode=True) == []
    assert names(registered, check_mode=True) == ["a", "10.0.0.1:5432"]
    # The alias that it has now, and the one that it gets.
    assert names(("old", "10.0.0.1", 5432), lost=["b"]) == ["old", "10.0.0.1:5432", "a"]
    assert names((None, "10.0.0.1", 5432), check_mode=True) == ["10.0.0.1:5432"]
    # Somebody else has registered this one.
    assert names(("byhand", "10.0.0.8", 5432), check_mode=True) == []


def test_a_repository_that_was_not_read_knows_what_it_registers():
    declared = declare()
    declared.hostvars["hub"].clear()
    assert known_names(declared, "hub")[0] == "a"
    declared.hostvars["hub"]["__common_seen"] = seen(repository=None)
    assert known_names(declared, "hub")[0] == "a"


def test_a_datasource_has_those_of_its_servers_that_the_repository_knows():
    declared = [
        LOCKS,
        {"name": "some", "servers": ["a", "c", "10.0.0.2:5432"]},
        {"name": "elsewhere", "servers": ["c"]},
        {"name": "text", "servers": "a"},
        {"name": "removed", "servers": ["c"], "state": "absent"},
        {"name": "unset", "servers": None},
    ]
    assert repository_datasources(declare(declared), "hub") == [
        LOCKS,
        {"name": "some", "servers": ["a", "10.0.0.2:5432"]},
        {"name": "text", "servers": ["a"]},
        {"name": "removed", "servers": ["c"], "state": "absent"},
        {"name": "unset", "servers": None},
    ]


def test_a_repository_outside_the_limit_keeps_its_datasources_once_its_remotes_have_moved():
    assert repository_datasources(declare([LOCKS], outside=["hub"], only=["a"]), "hub") == [LOCKS]
    assert repository_datasources(declare([LOCKS], outside=["hub"], only=["c"]), "hub") == []
    assert repository_datasources(declare([LOCKS], outside=["hub"], only=["a"], lost=["a"]), "hub") == []
    assert repository_datasources(declare([LOCKS], only=["hub"]), "hub") == [LOCKS]


def test_what_is_present_can_be_paused():
    states = [LOCKS, *({"name": "x", "state": state} for state in ("present", "paused", "absent", None))]
    assert pausable(states, {}) == [
        {"name": "locks", "state": "paused"},
        {"name": "x", "state": "paused"},
        {"name": "x", "state": "paused"},
    ]


def test_what_the_repository_stores_as_declared_needs_no_pause():
    declared = [LOCKS, {"name": "other", "query": "SELECT 1 AS n", "metrics": [{"name": "n"}]}]
    stored = {"name": "other", "query": "SELECT 1 AS n", "metrics": [{"name": "n", "type": "integer"}]}
    (definition,), _removals, _problems = collect_definitions([stored])
    comments = {"powa_other_src": Stored(definition).comment()}
    assert pausable(declared, comments) == [{"name": "locks", "state": "paused"}]


def test_what_the_remotes_have_returned():
    declared = declare(a=MADE, b={"__remote_made": {"skipped": True}}, c=MADE)
    found = results_of_remotes(declared, "hub")
    assert found == {
        "described": [{"server": "10.0.0.1:5432", "datasources": MADE["__remote_made"]["datasources"]}],
        "ready": ["10.0.0.1:5432"],
    }
    assert repository_results("hub", declared.fleet, declared.hostvars) == found


def test_a_lost_remote_is_not_ready():
    assert results_of_remotes(declare(a=MADE, lost=["a"]), "hub") == {"described": [], "ready": []}
    assert results_of_remotes(declare(), "hub") == {"described": [], "ready": []}


def test_a_server_that_check_mode_would_register_is_described_but_not_ready():
    found = results_of_remotes(declare(a=MADE, check_mode=True), "hub")
    assert len(found["described"]) == 1 and found["ready"] == []


def test_a_remote_that_is_a_repository_makes_its_side_with_the_repositorys():
    hosts = {"hub": host("hub", "10.0.0.9", ["powa_repositories"]), "a": host("hub", "10.0.0.1")}
    found = results_of_remotes(run(fleet(hosts), a=MADE), "hub")
    assert found["ready"] == ["10.0.0.1:5432", "10.0.0.9:5432"] and len(found["described"]) == 1


def test_what_stays_paused():
    made = {"datasources": [{"name": "locks", "paused": ["b", "c"]}, {"name": "waits", "paused": []}, {"name": "x"}]}
    assert still_paused(declare(hub={"__repository_made": made}), "hub") == [
        "hub: the columns of datasource locks have changed, but this run has not changed b, c."
        " Snapshots of the datasource stay paused there until a run does."
    ]
    assert still_paused(declare(hub={"__repository_made": {"skipped": True}}), "hub") == []
    assert still_paused(declare(), "hub") == []
