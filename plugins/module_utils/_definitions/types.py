# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PostgreSQL types that a datasource may use.

A fixed list: what a column of ours may be does not depend on the server, so a definition is checked without one. A
query may return other types. They become one of the list by a cast in the query, where it runs anyway, and never where
a superuser writes: to write a domain runs its CHECK, and a cast may run code of the type's owner.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional, Tuple


class ColumnType(NamedTuple):
    """A type of PostgreSQL's own.

    :param name: as C(format_type) prints it with the modifier -1
    :param oid: its row in C(pg_type), the same on every server
    :param array: the same of the type of its arrays, or None where no column may have that
    :param minmax: whether min() and max() accept it on every supported version (13 to 18)
    :param fixed: whether it has a fixed length and a GiST operator class of btree_gist on every supported version
    :param groupable: whether GROUP BY accepts it, so that it may be a key
    :param sortable: whether a window can be partitioned by it
    :param hashable: whether GROUP BY can hash it, which it has to beside a type that is not sortable
    :param hashed: SQL of the hash that an index has instead of a key C({name}) that is not fixed; immutable on every
        supported version, and the same for equal values
    :param number: SQL that turns a C({value}) into a number that can be subtracted, divided by seconds, averaged and
        drawn, and is NULL where that would overflow; or None for a type that is no number
    :param counts: whether a counter of this type has a rate per second, the growth of its number
    :param unit: what the number counts, or None where only the declaration knows
    """

    name: str
    oid: int
    array: Optional[int] = None
    minmax: bool = True
    fixed: bool = False
    groupable: bool = True
    sortable: bool = True
    hashable: bool = True
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
_SCALARS = (
    ColumnType("smallint", 21, array=1005, fixed=True, number=_EXACT),
    ColumnType("integer", 23, array=1007, fixed=True, number=_EXACT),
    ColumnType("bigint", 20, array=1016, fixed=True, number=_EXACT),
    ColumnType("real", 700, array=1021, fixed=True, number=_FLOAT.replace("{value}", "{value}::double precision")),
    ColumnType("double precision", 701, array=1022, fixed=True, number=_FLOAT),
    ColumnType("numeric", 1700, array=1231, hashed="pg_catalog.hash_numeric({name})", number=_NUMERIC),
    ColumnType("oid", 26, array=1028, fixed=True),
    ColumnType("text", 25, array=1009),
    ColumnType("character varying", 1043, array=1015),
    ColumnType("name", 19, array=1003),
    # Its min() works on its text, and no text has such a single byte above 127.
    ColumnType('"char"', 18, array=1002, minmax=False, hashed="pg_catalog.hashchar({name})"),
    ColumnType("boolean", 16, array=1000, minmax=False, number="{value}::integer", counts=False),
    ColumnType("timestamp with time zone", 1184, array=1185, fixed=True),
    ColumnType("timestamp without time zone", 1114, array=1115, fixed=True),
    ColumnType("time without time zone", 1083, array=1183, fixed=True),
    ColumnType("time with time zone", 1266, array=1270, fixed=True),
    ColumnType("date", 1082, array=1182, fixed=True),
    ColumnType(
        "interval", 1186, array=1187, fixed=True, number="extract(epoch FROM {value})::double precision", unit="s"
    ),
    ColumnType("inet", 869, array=1041, hashed="pg_catalog.hashinet({name})"),
    ColumnType("cidr", 650, array=651, hashed="pg_catalog.hashinet({name})"),
    ColumnType("macaddr", 829, array=1040, minmax=False, fixed=True),
    ColumnType("uuid", 2950, array=2951, minmax=False, fixed=True),
    ColumnType(
        "pg_lsn", 3220, array=3221, number="({value} OPERATOR(pg_catalog.-) '0/0'::pg_catalog.pg_lsn)", unit="bytes"
    ),
    ColumnType("xid", 28, array=1011, minmax=False, sortable=False),
    ColumnType("xid8", 5069, array=271, minmax=False, number="{value}::pg_catalog.text::numeric"),
    ColumnType(
        "bytea",
        17,
        array=1001,
        minmax=False,
        hashed="pg_catalog.hashtext(pg_catalog.encode({name}, 'hex'::pg_catalog.text))",
    ),
    ColumnType("jsonb", 3802, array=3807, minmax=False, hashed="pg_catalog.jsonb_hash({name})"),
    ColumnType("json", 114, minmax=False, groupable=False),
    # Without the quotation marks it would be a single bit.
    ColumnType('"bit"', 1560, minmax=False, hashable=False),
    ColumnType("bit varying", 1562, minmax=False, hashable=False),
    ColumnType("oidvector", 30, hashed="pg_catalog.hashoidvector({name})"),
)
_TYPES = (
    *_SCALARS,
    *(
        ColumnType(
            scalar.name + "[]",
            scalar.array,
            minmax=scalar.sortable,
            sortable=scalar.sortable,
            hashed="pg_catalog.hash_array({name})",
        )
        for scalar in _SCALARS
        if scalar.array is not None
    ),
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
    "bool": "boolean",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "char": "character",
    "bpchar": "character",
    "timetz": "time with time zone",
    "time": "time without time zone",
    "bit": '"bit"',
    "varbit": "bit varying",
}

# Those of PostgreSQL's own that become another type than text: the name, C(pg_type.oid), and the other type.
_NOT_TEXT = (("money", 790, "numeric"),)
# PostgreSQL's own types that we do not store. A server reads the text of money, regclass and the like by its own
# settings and catalogs, so a repository would have other values than the remote, or none.
_BECOMES = {
    **{name: target for name, _oid, target in _NOT_TEXT},
    **dict.fromkeys(
        "regclass regcollation regconfig regdictionary regnamespace regoper regoperator regproc regprocedure regrole"
        " regtype aclitem box character cid circle datemultirange daterange int2vector int4multirange int4range"
        " int8multirange int8range jsonpath line lseg macaddr8 nummultirange numrange path pg_snapshot point polygon"
        " refcursor tid tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector txid_snapshot xml".split(),
        "text",
    ),
}

_BY_NAME = {column_type.name: column_type for column_type in _TYPES}
_BY_OID = {column_type.oid: column_type for column_type in _TYPES}

#: All names.
TYPE_NAMES = tuple(sorted(_BY_NAME))
#: What error messages offer.
EXPECTED = (
    "one of {0}, an array of one of these, such as text[], or another type that the query returns: one of PostgreSQL's"
    " own, such as regclass, money or point, or any with its schema, such as app.mood".format(
        ", ".join(sorted("bit" if scalar.name == '"bit"' else scalar.name for scalar in _SCALARS))
    )
)
#: The types that are numbers.
NUMBERS = tuple(column_type for column_type in _TYPES if column_type.number is not None)
#: All types that a column may have.
OIDS = tuple(sorted(_BY_OID))
#: The types that become another one than text, by C(pg_type.oid).
BECOMES_BY_OID = {oid: _BY_NAME[target].oid for _name, oid, target in _NOT_TEXT}

_OWN_SCHEMA = "pg_catalog."
_QUALIFIED = re.compile(r'("[^"]+"|\w+)\.("[^"]+"|\w+)(\[\])?\Z')


class Typed(NamedTuple):
    """The type of a column of a query.

    :param type: that of the column that keeps it, C(UNDECLARED) where only the server can tell
    :param cast_from: the type that the query returns, if that is another one
    """

    type: ColumnType
    cast_from: Optional[str] = None


def find_type(name: str) -> Optional[ColumnType]:
    """Return the type of that name or alias, in any case and spacing, or None."""
    scalar, array = _split(name)
    return _BY_NAME.get(_ALIASES.get(scalar, scalar) + array)


def type_of_oid(oid: int) -> Optional[ColumnType]:
    """Return the type with that C(pg_type.oid), or None."""
    return _BY_OID.get(oid)


def declared_type(name: str) -> Optional[Typed]:
    """Return what a column becomes that is declared with the name of a type, or None."""
    scalar, array = _split(name)
    if scalar.startswith(_OWN_SCHEMA):
        scalar = scalar[len(_OWN_SCHEMA) :]
        # Only without a schema is it another type than the one in quotation marks.
        scalar = '"char"' if scalar == "char" else scalar
    found = find_type(scalar + array)
    if found is not None:
        return Typed(found)
    scalar = _ALIASES.get(scalar, scalar)
    if scalar in _BECOMES or (array and scalar in _BY_NAME):
        return Typed(_BY_NAME[_BECOMES.get(scalar, "text") + array], scalar + array)
    return Typed(UNDECLARED, name.strip()) if _QUALIFIED.match(name.strip()) else None


def is_same_type(declared: str, returned: str) -> bool:
    """Whether somebody who declared a type meant one that PostgreSQL writes so."""
    one, other = (name.lower().replace('"', "") for name in (declared, returned))
    return one in (other, "pg_catalog." + other)


def _split(name: str) -> Tuple[str, str]:
    """Return the name of a type in lower case, and C([]) if it is an array."""
    normal = " ".join(name.lower().split())
    return (normal[:-2], "[]") if normal.endswith("[]") else (normal, "")
