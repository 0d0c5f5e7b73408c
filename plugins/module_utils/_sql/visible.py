# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statement that tells a reader beforehand what its role may read, so that nothing else is asked for."""

from __future__ import annotations

# Relations of PoWA's schema that the role may not read, each with those of its columns that it may read all the same.
# PostgreSQL checks rights when a statement starts, whatever a condition in it says, so no statement can ask by itself.
VISIBLE = """
    SELECT pg_catalog.quote_ident(n.nspname), pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
        (SELECT pg_catalog.jsonb_object_agg(c.relname, (
                SELECT coalesce(pg_catalog.jsonb_agg(a.attname), '[]')
                FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'S'
                  AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')))
            FROM pg_catalog.pg_class AS c
            WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'v', 'S')
              AND NOT pg_catalog.has_table_privilege(c.oid, 'SELECT')),
        pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE'),
        pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE'),
        pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
            OR pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CONNECT')
    FROM (SELECT 1) AS one
    LEFT JOIN pg_catalog.pg_extension AS e ON e.extname = 'powa'
    LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
"""
