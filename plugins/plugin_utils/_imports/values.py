# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of values, and SQL that makes numbers of them.

An exporter turns whatever a query returns into a number, a time into seconds since 1970. PoWA keeps it as it is, and
draws only numbers.
"""

from __future__ import annotations

#: C(XID) is a number that is none for PostgreSQL, also an C(oid). C(TEXT) is also what one best keeps as a text, such
#: as an address. C(UNKNOWN) is whatever only the server knows, and C(ASSUMED) most likely a number. C(EXTRACTED) is a
#: number that C(extract) returns: C(numeric), and before PostgreSQL 14 C(double precision). Two of C(DATE) differ by a
#: number, and two of C(TIME) by an C(INTERVAL).
NUMBER, ASSUMED, EXTRACTED, BOOLEAN, LSN = "number", "assumed", "extracted", "boolean", "lsn"
TIME, DATE, INTERVAL, TEXT, XID, UNKNOWN = "time", "date", "interval", "text", "xid", ""
MOMENTS = (TIME, DATE)
#: What the number counts that SQL makes of a value. Seconds since 1970 have no unit that anybody could read.
UNITS = {INTERVAL: "s", LSN: "bytes", **dict.fromkeys(MOMENTS, "")}
_NUMBER_TEXT = r"^\s*(?:[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|Infinity)|NaN)\s*$"


def number_sql(expression: str, value: str) -> str:
    """Return SQL of a number, as an exporter makes one of a value. One that is no number becomes NULL."""
    if value in (*MOMENTS, INTERVAL):
        return "extract(epoch FROM {0})::double precision".format(expression)
    if value == EXTRACTED:
        # Remotes of all versions are to return the same type.
        return "{0}::double precision".format(expression)
    if value == XID:
        return "{0}::text::bigint".format(expression)
    if value == TEXT:
        return "substring({0}::text FROM '{1}')::double precision".format(expression, _NUMBER_TEXT)
    return expression


def float_sql(expression: str, value: str) -> str:
    """Return SQL of a C(double precision), of a value of any type."""
    if value in (NUMBER, XID):
        return "{0}::double precision".format(number_sql(expression, value))
    if value == LSN:
        return "({0} - '0/0'::pg_lsn)::double precision".format(expression)
    if value in (UNKNOWN, ASSUMED, BOOLEAN):
        return "CASE {0}::text WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE {1} END".format(
            expression, number_sql(expression, TEXT)
        )
    return number_sql(expression, value)
