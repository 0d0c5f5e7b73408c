# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the queries of the catalogue return, asked for with nothing but a connection."""

from __future__ import annotations

from typing import Any, Dict, List

from ansible_collections.pgfleet.powa.plugins.plugin_utils._catalogue.read import Entry, catalogue

ENTRIES: Dict[str, Entry] = {entry.name: entry for each in catalogue().values() for entry in each.entries}
#: Those that a member of pg_read_all_stats may not run.
FOR_MONITORS = [name for name, entry in ENTRIES.items() if "pg_monitor" in entry.needs]


def query_of(name: str, version: int) -> str:
    """Return the query of a datasource for a server_version_num."""
    definition = ENTRIES[name].definition
    queries = definition.get("queries") or [{"query": definition["query"]}]
    usable = [query for query in queries if query.get("min_version", 0) <= version]
    return str(max(usable, key=lambda query: query.get("min_version", 0))["query"])


def sample(connection: Any, name: str) -> List[Dict[str, Any]]:
    """Return the rows of a datasource, which have the declared columns, and keys of which each is there once."""
    definition = ENTRIES[name].definition
    keys = definition.get("keys", [])
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM (\n{0}\n) AS q".format(query_of(name, connection.server_version)))
        columns = [column.name for column in cursor.description]
        rows = [dict(zip(columns, row)) for row in cursor.fetchall()]
        codes = [column.type_code for column in cursor.description]
        cursor.execute("SELECT format_type(code, NULL) FROM unnest(%s) AS code", (codes,))
        types = dict(zip(columns, (row[0] for row in cursor.fetchall())))
    assert types == {column["name"]: column["type"] for column in [*keys, *definition["metrics"]]}, name
    seen = [tuple(row[key["name"]] for key in keys) for row in rows]
    assert len(set(seen)) == len(seen), (name, seen)
    for key in keys:
        assert key.get("nullable") or all(row[key["name"]] is not None for row in rows), (name, key)
    return rows


def sample_all(connection: Any, but: List[str]) -> Dict[str, List[Dict[str, Any]]]:
    """Return the rows of all datasources but some."""
    return {name: sample(connection, name) for name in ENTRIES if name not in but}
