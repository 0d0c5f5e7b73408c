# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers as a task declares them, parsed and checked without a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.secrets import unwritable
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER

PRESENT = "present"
DISABLED = "disabled"
ABSENT = "absent"

#: The option of a task to the column of C(powa_servers) that holds its value.
COLUMNS = {
    "alias": "alias",
    "username": "username",
    "dbname": "dbname",
    "frequency": "frequency",
    "coalesce": "powa_coalesce",
    "retention": "retention",
    "allow_ui_connection": "allow_ui_connection",
}

#: The defaults of C(powa_register_server).
DEFAULTS = {
    "alias": None,
    "username": "powa",
    "password": None,
    "dbname": "powa",
    "frequency": 300,
    "powa_coalesce": 100,
    "retention": "1 day",
    "allow_ui_connection": True,
}

#: What a column of type integer holds.
_MOST = 2**31 - 1

Address = Tuple[str, int]


@dataclass(frozen=True)
class ServerSpec:
    """One server of a task.

    :param values: columns of C(powa_servers) that the task gives; None as the password removes it
    :param extensions: the only stats extensions to be active; None leaves them alone
    :param datasources: the only declared datasources to be active; None leaves them alone
    """

    address: Address
    state: str
    drop_history: bool
    values: Mapping[str, Any]
    extensions: Optional[Tuple[str, ...]]
    datasources: Optional[Tuple[str, ...]]
    renamed_from: Optional[Address]

    @property
    def name(self) -> str:
        """What a message calls it."""
        return address_text(self.address)


def address_text(address: Address) -> str:
    """Return C(hostname:port)."""
    return "{0}:{1}".format(*address)


def parse_servers(parameters: Iterable[Mapping[str, Any]]) -> Tuple[List[ServerSpec], List[str]]:
    """Parse the C(servers) option of a task, and return the servers with every problem."""
    specs: List[ServerSpec] = []
    problems: List[str] = []
    addresses: Dict[Any, int] = {}
    aliases: Dict[Any, int] = {}
    for position, parameter in enumerate(parameters):
        spec = _parse(parameter)
        problems += ['server "{0}", {1}'.format(spec.name, problem) for problem in _check(spec, parameter)]
        alias = spec.values.get("alias") if spec.state != ABSENT else None
        for field, value, seen in (("hostname and port", spec.address, addresses), ("alias", alias, aliases)):
            if value is not None and value in seen:
                problems.append(
                    'server "{0}", {1}: number {2} of the list has the same: each server needs its own'.format(
                        spec.name, field, seen[value] + 1
                    )
                )
            elif value is not None:
                seen[value] = position
        specs.append(spec)
    return specs, problems


def _parse(parameter: Mapping[str, Any]) -> ServerSpec:
    values = {column: parameter[option] for option, column in COLUMNS.items() if parameter.get(option) is not None}
    if parameter.get("password") is not None:
        values["password"] = parameter["password"] or None
    if values.get("alias") == "":
        values["alias"] = None
    state = parameter.get("state") or PRESENT
    if state == DISABLED:
        values["frequency"] = NEVER
    renamed_from = parameter.get("renamed_from")
    return ServerSpec(
        address=(parameter["hostname"], parameter["port"]),
        state=state,
        drop_history=parameter.get("history") == "drop",
        values=values,
        extensions=_names(parameter.get("extensions")),
        datasources=_names(parameter.get("datasources")),
        renamed_from=(renamed_from["hostname"], renamed_from["port"]) if renamed_from else None,
    )


def _names(names: Optional[Iterable[str]]) -> Optional[Tuple[str, ...]]:
    return None if names is None else tuple(sorted(set(names)))


def _check(spec: ServerSpec, parameter: Mapping[str, Any]) -> List[str]:
    problems = []
    if not spec.address[0].strip():
        problems.append("hostname: it is empty: give the name or address by which the collector reaches the server")
    if not 0 < spec.address[1] < 65536:
        problems.append("port: found {0}, expected 1 to 65535".format(spec.address[1]))
    frequency = parameter.get("frequency")
    if frequency is not None and frequency != NEVER and not 5 <= frequency <= _MOST:
        expected = "at least 5 seconds" if frequency < 5 else "at most {0} seconds".format(_MOST)
        problems.append("frequency: found {0}, expected {1}, or -1 for never".format(frequency, expected))
    if spec.state == DISABLED and frequency not in (None, NEVER):
        problems.append('frequency: found {0} with state "disabled": leave it out'.format(frequency))
    coalesce = parameter.get("coalesce")
    if coalesce is not None and not 5 <= coalesce <= _MOST:
        expected = "at least 5 snapshots" if coalesce < 5 else "at most {0} snapshots".format(_MOST)
        problems.append("coalesce: found {0}, expected {1}".format(coalesce, expected))
    for option in ("username", "dbname"):
        if parameter.get(option) == "":
            problems.append("{0}: it is empty: give a name, or leave it out".format(option))
    if spec.drop_history and spec.state != ABSENT:
        problems.append('history: found "drop" with state "{0}": only state "absent" can drop it'.format(spec.state))
    why = unwritable(spec.values.get("password") or "")
    if why:
        problems.append("password: {0}, which PostgreSQL cannot store: give another".format(why))
    if spec.renamed_from == spec.address:
        problems.append("renamed_from: it is the same address: leave it out")
    return problems
