# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements about the lock that tasks of this collection share."""

from __future__ import annotations

TAKE = "SELECT pg_catalog.pg_advisory_xact_lock({first}, {second})"

LOCK_TIMEOUT = "SELECT pg_catalog.current_setting('lock_timeout')"
SET_LOCK_TIMEOUT = "SELECT pg_catalog.set_config('lock_timeout', {timeout}, true)"

# The session that holds the lock, and how many seconds its transaction has lasted.
HOLDER = """
    SELECT l.pid, a.usename, coalesce(a.client_addr::text, 'the local socket'),
        extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::integer
    FROM pg_catalog.pg_locks AS l
    JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
      AND l.classid = {first}::oid AND l.objid = {second}::oid
"""
