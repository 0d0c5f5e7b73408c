# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of every type that a column of a datasource may have."""

from __future__ import annotations

from typing import Dict, List

#: 100 kB that no compression makes small.
LONG = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 3200) AS i)"

#: By type, expressions of SQL: the ends of its range, what is special in it, and what is long.
VALUES: Dict[str, List[str]] = {
    "smallint": ["-32768", "0", "32767"],
    "integer": ["-2147483648", "0", "2147483647"],
    "bigint": ["-9223372036854775808", "0", "9223372036854775807"],
    "real": ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "1e-45", "3.4028235e38", "0.1"],
    "double precision": ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "5e-324", "1.7976931348623157e308", "0.1"],
    "numeric": ["'NaN'", "0", "-0.1000", "1e1000", "repeat('123456789', 10000)::numeric / 7"],
    "oid": ["0", "1", "4294967295"],
    "text": ["''", "E'tab\\there\\nand \\\\N'", "'ünïcödé 🐘 \"%s\" {0}'", "'\\N'", LONG],
    "character varying": ["''", "E'tab\\there'", "'ünïcödé'", LONG],
    "name": ["''", "'A \"name\"'", "repeat('ü', 31)"],
    # A byte above 127 is no text for the COPY of PostgreSQL 13.
    '"char"': ["''", "'a'", "'\\'"],
    "boolean": ["true", "false"],
    "timestamp with time zone": ["'-infinity'", "'infinity'", "'4714-11-24 00:00:00+00 BC'", "'294276-12-31 00:00+00'"],
    "timestamp without time zone": ["'-infinity'", "'infinity'", "'0001-01-01 BC'", "'2024-02-29 23:59:59.999999'"],
    "date": ["'-infinity'", "'infinity'", "'0044-03-15 BC'", "'5874897-12-31'"],
    "interval": ["'0'", "'1 mon -1 days +00:00:00.000001'", "'-178000000 years'", "'178000000 years'"],
    "inet": ["'0.0.0.0/0'", "'192.0.2.1/24'", "'192.0.2.1'", "'2001:db8::1/64'"],
    "cidr": ["'0.0.0.0/0'", "'192.0.2.0/24'", "'2001:db8::/32'"],
    "macaddr": ["'00:00:00:00:00:00'", "'08:00:2b:01:02:03'", "'ff:ff:ff:ff:ff:ff'"],
    "uuid": ["'00000000-0000-0000-0000-000000000000'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "md5('x')::uuid"],
    "pg_lsn": ["'0/0'", "'16/B374D848'", "'FFFFFFFF/FFFFFFFF'"],
    "xid": ["'0'", "'3'", "'4294967295'"],
    "xid8": ["'0'", "'4294967296'", "'18446744073709551615'"],
    "bytea": ["''", "'\\x00ff5c'", "decode({0} || {0}, 'hex')".format(LONG)],
    "jsonb": ["'null'", '\'{"a": [1.0, "%s", "{0}"]}\'', "'{}'", "to_jsonb({0})".format(LONG)],
    "json": ["'null'", '\'{"b":1,  "b":2}\'', "to_json({0})".format(LONG)],
    "time without time zone": ["'00:00'", "'23:59:59.999999'", "'24:00'"],
    "time with time zone": ["'00:00+15:59'", "'12:00+00'", "'13:00+01'", "'24:00-15:59'"],
    '"bit"': ["''", "B'0'", "B'00'", "B'101'", "repeat('10', 10000)::bit(20000)"],
    "bit varying": ["''", "B'0'", "B'00'", "B'101'", "repeat('10', 10000)::varbit"],
    "text[]": ['\'{NULL, "", "a,b\\\\\\\\"}\'', "'[0:1]={a,b}'", "ARRAY[{0}]".format(LONG)],
    # PostgreSQL 13 takes 100 and no more.
    "oidvector": ["''", "'1 2 4294967295'", "(SELECT string_agg(i::text, ' ') FROM generate_series(1, 100) AS i)"],
}

#: Those of which a column may have an array.
ELEMENTS = [name for name in VALUES if name not in ("json", '"bit"', "bit varying", "oidvector") and name[-1] != "]"]
for name in ELEMENTS:
    one, other = ("({0})::{1}".format(value, name) for value in VALUES[name][:2])
    arrays = ["'{}'", "ARRAY[{0}, NULL, {1}]".format(one, other), "ARRAY[[{0}], [{0}]]".format(other)]
    VALUES[name + "[]"] = [*VALUES.get(name + "[]", []), *arrays]

#: PostgreSQL 13 has no min() for these, but for "char", whose min() is a text.
WITHOUT_MINMAX = [
    *('"char"', "boolean", "macaddr", "uuid", "xid", "xid8", "bytea", "jsonb", "json", '"bit"', "bit varying", "xid[]")
]


def quoted(name: str) -> str:
    return '"{0}"'.format(name.replace('"', '""'))
