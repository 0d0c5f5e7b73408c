# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A declared datasource takes the place of a hand-written one, and its history along."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from handwritten import APP_ORDERS, registered, with_transient_tables
from servers import Database

SIDE = {"server_kind": ["repository"]}

ORDERS: Dict[str, Any] = {
    "name": "app_orders",
    "query": """SELECT 'open' AS state, 7::bigint AS "Orders %", 1::bigint AS open_for""",
    "keys": [{"name": "state", "type": "text"}],
    "metrics": [
        {"name": "Orders %", "type": "bigint", "kind": "gauge"},
        {"name": "open_for", "type": "bigint", "kind": "gauge"},
    ],
    "adopt": True,
}

#: What PoWA's documentation has people write, with PoWA's own form of history.
BY_HAND = """
    CREATE TYPE my_record AS (ts timestamptz, my_counter integer, note varchar(9));
    CREATE TABLE my_history (srvid integer NOT NULL, coalesce_range tstzrange NOT NULL, name text,
        records my_record[] NOT NULL, mins_in_range my_record NOT NULL, maxs_in_range my_record NOT NULL);
    CREATE TABLE my_history_current (srvid integer NOT NULL, name text, record my_record NOT NULL);
    INSERT INTO my_history
    SELECT {srvid}, tstzrange(min((r).ts), max((r).ts), '[]'), 'x', array_agg(r), (array_agg(r))[1], (array_agg(r))[1]
    FROM (
        SELECT n / 3 AS part, ROW('2026-01-01'::timestamptz + n * interval '1 hour', n, 'n' || n)::my_record AS r
        FROM generate_series(0, 8) AS n
    ) AS s
    GROUP BY part;
    INSERT INTO my_history_current
    VALUES ({srvid}, 'x', ROW('2026-01-02', 9, NULL)), ({srvid}, 'y', ROW('2026-01-02', 0, 'new'))
"""

MINE: Dict[str, Any] = {
    "name": "mine",
    "query": "SELECT 'x' AS name, 1::bigint AS my_counter, 'n'::text AS note",
    "keys": [{"name": "name", "type": "text"}],
    "metrics": [{"name": "my_counter", "type": "bigint"}, {"name": "note", "type": "text"}],
    "adopt": True,
    "adopt_history": "my_history",
}


def declare(database: Database, *datasources: Dict[str, Any], check: bool = False) -> Any:
    return database.ok("datasources", check=check, datasources=list(datasources), **SIDE)


def refused(database: Database, *datasources: Dict[str, Any]) -> str:
    return database.refused("datasources", datasources=list(datasources), **SIDE)


def warned(result: Any) -> str:
    return str(result.get("warnings") or "")


def rows_of(database: Database, table: str) -> List[Any]:
    return database.sql("SELECT t::text FROM {0} AS t ORDER BY 1".format(table))


@pytest.fixture
def by_hand(database: Database) -> Database:
    """A hand-written datasource that is registered, with history of 250 samples, and some nobody can take."""
    (srvid,) = database.register("one")
    with_transient_tables(database, "app_orders")
    database.ok("functions", datasources=[APP_ORDERS])
    database.sql(
        "INSERT INTO app_orders_history SELECT %s, '2026-01-01'::timestamptz + n * interval '1 minute',"
        " CASE n %% 2 WHEN 0 THEN 'open' ELSE 'late' END, n FROM generate_series(1, 250) AS n",
        (srvid,),
    )
    return database


def test_a_plain_table_is_taken_along(by_hand: Database) -> None:
    srvid = by_hand.value("SELECT id FROM powa_servers WHERE alias = 'one'")
    by_hand.sql("INSERT INTO app_orders_history VALUES (77, now(), 'gone', 1), (%s, NULL, 'open', 1)", (srvid,))
    kept = rows_of(by_hand, "app_orders_history")
    taken = dict(ORDERS, adopt_history="app_orders_history")
    before = by_hand.dump()
    checked = declare(by_hand, taken, check=True)
    assert by_hand.dump() == before
    result = declare(by_hand, taken)
    assert result.diff == checked.diff and result["hazards"] == checked["hazards"]
    assert "change history of table public.app_orders_history" in result["changes"]
    (hazard,) = [entry for entry in result["hazards"] if entry["object"] == "table public.app_orders_history"]
    assert (hazard["effect"], hazard["lock"]) == ("read", "SHARE") and hazard["size"] > 0
    assert "1 samples without a time, and those of servers that are not registered (77), stay in" in warned(result)
    assert "the history of the functions" not in warned(result)
    # Every sample, by name, and what the old one does not have is NULL.
    assert (
        by_hand.value(
            'SELECT count(*) FROM ((SELECT srvid, ts, state, "Orders %%", NULL::bigint FROM app_orders_history'
            " WHERE srvid = %s AND ts IS NOT NULL) EXCEPT ALL"
            ' SELECT %s, ts, state, "Orders %%", open_for FROM powa_app_orders_get(%s, NULL, NULL)) AS s',
            (srvid, srvid, srvid),
        )
        == 0
    )
    assert by_hand.value("SELECT count(*) FROM powa_app_orders_get(%s, NULL, NULL)", (srvid,)) == 250
    # In parts, so that PoWA can purge it, with their extremes.
    assert by_hand.sql(
        'SELECT state, cardinality(records), (mins_in_range)."Orders %", (maxs_in_range)."Orders %",'
        " coalesce_range = tstzrange((mins_in_range).ts, (maxs_in_range).ts, '[]') FROM powa_app_orders_history"
        " ORDER BY 1, 3"
    ) == [
        ("late", 100, 1, 199, True),
        ("late", 25, 201, 249, True),
        ("open", 100, 2, 200, True),
        ("open", 25, 202, 250, True),
    ]
    assert {row[2] for row in registered(by_hand, "app_orders")} & {"app_orders_snapshot", "app_orders_purge"} == set()
    # Nothing happens to the old table, and it is taken once.
    assert rows_of(by_hand, "app_orders_history") == kept
    again = declare(by_hand, taken)
    assert not again.changed and again.diff == {"before": "", "after": ""} and not warned(again)
    assert not declare(by_hand, {name: value for name, value in ORDERS.items() if name != "adopt"}).changed
    by_hand.sql("DROP TABLE app_orders_history")
    assert not declare(by_hand, taken).changed
    info = by_hand.ok("server_info", collector_timeout=0)
    assert [entry["drift"] for entry in info["datasources"]] == [[]]


def test_without_the_option_the_task_says_where_the_history_stays(by_hand: Database) -> None:
    for check in (True, False):
        result = declare(by_hand, ORDERS, check=check)
        assert "the history of the functions that it replaces stays where it is, in table" in warned(result)
        assert "public.app_orders_history" in warned(result) and "adopt_history" in warned(result)
    assert by_hand.value("SELECT count(*) FROM app_orders_history") == 250
    assert not warned(declare(by_hand, ORDERS))
    # It is not too late.
    taken = dict(ORDERS, adopt_history="public.app_orders_history")
    assert declare(by_hand, taken).changed and not declare(by_hand, taken).changed
    assert by_hand.value("SELECT sum(cardinality(records)) FROM powa_app_orders_history") == 250


def test_history_of_powas_form_is_taken_along_with_what_is_not_aggregated(database: Database) -> None:
    (srvid,) = database.register("one")
    database.sql(BY_HAND.replace("{srvid}", str(srvid)))
    result = declare(database, MINE)
    assert [change for change in result["changes"] if change.startswith("change history")] == [
        "change history of table public.my_history",
        "change history of table public.my_history_current",
    ]
    assert database.sql(
        "SELECT name, my_counter, note FROM powa_mine_get(%s, NULL, NULL) ORDER BY ts, name", (srvid,)
    ) == [
        *(("x", number, "n{0}".format(number)) for number in range(9)),
        ("x", 9, None),
        ("y", 0, "new"),
    ]
    ranges = "SELECT coalesce_range::text FROM {0} WHERE upper(coalesce_range) < '2026-01-02' ORDER BY 1"
    assert database.sql(ranges.format("powa_mine_history")) == database.sql(ranges.format("my_history"))
    assert not declare(database, MINE).changed
    assert not declare(database, dict(MINE, adopt_history="my_history_current")).changed
    # PoWA goes on with it.
    database.sql("SELECT powa_take_snapshot(%s)", (srvid,))
    assert database.errors(srvid) is None


#: A function, and that it says from then on when it runs.
SPY = "CREATE FUNCTION spy(integer) RETURNS date IMMUTABLE LANGUAGE sql AS 'SELECT NULL::date';"
ARMED = """; CREATE OR REPLACE FUNCTION spy(integer) RETURNS date IMMUTABLE LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'run'; END $$"""

REFUSALS: List[Any] = [
    ("", {"adopt": False}, "adopt_history: it has no effect without adopt"),
    ("", {"adopt_history": None, "adopt_history_without": ["note"]}, "it has no effect without adopt_history"),
    ("", {"adopt_history": "nix.my_history"}, "adopt_history: this database has no table nix.my_history"),
    ("ALTER TABLE my_history ADD more text", {}, "has columns that the datasource does not have (more): declare them"),
    ("ALTER TYPE my_record ADD ATTRIBUTE more text", {}, "does not have (more): declare them, or list them in"),
    ("", {"keys": []}, "does not have (name)"),
    (
        "",
        {"keys": [*MINE["keys"], {"name": "k", "type": "text"}]},
        'keys: "k" has no values in table public.my_history',
    ),
    (
        "UPDATE my_history_current SET name = NULL",
        {},
        'column "name" of table public.my_history_current is NULL in some',
    ),
    (
        "",
        {"metrics": [{"name": "my_counter", "type": "date"}, {"name": "note", "type": "text"}]},
        "has the type integer, which PostgreSQL does not assign to date",
    ),
    (
        "UPDATE my_history_current SET record.my_counter = 40000",
        {"metrics": [{"name": "my_counter", "type": "smallint"}, {"name": "note", "type": "text"}]},
        'column "my_counter" of table public.my_history_current has values that cannot become smallint',
    ),
    (
        "CREATE DOMAIN short AS text; ALTER TYPE my_record DROP ATTRIBUTE note, ADD ATTRIBUTE note short",
        {},
        'column "note" of table public.my_history has the type public.short, which is not one of PostgreSQL\'s own',
    ),
    (
        "ALTER TYPE my_record RENAME ATTRIBUTE ts TO at",
        {},
        "expected srvid of type integer and ts of type timestamp with",
    ),
    (
        "CREATE TABLE part () INHERITS (my_history)",
        {},
        "is not a plain table, but a view, or has its rows in other tables",
    ),
    (
        "ALTER TABLE my_history RENAME TO hidden; CREATE VIEW my_history AS SELECT * FROM hidden",
        {},
        "table public.my_history is not a plain table",
    ),
    ("ALTER TABLE my_history OWNER TO powa", {}, 'belongs to role "powa", which is neither a superuser nor the owner'),
    ("ALTER TYPE my_record OWNER TO powa", {}, 'belongs to role "powa", which is neither a superuser nor the owner'),
    (
        "ALTER TABLE my_history_current OWNER TO powa",
        {},
        'belongs to role "powa", which is neither a superuser nor the owner',
    ),
    ("ALTER SCHEMA public OWNER TO powa", {}, 'in a schema whose owner could replace it, and that is role "powa"'),
    (
        SPY + "CREATE CAST (integer AS date) WITH FUNCTION spy(integer) AS ASSIGNMENT" + ARMED,
        {"metrics": [{"name": "my_counter", "type": "date"}, {"name": "note", "type": "text"}]},
        "has the type integer, which PostgreSQL does not assign to date",
    ),
    (
        SPY.replace("date", "text")
        + "CREATE CAST (integer AS text) WITH FUNCTION spy(integer)"
        + ARMED.replace("date", "text"),
        {"metrics": [{"name": "my_counter", "type": "text"}, {"name": "note", "type": "text"}]},
        "has the type integer, which PostgreSQL does not assign to text",
    ),
    (
        SPY + "CREATE INDEX ON my_history (spy(srvid))" + ARMED,
        {},
        "table public.my_history has an index, statistics or a constraint with functions that are not",
    ),
    (
        SPY + "CREATE INDEX ON my_history_current (srvid) WHERE spy(1) = '2000-01-01'" + ARMED,
        {},
        "table public.my_history_current has an index, statistics or a constraint with functions",
    ),
    (
        SPY + "CREATE STATISTICS s ON spy(srvid), name FROM my_history" + ARMED,
        {},
        "has an index, statistics or a constraint",
    ),
    (SPY + "ALTER TABLE my_history ADD CHECK (spy(1) IS NULL) NOT VALID" + ARMED, {}, "has an index, statistics or a"),
    ("ALTER TABLE my_history ENABLE ROW LEVEL SECURITY", {}, "has row security, which may hide some of its rows"),
    (
        "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
        "ALTER TABLE my_history ALTER name TYPE text COLLATE loose",
        {},
        'column "name" of table public.my_history has the collation "loose", which treats different texts as equal',
    ),
]


@pytest.mark.parametrize(("damage", "changes", "words"), REFUSALS, ids=[words for _damage, _changes, words in REFUSALS])
def test_what_cannot_be_taken_is_refused(database: Database, damage: str, changes: Dict[str, Any], words: str) -> None:
    (srvid,) = database.register("one")
    database.sql(BY_HAND.replace("{srvid}", str(srvid)))
    if damage:
        database.sql(damage)
    assert words in refused(database, dict(MINE, **changes))


def test_an_index_with_functions_of_postgresql_is_no_obstacle(database: Database) -> None:
    (srvid,) = database.register("one")
    database.sql(BY_HAND.replace("{srvid}", str(srvid)))
    database.sql(
        "CREATE INDEX ON my_history (lower(name)) WHERE srvid > 0; CREATE STATISTICS s ON srvid, name FROM my_history"
    )
    assert declare(database, MINE).changed


def test_columns_that_are_named_stay_behind(database: Database) -> None:
    (srvid,) = database.register("one")
    database.sql(BY_HAND.replace("{srvid}", str(srvid)))
    database.sql("ALTER TABLE my_history ADD more text")
    declare(database, dict(MINE, adopt_history_without=["more", "note"]))
    assert database.sql("SELECT DISTINCT note FROM powa_mine_get(%s, NULL, NULL)", (srvid,)) == [(None,)]
    assert database.value("SELECT count(my_counter) FROM powa_mine_get(%s, NULL, NULL)", (srvid,)) == 11


#: What PoWA's documentation has people write, with the names that are ours as well.
OF_THE_SAME_NAMES = """
    CREATE TYPE powa_my_datasource_history_record AS (ts timestamptz, my_counter integer);
    CREATE TABLE powa_my_datasource_history (srvid integer NOT NULL, coalesce_range tstzrange NOT NULL,
        records powa_my_datasource_history_record[] NOT NULL);
    CREATE INDEX powa_my_datasource_history_ts ON powa_my_datasource_history USING gist (srvid, coalesce_range);
    CREATE TABLE powa_my_datasource_history_current (srvid integer NOT NULL, record powa_my_datasource_history_record);
    CREATE UNLOGGED TABLE powa_my_datasource_src_tmp (srvid integer NOT NULL, ts timestamptz NOT NULL,
        my_counter integer NOT NULL);
    CREATE FUNCTION powa_my_datasource_src(srvid integer, OUT ts timestamptz, OUT my_counter integer)
        RETURNS SETOF record LANGUAGE sql AS 'SELECT now(), 1';
    CREATE FUNCTION powa_my_datasource_snapshot(srvid integer) RETURNS void LANGUAGE sql AS 'SELECT';
    CREATE FUNCTION powa_my_datasource_purge(srvid integer) RETURNS void LANGUAGE sql AS 'SELECT';
    INSERT INTO powa_my_datasource_history VALUES ({srvid}, '[2026-01-01, 2026-01-01]',
        ARRAY[ROW('2026-01-01', 1)]::powa_my_datasource_history_record[]);
    INSERT INTO powa_my_datasource_history_current VALUES ({srvid}, ROW('2026-01-02', 2))
"""

MY_DATASOURCE: Dict[str, Any] = {
    "name": "my_datasource",
    "query": "SELECT 3 AS my_counter",
    "metrics": [{"name": "my_counter", "type": "integer"}],
    "adopt": True,
    "adopt_history": "powa_my_datasource_history",
}


def test_tables_in_the_place_of_ours_are_renamed(database: Database) -> None:
    (srvid,) = database.register("one")
    database.sql(OF_THE_SAME_NAMES.replace("{srvid}", str(srvid)))
    functions = [
        {"operation": operation, "function_name": "powa_my_datasource_" + operation, "query_source": source}
        for operation, source in (("snapshot", "powa_my_datasource_src"), ("purge", None))
    ]
    database.ok("functions", datasources=[{"name": "my_datasource", "functions": functions}])
    alone = {name: value for name, value in MY_DATASOURCE.items() if name != "adopt_history"}
    assert "adopt: table public.powa_my_datasource_history has the columns" in refused(database, alone)
    database.sql("CREATE TABLE powa_my_datasource_byhand ()")
    assert "would be renamed to powa_my_datasource_byhand, but the server has" in refused(database, MY_DATASOURCE)
    database.sql("DROP TABLE powa_my_datasource_byhand")
    before = database.dump()
    checked = declare(database, MY_DATASOURCE, check=True)
    assert database.dump() == before
    result = declare(database, MY_DATASOURCE)
    assert result.diff == checked.diff and "renamed to powa_my_datasource_byhand_current" in result.diff["after"]
    got = "SELECT my_counter FROM powa_my_datasource_get(%s, NULL, NULL) ORDER BY ts"
    assert database.sql(got, (srvid,)) == [(1,), (2,)]
    kept = "SELECT count(*) FROM {0}"
    assert database.value(kept.format("powa_my_datasource_byhand")) == 1
    assert database.value(kept.format("powa_my_datasource_byhand_current")) == 1
    assert not declare(database, MY_DATASOURCE).changed
    assert not declare(database, alone).changed
    database.sql("INSERT INTO powa_my_datasource_src_tmp VALUES (%s, '2026-01-03', 3)", (srvid,))
    assert database.ok("snapshot", servers=["one"])["snapshots"][0]["errors"] == []
    assert database.sql(got, (srvid,)) == [(1,), (2,), (3,)]
