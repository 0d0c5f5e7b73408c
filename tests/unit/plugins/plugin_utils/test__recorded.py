# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles find and plan on real hosts, whose results of host_info are in hosts/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._fleet import build_fleet
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import Inventory
from ansible_collections.pgfleet.powa.plugins.plugin_utils._parts import NEEDS
from ansible_collections.pgfleet.powa.plugins.plugin_utils._preflight import check_host, powa_version
from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import plan_remote
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository import plan_repository
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

RECORDED = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (Path(__file__).parent / "hosts").glob("*.json")
}
#: The hosts with PoWA -> its version.
WITH_POWA = {"bullseye": "4.1", "bookworm": "4.1", "trixie": "5.0", "forky": "5.3", "standby": "5.0", "rhel": "5.0"}
DATASOURCES = [
    {
        "name": "relations",
        "query": "SELECT count(*) AS relations FROM pg_class",
        "metrics": [{"name": "relations", "type": "bigint"}],
    }
]


def run(name: str, check_mode: bool = False, **variables: Any) -> Run:
    """A fleet of one remote and its repository, which are both like the recorded host."""
    seen = RECORDED[name]
    declared = {"powa_port": seen["cluster"]["port"] if seen["cluster"] else 5432, "powa_datasources": DATASOURCES}
    hostvars: Dict[str, Dict[str, Any]] = {
        host: {"__common_seen": seen, "powa_host": address, **declared, **variables}
        for host, address in (("db", "10.0.0.1"), ("pg", "10.0.0.2"), ("web", "10.0.0.3"))
    }
    groups = {"powa_repositories": ["pg"], "powa_remotes": ["db"], "powa_collectors": ["pg"], "powa_web": ["web"]}
    return Run(build_fleet(Inventory(hostvars, groups)), hostvars, (), check_mode)


@pytest.mark.parametrize(("name", "version"), WITH_POWA.items())
def test_nothing_is_wrong_with_a_host_that_has_powa(name: str, version: str) -> None:
    assert check_host(run(name), "db") == {"problems": [], "skipped": [], "announced": [], "said": []}
    assert powa_version(run(name), "db") == version


def test_a_standby_cannot_be_a_repository() -> None:
    (problem,) = check_host(run("standby"), "pg")["problems"]
    assert problem.startswith("this host is a standby, which is read-only, but PoWA writes to a repository: ")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("bare", "PostgreSQL is not installed: install it, or set powa_install_postgresql to true"),
        ("stopped", "the user postgres cannot log in to it on port 5434: it is not running"),
        ("unprivileged", 'cannot log in to it on port 5432: connection to server on socket "/var/run/postgresql/'),
    ],
)
def test_a_host_without_a_server_to_log_in_to(name: str, problem: str) -> None:
    (found,) = check_host(run(name), "db")["problems"]
    assert problem in found


def test_check_mode_says_what_it_skips_on_a_bare_host() -> None:
    found = check_host(run("bare", check_mode=True, powa_install_postgresql=True), "db")
    assert found["problems"] == []
    assert found["skipped"][0].startswith("PostgreSQL is not installed yet, so check mode skips its settings")


@pytest.mark.parametrize("name", ["bullseye", "bookworm", "trixie", "forky"])
def test_the_first_run_gives_access(name: str) -> None:
    roles = {"powa_monitoring_role": "monitor", "powa_collector_role": "collector"}
    remote, repository = plan_remote(run(name, **roles), "db"), plan_repository(run(name, **roles), "pg")
    assert remote["lacks_access"] and repository["lacks_access"]
    assert [login["name"] for login in remote["missing_logins"]] == ["monitor"]
    assert [login["name"] for login in repository["missing_logins"]] == ["collector"]
    assert {login["user"] for login in remote["hba"]} == {"monitor"}
    assert {login["address"] for login in repository["hba"] if login["user"] == "collector"} >= {"127.0.0.1/32"}
    assert [definition["name"] for definition in remote["datasources"]] == ["relations"] and remote["makes_datasources"]


def test_nothing_is_written_on_a_standby() -> None:
    remote = plan_remote(run("standby"), "db")
    assert not remote["writes"] and not remote["makes_datasources"] and remote["awaits_datasources"]
    assert remote["missing_logins"] == [] and remote["rights"] == []


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("host", ["db", "pg", "web"])
@pytest.mark.parametrize("need", NEEDS)
def test_every_plan_has_an_answer_for_every_host(name: str, check_mode: bool, host: str, need: str) -> None:
    groups = {"install": ("db", "pg"), "remote_access": ("db",), "cleanup": ("db", "pg"), "web": ("web",)}
    asked = groups.get(need, ("pg",) if need.startswith(("repository", "pause", "collector")) else ("db", "pg", "web"))
    if host in asked:
        assert NEEDS[need](run(name, check_mode), host) in (False, True)
