# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types that no column of ours has: the query casts them, and no code of their owners runs as superuser."""

from __future__ import annotations

from itertools import product
from typing import Any, Callable, Dict, NamedTuple, Optional

import pytest
from servers import Database, on_every_server

#: app_owner and the monitoring role make types whose code notes who runs it. No rollback takes back a sequence.
SETUP = """
CREATE SCHEMA app AUTHORIZATION app_owner;
GRANT ALL ON SCHEMA app TO powa;
SET ROLE app_owner;
CREATE SEQUENCE app.as_superuser;
CREATE SEQUENCE app.as_other;
GRANT USAGE ON SEQUENCE app.as_superuser, app.as_other TO PUBLIC;
CREATE FUNCTION app.notes() RETURNS boolean LANGUAGE plpgsql AS $f$
BEGIN
    PERFORM nextval(CASE WHEN r.rolsuper THEN 'app.as_superuser' ELSE 'app.as_other' END)
        FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user;
    RETURN true;
EXCEPTION WHEN read_only_sql_transaction THEN
    RETURN true;
END $f$;
CREATE DOMAIN app.price AS numeric(10, 2) CHECK (app.notes());
CREATE DOMAIN app.low_price AS app.price;
CREATE DOMAIN app.amount AS money;
CREATE DOMAIN app.list AS integer[] CHECK (app.notes());
CREATE TYPE app.mood AS ENUM ('low', 'high');
CREATE DOMAIN app.moody AS app.mood CHECK (app.notes());
CREATE TYPE app.pair AS (n integer, mood app.mood);
CREATE TYPE app.span AS RANGE (SUBTYPE = integer);
CREATE TYPE app.score AS ENUM ('one', 'two');
CREATE FUNCTION app.score_text(s app.score) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT
    AS $f$BEGIN PERFORM app.notes(); RETURN CASE s WHEN 'one' THEN 'cast 1' ELSE 'cast 2' END; END$f$;
CREATE CAST (app.score AS text) WITH FUNCTION app.score_text(app.score) AS ASSIGNMENT;
CREATE FUNCTION app.prices(p app.price[]) RETURNS numeric[] LANGUAGE plpgsql STRICT
    AS $f$BEGIN PERFORM app.notes(); RETURN '{7}'::numeric[]; END$f$;
CREATE CAST (app.price[] AS numeric[]) WITH FUNCTION app.prices(app.price[]) AS IMPLICIT;
CREATE TYPE app.secret AS ENUM ('x');
CREATE FUNCTION app.secret_text(s app.secret) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''secret''';
REVOKE ALL ON FUNCTION app.secret_text FROM PUBLIC;
CREATE CAST (app.secret AS text) WITH FUNCTION app.secret_text(app.secret);
SET ROLE powa;
CREATE TYPE app.own AS ENUM ('mine');
CREATE FUNCTION app.own_text(o app.own) RETURNS text LANGUAGE plpgsql STRICT
    AS $f$BEGIN PERFORM app.notes(); RETURN 'cast mine'; END$f$;
CREATE CAST (app.own AS text) WITH FUNCTION app.own_text(app.own) AS IMPLICIT;
RESET ROLE;
"""


class Case(NamedTuple):
    """A type of a query.

    :param returned: how PostgreSQL writes it
    :param value: SQL of a value
    :param kept: the type of the column
    :param text: that of the value there
    """

    returned: str
    value: str
    kept: str
    text: str

    @property
    def cast_from(self) -> Optional[str]:
        return None if self.returned == self.kept.replace('"', "") else self.returned


CASES = [
    # PostgreSQL's own, as they are.
    Case("time without time zone", "'12:30'", "time without time zone", "12:30:00"),
    Case("bit", "B'101'", '"bit"', "101"),
    Case("timestamp with time zone[]", "'{infinity}'", "timestamp with time zone[]", "{infinity}"),
    # PostgreSQL's own that another server may read differently, or that are rare.
    Case("money", "12.5::numeric::money", "numeric", "12.50"),
    Case("money[]", "ARRAY[12.5::numeric::money]", "numeric[]", "{12.50}"),
    Case("regclass", "'pg_class'", "text", "pg_class"),
    Case("regprocedure", "'app.notes()'", "text", "app.notes()"),
    Case("regtype[]", "'{app.mood}'", "text[]", "{app.mood}"),
    Case("regrole", "'app_owner'", "text", "app_owner"),
    Case("character", "'x'::char(5)", "text", "x"),
    Case("aclitem[]", "'{powa=r/postgres}'", "text[]", "{powa=r/postgres}"),
    Case("xml", "'<a/>'", "text", "<a/>"),
    Case("json[]", "ARRAY['{}'::json]", "text[]", '{"{}"}'),
    Case("point", "'(1,2)'", "text", "(1,2)"),
    Case("int4range", "'[1,2)'", "text", "[1,2)"),
    Case("refcursor", "'c'", "text", "c"),
    Case("information_schema.sql_identifier", "'id'", "name", "id"),
    # Those of others.
    Case("app.price", "1.5", "numeric", "1.50"),
    Case("app.low_price", "2.5", "numeric", "2.50"),
    Case("app.amount", "2.5::numeric::money", "numeric", "2.50"),
    Case("app.price[]", "ARRAY[1.5::app.price]", "numeric[]", "{7}"),
    Case("app.list", "'{1,2}'", "integer[]", "{1,2}"),
    Case("app.list[]", "ARRAY['{1}'::app.list]", "text", '{"{1}"}'),
    Case("app.mood", "'high'", "text", "high"),
    Case("app.mood[]", "'{low,NULL}'", "text[]", "{low,NULL}"),
    Case("app.moody", "'low'", "text", "low"),
    Case("app.pair", "'(3,low)'", "text", "(3,low)"),
    Case("app.pair[]", "ARRAY['(3,low)'::app.pair]", "text[]", '{"(3,low)"}'),
    Case("app.span", "'[3,5)'", "text", "[3,5)"),
    Case("app.score", "'one'", "text", "cast 1"),
    Case("app.score[]", "'{two}'", "text[]", '{"cast 2"}'),
    Case("app.own", "'mine'", "text", "cast mine"),
]
NAMES = ["c{0}".format(number) for number in range(len(CASES))]
EVERY_KIND = {"server_kind": ["repository", "remote", "local"], "monitoring_role": "powa", "revoke_create": True}
SUPERUSER, OTHER = "app.as_superuser", "app.as_other"


@pytest.fixture
def others(database: Database) -> Database:
    """A database where others have made types, and a table with a row of values of all types and one of nothing."""
    database.sql("DO $d$ BEGIN IF to_regrole('app_owner') IS NULL THEN CREATE ROLE app_owner; END IF; END $d$")
    database.sql(SETUP)
    types = [{"bit": "bit(3)", "character": "character(5)"}.get(case.returned, case.returned) for case in CASES]
    columns = ", ".join(map("{0} {1}".format, NAMES, types))
    values = ", ".join("({0})::{1}".format(case.value, name) for case, name in zip(CASES, types))
    database.sql(
        "CREATE TABLE app.things (id integer, {0}); GRANT SELECT ON app.things TO powa;"
        " INSERT INTO app.things VALUES (1, {1}); INSERT INTO app.things (id) VALUES (2)".format(columns, values)
    )
    return database


def has_run(database: Database, who: str) -> bool:
    """Return whether code of others has run as somebody, and forget it."""
    found = database.value("SELECT is_called FROM " + who)
    database.sql("SELECT setval(%s, 1, false)", (who,))
    return bool(found)


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
