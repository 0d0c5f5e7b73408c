# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the doctor and the report read on each host, and what they make of it."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._doctor import doctor_plan, looks, reported_repositories
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run


def host(*groups, problems=None, **variables):
    variables = {"powa_mode": "remote", "powa_host": "10.0.0.1", **variables}
    return {
        "groups": ["powa_" + group for group in groups],
        "variables": variables,
        "wrong": list(problems or ()),
        "problems": list((problems or {}).values()),
    }


def fleet_of(**hosts):
    return {
        "hosts": {
            "hub": host("repositories", powa_host="hub.example"),
            "one": host("remotes"),
            "box": host("collectors"),
            "web": host("web"),
            **hosts,
        },
        "repositories": ["hub"],
        "remotes": {"one": {"repository": "hub", "server": {}}},
        "collectors": {"box": {"repository": "hub", "address": "box"}},
        "web": {"web": {"repositories": ["hub"], "address": "web", "remote_access": True}},
        "problems": [],
    }


def server(srvid, hostname, enabled=True):
    return {"srvid": srvid, "hostname": hostname, "enabled": enabled}


SERVERS = [
    server(0, "itself"),
    server(1, "db1"),
    server(2, "db2", enabled=False),
    server(3, "/var/run/postgresql"),
    server(4, "db1"),
    server(5, ""),
]
READ = {"hub": {"__doctor_info": {"servers": SERVERS}}}


def plan(name, fleet=None, hostvars=None, ignore=None):
    return doctor_plan(Run(fleet or fleet_of(), READ if hostvars is None else hostvars), name, ignore)


@pytest.mark.parametrize(
    ("name", "reads_powa", "is_remote", "is_repository", "is_collector", "reads_host"),
    [
        ("hub", True, False, True, False, False),
        ("one", True, True, False, False, False),
        ("box", False, False, False, True, True),
        ("web", False, False, False, False, True),
    ],
)
def test_what_is_read(name, reads_powa, is_remote, is_repository, is_collector, reads_host):
    found = plan(name)
    assert (found["reads_powa"], found["is_remote"], found["is_repository"]) == (reads_powa, is_remote, is_repository)
    assert (found["is_collector"], found["reads_host"]) == (is_collector, reads_host)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (host("repositories"), ["repository"]),
        (host("repositories", "remotes"), None),
        (host("repositories", powa_mode="local"), None),
        (host("remotes"), None),
    ],
    ids=["repository", "both", "local", "remote"],
)
def test_the_sides_of_datasources_that_belong_there(entry, kind):
    assert plan("hub", fleet_of(hub=entry))["server_kind"] == kind


def test_names_that_a_host_has_to_resolve():
    assert plan("box")["resolve_names"] == plan("web")["resolve_names"] == ["hub.example", "db1"]
    assert plan("one")["resolve_names"] == plan("hub")["resolve_names"] == []


def test_a_collector_may_know_its_repository_by_another_name():
    given = {"powa_repository_host": "alias.example"}
    assert plan("box", fleet_of(box=host("collectors", **given)))["resolve_names"] == ["alias.example", "db1"]
    # powa-web does not go by it.
    assert plan("web", fleet_of(web=host("web", **given)))["resolve_names"] == ["hub.example", "db1"]


def test_a_collector_on_its_repository_needs_no_name_for_it():
    fleet = fleet_of(hub=host("repositories", "collectors"))
    fleet["collectors"] = {"hub": {"repository": "hub", "address": "hub"}}
    assert plan("hub", fleet)["resolve_names"] == ["db1"]


def test_a_powa_web_that_may_not_connect_to_remotes_needs_no_names_of_theirs():
    fleet = fleet_of()
    fleet["web"]["web"]["remote_access"] = False
    assert plan("web", fleet)["resolve_names"] == ["hub.example"]


@pytest.mark.parametrize("read", [{}, {"hub": {"__doctor_info": {"unreachable": True, "msg": "no route"}}}])
def test_names_of_a_repository_that_was_not_read(read):
    assert plan("box", hostvars=read)["resolve_names"] == ["hub.example"]


@pytest.mark.parametrize("repository", ["", "stranger"])
def test_a_repository_that_does_not_exist_is_a_problem_of_the_inventory_alone(repository):
    fleet = fleet_of()
    fleet["collectors"]["box"]["repository"] = repository
    assert plan("box", fleet)["resolve_names"] == []


@pytest.mark.parametrize("ignore", [None, "", [], [""], "password_stored", ["password_stored", "inventory"]])
def test_kinds_that_may_be_left_out(ignore):
    assert plan("hub", ignore=ignore)["refused"] == []


@pytest.mark.parametrize(
    ("ignore", "begins", "ends"),
    [
        (
            ["snapshot_lat"],
            'powa_doctor_ignore: found "snapshot_lat", expected any of collection_slow, ',
            ", transient_rows: correct the word, or leave it out",
        ),
        (
            {"snapshot_late": True},
            "powa_doctor_ignore: found {'snapshot_late': True}, expected a list of kinds",
            ": correct it, or leave it empty",
        ),
        (True, "powa_doctor_ignore: found True, expected a list of kinds", ": correct it, or leave it empty"),
    ],
)
def test_kinds_that_do_not_exist_are_one_sentence(ignore, begins, ends):
    (sentence,) = plan("hub", ignore=ignore)["refused"]
    assert sentence.startswith(begins) and sentence.endswith(ends)


def test_problems_of_the_inventory_and_of_the_variables_of_each_host():
    fleet = fleet_of(one=host("remotes", problems={"powa_port": "powa_port is x: set it to a number from 1 to 65535"}))
    fleet["problems"] = ["db7 is in no group", "db7 is in no group"]
    assert plan("hub", fleet)["inventory_problems"] == [
        "db7 is in no group",
        "one: powa_port is x: set it to a number from 1 to 65535",
    ]


def test_a_webhook_without_an_address_is_refused():
    webhooks = {"powa_doctor_webhook": "", "powa_report_webhook": "chat/s3cret"}
    (sentence,) = doctor_plan(Run(fleet_of(), READ), "hub", webhooks=webhooks)["refused"]
    assert sentence.startswith("powa_report_webhook is not the address of a webhook") and "s3cret" not in sentence


def test_wrong_variables_of_the_doctor_and_of_the_report_are_refused():
    wrong = {
        "powa_doctor_fail": "powa_doctor_fail is ja: set it to true or false",
        "powa_report_datasources": "powa_report_datasources is {}: set it to a list",
        # It has a sentence of its own.
        "powa_doctor_ignore": "powa_doctor_ignore is late: set it to snapshot_late",
    }
    found = plan("hub", fleet_of(one=host("remotes", problems=wrong), web=host("web", problems=wrong)))
    assert found["refused"] == [
        "one: powa_doctor_fail is ja: set it to true or false",
        "one: powa_report_datasources is {}: set it to a list",
    ]
    assert found["inventory_problems"] == []


def test_what_was_read():
    hostvars = {
        "hub": {"__doctor_info": {"powa_version": "5.0.2"}, "__report_history": {"datasources": []}},
        "box": {"__doctor_host": {"units": {}}},
    }
    run = Run(fleet_of(), hostvars)
    assert looks(run, ["hub", "box", "web"]) == {
        "hub": {"groups": ["powa_repositories"], "info": {"powa_version": "5.0.2"}, "host": {}},
        "box": {"groups": ["powa_collectors"], "info": {}, "host": {"units": {}}},
        "web": {"groups": ["powa_web"], "info": {}, "host": {}},
    }
    assert reported_repositories(run, ["box", "hub"]) == [
        {"host": "hub", "info": {"powa_version": "5.0.2"}, "history": {"datasources": []}}
    ]


@pytest.mark.parametrize(
    ("variables", "refused"),
    [
        ({}, []),
        ({"powa_doctor_host": "hub", "powa_doctor_json": "/found.json"}, []),
        ({"powa_doctor_json": "found.json"}, []),
        (
            {"powa_doctor_host": "nowhere"},
            ["powa_doctor_host is nowhere, which is not in the inventory: set it to a host of the inventory"],
        ),
        (
            {"powa_doctor_host": "box"},
            ["powa_doctor_host is box, and powa_manage_host is false: choose another host"],
        ),
        (
            {"powa_doctor_host": "monitor"},
            ["powa_doctor_host is monitor, and powa_manage_host is false: choose another host"],
        ),
        (
            {"powa_report_host": "odd", "powa_report_path": "/report.html"},
            ["powa_report_host is odd, and powa_manage_host is perhaps: set it to true or false"],
        ),
        (
            {"powa_doctor_host": "hub", "powa_doctor_json": "found.json", "powa_doctor_metrics": "powa.prom"},
            [
                "powa_doctor_json is found.json: set it to an absolute path, as it is one of hub",
                "powa_doctor_metrics is powa.prom: set it to an absolute path, as it is one of hub",
            ],
        ),
        (
            {"powa_report_host": "hub"},
            ["powa_report_host is hub, but powa_report_path is empty: set it to a file there"],
        ),
        (
            {"powa_report_host": "hub", "powa_report_path": "report.html"},
            ["powa_report_path is report.html: set it to an absolute path, as it is one of hub"],
        ),
    ],
)
def test_where_files_cannot_be_written(variables, refused):
    fleet = fleet_of(one=host("remotes", **variables), box=host("collectors", powa_manage_host=False))
    others = {"monitor": {"powa_manage_host": "no"}, "odd": {"powa_manage_host": "perhaps"}}
    assert plan("one", fleet, {"hub": {}, "box": {}, **others})["refused"] == refused
