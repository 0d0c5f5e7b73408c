# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasources that the tests declare."""

from __future__ import annotations

from typing import Any, Dict

LOCK_MODES: Dict[str, Any] = {
    "name": "lock_modes",
    "description": "Locks held, by mode",
    "query": "SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode",
    "keys": [{"name": "mode", "type": "text"}],
    "metrics": [{"name": "held", "type": "bigint", "kind": "gauge"}],
}

COMMITS: Dict[str, Any] = {
    "name": "commits",
    "query": "SELECT sum(xact_commit)::bigint AS commits FROM pg_stat_database",
    "metrics": [{"name": "commits", "type": "bigint"}],
}

#: Names that need quoting everywhere, types without min and max, and keys without a GiST class or a value.
AWKWARD: Dict[str, Any] = {
    "name": "awkward",
    "query": """
        SELECT 'x'::name AS "select", NULL::integer AS "Null %", true AS "a.b", '{"k": "$query$"}'::jsonb AS "d""q",
            1.5 AS "ünïcode {0}", 'late'::text AS mode -- the last line is a comment;
    """,
    "keys": [{"name": "select", "type": "name"}, {"name": "Null %", "type": "int4", "nullable": True}],
    "metrics": [
        {"name": "a.b", "type": "bool"},
        {"name": 'd"q', "type": "jsonb"},
        {"name": "ünïcode {0}", "type": "numeric"},
        {"name": "mode", "type": "text", "kind": "gauge"},
    ],
}
