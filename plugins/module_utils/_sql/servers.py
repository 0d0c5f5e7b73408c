# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements about the remote servers of a repository."""

from __future__ import annotations

SERVERS = """
    SELECT pg_catalog.to_jsonb(s) || pg_catalog.jsonb_build_object(
        'retention', s.retention::text, 'retention_seconds', extract(epoch FROM s.retention))
    FROM {schema}.powa_servers AS s
    WHERE s.id > 0
    ORDER BY s.id
"""

# What intervals that a task gives mean, as PostgreSQL writes them and in seconds.
INTERVALS = """
    SELECT i.given, (i.given::interval)::text, extract(epoch FROM i.given::interval)
    FROM pg_catalog.unnest({given}::text[]) AS i (given)
"""

REGISTER = """
    SELECT {schema}.powa_register_server(hostname => {hostname}, port => {port}, alias => {alias},
        username => {username}, password => {password}, dbname => {dbname}, frequency => {frequency},
        powa_coalesce => {powa_coalesce}, retention => {retention}::interval,
        allow_ui_connection => {allow_ui_connection})
"""

UPDATE = "UPDATE {schema}.powa_servers AS s SET {assignments} WHERE s.id = {srvid}"

ACTIVATE_EXTENSION = "SELECT {schema}.powa_activate_extension({srvid}, {name})"
DEACTIVATE_EXTENSION = "SELECT {schema}.powa_deactivate_extension({srvid}, {name})"

DELETE_SERVER = "SELECT {schema}.powa_delete_and_purge_server({srvid})"
DELETE_TRANSIENT_ROWS = "DELETE FROM {table} AS t WHERE t.srvid = {srvid}"

# A server that was just registered has an id that no task knows beforehand.
SRVID = "SELECT s.id FROM {schema}.powa_servers AS s WHERE s.hostname = {hostname} AND s.port = {port}"
