# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that create, change and drop the objects of a datasource."""

from __future__ import annotations

CREATE_TYPE = "CREATE TYPE {name} AS ({attributes})"

CREATE_TABLE = "CREATE TABLE {name} ({columns})"
CREATE_UNLOGGED_TABLE = "CREATE UNLOGGED TABLE {name} ({columns})"
SET_UNLOGGED = "ALTER TABLE {name} SET UNLOGGED"
SET_LOGGED = "ALTER TABLE {name} SET LOGGED"
# History is deleted with its server, as PoWA's own is.
ADD_SERVER_KEY = """ALTER TABLE {name} ADD FOREIGN KEY (srvid) REFERENCES {servers} (id)
    MATCH FULL ON UPDATE CASCADE ON DELETE CASCADE"""
# As PoWA 5 does: arrays of records compress well out of line, and the range of values stays in line for reading.
SET_TOAST_TARGET = "ALTER TABLE {name} SET (toast_tuple_target = 128)"
SET_STORAGE_MAIN = "ALTER TABLE {name} ALTER COLUMN {column} SET STORAGE MAIN"

CREATE_INDEX = "CREATE INDEX {name} ON {table} USING {method} ({columns})"

# Only a function that is known to be ours is replaced: one that somebody else made would stay his.
CREATE_FUNCTION = """CREATE {replace}FUNCTION {name}({parameters}{out}) RETURNS {returns}
    LANGUAGE {language} {volatility}{security}{settings}
    AS {body}"""
OR_REPLACE = "OR REPLACE "
SECURITY_DEFINER = " SECURITY DEFINER"
FUNCTION_SEARCH_PATH = " SET search_path = {search_path}"

# The target is an object with its kind, such as FUNCTION public.f(integer).
DROP = "DROP {target}"
COMMENT = "COMMENT ON {target} IS {comment}"
GRANT = "GRANT {privileges} ON {target} TO {role}"
SET_OWNER = "ALTER {target} OWNER TO {owner}"
REVOKE_PUBLIC = "REVOKE ALL ON {target} FROM PUBLIC"
