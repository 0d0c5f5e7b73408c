# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements about the roles that log in. None has a password, or what PostgreSQL stores for one, in its text."""

from __future__ import annotations

# A role of the task, or one that it names as a group. Memberships come with who granted them: PostgreSQL 16 has each
# grantor revoke his own. The superuser that initdb makes has the oid 10.
ROLES = """
    SELECT r.rolname::text, r.rolcanlogin, pg_catalog.shobj_description(r.oid, 'pg_authid'),
        ARRAY(
            SELECT p.name FROM (VALUES
                ('superuser', r.rolsuper), ('replication', r.rolreplication), ('bypassrls', r.rolbypassrls),
                ('createrole', r.rolcreaterole), ('createdb', r.rolcreatedb)
            ) AS p (name, has)
            WHERE p.has),
        (SELECT coalesce(pg_catalog.jsonb_agg(ARRAY[g.rolname::text, o.rolname::text]
                ORDER BY g.rolname, o.rolname), '[]')
            FROM pg_catalog.pg_auth_members AS m
            JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid
            LEFT JOIN pg_catalog.pg_roles AS o ON o.oid = m.grantor
            WHERE m.member = r.oid),
        r.oid = 10, r.rolname IN (session_user, current_user)
    FROM pg_catalog.pg_roles AS r
    WHERE r.rolname::text = ANY ({names}::text[])
"""

MAY_READ = """
    SELECT pg_catalog.has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'SELECT')
"""
VERIFIERS = """
    SELECT a.rolname::text, a.rolpassword FROM pg_catalog.pg_authid AS a WHERE a.rolname::text = ANY ({names}::text[])
"""

# What keeps a role from being dropped. PostgreSQL 16 also counts memberships, which go with the role.
DEPENDENTS = """
    SELECT r.rolname::text, coalesce(b.datname::text, ''), d.dbid = 0 OR b.datname = pg_catalog.current_database(),
        d.deptype = 'o', count(*)
    FROM pg_catalog.pg_shdepend AS d
    JOIN pg_catalog.pg_roles AS r ON r.oid = d.refobjid
    LEFT JOIN pg_catalog.pg_database AS b ON b.oid = d.dbid
    WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND d.classid <> 'pg_catalog.pg_auth_members'::pg_catalog.regclass
      AND r.rolname::text = ANY ({names}::text[])
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 4
"""

CREATE = "CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
COMMENT = "COMMENT ON ROLE {role} IS {mark}"
LOGIN = "ALTER ROLE {role} LOGIN"
TAKE = "ALTER ROLE {role} NOCREATEDB NOCREATEROLE"
MAKE_PLAIN = "ALTER ROLE {role} {attributes}"
WITHOUT = {
    "superuser": "NOSUPERUSER",
    "replication": "NOREPLICATION",
    "bypassrls": "NOBYPASSRLS",
    "createrole": "NOCREATEROLE",
    "createdb": "NOCREATEDB",
}
GRANT = "GRANT {group} TO {role}"
REVOKE = "REVOKE {group} FROM {role} {by}"
GRANTED_BY = "GRANTED BY {grantor}"
# Only of a role that owns nothing here: this revokes the rights that the role was granted.
DROP_RIGHTS = "DROP OWNED BY {role}"
DROP = "DROP ROLE {role}"

# The verifiers are in a temporary table. An error that is raised again has no CONTEXT with the statement that failed.
SET_PASSWORDS = """
DO $powa$
DECLARE
    entry pg_catalog.record;
BEGIN
    FOR entry IN
        SELECT n.name, s.secret
        FROM pg_temp.powa_secrets AS s
        JOIN pg_temp.powa_secret_roles AS n ON n.place OPERATOR(pg_catalog.=) s.place
    LOOP
        EXECUTE pg_catalog.format('ALTER ROLE %I PASSWORD %L', entry.name, entry.secret);
    END LOOP;
EXCEPTION WHEN OTHERS OR query_canceled THEN
    RAISE EXCEPTION USING MESSAGE = SQLERRM, ERRCODE = SQLSTATE;
END
$powa$
"""
NAMES = """
    CREATE TEMPORARY TABLE pg_temp.powa_secret_roles ON COMMIT DROP AS
    SELECT n.place::integer AS place, n.name FROM pg_catalog.unnest({names}::text[]) WITH ORDINALITY AS n (name, place)
"""
