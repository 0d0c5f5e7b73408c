# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What module host_info asks a server, through psql: each text is a query that returns one value of type jsonb.

They resolve names in pg_catalog only (search_path), and run on PostgreSQL 13 and newer. A query that fails loses only
its own part. Variables of psql: database, roles (JSON), monitoring, reader, and what the packages above know (modules/
host_info.py); in PoWA's database also those that POWA sets.
"""

from __future__ import annotations

#: The settings that the roles know. Names in files may have capital letters.
_OURS = (
    r"~ '^(powa|pg_stat_statements|pg_qualstats|pg_stat_kcache|pg_wait_sampling|pg_track_settings)[.]"
    r"|^(shared_preload_libraries|listen_addresses|port|allow_alter_system)$'"
)

FACTS = """
    SELECT jsonb_build_object(
        'version_num', current_setting('server_version_num')::integer,
        'user', current_user,
        'superuser', current_setting('is_superuser') = 'on',
        'createrole', (SELECT r.rolcreaterole OR r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user),
        'standby', pg_is_in_recovery(),
        'system_identifier', (SELECT c.system_identifier::text FROM pg_control_system() AS c),
        'database', EXISTS (SELECT FROM pg_database AS d WHERE d.datname = :'database'))
"""

# Of those whose files the server has, the version that CREATE EXTENSION would make.
AVAILABLE = "SELECT coalesce(jsonb_object_agg(a.name, a.default_version), '{}') FROM pg_available_extensions AS a"

# The paths of the files, and where a setting comes from, are shown only to members of pg_read_all_settings.
SETTINGS = """
    SELECT jsonb_object_agg(s.name, jsonb_build_object('value', s.setting, 'unit', s.unit, 'source', s.source,
        'file', s.sourcefile, 'line', s.sourceline, 'pending_restart', s.pending_restart))
    FROM pg_settings AS s
    WHERE s.name {ours} OR s.name IN ('config_file', 'hba_file', 'data_directory', 'dynamic_library_path', 'ssl')
""".format(ours=_OURS)

# In the order in which the server reads them: the last one of a name decides.
FILE_SETTINGS = """
    SELECT coalesce(jsonb_agg(jsonb_build_object('name', lower(f.name), 'value', f.setting, 'file', f.sourcefile,
        'line', f.sourceline, 'applied', f.applied, 'error', f.error) ORDER BY f.seqno), '[]')
    FROM pg_file_settings AS f
    WHERE lower(f.name) {ours}
""".format(ours=_OURS)

# Without their values: that of another setting may be a secret. A line that the server cannot read has no name.
FILE_ERRORS = """
    SELECT coalesce(jsonb_agg(jsonb_build_object('name', lower(f.name), 'file', f.sourcefile, 'line', f.sourceline,
        'error', f.error) ORDER BY f.seqno), '[]')
    FROM pg_file_settings AS f
    WHERE f.error IS NOT NULL
"""

# The columns depend on the version. They come in the order of the file, which has no other key where a rule is wrong.
HBA = "SELECT coalesce(jsonb_agg(to_jsonb(h)), '[]') FROM pg_hba_file_rules AS h"

# Only the files that the roles write: somebody else may be about to change another one.
UNREAD = """
    SELECT to_jsonb(coalesce(bool_or((pg_stat_file(f.path, true)).modification > pg_conf_load_time()), false))
    FROM (SELECT current_setting('hba_file')
        UNION SELECT regexp_replace(current_setting('config_file'), '[^/]*$', 'conf.d/powa.conf')
        UNION SELECT to_jsonb(h) ->> 'file_name' FROM pg_hba_file_rules AS h) AS f (path)
    WHERE f.path IS NOT NULL
"""

# Membership counts however long the chain is; uses has the roles whose rights a role has without SET ROLE. initdb makes
# the role with oid 10, which stays a superuser.
ROLES = """
    WITH RECURSIVE asked AS (
        SELECT r.* FROM pg_roles AS r WHERE r.rolname IN (SELECT jsonb_array_elements_text(:'roles'))
    ), membership (member, roleid) AS (
        SELECT m.member, m.roleid FROM pg_auth_members AS m WHERE m.member IN (SELECT a.oid FROM asked AS a)
        UNION
        SELECT h.member, m.roleid FROM membership AS h JOIN pg_auth_members AS m ON m.member = h.roleid
    )
    SELECT coalesce(jsonb_object_agg(a.rolname, jsonb_build_object('login', a.rolcanlogin, 'superuser', a.rolsuper,
        'createdb', a.rolcreatedb, 'createrole', a.rolcreaterole, 'replication', a.rolreplication,
        'bypassrls', a.rolbypassrls, 'bootstrap', a.oid = 10,
        'databases', (SELECT coalesce(jsonb_agg(d.datname ORDER BY d.datname), '[]')
            FROM pg_database AS d WHERE d.datdba = a.oid),
        'member_of', (SELECT coalesce(jsonb_agg(g.rolname ORDER BY g.rolname), '[]')
            FROM membership AS h JOIN pg_roles AS g ON g.oid = h.roleid WHERE h.member = a.oid),
        'uses', (SELECT coalesce(jsonb_agg(g.rolname ORDER BY g.rolname), '[]')
            FROM membership AS h JOIN pg_roles AS g ON g.oid = h.roleid
            WHERE h.member = a.oid AND pg_has_role(a.oid, g.oid, 'USAGE')))), '{}')
    FROM asked AS a
"""

# These stay in the module.
VERIFIERS = """
    SELECT coalesce(jsonb_object_agg(a.rolname, a.rolpassword), '{}')
    FROM pg_authid AS a
    WHERE a.rolname IN (SELECT jsonb_array_elements_text(:'roles'))
"""

# In PoWA's database.
EXTENSIONS = """
    SELECT coalesce(jsonb_object_agg(e.extname, jsonb_build_object('version', e.extversion, 'schema', n.nspname,
        'comment', obj_description(e.oid, 'pg_extension'), 'owner', o.rolname, 'owner_superuser', o.rolsuper)), '{}')
    FROM pg_extension AS e
    JOIN pg_namespace AS n ON n.oid = e.extnamespace
    JOIN pg_roles AS o ON o.oid = e.extowner
"""

#: Sets the variables of psql that the other queries in PoWA's database use. A table that its version does not have is
#: not read, because a view of that name would be somebody else's, and would run with the rights of a superuser.
POWA = """
    SELECT n.nspname AS powa_schema, m.number AS powa_major, v.has_servers AS powa_has_servers,
        v.has_roles AS powa_has_roles, v.extension_versions AS powa_extension_versions
    FROM pg_extension AS e
    JOIN pg_namespace AS n ON n.oid = e.extnamespace
    CROSS JOIN LATERAL (SELECT substring(e.extversion FROM '^[0-9]+')::integer) AS m (number)
    JOIN jsonb_to_recordset(:'powa_versions')
        AS v (first integer, has_servers boolean, has_roles boolean, extension_versions text) ON v.first <= m.number
    WHERE e.extname = 'powa'
    ORDER BY v.first DESC
    LIMIT 1
"""

# A right on an object is worth nothing without the right to use its schema. Without the role there is no row.
MONITORING = """
    SELECT jsonb_build_object(
        'schemas', (SELECT coalesce(jsonb_object_agg(n.nspname, has_schema_privilege(r.oid, n.oid, 'USAGE')), '{}')
            FROM pg_namespace AS n
            WHERE EXISTS (SELECT FROM pg_extension AS e WHERE e.extnamespace = n.oid AND e.extname IN ('powa',
                'pg_stat_statements', 'pg_qualstats', 'pg_stat_kcache', 'pg_wait_sampling', 'pg_track_settings'))),
        'tables', (SELECT coalesce(jsonb_object_agg(c.relname, has_schema_privilege(r.oid, n.oid, 'USAGE')
                AND has_table_privilege(r.oid, c.oid, 'SELECT')), '{}')
            FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = :'powa_schema' AND c.relname IN ('powa_databases', 'powa_statements')),
        'functions', (SELECT coalesce(jsonb_object_agg(f.proname, f.allowed), '{}')
            FROM (SELECT p.proname, bool_and(has_schema_privilege(r.oid, p.pronamespace, 'USAGE')
                    AND has_function_privilege(r.oid, p.oid, 'EXECUTE')) AS allowed
                FROM pg_proc AS p WHERE p.proname = 'pg_qualstats_reset' GROUP BY p.proname) AS f))
    FROM pg_roles AS r
    WHERE r.rolname = :'monitoring'
"""
