# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements about the remote servers of a repository."""

from __future__ import annotations

SERVERS = """
    SELECT pg_catalog.to_jsonb(s) || pg_catalog.jsonb_build_object('retention', s.retention::text)
    FROM {schema}.powa_servers AS s
    WHERE s.id > 0
    ORDER BY s.id
"""
