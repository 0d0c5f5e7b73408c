# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics of other tools in powa-web, without an edit: each number has a graph with lines, in a browser."""

from __future__ import annotations

from typing import Any, Dict, List

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.take import read
from browser import browsing
from powa_web import running_powa_web
from servers import Database

SIDES = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
#: What a server is, in many labels of a constant.
_DESCRIBED = 'described: {{query: "SELECT {0}, 1 AS info", metrics: [{1}, info: {{usage: GAUGE}}]}}'.format(
    ", ".join("repeat('{0}', 30) AS {0}".format(name) for name in "abcdefghijklm"),
    ", ".join("{0}: {{usage: LABEL}}".format(name) for name in "abcdefghijklm"),
)
#: By the tool, a file with what its numbers can be, and the titles of the graphs.
FILES = {
    "pgwatch": (
        """
metrics:
  queries:
    sqls:
      14: |
        select repeat('select ', 1000) as tag_query, repeat('a', 50) as tag_a, repeat('b', 50) as tag_b,
          repeat('c', 50) as tag_c, repeat('d', 50) as tag_d, 'some' as users, sum(calls) as calls, count(*) as size_b,
          10000 + extract(epoch from now() - pg_postmaster_start_time()) as uptime_s
        from pg_stat_statements
    gauges: [size_b, uptime_s]
""",
        ["Queries: Calls (per second)", "Queries: Size b", "Queries: Uptime s (h)"],
    ),
    "postgres_exporter": (
        """
exported:
  query: |
    SELECT datname, oid AS number, true AS active, pg_postmaster_start_time() AS start_time_seconds,
      current_setting('server_version_num') AS version, pg_current_wal_lsn() AS position, '10ms'::text AS took
    FROM pg_database WHERE datname = current_database()
  metrics:
    - datname: {usage: LABEL}
    - number: {usage: GAUGE}
    - active: {usage: GAUGE}
    - start_time_seconds: {usage: GAUGE}
    - version: {usage: GAUGE}
    - position: {usage: COUNTER}
    - took: {usage: DURATION}
"""
        + _DESCRIBED,
        [
            "Described: Info",
            "Exported: Active",
            "Exported: Number",
            "Exported: Position per second",
            "Exported: Start time seconds",
            "Exported: Took (ms)",
            "Exported: Version",
        ],
    ),
    "pgmonitor": (
        """
ccp_sizes:
  query: SELECT current_database()::text AS dbname, pg_database_size(current_database()) AS bytes
  metrics:
    - dbname: {usage: LABEL}
    - bytes: {usage: GAUGE}
""",
        ["Ccp sizes: Bytes"],
    ),
    "sql_exporter": (
        """
collector_name: small
metrics:
  - metric_name: vacuumed_seconds
    type: gauge
    key_labels: [relname]
    values: [last_vacuum, share_ratio]
    query: SELECT 'x' AS relname, coalesce(extract(epoch FROM now()), 0) AS last_vacuum, 0.5 AS share_ratio
""",
        ["Vacuumed seconds: Last vacuum", "Vacuumed seconds: Share ratio (%)"],
    ),
}


def take_samples(database: Database, srvid: int, definitions: List[Dict[str, Any]]) -> None:
    """Take three samples, 10 minutes apart."""
    for minutes in (20, 10, 0):
        for name, scope in ((each["name"], each.get("scope")) for each in definitions):
            if scope == "database":
                query = database.value(
                    "SELECT query_source FROM powa_db_module_src_queries WHERE db_module = %s"
                    " AND min_version <= current_setting('server_version_num')::integer"
                    " ORDER BY min_version DESC LIMIT 1",
                    (name,),
                )
                database.sql(
                    "INSERT INTO powa_{0}_src_tmp SELECT {1}, now(), d.oid, src.* FROM ({2}) AS src"
                    " JOIN pg_database AS d ON d.datname = current_database()".format(name, srvid, query)
                )
            else:
                database.collect(name, srvid)
            database.sql(
                "UPDATE powa_{0}_src_tmp SET ts = ts - interval '{1} minutes' WHERE ts > now() - interval '5 minutes'"
                .format(name, minutes)
            )  # fmt: skip
    database.take_snapshot(srvid)


def test_every_number_of_other_tools_is_drawn(database: Database) -> None:
    # powa-web 5 tries to connect to it. For a name it would ask a name server, and wait while a container starts.
    (srvid,) = database.arrived("127.0.0.1")
    definitions: List[Dict[str, Any]] = []
    titles: List[str] = []
    for tool, (text, graphs) in FILES.items():
        taken, problems = read(tool, text, scope="cluster" if database.powa == "4" else None)
        assert not problems
        definitions += taken
        titles += graphs
    database.ok("datasources", datasources=definitions, **SIDES)
    take_samples(database, srvid, definitions)
    with running_powa_web(database, for_browser=True) as get, browsing(
        get, database.server.container, database.powa
    ) as page:
        page.open("/server/{0}/overview/".format(srvid))
        page.choose("Datasources")
        *drawn, _datasources = page.titles()
        assert sorted(drawn) == sorted(titles)
        page.lines(len(titles))
        page.shot("imported")
        assert page.alerts == [] and page.errors == []
        # The page is no wider than the window, though labels are long texts, and a line has thirteen of them.
        assert page.overflow == 0
