# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changed columns: old samples stay readable, new ones carry the new columns, and only another type rewrites."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List

import pytest
from samples import aggregate, snapshot
from servers import Database

REPOSITORY = {"server_kind": ["repository"], "collector_role": "powa_collector"}
BASE: Dict[str, Any] = {
    "name": "things",
    "query": "SELECT 'x'::text AS k, 1::integer AS a, 2::bigint AS b",
    "keys": [{"name": "k", "type": "text"}],
    "metrics": [{"name": "a", "type": "integer"}, {"name": "b", "type": "bigint", "kind": "gauge"}],
}
TABLES = ("powa_things_history", "powa_things_history_current")


def declare(database: Database, **changes: Any) -> Any:
    """Check, see that nothing was written, run, see that a second run changes nothing; return the run's result."""
    params = dict(REPOSITORY, datasources=[dict(BASE, **changes)])
    before = database.dump()
    checked = database.ok("datasources", check=True, **params)
    assert database.dump() == before
    result = database.ok("datasources", **params)
    assert result.diff == checked.diff
    again = database.ok("datasources", **params)
    assert not again.changed, again.diff
    return result


def sample(database: Database, srvid: int, **values: Any) -> None:
    """Put one sample where the collector does, by its columns' names, and take the snapshot."""
    columns = ", ".join('"{0}"'.format(column) for column in values)
    marks = ", ".join("%s" for _value in values)
    database.sql(
        "INSERT INTO powa_things_src_tmp (srvid, ts, {0}) VALUES (%s, clock_timestamp(), {1})".format(columns, marks),
        (srvid, *values.values()),
    )
    snapshot(database, srvid)


def with_history(database: Database) -> int:
    """Declare the datasource, and give it one aggregated and one current sample."""
    (srvid,) = database.register("one")
    declare(database)
    sample(database, srvid, k="old", a=1, b=10)
    aggregate(database, srvid)
    sample(database, srvid, k="old", a=2, b=20)
    assert [database.value("SELECT count(*) FROM {0}".format(table)) for table in TABLES] == [1, 1]
    return srvid


def files(database: Database) -> List[Any]:
    return database.sql(
        "SELECT relname, relfilenode FROM pg_class WHERE relname = ANY (%s) ORDER BY 1", (list(TABLES),)
    )


def read(database: Database, srvid: int, columns: str) -> List[Any]:
    return database.sql("SELECT {0} FROM powa_things_get(%s, NULL, NULL) ORDER BY ts".format(columns), (srvid,))


def test_a_metric_is_added(database: Database) -> None:
    srvid = with_history(database)
    before = files(database)
    declare(
        database,
        query="SELECT 'x'::text AS k, 3::numeric AS new, 1::integer AS a, 2::bigint AS b, true AS flag",
        metrics=[
            {"name": "new", "type": "numeric"},
            *BASE["metrics"],
            {"name": "flag", "type": "boolean", "kind": "gauge"},
        ],
    )
    assert files(database) == before
    sample(database, srvid, k="x", new=3, a=1, b=2, flag=True)
    expected = [("old", None, 1, 10, None), ("old", None, 2, 20, None), ("x", 3, 1, 2, True)]
    assert read(database, srvid, "k, new, a, b, flag") == expected
    aggregate(database, srvid)
    assert read(database, srvid, "k, new, a, b, flag") == expected
    assert database.value("SELECT (maxs_in_range).new FROM powa_things_history WHERE k = 'x'") == 3


def test_a_metric_is_removed_and_comes_back(database: Database) -> None:
    srvid = with_history(database)
    before = files(database)
    declare(database, query="SELECT 'x'::text AS k, 2::bigint AS b", metrics=BASE["metrics"][1:])
    assert files(database) == before
    sample(database, srvid, k="x", b=30)
    assert read(database, srvid, "k, a, b") == [("old", 1, 10), ("old", 2, 20), ("x", None, 30)]
    assert (
        database.sql(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name = 'a'",
            ("powa_things_src_tmp",),
        )
        == []
    )
    aggregate(database, srvid)
    declare(database)
    assert files(database) == before
    sample(database, srvid, k="y", a=4, b=40)
    assert read(database, srvid, "k, a, b") == [("old", 1, 10), ("old", 2, 20), ("x", None, 30), ("y", 4, 40)]


def test_a_key_is_added_and_removed_and_comes_back(database: Database) -> None:
    srvid = with_history(database)
    before = files(database)
    two = dict(
        query="SELECT 1::oid AS i, 'x'::text AS k, 1::integer AS a, 2::bigint AS b",
        keys=[{"name": "i", "type": "oid"}, *BASE["keys"]],
    )
    declare(database, **two)
    sample(database, srvid, i=7, k="x", a=3, b=30)
    aggregate(database, srvid)
    sample(database, srvid, i=8, k="x", a=4, b=40)
    assert read(database, srvid, "i, k, a, b") == [
        (None, "old", 1, 10),
        (None, "old", 2, 20),
        (7, "x", 3, 30),
        (8, "x", 4, 40),
    ]
    declare(database)
    sample(database, srvid, k="x", a=5, b=50)
    aggregate(database, srvid)
    everything = [(None, "old", 1, 10), (None, "old", 2, 20), (7, "x", 3, 30), (8, "x", 4, 40), (None, "x", 5, 50)]
    assert read(database, srvid, "i, k, a, b") == everything
    declare(database, **two)
    assert read(database, srvid, "i, k, a, b") == everything
    assert files(database) == before


def test_columns_are_reordered(database: Database) -> None:
    srvid = with_history(database)
    before = files(database)
    declare(database, metrics=list(reversed(BASE["metrics"])))
    assert files(database) == before
    assert database.sql(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 'powa_things_src_tmp'::regclass AND attnum > 0"
        " AND NOT attisdropped ORDER BY attnum"
    ) == [("srvid",), ("ts",), ("k",), ("b",), ("a",)]
    sample(database, srvid, k="x", a=3, b=30)
    aggregate(database, srvid)
    assert read(database, srvid, "k, a, b") == [("old", 1, 10), ("old", 2, 20), ("x", 3, 30)]


def test_columns_are_renamed(database: Database) -> None:
    srvid = with_history(database)
    before = files(database)
    renamed = dict(
        query="SELECT 'x'::text AS \"the key\", 1::integer AS first, 2::bigint AS b",
        keys=[{"name": "the key", "type": "text", "renamed_from": "k"}],
        metrics=[{"name": "first", "type": "integer", "renamed_from": "a"}, BASE["metrics"][1]],
    )
    declare(database, **renamed)
    assert files(database) == before
    sample(database, srvid, **{"the key": "x", "first": 3, "b": 30})
    aggregate(database, srvid)
    assert read(database, srvid, '"the key", first, b') == [("old", 1, 10), ("old", 2, 20), ("x", 3, 30)]


def test_types_are_changed(database: Database) -> None:
    srvid = with_history(database)
    changed = dict(
        query="SELECT 1::bigint AS k, 1::numeric AS a, 2::bigint AS b",
        keys=[{"name": "k", "type": "character varying"}],
        metrics=[{"name": "a", "type": "numeric"}, BASE["metrics"][1]],
    )
    checked = database.ok("datasources", check=True, datasources=[dict(BASE, **changed)], **REPOSITORY)
    size = database.value("SELECT pg_total_relation_size('powa_things_history')")
    assert "rewritten, {0} bytes: a from integer to numeric".format(size) in checked.diff["after"]
    assert "rewritten, {0} bytes: k from text to character varying".format(size) in checked.diff["after"]
    history = {"effect": "rewritten", "object": "table public.powa_things_history", "lock": "ACCESS EXCLUSIVE"}
    assert dict(history, size=size, reason="a from integer to numeric") in checked["hazards"]
    rebuilt = [hazard["object"] for hazard in checked["hazards"] if hazard["effect"] == "rebuilt"]
    assert rebuilt == ["index public.powa_things_history_ts"]
    declare(database, **changed)
    sample(database, srvid, k="x", a="3.5", b=30)
    aggregate(database, srvid)
    assert [tuple(map(str, row)) for row in read(database, srvid, "k, a, b")] == [
        ("old", "1", "10"),
        ("old", "2", "20"),
        ("x", "3.5", "30"),
    ]
    assert database.value("SELECT pg_typeof((records[1]).a)::text FROM powa_things_history LIMIT 1") == "numeric"
    assert database.sql(
        "SELECT attstorage FROM pg_attribute WHERE attrelid = 'powa_things_history'::regclass"
        " AND attname IN ('mins_in_range', 'maxs_in_range')"
    ) == [("m",), ("m",)]
    assert database.sql("SELECT typname FROM pg_type WHERE typname LIKE 'powa_things_old%%'") == []


def test_the_type_of_one_metric_is_changed(database: Database) -> None:
    srvid = with_history(database)
    changed = {
        "query": "SELECT 'x'::text AS k, 1::numeric AS a, 2::bigint AS b",
        "metrics": [{"name": "a", "type": "numeric"}, BASE["metrics"][1]],
    }
    declare(database, **changed)
    sample(database, srvid, k="x", a="3.5", b=30)
    aggregate(database, srvid)
    assert [tuple(map(str, row)) for row in read(database, srvid, "k, a, b")] == [
        ("old", "1", "10"),
        ("old", "2", "20"),
        ("x", "3.5", "30"),
    ]
    assert database.sql("SELECT typname FROM pg_type WHERE typname LIKE 'powa_things_old%%'") == []


def test_a_type_that_does_not_fit_changes_nothing(database: Database) -> None:
    with_history(database)
    wrong = dict(BASE, query="SELECT 1 AS k, 1 AS a, 2::bigint AS b", keys=[{"name": "k", "type": "integer"}])
    expected = 'datasource "things", keys: the history has values of "k" that cannot become integer'
    assert expected in database.refused("datasources", datasources=[wrong], **REPOSITORY)
    # 2::"bit" would be 0.
    bits = [{"name": "a", "type": "bit", "kind": "gauge"}, BASE["metrics"][1]]
    wrong = dict(BASE, query="SELECT 'x'::text AS k, B'101' AS a, 2::bigint AS b", metrics=bits)
    expected = (
        'metrics: the history has values of "a" that cannot become "bit" (cannot cast type integer to bit varying'
    )
    assert expected in database.refused("datasources", datasources=[wrong], **REPOSITORY)


@pytest.mark.parametrize("table", TABLES)
def test_values_that_do_not_fit_another_type_are_told_in_check_mode(database: Database, table: str) -> None:
    srvid = with_history(database)
    sample(database, srvid, k="old", a=3, b=1000000)
    if table == "powa_things_history":
        aggregate(database, srvid)
    small = [BASE["metrics"][0], {"name": "small", "type": "smallint", "kind": "gauge", "renamed_from": "b"}]
    wrong = dict(BASE, query="SELECT 'x'::text AS k, 1 AS a, 2::smallint AS small", metrics=small)
    before = database.dump()
    for check in (True, False):
        message = database.refused("datasources", check=check, datasources=[wrong], **REPOSITORY)
        assert 'metrics: the history has values of "small" that cannot become smallint (smallint out of' in message
    assert database.dump() == before
    # As the message says.
    declare(database, query=wrong["query"], metrics=[BASE["metrics"][0], dict(small[1], renamed_from=None)])
    assert read(database, srvid, "b, small")[-1] == (1000000, None)


@pytest.mark.parametrize(
    ("view", "change", "named"),
    [
        (
            "SELECT * FROM powa_things_get(1, NULL, NULL)",
            {"metrics": [{"name": "new", "type": "integer"}]},
            "function {0}.powa_things_get",
        ),
        (
            "SELECT k FROM powa_things_history",
            {"keys": [{"name": "k", "type": "name"}]},
            "table {0}.powa_things_history",
        ),
        ("SELECT records FROM powa_things_history", {"metrics": [{"name": "a", "type": "numeric"}]}, "table {0}"),
        ("SELECT NULL::powa_things_history_record AS r", {"metrics": [{"name": "a", "type": "numeric"}]}, "type {0}"),
    ],
    ids=["function", "key", "records", "type"],
)
@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_what_users_made_of_it_is_named(
    database: Database, kind: str, view: str, change: Dict[str, Any], named: str
) -> None:
    with_history(database)
    database.sql("CREATE SCHEMA reports")
    database.sql('CREATE {0} reports."Of things" AS {1}'.format(kind, view))
    columns = [*change.get("keys", BASE["keys"]), *change.get("metrics", BASE["metrics"])]
    query = "SELECT " + ", ".join("NULL::{type} AS {name}".format(**column) for column in columns)
    changed = dict(BASE, query=query, **change)
    schema = database.value("SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'powa'")
    before = database.dump()
    for check in (True, False):
        message = database.refused("datasources", check=check, datasources=[changed], **REPOSITORY)
        assert named.format(schema) in message
        assert ': {0} reports."Of things" depends on it'.format(kind.lower()) in message
    assert database.dump() == before
    # What does not concern it is changed.
    declare(database, description="Things")
    database.sql('DROP {0} reports."Of things"'.format(kind))
    declare(database, query=query, **change)


def test_views_do_not_go_with_what_is_removed(database: Database) -> None:
    with_history(database)
    database.sql("CREATE VIEW report AS SELECT * FROM powa_things_rate(1, NULL, NULL)")
    absent = {"name": "things", "state": "absent"}
    message = database.refused("datasources", check=True, datasources=[absent], **REPOSITORY)
    assert "view public.report depends on it" in message
    database.sql("DROP VIEW report")
    assert database.ok("datasources", datasources=[absent], **REPOSITORY).changed


def test_as_many_keys_as_an_index_has_room_for(database: Database) -> None:
    def keys(names: Iterable[int]) -> Dict[str, Any]:
        columns = [{"name": "k{0}".format(number), "type": "text"} for number in names]
        values = ", ".join("'{0}'::text AS {0}".format(column["name"]) for column in columns)
        return {"query": "SELECT {0}, 1 AS a, 2::bigint AS b".format(values), "keys": columns}

    (srvid,) = database.register("one")
    declare(database, **keys(range(30)))
    sample(database, srvid, a=1, b=10, **{"k{0}".format(number): "x" for number in range(30)})
    aggregate(database, srvid)
    assert read(database, srvid, "k0, k29, a") == [("x", "x", 1)]
    for names, words in (
        (range(31), "keys: found 31, expected at most 30"),
        (range(1, 31), "keys: its history has 31 with those that are no longer declared (k0), expected at most 30"),
    ):
        wrong = dict(BASE, **keys(names))
        assert words in database.refused("datasources", check=True, datasources=[wrong], **REPOSITORY)
    in_databases = dict(BASE, name="others", scope="database", **keys(range(30)))
    if database.powa != "4":
        refused = database.refused("datasources", datasources=[in_databases], **REPOSITORY)
        assert "keys: found 31 with dbid, expected at most 30" in refused
        in_databases = dict(in_databases, **keys(range(29)))
        assert database.ok("datasources", datasources=[in_databases, dict(BASE, **keys(range(30)))], **REPOSITORY)


def test_a_name_stays_a_key_or_a_metric(database: Database) -> None:
    srvid = with_history(database)
    before = database.dump()
    for query, keys, metrics, words in (
        ("SELECT 1 AS a, 2::bigint AS b", [{"name": "a"}], BASE["metrics"][1:], 'keys: "a" was a metric before'),
        ("SELECT 1 AS a, ''::text AS k", [], [{"name": "a"}, {"name": "k"}], 'metrics: "k" was a key before'),
        (
            "SELECT 1 AS a, 2::bigint AS c",
            [{"name": "c", "renamed_from": "b"}],
            BASE["metrics"][:1],
            'keys: "c" was a metric before',
        ),
    ):
        wrong = dict(BASE, query=query, keys=keys, metrics=metrics)
        described = [{"server": "one", "datasources": [_described(query, keys, metrics)]}]
        assert words in database.refused("datasources", datasources=[wrong], remote_results=described, **REPOSITORY)
    assert database.dump() == before
    assert len(read(database, srvid, "a, b")) == 2


def _described(query: str, keys: List[Any], metrics: List[Any]) -> Dict[str, Any]:
    """Return what the task on a remote has returned of columns whose types are left out."""
    types = {"a": "integer", "b": "bigint", "c": "bigint", "k": "text"}
    columns = [[dict(column, type=types[column["name"]]) for column in some] for some in (keys, metrics)]
    return {"name": "things", "key_columns": columns[0], "metric_columns": columns[1]}


def test_rows_that_wait_in_the_transient_table_are_kept(database: Database) -> None:
    srvid = with_history(database)
    database.sql("INSERT INTO powa_things_src_tmp (srvid, ts, k, a, b) VALUES (%s, now(), 'waits', 3, 30)", (srvid,))
    declare(
        database,
        query="SELECT 'x'::text AS k, 2::bigint AS b, 1::integer AS c",
        metrics=[BASE["metrics"][1], {"name": "c", "type": "integer", "renamed_from": "a"}],
    )
    snapshot(database, srvid)
    assert read(database, srvid, "k, b, c")[-1] == ("waits", 30, 3)


@pytest.mark.parametrize("nullable", [True, False])
def test_a_key_may_become_nullable_and_back(database: Database, nullable: bool) -> None:
    srvid = with_history(database)
    declare(database, keys=[{"name": "k", "type": "text", "nullable": True}])
    sample(database, srvid, k=None, a=3, b=30)
    declare(database, keys=[{"name": "k", "type": "text", "nullable": nullable}])
    aggregate(database, srvid)
    assert read(database, srvid, "k, a, b") == [("old", 1, 10), ("old", 2, 20), (None, 3, 30)]


def test_both_columns_of_a_rename_have_values(database: Database) -> None:
    with_history(database)
    declare(
        database,
        query="SELECT 'x'::text AS k, 1::integer AS c, 2::bigint AS b",
        metrics=[{"name": "c", "type": "integer"}, BASE["metrics"][1]],
    )
    wrong = dict(
        BASE,
        query="SELECT 'x'::text AS k, 1::integer AS c, 2::bigint AS b",
        metrics=[{"name": "c", "type": "integer", "renamed_from": "a"}, BASE["metrics"][1]],
    )
    message = database.refused("datasources", datasources=[wrong], **REPOSITORY)
    assert 'both "a" and "c" have values already' in message


def test_a_column_added_by_hand_goes_unless_it_holds_values(database: Database) -> None:
    srvid = with_history(database)
    database.sql("ALTER TABLE powa_things_history ADD COLUMN extra integer")
    database.sql("ALTER TABLE powa_things_src_tmp ADD COLUMN extra integer")
    database.sql("ALTER TYPE powa_things_history_record ADD ATTRIBUTE extra integer")
    result = declare(database)
    assert "extra integer" in result.diff["before"] and "extra" not in result.diff["after"]
    assert read(database, srvid, "k, a, b") == [("old", 1, 10), ("old", 2, 20)]
    database.sql("ALTER TABLE powa_things_history ADD COLUMN extra integer")
    database.sql("UPDATE powa_things_history SET extra = 1")
    message = database.refused("datasources", datasources=[BASE], **REPOSITORY)
    assert 'column "extra" of table public.powa_things_history' in message and "drop it by hand" in message


def test_what_is_stored_about_columns_may_be_lost(database: Database) -> None:
    srvid = with_history(database)
    declare(database, query="SELECT 'x'::text AS k, 2::bigint AS b", metrics=BASE["metrics"][1:])
    database.sql("DROP FUNCTION powa_things_src(integer)")
    declare(database, query="SELECT 'x'::text AS k, 2::bigint AS b", metrics=BASE["metrics"][1:])
    assert read(database, srvid, "k, a, b") == [("old", 1, 10), ("old", 2, 20)]
