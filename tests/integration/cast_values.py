# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of the types of PostgreSQL's own that a query may return and that no column of a datasource has."""

from __future__ import annotations

from typing import Dict, List

from servers import Database

#: By type, expressions of SQL, the second one never a rare one; types with the same input stand together.
VALUES: Dict[str, List[str]] = {
    "money": ["'-92233720368547758.08'", "12.5::numeric::money", "'92233720368547758.07'"],
    # An object, a number that no object has, and none.
    "regclass": ["'4294967295'", "'pg_class'", "'0'"],
    "regcollation": ["'4294967295'", "'\"C\"'", "'0'"],
    "regconfig": ["'4294967295'", "'english'", "'0'"],
    "regdictionary": ["'4294967295'", "'english_stem'", "'0'"],
    "regnamespace": ["'4294967295'", "'pg_catalog'", "'0'"],
    "regoper": ["'4294967295'", "'||/'", "'0'"],
    "regoperator": ["'4294967295'", "'+(integer,integer)'", "'0'"],
    "regproc": ["'4294967295'", "'now'", "'0'"],
    "regprocedure": ["'4294967295'", "'pg_backend_pid()'", "'0'"],
    "regrole": ["'4294967295'", "'powa'", "'0'"],
    "regtype": ["'4294967295'", "'timestamp with time zone[]'", "'0'"],
    "aclitem": ["'=r/postgres'", "'powa=r*w/postgres'"],
    "cid": ["'4294967295'", "'3'"],
    "int2vector": ["''", "'1 -2 32767'"],
    "tid": ["'(4294967295,65535)'", "'(0,1)'"],
    "pg_snapshot": ["'1:1:'", "'10:20:10,14,15'"],
    "txid_snapshot": ["'1:1:'", "'10:20:10,14,15'"],
    "refcursor": ["''", "'a \"cursor\"'"],
    "character": ["''", "'x'", "'ünï\\\"'"],
    "macaddr8": ["'ff:ff:ff:ff:ff:ff:ff:ff'", "'08:00:2b:01:02:03:04:05'"],
    "xml": ["'<a b=\"&lt;&quot;\">{0} \\ ü</a>'", "'<a/>'"],
    "jsonpath": ["'strict $'", "'$.\"a b\"[*] ? (@ > 1)'"],
    "tsquery": ["''", "'!a & (b:*A | ''c d'')'"],
    "tsvector": ["''", "'a:1A b:2,3B ''c d'''"],
    "box": ["'(Infinity,1),(-Infinity,0)'", "'(2,2),(0.1,1e300)'"],
    "circle": ["'<(0,0),0>'", "'<(1,-0.1),2>'"],
    "line": ["'{1,0,-0.1}'", "'{1,2,3}'"],
    "lseg": ["'[(0,0),(0,0)]'", "'[(1,2),(3,4)]'"],
    "path": ["'((0,0),(1,1))'", "'[(0,0),(1,1),(2,0)]'"],
    "point": ["'(NaN,-Infinity)'", "'(0.1,5e-324)'"],
    "polygon": ["'((0,0))'", "'((0,0),(1,1),(2,0))'"],
    "int4range": ["'empty'", "'[1,10)'", "'(,)'"],
    "int8range": ["'empty'", "'[1,10)'", "'(,)'"],
    "numrange": ["'empty'", "'[1.50,10]'", "'(,)'"],
    "daterange": ["'empty'", "'[2024-02-29,2024-03-02)'", "'[-infinity,infinity]'"],
    "tsrange": ["'empty'", "'[2024-02-29 12:00,2024-03-02 00:00:00.000001)'", "'(,)'"],
    "tstzrange": ["'empty'", "'[2024-02-29 12:00+01,2024-03-02 00:00+00)'", "'(,)'"],
    "int4multirange": ["'{}'", "'{[1,10),[20,30)}'", "'{(,)}'"],
    "int8multirange": ["'{}'", "'{[1,10),[20,30)}'", "'{(,)}'"],
    "nummultirange": ["'{}'", "'{[1.50,10],(20,30)}'", "'{(,)}'"],
    "datemultirange": ["'{}'", "'{[2024-02-29,2024-03-02),[2025-01-01,infinity)}'", "'{(,)}'"],
    "tsmultirange": ["'{}'", "'{[2024-02-29 12:00,2024-03-02 00:00)}'", "'{(,)}'"],
    "tstzmultirange": ["'{}'", "'{[2024-02-29 12:00+01,2024-03-02 00:00+00)}'", "'{(,)}'"],
}
for _name, (_first, _second) in [(name, values[:2]) for name, values in VALUES.items()]:
    _one, _other = ("({0})::{1}".format(value, _name) for value in (_first, _second))
    VALUES[_name + "[]"] = ["'{}'", "ARRAY[{0}, NULL, {1}]".format(_one, _other), "ARRAY[[{0}], [{0}]]".format(_other)]
# ARRAY makes of these an array of their elements.
VALUES["int2vector[]"] = ["'{}'", "'{\"1 -2\",NULL}'"]
VALUES["oidvector[]"] = ["'{}'", "'{\"1 4294967295\",NULL}'"]
VALUES["json[]"] = ["'{}'", "ARRAY['{\"b\":1,  \"b\":2}'::json, NULL, '[]']"]
VALUES["bit[]"] = ["'{}'", "'{101,NULL}'"]
VALUES["bit varying[]"] = ["'{}'", "ARRAY[B'', NULL, B'101']::varbit[]"]

#: A table's column has one character or bit where none is said.
_WITH_LENGTH = {"character": "character(5)", "character[]": "character(5)[]", "bit[]": "bit(3)[]"}
#: Rows of the table: all values, and one row of nothing.
ROWS = 4


def kept_as(name: str) -> str:
    """Return the type of the column that keeps values of a type."""
    return ("numeric" if name.startswith("money") else "text") + ("[]" if name.endswith("[]") else "")


def make_originals(database: Database) -> Dict[str, str]:
    """Make a table with the values of all types that this server has, and return the type of each column."""
    known = database.sql("SELECT name FROM unnest(%s) AS u (name) WHERE to_regtype(name) IS NOT NULL", (list(VALUES),))
    columns = {"c{0}".format(number): name for number, (name,) in enumerate(known)}
    types = {column: _WITH_LENGTH.get(name, name) for column, name in columns.items()}
    statements = ["CREATE TABLE public.originals (n integer, {0})".format(", ".join(map(" ".join, types.items())))]
    for row in range(ROWS):
        values = ["NULL" if row == ROWS - 1 else VALUES[name][row % len(VALUES[name])] for name in columns.values()]
        cast = ", ".join("({0})::{1}".format(value, types[column]) for value, column in zip(values, columns))
        statements.append("INSERT INTO public.originals VALUES ({0}, {1})".format(row, cast))
    database.sql("; ".join([*statements, "GRANT SELECT ON public.originals TO powa"]))
    return columns


def originals(database: Database, columns: Dict[str, str]) -> Dict[str, List[str]]:
    """Return the texts of what the columns of that table become, by plain SQL."""
    return texts(database, {name: kept_as(of) for name, of in columns.items()}, "public.originals")


def texts(database: Database, casts: Dict[str, str], rows: str) -> Dict[str, List[str]]:
    """Return the texts of columns after a cast, in the order of n."""
    expressions = ", ".join("({0}::{1})::text".format(name, of) for name, of in casts.items())
    found = database.sql("SELECT {0} FROM {1} ORDER BY n".format(expressions, rows))
    return {name: list(column) for name, column in zip(casts, zip(*found))}
