# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where sql_exporter runs a query: the addresses in its configuration, which may be of several databases."""

from __future__ import annotations

import fnmatch
import re
from typing import Any, Iterator, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import unquote, urlsplit

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import DATABASE, Metric, Problem, texts
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.scope import by_query

#: One exporter takes it for all databases.
_ALL = "*"
#: Where an exporter logs in to read what does not depend on the database.
_IN_EVERY_CLUSTER = frozenset(("postgres", "template1"))
#: What stands for a name that only another program fills in.
_TEMPLATE = frozenset("${}<>")
#: With what the addresses of other databases begin; what is not known may be the name of a secret.
_OTHER_DATABASES = frozenset(
    "athena azuresql bigquery clickhouse databricks db2 exasol firebird hana hdb hive mariadb mssql mysql n1ql oracle"
    " presto snowflake spanner sqlite sqlite3 sqlserver sybase tds trino vertica".split()
)
#: Such addresses have no scheme.
_OF_SQL_SERVER = re.compile(r"\s*(server|data source)\s*=[^;]*;", re.IGNORECASE)
_OTHER_DATABASE = "it is for {0}, which is no PostgreSQL"


def addresses_of_collector(name: str, document: Mapping[str, Any]) -> List[str]:
    """Return the addresses that a configuration has for a collector."""
    return [address for wanted, address in _targets(document) if fnmatch.fnmatchcase(name, wanted)]


def scoped(metrics: Sequence[Metric], addresses: Sequence[str], problems: List[Problem]) -> List[Metric]:
    """Return metrics with the scope that the addresses tell, or where they tell none, the queries.

    :param problems: gets the metrics that are for another database than PostgreSQL
    """
    others = set(filter(None, map(_other_database, addresses)))
    if others and all(map(_other_database, addresses)):
        reason = _OTHER_DATABASE.format(" and ".join(sorted(others)))
        problems += [Problem(metric.name, reason) for metric in metrics]
        return []
    names = set(filter(None, map(_database, addresses)))
    if not names:
        return [by_query(metric) for metric in metrics]
    if names <= _IN_EVERY_CLUSTER:
        return list(metrics)
    databases = () if _ALL in names else tuple(sorted(names))
    return [metric._replace(scope=DATABASE, databases=databases) for metric in metrics]


def _targets(document: Mapping[str, Any]) -> Iterator[Tuple[str, str]]:
    """Return each collector, or the pattern of some, with each of its addresses."""
    target = document.get("target")
    if isinstance(target, dict):
        for collector in texts(target.get("collectors")):
            yield collector, str(target.get("data_source_name") or "")
    jobs = document.get("jobs")
    for job in jobs if isinstance(jobs, list) else ():
        configs = job.get("static_configs") if isinstance(job, dict) else None
        for config in configs if isinstance(configs, list) else ():
            targets = config.get("targets") if isinstance(config, dict) else None
            for address in targets.values() if isinstance(targets, dict) else ():
                for collector in texts(job.get("collectors")):
                    yield collector, str(address)


def _other_database(address: str) -> Optional[str]:
    """Return what an address is of, if that is known to be no PostgreSQL."""
    system, separator, _rest = address.partition("://")
    if not separator:
        return "sqlserver" if _OF_SQL_SERVER.match(address) else None
    # A driver may be named, too.
    system = system.strip().lower().split("+")[0]
    return system if system in _OTHER_DATABASES else None


def _database(address: str) -> Optional[str]:
    """Return the database of an address, or None if it does not name one of PostgreSQL."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    database = unquote(parts.path.lstrip("/"))
    if not ("postgres" in parts.scheme or parts.scheme.startswith("pg")) or _TEMPLATE & set(database):
        return None
    return database or None
