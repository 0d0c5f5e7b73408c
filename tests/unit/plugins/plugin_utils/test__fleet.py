# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet that an inventory declares."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._catalogue.read import definitions_of_sets
from ansible_collections.pgfleet.powa.plugins.plugin_utils._fleet import build_fleet
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.inventories import inventory, problems


def test_a_fleet() -> None:
    fleet = build_fleet(
        inventory(
            {
                "db1": {"powa_host": "10.0.0.1", "powa_frequency": "60", "powa_renamed_from": {"hostname": "old"}},
                "db2": {"ansible_host": "10.0.0.2", "powa_alias": "two", "powa_port": 5433, "powa_state": "absent"},
                "db3": {"powa_stats_extensions": "pg_qualstats", "powa_allow_ui_connection": "no"},
            },
            collectors={"pg": {}, "c": {"powa_host": "::1"}},
            web={"w": {"powa_web_remote_access": "false"}},
            play=["db1"],
        )
    )
    assert fleet["repositories"] == ["pg"] and fleet["outside"] == []
    assert fleet["run"] == ["pg", "db1", "db2", "db3", "c", "w"]
    server = {"username": "powa_monitor", "dbname": "powa"}
    every = ["pg_qualstats", "pg_stat_kcache", "pg_wait_sampling"]
    assert fleet["remotes"] == {
        "db1": {
            "repository": "pg",
            "server": {
                **server, "hostname": "10.0.0.1", "port": 5432, "alias": "db1", "extensions": every, "frequency": 60,
                "renamed_from": {"hostname": "old", "port": 5432},
            },
        },
        "db2": {
            "repository": "pg",
            "server": {
                **server, "hostname": "10.0.0.2", "port": 5433, "alias": "two", "extensions": every, "state": "absent",
            },
        },
        "db3": {
            "repository": "pg",
            "server": {
                **server, "hostname": "db3", "port": 5432, "alias": "db3", "extensions": ["pg_qualstats"],
                "allow_ui_connection": False,
            },
        },
    }  # fmt: skip
    assert fleet["collectors"]["c"] == {"repository": "pg", "address": "::1", "by_name": False}
    assert fleet["web"] == {"w": {"repositories": ["pg"], "address": "w", "by_name": False, "remote_access": False}}
    assert fleet["problems"] == [
        "pg has several collectors (pg, c), and each of them would collect from every remote: keep only one"
    ]
    assert fleet["hosts"]["pg"]["groups"] == ["powa_repositories", "powa_collectors"]
    assert fleet["hosts"]["db2"]["problems"] == []
    json.dumps(fleet)


@pytest.mark.parametrize(
    ("variables", "by_name"),
    [
        ({}, False),
        ({"powa_repository_host": "/run/postgresql"}, False),
        ({"powa_repository_host": "127.0.0.1"}, False),
        ({"powa_repository_host": "pg.example"}, True),
        ({"powa_collector_sslmode": "verify-full"}, True),
        ({"powa_collector_sslmode": "verify-full", "powa_repository_host": "localhost"}, False),
        ({"powa_collector_sslmode": "verify-full", "powa_host": "localhost"}, False),
    ],
)
def test_a_collector_connects_to_its_own_host_by_name(variables: Dict[str, Any], by_name: bool) -> None:
    fleet = build_fleet(inventory(collectors={"pg": variables}))
    assert fleet["collectors"]["pg"]["by_name"] == by_name


def test_defaults_that_depend_on_other_variables() -> None:
    fleet = build_fleet(inventory({"db1": {"ansible_host": "10.0.0.1"}, "db2": {"powa_host": "db2.lan"}}))
    first, second = fleet["hosts"]["db1"]["variables"], fleet["hosts"]["db2"]["variables"]
    assert first["powa_host"] == first["powa_web_server_name"] == "10.0.0.1" and first["powa_alias"] == "db1"
    assert second["powa_host"] == second["powa_web_server_name"] == "db2.lan"
    assert first["powa_web_repositories"] == ["pg"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({}, {"powa_report_file": "{here}/powa-report.html", "powa_doctor_json": ""}),
        ({"powa_doctor_json": "problems.json"}, {"powa_doctor_json": "{here}/problems.json"}),
        ({"powa_doctor_json": "../problems.json"}, {"powa_doctor_json": "/home/problems.json"}),
        ({"powa_report_file": "/srv/report.html"}, {"powa_report_file": "/srv/report.html"}),
        ({"powa_report_file": "~/report.html"}, {"powa_report_file": "/root/report.html"}),
    ],
)
def test_files_of_the_controller_are_where_ansible_was_started(
    monkeypatch: pytest.MonkeyPatch, given: Dict[str, Any], meant: Dict[str, str]
) -> None:
    monkeypatch.setattr("os.getcwd", lambda: "/home/dba")
    monkeypatch.setenv("HOME", "/root")
    variables = build_fleet(inventory({"db1": given}))["hosts"]["db1"]["variables"]
    assert {name: variables[name] for name in meant} == {
        name: path.replace("{here}", "/home/dba") for name, path in meant.items()
    }


def test_passwords_are_not_in_the_fleet() -> None:
    secret = dict.fromkeys(["powa_monitoring_password", "powa_collector_password", "powa_web_password"], "planted")
    assert "planted" not in str(build_fleet(inventory({"db1": secret}, {"pg": secret})))


def test_a_remote_that_is_a_repository_belongs_to_itself() -> None:
    fleet = build_fleet(inventory({"pg": {}, "db1": {"powa_repository": "other"}}, {"pg": {}, "other": {}}))
    assert {host: remote["repository"] for host, remote in fleet["remotes"].items()} == {"pg": "pg", "db1": "other"}
    assert not fleet["problems"]


def test_what_a_limit_leaves_out() -> None:
    remotes: Dict[str, Any] = {"db1": {}, "db2": {}}
    fleet = build_fleet(inventory(remotes, play=["db1"], limit="db1"))
    assert fleet["run"] == ["db1"] and fleet["outside"] == ["pg"]
    fleet = build_fleet(inventory(remotes, play=["pg"], limit="pg"))
    assert fleet["run"] == ["pg"] and fleet["outside"] == []


def test_a_host_outside_the_groups_has_variables_too() -> None:
    fleet = build_fleet(inventory({"db1": {}}, play=["stranger"]))
    assert fleet["hosts"]["stranger"]["groups"] == [] and "stranger" not in fleet["run"]


def test_the_list_of_datasources_is_held_once() -> None:
    shared = [{"name": "a"}]
    remotes = {"db1": {"powa_datasources": shared}, "db2": {"powa_datasources": "- name: a"}, "db3": {}}
    fleet = build_fleet(inventory(remotes))
    assert fleet["datasources"] == [[], shared]
    assert [fleet["hosts"][host]["datasources"] for host in ("pg", "db1", "db2", "db3")] == [0, 1, 1, 0]
    assert Run(fleet, {}).variables("db2")["powa_datasources"] == shared


def test_sets_of_datasources_are_datasources() -> None:
    by_hand = list(definitions_of_sets(("locks",)).values())
    remotes = {"db1": {"powa_datasource_sets": ["locks"]}, "db2": {"powa_datasources": by_hand}}
    fleet = build_fleet(inventory({**remotes, "db3": {"powa_datasource_sets": "lock"}}))
    assert fleet["datasources"] == [[], by_hand]
    assert [fleet["hosts"][host]["datasources"] for host in ("db1", "db2", "db3")] == [1, 1, 0]
    assert fleet["hosts"]["db3"]["wrong"] == ["powa_datasource_sets"] and not fleet["hosts"]["db1"]["problems"]


def test_a_wrong_value_concerns_no_other_host() -> None:
    fleet = build_fleet(
        inventory(
            {
                "db1": {"powa_port": "abc", "powa_mode": "x"},
                "db2": {"powa_alias": ValueError("'nix' is undefined"), "ansible_host": ValueError("broken")},
                "db3": {"powa_repository": ValueError("'nix' is undefined")},
            },
            {"pg": {}, "pg2": {}},
        )
    )
    assert fleet["problems"] == [
        "db1 does not say which of several repositories is its own (pg, pg2): set powa_repository",
        "db2 does not say which of several repositories is its own (pg, pg2): set powa_repository",
    ]
    assert fleet["hosts"]["db1"]["problems"] == [
        "powa_mode is x: set it to remote or local",
        "powa_port is abc: set it to a number from 1 to 65535",
    ]
    assert fleet["hosts"]["db2"]["problems"] == [
        "Ansible cannot evaluate powa_alias ('nix' is undefined): define what its template uses, or correct it",
        "Ansible cannot evaluate ansible_host (broken): correct it",
    ]
    assert len(fleet["hosts"]["db3"]["problems"]) == 1
    assert fleet["hosts"]["pg"]["problems"] == []


def test_what_is_not_known_of_a_host_is_compared_with_no_other() -> None:
    wrong = ValueError("'nix' is undefined")
    # Its default would be the port, the alias, the server or the repository of another host.
    for variables in ({"powa_port": "5433x"}, {"powa_host": ["x"]}, {"powa_repository": wrong}):
        fleet = build_fleet(inventory({"db1": {"powa_host": "x", **variables}, "db2": {"powa_host": "x"}}))
        assert not fleet["problems"] and len(fleet["hosts"]["db1"]["problems"]) == 1
    fleet = build_fleet(inventory({"db1": {"ansible_host": wrong}, "db2": {"powa_host": "db1"}}))
    assert not fleet["problems"]
    fleet = build_fleet(inventory({"db1": {"powa_alias": wrong}, "db2": {"powa_alias": "db1"}}))
    assert not fleet["problems"]
    listed = {"powa_datasources": [{"name": "a", "servers": ["orders"]}]}
    assert not problems({"db1": {"powa_alias": wrong}}, {"pg": listed})
    assert not problems(collectors={"a": {}, "b": {"powa_repository": wrong}})


def test_a_disabled_server_has_no_frequency() -> None:
    remotes = {"db1": {"powa_frequency": 60, "powa_state": "disabled"}, "db2": {"powa_frequency": 60}}
    fleet = build_fleet(inventory(remotes))
    assert "frequency" not in fleet["remotes"]["db1"]["server"]
    assert fleet["remotes"]["db2"]["server"]["frequency"] == 60


def test_a_server_was_not_renamed_from_its_present_address() -> None:
    renamed = {"powa_renamed_from": {"hostname": "db1"}}
    fleet = build_fleet(inventory({"db1": renamed, "db2": renamed}))
    assert fleet["hosts"]["db1"]["problems"] == [
        "powa_renamed_from is db1:5432, which is the present address: remove it"
    ]
    assert not fleet["hosts"]["db2"]["problems"]


def test_passwords_are_evaluated_only_for_hosts_of_the_run() -> None:
    wrong = {"powa_monitoring_password": ValueError("'nix' is undefined")}
    fleet = build_fleet(inventory({"db1": wrong, "db2": wrong}, play=["db1"], limit="db1"))
    assert [len(fleet["hosts"][host]["problems"]) for host in ("db1", "db2")] == [1, 0]


def test_the_rights_of_the_reader_are_read_where_the_run_makes_it() -> None:
    password = {"powa_reader_password": "{{ vault }}"}
    fleet = build_fleet(inventory({"pg": password, "db1": password, "db2": {}}))
    read = {host: found["read"]["reader_role"] for host, found in fleet["hosts"].items()}
    assert read["pg"] == "powa_reader" and (read["db1"], read["db2"]) == ("", "")
    assert build_fleet(inventory({"db1": {}}))["hosts"]["pg"]["read"]["reader_role"] == ""


def test_what_is_read_on_each_kind_of_host() -> None:
    fleet = build_fleet(
        inventory(
            {"db1": {"powa_extension_packages": {"hypopg": "my-hypopg"}}},
            collectors={"c": {}, "pip": {"powa_collector_install_method": "pip"}},
            web={
                "w": {},
                "tls": {"powa_web_tls_certificate": "/c", "powa_web_tls_key": "/k", "powa_web_store_login": True},
            },
        )
    )
    lists = "packages units files secret_files virtualenvs folders client_hosts certificates"
    nothing: Dict[str, Any] = {name: [] for name in lists.split()}
    nothing["reader_role"] = ""
    read = {host: found["read"] for host, found in fleet["hosts"].items()}
    assert read["pg"] == {**nothing, "repository": True, "client_hosts": ["c", "pip", "w", "tls"]}
    remote = {"repository": False, "packages": ["my-hypopg"], "client_hosts": ["c", "pip", "w", "tls"]}
    assert read["db1"] == {**nothing, **remote}
    collector = {
        **nothing,
        "repository": False,
        "packages": ["powa-collector"],
        "units": ["powa-collector"],
        "files": ["/etc/powa-collector.conf", "/etc/systemd/system/powa-collector.service.d/pgfleet.conf"],
        "secret_files": ["/etc/powa-collector.pgpass"],
    }
    assert read["c"] == collector
    assert read["pip"] == {
        **collector,
        "packages": ["powa-collector", "python3-venv", "python3-psycopg2", "python3-packaging"],
        "files": [*collector["files"], "/etc/systemd/system/powa-collector.service"],
        "virtualenvs": ["/opt/powa-collector"],
    }
    units = ["/etc/systemd/system/powa-web.service", "/etc/nginx/conf.d/powa-web-tls.conf"]
    web = {
        **nothing,
        "repository": False,
        "packages": ["python3-tornado"],
        "units": ["powa-web", "nginx"],
        "files": [*units, "/etc/powa-web/powa-web.conf"],
        "secret_files": ["/etc/powa-web/cookie_secret.conf", "/etc/powa-web/pgpass"],
        "virtualenvs": ["/opt/powa-web"],
        "folders": ["/opt/powa-web/pages/powa_web_pages"],
    }
    assert read["w"] == web
    # A file that holds the password of a login has no sum.
    secret = ["/etc/powa-web/cookie_secret.conf", "/etc/powa-web/pgpass", "/k", "/etc/powa-web/powa-web.conf"]
    assert read["tls"] == {**web, "files": [*units, "/c"], "secret_files": secret}


def test_a_method_that_needs_another_type_of_connection() -> None:
    fleet = build_fleet(
        inventory(
            {
                "db1": {"powa_hba_method": "cert"},
                "db2": {"powa_hba_method": "cert", "powa_hba_contype": "hostssl"},
                "db3": {"powa_hba_contype": "hots"},
            },
            web={"w": {"powa_hba_method": "cert"}},
        )
    )
    assert fleet["hosts"]["db1"]["problems"] == [
        "powa_hba_method is cert, which PostgreSQL takes only in lines of type hostssl, but the type is host: set"
        " powa_hba_contype (option contype) to hostssl"
    ]
    assert fleet["hosts"]["db1"]["wrong"] == ["powa_hba_method"]
    assert fleet["hosts"]["db2"]["problems"] == fleet["hosts"]["w"]["problems"] == []
    assert len(fleet["hosts"]["db3"]["problems"]) == 1
