# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements about hand-written datasources: functions that others made, and the transient tables of those."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._sql.owners import stranger_of_function

# Functions of one integer, as PoWA calls them. They have no columns if there is nothing to copy (void, or a record
# whose columns only a call names). A column is a name, a type, and whether that is one that no table can have.
FUNCTIONS = """
    SELECT n.nspname, p.proname, pg_catalog.format_type(p.prorettype, NULL) AS returns,
        pg_catalog.obj_description(p.oid, 'pg_proc') AS comment,
        CASE
            WHEN p.prorettype = 'pg_catalog.record'::pg_catalog.regtype THEN (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(o.name,
                    pg_catalog.format_type(o.type, NULL), o.typtype = 'p') ORDER BY o.position)
                FROM (
                    SELECT a.type, a.position, t.typtype, coalesce(nullif(a.name, ''),
                        'column' || pg_catalog.row_number() OVER (ORDER BY a.position)) AS name
                    FROM ROWS FROM (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proallargtypes),
                        pg_catalog.unnest(p.proargmodes)) WITH ORDINALITY AS a (name, type, mode, position)
                    JOIN pg_catalog.pg_type AS t ON t.oid = a.type
                    WHERE a.mode IN ('o', 'b', 't')) AS o)
            WHEN r.typtype = 'c' THEN (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname,
                    pg_catalog.format_type(a.atttypid, a.atttypmod), t.typtype = 'p') ORDER BY a.attnum)
                FROM pg_catalog.pg_attribute AS a
                JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
                WHERE a.attrelid = r.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
            WHEN r.typtype <> 'p' THEN pg_catalog.json_build_array(pg_catalog.json_build_array(
                coalesce((SELECT nullif(a.name, '')
                    FROM ROWS FROM (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proargmodes))
                        AS a (name, mode)
                    WHERE a.mode IN ('o', 'b', 't')), p.proname),
                pg_catalog.format_type(p.prorettype, NULL), false))
        END AS columns,
        {stranger} AS stranger
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_type AS d ON d.oid = p.prorettype
    JOIN pg_catalog.pg_type AS r ON r.oid = CASE d.typtype WHEN 'd' THEN d.typbasetype ELSE d.oid END
    WHERE p.proname = ANY ({names}::name[]) AND p.prokind = 'f'
      AND p.pronargs = 1 AND p.proargtypes[0] = 'pg_catalog.int4'::pg_catalog.regtype
    ORDER BY n.nspname
""".replace("{stranger}", stranger_of_function("p"))

EXTENSIONS = """
    SELECT e.extname, n.nspname FROM pg_catalog.pg_extension AS e
    JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
"""

AVAILABLE = "SELECT a.name FROM pg_catalog.pg_available_extensions AS a WHERE a.name = ANY ({names}::name[])"

# A table whose columns have another order is replaced by a new one beside it.
SET_NOT_NULL = "ALTER TABLE {name} ALTER COLUMN srvid SET NOT NULL"
RENAME = "ALTER TABLE {name} RENAME TO {new_name}"
COPY_ROWS = "INSERT INTO {name} ({columns}) SELECT {columns} FROM {old_name}"

# A right counts however a role has it. Of an object that does not exist, or for a role that does not, it is NULL.
RIGHTS = """
    SELECT w.place, w.privilege, pg_catalog.pg_get_userbyid(
            CASE w.kind WHEN 'schema' THEN n.nspowner WHEN 'function' THEN p.proowner ELSE c.relowner END),
        CASE w.kind
            WHEN 'schema' THEN pg_catalog.has_schema_privilege(r.oid, n.oid, w.privilege)
            WHEN 'function' THEN pg_catalog.has_function_privilege(r.oid, p.oid, w.privilege)
            ELSE pg_catalog.has_table_privilege(r.oid, c.oid, w.privilege)
        END,
        CASE w.kind
            WHEN 'schema' THEN pg_catalog.has_schema_privilege(n.oid, w.privilege || ' WITH GRANT OPTION')
            WHEN 'function' THEN pg_catalog.has_function_privilege(p.oid, w.privilege || ' WITH GRANT OPTION')
            ELSE pg_catalog.has_table_privilege(c.oid, w.privilege || ' WITH GRANT OPTION')
        END
    FROM pg_catalog.jsonb_to_recordset({wanted}::pg_catalog.jsonb)
        AS w (place integer, role text, kind text, schema text, name text, privilege text)
    LEFT JOIN pg_catalog.pg_roles AS r ON r.rolname = w.role
    LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema
    LEFT JOIN pg_catalog.pg_proc AS p ON w.kind = 'function' AND p.pronamespace = n.oid AND p.proname = w.name
        AND p.prokind = 'f' AND p.pronargs = 1 AND p.proargtypes[0] = 'pg_catalog.int4'::pg_catalog.regtype
    LEFT JOIN pg_catalog.pg_class AS c ON w.kind = 'table' AND c.relnamespace = n.oid AND c.relname = w.name
        AND c.relkind IN ('r', 'p')
    ORDER BY w.place
"""
