# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which datasources a host checks, and when."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.unsettled import unsettled as filtered
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Stored
from ansible_collections.pgfleet.powa.plugins.plugin_utils import _unsettled
from ansible_collections.pgfleet.powa.plugins.plugin_utils._archivist import Archivist
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import LOGIN, bare, fleet, host, run, seen

NUMBERS = {"name": "numbers", "query": "SELECT 1 AS n", "metrics": [{"name": "n", "type": "integer"}]}
TABLES = {**NUMBERS, "name": "tables", "scope": "database"}
OF_APP = {**NUMBERS, "name": "of_app", "extension": "app"}


@pytest.fixture(autouse=True)
def archivist(monkeypatch):
    """The role archivist has nothing to do, unless a test says otherwise."""
    monkeypatch.setattr(_unsettled, "plan_archivist", lambda run, host: Archivist())
    monkeypatch.setattr(_unsettled, "plan_remote", lambda run, host: {"rights": []})
    return monkeypatch


def ready(**changes):
    return seen(**{"roles": {"powa_monitor": LOGIN}, **changes})


def stored(declared, suffix="_src"):
    (definition,), _removals, problems = collect_definitions([declared])
    assert problems == []
    return {"powa_{0}{1}".format(declared["name"], suffix): Stored(definition).comment()}


def declare(
    of=None, datasources=(NUMBERS,), hub=None, mode="remote", check_mode=False, checked=None, created=None, **own
):
    """A repository named hub with the remote a, of which this was found."""
    hosts = {
        "hub": host(None, "10.0.0.9", ["powa_repositories"], powa_mode=mode, powa_datasources=list(datasources)),
        "a": host("hub", "10.0.0.1", ["powa_remotes"], powa_datasources=list(datasources), **own),
    }
    found = {"hub": ready() if hub is None else hub, "a": ready() if of is None else of}
    registered = {"__remote_checked": checked or {}, "__archivist_created": created or {}}
    return run(fleet(hosts), found, check_mode=check_mode, a=registered)


def names(found, host="a", late=False):
    return [datasource["name"] for datasource in _unsettled.unsettled(found, host, late)["datasources"]]


def test_what_is_new_or_changed_is_checked():
    assert names(declare()) == ["numbers"]
    assert names(declare(ready(datasources=stored(NUMBERS)))) == []
    assert names(declare(ready(datasources=stored({**NUMBERS, "query": "SELECT 2 AS n"})))) == ["numbers"]
    assert names(declare(datasources=[{"name": "numbers", "state": "absent"}])) == []
    assert names(declare(datasources=[{**NUMBERS, "servers": ["b"]}])) == []
    found = declare()
    assert filtered("a", found.fleet, found.hostvars) == {"datasources": [NUMBERS], "kinds": ["remote"]}


def test_what_leaves_nothing_on_a_remote_is_compared_with_its_repository():
    assert names(declare(datasources=[TABLES])) == ["tables"]
    assert names(declare(datasources=[TABLES], hub=ready(datasources=stored(TABLES, "_snapshot")))) == []


def test_a_mere_repository_runs_no_query():
    assert names(declare(), "hub") == []
    assert names(declare(mode="local", hub=ready(roles={})), "hub") == ["numbers"]


@pytest.mark.parametrize(
    "found",
    [{}, bare(), ready(roles={}), ready(driver=False), ready(extensions={})],
    ids=["not read", "bare", "no role", "no driver", "no PoWA"],
)
def test_what_cannot_be_checked_yet_is_checked_later(found):
    created = {"changed": False}
    assert names(declare(found, created=created)) == []
    assert names(declare(found, created=created), late=True) == (
        ["numbers"] if (found.get("server") or {}).get("roles") else []
    )


@pytest.mark.parametrize("created", [None, {"skipped": True}])
def test_a_host_without_powa_that_this_run_does_not_install_checks_nothing(created):
    for found in (bare(), ready(driver=False), ready(extensions={})):
        assert names(declare(found, created=created), late=True) == []
    # A part that makes the role reads the host again.
    assert names(declare(ready(roles={}), created=created), late=True) == []


def test_a_host_that_gets_extensions_or_rights_is_checked_later(archivist):
    for more in ({"careful": True}, {"creatable": [{"name": "powa"}, {"name": "pg_wait_sampling"}]}):
        archivist.setattr(_unsettled, "plan_archivist", lambda run, host, more=more: Archivist(**more))
        assert names(declare()) == [] and names(declare(), late=True) == ["numbers"]
    present = Archivist(todo=True, creatable=[{"name": "powa"}, {"name": "pg_qualstats"}])
    archivist.setattr(_unsettled, "plan_archivist", lambda run, host: present)
    assert names(declare()) == ["numbers"]
    archivist.setattr(_unsettled, "plan_archivist", lambda run, host: Archivist())
    archivist.setattr(_unsettled, "plan_remote", lambda run, host: {"rights": ["GRANT"]})
    assert names(declare()) == [] and names(declare(), late=True) == ["numbers"]


def test_a_datasource_of_an_extension_that_is_missing_is_checked_later():
    both = [NUMBERS, OF_APP]
    assert names(declare(datasources=both)) == ["numbers"]
    assert names(declare(datasources=both, checked={"datasources": [{"name": "numbers"}]}), late=True) == ["of_app"]


def test_a_repository_checks_nothing_for_servers_that_it_does_not_know():
    hub = {"mode": "local", "hub": ready(roles={})}
    assert names(declare(datasources=[{**NUMBERS, "servers": ["elsewhere"]}], **hub), "hub") == []
    assert names(declare(datasources=[{**NUMBERS, "servers": ["a", "elsewhere"]}], **hub), "hub") == ["numbers"]


def test_check_mode_checks_what_it_can():
    assert names(declare(check_mode=True)) == ["numbers"]
    assert names(declare(bare(), check_mode=True), late=True) == []
    assert names(declare(ready(roles={}), check_mode=True), late=True) == []


def test_a_standby_checks_nothing():
    found = ready()
    found["server"]["standby"] = True
    assert names(declare(found)) == names(declare(found), late=True) == []
