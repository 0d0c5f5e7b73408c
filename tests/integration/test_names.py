# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generated functions call nothing that somebody else has made, even if it fits better and is found first."""

from __future__ import annotations

import re
from contextlib import closing
from itertools import product
from typing import Any, Dict, List, Set, Tuple

import psycopg2
import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import TYPE_NAMES
from servers import SUITES, Database
from test_rates import COUNTERS

pytestmark = pytest.mark.parametrize(
    "server", sorted([*SUITES, "4-pg13"]), ids="powa{0}".format, indirect=True, scope="session"
)

EVERY_KIND = {"server_kind": ["repository", "remote", "local"], "monitoring_role": "powa"}
#: An index has no more columns than these, the server and the range.
LEFT_OUT = "\\[]|json$|smallint|bit v|character v"
KEYS = ["text[]", "xid[]", *(name for name in TYPE_NAMES if not re.match(".*({0})".format(LEFT_OUT), name))]
COLUMNS = [("k{0}".format(number), name) for number, name in enumerate(KEYS)]
COLUMNS += [("m{0}".format(number), name) for number, name in enumerate(TYPE_NAMES)]
QUERY = "SELECT " + ", ".join("NULL::{1} AS {0}".format(*column) for column in COLUMNS)
EVERY_TYPE: Dict[str, Any] = {
    "name": "types",
    "queries": [{"query": QUERY}, {"min_version": 180000, "query": QUERY}],
    "query_cleanup": "SELECT 1",
    "keys": [{"name": name, "type": of, "nullable": True} for name, of in COLUMNS if name[0] == "k"],
    "metrics": [{"name": name, "type": of} for name, of in COLUMNS if name[0] == "m"],
}

#: Types that meet others in one expression.
MIXED = (
    "integer",
    "bigint",
    "numeric",
    "double precision",
    "interval",
    "text",
    "timestamp with time zone",
    "tstzrange",
)
OURS = ("powa_types_history_record", "powa_types_history_record[]", "powa_types_history_current", "record", "name")
#: Words that the grammar itself knows, with a parenthesis after them.
SYNTAX = {
    "row",
    "operator",
    "in",
    "as",
    "values",
    "and",
    "or",
    "exists",
    "by",
    "over",
    "coalesce",
    "then",
    "when",
    "from",
}
#: Types that only the grammar knows by these names.
KEYWORDS = {"smallint", "integer", "bigint", "real", "numeric", "boolean", "interval"}
#: What our functions would call without a schema. They fail wherever impostors are found at all.
NAIVE = [
    "SELECT pg_catalog.now() <@ pg_catalog.tstzrange(NULL, NULL)",
    "SELECT 1::numeric / 2::bigint",
    "SELECT array_agg('x'::pg_catalog.text)",
]
TRAP = "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'an impostor was called'; END $$"


def bodies(database: Database) -> str:
    """Return all that our functions have, without comments and what is quoted."""
    texts = database.sql("SELECT prosrc FROM pg_proc WHERE proname ~ '^powa_types_'")
    text = "\n".join(body for (body,) in texts)
    text = re.sub(r"\$(\w+)\$.*?\$\1\$", " ", text, flags=re.DOTALL)
    return re.sub(r"--[^\n]*|'[^']*'|\"[^\"]*\"", " ", text)


def operators(text: str) -> Set[str]:
    found = set(re.findall(r"[-+*/<>=~!@#%^&|`?]+", text))
    assert {"=", "<", ">", "-", "/", "<@", "&&", "<>"} <= found
    return found - {"=>"}


def functions(text: str) -> Set[str]:
    found = {name.lower() for name in re.findall(r"\b([a-z_]+)\s*\(", text, flags=re.IGNORECASE)}
    assert {
        "min",
        "max",
        "lag",
        "unnest",
        "tstzrange",
        "array_agg",
        "now",
        "upper",
        "current_setting",
        "scale",
    } <= found
    return {name for name in found if not name.startswith("powa_")} - SYNTAX


def planted(database: Database) -> List[str]:
    """Return the statements that plant an impostor for everything that our functions use, of exactly its types."""
    text = bodies(database)
    pairs = {*product(MIXED, MIXED), *((name, name) for name in TYPE_NAMES)}
    statements = ["CREATE FUNCTION public.trap({0}, {1}) RETURNS boolean {2}".format(*pair, TRAP) for pair in pairs]
    statements += [
        "CREATE OPERATOR public.{0} (LEFTARG = {1}, RIGHTARG = {2}, FUNCTION = public.trap)".format(symbol, *pair)
        for symbol in operators(text)
        for pair in pairs
    ]
    arguments: List[Tuple[str, ...]] = [(), *((name,) for name in {*TYPE_NAMES, *MIXED, *OURS} if name != "record")]
    arguments += [pair for pair in product(MIXED, MIXED) if pair[0] != pair[1] or pair[0] == "timestamp with time zone"]
    arguments += [("numeric", "integer"), ("bytea", "text"), ("timestamp with time zone",) * 2 + ("text",)]
    for name in sorted(functions(text)):
        for types in dict.fromkeys(arguments):
            if name in ("min", "max") and len(types) == 1:
                continue
            statements.append(
                "CREATE FUNCTION public.{0}({1}) RETURNS boolean {2}".format(name, ", ".join(types), TRAP)
            )
    for name, of in product(("min", "max"), [*TYPE_NAMES, "tstzrange"]):
        state = "CREATE FUNCTION public.{0}_state(boolean, {1}) RETURNS boolean {2}".format(name, of, TRAP)
        statements += [
            state,
            "CREATE AGGREGATE public.{0}({1}) (SFUNC = public.{0}_state, STYPE = boolean)".format(name, of),
        ]
    # The grammar itself knows the other types.
    own = [name for name in [*TYPE_NAMES, "tstzrange"] if re.match(r"[a-z_0-9]+\Z", name) and name not in KEYWORDS]
    return statements + ["CREATE DOMAIN public.{0} AS integer CHECK (false)".format(name) for name in own]


def results(cursor: Any, srvid: int) -> List[Any]:
    found = []
    for function in ("get", "rate"):
        cursor.execute(
            "SELECT r::pg_catalog.text FROM public.powa_types_{0}(%s, NULL, NULL) AS r".format(function), (srvid,)
        )
        found.append(sorted(cursor.fetchall()))
        assert len(found[-1]) == 2
    return found


def everything(cursor: Any, srvid: int) -> List[Any]:
    """Call all functions of the datasource, and return what is read back before and after samples are aggregated."""
    cursor.execute("SELECT public.powa_types_snapshot(%s)", (srvid,))
    found = results(cursor, srvid)
    cursor.execute("SELECT public.powa_types_aggregate(%s)", (srvid,))
    found += results(cursor, srvid)
    cursor.execute("SELECT public.powa_types_purge(%s), public.powa_types_reset(%s)", (srvid, srvid))
    return found


def samples(database: Database, srvid: int) -> None:
    """Have the collector copy two samples with a value of every type that grows."""
    of = {name: COUNTERS.get(of) for name, of in COLUMNS if name[0] == "m"}
    for turn in range(2):
        values = [(case and case[turn]) for case in of.values()]
        database.sql(
            "INSERT INTO powa_types_src_tmp (srvid, ts, {0}) VALUES (%s, %s{1})".format(
                ", ".join(of), ", %s" * len(of)
            ),
            (srvid, "2026-01-01 00:00:{0}0+00".format(turn), *values),
        )


def test_no_impostor_is_called(database: Database) -> None:
    (srvid,) = database.register("one")
    database.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    database.ok("datasources", datasources=[EVERY_TYPE], **EVERY_KIND)
    database.sql("UPDATE powa_servers SET retention = '1 day' WHERE id = %s", (srvid,))
    # PoWA's own columns have no types of ours.
    statements = planted(database)
    samples(database, srvid)
    with closing(database.server.connect(database.name)) as connection, connection.cursor() as cursor:
        before = everything(cursor, srvid)
    database.sql(";\n".join(statements))
    for path in ('"$user", public', "public, pg_catalog"):
        with closing(database.server.connect(database.name)) as connection, connection.cursor() as cursor:
            cursor.execute("SET search_path = " + path)
            for naive in NAIVE:
                with pytest.raises(psycopg2.Error, match="an impostor was called"):
                    cursor.execute(naive)
            samples(database, srvid)
            assert everything(cursor, srvid) == before
            # In local mode, with the query and its cleanup.
            cursor.execute("SELECT public.powa_types_snapshot(0)")
            cursor.execute("SELECT pg_catalog.count(*) FROM public.powa_types_get(0, NULL, NULL)")
            assert cursor.fetchone() == (1,)
            cursor.execute(
                "SELECT public.powa_types_aggregate(0), public.powa_types_purge(0), public.powa_types_reset(0)"
            )
            cursor.execute("SELECT pg_catalog.count(*) FROM public.powa_types_src(0)")
            assert cursor.fetchone() == (1,)
            if database.powa == "4":
                cursor.execute("SELECT public.powa_types_unregister(0)")
                connection.rollback()
