# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages in powa-web read of declared datasources; the oracle is plain SQL."""

from __future__ import annotations

import json
import re
from contextlib import closing
from types import SimpleNamespace
from typing import Any, Dict, List
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest
from datasources import AWKWARD, COMMITS, LOCK_MODES
from powa_web import running_powa_web
from powa_web_pages.connection import STATEMENT_TIMEOUT, reading
from powa_web_pages.graph_lines import GraphLines
from powa_web_pages.repository import Range, Repository
from powa_web_pages.selection import all_graphs
from servers import Database, on_the_newest_server

SIDES = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}

#: More metrics than an address of their graphs can have, with more keys than a graph names.
METRICS, KEYS = 100, 12
WIDE: Dict[str, Any] = {
    "name": "wide",
    "query": "SELECT n AS key, {0} FROM generate_series(1, {1}) AS n".format(
        ", ".join("{0} * 1000 + n AS m{0}".format(number) for number in range(METRICS)), KEYS
    ),
    "keys": [{"name": "key", "type": "integer"}],
    "metrics": [{"name": "m{0}".format(number), "type": "integer", "kind": "gauge"} for number in range(METRICS)],
}
OLD: Dict[str, Any] = {
    "name": "old",
    "query": "SELECT 'here'::text AS key, 1.5 AS m",
    "keys": [{"name": "key", "type": "text"}],
    "metrics": [{"name": "m", "type": "numeric", "kind": "gauge"}],
}
#: What nginx takes by default for an address, with the range.
LONGEST = 8192 - 200
NO_RANGES = [
    {"from": "nonsense", "to": "now"},
    {"from": "-infinity", "to": "now"},
    {"from": "2026-01-02", "to": "2026-01-01"},
    {"from": "294277-01-01", "to": "now"},
    {"from": "\0", "to": "now"},
    {"from": "now"},
]


def within(database: Database) -> Range:
    return Range(*database.sql("SELECT (now() - interval '1 minute')::text, (now() + interval '1 minute')::text")[0])


@pytest.fixture
def reader(database: Database) -> str:
    """A role that may see metrics and nothing else; PoWA 4 has no roles."""
    if database.powa == "4":
        return "postgres"
    database.sql("GRANT powa_read_all_metrics TO nobody_special")
    return "nobody_special"


def test_lines_end_with_the_last_sample(database: Database, reader: str) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", datasources=[LOCK_MODES, COMMITS, AWKWARD], **SIDES)
    for _turn in range(2):
        for name in ("lock_modes", "commits"):
            database.collect(name, srvid)
        database.take_snapshot(srvid)
        database.sql("SELECT pg_sleep(1.1)")
    asked = within(database)
    with closing(database.server.connect(database.name, reader)) as connection, connection.cursor() as cursor:
        repository = Repository(cursor, srvid)
        assert [entry.name for entry in repository.datasources()] == ["awkward", "commits", "lock_modes"]
        for name in ("lock_modes", "commits", "awkward"):
            datasource = repository.datasource(name)
            assert datasource is not None
            (ranked,) = repository.busiest([all_graphs(datasource)], asked)
            named = {
                position: GraphLines(tuple(line.key for line in graph.lines)) for position, graph in ranked.items()
            }
            points = repository.series(datasource, named, asked)
            latest = repository.latest(datasource, asked)
            if name == "awkward":
                assert (points, latest) == ([], [])
                continue
            last = max(point.ts for point in points)
            drawn = sorted(point.value for point in points if point.ts == last)
            function, column = ("get", "held") if name == "lock_modes" else ("rate", "commits")
            expected = database.sql(
                "SELECT {0} FROM powa_{1}_{2}({3}, NULL, NULL) WHERE abs(extract(epoch FROM ts) - {4}) < 0.001"
                " ORDER BY 1".format(column, name, function, srvid, last)
            )
            assert drawn == pytest.approx([float(value) for (value,) in expected])
            assert len(latest) == len(expected)


def test_a_title_or_unit_changes_no_table(database: Database) -> None:
    database.register("one")
    database.ok("datasources", datasources=[LOCK_MODES], **SIDES)
    tables = "SELECT oid, relfilenode, xmin::text FROM pg_class WHERE relname LIKE 'powa_lock_modes_%%' ORDER BY oid"
    before = database.sql(tables)
    shown = dict(LOCK_MODES, title="Locks", metrics=[dict(LOCK_MODES["metrics"][0], unit="locks", title="Held")])
    changed = database.ok("datasources", datasources=[shown], **SIDES)
    assert changed.changed
    assert all("powa_lock_modes_src" in change for change in changed["changes"]), changed["changes"]
    assert database.sql(tables) == before
    paused = dict(LOCK_MODES, state="paused")
    assert not database.ok("datasources", server_kind=["repository"], datasources=[paused]).changed
    assert not database.ok("datasources", datasources=[shown], **SIDES).changed


def test_many_metrics_and_what_is_no_range(database: Database) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", datasources=[WIDE], **SIDES)
    database.collect("wide", srvid)
    database.take_snapshot(srvid)
    asked = within(database)
    found: List[float] = [0.0] * METRICS
    with running_powa_web(database) as get:
        page = get("/server/{0}/declared/wide/overview/".format(srvid), **{"Content-Type": "application/json"})
        urls = re.findall('"data_url": *"([^"]*/declared/wide/graphs/[^"]*)"', page)
        assert len(urls) > 1 and all(len(url) < LONGEST for url in urls)
        for url in urls:
            (row,) = json.loads(get(url + "?" + urlencode({"from": asked.since, "to": asked.until})))["data"]
            for line, value in row.items():
                if line != "ts":
                    found[int(line[1:].split("_")[0])] += value
        for wrong in NO_RANGES:
            with pytest.raises(HTTPError) as refused:
                get(urls[0] + "?" + urlencode(wrong))
            assert refused.value.code == 400, wrong
    columns = ", ".join("sum(m{0})".format(number) for number in range(METRICS))
    (expected,) = database.sql("SELECT {0} FROM powa_wide_get({1}, NULL, NULL)".format(columns, srvid))
    assert found == [float(value) for value in expected]


def test_what_is_busy_now_is_named_although_older_history_cannot_be_read(database: Database) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", datasources=[OLD], **SIDES)
    database.collect("old", srvid)
    database.take_snapshot(srvid)
    # More than a double precision holds.
    database.sql(
        "INSERT INTO powa_old_history (srvid, key, coalesce_range, records, mins_in_range, maxs_in_range)"
        " SELECT {0}, 'gone', '[2020-01-01, 2020-01-01]', ARRAY[ROW('2020-01-01', 1e400)::powa_old_history_record],"
        " x.r, x.r FROM (SELECT ROW('2020-01-01', 1e400)::powa_old_history_record_minmax AS r) AS x".format(srvid)
    )
    with running_powa_web(database) as get:
        page = get("/server/{0}/declared/old/overview/".format(srvid), **{"Content-Type": "application/json"})
    labels = re.findall('"label": *"([^"]*)"', page)
    assert "here" in labels and not [label for label in labels if "cannot be read" in label], labels


def test_a_statement_has_the_timeout_that_it_is_given(database: Database) -> None:
    show = "SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'"
    with closing(database.server.connect(database.name)) as connection:
        # As powa-web's own are.
        connection.autocommit = False
        handler = SimpleNamespace(connect=lambda: connection)
        for given, expected in (({}, STATEMENT_TIMEOUT), ({"timeout": 50}, 50)):
            with reading(handler, **given) as cursor:
                cursor.execute(show)
                assert cursor.fetchone() == (expected,)
            with connection.cursor() as after:
                after.execute(show)
                assert after.fetchone() == (0,)


@on_the_newest_server
def test_the_newest_powa_web_has_the_pages(database: Database) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", datasources=[COMMITS], **SIDES)
    for _turn in range(2):
        database.collect("commits", srvid)
        database.take_snapshot(srvid)
        database.sql("SELECT pg_sleep(1.1)")
    asked = within(database)
    page = "/server/{0}/declared/commits/".format(srvid)
    with running_powa_web(database) as get:
        assert "<html" in get(page + "overview/")
        since_until = urlencode({"from": asked.since, "to": asked.until})
        (row,) = json.loads(get(page + "graphs/0-s-/?" + since_until))["data"]
    rate = "SELECT commits FROM powa_commits_rate({0}, NULL, NULL) ORDER BY ts DESC LIMIT 1".format(srvid)
    assert row["m0_"] == pytest.approx(float(database.value(rate)))
