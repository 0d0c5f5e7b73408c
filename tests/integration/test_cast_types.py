# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The types of PostgreSQL's own that a cast in the query turns into others, all of them, on every server."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions import types
from cast_values import ROWS, VALUES, kept_as, make_originals, originals, texts
from servers import Database, on_every_server
from test_types import aggregate

BOTH: Dict[str, Any] = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
#: No index has more than 32 columns, and so each type is a key of one of these many datasources.
PARTS = 4
#: What PostgreSQL itself has made, but for the rows of its catalogs.
OF_THIS_SERVER = """
    SELECT format_type(t.oid, -1), format_type(t.oid, NULL)
    FROM pg_type AS t
    LEFT JOIN pg_type AS element ON element.oid = t.typelem AND element.typarray = t.oid
    WHERE t.typnamespace = 'pg_catalog'::regnamespace AND coalesce(element.typtype, t.typtype) IN ('b', 'r', 'm')
    ORDER BY t.oid
"""


def datasource(columns: Dict[str, str], part: int, declare: Callable[[str], Optional[str]]) -> Dict[str, Any]:
    """Return a datasource in which a part of the columns are keys, with their types as that says."""
    declared = [{"name": name, "type": declare(of)} for name, of in columns.items()]
    keys = [dict(column, nullable=True) for column in declared[part::PARTS]]
    return {
        "name": "casts_{0}_{1}".format(part, "by_name" if declare(kept_as("")) else "left_out"),
        "query": "SELECT * FROM public.originals",
        "keys": [{"name": "n", "type": "integer"}, *keys],
        "metrics": [dict(column, kind="gauge") for place, column in enumerate(declared) if place % PARTS != part],
    }


def returned(datasource: Dict[str, Any]) -> Dict[str, Any]:
    columns = [*datasource["key_columns"], *datasource["metric_columns"]]
    return {column["name"]: (column["type"], column.get("cast_from")) for column in columns if column["name"] != "n"}


@on_every_server
def test_what_a_cast_makes_is_kept(database: Database) -> None:
    (srvid,) = database.register("one")
    columns = make_originals(database)
    # PostgreSQL 13 has no multiranges.
    assert len(columns) >= len(VALUES) - 12
    datasources = [
        datasource(columns, part, declare)
        for part in range(PARTS)
        for declare in (lambda name: None, lambda name: name)
    ]
    made = database.ok("datasources", datasources=datasources, **BOTH)
    expected = {name: (kept_as(of), of) for name, of in columns.items()}
    assert [returned(entry) for entry in made["datasources"]] == [expected] * len(datasources)
    assert not database.ok("datasources", datasources=datasources, **BOTH).changed

    for entry in datasources:
        database.collect(entry["name"], srvid)
    database.take_snapshot(srvid)
    wanted = originals(database, columns)
    kept = {name: kept_as(of) for name, of in columns.items()}
    names = [entry["name"] for entry in datasources]
    for name in names:
        assert texts(database, kept, "powa_{0}_get({1}, NULL, NULL)".format(name, srvid)) == wanted
    aggregate(database, srvid)
    for name in names:
        assert database.value("SELECT count(*) FROM powa_{0}_history_current".format(name)) == 0
        assert database.value("SELECT count(*) FROM powa_{0}_history".format(name)) == ROWS
        assert texts(database, kept, "powa_{0}_get({1}, NULL, NULL)".format(name, srvid)) == wanted


def test_there_are_values_of_every_type_that_has_a_name() -> None:
    scalars = [*types._BECOMES, *(name for name in types.TYPE_NAMES if not name.endswith("[]"))]
    named = [name.replace('"bit"', "bit") for scalar in scalars for name in (scalar, scalar + "[]")]
    assert sorted(VALUES) == sorted(name for name in named if types.find_type(name) is None)


@on_every_server
def test_every_type_that_postgresql_has_made_is_kept_or_cast(database: Database) -> None:
    found = {"c{0}".format(number): names for number, names in enumerate(database.sql(OF_THIS_SERVER))}
    nulls = ", ".join("NULL::{0} AS {1}".format(exact, column) for column, (exact, _name) in found.items())

    def described(declare: Callable[[str], Optional[str]]) -> Dict[str, Any]:
        metrics: List[Dict[str, Any]] = [
            {"name": column, "type": declare(name)} for column, (_type, name) in found.items()
        ]
        one: Dict[str, Any] = {"name": "nothing", "query": "SELECT " + nulls, "metrics": metrics}
        (answer,) = database.ok("datasources", check=True, datasources=[one], **BOTH)["datasources"]
        return returned(answer)

    expected = {
        column: (exact, None) if exact in types.TYPE_NAMES else (kept_as(name), name)
        for column, (exact, name) in found.items()
    }
    assert described(lambda name: None) == expected
    cast = [name for _kept, name in expected.values() if name]
    # What nobody would name takes its schema.
    unnamed = [name for name in cast if name not in VALUES]
    assert 0 < len(unnamed) < 20 and not any(map(types.declared_type, unnamed))
    assert described(lambda name: "pg_catalog." + name if name in unnamed else name) == expected
