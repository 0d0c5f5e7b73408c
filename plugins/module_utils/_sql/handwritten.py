# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements about hand-written datasources: functions that others made, and the transient tables of those."""

from __future__ import annotations

# Functions of one integer, as PoWA calls them. Without columns where there is nothing to copy (void, or a record
# whose columns only a call names).
FUNCTIONS = """
    SELECT n.nspname, p.proname, pg_catalog.format_type(p.prorettype, NULL) AS returns,
        pg_catalog.obj_description(p.oid, 'pg_proc') AS comment,
        CASE
            WHEN p.prorettype = 'pg_catalog.record'::pg_catalog.regtype THEN (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(o.name,
                    pg_catalog.format_type(o.type, NULL), o.typtype) ORDER BY o.position)
                FROM (
                    SELECT a.type, a.position, t.typtype, coalesce(nullif(a.name, ''),
                        'column' || pg_catalog.row_number() OVER (ORDER BY a.position)) AS name
                    FROM ROWS FROM (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proallargtypes),
                        pg_catalog.unnest(p.proargmodes)) WITH ORDINALITY AS a (name, type, mode, position)
                    JOIN pg_catalog.pg_type AS t ON t.oid = a.type
                    WHERE a.mode IN ('o', 'b', 't')) AS o)
            WHEN r.typtype = 'c' THEN (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname,
                    pg_catalog.format_type(a.atttypid, a.atttypmod), t.typtype) ORDER BY a.attnum)
                FROM pg_catalog.pg_attribute AS a
                JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
                WHERE a.attrelid = r.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
            WHEN r.typtype <> 'p' THEN pg_catalog.json_build_array(pg_catalog.json_build_array(
                coalesce((SELECT nullif(a.name, '')
                    FROM ROWS FROM (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proargmodes))
                        AS a (name, mode)
                    WHERE a.mode IN ('o', 'b', 't')), p.proname),
                pg_catalog.format_type(p.prorettype, NULL), r.typtype))
        END AS columns
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_type AS d ON d.oid = p.prorettype
    JOIN pg_catalog.pg_type AS r ON r.oid = CASE d.typtype WHEN 'd' THEN d.typbasetype ELSE d.oid END
    WHERE p.proname = ANY ({names}::name[]) AND p.prokind = 'f'
      AND p.pronargs = 1 AND p.proargtypes[0] = 'pg_catalog.int4'::pg_catalog.regtype
    ORDER BY n.nspname
"""

RELATIONS = """
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence,
        pg_catalog.obj_description(c.oid, 'pg_class') AS comment,
        (SELECT e.extname FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
              AND d.deptype = 'e') AS extension,
        (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
                a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull) ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
        (SELECT pg_catalog.json_object_agg(g.grantee, g.privileges) FROM (
            SELECT CASE x.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(x.grantee) END AS grantee,
                pg_catalog.array_agg(x.privilege_type ORDER BY x.privilege_type) AS privileges
            FROM pg_catalog.aclexplode(c.relacl) AS x GROUP BY x.grantee) AS g) AS grants,
        (SELECT pg_catalog.array_agg(DISTINCT CASE WHEN w.oid IS NULL
                THEN pg_catalog.pg_describe_object(d.classid, d.objid, 0)
                ELSE pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, w.ev_class, 0) END)
            FROM pg_catalog.pg_depend AS d
            LEFT JOIN pg_catalog.pg_rewrite AS w
                ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid
            WHERE d.deptype = 'n' AND d.objid <> c.oid AND (
                (d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid)
                OR (d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = c.reltype)
            )) AS dependents
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY ({schemas}::name[]) AND c.relname = ANY ({names}::name[])
"""

EXTENSIONS = """
    SELECT e.extname, n.nspname FROM pg_catalog.pg_extension AS e
    JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
"""

AVAILABLE = "SELECT a.name FROM pg_catalog.pg_available_extensions AS a WHERE a.name = ANY ({names}::name[])"

CREATE = "CREATE UNLOGGED TABLE {name} ({columns})"
COLUMN = "{name} {type}"
FIRST_COLUMN = "srvid integer NOT NULL"
SET_NOT_NULL = "ALTER TABLE {name} ALTER COLUMN srvid SET NOT NULL"
SET_UNLOGGED = "ALTER TABLE {name} SET UNLOGGED"
RENAME = "ALTER TABLE {name} RENAME TO {new_name}"
COPY_ROWS = "INSERT INTO {name} ({columns}) SELECT {columns} FROM {old_name}"
DROP = "DROP TABLE {name}"
COMMENT = "COMMENT ON TABLE {name} IS {comment}"
GRANT = "GRANT {privileges} ON TABLE {name} TO {role}"
PUBLIC = "PUBLIC"
