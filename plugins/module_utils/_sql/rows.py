# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that read and write rows of PoWA's own tables, any number of them at once.

A row that many servers have is passed once, with their numbers.
"""

from __future__ import annotations

READ = """
    SELECT pg_catalog.to_jsonb(t) - 'srvid', pg_catalog.array_agg((pg_catalog.to_jsonb(t) ->> 'srvid')::integer)
    FROM {table} AS t
    WHERE t.{column} = ANY ({values}::text[])
    GROUP BY 1
    ORDER BY 1
"""

# The rows to write, each with the number of one server; a table without servers has no such column.
ROWS = """
    pg_catalog.jsonb_to_recordset({rows}::jsonb) AS told ("row" jsonb, srvids integer[])
    CROSS JOIN LATERAL pg_catalog.unnest(told.srvids) AS s (srvid)
    CROSS JOIN LATERAL pg_catalog.jsonb_populate_record(
        NULL::{table}, told."row" || pg_catalog.jsonb_build_object('srvid', s.srvid)) AS r
"""

INSERT = "INSERT INTO {table} ({columns}) SELECT {values} FROM {rows}"
UPDATE = "UPDATE {table} AS t SET {assignments} FROM {rows} WHERE {condition}"
DELETE = "DELETE FROM {table} AS t USING {rows} WHERE {condition}"
