# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields that each format has, and for those that PoWA has nothing like, what happens instead."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple

_EVERY_SNAPSHOT = "so the query runs at every snapshot"
_NO_TIMEOUT = "so only statement_timeout of the monitoring role ends the query"
_NO_SCHEDULE = "so the query runs at any time"
_PREPARED = "so the query runs as any other"


class Fields(NamedTuple):
    """The fields of one kind of mapping in a file.

    :param taken: those that become a part of a definition, and those that say nothing of a query
    :param lost: by a field without a counterpart, what that means
    """

    taken: str
    lost: Dict[str, str]

    def notes(self, entry: Mapping[str, Any], of: str = "") -> List[str]:
        """Return a sentence for each field that is not taken over, and for each one that the format does not have.

        :param of: what has the fields, if not the metric
        """
        owner = " of {0}".format(of) if of else ""
        lost = [
            "{0}{1} has no counterpart in PoWA, {2}".format(field, owner, meaning)
            for field, meaning in self.lost.items()
            if str(entry.get(field) or 0) not in ("0", "0s")
        ]
        known = {*self.taken.split(), *self.lost}
        unknown = [
            "{0}{1} is no field of this format: correct its name, or leave it out".format(field, owner)
            for field in map(str, entry)
            if field not in known
        ]
        return lost + unknown


PGWATCH = Fields(
    "sqls init_sql node_status gauges is_instance_level description",
    {
        "statement_timeout_seconds": _NO_TIMEOUT,
        "storage_name": "so the datasource has the name of the metric",
        "metric_storage_name": "so the datasource has the name of the metric",
        "is_private": "so the metric is taken as any other",
        "disabled_days": _NO_SCHEDULE,
        "disabled_times": _NO_SCHEDULE,
        "extension_version_based_overrides": "so the query runs with all versions of an extension",
        "metric_attrs": "so what it sets is left out",
    },
)
#: Those of postgres_exporter, and what CloudNativePG and pg_exporter add.
EXPORTER = Fields(
    "query metrics name desc master primary runonserver target_databases min_version max_version tags skip",
    {
        "cache_seconds": _EVERY_SNAPSHOT,
        "ttl": _EVERY_SNAPSHOT,
        "timeout": _NO_TIMEOUT,
        "fatal": "so the failure of the query stops no other",
        "priority": "so the query has no place among the others",
        "predicate_query": "so the query runs without it",
        "predicate_queries": "so the query runs without it",
    },
)
EXPORTER_COLUMN = Fields(
    "usage description metric_mapping mapping rename name scale default bucket",
    {"pg_version": "so the column is taken in all versions"},
)
SQL_EXPORTER_GLOBAL = Fields(
    "scrape_timeout_offset scrape_error_drop_interval max_connections max_idle_connections max_connection_lifetime"
    " warmup_delay",
    {"min_interval": _EVERY_SNAPSHOT, "scrape_timeout": _NO_TIMEOUT},
)
SQL_EXPORTER_COLLECTOR = Fields(
    "collector_name metrics queries", {"min_interval": _EVERY_SNAPSHOT, "query_timeout": _NO_TIMEOUT}
)
SQL_EXPORTER_METRIC = Fields(
    "metric_name type help key_labels static_labels value_label values query query_ref static_value timestamp_value",
    {"no_prepared_statement": _PREPARED, "query_timeout": _NO_TIMEOUT},
)
SQL_EXPORTER_QUERY = Fields("query_name query", {"no_prepared_statement": _PREPARED, "query_timeout": _NO_TIMEOUT})
#: Those of the other sql_exporter, that of JustWatch.
JOB = Fields(
    "name queries connections keepalive conn_max_lifetime",
    {
        "interval": _EVERY_SNAPSHOT,
        "cron_schedule": _EVERY_SNAPSHOT,
        "execution_time_from": _NO_SCHEDULE,
        "execution_time_to": _NO_SCHEDULE,
        "startup_sql": "so it is not run: set for the monitoring role what it sets",
    },
)
JOB_QUERY = Fields(
    "name help labels values query query_ref timestamp iterator",
    {"allow_zero_rows": "which takes no rows for no error anyway"},
)
