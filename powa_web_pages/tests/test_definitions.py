# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What needs neither powa-web nor a database."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from powa_web_pages.definitions import Metric, datasource_of
from powa_web_pages.page_range import page_range

STORED = {
    "name": "lock_modes",
    "description": "Locks held, by mode",
    "keys": [{"name": "mode", "type": "text"}],
    "metrics": [{"name": "held_now", "type": "bigint", "kind": "gauge", "unit": "locks"}],
    "kept": {"keys": [{"name": "old", "type": "oid"}]},
}


def comment(**changes):
    return "pgfleet.powa datasource lock_modes: " + json.dumps(dict(STORED, **changes))


def test_a_definition():
    found = datasource_of("powa", comment())
    assert (found.title, [key.name for key in found.keys]) == ("Lock modes", ["mode", "old"])
    assert found.metrics == (Metric("held_now", "bigint", False, "Held now", "locks"),)
    assert found.table("_history") == "powa_lock_modes_history"


def test_its_own_title_and_database():
    found = datasource_of("powa", comment(title="Locks", scope="database"))
    assert (found.title, [key.name for key in found.keys]) == ("Locks", ["dbid", "mode", "old"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "other",
        "pgfleet.powa datasource x",
        "pgfleet.powa datasource x: {",
        comment(metrics=1),
        "pgfleet.powa datasource x: " + "[" * 100000,
    ],
    ids=range(6),
)
def test_what_is_no_definition(text):
    assert datasource_of("powa", text) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": 5},
        {"set": ["x"]},
        {"set": "half \ud800"},
        {"name": "zero\0"},
        {"name": None, "keys": [{"name": 1, "type": "text"}]},
    ],
)
def test_a_comment_whose_texts_are_none(wrong):
    assert datasource_of("powa", comment(**wrong)) is None


def test_what_it_is_shown_with():
    metrics = [dict(STORED["metrics"][0], overview=True), {"name": "other", "type": "bigint", "overview": None}]
    found = datasource_of("powa", comment(set=" Locks ", metrics=metrics))
    assert found.set_title == "Locks" and [metric.overview for metric in found.metrics] == [True, False]
    assert datasource_of("powa", comment()).set_title == ""


def request(query="", referer=""):
    return SimpleNamespace(query=query, headers={"Referer": referer} if referer else {})


@pytest.mark.parametrize(
    "asked, hours",
    [
        (request(), 1),
        (request("from=now-3h&to=now"), 3),
        (request(referer="https://x/server/1/?from=now-2d&to=now"), 48),
        (request("from=nonsense&to=now"), 1),
        (request("from=2026-11-25T10:00:00%2B0000&to=2026-11-25T12:00:00%2B0000"), None),
        (request("from=2026-11-25T10:00:00%2B00:00&to=2026-11-25T12:00:00Z"), 2),
    ],
)
def test_the_range_of_a_page(asked, hours):
    found = page_range(asked)
    length = datetime.fromisoformat(found.until) - datetime.fromisoformat(found.since)
    if hours is not None:
        assert length == timedelta(hours=hours)
