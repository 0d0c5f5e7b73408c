# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types that no column of ours has: the query casts them, and no code of their owners runs as superuser."""

from __future__ import annotations

from itertools import product
from typing import Any, Callable, Dict

import pytest
from servers import Database, on_every_server
from types_of_others import CASES, NAMES, OTHER, SUPERUSER, Case, has_run, make_types

EVERY_KIND = {"server_kind": ["repository", "remote", "local"], "monitoring_role": "powa", "revoke_create": True}
#: What of ours has a type of others: a column, or what a function takes or returns.
WITH_THEIR_TYPES = """
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid)
    FROM pg_depend AS d JOIN pg_type AS t ON t.oid = d.refobjid AND d.refclassid = 'pg_type'::regclass
    WHERE t.typnamespace = 'app'::regnamespace AND pg_describe_object(d.classid, d.objid, d.objsubid) ~ 'powa_'
"""


@pytest.fixture
def others(database: Database) -> Database:
    """A database where others have made types."""
    make_types(database)
    return database


def things(name: str, are_keys: int, declare: Callable[[Case], Any]) -> Dict[str, Any]:
    """Return a datasource in which every other column is a key, but for C(-1), and declared as that says."""
    columns = [{"name": name, "type": declare(case)} for name, case in zip(NAMES, CASES)]
    keys = [dict(column, nullable=True) for column in columns[are_keys::2]] if are_keys >= 0 else []
    metrics = columns[1 - are_keys :: 2] if are_keys >= 0 else columns
    return {
        "name": name,
        "query": "SELECT * FROM app.things",
        "keys": [{"name": "id", "type": "integer"}, *keys],
        "metrics": [dict(metric, kind="gauge") for metric in metrics],
    }


THINGS = [
    things("of_the_query", 0, lambda case: None),
    things("by_name", 1, lambda case: case.returned),
    things("as_kept", -1, lambda case: case.kept),
]


def columns_of(datasource: Dict[str, Any], keys: str, metrics: str) -> Dict[str, Any]:
    columns = [*datasource[keys], *datasource[metrics]]
    return {column["name"]: (column["type"], column.get("cast_from")) for column in columns if column["name"] != "id"}


@on_every_server
def test_types_of_others_are_cast_in_the_query(others: Database, make_database: Callable[[], Database]) -> None:
    assert has_run(others, SUPERUSER), "an INSERT of a superuser runs a CHECK as superuser"
    checked = others.ok("datasources", check=True, datasources=THINGS, **EVERY_KIND)
    made = others.ok("datasources", datasources=THINGS, **EVERY_KIND)
    assert made.diff == checked.diff
    expected = {name: (case.kept, case.cast_from) for name, case in zip(NAMES, CASES)}
    again = others.ok("datasources", datasources=THINGS, **EVERY_KIND)
    # Only what was described has a number of rows.
    assert not again.changed and not any(datasource.get("rows") for datasource in again["datasources"])
    for run in (made, again):
        found = [columns_of(datasource, "key_columns", "metric_columns") for datasource in run["datasources"]]
        assert found == [expected] * len(THINGS)
    told = others.ok("server_info", server_kind=EVERY_KIND["server_kind"], monitoring_role="powa")["datasources"]
    assert {datasource["name"]: columns_of(datasource["definition"], "keys", "metrics") for datasource in told} == {
        datasource["name"]: expected for datasource in THINGS
    }
    assert [datasource["drift"] for datasource in told] == [[]] * len(THINGS)
    assert others.sql(WITH_THEIR_TYPES) == []

    (srvid,) = others.register("one")
    others.ok("datasources", datasources=THINGS, **EVERY_KIND)
    texts = {name: case.text for name, case in zip(NAMES, CASES)}
    for datasource in THINGS:
        others.collect(datasource["name"], srvid)
    assert not has_run(others, SUPERUSER) and has_run(others, OTHER)
    others.take_snapshot(srvid)
    assert not has_run(others, SUPERUSER) and not has_run(others, OTHER)
    others.take_snapshot(0)
    assert not has_run(others, SUPERUSER) and has_run(others, OTHER)
    for step in ("", "SELECT powa_{0}_aggregate({1})"):
        for datasource, server in product(THINGS, (srvid, 0)):
            name = datasource["name"]
            if step:
                others.sql(step.format(name, server))
            read = ", ".join("{0}::text".format(column) for column in NAMES)
            rows = others.sql("SELECT {0} FROM powa_{1}_get({2}, NULL, NULL) ORDER BY id".format(read, name, server))
            assert [dict(zip(NAMES, row)) for row in rows] == [texts, dict.fromkeys(NAMES)], (name, server)
    assert not has_run(others, SUPERUSER) and not has_run(others, OTHER)

    repository = make_database()
    repository.register("one")
    results = [{"server": "one", "datasources": made["datasources"]}]
    stored = repository.ok("datasources", datasources=THINGS, server_kind=["repository"], remote_results=results)
    for here, there in zip(stored["datasources"], made["datasources"]):
        assert here["digest"] == there["digest"]
    # What is left out, the remote says; of a declared type it says what the query returns.
    assert columns_of(stored["datasources"][0], "key_columns", "metric_columns") == expected
    assert not repository.ok("datasources", datasources=THINGS, server_kind=["repository"]).changed


@on_every_server
def test_a_column_that_gets_a_type_of_others(others: Database) -> None:
    changes: Dict[str, Any] = {"name": "changes", "query": "SELECT 1 AS n", "metrics": [{"name": "n", "kind": "gauge"}]}
    history = "SELECT n::text FROM powa_changes_get(0, NULL, NULL) ORDER BY ts"
    others.ok("datasources", datasources=[changes], **EVERY_KIND)
    others.take_snapshot(0)
    changed = dict(changes, query="SELECT 'one'::app.score AS n")
    others.ok("datasources", datasources=[changed], **EVERY_KIND)
    assert not others.ok("datasources", datasources=[changed], **EVERY_KIND).changed
    others.take_snapshot(0)
    assert others.sql(history) == [("1",), ("cast 1",)]
    price = dict(changes, query="SELECT 1::app.price AS n")
    assert 'the history has values of "n" that cannot become numeric' in others.refused(
        "datasources", datasources=[price], **EVERY_KIND
    )
    has_run(others, SUPERUSER)
    problems = {
        "SELECT 'x'::app.secret AS n": 'refuses it for role "powa" (permission denied for function secret_text)',
        "SELECT '{}'::json AS n, 1 AS m": 'key "n" is json, which GROUP BY cannot use: cast it to jsonb in the query',
        "SELECT 'low'::app.mood AS n": "type's owner (even if an extension has made it), here with the rights of",
        "SELECT ARRAY[1::app.price] AS n": "is app.price[], which is stored as numeric[] by a cast that may run code",
        "SELECT 'low'::app.moody AS n": 'column "n" is app.moody, which is stored as text, but declared as app.mood',
    }
    wrong = [dict(changes, name="wrong_{0}".format(number), query=query) for number, query in enumerate(problems)]
    wrong[1].update(keys=[{"name": "n"}], metrics=[{"name": "m"}])
    wrong[2]["security_definer"] = wrong[3]["security_definer"] = True
    wrong[4]["metrics"] = [{"name": "n", "type": "app.mood"}]
    result = others.run("datasources", datasources=wrong, **EVERY_KIND)
    assert len(result["problems"]) == len(problems)
    for problem, words in zip(result["problems"], problems.values()):
        assert words in problem
    assert not has_run(others, SUPERUSER)
