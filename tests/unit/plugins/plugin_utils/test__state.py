# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a fleet in one line."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._state import state_of


def server(age=None, enabled=True):
    return {"age": age, "enabled": enabled}


SERVERS = [server(70), server(7), server(9000, enabled=False), server(enabled=None)]
FIGURES = "servers=4;;;0 oldest_snapshot=70s;;;0"


@pytest.mark.parametrize(
    ("kinds", "code", "line"),
    [
        ([], 0, "POWA OK - 4 servers, no problems | problems=0;0;;0 critical=0;;0;0 " + FIGURES),
        (
            ["restart_pending"],
            1,
            "POWA WARNING - 4 servers, 1 problem: 1 restart_pending | problems=1;0;;0 critical=0;;0;0 " + FIGURES,
        ),
        (
            ["inventory", "snapshot_late", "restart_pending", "snapshot_late"],
            2,
            "POWA CRITICAL - 4 servers, 4 problems: 2 snapshot_late, 1 inventory, 1 restart_pending"
            " | problems=4;0;;0 critical=2;;0;0 " + FIGURES,
        ),
    ],
)
def test_the_worst_problem_decides(kinds, code, line):
    found = state_of([{"kind": kind} for kind in kinds], SERVERS)
    assert (found["code"], found["line"]) == (code, line)
    assert found["line"].split()[1] == found["word"]
    assert (found["servers"], found["problems"]) == (4, len(kinds))
    assert found["kinds"] == {kind: kinds.count(kind) for kind in kinds}


def test_a_fleet_without_snapshots():
    line = "POWA OK - 0 servers, no problems | problems=0;0;;0 critical=0;;0;0 servers=0;;;0"
    assert state_of([], [])["line"] == line
