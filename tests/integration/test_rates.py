# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A counter of every type grows equally fast in C(_rate), in what the report reads, and in powa-web."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import NUMBERS, TYPE_NAMES
from powa_web_pages.graph_lines import GraphLines
from powa_web_pages.repository import Range, Repository
from powa_web_pages.selection import all_graphs
from servers import Database, on_every_server

SINCE, UNTIL = "2020-01-01 00:00:00+00", "2020-01-01 00:01:00+00"

#: Of each type two values of a counter, 10 seconds apart, and how much it grows in a second.
COUNTERS = {
    "smallint": ("100", "300", 20),
    "integer": ("2000000000", "2000000100", 10),
    "bigint": ("9223372036854775000", "9223372036854775010", 1),
    "numeric": ("12345678901234567890.5", "12345678901234567895.5", 0.5),
    "real": ("1.5", "4", 0.25),
    "double precision": ("1e15", "1000000000000100", 10),
    "interval": ("1 day", "1 day 00:00:30", 3),
    "xid8": ("18446744073709551000", "18446744073709551500", 50),
    "pg_lsn": ("16/B374D848", "16/B374D8AC", 10),
    "boolean": ("false", "true", None),
}
#: How many of powa-web's numbers are one of ours: of lengths of time it shows the percentage of the time that passed.
POWA_WEB = {"interval": 100.0}


def test_every_number_has_its_case() -> None:
    assert sorted(COUNTERS) == sorted(column_type.name for column_type in NUMBERS)


def _rates(database: Database, srvid: int) -> List[Optional[float]]:
    columns = ", ".join('r."{0}"'.format(name) for name in COUNTERS)
    (last,) = database.sql(
        "SELECT {0} FROM powa_counters_rate(%s, NULL, NULL) AS r ORDER BY ts DESC LIMIT 1".format(columns), (srvid,)
    )
    return list(last)


def _report(database: Database) -> Dict[str, Any]:
    found = database.ok("history_info", range="1 minute", until=UNTIL, steps=6)
    ((datasource,),) = (found["datasources"],)
    per_second = {metric["name"]: metric["per_second"] for metric in datasource["metrics"]}
    assert per_second == {name: COUNTERS[name][2] is not None for name in COUNTERS}
    ((server,),) = (datasource["servers"],)
    return {metric["name"]: metric["lines"][0]["points"][1] for metric in server["metrics"]}


def _powa_web(database: Database, srvid: int, name: str = "counters") -> Dict[str, float]:
    """Return what the graphs of a page of powa-web end with, having read the rest of the page, too."""
    within = Range(SINCE, UNTIL)
    with closing(database.server.connect(database.name)) as connection, connection.cursor() as cursor:
        repository = Repository(cursor, srvid)
        datasource = repository.datasource(name)
        assert datasource is not None
        repository.busiest([all_graphs(datasource)], within)
        repository.latest(datasource, within)
        metrics = range(len(datasource.metrics))
        points = repository.series(datasource, dict.fromkeys(metrics, GraphLines()), within)
    last = max(point.ts for point in points)
    names = [metric.name for metric in datasource.metrics]
    return {names[point.metric]: point.value for point in points if point.ts == last}


def test_a_counter_of_every_type(database: Database) -> None:
    (srvid,) = database.register("one")
    declared = {
        "name": "counters",
        "query": "SELECT "
        + ", ".join("'{1}'::{0} AS \"{0}\"".format(name, first) for name, (first, _then, _rate) in COUNTERS.items()),
        "metrics": [{"name": name, "type": name} for name in COUNTERS],
    }
    sides = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
    database.ok("datasources", datasources=[declared], **sides)
    for position, seconds in ((0, 0), (1, 10)):
        values = [case[position] for case in COUNTERS.values()]
        database.sql(
            "INSERT INTO powa_counters_src_tmp VALUES (%s, %s::timestamptz + %s * interval '1s'{0})".format(
                ", %s" * len(values)
            ),
            (srvid, SINCE, seconds, *values),
        )
    database.sql("SELECT powa_counters_snapshot(%s)", (srvid,))
    for _form in ("current", "aggregated"):
        rates = dict(zip(COUNTERS, _rates(database, srvid)))
        # What is no number of things that grow is returned as it is.
        assert rates.pop("boolean") is True
        expected = {name: rate for name, (_first, _then, rate) in COUNTERS.items() if rate is not None}
        assert rates == pytest.approx(expected)
        report = _report(database)
        assert report.pop("boolean") == 1
        assert report == pytest.approx(expected)
        drawn = _powa_web(database, srvid)
        assert drawn.pop("boolean") == 1
        assert {name: value / POWA_WEB.get(name, 1) for name, value in drawn.items()} == pytest.approx(expected)
        database.sql("SELECT powa_counters_aggregate(%s)", (srvid,))


def test_a_counter_of_any_other_type_is_returned_as_it_is(database: Database) -> None:
    others = [name for name in TYPE_NAMES if name not in COUNTERS]
    metrics = [{"name": "m{0}".format(position), "type": name} for position, name in enumerate(others)]
    query = "SELECT " + ", ".join("NULL::{type} AS {name}".format(**metric) for metric in metrics)
    declared = {"name": "others", "query": query, "metrics": metrics}
    database.ok("datasources", datasources=[declared], server_kind=["repository", "remote"], monitoring_role="powa")
    returned = database.sql(
        "SELECT o.name, format_type(o.type, -1) FROM pg_proc AS p CROSS JOIN LATERAL"
        " ROWS FROM (unnest(p.proargnames), unnest(p.proallargtypes), unnest(p.proargmodes)) AS o (name, type, mode)"
        " WHERE p.proname = 'powa_others_rate' AND o.mode = 'o' AND o.name LIKE 'm%%'"
    )
    assert sorted(returned) == sorted((metric["name"], metric["type"]) for metric in metrics)


KINDS = ("counter", "gauge")
#: Values of counters and gauges. Some differences, quotients or squares are more than double precision holds, or less.
BEYOND = {
    "double precision": [
        "-1.5e308",
        "1.5e308",
        "1",
        "1.5e308",
        "NaN",
        "Infinity",
        "-Infinity",
        "5e-324",
        "1e139",
        "-1e139",
    ],
    "real": ["-3e38", "3e38", "1", "NaN", "Infinity", "1e-45", "0", "3e38", "-3e38", "7"],
    "numeric": ["-1e400", "1e400", "1", "9e100000", "NaN", "1e-400", "2e-400", "1e139", "-1e139", "0"],
}


@on_every_server
def test_no_value_spoils_the_rates_of_others(database: Database) -> None:
    (srvid,) = database.register("one")
    types = list(BEYOND)
    metrics = [
        {"name": kind[0] + str(number), "type": name, "kind": kind}
        for number, name in enumerate(types)
        for kind in KINDS
    ]
    query = "SELECT 'x' AS k, " + ", ".join("NULL::{type} AS {name}".format(**metric) for metric in metrics)
    declared = {"name": "beyond", "query": query, "keys": [{"name": "k", "type": "text"}], "metrics": metrics}
    database.ok("datasources", datasources=[declared], server_kind=["repository", "remote"], monitoring_role="powa")
    for key, seconds in (("a", 1), ("b", 0.000001)):
        for position in range(10):
            values = [BEYOND[metric["type"]][position] for metric in metrics]
            database.sql(
                "INSERT INTO powa_beyond_src_tmp VALUES (%s, %s::timestamptz + %s * interval '1s', %s{0})".format(
                    ", %s" * len(values)
                ),
                (srvid, SINCE, position * seconds, key, *values),
            )
    for position in range(2):
        database.sql(
            "INSERT INTO powa_beyond_src_tmp (srvid, ts, k, c0, c1, c2)"
            " VALUES (%s, %s::timestamptz + %s * interval '10s', 'good', %s, %s, %s)",
            (srvid, SINCE, position, *[10 * position] * 3),
        )
    database.sql("SELECT powa_beyond_snapshot(%s)", (srvid,))
    for _form in ("current", "aggregated"):
        rates = database.sql("SELECT k, c0, c1, c2 FROM powa_beyond_rate(%s, NULL, NULL) ORDER BY k, ts", (srvid,))
        assert len(rates) == 22 and rates[-2:] == [("good", None, None, None), ("good", 1.0, 1.0, 1.0)]
        # From -1.5e308 to 1.5e308, and of numeric from -1e400 to 1e400, no rate can be told; of real it can.
        assert rates[1] == ("a", None, pytest.approx(6e38, rel=1e-6), None)
        assert all(rate is None or abs(rate) < 1e150 for row in rates for rate in row[1:])
        found = database.ok("history_info", range="1 minute", until=UNTIL, steps=6)
        ((server,),) = [datasource["servers"] for datasource in found["datasources"]]
        lines = {metric["name"]: metric["lines"] for metric in server["metrics"]}
        assert all(any(line["key"] == {"k": "good"} for line in lines[name]) for name in ("c0", "c1", "c2"))
        drawn = _powa_web(database, srvid, "beyond")
        assert [drawn[name] for name in ("c0", "c1", "c2")] == [1.0, 1.0, 1.0]
        database.sql("SELECT powa_beyond_aggregate(%s)", (srvid,))
