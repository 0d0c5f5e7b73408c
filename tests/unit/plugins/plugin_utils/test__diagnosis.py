# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several hosts together tell, from what was seen of each."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.plugin_utils._diagnosis import diagnose, parse_ignored

FLEET = {
    "repositories": ["hub"],
    "remotes": {
        "one": {"repository": "hub", "server": {"hostname": "10.0.0.1", "port": 5432, "alias": "first"}},
        "two": {"repository": "hub", "server": {"hostname": "10.0.0.2", "port": 5432}},
    },
    "collectors": {"hub": {"repository": "hub"}},
}
LOCKS = {"name": "locks", "keys": [{"name": "mode", "type": "text"}], "metrics": [{"name": "held", "type": "bigint"}]}


def problem(kind, server=None, datasource=None, text="it is wrong", subject=None):
    return {
        "kind": kind,
        "problem": text,
        "cause": "because",
        "cure": "cure it",
        "server": server,
        "datasource": datasource,
        "subject": subject,
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
        "datasources": [
            {"name": definition["name"], "definition": definition, "damaged": None} for definition in definitions
        ],
        "problems": list(problems),
        **changes,
    }


def host_info(active="active", exists=True, log="", unresolved=()):
    unit = {"enabled": "enabled" if exists else "", "active": active, "exists": exists}
    return {"units": {"powa-collector": unit}, "collector_log": log, "unresolved": list(unresolved)}


def look(group, found=None, host=None):
    return {"groups": [group], "info": info() if found is None else found, "host": host or {}}


def fleet_of(hub=None, one=None, two=None, host=None):
    """What was seen of a fleet without problems, but for what is given."""
    servers = [row(1, "10.0.0.1", "first"), row(2, "10.0.0.2", "10.0.0.2:5432")]
    seen = look("powa_collectors", info(servers) if hub is None else hub, host or host_info())
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
            "Ansible cannot become the user postgres there: either there is no PostgreSQL, or Ansible needs the"
            " package acl",
        ),
    ],
)
def test_what_cannot_be_reached_is_said_once(seen, kind, cause):
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
    servers = [row(1, "10.0.0.1", "first", extensions={"pg_qualstats": None}), row(2, "10.0.0.2", "two")]
    open_end = problem("extension_missing", "first", subject="pg_qualstats")
    assert found(fleet_of(info(servers, problems=[open_end]))) == [("extension_missing", "one", "one", None)]
    # That the repository lacks it, too, is another problem.
    other = problem("extension_missing", "first", subject="pg_qualstats on the repository")
    assert found(fleet_of(info(servers, problems=[open_end, other]))) == [
        ("extension_missing", "one", "one", None),
        ("extension_missing", "hub", "one", None),
    ]
    # Nobody could compare.
    looks = fleet_of(info(servers, problems=[open_end]))
    looks["one"]["info"] = {"failed": True}
    assert ("extension_missing", "hub", "one", None) in found(looks)


REFUSED = 'connection to server failed: FATAL:  password authentication failed for user "powa_collector"'
SILENT = {"collector": {"answers": False}}


@pytest.mark.parametrize(
    ("host", "changes", "kind", "part"),
    [
        (host_info("inactive"), SILENT, "collector_down", "systemctl start"),
        (host_info("inactive", exists=False), SILENT, "collector_down", "pgfleet.powa.site"),
        (host_info("failed", log=REFUSED), SILENT, "collector_login", "powa_collector_password"),
        (host_info(log=REFUSED), SILENT, "collector_login", "systemctl restart"),
        (host_info(), SILENT, "collector_down", "cure it"),
        # It is in again.
        (host_info(log=REFUSED), {"collector": {"answers": True}}, None, None),
    ],
    ids=["stopped", "not installed", "failed", "hangs", "silent", "recovered"],
)
def test_the_host_of_the_collector_says_more_than_its_silence(host, changes, kind, part):
    problems = [] if changes["collector"]["answers"] else [problem("collector_down")]
    looks = fleet_of(repository(*problems, **changes), host=host)
    entries = diagnose(looks, FLEET)["problems"]
    assert [entry["kind"] for entry in entries] == ([kind] if kind else [])
    assert not kind or part in entries[0]["cure"]


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        (host_info("failed", log="no password"), "its log says: no password"),
        (host_info("inactive", log="gone"), "its unit is inactive, and its log says: gone"),
        (host_info("", log=""), "its unit is unknown"),
        (host_info("inactive", exists=False), "its unit is not there"),
        (dict(host_info(), units={}), "its unit is not there"),
    ],
)
def test_why_the_collector_does_not_run(host, problem):
    (entry,) = diagnose(fleet_of(repository(**SILENT), host=host), FLEET)["problems"]
    assert entry["cause"] == problem


@pytest.mark.parametrize(
    ("seen", "causes"),
    [
        ({"failed": True, "msg": "Missing\nsudo password"}, ["Missing sudo password"]),
        ({"skipped": True, "msg": "Conditional result was False"}, []),
        ({}, []),
    ],
)
def test_a_host_that_ansible_cannot_look_at(seen, causes):
    looks = fleet_of()
    looks["hub"]["host"] = seen
    entries = diagnose(looks, FLEET)["problems"]
    assert [(entry["kind"], entry["server"], entry["cause"]) for entry in entries] == [
        ("host_unreachable", "hub", cause) for cause in causes
    ]


def test_names_that_a_host_cannot_resolve():
    looks = fleet_of(repository(), host=host_info(unresolved=["db9", "hub.example"]))
    looks["one"] = look("powa_web", info(), host_info(unresolved=["db9"]))
    assert found(looks) == [
        ("hostname_unresolved", "hub", "hub", None),
        ("hostname_unresolved", "hub", "stranger", None),
        ("hostname_unresolved", "one", "stranger", None),
    ]
    subjects = [entry["subject"] for entry in diagnose(looks, FLEET)["problems"]]
    assert subjects == ["hub.example", "db9", "db9 on one"]


def test_each_web_host_that_cannot_resolve_a_name_is_named():
    looks = fleet_of(repository())
    for host in ("one", "two"):
        looks[host] = look("powa_web", info(), host_info(unresolved=["db9"]))
    assert found(looks) == [("hostname_unresolved", host, "stranger", None) for host in ("one", "two")]


def test_what_a_snapshot_and_the_collectors_host_say_of_a_name_is_one_problem():
    error = problem("hostname_unresolved", "stranger", text="from the error of a snapshot", subject="db9")
    looks = fleet_of(repository(error), host=host_info(unresolved=["db9"]))
    (entry,) = diagnose(looks, FLEET)["problems"]
    assert entry["subject"] == "db9" and "neither DNS nor /etc/hosts of hub knows it" in entry["cause"]


def test_problems_are_told_apart_by_what_they_are_about_and_not_by_their_sentences():
    said_twice = [problem("transient_rows", "first", subject="a", text=text) for text in ("5 rows", "6 rows")]
    another = problem("transient_rows", "first", subject="b", text="5 rows")
    findings = diagnose(fleet_of(repository(*said_twice, another)), FLEET)
    assert [(entry["subject"], entry["problem"]) for entry in findings["problems"]] == [
        ("a", "6 rows"),
        ("b", "5 rows"),
    ]
    assert findings["text"][0] == "one: 6 rows (transient_rows: a)"
    assert findings["servers"][1]["problems"] == 2


def test_each_problem_of_the_inventory_is_one():
    assert found(fleet_of(), ["db7 is in no group", "db8 is in no group"]) == [("inventory", None, None, None)] * 2


def test_a_damaged_definition_is_not_taken_for_a_side_that_is_missing():
    one = info(definitions=[], problems=[problem("definition_damaged", None, "locks")])
    one["datasources"] = [{"name": "locks", "definition": None, "damaged": "the comment is damaged"}]
    assert found(fleet_of(one=one)) == [("definition_damaged", "one", "one", "locks")]


def test_drift_of_a_server_and_sides_that_do_not_fit_are_two_problems():
    drift = problem("datasource_drift", None, "locks")
    one = info(definitions=[dict(LOCKS, metrics=[])], problems=[drift])
    subjects = [entry["subject"] for entry in diagnose(fleet_of(one=one), FLEET)["problems"]]
    assert subjects == [None, "powa_locks_src"]


@pytest.mark.parametrize(
    ("ignore", "expected"),
    [
        (None, set()),
        ("", set()),
        ([], set()),
        ([""], set()),
        (["password_stored"], {Kind.PASSWORD_STORED}),
        ("password_stored, inventory", {Kind.PASSWORD_STORED, Kind.INVENTORY}),
    ],
)
def test_kinds_that_a_user_leaves_out(ignore, expected):
    assert parse_ignored(ignore) == expected


@pytest.mark.parametrize(
    ("ignore", "named"),
    [
        (["password_stord"], '"password_stord"'),
        ("password_stored,late,later", '"late", "later"'),
        # A part of a kind is none.
        ("stored", '"stored"'),
        ([7], '"7"'),
    ],
)
def test_a_misspelt_kind_is_refused(ignore, named):
    with pytest.raises(PowaError) as caught:
        diagnose(fleet_of(), FLEET, [], ignore)
    message = str(caught.value)
    assert message.startswith("powa_doctor_ignore: found {0}, expected any of collection_slow, ".format(named))
    assert message.endswith(": correct the word, or leave it out")
    assert all(kind.value in message for kind in Kind)


def test_what_was_not_visible_is_said_and_is_no_problem():
    hidden = {"part": "servers", "lacks": ["SELECT on public.powa_servers", "a right"]}
    looks = {
        "hub": {"groups": ["powa_repositories"], "info": info(not_visible=[hidden]), "host": {}},
        "one": {"groups": ["powa_remotes"], "info": info(), "host": {}},
    }
    found = diagnose(looks, FLEET)
    # Without it, nobody knows which remotes are registered.
    assert found["problems"] == [] and found["not_visible"] == [{"host": "hub", **hidden}]
    assert found["not_visible_text"] == ["hub: servers, for lack of SELECT on public.powa_servers, a right"]
    looks["hub"]["info"]["not_visible"] = []
    found = diagnose(looks, FLEET)
    assert {entry["kind"] for entry in found["problems"]} == {"server_unregistered"} and found["not_visible"] == []
