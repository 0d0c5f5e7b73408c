# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventories for tests, and hostvars as Ansible has them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ansible_collections.pgfleet.powa.plugins.plugin_utils._fleet import build_fleet
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import Inventory


class Failing(Dict[str, Any]):
    """Variables whose templates fail when they are read, as hostvars does it."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if isinstance(value, Exception):
            raise value
        return value


class HostVars(Dict[str, Any]):
    """Ansible's hostvars: raw values, and those that it evaluates."""

    def __init__(self, raw: Dict[str, Any], evaluated: Dict[str, Any]) -> None:
        super().__init__(evaluated)
        self.raw, self.asked = raw, []  # type: Dict[str, Any], List[str]

    def raw_get(self, host: str) -> Any:
        return self.raw[host]

    def __getitem__(self, host: str) -> Any:
        self.asked.append(host)
        return super().__getitem__(host)


def inventory(
    remotes: Optional[Dict[str, Any]] = None,
    repositories: Optional[Dict[str, Any]] = None,
    collectors: Optional[Dict[str, Any]] = None,
    web: Optional[Dict[str, Any]] = None,
    groups: Optional[Dict[str, List[str]]] = None,
    **options: Any,
) -> Inventory:
    repositories = {"pg": {}} if repositories is None else repositories
    found = {"repositories": repositories, "remotes": remotes, "collectors": collectors, "web": web}
    hostvars: Dict[str, Dict[str, Any]] = {}
    members = dict(groups or {})
    for group, hosts in found.items():
        for host, variables in (hosts or {}).items():
            hostvars.setdefault(host, Failing()).update(variables)
        if hosts is not None:
            members["powa_" + group] = list(hosts)
    for host in [host for hosts in members.values() for host in hosts] + list(options.get("play", ())):
        hostvars.setdefault(host, {})
    return Inventory(hostvars, members, **options)


def problems(*arguments: Any, **options: Any) -> List[str]:
    """Return what is wrong with an inventory, with the parameters of C(inventory)."""
    fleet = build_fleet(inventory(*arguments, **options))
    return list(fleet["problems"])
