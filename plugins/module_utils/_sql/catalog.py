# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that read the objects of datasources as they are. Each takes any number of names at once."""

from __future__ import annotations

# Sizes cost as much as all else, and a lock on each table: only what shows them asks for them.
SIZE = "CASE c.relkind WHEN 'r' THEN pg_catalog.pg_total_relation_size(c.oid) ELSE 0 END"
NO_SIZE = "0"

RELATIONS = """
    SELECT c.oid, n.nspname AS schema, c.relname, c.relkind, c.relpersistence, c.reloptions,
        {size} AS size,
        CASE c.relkind WHEN 'c' THEN pg_catalog.obj_description(c.reltype, 'pg_type')
            ELSE pg_catalog.obj_description(c.oid, 'pg_class') END AS comment,
        (SELECT e.extname FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS extension,
        (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
                a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage)
                ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
        EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confdeltype = 'c'
              AND k.confrelid = pg_catalog.to_regclass({servers})) AS server_key,
        (SELECT pg_catalog.json_object_agg(g.grantee, g.privileges) FROM (
            SELECT CASE x.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(x.grantee) END AS grantee,
                pg_catalog.array_agg(x.privilege_type ORDER BY x.privilege_type) AS privileges
            FROM pg_catalog.aclexplode(c.relacl) AS x GROUP BY x.grantee) AS g) AS grants
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY ({schemas}::name[]) AND c.relkind <> 'i' AND c.relname = ANY ({names}::name[])
"""

INDEXES = """
    SELECT n.nspname AS schema, c.relname, t.relname AS on_table, m.amname AS method, i.indnatts AS columns,
        pg_catalog.obj_description(c.oid, 'pg_class') AS comment
    FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
    JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = {schema} AND c.relname = ANY ({names}::name[])
"""

FUNCTIONS = """
    SELECT n.nspname AS schema, p.proname, p.proargtypes::text AS parameters, p.prosrc, p.provolatile, p.prosecdef,
        pg_catalog.pg_get_userbyid(p.proowner) AS owner,
        l.lanname,
        coalesce(p.proconfig, '{{}}') AS config,
        pg_catalog.format_type(p.prorettype, NULL) AS returns, p.proretset,
        (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(o.name, pg_catalog.format_type(o.type, NULL))
                ORDER BY o.position)
            FROM ROWS FROM (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proallargtypes),
                pg_catalog.unnest(p.proargmodes)) WITH ORDINALITY AS o (name, type, mode, position)
            WHERE o.mode IN ('o', 't')) AS out_columns,
        pg_catalog.obj_description(p.oid, 'pg_proc') AS comment,
        (SELECT e.extname FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') AS extension,
        (SELECT pg_catalog.array_agg(
                CASE x.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(x.grantee) END)
            FROM pg_catalog.aclexplode(
                coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS x) AS grants
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = {schema} AND p.proname = ANY ({names}::name[])
      AND p.proargtypes::text IN ('23', '23 1184 1184')
"""

# The functions whose comment may hold a definition, of every datasource that this server has any side of.
DEFINITIONS = """
    SELECT p.proname, pg_catalog.obj_description(p.oid, 'pg_proc')
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = {schema} AND p.proname ~ '^powa_.+_(src|snapshot)$' AND p.proargtypes::text = '23'
      AND pg_catalog.obj_description(p.oid, 'pg_proc') LIKE {mark}
"""

# Schemas as a search_path quotes them, and whether everybody may create objects there.
SCHEMAS = """
    SELECT g.name, pg_catalog.quote_ident(g.name), n.oid IS NOT NULL AS present,
        coalesce((SELECT pg_catalog.bool_or(x.grantee = 0 AND x.privilege_type = 'CREATE')
            FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) AS x), false)
    FROM pg_catalog.unnest({names}::text[]) AS g (name)
    LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = g.name
"""

EXTENSION_SCHEMAS = """
    SELECT e.extname, n.nspname
    FROM pg_catalog.pg_extension AS e
    JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
    WHERE e.extname = ANY ({names}::text[])
"""

# Objects of others that depend on what a task drops or replaces. The tables of a datasource, which use its types, do
# not count.
DEPENDENTS = """
    WITH replaced AS (
        SELECT o.kind, o.name, o.schema, n.nspname, o.classid, o.oid, o.array_oid, a.attnum
        FROM pg_catalog.json_to_recordset({replaced}) AS r (kind text, schema text, name text, "column" text)
        JOIN (
            SELECT 'function' AS kind, p.proname AS name, p.pronamespace AS schema,
                'pg_catalog.pg_proc'::regclass AS classid, p.oid, NULL::oid AS array_oid
            FROM pg_catalog.pg_proc AS p WHERE p.proargtypes::text IN ('23', '23 1184 1184')
            UNION ALL
            SELECT 'table', c.relname, c.relnamespace, 'pg_catalog.pg_class'::regclass, c.oid, NULL
            FROM pg_catalog.pg_class AS c WHERE c.relkind = 'r'
            UNION ALL
            SELECT 'type', t.typname, t.typnamespace, 'pg_catalog.pg_type'::regclass, t.oid, t.typarray
            FROM pg_catalog.pg_type AS t
        ) AS o ON o.kind = r.kind AND o.name = r.name
        JOIN pg_catalog.pg_namespace AS n ON n.oid = o.schema AND n.nspname = r.schema
        LEFT JOIN pg_catalog.pg_attribute AS a ON o.kind = 'table' AND a.attrelid = o.oid AND a.attname = r."column"
    )
    SELECT DISTINCT r.kind, r.nspname, r.name, i.type || ' ' || i.identity
    FROM replaced AS r
    JOIN pg_catalog.pg_depend AS d ON d.refclassid = r.classid AND d.refobjid IN (r.oid, r.array_oid)
        AND (r.attnum IS NULL OR d.refobjsubid = r.attnum)
    LEFT JOIN pg_catalog.pg_rewrite AS w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
    LEFT JOIN pg_catalog.pg_class AS c ON d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(
        CASE WHEN w.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::regclass END,
        coalesce(w.ev_class, d.objid), CASE WHEN w.oid IS NULL THEN d.objsubid ELSE 0 END) AS i
    WHERE d.deptype = 'n'
      AND NOT coalesce(r.kind = 'type' AND c.relnamespace = r.schema AND c.relname LIKE 'powa\\_%\\_history%', false)
    ORDER BY 1, 2, 3, 4
"""

ROLES = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY ({names}::name[])"
