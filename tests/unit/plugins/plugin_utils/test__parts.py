# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts need a part of C(site.yml)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.plugin_utils import _parts
from ansible_collections.pgfleet.powa.plugins.plugin_utils._parts import NEEDS, part_hosts

ROOT = Path(__file__).parents[4]
GROUPS = {"powa_remotes": ["one", "two", "three"], "powa_repositories": ["one", "four"], "powa_web": []}
FLEET = {"outside": [], "run": ["one", "two", "three", "four"]}


def hostvars(**changed: Dict[str, Any]) -> Dict[str, Dict[str, Any]]:
    return {host: {"__common_fleet": FLEET, **changed.get(host, {})} for host in ("one", "two", "three", "four")}


def test_without_a_need_all_hosts_of_the_groups_once_and_in_their_order():
    assert part_hosts(["powa_remotes", "powa_repositories"], GROUPS, {}) == ["one", "two", "three", "four"]


@pytest.mark.parametrize("names", [["powa_web"], ["pgfleet_standbys"], []])
def test_groups_without_hosts_are_a_pattern_of_nobody(names):
    assert part_hosts(names, GROUPS, hostvars()) == ["all:!all"]
    assert part_hosts(names, GROUPS, hostvars(), "install") == ["all:!all"]


def test_lost_hosts_are_left_out():
    groups = dict(GROUPS, pgfleet_lost=["two", "four"])
    assert part_hosts(["powa_remotes", "powa_repositories"], groups, hostvars()) == ["one", "three"]


def test_only_hosts_that_need_it():
    workers = {"two": {"__collector_workers": {"restart_required": True}}, "three": {"__collector_workers": {}}}
    assert part_hosts(["powa_remotes"], GROUPS, hostvars(**workers), "collector_restart") == ["two"]
    assert part_hosts(["powa_remotes"], GROUPS, hostvars(), "collector_restart") == ["all:!all"]


def test_hosts_outside_the_run_need_nothing():
    fleet = dict(FLEET, run=["three"])
    found = {host: {"__common_fleet": fleet} for host in ("one", "two", "three")}
    assert part_hosts(["powa_remotes"], GROUPS, found, "web_answer") == ["three"]


def test_no_host_needs_anything_before_the_fleet_was_read():
    assert part_hosts(["powa_remotes"], GROUPS, {host: {} for host in GROUPS["powa_remotes"]}, "web_answer") == [
        "all:!all"
    ]


def test_a_syntax_check_has_groups_and_no_variables():
    assert part_hosts(["powa_remotes"], GROUPS, {}, "install") == ["all:!all"]


def test_check_mode():
    assert part_hosts(["powa_remotes"], GROUPS, hostvars(), "web_answer", True) == ["all:!all"]


def test_a_repository_outside_the_limit():
    fleet = dict(FLEET, outside=["four"])
    found = {host: {"__common_fleet": fleet} for host in FLEET["run"]}
    assert part_hosts(["powa_remotes"], GROUPS, found, "outside") == ["one", "two", "three"]


def test_a_plan_that_fails_makes_its_host_need_the_part(monkeypatch):
    def fails_for_one(_run, host):
        if host == "one":
            raise KeyError("server")
        return False

    monkeypatch.setitem(_parts.NEEDS, "install", fails_for_one)
    assert part_hosts(["powa_remotes"], GROUPS, hostvars(), "install") == ["one"]


def test_hosts_that_may_be_restarted_are_first(monkeypatch):
    monkeypatch.setitem(_parts.NEEDS, "install", lambda _run, host: host != "one")
    monkeypatch.setitem(_parts.NEEDS, "restart", lambda _run, host: host == "three")
    assert part_hosts(["powa_remotes"], GROUPS, hostvars(), "install", first="restart") == ["three", "two"]
    assert part_hosts(["powa_remotes"], GROUPS, hostvars(), "install") == ["two", "three"]


def test_an_unknown_need():
    with pytest.raises(AnsibleFilterError, match="needs 'instal', but must need one of .*'install'"):
        part_hosts(["powa_remotes"], GROUPS, hostvars(), "instal")


def test_site_names_each_need_and_no_other():
    site = yaml.safe_load((ROOT / "playbooks" / "site.yml").read_text(encoding="utf-8"))
    parts = [play.get("vars", {}) for play in site]
    named = {part[name] for part in parts for name in ("part_need", "part_careful") if name in part}
    assert "'stop'" in (ROOT / "playbooks" / "_refused.yml").read_text(encoding="utf-8")
    assert named | {"stop"} == set(NEEDS)
