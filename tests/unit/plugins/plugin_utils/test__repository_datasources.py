# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The datasources of a repository."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.pausable_datasources import pausable_datasources
from ansible_collections.pgfleet.powa.plugins.filter.repository_results import repository_results
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Stored
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_datasources import (
    differing,
    known_names,
    needs_resuming,
    pausable,
    repository_datasources,
    results_of_remotes,
    still_paused,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._settled import stored_digest
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


NUMBERS = {"name": "numbers", "query": "SELECT 1 AS n", "metrics": [{"name": "n"}]}


def comments(paused=(), **changes):
    """What a host stores of the datasource numbers, whose type it has found out."""
    made = {**NUMBERS, "metrics": [{"name": "n", "type": "integer"}], **changes}
    (definition,), _removals, problems = collect_definitions([made])
    assert problems == []
    return {"powa_numbers_src": Stored(definition, paused=frozenset(paused)).comment()}


def stores(declared, **found):
    """A run that has read of each host what it stores, and as hub that of the repository."""
    for name, stored in found.items():
        declared.hostvars[name]["__common_seen"] = seen(datasources=stored)
    return declared


def test_what_is_present_can_be_paused():
    states = [LOCKS, *({"name": "x", "state": state} for state in ("present", "paused", "absent", None))]
    assert pausable(declare(states), "hub") == [
        {"name": "locks", "state": "paused"},
        {"name": "x", "state": "paused"},
        {"name": "x", "state": "paused"},
    ]


def test_what_is_removed_is_taken_back_before_its_remotes_drop_it():
    gone = [{"name": "numbers", "state": "absent", "history": "drop"}]
    assert pausable(stores(declare(gone), hub=comments()), "hub") == [{"name": "numbers", "state": "paused"}]
    damaged = {"powa_numbers_src": "pgfleet.powa datasource numbers: {"}
    assert pausable(stores(declare(gone), hub=damaged), "hub") == [{"name": "numbers", "state": "paused"}]
    assert pausable(stores(declare(gone), hub={}), "hub") == []


def test_what_the_repository_stores_as_declared_needs_no_pause():
    declared = stores(declare([LOCKS, NUMBERS]), hub=comments())
    assert pausable(declared, "hub") == [{"name": "locks", "state": "paused"}]
    assert pausable_datasources("hub", declared.fleet, declared.hostvars) == pausable(declared, "hub")


def test_what_a_repository_does_not_store_as_declared():
    gone = {"name": "numbers", "state": "absent"}
    assert differing(stores(declare([NUMBERS]), hub=comments()), "hub") == []
    # A run was killed after it had registered a server.
    assert differing(stores(declare([NUMBERS]), hub=comments(paused=[3])), "hub") == []
    assert differing(stores(declare([LOCKS, NUMBERS]), hub=comments(description="x")), "hub") == ["locks", "numbers"]
    assert differing(stores(declare([gone]), hub=comments()), "hub") == ["numbers"]
    assert differing(stores(declare([gone]), hub={}), "hub") == []


def of_remotes(definition=None, **options):
    """The same of all hosts of the fleet, of which a lists the datasource, too."""
    definition = definition or NUMBERS
    declared = declare([definition], **options)
    for name in ("a", "b"):
        declared.fleet["hosts"][name]["variables"]["powa_datasources"] = [definition]
    return declared


def paused_on(found):
    return [definition.get("paused_on") for definition in pausable(found, "hub")]


def test_a_datasource_is_paused_where_its_side_is_gone():
    assert paused_on(stores(of_remotes(), hub=comments(), a=comments(), b=comments())) == []
    assert paused_on(stores(of_remotes(), hub=comments(), a=comments(), b={})) == [["10.0.0.2:5432"]]
    moved = of_remotes()
    moved.fleet["remotes"]["b"]["server"]["renamed_from"] = {"hostname": "10.0.0.7", "port": 5432}
    both = ["10.0.0.1:5432", "10.0.0.2:5432", "10.0.0.7:5432"]
    assert paused_on(stores(moved, hub=comments(), a={}, b={})) == [both]
    other = comments(metrics=[{"name": "n", "type": "bigint"}])
    assert paused_on(stores(of_remotes(), hub=comments(), a=comments(), b=other)) == [["10.0.0.2:5432"]]
    cleaning = comments(query_cleanup="DELETE FROM x")
    assert paused_on(stores(of_remotes(), hub=comments(), a=comments(), b=cleaning)) == [["10.0.0.2:5432"]]
    assert paused_on(stores(of_remotes(), hub=comments(), a=comments(query="SELECT 2 AS n"), b=comments())) == []


def test_a_remote_that_still_refuses_a_datasource_is_not_paused_again():
    refused = {"__remote_checked": {"msg": "x", "problems": ['datasource "numbers": no']}}
    declared = of_remotes(b=refused)
    for name in ("a", "b"):
        declared.fleet["hosts"][name]["variables"]["powa_skip_refused"] = True
    assert paused_on(stores(declared, hub=comments(paused=[2]), a=comments(), b={})) == []
    assert paused_on(stores(declared, hub=comments(paused=[2]), a={}, b={})) == [["10.0.0.1:5432"]]
    # It is still collected.
    assert paused_on(stores(declared, hub=comments(), a=comments(), b={})) == [["10.0.0.2:5432"]]


def test_a_side_that_is_not_known_to_be_gone_pauses_nothing():
    assert paused_on(stores(of_remotes(), hub=comments(), a=comments())) == []
    assert paused_on(stores(of_remotes(lost=["b"]), hub=comments(), a=comments(), b={})) == []
    # The repository has registered nothing yet.
    assert paused_on(stores(of_remotes(), hub={}, a={}, b={})) == [None]
    databases = {**NUMBERS, "scope": "database"}
    stored = {"powa_numbers_snapshot": comments(scope="database")["powa_numbers_src"]}
    assert paused_on(stores(of_remotes(databases), hub=stored, a={}, b={})) == []
    elsewhere = {**NUMBERS, "servers": ["a"]}
    assert paused_on(stores(of_remotes(elsewhere), hub=comments(servers=["a"]), a=comments(), b={})) == []


def test_what_the_remotes_have_returned():
    declared = declare(a=MADE, b={"__remote_made": {"skipped": True}}, c=MADE)
    found = results_of_remotes(declared, "hub")
    assert found == {
        "described": [{"server": "10.0.0.1:5432", "datasources": MADE["__remote_made"]["datasources"]}],
        "ready": ["10.0.0.1:5432"],
    }
    assert repository_results("hub", declared.fleet, declared.hostvars) == found


def test_a_standby_has_what_it_stores_although_another_primary_refuses_it():
    refused = {"__remote_checked": {"msg": "x", "problems": ['datasource "numbers": no']}}
    declared = of_remotes(a=refused, b={"__remote_made": {"datasources": [{"name": "locks"}]}})
    declared.fleet["hosts"]["a"]["variables"]["powa_skip_refused"] = True
    stores(declared, hub=comments(paused=[2]), a={}, b=comments())
    standby = declared.hostvars["b"]["__common_seen"]
    standby["server"]["standby"] = True
    (found,) = results_of_remotes(declared, "hub")["described"]
    stored = {"name": "numbers", "digest": stored_digest("numbers", comments())}
    assert found == {"server": "10.0.0.2:5432", "datasources": [{"name": "locks"}, stored]}
    standby["datasources"] = {}
    assert results_of_remotes(declared, "hub")["described"][0]["datasources"] == [{"name": "locks"}]
    # Without either side, both stay as they are: one refuses, and the other may be its standby.
    assert paused_on(stores(declared, hub=comments(paused=[1, 2]))) == []


def test_a_lost_remote_is_not_ready():
    assert results_of_remotes(declare(a=MADE, lost=["a"]), "hub") == {"described": [], "ready": []}
    assert results_of_remotes(declare(), "hub") == {"described": [], "ready": []}


def test_a_server_that_check_mode_would_register_is_described_but_not_ready():
    found = results_of_remotes(declare(a=MADE, check_mode=True), "hub")
    assert len(found["described"]) == 1 and found["ready"] == []


def two_repositories(**made):
    """A repository named hub that is its own remote, and another that is a remote of hub, and has a remote itself."""
    hosts = {
        "hub": host("hub", "10.0.0.9", ["powa_repositories"]),
        "other": host("hub", "10.0.0.8", ["powa_repositories"], powa_datasources=[NUMBERS, LOCKS]),
        "a": host("other", "10.0.0.1"),
    }
    return run(fleet(hosts), **made)


def test_a_repository_makes_its_own_side_with_the_others():
    assert results_of_remotes(two_repositories(), "hub")["ready"][0] == "10.0.0.9:5432"


def test_a_remote_that_is_another_repository_is_seen_once_it_has_made_its_side():
    before = results_of_remotes(two_repositories(), "hub")
    assert before["described"] == [{"server": "10.0.0.8:5432", "datasources": []}]
    settled = results_of_remotes(stores(two_repositories(), other=comments()), "hub")["described"]
    digest = stored_digest("numbers", comments())
    assert digest and settled == [{"server": "10.0.0.8:5432", "datasources": [{"name": "numbers", "digest": digest}]}]
    made = {"__repository_made": {"datasources": [{"name": "numbers", "digest": "x", "paused": []}]}}
    assert results_of_remotes(two_repositories(other=made), "hub")["described"][0]["datasources"] == [
        {"name": "numbers", "digest": "x", "paused": []}
    ]


@pytest.mark.parametrize(
    ("waits", "other", "resumed"),
    [
        (["other"], [], True),
        (["10.0.0.8:5432"], [], True),
        (["a"], [], False),
        ([], [], False),
        (["other"], None, False),
    ],
)
def test_which_repository_has_more_to_activate(waits, other, resumed):
    made = {"__repository_made": {"datasources": [{"name": "numbers", "paused": waits}]}}
    others = {"__repository_made": {} if other is None else {"datasources": other}}
    assert needs_resuming(two_repositories(hub=made, other=others), "hub") is resumed


def test_what_stays_paused():
    made = {"datasources": [{"name": "locks", "paused": ["b", "c"]}, {"name": "waits", "paused": []}, {"name": "x"}]}
    assert still_paused(declare(hub={"__repository_made": made}), "hub") == [
        "hub: datasource locks is not active for b, c, because this run has not verified that its objects are there as"
        " declared. The first run that verifies it activates the datasource."
    ]
    held = {"datasources": [{"name": "locks", "paused": ["a", "b"], "held_back_by": ["b"]}]}
    (sentence,) = still_paused(declare(hub={"__repository_made": held}), "hub")
    assert sentence.startswith(
        "hub: datasource locks is not active for any server yet, because others of its extension are active for b,"
    )
    assert still_paused(declare(hub={"__repository_made": {"skipped": True}}), "hub") == []
    assert still_paused(declare(), "hub") == []
