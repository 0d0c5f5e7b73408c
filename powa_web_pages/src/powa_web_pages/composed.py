# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of statements that depend on a datasource."""

from __future__ import annotations

from typing import Any, Dict

from psycopg2.sql import SQL, Composable, Identifier

from powa_web_pages import sql
from powa_web_pages.definitions import Datasource
from powa_web_pages.shown import Shown


def identifier(*names: str) -> Composable:
    """Return a name for a statement with bound values, where a bare percent sign would begin a parameter."""
    return Identifier(*(name.replace("%", "%%") for name in names))


def tables(datasource: Datasource) -> Dict[str, Composable]:
    """Return the tables of a datasource, and the range of time, under the names that statements have for them."""
    return {
        "history": identifier(datasource.schema, datasource.table("_history")),
        "current": identifier(datasource.schema, datasource.table("_history_current")),
        "range": SQL(sql.RANGE),
    }


def keys(datasource: Datasource) -> Dict[str, Composable]:
    """Return the hash and the values of the keys, under the names that statements have for them."""
    found: Dict[str, Composable] = {}
    for name, row in (("history", SQL("h")), ("current", SQL("c"))):
        columns = [SQL("{0}.{1}").format(row, identifier(key.name)) for key in datasource.keys]
        found["key_of_" + name] = SQL(sql.KEY).format(values=comma(columns)) if columns else SQL(sql.NO_KEY)
        values = [
            SQL(sql.DATABASE_VALUE if (key.name, key.type) == ("dbid", "oid") else sql.PLAIN_VALUE).format(
                row=row, column=identifier(key.name), schema=identifier(datasource.schema)
            )
            for key in datasource.keys
        ]
        found["values_of_" + name] = SQL(sql.KEY_VALUES).format(values=comma(values))
    return found


def current(datasource: Datasource, position: int) -> Composable:
    """Return a metric of a row of current history."""
    return SQL("(c.record).{0}").format(identifier(datasource.metrics[position].name))


def number(how: Shown, value: Composable) -> Composable:
    """Return a value as a number."""
    assert how.number is not None
    return SQL("({0})").format(SQL(how.number).format(value=value))


def named(value: Composable, name: str, position: int) -> Composable:
    """Return a column of a query."""
    return SQL("{0} AS {1}").format(value, identifier(name.format(position)))


def comma(parts: Any) -> Composable:
    """Return a list."""
    return SQL(", ").join(parts)
