# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements about the roles of local mode, and about the right to create objects in PoWA's schema."""

from __future__ import annotations

# Who may create objects in a schema and is no superuser; '' for PUBLIC. A schema's owner may always take the right, and
# pg_database_owner is the owner of the database. Role 10 is the superuser that initdb made.
CREATORS = """
    SELECT c.role, c.owns, c.owns_database, pg_catalog.pg_get_userbyid(10)
    FROM (
        SELECT CASE a.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(a.grantee) END AS role, false AS owns,
            false AS owns_database, a.grantee
        FROM pg_catalog.pg_namespace AS n
        CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) AS a
        WHERE n.nspname = {schema} AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner
        UNION ALL
        SELECT pg_catalog.pg_get_userbyid(o.owner), true, o.owner <> n.nspowner, o.owner
        FROM pg_catalog.pg_namespace AS n
        JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
        CROSS JOIN LATERAL (SELECT CASE pg_catalog.pg_get_userbyid(n.nspowner)
            WHEN 'pg_database_owner' THEN d.datdba ELSE n.nspowner END) AS o (owner)
        WHERE n.nspname = {schema}
    ) AS c
    LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = c.grantee
    WHERE r.rolsuper IS NOT TRUE
    ORDER BY 1, 2
"""

# A role has the rights of all that it is a member of. Two roles of PostgreSQL's own can become superuser.
ROLES = """
    WITH RECURSIVE belongs (role, name, to_role) AS (
        SELECT r.oid, r.rolname, r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = ANY ({names}::name[])
        UNION
        SELECT b.role, b.name, m.roleid
        FROM belongs AS b
        JOIN pg_catalog.pg_auth_members AS m ON m.member = b.to_role
    )
    SELECT r.rolname,
        r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls OR r.rolcanlogin,
        ARRAY(SELECT s.rolname::text FROM belongs AS b JOIN pg_catalog.pg_roles AS s ON s.oid = b.to_role
            WHERE b.role = r.oid
              AND (s.rolsuper OR s.rolname IN ('pg_execute_server_program', 'pg_write_server_files')) ORDER BY 1),
        ARRAY(SELECT s.rolname::text FROM pg_catalog.pg_auth_members AS m
            JOIN pg_catalog.pg_roles AS s ON s.oid = m.roleid WHERE m.member = r.oid ORDER BY 1),
        ARRAY(SELECT s.rolname::text FROM pg_catalog.pg_auth_members AS m
            JOIN pg_catalog.pg_roles AS s ON s.oid = m.member WHERE m.roleid = r.oid AND NOT s.rolsuper ORDER BY 1),
        r.rolinherit
    FROM pg_catalog.pg_roles AS r
    WHERE r.rolname = ANY ({names}::name[])
"""

CREATE_ROLE = "CREATE ROLE {role} NOLOGIN"
GRANT_ROLE = "GRANT {group} TO {role}"
DATABASE = "SELECT pg_catalog.current_database()"
REVOKE_CREATE = "REVOKE CREATE ON SCHEMA {schema} FROM {role}"
