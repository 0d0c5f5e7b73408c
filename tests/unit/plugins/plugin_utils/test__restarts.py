# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers a run may restart, and what it says of the others."""

from __future__ import annotations

from typing import Any, Dict, Sequence

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._restarts import restarts_of, was_restarted
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

GONE = {"__archivist_gone": {"failed": True}}


def run(variables: Dict[str, Any], facts: Dict[str, Any], lost: Sequence[str] = (), **others: Any) -> Run:
    return Run({"hosts": {"db": {"variables": variables}}}, {"db": facts, **others}, lost)


@pytest.mark.parametrize(
    ("variables", "facts", "allowed"),
    [
        ({}, {}, False),
        ({}, {"__archivist_installs": True}, True),
        ({"powa_restart_postgresql": True}, {}, True),
        ({"powa_restart_postgresql": False}, {"__archivist_installs": True}, False),
    ],
)
def test_a_running_server_is_restarted_only_if_the_user_says_so(
    variables: Dict[str, Any], facts: Dict[str, Any], allowed: bool
) -> None:
    restarts = restarts_of(run(variables, facts), "db")
    assert restarts.allowed is allowed and restarts.forbidden is not allowed
    assert restarts.pending([]) == ""
    assert restarts.pending(["a", "b"]) == (
        ""
        if allowed
        else "a, b needs a restart of PostgreSQL, but powa_restart_postgresql is not true:"
        " restart it, and run this again to set up what depends on that"
    )


def test_no_server_is_restarted_after_one_that_did_not_come_back() -> None:
    allowed = {"powa_restart_postgresql": True}
    failed = {"__archivist_written": {"failed": True}}
    restarts = restarts_of(run(allowed, {}, ["db9", "db0"], db0=GONE, db9=failed), "db")
    assert restarts.gone == ["db0"] and restarts.forbidden
    assert restarts.pending(["a"]) == (
        "a needs a restart of PostgreSQL, but the PostgreSQL of db0 did not come back from its restart in this run:"
        " find out why, and run this again"
    )
    assert not restarts_of(run(allowed, {}, ["db9"], db9=failed), "db").forbidden


def test_a_host_that_nobody_knows_is_not_restarted() -> None:
    assert restarts_of(Run({"hosts": {"db": {"variables": {}}}}, {}), "db").forbidden


@pytest.mark.parametrize(
    ("facts", "restarted"),
    [
        ({}, False),
        ({"__archivist_answers": {"skipped": True}}, False),
        ({"__archivist_answers": {"is_available": True}}, True),
    ],
)
def test_a_server_that_answers_after_its_restart(facts: Dict[str, Any], restarted: bool) -> None:
    assert was_restarted(run({}, facts), "db") is restarted
