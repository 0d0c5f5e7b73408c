# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the password of a remote can change, as a repository sees it."""

from __future__ import annotations

# Run by community.postgresql.postgresql_query, which sets the search_path to pg_catalog and PoWA's schema. A server
# without snapshots has nothing that could be due, and one whose snapshot is long overdue is not waited for. While a
# snapshot runs, a session of the collector of that name is in a transaction, and on PoWA 5 the collector logs in to one
# database after the other. After a start or a reload, such a session waits idle for the next snapshot.
DUE = """
    SELECT pg_catalog.count(*) AS due
    FROM powa_servers AS s
    JOIN powa_snapshot_metas AS m ON m.srvid = s.id
    WHERE s.hostname = %(hostname)s AND s.port = %(port)s AND s.frequency > 0
      AND (m.snapts > '-infinity' AND pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - m.snapts)
              BETWEEN s.frequency - LEAST(s.frequency / 2.0, 20) AND s.frequency + 10
          OR EXISTS (
              SELECT FROM pg_catalog.pg_stat_activity AS a
              WHERE a.datname = pg_catalog.current_database() AND a.xact_start IS NOT NULL
                AND a.application_name = ANY (pg_catalog.string_to_array(%(sessions)s, pg_catalog.chr(10)))))
"""
