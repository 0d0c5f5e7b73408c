# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sixty datasources in powa-web: under their sets, a few graphs on the server's page, and units as people read them."""

from __future__ import annotations

from typing import Any, Dict, List
from urllib.error import HTTPError

import pytest
from browser import browsing
from catalogue_samples import ENTRIES
from powa_web import PowaWeb, running_powa_web
from servers import Database, statements_sent
from sixty_datasources import HOSTILE, LARGE, NUMBER, sixty, take_samples

BOTH = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
OTHERS = "Other datasources"
OVERVIEW = "Overview of datasources"
SERVER = "/server/{0}/overview/"
OF_SERVER = "/server/{0}/declared/overview/"
#: What the test looks at, besides the generated ones.
SAMPLED = ["lock_counts", "lock_waits", "blocking_sessions", "connections", "wal_position", "database_ages"]


def _statements(database: Database, get: PowaWeb, path: str) -> int:
    """Return how many statements powa-web sends for a page and what is on it, without the points of its lines."""
    # powa-web 5 gives the contents for the asking.
    _page, sent = statements_sent(database, lambda: get(path, **{"Content-Type": "application/json"}))
    return sent


def _marked(declared: List[Dict[str, Any]]) -> List[str]:
    """Return the names of the graphs that the overview of a server has, without their units, in order."""
    found = [
        (entry["set"].lower(), entry["title"].lower(), entry["title"], metric["title"])
        for entry in declared
        for metric in entry["metrics"]
        if metric.get("overview")
    ]
    return [metric if metric == title else "{0}: {1}".format(title, metric) for _s, _t, title, metric in sorted(found)]


def test_sixty_datasources(database: Database) -> None:
    # powa-web 5 tries to connect to it. For a name it would ask a name server, and wait while a container starts.
    (srvid,) = database.arrived("127.0.0.1")
    declared = sixty(database.powa)
    titles = sorted({entry["set"] for entry in declared if "set" in entry}, key=str.lower) + [OTHERS]
    assert len(declared) == NUMBER and len(titles) > 15
    server, overview = SERVER.format(srvid), OF_SERVER.format(srvid)
    with running_powa_web(database, for_browser=True) as get:
        database.ok("datasources", datasources=[ENTRIES["connections"].definition], **BOTH)
        with_one = [_statements(database, get, page) for page in (server, overview)]
        database.ok("datasources", datasources=declared, **BOTH)
        take_samples(database, srvid, declared, SAMPLED)
        assert [_statements(database, get, page) for page in (server, overview)] == with_one

        with browsing(get, database.server.container, database.powa) as page:
            page.open(server)
            entries = [OVERVIEW, *titles]
            listed = [entry for entry in page.menu() if entry in entries]
            # powa-web 5 shows the first ones.
            assert listed == entries[: len(listed)] and len(listed) >= (len(entries) if database.powa == "4" else 3)
            page.choose("Locks")
            metrics = [metric for name in SAMPLED[:3] for metric in ENTRIES[name].definition["metrics"]]
            graphs = page.titles()
            assert len(graphs) == len(metrics) + 1 and graphs[-1] == "Datasources"
            assert "Waiting for locks: Waiting sessions (sessions)" in graphs
            page.lines(2)
            page.shot("locks")
            locks = page.path

            page.open(server)
            page.tab("Datasources")
            assert "Sets of datasources" in page.titles()
            assert page.cells()[: 2 * len(entries) : 2] == entries
            page.shot("server")

            page.follow(OVERVIEW)
            assert page.path == overview
            # A graph of powa-web 4 has its title once it has its data.
            page.lines(3)
            page.settle()
            assert [graph.split(" (")[0].replace(" per second", "") for graph in page.titles()] == _marked(declared)
            page.shot("overview")

            page.open(server)
            page.tab("Datasources")
            page.follow(HOSTILE)
            page.lines(5)
            page.shot("units")
            assert {graph.split(": ")[-1] for graph in page.titles()[:-1]} == {
                "Bytes", "A while (h)", "Share (%)", "Busy (% of the time)", "Sent per second", "Nothing"
            }  # fmt: skip
            page.follow("Of every unit")
            page.shot("values")
            size, hours, share, _busy, busy, _sent, sent, nothing = page.cells()[1:]
            assert size == "2.79 G" and [float(value) for value in (hours, share, busy)] == [25, 37.5, 25]
            assert sent in ("1024 B", "1024.00 B") and nothing in ("(NA)", "-")

            page.open(server)
            page.choose(LARGE)
            assert len(page.tabs()) > 1 and "Generated" in page.tabs()[0]
            page.lines(9)
            page.even()
            page.shot("large")
            large = page.path
            page.open(server)
            page.choose(OTHERS)
            page.lines(9)
            others = page.path
            assert page.alerts == [] and page.errors == []

    # Another one, which nobody has left with requests.
    with running_powa_web(database) as get:
        # powa-web 5 has no such thing to put off.
        assert ("equalizer.reflow = " in get(large)) == (database.powa == "4")
        # However many datasources a page has.
        assert _statements(database, get, large) == _statements(database, get, others)
        with pytest.raises(HTTPError, match="This server has no set of datasources with this address"):
            get("/server/{0}/set/0123456789ab/overview/".format(srvid))

        # What cannot be read is left out, or says why, and spoils nothing.
        database.sql("DROP TABLE powa_blocking_sessions_history_current")
        database.sql("ALTER TABLE powa_lock_counts_history RENAME COLUMN maxs_in_range TO renamed")
        database.sql("COMMENT ON FUNCTION powa_generated_00_src(integer) IS 'pgfleet.powa datasource generated_00: {'")
        database.sql(
            "COMMENT ON FUNCTION powa_generated_10_src(integer) IS"
            ' $$pgfleet.powa datasource x: {"name": "x", "title": "Impostor", "keys": [], "metrics": []}$$'
        )
        for path, there, gone in (
            (locks, "Waiting for locks: Waiting sessions", "Blocking sessions: "),
            (locks, "The busiest keys cannot be read: column h.maxs_in_range does not exist", "Blocking sessions: "),
            (locks, "Locks by mode: ", "Blocking sessions: "),
            (others, "Generated 05: ", "Generated 00: "),
            (others, "Generated 05: ", "Impostor"),
        ):
            text = get(path, **{"Content-Type": "application/json"})
            assert there in text and gone not in text
