# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements about the remote servers of a repository. Each takes any number of servers at once."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._sql.owners import stranger

SERVERS = """
    SELECT pg_catalog.to_jsonb(s) || pg_catalog.jsonb_build_object(
        'retention', s.retention::text, 'retention_seconds', extract(epoch FROM s.retention))
    FROM {schema}.powa_servers AS s
    WHERE s.id > 0
    ORDER BY s.id
"""

# The same without the passwords, which a reader need not have the right to read.
SERVERS_WITHOUT_PASSWORDS = """
    SELECT pg_catalog.jsonb_build_object(
        'id', s.id, 'hostname', s.hostname, 'port', s.port, 'alias', s.alias, 'username', s.username,
        'dbname', s.dbname, 'frequency', s.frequency, 'powa_coalesce', s.powa_coalesce,
        'retention', s.retention::text, 'retention_seconds', extract(epoch FROM s.retention),
        'allow_ui_connection', s.allow_ui_connection, 'version', s.version, 'password_stored', {password_stored})
    FROM {schema}.powa_servers AS s
    WHERE s.id > 0
    ORDER BY s.id
"""
PASSWORD_STORED = "coalesce(s.password, '') <> ''"
NOT_KNOWN = "NULL::boolean"

# The intervals of a task as PostgreSQL writes them, and in seconds. A purge goes back from now by one of them.
INTERVALS = """
    SELECT i.given, (i.given::interval)::text, extract(epoch FROM i.given::interval)
    FROM pg_catalog.unnest({given}::text[]) AS i (given)
    WHERE pg_catalog.now() - i.given::interval IS NOT NULL
"""

REGISTER = """
    SELECT {schema}.powa_register_server(hostname => r.hostname, port => r.port, alias => r.alias,
        username => r.username, password => NULL, dbname => r.dbname, frequency => r.frequency,
        powa_coalesce => r.powa_coalesce, retention => r.retention, allow_ui_connection => r.allow_ui_connection)
    FROM pg_catalog.jsonb_populate_recordset(NULL::{schema}.powa_servers, {servers}::jsonb) AS r
"""

# More servers like one that was just registered, where its function reads all rows of the registry for each.
REGISTER_LIKE = """
    INSERT INTO {schema}.powa_servers (hostname, port, alias, username, dbname, frequency, powa_coalesce, retention,
        allow_ui_connection)
    SELECT r.hostname, r.port, r.alias, r.username, r.dbname, r.frequency, r.powa_coalesce, r.retention,
        r.allow_ui_connection
    FROM pg_catalog.jsonb_populate_recordset(NULL::{schema}.powa_servers, {servers}::jsonb) AS r
"""

# Servers that were just registered have numbers that no task knows beforehand.
NUMBERS = """
    SELECT s.hostname, s.port, s.id
    FROM {schema}.powa_servers AS s
    JOIN pg_catalog.jsonb_to_recordset({servers}::jsonb) AS r (hostname text, port integer)
        ON r.hostname = s.hostname AND r.port = s.port
"""

# The passwords are in a temporary table, and come in no other statement: what fails there shows a whole row.
SET_PASSWORDS = """
    UPDATE {schema}.powa_servers AS s
    SET password = p.secret
    FROM pg_temp.powa_secrets AS p
    WHERE p.place = s.id
"""

# Rows as wanted. Each server has only the columns that change, so that others keep what somebody writes meanwhile.
CHANGED = """
    SELECT r.*
    FROM pg_catalog.jsonb_to_recordset({servers}::jsonb) AS c (id integer, changed jsonb)
    JOIN {schema}.powa_servers AS t ON t.id = c.id
    CROSS JOIN LATERAL pg_catalog.jsonb_populate_record(t, c.changed) AS r
"""
UPDATE = """
    UPDATE {schema}.powa_servers AS s
    SET username = n.username, dbname = n.dbname, frequency = n.frequency,
        powa_coalesce = n.powa_coalesce, retention = n.retention, allow_ui_connection = n.allow_ui_connection
    FROM ({changed}) AS n
    WHERE n.id = s.id
"""

# The columns with unique keys. Aliases are cleared first, so that servers can swap theirs.
CLEAR_ALIASES = "UPDATE {schema}.powa_servers AS s SET alias = NULL WHERE s.id = ANY ({srvids}::integer[])"
UPDATE_UNIQUE = """
    UPDATE {schema}.powa_servers AS s
    SET hostname = n.hostname, port = n.port, alias = n.alias
    FROM ({changed}) AS n
    WHERE n.id = s.id
"""

ACTIVATE_EXTENSIONS = """
    SELECT {schema}.powa_activate_extension(r.srvid, r.name)
    FROM pg_catalog.jsonb_to_recordset({extensions}::jsonb) AS r (srvid integer, name text)
"""
DEACTIVATE_EXTENSIONS = """
    SELECT {schema}.powa_deactivate_extension(r.srvid, r.name)
    FROM pg_catalog.jsonb_to_recordset({extensions}::jsonb) AS r (srvid integer, name text)
"""

# The same where those functions read all rows of the registry for each server (PoWA 4). An extension that has no rows
# of some servers yet is activated for one of them, and its rows are copied for the others.
ENABLE_EXTENSIONS = """
    UPDATE {schema}.powa_functions AS f SET enabled = {enabled}
    FROM pg_catalog.jsonb_to_recordset({extensions}::jsonb) AS r (srvid integer, name text)
    WHERE f.srvid = r.srvid AND f.module = r.name AND f.enabled <> {enabled}
"""
UNREGISTERED_EXTENSIONS = """
    SELECT r.name, pg_catalog.array_agg(r.srvid ORDER BY r.srvid)
    FROM pg_catalog.jsonb_to_recordset({extensions}::jsonb) AS r (srvid integer, name text)
    WHERE NOT EXISTS (SELECT FROM {schema}.powa_functions AS f WHERE f.srvid = r.srvid AND f.module = r.name)
    GROUP BY r.name
    ORDER BY r.name
"""

# What PoWA has written about one server, for others. Only the collector knows which versions they have.
COPY_ROWS = """
    INSERT INTO {table}
    SELECT n.*
    FROM pg_catalog.jsonb_to_recordset({copies}::jsonb) AS c (original integer, name text, srvids integer[])
    JOIN {table} AS t ON t.srvid = c.original AND {of_extension}
    CROSS JOIN LATERAL pg_catalog.unnest(c.srvids) AS s (srvid)
    CROSS JOIN LATERAL pg_catalog.jsonb_populate_record(
        t, pg_catalog.jsonb_build_object('srvid', s.srvid, 'version', NULL)) AS n
    ON CONFLICT DO NOTHING
"""
OF_EXTENSION = "(c.name IS NULL OR t.{column} = c.name)"

DELETE_SERVERS = """
    SELECT {schema}.powa_delete_and_purge_server(i.srvid) FROM pg_catalog.unnest({srvids}::integer[]) AS i (srvid)
"""
# One statement, however many tables there are.
DELETE_TRANSIENT_ROWS = "WITH {deletions} SELECT"
DELETION = "{name} AS (DELETE FROM {table} AS t WHERE t.srvid = ANY ({srvids}::integer[]))"

# The servers that a task has declared. A server's row is deleted with the server.
# Who may create objects can make a view of that name, and whoever reads that runs his code. What the session's own role
# has made runs nobody else's.
HAS_TABLE = """
    SELECT c.oid IS NOT NULL, c.relkind <> 'r', nullif({stranger}, current_user)
    FROM (SELECT pg_catalog.to_regclass({table}) AS oid) AS t
    LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
""".replace("{stranger}", stranger("c.relowner"))
DECLARED = "SELECT d.srvid FROM {table} AS d"
CREATE_DECLARED = """
    CREATE TABLE {table} (
        srvid integer PRIMARY KEY REFERENCES {schema}.powa_servers (id) ON UPDATE CASCADE ON DELETE CASCADE
    )
"""
COMMENT_DECLARED = "COMMENT ON TABLE {table} IS 'Servers that pgfleet.powa.servers was told of'"
DECLARE = """
    INSERT INTO {table} (srvid)
    SELECT i.srvid FROM pg_catalog.unnest({srvids}::integer[]) AS i (srvid)
    ON CONFLICT DO NOTHING
"""
