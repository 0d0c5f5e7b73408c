# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that change the columns of existing types and tables."""

from __future__ import annotations

ALTER_TYPE = "ALTER TYPE {name} {actions}"
ALTER_TABLE = "ALTER TABLE {name} {actions}"
RENAME_TYPE = "ALTER TYPE {name} RENAME TO {new_name}"

RENAME_ATTRIBUTE = "RENAME ATTRIBUTE {name} TO {new_name}"
ADD_ATTRIBUTE = "ADD ATTRIBUTE {name} {type}"
DROP_ATTRIBUTE = "DROP ATTRIBUTE {name}"

RENAME_COLUMN = "RENAME COLUMN {name} TO {new_name}"
ADD_COLUMN = "ADD COLUMN {name} {type}"
DROP_COLUMN = "DROP COLUMN {name}"
RETYPE_COLUMN = "ALTER COLUMN {name} TYPE {type} USING {name}::{cast}"
SET_NOT_NULL = "ALTER COLUMN {name} SET NOT NULL"
DROP_NOT_NULL = "ALTER COLUMN {name} DROP NOT NULL"

# Rows that the collector copied and no snapshot took: they may not fit the new columns.
TAKE_ROWS = """INSERT INTO {current} (srvid{keys}, record)
    SELECT t.srvid{values}, ROW({record})::{record_type} FROM {transient} AS t
    WHERE EXISTS (SELECT FROM {servers} AS s WHERE s.id = t.srvid)"""

# ALTER TABLE allows no sub-select, so a function that only this session has casts an array.
CAST_RECORD = """CREATE FUNCTION pg_temp.powa_cast(r {old}) RETURNS {new} LANGUAGE sql IMMUTABLE
    AS {body}"""
CAST_RECORD_BODY = "SELECT ROW({values})::{new}"
CAST_RECORDS = """CREATE FUNCTION pg_temp.powa_cast(records {old}[]) RETURNS {new}[] LANGUAGE sql IMMUTABLE
    AS {body}"""
CAST_RECORDS_BODY = """SELECT pg_catalog.array_agg(pg_temp.powa_cast(r) ORDER BY u.position)
    FROM pg_catalog.unnest(records) WITH ORDINALITY AS u ({columns}, position)
    CROSS JOIN LATERAL (SELECT ROW({values})::{old}) AS o (r)"""
CAST_COLUMN = "ALTER COLUMN {name} TYPE {type} USING pg_temp.powa_cast({name})"
KEEP_STORAGE_MAIN = "ALTER COLUMN {name} SET STORAGE MAIN"
DROP_CAST = "DROP FUNCTION pg_temp.powa_cast({old})"

# Each reads all values of one column, and fails at the first that cannot become the type.
CAST_KEY = "SELECT pg_catalog.count(t.{column}::{type}) FROM {table} AS t"
CAST_CURRENT = "SELECT pg_catalog.count((t.record).{column}::{type}) FROM {table} AS t"
CAST_HISTORY = """SELECT pg_catalog.count(r.{column}::{type})
    FROM {table} AS t CROSS JOIN LATERAL pg_catalog.unnest(t.records) AS r"""
SAVEPOINT = "SAVEPOINT casts"
ROLLBACK = "ROLLBACK TO SAVEPOINT casts"

HOLDS_VALUES = "SELECT EXISTS (SELECT FROM {table} AS t WHERE t.{column} IS NOT NULL)"

# Reading a view runs what its owner wrote, and a foreign table asks another server.
NOT_TABLES = """
    SELECT c.relname
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = {schema} AND c.relname = ANY ({names}::name[]) AND c.relkind <> 'r'
"""
