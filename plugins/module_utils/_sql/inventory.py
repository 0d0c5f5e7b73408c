# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that read a repository's servers as hosts of an inventory."""

from __future__ import annotations

# An interval in words, which the roles accept: 7 days, or 1 day 2 hours.
WRITE_INTERVALS_IN_WORDS = "SELECT pg_catalog.set_config('intervalstyle', 'postgres_verbose', true)"

# Every column but the password: what is not read cannot be shown, and the role needs no right to read it.
SERVERS = """
    SELECT s.id AS srvid, s.hostname, s.port, s.alias, s.username, s.dbname, s.frequency, s.powa_coalesce AS coalesce,
        pg_catalog.ltrim(s.retention::text, '@ ') AS retention, s.allow_ui_connection,
        pg_catalog.split_part(s.version, ' ', 1) AS postgresql_version
    FROM {schema}.powa_servers AS s
    WHERE s.id > 0
    ORDER BY s.id
"""

SNAPSHOTS = """
    SELECT m.srvid, pg_catalog.to_char(
            nullif(m.snapts, '-infinity') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        coalesce(m.errors, '{{}}')
    FROM {schema}.powa_snapshot_metas AS m
"""
