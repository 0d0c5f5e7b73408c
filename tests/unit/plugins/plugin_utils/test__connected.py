# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a collector is connected to the remotes of a run."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.unconnected import of_host
from ansible_collections.pgfleet.powa.plugins.plugin_utils._connected import is_unproven, unconnected
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import fleet, host, run

HUB = host(None, "10.0.0.9", ["powa_repositories"])
REMOTES = {"a": host("hub", "10.0.0.1"), "b": host("hub", "10.0.0.2"), "c": host("other", "10.0.0.3")}
REFUSED = "no connection to remote server"


def asked(workers, registered=True, lost=(), only=None, restart=False, **changes):
    """A run after the collector of hub was asked for its workers, each a status or a status with errors."""
    declared = fleet({"hub": HUB, "other": HUB, **REMOTES}, run=only)
    declared["collectors"] = {"hub": {"repository": "hub", "address": "10.0.0.9"}}
    for name, values in changes.items():
        declared["remotes"][name]["server"].update(values)
    found = run(declared, lost=lost)
    found.hostvars.setdefault("hub", {}).update(
        {
            "__collector_workers": {
                "workers": [
                    {"srvid": number, "server": name, "status": status, "errors": errors}
                    for number, (name, (status, *errors)) in enumerate(workers.items(), 1)
                ],
                "restart_required": restart,
            },
            "__repository_registered": {"changed": False} if registered else {},
        }
    )
    return found


def test_nothing_to_say_of_a_collector_whose_workers_run():
    found = asked({"a": ["running"], "b": ["running"]})
    assert unconnected(found, "hub") == [] and not is_unproven(found, "hub")
    assert of_host("hub", found.fleet, found.hostvars) == []


def test_the_remote_its_address_and_what_powa_has_recorded():
    found = asked({"a": ["running"], "b": [REFUSED, "FATAL:  no entry\n  for host", "and more"]})
    assert unconnected(found, "hub") == [
        "b (10.0.0.2:5432): no connection to remote server: FATAL: no entry for host; and more"
    ]
    assert is_unproven(found, "hub")


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("stopped", "its worker has ended, as it does where PoWA is missing: read the log of powa-collector"),
        (
            "no connection to repository server",
            "its worker cannot log in to the repository: read the log of powa-collector",
        ),
        (REFUSED, "PoWA has recorded no error: read the log of powa-collector"),
    ],
)
def test_a_status_without_an_error(status, why):
    (sentence,) = unconnected(asked({"a": [status], "b": ["running"]}), "hub")
    assert sentence == "a (10.0.0.1:5432): {0}: {1}".format(status, why)


def test_a_registered_remote_has_to_have_a_worker():
    (sentence,) = unconnected(asked({"a": ["running"]}), "hub")
    assert sentence.startswith("b (10.0.0.2:5432): no worker: the collector has not started a worker")
    assert not is_unproven(asked({"a": ["running"]}, registered=False), "hub")


def test_without_an_alias_the_address_is_the_name():
    workers = {"a": ["running"], "10.0.0.2:5432": ["running"]}
    assert unconnected(asked(workers, b={"alias": None}), "hub") == []


@pytest.mark.parametrize("server", [{"state": "disabled"}, {"state": "absent"}, {"frequency": -1}])
def test_what_is_not_collected_needs_no_worker(server):
    assert unconnected(asked({"a": ["running"]}, b=server), "hub") == []


def test_only_remotes_of_this_run_that_it_has_not_lost():
    refused = {"a": [REFUSED], "b": [REFUSED]}
    assert len(unconnected(asked(refused, lost=["a"]), "hub")) == 1
    assert unconnected(asked(refused, only=["hub", "c"]), "hub") == []


def test_a_restarted_collector_is_to_be_asked_again():
    assert is_unproven(asked({"a": ["running"], "b": ["running"]}, restart=True), "hub")


def test_a_collector_that_was_not_asked():
    found = asked({})
    found.hostvars["hub"]["__collector_workers"] = {"skipped": True}
    assert unconnected(found, "hub") == [] and not is_unproven(found, "hub")
