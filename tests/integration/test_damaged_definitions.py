# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A comment with our mark that somebody else wrote is named, stops no other datasource, and is repaired."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest
from datasources import COMMITS, LOCK_MODES
from servers import Database

REPOSITORY: Dict[str, Any] = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
FUNCTION = "function public.powa_lock_modes_src"
SAMPLES = (
    "SELECT s.id, g.* FROM powa_servers AS s CROSS JOIN LATERAL powa_lock_modes_get(s.id, NULL, NULL) AS g ORDER BY 2"
)
REGISTERED = (
    "SELECT srvid, operation, function_name, enabled FROM powa_functions"
    " WHERE function_name LIKE 'powa\\_lock\\_modes\\_%' ORDER BY 1, 2, 3"
)
MARK = "pgfleet.powa datasource lock_modes"


def _edited(**changes: Any) -> Any:
    """Return what edits fields of the comment that is there; None takes a field out."""

    def edit(comment: str) -> str:
        stored = json.loads(comment.split(": ", 1)[1])
        stored.update(changes)
        return "{0}: {1}".format(MARK, json.dumps({name: value for name, value in stored.items() if value != "gone"}))

    return edit


#: What the comment becomes, and the words that name the damage.
DAMAGES = {
    "the text of the issue": (lambda comment: MARK + ': {"name": 1}', '1 as field "name"'),
    "cut off": (lambda comment: comment[:-20], "text that is not JSON"),
    "no definition": (lambda comment: MARK, "found none"),
    "a list": (lambda comment: MARK + ": [1]", "JSON that is not an object"),
    "deep": (lambda comment: MARK + ": " + "[" * 100000, "text that is not JSON"),
    "of another datasource": (lambda comment: comment.replace("lock_modes", "other"), 'a datasource "other"'),
    "another name in it": (_edited(name="other"), 'the name "other" in it'),
    "no queries": (_edited(queries="gone"), 'no field "queries"'),
    "a query that is a number": (_edited(queries=[{"min_version": 0, "query": 1}]), '1 as field "queries.query"'),
    "metrics that are text": (_edited(metrics="held"), '"held" as field "metrics"'),
    "a key that is text": (_edited(keys=["mode"]), '"mode" in field "keys" that is not an object'),
    "a cast from what is no type": (
        _edited(keys=[{"name": "mode", "type": "text", "nullable": False, "cast_from": "x'; DROP"}]),
        'as field "keys.cast_from"',
    ),
    "an unknown scope": (_edited(scope="planet"), '"planet" as field "scope"'),
    "a lone surrogate": (_edited(description="\ud800"), 'as field "description"'),
    "servers that are a number": (_edited(servers=1), '1 as field "servers"'),
    "paused that is text": (_edited(paused="all"), '"all" as field "paused"'),
}


@pytest.fixture
def fleet(database: Database) -> Database:
    """A repository that is its own remote, with two datasources that have samples."""
    database.ok("servers", servers=[{"hostname": "one", "alias": "one"}])
    database.ok("datasources", datasources=[LOCK_MODES, COMMITS], **REPOSITORY)
    srvid = database.value("SELECT id FROM powa_servers WHERE alias = 'one'")
    for name in ("lock_modes", "commits"):
        database.collect(name, srvid)
    database.take_snapshot(srvid)
    return database


def _comment(database: Database, suffix: str = "src") -> str:
    text = "SELECT obj_description('powa_lock_modes_{0}(integer)'::regprocedure, 'pg_proc')".format(suffix)
    return str(database.value(text))


def _set_comment(database: Database, comment: str, suffix: str = "src") -> None:
    database.sql("COMMENT ON FUNCTION powa_lock_modes_{0}(integer) IS %s".format(suffix), (comment,))


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_damage_is_named_and_repaired(fleet: Database, damage: str) -> None:
    edit, words = DAMAGES[damage]
    good = _comment(fleet)
    samples = fleet.sql(SAMPLES)
    _set_comment(fleet, edit(good))

    info = fleet.ok("server_info", monitoring_role="powa", collector_timeout=0)
    found = {entry["name"]: entry for entry in info["datasources"]}
    assert FUNCTION in found["lock_modes"]["damaged"] and words in found["lock_modes"]["damaged"]
    assert found["lock_modes"]["definition"] is None and found["commits"]["damaged"] is None
    assert found["commits"]["definition"]["name"] == "commits" and not found["commits"]["drift"]

    history = fleet.ok("history_info")
    assert [entry["name"] for entry in history["datasources"]] == ["commits"]
    assert FUNCTION in str(history["warnings"])
    servers = fleet.ok("servers", servers=[{"hostname": "one"}, {"hostname": "two"}])
    assert FUNCTION in str(servers["warnings"])
    for module, params in (
        ("history_info", {"datasources": ["lock_modes"]}),
        ("servers", {"servers": [{"hostname": "one", "datasources": ["lock_modes"]}]}),
    ):
        message = fleet.refused(module, **params)
        assert FUNCTION in message and words in message, module
    assert fleet.ok("datasources", datasources=[COMMITS], check=True, **REPOSITORY).changed is False
    exact = fleet.ok("datasources", datasources=[COMMITS], state="exact", history="drop", **REPOSITORY)
    assert exact.changed is False and fleet.sql(SAMPLES) == samples
    warning = str(exact["warnings"])
    assert (
        len(exact["warnings"]) == 1 and FUNCTION in warning and "or list it with state absent to remove it" in warning
    )

    checked = fleet.ok("datasources", datasources=[LOCK_MODES, COMMITS], check=True, **REPOSITORY)
    repaired = fleet.ok("datasources", datasources=[LOCK_MODES, COMMITS], **REPOSITORY)
    assert repaired.changed and repaired.diff == checked.diff
    assert _comment(fleet) == good
    assert samples and fleet.sql(SAMPLES) == samples
    assert not fleet.ok("datasources", datasources=[LOCK_MODES, COMMITS], **REPOSITORY).changed
    assert not fleet.ok("history_info").get("warnings")


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": [{"name": "ts", "type": "bigint", "kind": "gauge"}]},
        {"metrics": [{"name": "mode", "type": "interval", "kind": "gauge"}]},
        {"scope": "database"},
    ],
    ids=["the time as a metric", "a key as a metric", "another scope"],
)
def test_what_only_looks_like_the_definition_stops_no_other(fleet: Database, changes: Dict[str, Any]) -> None:
    good = _comment(fleet)
    _set_comment(fleet, _edited(**changes)(good))
    info = fleet.ok("server_info", monitoring_role="powa", collector_timeout=0)
    (found,) = [entry for entry in info["datasources"] if entry["name"] == "lock_modes"]
    assert found["damaged"] or found["drift"] or found["refused"]
    history = fleet.ok("history_info")
    assert [entry["name"] for entry in history["datasources"]] == ["commits"]
    assert "declare the datasource again" in str(history["warnings"])
    asked = fleet.run("servers", check=True, servers=[{"hostname": "one", "datasources": ["lock_modes"]}])
    assert not asked.failed or "declare the datasource again" in asked["msg"]
    fleet.ok("datasources", datasources=[LOCK_MODES, COMMITS], **REPOSITORY)
    assert _comment(fleet) == good


def test_a_datasource_can_be_removed_whatever_its_comment_says(fleet: Database) -> None:
    _set_comment(fleet, MARK + ": {}")
    fleet.ok("datasources", datasources=[{"name": "lock_modes", "state": "absent"}], **REPOSITORY)
    assert fleet.value("SELECT count(*) FROM pg_proc WHERE proname LIKE 'powa_lock_modes%%'") == 0
    assert fleet.value("SELECT count(*) FROM powa_lock_modes_history_current") > 0


def test_what_cannot_be_read_stays_while_exact_removes_the_others(fleet: Database) -> None:
    fleet.ok("datasources", datasources=[dict(LOCK_MODES, name="other")], **REPOSITORY)
    samples, rows = fleet.sql(SAMPLES), fleet.sql(REGISTERED)
    functions = "SELECT count(*) FROM pg_proc WHERE proname LIKE %s"
    number = fleet.value(functions, ("powa\\_lock\\_modes\\_%",))
    _set_comment(fleet, MARK + ": {}")
    params = dict(REPOSITORY, datasources=[COMMITS], state="exact", history="drop")
    checked = fleet.ok("datasources", check=True, **params)
    result = fleet.ok("datasources", **params)
    assert result.changed and result.diff == checked.diff
    assert "other" in str(result["changes"]) and "lock_modes" not in str(result["changes"])
    assert len(result["warnings"]) == 1 and FUNCTION in str(result["warnings"])
    assert checked["warnings"] == result["warnings"]
    assert fleet.value(functions, ("powa\\_other\\_%",)) == 0
    assert fleet.value("SELECT to_regclass('powa_other_history')") is None
    assert fleet.value(functions, ("powa\\_lock\\_modes\\_%",)) == number > 0
    assert fleet.sql(SAMPLES) == samples
    assert rows and fleet.sql(REGISTERED) == rows
    assert not fleet.ok("datasources", **params).changed

    # As the warning says: declared again it is as it was, and listed as absent it goes.
    fleet.ok("datasources", **dict(params, datasources=[COMMITS, LOCK_MODES]))
    assert not fleet.ok("server_info", monitoring_role="powa", collector_timeout=0)["datasources"][1]["damaged"]
    _set_comment(fleet, MARK + ": {}")
    absent = {"name": "lock_modes", "state": "absent"}
    assert not fleet.ok("datasources", **dict(params, datasources=[COMMITS, absent])).get("warnings")
    assert fleet.value(functions, ("powa\\_lock\\_modes\\_%",)) == 0


def test_a_removal_takes_the_rows_of_its_extension_along(database: Database) -> None:
    of_extension = dict(LOCK_MODES, extension="some_extension")
    database.ok("servers", servers=[{"hostname": "one"}])
    database.ok("datasources", datasources=[of_extension], **REPOSITORY)
    rows = "SELECT count(*) FROM powa_functions WHERE function_name LIKE 'powa_lock_modes%%'"
    assert database.value(rows)
    _set_comment(database, MARK + ": {}")
    database.ok("datasources", datasources=[{"name": "lock_modes", "state": "absent"}], **REPOSITORY)
    assert database.value(rows) == 0


def test_a_pause_over_a_damaged_comment_leaves_the_query_to_be_described(fleet: Database) -> None:
    _set_comment(fleet, MARK + ": {}")
    untyped = dict(LOCK_MODES, keys=[{"name": "mode"}], metrics=[{"name": "locks", "kind": "gauge"}])
    untyped["query"] = "SELECT mode, count(*) AS locks FROM pg_locks GROUP BY mode"
    assert fleet.ok("datasources", datasources=[dict(untyped, state="paused")], server_kind=["repository"]).changed
    wrong = dict(untyped, query="SELECT mode, count(*) AS locks FROM pg_lock GROUP BY mode")
    remote: Dict[str, Any] = {"server_kind": ["remote"], "monitoring_role": "powa"}
    assert "pg_lock" in fleet.refused("datasources", datasources=[wrong], **remote)
    described = fleet.ok("datasources", datasources=[untyped], **remote)
    assert [column["type"] for column in described["datasources"][0]["metric_columns"]] == ["bigint"]
    results = [{"server": "one", "datasources": described["datasources"]}]
    params = {"server_kind": ["repository"], "remote_results": results, "ready_servers": ["one"]}
    assert fleet.ok("datasources", datasources=[untyped], **params).changed
    assert not fleet.ok("datasources", datasources=[untyped], **params).changed


def test_columns_change_without_loss_although_the_comment_is_damaged(fleet: Database) -> None:
    two = dict(LOCK_MODES, metrics=[*LOCK_MODES["metrics"], {"name": "pids", "type": "bigint", "kind": "gauge"}])
    two["query"] = "SELECT mode, count(*) AS held, count(DISTINCT pid) AS pids FROM pg_locks GROUP BY mode"
    fleet.ok("datasources", datasources=[two], **REPOSITORY)
    srvid = fleet.value("SELECT id FROM powa_servers WHERE alias = 'one'")
    fleet.collect("lock_modes", srvid)
    fleet.take_snapshot(srvid)
    fleet.ok("datasources", datasources=[LOCK_MODES], **REPOSITORY)
    # The metric pids is kept, and only the damaged comment says so.
    kept = "SELECT (c.record).pids FROM powa_lock_modes_history_current AS c WHERE (c.record).pids IS NOT NULL"
    values = fleet.sql(kept)
    assert values
    _set_comment(fleet, MARK + ': {"name": "lock_modes"}')

    third = dict(two, metrics=[*LOCK_MODES["metrics"], {"name": "waits", "type": "bigint", "kind": "gauge"}])
    third["query"] = two["query"].replace("count(DISTINCT pid) AS pids", "count(*) FILTER (WHERE NOT granted) AS waits")
    paused = fleet.ok("datasources", datasources=[dict(third, state="paused")], server_kind=["repository"])
    assert paused.changed and paused["datasources"][0]["paused"] == ["one"]
    assert (
        fleet.value(
            "SELECT bool_or(enabled) FROM powa_functions WHERE srvid = %s AND function_name LIKE %s",
            (
                srvid,
                "powa_lock_modes%",
            ),
        )
        is False
    )
    fleet.ok("datasources", datasources=[third], server_kind=["remote"], monitoring_role="powa")
    fleet.ok("datasources", datasources=[third], server_kind=["repository"], ready_servers=["one"])
    fleet.collect("lock_modes", srvid)
    fleet.take_snapshot(srvid)
    assert fleet.sql(kept) == values
    assert fleet.value("SELECT count(*) FROM powa_lock_modes_get(%s, NULL, NULL) WHERE waits IS NOT NULL", (srvid,))


def test_the_comment_of_a_datasource_of_databases(database: Database) -> None:
    if database.powa == "4":
        # Such datasources are refused there, so there is nothing to damage.
        message = database.refused("datasources", datasources=[dict(LOCK_MODES, scope="database")], **REPOSITORY)
        assert "does not know" in message
        return
    declared = dict(LOCK_MODES, scope="database")
    database.ok("servers", servers=[{"hostname": "one"}])
    database.ok("datasources", datasources=[declared], server_kind=["repository"])
    good = _comment(database, "snapshot")
    _set_comment(database, good[:-1], "snapshot")
    info = database.ok("server_info", collector_timeout=0)
    assert "function public.powa_lock_modes_snapshot" in info["datasources"][0]["damaged"]
    assert database.ok("datasources", datasources=[declared], server_kind=["repository"]).changed
    assert _comment(database, "snapshot") == good


def test_marks_on_what_is_not_ours(database: Database) -> None:
    database.sql("CREATE TABLE notes (n integer)")
    database.sql("COMMENT ON TABLE notes IS 'pgfleet.powa datasource ../x'")
    database.sql("CREATE FUNCTION powa__src(text) RETURNS void LANGUAGE sql AS ''")
    database.sql("COMMENT ON FUNCTION powa__src(text) IS 'pgfleet.powa datasource : {}'")
    database.sql("CREATE FUNCTION powa_it_src(integer) RETURNS void LANGUAGE sql AS ''")
    database.sql("COMMENT ON FUNCTION powa_it_src(integer) IS 'pgfleet.powa datasource '")
    info = database.ok("server_info", collector_timeout=0)
    assert [entry["name"] for entry in info["datasources"]] == ["it"]
    assert "function public.powa_it_src" in info["datasources"][0]["damaged"]
    database.ok("datasources", datasources=[LOCK_MODES], **REPOSITORY)
