# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units of systemd: whether they exist, start with the host, and run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer, Running
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host


@dataclass(frozen=True)
class Unit:
    """A unit.

    :param enabled: what C(systemctl is-enabled) says, or an empty text if the unit does not exist
    :param active: what C(systemctl is-active) says
    """

    enabled: str
    active: str
    exists: bool


_NONE = Unit("", "inactive", False)


def start_units(host: Host, names: Sequence[str]) -> Optional[Running]:
    """Start the program that describes the units."""
    if not names:
        return None
    return host.start(["systemctl", "show", "--property=LoadState,ActiveState,UnitFileState", "--", *names])


def finish_units(host: Host, names: Sequence[str], running: Optional[Running]) -> Dict[str, Unit]:
    """Return name -> unit."""
    if running is None:
        return {}
    answer = running.finish()
    units = parse_units(answer.out)
    if len(units) == len(names):
        return dict(zip(names, units))
    host.unseen.add("the state of units", _why(answer))
    return dict.fromkeys(names, _NONE)


def parse_units(text: str) -> List[Unit]:
    """Return the units that C(systemctl show) describes, in the order in which it was asked for them."""
    units = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if fields:
            # A unit whose file is gone runs on until it is stopped.
            exists = fields.get("LoadState") != "not-found"
            units.append(Unit(fields.get("UnitFileState", ""), fields.get("ActiveState", ""), exists))
    return units


def _why(answer: Answer) -> str:
    return "the host has no systemctl" if answer.missing else answer.sentence or "systemctl said nothing"
