# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible knows of a run: groups, the variables of hosts, and what a playbook sets beyond them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import (
    Option,
    Unevaluated,
    evaluate,
    is_static,
    options_of,
    same_value,
)

REPOSITORIES, REMOTES, COLLECTORS, WEB = "powa_repositories", "powa_remotes", "powa_collectors", "powa_web"
GROUPS = (REPOSITORIES, REMOTES, COLLECTORS, WEB)


@dataclass(frozen=True)
class Inventory:
    """What Ansible knows of a run.

    :param hostvars: each host's variables; templates are evaluated when they are read
    :param groups: group -> hosts
    :param play: the hosts of the play, those that have failed included
    :param limit: what was given as --limit, or an empty text
    :param scope: variables that a playbook sets outside the inventory, for all hosts of the play
    :param passwords: the names of those that nobody may see
    """

    hostvars: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, Sequence[str]]
    play: Sequence[str] = ()
    limit: str = ""
    scope: Mapping[str, Any] = field(default_factory=dict)
    passwords: Sequence[str] = ()

    def members(self, group: str) -> List[str]:
        """Return the hosts of one of the four groups."""
        return list(self.groups.get(group, ()))

    @property
    def known(self) -> List[str]:
        """The hosts of the four groups."""
        return unique([host for group in GROUPS for host in self.members(group)])

    @property
    def run(self) -> List[str]:
        """The hosts of this run. Without --limit these are all, even where a play is for some of them."""
        return list(self.play) if self.limit else self.known

    @property
    def outside(self) -> List[str]:
        """The repositories that --limit leaves out but in which the run has work to do."""
        run = set(self.run)
        if run.isdisjoint(self.members(REMOTES)):
            return []
        return [host for host in self.members(REPOSITORIES) if host not in run]


class HostVariables(Mapping[str, Any]):
    """The variables of a host, under those that a playbook sets.

    Ansible goes through a value item by item to evaluate templates. That is slow for a long list that all hosts share,
    so what holds no template is taken as it is.
    """

    def __init__(self, inventory: Inventory, host: str, scope: Mapping[str, Any], static: Dict[int, Any]) -> None:
        """Take the host's variables.

        :param static: what was found out of values before, by their ids: the value itself, and whether it has templates
        """
        self._inventory, self._host, self._scope, self._static = inventory, host, scope, static
        raw_get = getattr(inventory.hostvars, "raw_get", None)
        self._raw: Mapping[str, Any] = raw_get(host) if raw_get else inventory.hostvars[host]
        self._has_raw = raw_get is not None

    @cached_property
    def _evaluated(self) -> Mapping[str, Any]:
        return self._inventory.hostvars[self._host]

    def __getitem__(self, name: str) -> Any:
        if name in self._scope:
            if isinstance(self._scope[name], Unevaluated):
                raise self._scope[name]
            return self._scope[name]
        value = self._raw[name]
        if not self._has_raw or self._is_static(value):
            return value
        return self._evaluated[name]

    def _is_static(self, value: Any) -> bool:
        if not isinstance(value, (list, dict)):
            return is_static(value)
        if id(value) not in self._static:
            # With a reference to the value, so that no other gets the same id.
            self._static[id(value)] = (is_static(value), value)
        return bool(self._static[id(value)][0])

    def __contains__(self, name: object) -> bool:
        return name in self._scope or name in self._raw

    def __iter__(self) -> Iterator[str]:
        return iter(unique([*self._scope, *self._raw]))

    def __len__(self) -> int:
        return len(list(iter(self)))


def changed_in_scope(own: Mapping[str, Any], resolve: Callable[[str], Any], missing: Any) -> Dict[str, Any]:
    """Return the variables that a playbook or a role sets: the inventory has none of the name, or another value.

    :param own: what hostvars has of the host that asks
    :param resolve: returns a variable as a task of that host sees it, or C(missing)
    """
    found: Dict[str, Any] = {}
    for option in options_of().values():
        if option.secret:
            continue
        try:
            seen = evaluate(_Resolved(option.name, resolve, missing), option.name)
        except Unevaluated as error:
            # Where it comes from the inventory, it is a problem of this host alone.
            if option.name not in own:
                found[option.name] = error
            continue
        # What a playbook sets to null is unset.
        if not (seen is None and resolve(option.name) is missing) and not _is_own(option, seen, own):
            found[option.name] = seen
    return found


def passwords_in_scope(own: Mapping[str, Any], resolve: Callable[[str], Any], missing: Any) -> List[str]:
    """Return the names of the passwords that a playbook or a role sets."""
    found = []
    for option in options_of().values():
        try:
            seen = evaluate(_Resolved(option.name, resolve, missing), option.name) if option.secret else None
            if seen not in (None, "") and seen != evaluate(own, option.name):
                found.append(option.name)
        except Unevaluated:
            # It is said of each host, where it comes from the inventory.
            continue
    return found


def _is_own(option: Option, seen: Any, own: Mapping[str, Any]) -> bool:
    try:
        return same_value(option, seen, evaluate(own, option.name))
    except Unevaluated:
        return False


def unique(words: Sequence[str]) -> List[str]:
    """Return each word once, in their order."""
    return list(dict.fromkeys(words))


class _Resolved(Mapping[str, Any]):
    """One variable as a task sees it. Reading it may fail, as in hostvars."""

    def __init__(self, name: str, resolve: Callable[[str], Any], missing: Any) -> None:
        self._name, self._resolve, self._missing = name, resolve, missing

    def __getitem__(self, name: str) -> Any:
        value = self._resolve(name)
        return None if value is self._missing else value

    def __contains__(self, name: object) -> bool:
        return name == self._name

    def __iter__(self) -> Iterator[str]:
        return iter((self._name,))

    def __len__(self) -> int:
        return 1
