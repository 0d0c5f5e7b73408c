# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What module host_info asks a repository, through psql: see host.py.

Which rights a role should have is decided elsewhere: these say which ones it has. A PoWA with roles of its own grants
these those on its tables, so only one without is asked for them. Those on tables of pg_track_settings are the roles'
task with both.
"""

from __future__ import annotations

RIGHTS = """
    WITH asked AS (
        SELECT r.oid, r.rolname FROM pg_roles AS r WHERE r.rolname IN (SELECT jsonb_array_elements_text(:'roles'))
    ), relation AS (
        SELECT c.oid, e.extname, n.nspname, c.relname, c.relkind
        FROM pg_extension AS e
        JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
        JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('r', 'v')
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE e.extname = 'pg_track_settings' OR (e.extname = 'powa' AND NOT :'powa_has_roles'::boolean)
    ), own AS (
        SELECT c.oid, c.relname, c.relkind, c.relpersistence
        FROM pg_extension AS e
        JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
        JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('r', 'v', 'S')
        WHERE e.extname = 'powa'
    )
    SELECT jsonb_build_object(
        'major', :'powa_major'::integer,
        'schema', :'powa_schema',
        'relations', (SELECT coalesce(jsonb_agg(jsonb_build_object('extension', r.extname, 'schema', r.nspname,
                'name', r.relname, 'kind', r.relkind,
                'privileges', (SELECT coalesce(jsonb_object_agg(a.rolname, (SELECT coalesce(jsonb_agg(p.name
                            ORDER BY p.position), '[]')
                        FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) WITH ORDINALITY AS p (name, position)
                        WHERE has_table_privilege(a.oid, r.oid, p.name))), '{}')
                    FROM asked AS a)) ORDER BY r.extname, r.nspname, r.relname), '[]')
            FROM relation AS r),
        'schema_usage', (SELECT coalesce(jsonb_object_agg(a.rolname,
                has_schema_privilege(a.oid, n.oid, 'USAGE')), '{}')
            FROM asked AS a, pg_namespace AS n WHERE n.nspname = :'powa_schema'),
        'server_columns', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', t.attname,
                'may_read', (SELECT coalesce(jsonb_object_agg(a.rolname,
                        has_column_privilege(a.oid, t.attrelid, t.attnum, 'SELECT')), '{}')
                    FROM asked AS a)) ORDER BY t.attnum), '[]')
            FROM pg_attribute AS t
            WHERE t.attrelid = to_regclass(format('%I.powa_servers', :'powa_schema')) AND t.attnum > 0
              AND NOT t.attisdropped),
        'granted_select', (SELECT coalesce(jsonb_object_agg(a.rolname, (SELECT coalesce(jsonb_agg(c.relname
                    ORDER BY c.relname), '[]')
                FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                CROSS JOIN aclexplode(c.relacl) AS x
                WHERE n.nspname = :'powa_schema' AND x.grantee = a.oid AND x.privilege_type = 'SELECT')), '{}')
            FROM asked AS a),
        'granted_roles', (SELECT coalesce(jsonb_object_agg(a.rolname, (SELECT coalesce(jsonb_agg(DISTINCT g.rolname
                    ORDER BY g.rolname), '[]')
                FROM pg_auth_members AS m JOIN pg_roles AS g ON g.oid = m.roleid WHERE m.member = a.oid)), '{}')
            FROM asked AS a),
        'web_schema', (SELECT jsonb_build_object('ours', r.rolsuper AND coalesce(o.rolsuper, true),
                'columns', (SELECT coalesce(jsonb_agg(t.attname ORDER BY t.attnum), '[]')
                    FROM pg_attribute AS t WHERE t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped),
                'may_read', (SELECT coalesce(jsonb_object_agg(a.rolname, has_schema_privilege(a.oid, n.oid, 'USAGE')
                        AND coalesce(has_table_privilege(a.oid, c.oid, 'SELECT'), false)), '{}')
                    FROM asked AS a))
            FROM pg_namespace AS n JOIN pg_roles AS r ON r.oid = n.nspowner
            LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'powa_servers'
            LEFT JOIN pg_roles AS o ON o.oid = c.relowner
            WHERE n.nspname = 'pgfleet_powa_web'),
        'search_paths', (SELECT coalesce(jsonb_object_agg(a.rolname, (SELECT substr(s.setting, 13)
                FROM pg_db_role_setting AS d CROSS JOIN unnest(d.setconfig) AS s (setting)
                WHERE d.setrole IN (a.oid, 0) AND s.setting LIKE 'search_path=%'
                  AND d.setdatabase IN (0, (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database()))
                ORDER BY d.setrole = 0, d.setdatabase = 0 LIMIT 1)), '{}')
            FROM asked AS a),
        'version_columns', (SELECT coalesce(jsonb_agg(jsonb_build_object('table', format('%I.%I', n.nspname, c.relname),
                'may_update', (SELECT coalesce(jsonb_object_agg(a.rolname,
                        has_column_privilege(a.oid, c.oid, 'version', 'UPDATE')), '{}')
                    FROM asked AS a),
                'may_register', (SELECT coalesce(jsonb_object_agg(a.rolname,
                        has_table_privilege(a.oid, c.oid, 'DELETE')
                        AND has_column_privilege(a.oid, c.oid, 'srvid', 'INSERT')
                        AND has_column_privilege(a.oid, c.oid, 'extname', 'INSERT')
                        AND has_column_privilege(a.oid, c.oid, 'version', 'INSERT')), '{}')
                    FROM asked AS a WHERE c.relname <> 'powa_servers')) ORDER BY c.relname DESC), '[]')
            FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = :'powa_schema'
              AND c.relname IN ('powa_servers', :'powa_extension_versions')),
        'default_select', (SELECT coalesce(jsonb_agg(a.rolname ORDER BY a.rolname), '[]')
            FROM asked AS a
            WHERE EXISTS (
                SELECT FROM pg_default_acl AS d, aclexplode(d.defaclacl) AS x
                WHERE d.defaclrole = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = current_user)
                  AND d.defaclnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = :'powa_schema')
                  AND d.defaclobjtype = 'r' AND x.privilege_type = 'SELECT' AND x.grantee = a.oid)),
        'reader', (SELECT jsonb_build_object(
                'hidden', (SELECT coalesce(jsonb_object_agg(c.relname, (SELECT coalesce(jsonb_agg(t.attname), '[]')
                        FROM pg_attribute AS t
                        WHERE t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped AND c.relkind <> 'S'
                          AND has_column_privilege(a.oid, c.oid, t.attnum, 'SELECT'))), '{}')
                    FROM own AS c WHERE NOT has_table_privilege(a.oid, c.oid, 'SELECT')),
                'transient', (SELECT coalesce(jsonb_agg(c.relname ORDER BY c.relname), '[]')
                    FROM own AS c
                    WHERE c.relkind = 'r' AND c.relpersistence = 'u' AND (SELECT count(*) = 2 FROM pg_attribute AS t
                        WHERE t.attrelid = c.oid AND t.attname IN ('srvid', 'ts') AND NOT t.attisdropped)))
            FROM asked AS a WHERE a.rolname = :'reader'),
        'existing_roles', (SELECT coalesce(jsonb_agg(r.rolname ORDER BY r.rolname), '[]')
            FROM pg_roles AS r WHERE r.rolname
                IN ('powa_snapshot', 'powa_read_all_data', 'powa_read_all_metrics')))
"""

# The server with number 0 is the repository itself.
SERVERS = """
    SELECT coalesce(jsonb_agg(jsonb_build_object('alias', s.alias, 'hostname', s.hostname, 'port', s.port,
            'frequency', s.frequency) ORDER BY s.id), '[]')
    FROM :"powa_schema".powa_servers AS s
    WHERE s.id > 0
"""

#: Not every PoWA has this table: which role stands for which of its own.
POWA_ROLES = """
    SELECT jsonb_build_object('powa_snapshot', NULL, 'powa_read_all_data', NULL, 'powa_read_all_metrics', NULL)
        || coalesce(jsonb_object_agg(r.powa_role, r.rolname), '{}')
    FROM :"powa_schema".powa_roles AS r
    WHERE r.powa_role IN ('powa_snapshot', 'powa_read_all_data', 'powa_read_all_metrics')
"""

#: So many characters of a comment are read.
MOST_OF_COMMENT = 100000
#: The comments in which the collection keeps what is declared, of functions that PoWA's owner or a superuser has made.
#: How these begin is a variable of psql, datasource_mark.
DATASOURCES = """
    SELECT coalesce(jsonb_object_agg(p.proname, jsonb_build_object('comment', left(d.description, {most}),
            'characters', length(d.description))), '{{}}')
    FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    JOIN pg_roles AS o ON o.oid = p.proowner
    JOIN pg_description AS d ON d.classoid = 'pg_proc'::regclass AND d.objoid = p.oid AND d.objsubid = 0
    WHERE n.nspname = :'powa_schema' AND p.proargtypes::text = '23'
      AND (o.rolsuper OR o.oid IN (SELECT e.extowner FROM pg_extension AS e WHERE e.extname = 'powa'))
      AND starts_with(d.description, :'datasource_mark') AND d.description LIKE '%: {{%'
""".format(most=MOST_OF_COMMENT)
