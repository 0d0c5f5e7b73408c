# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every type that a column may have, from a remote's source function into history and back, on every server."""

from __future__ import annotations

import re
from contextlib import closing
from itertools import cycle, islice
from typing import Any, Dict, Iterable, List, Set

import psycopg2
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import TYPE_NAMES, find_type
from column_values import VALUES, WITHOUT_MINMAX, quoted
from servers import Database, on_every_server

BOTH = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}

TURNS = 4

MINMAX = "powa_metric_types_history_record_minmax"

#: Two that are equal and look different.
EQUAL = [
    ("numeric", "1.0", "1.00"),
    ("numeric[]", "'{1.0}'", "'{1.00}'"),
    ("jsonb", "'[1.0]'", "'[1.00]'"),
    ("cidr", "'192.0.2.0/24'", "'192.0.2/24'"),
]

#: What GROUP BY can only hash, and what it can only sort.
MIXED = {
    "name": "key_mixed",
    "query": "SELECT '3'::xid AS k0, '{3}'::xid[] AS k1, B'101' AS k2, B'1'::bit varying AS k3, 1 AS n",
    "keys": [
        {"name": name, "type": of} for name, of in zip(("k0", "k1", "k2", "k3"), ("xid", "xid[]", "bit", "varbit"))
    ],
    "metrics": [{"name": "n", "type": "integer", "kind": "gauge"}],
}

#: The types of PostgreSQL's own that PoWA has in its record types and transient tables.
USED_BY_POWA = """
    SELECT DISTINCT format_type(a.atttypid, NULL)
    FROM pg_depend AS d
    JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'powa'
    JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
        OR d.classid = 'pg_type'::regclass AND c.reltype = d.objid
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_type AS element ON element.oid = t.typelem
    WHERE d.deptype = 'e' AND (c.relkind = 'c' OR c.relname ~ '_src_tmp$')
      AND t.typnamespace = 'pg_catalog'::regnamespace
    ORDER BY 1
"""


def keep(table: str, column_types: Dict[str, str], rows: List[Dict[str, str]]) -> str:
    """Return SQL that makes a table that the monitoring role reads, with columns of these types and these values."""
    columns = ", ".join("{0} {1}".format(quoted(name), kind) for name, kind in column_types.items())
    statements = ["CREATE TABLE {0} ({1})".format(table, columns), "GRANT SELECT ON {0} TO powa".format(table)]
    for row in rows:
        values = ", ".join("({0})::{1}".format(row[name], kind) for name, kind in column_types.items())
        statements.append("INSERT INTO {0} VALUES ({1})".format(table, values))
    return "; ".join(statements)


def aggregate(database: Database, srvid: int) -> None:
    """Have PoWA aggregate what it has."""
    database.sql("UPDATE powa_servers SET powa_coalesce = 5 WHERE id = %s", (srvid,))
    for _turn in range(5):
        database.take_snapshot(srvid)


@on_every_server
def test_every_type_is_kept_as_a_metric(database: Database) -> None:
    assert sorted(VALUES) == sorted(TYPE_NAMES)
    (srvid,) = database.register("one")
    columns = dict({"turn": "integer", "n": "integer"}, **{name: name for name in VALUES})
    kept = {name: list(islice(cycle(values), TURNS)) for name, values in VALUES.items()}
    rows = []
    for turn in range(TURNS):
        # Always a value, never one, and sometimes.
        for n, present in enumerate((True, False, turn % 2 == 1)):
            row = {"turn": str(turn), "n": str(n)}
            rows.append(dict(row, **{name: kept[name][turn] if present else "NULL" for name in VALUES}))
    database.sql(keep("originals", columns, rows))
    database.sql("CREATE TABLE now_is AS SELECT 0 AS turn")
    database.sql("GRANT SELECT ON now_is TO powa")
    database.ok(
        "datasources",
        datasources=[
            {
                "name": "metric_types",
                "query": "SELECT n, {0} FROM public.originals JOIN public.now_is USING (turn)".format(
                    ", ".join(map(quoted, VALUES))
                ),
                "keys": [{"name": "n", "type": "integer"}],
                "metrics": [{"name": name, "type": name, "kind": "gauge"} for name in VALUES],
            }
        ],
        **BOTH,
    )
    database.sql("UPDATE powa_servers SET powa_coalesce = 1000")
    for turn in range(TURNS):
        database.sql("UPDATE now_is SET turn = %s", (turn,))
        database.collect("metric_types", srvid)
        database.take_snapshot(srvid)

    def read(expression: str, rows: str, names: Iterable[str] = tuple(VALUES)) -> Dict[str, Any]:
        """Return an expression of each column, in the order of n."""
        expressions = ", ".join(expression.format(quoted(name)) for name in names)
        found = database.sql("SELECT {0} FROM {1} ORDER BY n".format(expressions, rows))
        return dict(zip(names, zip(*found)))

    def values(expression: str, rows: str) -> Dict[str, Any]:
        """Return the texts of the values in the order of time of each column."""
        return read("array_agg(({0})::text ORDER BY turn)".format(expression), rows + " GROUP BY n")

    originals = values("{0}", "originals")
    current = values("(record).{0}", "(SELECT *, (record).ts AS turn FROM powa_metric_types_history_current) AS h")
    assert current == originals
    aggregate(database, srvid)
    assert database.value("SELECT count(*) FROM powa_metric_types_history_current") == 0
    assert database.value("SELECT count(*) FROM powa_metric_types_history") == 3
    history = "(SELECT n, r.ts AS turn, r.* FROM powa_metric_types_history, unnest(records) AS r) AS h"
    assert values("{0}", history) == originals

    # A min() that the server has for each type of the record tells what the record is to say.
    least = database.sql("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 1", (MINMAX,))
    assert [name for (name,) in least] == [name for name in VALUES if name not in WITHOUT_MINMAX]
    names = [name for (name,) in least]
    for function, record in (("min", "mins_in_range"), ("max", "maxs_in_range")):
        wanted = read(function + "({0})::text", "originals GROUP BY n", names)
        assert read("((" + record + ").{0})::text", "powa_metric_types_history", names) == wanted


def slug(type_name: str) -> str:
    return "key_" + re.sub("[^a-z0-9]+", "_", type_name.replace("[]", "_many")).strip("_")


@on_every_server
def test_every_type_is_kept_as_a_key(database: Database) -> None:
    (srvid,) = database.register("one")
    types = [name for name in VALUES if name != "json"]
    tables = []
    for name in types:
        rows = [{"k": value, "n": str(n)} for n, value in enumerate([*VALUES[name], "NULL"])]
        tables.append(keep(slug(name), {"k": name, "n": "bigint"}, rows))
    database.sql("; ".join(tables))
    datasources = [
        {
            "name": slug(name),
            "query": "SELECT k, n FROM public.{0}".format(slug(name)),
            "keys": [{"name": "k", "type": name, "nullable": True}],
            "metrics": [{"name": "n", "type": "bigint", "kind": "gauge"}],
        }
        for name in types
    ]
    database.ok("datasources", datasources=[*datasources, MIXED], **BOTH)
    collect = "INSERT INTO powa_{0}_src_tmp SELECT {1}, s.* FROM powa_{0}_src(0) AS s"
    for _turn in range(2):
        database.sql("; ".join(collect.format(name, srvid) for name in ["key_mixed", *map(slug, types)]))
        database.take_snapshot(srvid)
    told = database.ok("server_info", server_kind=BOTH["server_kind"], monitoring_role="powa")
    recent = {entry["name"]: entry["servers"][0]["recent"] for entry in told["datasources"]}
    assert (recent["key_mixed"]["rows"], recent["key_mixed"]["duplicates"]) == (1, 0)
    assert recent["key_xid"]["rows"] == len(VALUES["xid"]) + 1 and recent["key_xid"]["duplicates"] == 0
    aggregate(database, srvid)

    def read(text: str) -> List[Any]:
        """Return the rows of all datasources of one statement for each."""
        return database.sql(" UNION ALL ".join(text.format(slug(name)) for name in types) + " ORDER BY 1, 2")

    wanted = read("SELECT '{0}', n, k::text, ARRAY[n, n] FROM {0}")
    assert wanted == read(
        "SELECT '{0}', (mins_in_range).n, k::text, (SELECT array_agg(r.n) FROM unnest(records) AS r)"
        " FROM powa_{0}_history"
    )
    assert not any(rows for _name, rows in read("SELECT '{0}', count(*) FROM powa_{0}_history_current"))


@on_every_server
def test_powa_itself_uses_no_other_type(database: Database) -> None:
    used = [name for (name,) in database.sql(USED_BY_POWA)]
    assert '"char"' in used and "bigint" in used
    assert [name for name in used if find_type(name) is None] == []


def works(cursor: Any, statement: str) -> bool:
    try:
        cursor.execute(statement)
    except psycopg2.Error:
        cursor.execute("ROLLBACK")
        return False
    return True


@on_every_server
def test_what_is_said_of_the_types_is_so(database: Database) -> None:
    types = [column_type for column_type in map(find_type, TYPE_NAMES) if column_type]
    oids = database.sql(
        "SELECT format_type(oid, -1), oid FROM pg_type WHERE oid = ANY (%s::oid[])", ([t.oid for t in types],)
    )
    assert sorted(oids) == sorted((column_type.name, column_type.oid) for column_type in types)

    values = {
        name: ", ".join("(({0})::{1})".format(value, name) for value in several[-2:])
        for name, several in VALUES.items()
    }

    def all_that(statement: str) -> Set[str]:
        """Return the types with which a statement works."""
        with closing(database.server.connect(database.name)) as connection, connection.cursor() as cursor:
            return {
                t.name
                for t in types
                if works(cursor, statement.format(t.name, hashed=t.hashed.format(name="k"), values=values[t.name]))
            }

    # Only values show that there is nothing to compare the elements of an array with.
    minmax = all_that("SELECT min(k), max(k) FROM (VALUES {values}) AS q (k)")
    grouped = all_that("SELECT k FROM (VALUES {values}) AS q (k) GROUP BY k")
    sorted_by = all_that("SELECT row_number() OVER (PARTITION BY k) FROM (VALUES {values}) AS q (k)")
    hashed = all_that("SELECT FROM (VALUES {values}) AS q (k), (VALUES ('1'::xid)) AS x (x) GROUP BY k, x")
    table = "BEGIN; CREATE TABLE t_t (k {0}); CREATE INDEX ON t_t USING gist ({1}); ROLLBACK"
    fixed = all_that(table.replace("{1}", "k")) & {
        name for (name,) in database.sql("SELECT format_type(oid, NULL) FROM pg_type WHERE typlen > 0")
    }
    assert {t.name for t in types if t.minmax} <= minmax
    assert {t.name for t in types if t.groupable} == grouped
    assert {t.name for t in types if t.groupable and t.sortable} == sorted_by
    assert {t.name for t in types if t.groupable and t.hashable} == hashed
    assert {t.name for t in types if t.fixed} <= fixed
    assert {t.name for t in types if t.groupable and not t.fixed} <= all_that(table.replace("{1}", "{hashed}"))
    assert set(WITHOUT_MINMAX) == {t.name for t in types if not t.minmax}
    if database.value("SELECT current_setting('server_version_num')::integer") < 140000:
        # Nothing is left out that the oldest server has.
        assert {t.name for t in types if t.minmax} == minmax - {'"char"'}
        assert {t.name for t in types if t.fixed} == fixed


@on_every_server
def test_equal_keys_have_the_same_hash(database: Database) -> None:
    for name, one, other in EQUAL:
        column_type = find_type(name)
        assert column_type
        text = "SELECT a = b, {0} = {1} FROM (SELECT {2}::{4}, {3}::{4}) AS q (a, b)"
        hashes = [column_type.hashed.format(name=column) for column in "ab"]
        assert database.sql(text.format(*hashes, one, other, name)) == [(True, True)]
    bytea = find_type("bytea")
    assert bytea
    hashed = "SELECT {0} FROM (SELECT set_config('bytea_output', '{1}', false), '\\xff'::bytea) AS q (setting, k)"
    hashes = [database.value(hashed.format(bytea.hashed.format(name="k"), output)) for output in ("hex", "escape")]
    assert hashes[0] == hashes[1]
