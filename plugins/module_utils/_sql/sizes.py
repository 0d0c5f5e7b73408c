# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements about what history takes on disk."""

from __future__ import annotations

# How many samples a history holds, by the statistics, since counting would read all of it. How many a row holds is that
# of rows from about eight of its pages, which may be any: the first ones would be all of one aggregation of one server.
STORED = """
    SELECT {name}, c.reltuples::double precision * coalesce(
            (SELECT pg_catalog.avg(pg_catalog.cardinality(h.records))
                FROM (SELECT t.records
                    FROM {history} AS t TABLESAMPLE SYSTEM ((
                        SELECT least(100, 800.0 / greatest(p.relpages, 1)) FROM pg_catalog.pg_class AS p
                        WHERE p.oid = {table}::pg_catalog.regclass)) REPEATABLE (0)
                    LIMIT 500) AS h), 0)::double precision,
        pg_catalog.pg_total_relation_size(c.oid)
    FROM pg_catalog.pg_class AS c
    WHERE c.oid = {table}::pg_catalog.regclass AND c.reltuples > 0
"""
EITHER = " UNION ALL "
