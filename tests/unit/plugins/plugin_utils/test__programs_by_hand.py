# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody else has to do for powa-collector and powa-web."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils import _programs_by_hand
from ansible_collections.pgfleet.powa.plugins.plugin_utils._programs_by_hand import collector_by_hand, web_by_hand
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

CONF = {"path": "/etc/powa-collector.conf", "content": "new", "state": "present"}
RUNS = {"enabled": "enabled", "active": "active"}
BEGINNING = "powa-collector is not as declared, and powa_manage_host is false: "


def lacks(monkeypatch, plan=None, seen=None, **variables):
    """Return what the host of a collector lacks, by its plan and what was read of it."""
    planned = {"install": False, "files": [], "restart": False, **(plan or {})}
    monkeypatch.setattr(_programs_by_hand, "collector_plan", lambda *_: planned)
    there = {"os": {}, "files": {}, "units": {"powa-collector": RUNS}, **(seen or {})}
    fleet = {
        "hosts": {"c": {"groups": ["powa_collectors"], "variables": {"powa_manage_host": False, **variables}}},
        "collectors": {"c": {}},
        "web": {},
    }
    return collector_by_hand(Run(fleet, {"c": {"__common_seen": there}}), "c")


def test_nothing_is_asked_for_where_all_is_there_or_the_run_does_it(monkeypatch):
    assert lacks(monkeypatch) == []
    assert lacks(monkeypatch, {"install": True}, powa_manage_host=True) == []
    run = Run({"hosts": {"c": {"groups": [], "variables": {}}}, "collectors": {}, "web": {}}, {})
    assert collector_by_hand(run, "c") == web_by_hand(run, "c") == []


@pytest.mark.parametrize(
    ("plan", "seen", "todo"),
    [
        ({"install": True}, {}, "install powa-collector"),
        ({"files": [CONF]}, {}, "write /etc/powa-collector.conf"),
        (
            {},
            {"files": {"/etc/powa-collector.pgpass": {"as_expected": False}}},
            "write the passwords of the inventory",
        ),
        ({}, {"units": {}}, "run systemctl enable --now powa-collector"),
        ({}, {"units": {"powa-collector": {**RUNS, "active": "failed"}}}, "run systemctl enable --now powa-collector"),
        ({"restart": True}, {}, "run systemctl restart powa-collector"),
    ],
)
def test_each_thing_that_is_missing(plan, seen, todo, monkeypatch):
    (sentence,) = lacks(monkeypatch, plan, seen)
    assert sentence.startswith(BEGINNING + todo) and ", run" not in sentence


def test_what_the_user_cannot_see_may_be_right(monkeypatch):
    hidden = {"unseen": ["the file /etc/powa-collector.conf: permission denied"]}
    assert lacks(monkeypatch, {"files": [CONF, {**CONF, "state": "absent"}]}, hidden) == []
