# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that read the objects of datasources as they are. Each takes any number of names at once."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._sql.comments import comment
from ansible_collections.pgfleet.powa.plugins.module_utils._sql.owners import stranger, stranger_of_function

RELATIONS = (
    """
    SELECT c.oid, n.nspname AS schema, c.relname, c.relkind, c.relpersistence, c.reloptions,
        CASE c.relkind WHEN 'c' THEN {comment_of_type} ELSE {comment} END AS comment,
        (SELECT e.extname FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS extension,
        {stranger} AS stranger,
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
""".replace("{comment_of_type}", comment("c.reltype", "pg_type"))
    .replace("{comment}", comment("c.oid", "pg_class"))
    .replace("{stranger}", stranger("c.relowner"))
)

# Sizes cost as much as all else, and a lock on each table: only what shows them asks for them.
SIZES = """
    SELECT c.relname, pg_catalog.pg_total_relation_size(c.oid)
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = {schema} AND c.relkind = 'r' AND c.relname = ANY ({names}::name[])
"""

INDEXES = """
    SELECT n.nspname AS schema, c.relname, t.relname AS on_table, m.amname AS method, i.indnatts AS columns,
        {comment} AS comment, {stranger} AS stranger
    FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
    JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = {schema} AND c.relname = ANY ({names}::name[])
""".replace("{comment}", comment("c.oid", "pg_class")).replace("{stranger}", stranger("c.relowner"))

FUNCTIONS = """
    SELECT n.nspname AS schema, p.proname, p.proargtypes::text AS parameters, p.prosrc, p.provolatile, p.prosecdef,
        pg_catalog.pg_get_userbyid(p.proowner) AS owner,
        l.lanname,
        coalesce(p.proconfig, '{{}}') AS config,
        pg_catalog.format_type(p.prorettype, NULL) AS returns, p.proretset,
        (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(o.name, pg_catalog.format_type(o.type, -1))
                ORDER BY o.position)
            FROM ROWS FROM (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proallargtypes),
                pg_catalog.unnest(p.proargmodes)) WITH ORDINALITY AS o (name, type, mode, position)
            WHERE o.mode IN ('o', 't')) AS out_columns,
        {comment} AS comment,
        (SELECT e.extname FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') AS extension,
        {stranger} AS stranger,
        (SELECT pg_catalog.array_agg(
                CASE x.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(x.grantee) END)
            FROM pg_catalog.aclexplode(
                coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS x) AS grants
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = {schema} AND p.proname = ANY ({names}::name[])
      AND p.proargtypes::text IN ('23', '23 1184 1184')
""".replace("{comment}", comment("p.oid", "pg_proc")).replace("{stranger}", stranger_of_function("p"))

# The functions whose comment may hold a definition, of every datasource that this server has any side of. Beside them,
# with an owner, the objects of strangers that have a mark of ours or could have a name of ours: takes_name says which
# ones stand where an object of ours would be. Of functions, these are all that a call of ours could mean, if ours is
# missing; while it is there, default values make the call fail as ambiguous. The conditions on the temporary schema
# keep PostgreSQL from starting parallel workers, which takes longer than the whole query.
DEFINITIONS = (
    """
    SELECT p.proname AS name, pg_catalog.obj_description(p.oid, 'pg_proc') AS comment,
        NULL AS kind, NULL AS identity, NULL AS owner, false AS takes_name
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = {schema} AND p.proname ~ '^powa_.+_(src|snapshot)$' AND p.proargtypes::text = '23'
      AND pg_catalog.obj_description(p.oid, 'pg_proc') LIKE {mark} AND {stranger_of_function} IS NULL
    UNION ALL
    SELECT t.name, t.comment, t.kind, t.identity, t.owner, t.takes_name
    FROM (
        SELECT p.proname AS name, p.pronamespace AS schema, pg_catalog.obj_description(p.oid, 'pg_proc') AS comment,
            CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
            pg_catalog.format('%I.%I(%s)', n.nspname, p.proname,
                pg_catalog.pg_get_function_identity_arguments(p.oid)) AS identity,
            {stranger_of_function} AS owner,
            p.pronargs - p.pronargdefaults <= a.given AND (p.pronargs >= a.given OR p.provariadic <> 0) AS takes_name
        FROM pg_catalog.pg_proc AS p
        JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
        CROSS JOIN LATERAL (SELECT CASE WHEN p.proname ~ '_(get|rate)$' THEN 3 ELSE 1 END) AS a (given)
        WHERE n.nspname <> 'pg_catalog' AND p.pronamespace <> pg_catalog.pg_my_temp_schema()
        UNION ALL
        SELECT c.relname, c.relnamespace, coalesce(pg_catalog.obj_description(c.oid, 'pg_class'),
                pg_catalog.obj_description(c.reltype, 'pg_type')),
            CASE c.relkind WHEN 'c' THEN 'type' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index'
                ELSE 'table' END,
            pg_catalog.format('%I.%I', n.nspname, c.relname), {stranger_of_relation}, true
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname <> 'pg_catalog' AND c.relnamespace <> pg_catalog.pg_my_temp_schema() AND c.relkind <> 't'
        UNION ALL
        SELECT y.typname, y.typnamespace, pg_catalog.obj_description(y.oid, 'pg_type'),
            CASE y.typtype WHEN 'd' THEN 'domain' ELSE 'type' END,
            pg_catalog.format('%I.%I', n.nspname, y.typname), {stranger_of_type}, true
        FROM pg_catalog.pg_type AS y
        JOIN pg_catalog.pg_namespace AS n ON n.oid = y.typnamespace
        WHERE n.nspname <> 'pg_catalog' AND y.typnamespace <> pg_catalog.pg_my_temp_schema()
          AND y.typtype IN ('b', 'd', 'e', 'r') AND y.typelem = 0
    ) AS t
    WHERE t.owner IS NOT NULL AND t.schema IN (
            SELECT e.extnamespace FROM pg_catalog.pg_extension AS e
            WHERE e.extname = 'powa' OR t.comment LIKE {any_mark})
      AND (t.name LIKE 'powa\\_%' OR t.comment LIKE {any_mark})
""".replace("{stranger_of_function}", stranger_of_function("p"))
    .replace("{stranger_of_relation}", stranger("c.relowner"))
    .replace("{stranger_of_type}", stranger("y.typowner"))
)

# Schemas as a search_path quotes them, and the roles other than superusers that can create objects there: a role by its
# name, PUBLIC as an empty one. The owner always can; where that is pg_database_owner, it is the database's owner.
SCHEMAS = """
    SELECT g.name, pg_catalog.quote_ident(g.name), n.oid IS NOT NULL AS present,
        pg_catalog.pg_get_userbyid(n.nspowner) AS owner,
        (SELECT coalesce(pg_catalog.array_agg(DISTINCT coalesce(r.rolname::text, '')), '{{}}')
            FROM (SELECT x.grantee FROM pg_catalog.aclexplode(n.nspacl) AS x WHERE x.privilege_type = 'CREATE'
                UNION SELECT n.nspowner WHERE n.oid IS NOT NULL) AS c (role)
            LEFT JOIN pg_catalog.pg_roles AS s ON s.oid = c.role
            LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = CASE s.rolname WHEN 'pg_database_owner' THEN (
                SELECT d.datdba FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
                ELSE c.role END
            WHERE NOT coalesce(r.rolsuper, false)) AS creators
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
      AND NOT coalesce(r.kind = 'type' AND c.relnamespace = r.schema AND c.relname LIKE 'powa\\_%\\_history%'
          AND {stranger} IS NULL, false)
    ORDER BY 1, 2, 3, 4
""".replace("{stranger}", stranger("c.relowner"))

ROLES = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY ({names}::name[])"

# The settings of PoWA exist only where its library is preloaded.
SESSION = "SELECT pg_catalog.current_setting('powa.coalesce', true) IS NOT NULL, {stranger}".replace(
    "{stranger}", stranger("(SELECT s.oid FROM pg_catalog.pg_roles AS s WHERE s.rolname = current_user)")
)
