# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module history: what it returns is what plain SQL finds in the tables."""

from __future__ import annotations

import functools
from contextlib import closing
from typing import Any, Dict, List

import pytest
from datasources import COMMITS, LOCK_MODES
from readers import a_login, a_reader
from servers import Database, finish_module, statements_sent, wait_until
from test_extension_names import on_powa_5

#: Of every type that is a number, and of one that is none.
NUMBERS = {
    "name": "numbers",
    "title": "Many numbers",
    "query": "SELECT 1::smallint AS s, 1.5::numeric AS n, true AS b, interval '90 s' AS i, pg_lsn '0/10' AS l,"
    " pg_lsn '0/10' AS w, 'x'::text AS t, 'NaN'::double precision AS d",
    "metrics": [
        {"name": "s", "type": "smallint", "kind": "gauge", "title": "Small", "unit": "pieces"},
        {"name": "n", "type": "numeric", "kind": "gauge"},
        {"name": "b", "type": "boolean", "kind": "gauge"},
        {"name": "i", "type": "interval", "kind": "gauge"},
        {"name": "l", "type": "pg_lsn", "kind": "gauge"},
        {"name": "w", "type": "pg_lsn"},
        {"name": "t", "type": "text", "kind": "gauge"},
        {"name": "d", "type": "double precision", "kind": "gauge"},
    ],
}


def declare(database: Database, *datasources: Dict[str, Any]) -> List[int]:
    """Declare datasources with two servers, and return these."""
    database.ok("datasources", server_kind=["repository", "remote"], datasources=list(datasources))
    srvids = database.register("one", "two")
    database.ok("datasources", server_kind=["repository", "remote"], datasources=list(datasources))
    return srvids


def read(database: Database, **params: Any) -> Any:
    """Return the result of the module."""
    return database.ok("history_info", **params).result


def test_lines_are_the_samples_of_each_server(database: Database) -> None:
    one, two = declare(database, COMMITS, LOCK_MODES)
    for srvid, mode, minutes, held in (
        (one, "a", 50, 4), (one, "a", 48, 6), (one, "a", 10, 9), (one, "a", 90, 1000),
        (one, "b", 50, 2), (one, "c", 50, 1), (one, "c", 10, 1), (two, "a", 10, 3),
    ):  # fmt: skip
        database.sql(
            "INSERT INTO powa_lock_modes_history_current SELECT %s, %s,"
            " (timestamptz '2026-03-01 12:00+00' - %s * interval '1 minute', %s)::powa_lock_modes_history_record",
            (srvid, mode, minutes, held),
        )
    found = read(database, range="1 hour", until="2026-03-01 13:00+01", steps=4, lines=1, datasources=["lock_modes"])
    assert (found["since"], found["until"], found["step"]) == ("2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z", 900)
    (datasource,) = found["datasources"]
    assert [metric["name"] for metric in datasource["metrics"]] == ["held"]
    assert [server["name"] for server in datasource["servers"]] == ["one", "two"]
    first, second = (server["metrics"][0]["lines"] for server in datasource["servers"])
    # The mean of 4 and 6, then 9; of the others the sums.
    assert first == [
        {"key": {"mode": "a"}, "points": [5, None, None, 9]},
        {"key": None, "points": [3, None, None, 1]},
    ]
    assert second == [{"key": {"mode": "a"}, "points": [None, None, None, 3]}]

    only = read(database, range="1 hour", until="2026-03-01 13:00+01", servers=["two"])["datasources"]
    assert [len(entry["servers"]) for entry in only] == [0, 1]
    # From now, these are long ago.
    assert not any(entry["servers"] for entry in read(database)["datasources"])


def test_every_type_that_is_a_number_has_lines_and_others_have_none(database: Database) -> None:
    one, _two = declare(database, NUMBERS)
    sample = (
        "INSERT INTO powa_numbers_history_current SELECT %s, (now() - %s * interval '1 minute', 3, 1.23456, true,"
        " interval '1 min 30 s', pg_lsn '0/10', pg_lsn '0/0' + %s::numeric, 'x', 'NaN')::powa_numbers_history_record"
    )
    database.sql(sample, (one, 40, 0))
    database.sql(sample, (one, 20, 2400))
    (datasource,) = read(database, range="1 hour", steps=1)["datasources"]
    assert datasource["title"] == "Many numbers"
    assert [(metric["name"], metric["unit"], metric["per_second"]) for metric in datasource["metrics"]] == [
        ("s", "pieces", False),
        ("n", None, False),
        ("b", None, False),
        ("i", "s", False),
        ("l", "bytes", False),
        ("w", "bytes", True),
        ("d", None, False),
    ]
    (server,) = datasource["servers"]
    lines = {metric["name"]: metric["lines"] for metric in server["metrics"]}
    assert {name: line[0]["points"] for name, line in lines.items() if line} == {
        "s": [3], "n": [1.235], "b": [1], "i": [90], "l": [16], "w": [2],
    }  # fmt: skip
    assert lines["d"] == [] and lines["s"][0]["key"] == {}


def test_current_and_aggregated_samples_are_one_line(database: Database) -> None:
    one, _two = declare(database, COMMITS)
    for minutes, commits in ((45, 0), (35, 6000), (25, 6600), (15, 600)):
        database.sql(
            "INSERT INTO powa_commits_history_current SELECT %s,"
            " (timestamptz '2026-03-01 12:00+00' - %s * interval '1 minute', %s)::powa_commits_history_record",
            (one, minutes, commits),
        )
        if minutes == 35:
            database.sql("SELECT powa_commits_aggregate(%s)", (one,))
    assert database.value("SELECT count(*) FROM powa_commits_history") == 1
    (datasource,) = read(database, range="1 hour", until="2026-03-01 12:00+00", steps=6)["datasources"]
    (line,) = datasource["servers"][0]["metrics"][0]["lines"]
    # A counter that is less than before was reset.
    assert line["points"] == [None, None, 10, 1, 1, None]


def test_a_range_may_begin_before_there_was_a_calendar(database: Database) -> None:
    one, _two = declare(database, COMMITS)
    database.sql(
        "INSERT INTO powa_commits_history_current SELECT %s, (now() - n * interval '1 minute', 60 * n)"
        "::powa_commits_history_record FROM generate_series(1, 2) AS n",
        (one,),
    )
    (datasource,) = read(database, range="4000 years", steps=2)["datasources"]
    (line,) = datasource["servers"][0]["metrics"][0]["lines"]
    assert line["points"] == [None, 1]


def test_a_range_can_leave_out_what_has_no_samples(database: Database) -> None:
    one, two = declare(database, COMMITS, LOCK_MODES)
    until = "2026-03-01 12:00+00"
    sample = (
        "INSERT INTO powa_lock_modes_history_current SELECT %s, 'a',"
        " (timestamptz %s - %s * interval '1 minute', %s)::powa_lock_modes_history_record"
    )
    for srvid, minutes in ((one, 2000), (one, 40), (one, 35)):
        database.sql(sample, (srvid, until, minutes, minutes))
    database.sql("SELECT powa_lock_modes_aggregate(%s)", (one,))
    for srvid, minutes in ((one, 30), (one, 20), (two, 23), (two, 21)):
        database.sql(sample, (srvid, until, minutes, minutes))

    def trimmed(**params: Any) -> Any:
        found = read(database, until=until, steps=4, trim=True, **params)
        servers = {server["name"]: server for entry in found["datasources"] for server in entry["servers"]}
        lines = {name: [line["points"] for line in server["metrics"][0]["lines"]] for name, server in servers.items()}
        return found, {name: server["since"] for name, server in servers.items()}, lines

    # The aggregated row reaches from long ago into the range.
    assert database.value("SELECT upper(coalesce_range) - lower(coalesce_range) > '1 day' FROM powa_lock_modes_history")
    found, since, lines = trimmed()
    assert (found["since"], found["until"], found["step"]) == ("2026-03-01T11:20:00Z", "2026-03-01T11:40:00Z", 300)
    assert lines == {"one": [[40, 35, 30, 20]], "two": [[23, None, 21, None]]}
    database.sql("DELETE FROM powa_lock_modes_history")
    found, since, lines = trimmed()
    assert (found["since"], found["until"], found["step"]) == ("2026-03-01T11:30:00Z", "2026-03-01T11:40:00Z", 150)
    # The second server has begun late.
    assert since == {"one": "2026-03-01T11:30:00Z", "two": "2026-03-01T11:30:00Z"}
    assert lines == {"one": [[30, None, None, 20]], "two": [[None, None, 23, 21]]}
    assert found["asked"] == {"since": "2026-02-28T12:00:00Z", "until": "2026-03-01T12:00:00Z", "step": 21600}
    database.sql("DELETE FROM powa_lock_modes_history_current WHERE srvid = %s", (two,))
    database.sql(sample, (two, until, 22, 22))
    database.sql(sample, (two, until, 20, 20))
    found, since, lines = trimmed()
    assert since == {"one": "2026-03-01T11:30:00Z", "two": "2026-03-01T11:38:00Z"}
    assert lines == {"one": [[30, None, None, 20]], "two": [[22, None, None, 20]]}
    # Without any sample, it stays.
    found, since, _lines = trimmed(datasources=["commits"])
    assert found["since"] == found["asked"]["since"] and since == {}


def test_what_can_not_be_read_is_refused_in_a_sentence(database: Database) -> None:
    declare(database, COMMITS)
    for params, sentence in (
        ({"datasources": ["nix"]}, 'datasource "nix" is not declared here, or cannot be read (declared: commits'),
        ({"servers": ["nix"]}, 'server "nix" is not registered here (registered: one, two'),
        ({"range": "a while"}, 'range "a while" until "" (invalid input syntax for type interval'),
        ({"range": "-1 day"}, 'range: found "-1 day", expected a positive and finite interval'),
        ({"range": "1000000 years"}, 'range "1000000 years" until "" ('),
        ({"until": "soon"}, 'range "1 day" until "soon" (invalid input syntax for type timestamp with time zone'),
        ({"steps": 0}, "steps: found 0, expected at least 1"),
        ({"steps": 99999999999}, "steps: found 99999999999, expected at most 100000"),
        ({"lines": -1}, "lines: found -1, expected at least 1"),
    ):
        assert sentence in database.refused("history_info", **params), params


@pytest.mark.parametrize("server", ["5"], ids=["powa5"], indirect=True, scope="session")
def test_the_database_of_a_sample_goes_by_its_name(database: Database) -> None:
    tables = {
        "name": "tables",
        "scope": "database",
        "query": "SELECT count(*)::integer AS held FROM pg_class",
        "metrics": [{"name": "held", "type": "integer", "kind": "gauge"}],
    }
    (srvid, _two) = declare(database, tables)
    database.sql("INSERT INTO powa_databases (srvid, oid, datname) VALUES (%s, 4242, 'shop')", (srvid,))
    for dbid in (4242, 4243):
        database.sql(
            "INSERT INTO powa_tables_history_current (srvid, dbid, record)"
            " SELECT %s, %s, (now() - interval '5 minutes', %s)::powa_tables_history_record",
            (srvid, dbid, dbid),
        )
    (datasource,) = read(database, steps=1)["datasources"]
    lines = datasource["servers"][0]["metrics"][0]["lines"]
    assert {line["key"]["dbid"]: line["points"] for line in lines} == {"shop": [4242], "4243": [4243]}


def test_it_sends_as_many_statements_for_many_as_for_few(make_database: Any) -> None:
    sent = []
    for servers, datasources in ((1, 1), (40, 9)):
        database = make_database()
        declare(database, *(dict(COMMITS, name="commits{0}".format(number)) for number in range(datasources)))
        database.sql("SELECT powa_register_server(hostname => 'h' || n) FROM generate_series(1, %s) AS n", (servers,))
        sent.append(statements_sent(database, functools.partial(read, database))[1])
    assert 0 < sent[0] == sent[1] < 20


def test_a_reader_reads_the_same_history(database: Database) -> None:
    one, _two = declare(database, COMMITS, LOCK_MODES)
    database.sql(
        "INSERT INTO powa_commits_history_current SELECT %s, (now() - n * interval '1 minute', 60 * n)"
        "::powa_commits_history_record FROM generate_series(1, 2) AS n",
        (one,),
    )
    until = database.value("SELECT now()::text")
    with a_reader(database) as reader:
        if database.powa == "4":
            # Before the datasources are declared with the role, it does not see their history.
            found = read(database, login_user=reader)
            tables = [
                "SELECT on public.powa_{0}_history{1}".format(name, suffix)
                for name in ("commits", "lock_modes")
                for suffix in ("_current", "")
            ]
            assert (found["datasources"], found["not_visible"]) == ([], [{"part": "datasources", "lacks": tables}])
            assert "SELECT on public.powa_commits_history" in str(found["warnings"])
            message = database.refused("history_info", login_user=reader, datasources=["commits"])
            assert 'datasource "commits": cannot be read, since the role lacks SELECT on public.powa_commits' in message
        database.ok(
            "datasources", server_kind=["repository", "remote"], reader_role=reader, datasources=[COMMITS, LOCK_MODES]
        )
        found, expected = (read(database, until=until, **login) for login in ({"login_user": reader}, {}))
        assert found["not_visible"] == expected["not_visible"] == [] and found["datasources"] == expected["datasources"]
        assert any(entry["servers"] for entry in found["datasources"])


def test_what_a_role_may_not_read_is_named(database: Database) -> None:
    declare(database, COMMITS)
    with a_login(database, "pg_monitor") as reader:
        found = read(database, login_user=reader)
        assert {entry["part"] for entry in found["not_visible"]} == {"datasources", "datasources[].servers"}
        assert any("public.powa_servers" in right for entry in found["not_visible"] for right in entry["lacks"])
        message = database.refused("history_info", login_user=reader, servers=["one"])
        assert message.startswith("servers: no server can be looked up, since the role lacks SELECT (")
    if database.powa == "5":
        for group in ("powa_read_all_metrics", "powa_read_all_data"):
            with a_login(database, group) as reader:
                assert read(database, login_user=reader)["not_visible"] == []


@on_powa_5
def test_a_function_that_is_replaced_while_it_is_read(database: Database) -> None:
    per_database = dict(COMMITS, scope="database")
    database.register("one")
    database.ok("datasources", server_kind=["repository"], datasources=[per_database])
    function = "'powa_{0}_rate'::regproc".format(COMMITS["name"])
    replaced = "SELECT pg_get_functiondef({0}), obj_description({0}, 'pg_proc')".format(function)
    ((definition, comment),) = database.sql(replaced)
    number = database.value("SELECT {0}::oid".format(function))
    with closing(database.server.connect(database.name)) as holder, holder.cursor() as cursor:
        holder.autocommit = False
        # Each key has the name of its database, which a statement looks for after it has found the function.
        cursor.execute("LOCK TABLE powa_databases")
        task = database.start("history_info")
        wait_until(lambda: database.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == 1, "it has found it")
        cursor.execute("DROP FUNCTION powa_{0}_rate".format(COMMITS["name"]))
        cursor.execute(definition)
        cursor.execute("COMMENT ON FUNCTION powa_{0}_rate IS %s".format(COMMITS["name"]), (comment,))
        holder.commit()
    result = finish_module(task)
    assert not result.failed, result["msg"]
    assert database.value("SELECT {0}::oid".format(function)) != number
    assert [datasource["name"] for datasource in result["datasources"]] == [COMMITS["name"]]
