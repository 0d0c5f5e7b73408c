# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that ask a server what a query returns, without running it."""

from __future__ import annotations

SAVEPOINT = "SAVEPOINT describe"
ROLLBACK = "ROLLBACK TO SAVEPOINT describe"
SET_ROLE = "SET LOCAL ROLE {role}"
SET_SEARCH_PATH = "SELECT pg_catalog.set_config('search_path', {search_path}, true)"

# Opening a cursor refuses several statements before any of them runs: a COMMIT among them would let the rest write.
ONE_STATEMENT = "DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE {statement}; CLOSE c; END"
DO = "DO {body}"

# A line of its own, so that a comment at the query's end does not swallow the parenthesis.
DESCRIBE = """SELECT * FROM (
{query}
) AS q LIMIT 0"""

DESCRIBE_TOGETHER = """SELECT {selected}
FROM (SELECT) AS nothing
{sources}
LIMIT 0"""
SELECTED = "{alias}.*, NULL AS {end}"
SOURCE = """LEFT JOIN (
{query}
) AS {alias} ON false"""

# EXPLAIN plans one SELECT, INSERT, UPDATE or DELETE, and runs nothing.
EXPLAIN = "EXPLAIN {statement}"
