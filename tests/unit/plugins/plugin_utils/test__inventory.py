# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible knows of a run."""

from __future__ import annotations

from typing import Any, Dict, List

from ansible_collections.pgfleet.powa.plugins.filter import fleet as filter_fleet
from ansible_collections.pgfleet.powa.plugins.plugin_utils._fleet import build_fleet
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import (
    Inventory,
    changed_in_scope,
    passwords_in_scope,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import Unevaluated
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.inventories import (
    Failing,
    HostVars,
    inventory,
    problems,
)

MISSING = object()


def test_ansible_is_asked_only_for_what_holds_templates() -> None:
    raw = {"pg": {"powa_datasources": [{"name": "a"}]}, "db1": {"powa_port": "{{ 5433 }}", "powa_database": "stats"}}
    hostvars = HostVars(raw, {"db1": {"powa_port": 5433}})
    fleet = build_fleet(Inventory(hostvars, {"powa_repositories": ["pg"], "powa_remotes": ["db1"]}))
    assert fleet["hosts"]["db1"]["variables"]["powa_port"] == 5433
    assert fleet["hosts"]["db1"]["variables"]["powa_database"] == "stats"
    assert fleet["datasources"][0] == [{"name": "a"}]
    assert hostvars.asked == ["db1"]


def scope(own: Dict[str, Any], seen: Dict[str, Any]) -> Dict[str, Any]:
    return changed_in_scope(own, lambda name: resolve(seen, name), MISSING)


def resolve(seen: Dict[str, Any], name: str) -> Any:
    value = seen.get(name, MISSING)
    if isinstance(value, Exception):
        raise value
    return value


def test_what_a_playbook_sets_beyond_the_inventory() -> None:
    own = {"powa_port": 5432, "powa_database": "stats", "powa_mode": "local"}
    assert scope(own, own) == {}
    # The same in other words, and what nobody may see or no role knows.
    assert scope(own, {"powa_port": "5432", "powa_web_password": "x", "powa_nix": 1, "powa_alias": None}) == {}
    assert scope(own, {"powa_port": 5433, "powa_web_port": 1}) == {"powa_port": 5433, "powa_web_port": 1}
    # Both unset it.
    assert scope(own, {"powa_mode": None}) == {"powa_mode": None}
    assert scope(own, {"powa_mode": ""}) == {"powa_mode": ""}
    failing = scope({}, {"powa_port": ValueError("'nix' is undefined")})
    assert isinstance(failing["powa_port"], Unevaluated)
    # The host's own template fails, which is said of this host alone.
    own = Failing(powa_port=ValueError("x"))
    assert scope(own, {"powa_port": ValueError("x")}) == {}
    assert scope(own, {"powa_port": 5433}) == {"powa_port": 5433}


def test_what_a_playbook_sets_applies_to_the_hosts_of_the_play() -> None:
    def port(host: str, **options: Any) -> int:
        found = inventory({"db1": {"powa_port": 1}, "db2": {"powa_port": 2}}, scope={"powa_port": 3}, **options)
        return int(build_fleet(found)["hosts"][host]["variables"]["powa_port"])

    assert [port(host, play=["pg", "db1"]) for host in ("pg", "db1", "db2")] == [3, 3, 2]
    # A repository outside --limit would be in the play without it.
    assert [port(host, play=["db1"], limit="db1") for host in ("pg", "db1", "db2")] == [3, 3, 2]
    failing = inventory({"db1": {}}, play=["db1"], scope={"powa_port": Unevaluated("why")})
    assert build_fleet(failing)["hosts"]["db1"]["problems"] == [
        "Ansible cannot evaluate powa_port (why): define what its template uses, or correct it"
    ]


def test_a_password_that_a_playbook_sets_is_refused() -> None:
    def found(own: Dict[str, Any], seen: Dict[str, Any]) -> List[str]:
        return passwords_in_scope(own, lambda name: resolve(seen, name), MISSING)

    name = "powa_web_password"
    assert found({}, {name: "x", "powa_port": 1}) == found({name: "y"}, {name: "x"}) == [name]
    assert found({name: "x"}, {name: "x"}) == found({name: "x"}, {}) == found({}, {name: ""}) == []
    assert found(Failing(powa_web_password=ValueError("x")), {name: ValueError("x")}) == []
    assert problems(passwords=[name]) == [
        "the playbook sets powa_web_password, but the roles of other hosts read it, too, and do not see it there: set"
        " it in the inventory"
    ]


class Context:
    """Jinja's context of a task."""

    def __init__(self, **variables: Any) -> None:
        self.variables = variables

    def resolve(self, name: str) -> Any:
        return self.variables[name]

    def resolve_or_missing(self, name: str) -> Any:
        return self.variables.get(name, filter_fleet.missing)


def test_the_filter() -> None:
    hostvars: Dict[str, Any] = {"pg": {}, "db1": {"powa_port": 5433}}
    groups = {"powa_repositories": ["pg"], "powa_remotes": ["db1"]}
    context = Context(inventory_hostname="db1", powa_port=5433, powa_database="stats")
    found = filter_fleet.fleet(context, hostvars, groups, run=["pg"])
    ports = {host: found["hosts"][host]["variables"] for host in ("pg", "db1")}
    assert ports["pg"]["powa_database"] == "stats" and ports["pg"]["powa_port"] == 5432
    assert ports["db1"]["powa_database"] == "powa" and ports["db1"]["powa_port"] == 5433
    assert not found["problems"]
    context.variables["powa_web_password"] = "x"
    assert len(filter_fleet.fleet(context, hostvars, groups)["problems"]) == 1
    found = filter_fleet.fleet(context, hostvars, groups, run=["pg"], limit=None, scope={}, roles=["doctor"])
    assert found["hosts"]["pg"]["variables"]["powa_database"] == "powa"
