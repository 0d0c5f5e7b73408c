# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module transient_tables, in the order: check, plain SQL, run, plain SQL, run again, plain SQL."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from datasources import COMMITS
from handwritten import TRACK_SOURCES, columns, statements, write_by_hand
from servers import Database

ROLE = {"collector_role": "powa_collector"}
MADE = [
    ("srvid", "integer", True),
    ("ts", "timestamp with time zone", False),
    ("state", "text", False),
    ("Orders %", "bigint", False),
]
MARK = "pgfleet.powa transient table of public.app_orders_src"


def entry(query_source: str = "app_orders_src", **more: Any) -> List[Dict[str, Any]]:
    return [dict(query_source=query_source, **more)]


def facts(database: Database, table: str = "app_orders_src_tmp") -> Any:
    """Return persistence and comment."""
    return database.sql(
        "SELECT relpersistence, obj_description(oid, 'pg_class') FROM pg_class WHERE oid = to_regclass(%s)", (table,)
    )


def may_write(database: Database, table: str = "app_orders_src_tmp") -> bool:
    """Whether the role that takes snapshots may."""
    role = (
        "powa_collector"
        if database.powa == "4"
        else database.value("SELECT rolname FROM powa_roles WHERE powa_role = 'powa_snapshot'")
    )
    return bool(database.value("SELECT has_table_privilege(%s, %s, 'INSERT, DELETE')", (role, table)))


def test_it_is_made_as_the_collector_wants_it_and_repaired(database: Database) -> None:
    write_by_hand(database, "app_orders")
    before = database.dump()
    assert database.ok("transient_tables", check=True, tables=entry(), **ROLE).changed
    assert database.dump() == before

    result = database.ok("transient_tables", tables=entry(), **ROLE)
    assert result["changes"] == ["create table public.app_orders_src_tmp"]
    assert columns(database, "app_orders_src_tmp") == MADE
    assert facts(database) == [("u", MARK)]
    assert may_write(database)
    assert not database.value("SELECT has_table_privilege('nobody_special', 'app_orders_src_tmp', 'SELECT')")
    # What the collector runs.
    database.sql("INSERT INTO app_orders_src_tmp SELECT 1, * FROM app_orders_src(0)")
    assert database.value("SELECT count(*) FROM app_orders_src(1)") == 1

    before = database.dump()
    assert not database.ok("transient_tables", tables=entry(), **ROLE).changed
    assert database.dump() == before

    for damage in (
        "ALTER TABLE app_orders_src_tmp SET LOGGED",
        "ALTER TABLE app_orders_src_tmp ALTER srvid DROP NOT NULL",
        "REVOKE ALL ON app_orders_src_tmp FROM powa_collector, pg_read_all_stats"
        if database.powa == "4"
        else "REVOKE INSERT ON app_orders_src_tmp FROM powa_snapshot",
        "DROP TABLE app_orders_src_tmp",
    ):
        database.sql(damage)
        assert database.ok("transient_tables", tables=entry(), **ROLE).changed, damage
        assert (columns(database, "app_orders_src_tmp"), facts(database)) == (MADE, [("u", MARK)])
        assert may_write(database)


RESULTS = {
    "RETURNS TABLE": (
        "RETURNS TABLE (ts timestamptz, n numeric)",
        [("ts", "timestamp with time zone"), ("n", "numeric")],
    ),
    "a table": ("RETURNS SETOF shape", [("a", "character varying(10)"), ('q"uote', '"Sch".mood'), ("c", "integer[]")]),
    "a type": ("RETURNS SETOF composite", [("x", "integer"), ("y", "text")]),
    "a plain type": ("RETURNS SETOF bigint", [("app_src", "bigint")]),
    "one OUT": ("OUT n bigint", [("n", "bigint")]),
    "one OUT of a composite": ("OUT n composite", [("x", "integer"), ("y", "text")]),
    "no names": ("OUT integer, OUT text", [("column1", "integer"), ("column2", "text")]),
    "INOUT": ("INOUT", [("number", "integer"), ("d", "date")]),
    "a domain": ("RETURNS TABLE (d positive, e text)", [("d", "positive"), ("e", "text")]),
}


@pytest.mark.parametrize("shape", sorted(RESULTS))
def test_the_columns_of_any_result(database: Database, shape: str) -> None:
    database.sql('CREATE SCHEMA "Sch"')
    database.sql("CREATE TYPE \"Sch\".mood AS ENUM ('good')")
    database.sql("CREATE DOMAIN positive AS integer CHECK (VALUE > 0)")
    database.sql("CREATE TYPE composite AS (x integer, y text)")
    database.sql('CREATE TABLE shape (gone text, a varchar(10), "q""uote" "Sch".mood, c integer[])')
    database.sql("ALTER TABLE shape DROP gone")
    text, expected = RESULTS[shape]
    head = {
        "OUT": "app_src(integer, {0})",
        "RET": "app_src(integer) {0}",
        "INO": "app_src(INOUT number integer, OUT d date)",
    }
    database.sql(
        "CREATE FUNCTION {0} LANGUAGE plpgsql AS 'BEGIN RETURN; END'".format(head[text[:3]].format(text))
        if "SETOF" in text or "TABLE" in text
        else "CREATE FUNCTION {0} LANGUAGE plpgsql AS 'BEGIN END'".format(head[text[:3]].format(text))
    )
    # Another function of that name does not count.
    database.sql("CREATE FUNCTION app_src(text) RETURNS void LANGUAGE sql AS ''")
    database.ok("transient_tables", tables=entry("app_src"))
    made = columns(database, "app_src_tmp")
    assert made[0] == ("srvid", "integer", True)
    assert [(name, type_text.replace("public.", "")) for name, type_text, _not_null in made[1:]] == expected
    # The server's own description of what the collector copies.
    database.sql("CREATE TABLE described AS SELECT 1 AS srvid, * FROM app_src(0) LIMIT 0")
    assert [column[:2] for column in columns(database, "described")] == [column[:2] for column in made]
    assert not database.ok("transient_tables", tables=entry("app_src")).changed


def test_other_columns_are_taken_over_with_the_rows(database: Database) -> None:
    write_by_hand(database, "app_orders")
    database.ok("transient_tables", tables=entry(), **ROLE)
    database.sql("GRANT SELECT ON app_orders_src_tmp TO nobody_special, PUBLIC")
    database.sql("INSERT INTO app_orders_src_tmp VALUES (3, '2026-01-01', 'kept', 5)")
    database.sql("DROP FUNCTION app_orders_src(integer)")
    database.sql(
        'CREATE FUNCTION app_orders_src(_srvid integer) RETURNS TABLE (state text, added integer, "Orders %" numeric)'
        " LANGUAGE sql AS 'SELECT NULL::text, 1, 1.0'"
    )
    before = database.dump()
    checked = database.ok("transient_tables", check=True, tables=entry(), **ROLE)
    assert database.dump() == before
    assert "    Orders % bigint\n" in checked.diff["before"] and "    Orders % numeric\n" in checked.diff["after"]
    assert checked["changes"] == ["change table public.app_orders_src_tmp"]

    assert database.ok("transient_tables", tables=entry(), **ROLE).diff == checked.diff
    assert [column[:2] for column in columns(database, "app_orders_src_tmp")] == [
        ("srvid", "integer"),
        ("state", "text"),
        ("added", "integer"),
        ("Orders %", "numeric"),
    ]
    assert database.sql("SELECT * FROM app_orders_src_tmp") == [(3, "kept", None, None)]
    assert database.value("SELECT has_table_privilege('nobody_special', 'app_orders_src_tmp', 'SELECT')")
    assert facts(database) == [("u", MARK)] and may_write(database)
    assert database.value("SELECT count(*) FROM pg_class WHERE relname LIKE 'pgfleet%'") == 0
    assert not database.ok("transient_tables", tables=entry(), **ROLE).changed


def test_a_table_of_others_is_left_alone_adopted_or_refused(database: Database) -> None:
    write_by_hand(database, "app_orders")
    database.sql('CREATE TABLE app_orders_src_tmp (srvid integer, ts timestamptz, state text, "Orders %" bigint)')
    before = database.dump()
    assert not database.ok("transient_tables", tables=entry()).changed
    assert database.dump() == before

    checked = database.ok("transient_tables", check=True, tables=entry(adopt=True), **ROLE)
    assert checked.changed and database.dump() == before
    assert database.ok("transient_tables", tables=entry(adopt=True), **ROLE).diff == checked.diff
    assert facts(database) == [("u", MARK)] and columns(database, "app_orders_src_tmp") == MADE
    assert not database.ok("transient_tables", tables=entry(adopt=True), **ROLE).changed

    # A key that somebody has added to the table stays.
    database.sql("ALTER TABLE app_orders_src_tmp ADD FOREIGN KEY (srvid) REFERENCES powa_servers ON DELETE CASCADE")
    assert not database.ok("transient_tables", tables=entry(adopt=True), **ROLE).changed

    database.sql("DROP TABLE app_orders_src_tmp")
    database.sql("CREATE TABLE app_orders_src_tmp (srvid integer, mine text)")
    for adopt in (False, True):
        message = database.refused("transient_tables", tables=entry(adopt=adopt), **ROLE)
        assert "has no mark of this module and has the columns (srvid integer, mine text)" in message
        assert "change or drop the table" in message


def test_only_an_unlogged_table_with_the_mark_is_dropped(database: Database) -> None:
    write_by_hand(database, "app_orders")
    gone = entry(state="absent")
    database.sql("CREATE UNLOGGED TABLE app_orders_src_tmp (srvid integer)")
    assert "this module drops only tables that it made" in database.refused("transient_tables", tables=gone)
    database.sql("DROP TABLE app_orders_src_tmp")

    database.ok("transient_tables", tables=entry())
    database.sql("ALTER TABLE app_orders_src_tmp SET LOGGED")
    assert "is logged, so someone keeps data in it" in database.refused("transient_tables", tables=gone)
    database.ok("transient_tables", tables=entry())

    database.sql("CREATE VIEW watching AS SELECT * FROM app_orders_src_tmp")
    database.sql("CREATE FUNCTION taking(app_orders_src_tmp) RETURNS void LANGUAGE sql AS ''")
    message = database.refused("transient_tables", tables=gone)
    assert "table public.app_orders_src_tmp: view public.watching depends on it" in message
    assert ": function public.taking(public.app_orders_src_tmp) depends on it" in message
    database.sql("DROP VIEW watching")
    database.sql("DROP FUNCTION taking")

    database.ok(
        "functions",
        datasources=[
            {
                "name": "elsewhere",
                "functions": [
                    {
                        "operation": "snapshot",
                        "function_name": "app_orders_snapshot",
                        "query_source": "app_orders_src",
                    }
                ],
                "servers": ["local"],
            }
        ],
    )
    message = database.refused("transient_tables", tables=gone)
    assert "the datasource elsewhere is registered with this query_source" in message
    database.ok("functions", datasources=[{"name": "elsewhere", "state": "absent"}])

    database.sql("DROP FUNCTION app_orders_src(integer)")
    assert database.ok("transient_tables", check=True, tables=gone).changed
    assert facts(database) != []
    database.ok("transient_tables", tables=gone)
    assert facts(database) == []
    assert not database.ok("transient_tables", tables=gone).changed


def test_those_of_an_extension_stay_with_it(database: Database) -> None:
    options = {} if database.powa == "4" else {"schema": "track"}
    if options:
        database.sql("CREATE SCHEMA track")
    database.sql("CREATE EXTENSION pg_track_settings" + (" SCHEMA track" if options else ""))
    before = database.dump()
    tables = [dict(options, query_source=source) for source in TRACK_SOURCES]
    assert not database.ok("transient_tables", tables=tables).changed
    assert database.dump() == before
    for more, words in (
        (
            {"adopt": True},
            "belongs to the extension pg_track_settings, which maintains it",
        ),
        (
            {"state": "absent"},
            "belongs to the extension pg_track_settings, and this module drops only tables that it made",
        ),
    ):
        assert words in database.refused("transient_tables", tables=[dict(tables[0], **more)])
    if options:
        assert "but one in schema track: give that schema" in database.refused(
            "transient_tables", tables=entry(TRACK_SOURCES[0])
        )


#: (entry, statement before it, words that the message has to say)
BAD = [
    (entry(""), "", 'table of "number 1 of the list", query_source: it is empty'),
    (entry("App-Src"), "", 'query_source: found "App-Src", expected lower-case letters'),
    (entry("x" * 60), "", "with _tmp at its end it has 64 characters, and PostgreSQL allows 63"),
    (entry() + entry(), "", "query_source: number 1 of the list has the same"),
    (entry() + entry(schema="public"), "", "this is public.app_orders_src, which the list has already"),
    (entry(schema=""), "", "schema: it is empty or contains a zero byte"),
    (entry(schema="pg_toast"), "", 'schema: found "pg_toast"'),
    (entry(state="absent", adopt=True), "", 'adopt: found true with state "absent"'),
    (entry("nix"), "", "found no function public.nix(integer), nor one in any other schema"),
    (entry("app_src"), "CREATE FUNCTION app_src(text) RETURNS TABLE (a int) LANGUAGE sql AS 'SELECT 1'", "no function"),
    (
        entry("app_src"),
        "CREATE FUNCTION app_src(int) RETURNS void LANGUAGE sql AS ''",
        "returns void, which has no columns",
    ),
    (
        entry("app_src"),
        "CREATE FUNCTION app_src(int) RETURNS SETOF record LANGUAGE sql AS 'SELECT 1, 2'",
        "returns record, which has no columns: declare them as OUT parameters",
    ),
    (
        entry("app_src"),
        "CREATE FUNCTION app_src(int) RETURNS TABLE (srvid int, n int) LANGUAGE sql AS 'SELECT 1, 2'",
        'returns a column "srvid", which is the first column of the transient table',
    ),
    (
        entry("app_src"),
        "CREATE FUNCTION app_src(int) RETURNS TABLE (ctid int, n int) LANGUAGE sql AS 'SELECT 1, 2'",
        'returns a column "ctid", which is a column of every table',
    ),
    (entry(), "CREATE VIEW app_orders_src_tmp AS SELECT 1 AS srvid", "exists, but is not a plain table"),
]


@pytest.mark.parametrize(("tables", "statement", "words"), BAD, ids=[words for _tables, _statement, words in BAD])
def test_what_is_wrong_is_refused(database: Database, tables: Any, statement: str, words: str) -> None:
    write_by_hand(database, "app_orders", "app_invoices")
    if statement:
        database.sql(statement)
    assert words in database.refused("transient_tables", tables=entry("app_invoices_src") + tables, **ROLE).replace(
        "number 2 of the list", "number 1 of the list"
    )


def test_an_unknown_role_and_a_declared_datasource_are_refused(database: Database) -> None:
    write_by_hand(database, "app_orders")
    message = database.refused("transient_tables", tables=entry(), collector_role="nix")
    assert 'collector_role: role "nix" does not exist' in message
    assert "zero byte" in database.refused("transient_tables", tables=entry(), collector_role="n\0")
    database.ok("datasources", server_kind=["repository"], datasources=[COMMITS])
    message = database.refused("transient_tables", tables=entry("powa_commits_src", adopt=True))
    assert "belongs to a datasource of the module pgfleet.powa.datasources" in message
    message = database.refused("transient_tables", tables=entry("powa_commits_src", state="absent"))
    assert "belongs to a datasource of the module pgfleet.powa.datasources" in message


def test_all_problems_are_reported_at_once(database: Database) -> None:
    result = database.run("transient_tables", tables=entry("One") + entry("two") + entry("three"), collector_role="nix")
    assert result.failed and len(result["problems"]) == 4 and "4 problems in the transient tables" in result["msg"]


def test_a_run_without_changes_sends_as_many_statements_for_many_tables(database: Database) -> None:
    names = ["app_{0}".format(number) for number in range(20)]
    write_by_hand(database, *names)
    tables = [dict(query_source=name + "_src") for name in names]
    one, many = (statements(database, "transient_tables", tables=chosen, **ROLE) for chosen in (tables[:1], tables))
    assert 0 < one == many
