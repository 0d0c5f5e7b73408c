# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that tell when every running snapshot has seen a pause, or has ended, and whether a collector runs."""

from __future__ import annotations

# A snapshot holds its lock on the registry until it ends.
READERS = """
    SELECT DISTINCT l.virtualtransaction
    FROM pg_catalog.pg_locks AS l
    WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
          WHERE d.datname = pg_catalog.current_database())
      AND l.relation = ANY ({relations}::regclass[])
"""

STILL_RUNNING = """
    SELECT DISTINCT l.virtualtransaction
    FROM pg_catalog.pg_locks AS l
    WHERE l.locktype = 'virtualxid' AND l.virtualxid = l.virtualtransaction
      AND l.virtualtransaction = ANY ({transactions}::text[])
"""

# A worker of the collector that ends with an error leaves its connections as they were.
IDLE_WORKERS = """
    SELECT a.application_name
    FROM pg_catalog.pg_locks AS l
        JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
    WHERE l.locktype = 'virtualxid' AND l.virtualxid = l.virtualtransaction
      AND l.virtualtransaction = ANY ({transactions}::text[])
      AND a.application_name ~ '^PoWA collector - repo_conn'
      AND a.state = 'idle in transaction'
      AND pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.state_change) >= {seconds}
    ORDER BY 1
"""

# A role that may not see the sessions of others sees none.
COLLECTOR_RUNS = """
    SELECT pg_catalog.count(*) > 0
    FROM pg_catalog.pg_stat_activity AS a
    WHERE a.datname = pg_catalog.current_database() AND a.application_name ~ '^PoWA collector - main thread'
"""
