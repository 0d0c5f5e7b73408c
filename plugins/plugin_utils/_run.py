# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plans of the roles go by: the fleet as the inventory declares it, and what this run has read and done."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import Unevaluated, evaluate

#: The fact that holds the result of the filter C(fleet).
FLEET = "__common_fleet"
#: The fact that holds what C(host_info) has returned for a host.
SEEN = "__common_seen"


@dataclass(frozen=True)
class Run:
    """One run of C(site.yml), or of a role.

    :param fleet: the result of the filter C(fleet)
    :param hostvars: Ansible's C(hostvars), with what tasks have registered
    :param lost: the hosts that the rest of the run leaves out
    :param check_mode: whether nothing is changed
    """

    fleet: Mapping[str, Any]
    hostvars: Mapping[str, Any]
    lost: Sequence[str] = ()
    check_mode: bool = False
    _of_hosts: Dict[str, Mapping[str, Any]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def found(self) -> Dict[str, Any]:
        """What was found out once for all hosts."""
        return {}

    def variables(self, host: str) -> Mapping[str, Any]:
        """Return the public variables of a host, typed, with defaults, and without passwords."""
        found = self.fleet["hosts"][host]
        variables = dict(found["variables"])
        if "datasources" in found:
            # Most hosts have the same list, which the fleet holds once.
            variables["powa_datasources"] = self.fleet["datasources"][found["datasources"]]
        return variables

    def groups(self, host: str) -> Sequence[str]:
        """Return which of the four groups of the roles a host is in."""
        return list(self.fleet["hosts"][host]["groups"])

    def seen(self, host: str) -> Dict[str, Any]:
        """Return what C(host_info) has returned for a host, or nothing if it was not read."""
        found = self.result(host, SEEN)
        return found if "os" in found else {}

    def result(self, host: str, name: str) -> Dict[str, Any]:
        """Return what a task has registered on a host, or nothing if it did not run there."""
        return dict(self.of_host(host).get(name) or {})

    def of_host(self, host: str) -> Mapping[str, Any]:
        """Return all that Ansible knows of a host, or nothing if it does not know the host."""
        if host not in self._of_hosts:
            # For each look at a host, Ansible puts its variables together anew, from files, too.
            is_known = host in self.hostvars
            self._of_hosts[host] = self.hostvars[host] if is_known else {}
        return self._of_hosts[host]

    def password(self, host: str, name: str) -> str:
        """Return a variable that holds a password, or an empty text if it is unset.

        :raises Unevaluated: when Ansible cannot evaluate it: an old one has its template, which is not the password
        """
        try:
            value = evaluate(self.of_host(host), name)
        except Unevaluated as error:
            raise Unevaluated(
                "Ansible cannot evaluate {0} of {1} ({2}): define what its template uses, or correct it".format(
                    name, host, error
                )
            ) from error
        return "" if value is None else str(value)
