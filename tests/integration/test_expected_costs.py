# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What server_info says that datasources will cost, before anybody declares them; the oracle is plain SQL."""

from __future__ import annotations

import functools
from typing import Any, Dict, List

import pytest
from datasources import COMMITS, LOCK_MODES
from readers import a_reader
from servers import Database, on_the_newest_server, statements_sent
from test_sizes import BOTH, DAY, FOUR_ROWS, LONG, STORED, look

#: A datasource whose rows have different keys, and of which remotes tell the types.
PLANNED: Dict[str, Any] = {
    "name": "planned",
    "query": "SELECT n, n::bigint AS size FROM generate_series(0, 3) AS g (n)",
    "keys": [{"name": "n"}],
    "metrics": [{"name": "size"}],
}
#: What servers cost for each row of a sample: bytes a row times samples, of a day and of all that is kept.
OF_EACH_ROW = """
    SELECT sum({day} / frequency), sum(extract(epoch FROM retention)::float / frequency)
    FROM powa_servers WHERE id > 0 AND frequency > 0
""".format(day=DAY)


def ask(database: Database, datasources: List[Dict[str, Any]], **params: Any) -> Dict[str, Any]:
    asked = look(database, datasources=datasources, **params)["expected_costs"]
    assert [entry["name"] for entry in asked] == [each["name"] for each in datasources if each.get("state") != "absent"]
    return {entry["name"]: entry["cost"] for entry in asked}


def with_history(database: Database) -> List[int]:
    """Register servers that differ, with a datasource whose history can tell what a row takes."""
    srvids = list(database.register("one", "two", "off"))
    servers = [
        {"hostname": "one", "frequency": 60, "retention": "7 days"},
        {"hostname": "two", "frequency": 600, "retention": "1 day"},
        {"hostname": "off", "state": "disabled"},
    ]
    database.ok("datasources", datasources=[LOCK_MODES], **BOTH)
    database.ok("servers", servers=servers)
    database.sql(LONG, (srvids[0],))
    database.sql("SELECT powa_lock_modes_aggregate(%s)", (srvids[0],))
    database.sql("VACUUM (ANALYZE) powa_lock_modes_history")
    return srvids


def test_what_is_said_before_is_what_check_mode_says_and_what_it_costs(database: Database) -> None:
    (first, second, _off) = with_history(database)
    before = database.dump()
    remote = database.ok(
        "datasources", check=True, datasources=[PLANNED], server_kind=["remote"], monitoring_role="powa"
    )
    results = [{"server": "one", "datasources": remote["datasources"]}, {"server": "nobody", "datasources": []}]
    declared: Dict[str, Any] = {"datasources": [LOCK_MODES, PLANNED], "remote_results": results}
    expected = ask(database, **declared)["planned"]
    # Both remotes have four rows, and of samples with one bigint it is known what they take.
    row, (a_day, kept) = database.value(STORED.format("lock_modes")), database.sql(OF_EACH_ROW)[0]
    assert expected["rows"] == 8 and expected["bytes_per_row"] == pytest.approx(row, abs=0.1)
    assert expected["bytes_per_day"] == pytest.approx(4 * row * float(a_day), rel=0.01)
    assert expected["bytes_at_retention"] == pytest.approx(4 * row * float(kept), rel=0.01)
    checked = database.ok("datasources", check=True, server_kind=["repository"], **declared)
    assert checked["datasources"][1]["cost"] == expected and database.dump() == before
    # Nobody has to declare what the server has already.
    assert ask(database, [PLANNED], remote_results=results)["planned"] == expected

    database.ok("datasources", datasources=declared["datasources"], **BOTH)
    for srvid in (first, second):
        database.collect("planned", srvid)
        database.take_snapshot(srvid)
    found = look(database, datasources=declared["datasources"])
    (real,) = [entry["cost"] for entry in found["datasources"] if entry["name"] == "planned"]
    assert real["rows"] == database.value("SELECT count(*) FROM powa_planned_history_current") == expected["rows"]
    for part in ("bytes_per_row", "bytes_per_day", "bytes_at_retention"):
        assert real[part] == pytest.approx(expected[part], rel=0.01)
    # Declared again as it is, it goes on to cost that, and nobody has to describe it.
    assert {entry["name"]: entry["cost"] for entry in found["expected_costs"]}["planned"] == real


def test_a_change_of_what_is_declared(database: Database) -> None:
    (first, second, _off) = with_history(database)
    declared = dict(PLANNED, keys=[{"name": "n", "type": "integer"}], metrics=[{"name": "size", "type": "bigint"}])
    database.ok("datasources", datasources=[LOCK_MODES, declared], **BOTH)
    for srvid, rows in ((first, 4), (second, 2)):
        database.collect("planned", srvid)
        database.take_snapshot(srvid)
        database.sql("DELETE FROM powa_planned_history_current WHERE srvid = %s AND n >= %s", (srvid, rows))
    assert ask(database, [declared])["planned"]["rows"] == 6
    # A server fewer, and one that is not there any more.
    assert ask(database, [dict(declared, servers=["one"])])["planned"]["rows"] == 4
    assert ask(database, [dict(declared, enabled=False)]) == {"planned": None}
    assert ask(database, [dict(declared, state="absent")]) == {}
    # Another query returns other rows, as far as remotes have described it.
    query = "SELECT n, n::bigint AS size, n::bigint AS more FROM generate_series(0, 9) AS g (n)"
    wider = dict(declared, query=query, metrics=[*declared["metrics"], {"name": "more", "type": "bigint"}])
    remote = database.ok("datasources", check=True, datasources=[wider], server_kind=["remote"], monitoring_role="powa")
    assert remote["datasources"][0]["rows"] == 10
    results = [{"server": "one", "datasources": remote["datasources"]}]
    assert ask(database, [wider])["planned"]["rows"] == 6
    assert ask(database, [wider], remote_results=results)["planned"]["rows"] == 12


@on_the_newest_server
def test_a_retention_of_its_own(database: Database) -> None:
    with_history(database)
    results = [{"server": "one", "datasources": [{"name": "four_rows", "rows": 4}]}]
    as_servers_do, longer = (
        ask(database, [dict(FOUR_ROWS, **own)], remote_results=results)["four_rows"]
        for own in ({}, {"retention": "14 days"})
    )
    assert longer["bytes_per_day"] == as_servers_do["bytes_per_day"]
    assert longer["bytes_at_retention"] == pytest.approx(14 * longer["bytes_per_day"], rel=0.001)


def test_what_is_wrong_is_refused_as_module_datasources_does(database: Database) -> None:
    with_history(database)
    wrong = [
        dict(COMMITS, query="DROP TABLE orders"),
        dict(COMMITS, name="of_nobody", servers=["nobody"]),
        dict(COMMITS, name="typeless", metrics=[{"name": "commits"}]),
        dict(LOCK_MODES, metrics=[{"name": "mode", "type": "bigint"}], keys=[{"name": "held", "type": "text"}]),
        dict(COMMITS, name="kept", retention="forever and a day"),
        dict(COMMITS, name="powa_statements"),
    ]
    before = database.dump()
    asked = database.run("server_info", datasources=wrong, collector_timeout=0)
    refused = database.run("datasources", check=True, datasources=wrong, server_kind=["repository"])
    assert asked.failed and asked["problems"] == refused["problems"] and len(asked["problems"]) >= len(wrong)
    assert asked["msg"] == refused["msg"] and database.dump() == before


def test_servers_without_history_say_why(database: Database, bare_database: Database) -> None:
    asked: Dict[str, Any] = {"datasources": [FOUR_ROWS], "collector_timeout": 0}
    for kind in ({}, {"server_kind": ["remote"]}):
        assert "a remote, which keeps no history" in database.refused("server_info", **asked, **kind)
    # A repository without servers has nothing to collect from.
    assert ask(database, [FOUR_ROWS], server_kind=["repository"]) == {"four_rows": None}
    assert look(bare_database, **asked)["expected_costs"] == []
    assert 'begins with "DROP"' in bare_database.refused("server_info", datasources=[dict(FOUR_ROWS, query="DROP")])
    assert "give datasources" in database.refused("server_info", remote_results=[{"server": "a", "datasources": []}])


def test_a_reader_is_told_the_same(database: Database) -> None:
    srvid = with_history(database)[0]
    results = [{"server": "one", "datasources": [{"name": "four_rows", "rows": 4}]}]
    asked: Dict[str, Any] = {"datasources": [LOCK_MODES, FOUR_ROWS], "remote_results": results}
    with a_reader(database) as reader:
        database.ok("datasources", datasources=[LOCK_MODES], reader_role=reader, **BOTH)
        database.collect("lock_modes", srvid)
        database.take_snapshot(srvid)
        expected = ask(database, **asked)
        assert expected["four_rows"]["rows"] == 8 and ask(database, login_user=reader, **asked) == expected
        database.sql("REVOKE SELECT ON powa_servers FROM {0}".format(reader))
        if database.powa == "4":
            found = look(database, login_user=reader, server_kind=["repository"], **asked)
            assert found["expected_costs"] == []
            assert "expected_costs" in {entry["part"] for entry in found["not_visible"]}


def test_it_asks_as_often_for_many_as_for_few(make_database: Any) -> None:
    sent = []
    for servers, datasources in ((2, 1), (100, 20)):
        database = make_database()
        named = [dict(FOUR_ROWS, name="many_{0}".format(number)) for number in range(datasources)]
        # Half of them are there already.
        database.ok("datasources", datasources=named[: datasources // 2 + 1], **BOTH)
        hosts = ["db{0}".format(number) for number in range(servers)]
        database.ok("servers", servers=[{"hostname": host} for host in hosts])
        told = [{"name": each["name"], "rows": 4} for each in named]
        results = [{"server": host, "datasources": told} for host in hosts]
        costs, asked = statements_sent(
            database, functools.partial(ask, database, named, remote_results=results, server_kind=["repository"])
        )
        assert all(cost["rows"] == 4 * servers for cost in costs.values()) and len(costs) == datasources
        sent.append(asked)
    assert 0 < sent[0] == sent[1]
