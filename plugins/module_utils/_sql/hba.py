# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What module hba_rules asks a server. The columns of pg_hba_file_rules depend on its version."""

from __future__ import annotations

# The files are those that host_info compares, too: a reload for one of them loads them all.
STATE = """
    WITH RECURSIVE rules AS MATERIALIZED (
        SELECT h.n, pg_catalog.to_jsonb(h.rule) AS rule
        FROM (SELECT pg_catalog.row_number() OVER () AS n, f AS rule FROM pg_catalog.pg_hba_file_rules AS f) AS h
    ), membership (role, member, roleid) AS (
        SELECT r.rolname, m.member, m.roleid
        FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.member
        WHERE r.rolname IN (SELECT pg_catalog.jsonb_array_elements_text({roles}))
        UNION
        SELECT h.role, m.member, m.roleid
        FROM membership AS h JOIN pg_catalog.pg_auth_members AS m ON m.member = h.roleid
    )
    SELECT pg_catalog.current_setting('hba_file'), pg_catalog.current_setting('server_version_num')::integer,
        (SELECT coalesce(pg_catalog.jsonb_agg(r.rule ORDER BY r.n), '[]') FROM rules AS r),
        (SELECT coalesce(pg_catalog.jsonb_object_agg(g.role, g.groups), '{{}}')
            FROM (SELECT h.role, pg_catalog.jsonb_agg(DISTINCT r.rolname) AS groups
                FROM membership AS h JOIN pg_catalog.pg_roles AS r ON r.oid = h.roleid GROUP BY h.role) AS g),
        (SELECT coalesce(pg_catalog.bool_or((pg_catalog.pg_stat_file(f.path, true)).modification
                > pg_catalog.pg_conf_load_time()), false)
            FROM (SELECT pg_catalog.current_setting('hba_file')
                UNION SELECT pg_catalog.regexp_replace(
                    pg_catalog.current_setting('config_file'), '[^/]*$', 'conf.d/powa.conf')
                UNION SELECT r.rule ->> 'file_name' FROM rules AS r) AS f (path)
            WHERE f.path IS NOT NULL)
"""

RELOAD = "SELECT pg_catalog.clock_timestamp(), pg_catalog.pg_reload_conf()"

# A session learns of a reload between two of its statements.
LOADED = "SELECT pg_catalog.pg_conf_load_time() >= {since}"
