# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several hosts together tell, from what was seen of each."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._diagnosis import diagnose

FLEET = {
    "repositories": ["hub"],
    "remotes": {
        "one": {"repository": "hub", "server": {"hostname": "10.0.0.1", "port": 5432, "alias": "first"}},
        "two": {"repository": "hub", "server": {"hostname": "10.0.0.2", "port": 5432}},
    },
    "collectors": {"hub": {"repository": "hub"}},
}
LOCKS = {"name": "locks", "keys": [{"name": "mode", "type": "text"}], "metrics": [{"name": "held", "type": "bigint"}]}


def problem(kind, server=None, datasource=None, text="it is wrong"):
    return {
        "kind": kind,
        "problem": text,
        "cause": "because",
        "cure": "cure it",
        "server": server,
        "datasource": datasource,
    }


def row(srvid, hostname, name, **changes):
    return {
        "srvid": srvid,
        "name": name,
        "alias": name,
        "hostname": hostname,
        "port": 5432,
        "enabled": True,
        "frequency": 300,
        "retention": "1 day",
        "postgresql_version": "17.1",
        "powa_version": None,
        "extensions": {},
        "datasources": {"locks": True},
        "snapshots": {"age": 7},
        **changes,
    }


def info(servers=(), definitions=(LOCKS,), extensions=("powa", "pg_stat_statements"), problems=(), **changes):
    return {
        "database": "powa",
        "powa_version": "5.0.2",
        "postgresql_version": "17.4 (Debian)",
        "size": 1000,
        "collector": None,
        "servers": list(servers),
        "extensions": [{"name": name} for name in extensions],
        "datasources": [{"name": definition["name"], "definition": definition} for definition in definitions],
        "problems": list(problems),
        **changes,
    }


def look(group, found=None, *lines):
    return {"groups": [group], "info": info() if found is None else found, "host": {"stdout_lines": list(lines)}}


def fleet_of(hub=None, one=None, two=None, lines=("unit=active", "installed=1", "log=")):
    """What was seen of a fleet without problems, but for what is given."""
    servers = [row(1, "10.0.0.1", "first"), row(2, "10.0.0.2", "10.0.0.2:5432")]
    seen = look("powa_collectors", info(servers) if hub is None else hub, *lines)
    seen["groups"].append("powa_repositories")
    return {"hub": seen, "one": look("powa_remotes", one), "two": look("powa_remotes", two)}


def found(looks, *arguments):
    return [
        (entry["kind"], entry["host"], entry["server"], entry["datasource"])
        for entry in diagnose(looks, FLEET, *arguments)["problems"]
    ]


def repository(*problems, **changes):
    servers = [row(1, "10.0.0.1", "first"), row(2, "10.0.0.2", "10.0.0.2:5432"), row(3, "db9", "stranger")]
    return info(servers, problems=problems, **changes)


def test_a_well_fleet():
    findings = diagnose(fleet_of(), FLEET)
    assert findings["problems"] == [] and findings["text"] == []
    assert [line.split() for line in findings["table"]] == [
        ["server", "PoWA", "PostgreSQL", "last", "snapshot", "problems"],
        ["hub", "5.0.2", "17.4", "-", "-"],
        ["one", "5.0.2", "17.4", "7", "s", "ago", "-"],
        ["two", "5.0.2", "17.4", "7", "s", "ago", "-"],
    ]


@pytest.mark.parametrize(
    ("server", "named"),
    [("first", "one"), ("10.0.0.1:5432", "one"), ("10.0.0.2:5432", "two"), ("stranger", "stranger"), (None, "hub")],
)
def test_a_server_is_named_as_the_inventory_names_it(server, named):
    looks = fleet_of(repository(problem("snapshot_late", server)))
    assert found(looks) == [("snapshot_late", "hub", named, None)]


def test_the_table_has_servers_that_the_inventory_lacks_and_counts_problems():
    servers = [
        row(1, "10.0.0.1", "first", enabled=False),
        row(2, "10.0.0.2", "10.0.0.2:5432", snapshots={"age": None}),
        row(3, "db9", "stranger"),
    ]
    findings = diagnose(fleet_of(info(servers, problems=[problem("snapshot_late", "stranger")])), FLEET)
    lines = [line.split("  ") for line in findings["table"]]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert cells[2:] == [
        ["one", "5.0.2", "17.4", "disabled", "-"],
        ["two", "5.0.2", "17.4", "never", "-"],
        ["stranger", "-", "17.1", "7 s ago", "1"],
    ]
    assert findings["text"] == ["stranger: it is wrong (snapshot_late)", "    because because", "    cure: cure it"]


def test_the_inventory_and_what_is_left_out():
    looks = fleet_of(repository(problem("password_stored", "first")))
    assert found(looks, ["db7 is in no group"]) == [
        ("password_stored", "hub", "one", None),
        ("inventory", None, None, None),
    ]
    assert found(looks, ["db7 is in no group"], ["password_stored"]) == [("inventory", None, None, None)]
    assert diagnose(looks, FLEET, ["db7 is in no group"])["text"][3] == "inventory: db7 is in no group (inventory)"


@pytest.mark.parametrize(
    ("seen", "kind", "cause"),
    [
        ({"unreachable": True, "msg": "no\nroute"}, "host_unreachable", "no route"),
        ({"failed": True, "msg": "connection refused"}, "database_unreachable", "connection refused"),
        (
            {"failed": True, "msg": "Failed ... when becoming an unprivileged user (rc: 1"},
            "database_unreachable",
            "Ansible can not become the user postgres there: either there is no PostgreSQL, or Ansible needs the"
            " package acl",
        ),
    ],
)
def test_what_can_not_be_reached_is_said_once(seen, kind, cause):
    looks = fleet_of()
    looks["two"]["info"] = seen
    findings = diagnose(looks, FLEET)
    (entry,) = findings["problems"]
    assert (entry["kind"], entry["server"], entry["cause"]) == (kind, "two", cause)
    assert findings["servers"][2]["age"] == 7


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (info(powa_version="5.0.9"), []),
        (info(powa_version="5.1.0"), [("powa_version", "one", "one", None)]),
        (info(powa_version=None, problems=[problem("powa_absent")]), [("powa_absent", "one", "one", None)]),
        (info(extensions=["powa"]), [("extension_missing", "one", "one", None)]),
        (info(definitions=[]), [("datasource_drift", "one", "one", "locks")]),
        (info(definitions=[dict(LOCKS, metrics=[])]), [("datasource_drift", "one", "one", "locks")]),
        (info(definitions=[dict(LOCKS, query="SELECT 2")]), []),
    ],
    ids=["patch", "minor", "absent", "extension", "no side", "columns", "query"],
)
def test_what_a_remote_and_its_repository_do_not_share(one, expected):
    assert found(fleet_of(one=one)) == expected


def test_both_sides_are_named_where_they_do_not_fit():
    (entry,) = diagnose(fleet_of(one=info(definitions=[dict(LOCKS, metrics=[])])), FLEET)["problems"]
    assert entry["cause"] == "the server returns (mode text), and repository hub takes (mode text, held bigint)"


def test_a_datasource_that_is_not_active_for_the_server_needs_no_side_there():
    servers = [row(1, "10.0.0.1", "first", datasources={"locks": False}), row(2, "10.0.0.2", "two")]
    assert found(fleet_of(info(servers), one=info(definitions=[]))) == []


@pytest.mark.parametrize(
    ("state", "expected"), [("present", [("server_unregistered", "one", "one", None)]), ("absent", [])]
)
def test_a_server_that_is_not_registered(state, expected):
    one = dict(FLEET["remotes"]["one"], server=dict(FLEET["remotes"]["one"]["server"], state=state))
    fleet = dict(FLEET, remotes=dict(FLEET["remotes"], one=one))
    findings = diagnose(fleet_of(info([row(2, "10.0.0.2", "two")])), fleet)
    assert [(p["kind"], p["host"], p["server"], p["datasource"]) for p in findings["problems"]] == expected


def test_what_was_compared_goes_before_an_error_that_leaves_it_open():
    text = "extension pg_qualstats is active for the server and not installed there"
    servers = [row(1, "10.0.0.1", "first", extensions={"pg_qualstats": None}), row(2, "10.0.0.2", "two")]
    open_end = problem("extension_missing", "first", text=text + ", or on the repository")
    assert found(fleet_of(info(servers, problems=[open_end]))) == [("extension_missing", "one", "one", None)]
    # Nobody could compare.
    looks = fleet_of(info(servers, problems=[open_end]))
    looks["one"]["info"] = {"failed": True}
    assert ("extension_missing", "hub", "one", None) in found(looks)


REFUSED = 'log=connection to server failed: FATAL:  password authentication failed for user "powa_collector"'
SILENT = {"collector": {"answers": False}}


@pytest.mark.parametrize(
    ("lines", "changes", "kind", "part"),
    [
        (["unit=inactive", "installed=1", "log="], SILENT, "collector_down", "systemctl start"),
        (["unit=", "installed="], SILENT, "collector_down", "pgfleet.powa.site"),
        (["unit=failed", "installed=1", REFUSED], SILENT, "collector_login", "powa_collector_password"),
        (["unit=active", "installed=1", REFUSED], SILENT, "collector_login", "systemctl restart"),
        (["unit=active", "installed=1", "log="], SILENT, "collector_down", "cure it"),
        # It is in again.
        (["unit=active", "installed=1", REFUSED], {"collector": {"answers": True}}, None, None),
    ],
    ids=["stopped", "not installed", "failed", "hangs", "silent", "recovered"],
)
def test_the_host_of_the_collector_says_more_than_its_silence(lines, changes, kind, part):
    problems = [] if changes["collector"]["answers"] else [problem("collector_down")]
    looks = fleet_of(repository(*problems, **changes), lines=lines)
    entries = diagnose(looks, FLEET)["problems"]
    assert [entry["kind"] for entry in entries] == ([kind] if kind else [])
    assert not kind or part in entries[0]["cure"]


def test_names_that_a_host_can_not_resolve():
    looks = fleet_of(repository(), lines=["unit=active", "unresolved=db9", "unresolved=hub.example"])
    looks["one"] = look("powa_web", info(), "unresolved=db9")
    assert found(looks) == [
        ("hostname_unresolved", "hub", "hub", None),
        ("hostname_unresolved", "hub", "stranger", None),
        ("hostname_unresolved", "one", "stranger", None),
    ]
