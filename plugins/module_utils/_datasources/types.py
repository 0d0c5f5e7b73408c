# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PostgreSQL types that a datasource may use.

A fixed list: what a column may be does not depend on the server, so a definition is checked without one.
"""

from __future__ import annotations

from typing import NamedTuple, Optional


class ColumnType(NamedTuple):
    """A type of PostgreSQL's own.

    :param name: as C(format_type) prints it
    :param oid: its row in C(pg_type), the same on every server
    :param minmax: whether min() and max() accept it on every supported version (13 to 18)
    :param fixed: whether it has a fixed length and a GiST operator class of btree_gist on every supported version
    :param groupable: whether GROUP BY accepts it, so that it may be a key
    :param sortable: whether a window can be partitioned by it
    :param hashed: SQL of the hash that an index has instead of a key C({name}) that is not fixed; immutable on every
        supported version, and the same for equal values
    :param number: SQL that turns a C({value}) into a number that can be subtracted, divided by seconds, averaged and
        drawn, and is NULL where that would overflow; or None for a type that is no number
    :param counts: whether a counter of this type has a rate per second, the growth of its number
    :param unit: what the number counts, or None where only the declaration knows
    """

    name: str
    oid: int
    minmax: bool = True
    fixed: bool = False
    groupable: bool = True
    sortable: bool = True
    hashed: str = "pg_catalog.hashtext({name}::pg_catalog.text)"
    number: Optional[str] = None
    counts: bool = True
    unit: Optional[str] = None

    @property
    def has_rate(self) -> bool:
        """Whether a counter of this type has a rate per second."""
        return self.number is not None and self.counts


#: The type of a column whose declaration leaves it out, until the query is described.
UNDECLARED = ColumnType("", 0)

# A key's text will not do for a hash: 1.0 and 1.00 are equal, the text of a bytea depends on a setting, and the cast of
# an array to text is not immutable.
_EXACT = "{value}::numeric"
# One value must spoil neither the rates of others nor an average, which is calculated from squares.
_FLOAT = """CASE WHEN {value} OPERATOR(pg_catalog.<) '1e-140'::double precision
        AND {value} OPERATOR(pg_catalog.>) '-1e-140'::double precision THEN '0'::double precision
    WHEN {value} OPERATOR(pg_catalog.<) '1e140'::double precision
        AND {value} OPERATOR(pg_catalog.>) '-1e140'::double precision THEN {value} END"""
_NUMERIC = """CASE WHEN {value} OPERATOR(pg_catalog.<) '1e140'::numeric
        AND {value} OPERATOR(pg_catalog.>) '-1e140'::numeric
    THEN CASE WHEN pg_catalog.scale({value}) OPERATOR(pg_catalog.>) 140 THEN pg_catalog.round({value}, 140)
        ELSE {value} END END"""
_TYPES = (
    ColumnType("smallint", 21, fixed=True, number=_EXACT),
    ColumnType("integer", 23, fixed=True, number=_EXACT),
    ColumnType("bigint", 20, fixed=True, number=_EXACT),
    ColumnType("real", 700, fixed=True, number=_FLOAT.replace("{value}", "{value}::double precision")),
    ColumnType("double precision", 701, fixed=True, number=_FLOAT),
    ColumnType("numeric", 1700, hashed="pg_catalog.hash_numeric({name})", number=_NUMERIC),
    ColumnType("oid", 26, fixed=True),
    ColumnType("text", 25),
    ColumnType("character varying", 1043),
    ColumnType("name", 19),
    # Its min() works on its text, and no text has such a single byte above 127.
    ColumnType('"char"', 18, minmax=False, hashed="pg_catalog.hashchar({name})"),
    ColumnType("boolean", 16, minmax=False, number="{value}::integer", counts=False),
    ColumnType("timestamp with time zone", 1184, fixed=True),
    ColumnType("timestamp without time zone", 1114, fixed=True),
    ColumnType("date", 1082, fixed=True),
    ColumnType("interval", 1186, fixed=True, number="extract(epoch FROM {value})::double precision", unit="s"),
    ColumnType("inet", 869, hashed="pg_catalog.hashinet({name})"),
    ColumnType("cidr", 650, hashed="pg_catalog.hashinet({name})"),
    ColumnType("macaddr", 829, minmax=False, fixed=True),
    ColumnType("uuid", 2950, minmax=False, fixed=True),
    ColumnType("pg_lsn", 3220, number="({value} OPERATOR(pg_catalog.-) '0/0'::pg_catalog.pg_lsn)", unit="bytes"),
    ColumnType("xid", 28, minmax=False, sortable=False),
    ColumnType("xid8", 5069, minmax=False, number="{value}::pg_catalog.text::numeric"),
    ColumnType(
        "bytea", 17, minmax=False, hashed="pg_catalog.hashtext(pg_catalog.encode({name}, 'hex'::pg_catalog.text))"
    ),
    ColumnType("jsonb", 3802, minmax=False, hashed="pg_catalog.jsonb_hash({name})"),
    ColumnType("json", 114, minmax=False, groupable=False),
    ColumnType("text[]", 1009, hashed="pg_catalog.hash_array({name})"),
    ColumnType("character varying[]", 1015, hashed="pg_catalog.hash_array({name})"),
    ColumnType("oidvector", 30, hashed="pg_catalog.hashoidvector({name})"),
)

_ALIASES = {
    "int2": "smallint",
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float": "double precision",
    "float8": "double precision",
    "decimal": "numeric",
    "varchar": "character varying",
    "varchar[]": "character varying[]",
    "bool": "boolean",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
}

_BY_NAME = {column_type.name: column_type for column_type in _TYPES}
_BY_OID = {column_type.oid: column_type for column_type in _TYPES}

#: The names that error messages offer.
TYPE_NAMES = tuple(sorted(_BY_NAME))
#: The types that are numbers.
NUMBERS = tuple(column_type for column_type in _TYPES if column_type.number is not None)


def find_type(name: str) -> Optional[ColumnType]:
    """Return the type of that name or alias, in any case and spacing, or None."""
    normal = " ".join(name.lower().split())
    return _BY_NAME.get(_ALIASES.get(normal, normal))


def type_of_oid(oid: int) -> Optional[ColumnType]:
    """Return the type with that C(pg_type.oid), or None."""
    return _BY_OID.get(oid)
