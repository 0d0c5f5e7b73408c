# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet that an inventory declares, and what is wrong with the inventory."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.pgfleet.powa.plugins.filter import fleet as filter_fleet
from ansible_collections.pgfleet.powa.plugins.plugin_utils._fleet import (
    Inventory,
    build_fleet,
    changed_in_scope,
    passwords_in_scope,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import Unevaluated

MISSING = object()


class Failing(Dict[str, Any]):
    """Variables whose templates fail when they are read, as hostvars does it."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if isinstance(value, Exception):
            raise value
        return value


class HostVars(Dict[str, Any]):
    """Ansible's hostvars: raw values, and those that it evaluates."""

    def __init__(self, raw: Dict[str, Any], evaluated: Dict[str, Any]) -> None:
        super().__init__(evaluated)
        self.raw, self.asked = raw, []  # type: Dict[str, Any], List[str]

    def raw_get(self, host: str) -> Any:
        return self.raw[host]

    def __getitem__(self, host: str) -> Any:
        self.asked.append(host)
        return super().__getitem__(host)


def inventory(
    remotes: Optional[Dict[str, Any]] = None,
    repositories: Optional[Dict[str, Any]] = None,
    collectors: Optional[Dict[str, Any]] = None,
    web: Optional[Dict[str, Any]] = None,
    groups: Optional[Dict[str, List[str]]] = None,
    **options: Any,
) -> Inventory:
    repositories = {"pg": {}} if repositories is None else repositories
    found = {"repositories": repositories, "remotes": remotes, "collectors": collectors, "web": web}
    hostvars: Dict[str, Dict[str, Any]] = {}
    members = dict(groups or {})
    for group, hosts in found.items():
        for host, variables in (hosts or {}).items():
            hostvars.setdefault(host, Failing()).update(variables)
        if hosts is not None:
            members["powa_" + group] = list(hosts)
    for host in [host for hosts in members.values() for host in hosts] + list(options.get("play", ())):
        hostvars.setdefault(host, {})
    return Inventory(hostvars, members, **options)


def problems(*arguments: Any, **options: Any) -> List[str]:
    fleet = build_fleet(inventory(*arguments, **options))
    return list(fleet["problems"])


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
    assert fleet["collectors"]["c"] == {"repository": "pg", "address": "::1"}
    assert fleet["web"] == {"w": {"repositories": ["pg"], "address": "w", "remote_access": False}}
    assert fleet["problems"] == [
        "pg has several collectors (pg, c), and each of them would collect from every remote: keep only one"
    ]
    assert fleet["hosts"]["pg"]["groups"] == ["powa_repositories", "powa_collectors"]
    assert fleet["hosts"]["db2"]["problems"] == []
    json.dumps(fleet)


def test_defaults_that_depend_on_other_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PWD", "/home/dba")
    fleet = build_fleet(inventory({"db1": {"ansible_host": "10.0.0.1"}, "db2": {"powa_host": "db2.lan"}}))
    first, second = fleet["hosts"]["db1"]["variables"], fleet["hosts"]["db2"]["variables"]
    assert first["powa_host"] == first["powa_web_server_name"] == "10.0.0.1" and first["powa_alias"] == "db1"
    assert second["powa_host"] == second["powa_web_server_name"] == "db2.lan"
    assert first["powa_web_repositories"] == ["pg"]
    assert first["powa_report_file"] == "/home/dba/powa-report.html"


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


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            {"remotes": {}, "groups": {"powa_remote": ["db1", "db2"]}},
            "group powa_remote contains db1, db2, but none of the groups powa_repositories, powa_remotes,"
            " powa_collectors and powa_web does: correct the name of the group",
        ),
        (
            {"remotes": {"db1": {"powa_serial": ValueError("'nix' is undefined")}, "db2": {}}},
            "Ansible cannot evaluate powa_serial ('nix' is undefined): define what its template uses, or correct it",
        ),
        (
            {"groups": {"ungrouped": ["db1", "localhost", "127.0.0.1"]}},
            "db1 is in no group: put it into powa_repositories, powa_remotes, powa_collectors or powa_web",
        ),
        (
            {"remotes": {"db1": {}}, "repositories": {}},
            "db1 has no repository: put a host into group powa_repositories",
        ),
        (
            {"repositories": {"a": {}, "b": {}}, "collectors": {"c": {}}},
            "c does not say which of several repositories is its own (a, b): set powa_repository",
        ),
        (
            {"remotes": {"db1": {"powa_repository": "x"}}, "repositories": {"a": {}, "b": {}}},
            "db1 has powa_repository x, which is not in group powa_repositories: set it to one of a, b",
        ),
        (
            {"repositories": {}, "web": {"w": {}}},
            "w is in group powa_web, but has no repository to show: put a host into group powa_repositories",
        ),
        (
            {"web": {"w": {"powa_web_repositories": "pg, x, y"}}},
            "w lists x, y in powa_web_repositories: list only hosts of group powa_repositories there",
        ),
        (
            {"repositories": {"pg": {"powa_servers_exact": "true"}}, "limit": "db1"},
            "pg has powa_servers_exact, which would disable the servers that --limit db1 leaves out: run without"
            " --limit, or set powa_servers_exact to false for this run",
        ),
        (
            {"collectors": {"a": {}, "b": {}}},
            "pg has several collectors (a, b), and each of them would collect from every remote: keep only one",
        ),
        (
            {"remotes": {"db1": {"powa_alias": "x"}, "db2": {"powa_alias": "x"}}},
            "db1, db2 have the same alias x on pg: give each its own powa_alias",
        ),
        (
            {"remotes": {"db1": {"powa_host": "x"}, "db2": {"powa_host": "x"}}},
            "db1, db2 have the same address x:5432 on pg: give each its own powa_host or powa_port",
        ),
        (
            {"repositories": {"pg": {"powa_datasources": [{"name": "a", "servers": ["x", "local", "h:5432"]}]}}},
            "datasource a lists the server x, but no remote has this alias: correct its servers",
        ),
        (
            {"repositories": {"pg": {"powa_datasources": [{"servers": "x"}]}}},
            "datasource without a name lists the server x, but no remote has this alias: correct its servers",
        ),
        (
            {"remotes": {"db1": {"powa_mode": "local"}}},
            "db1 has powa_mode local, so it is its own repository: put it into group powa_repositories",
        ),
    ],
)
def test_what_is_wrong_with_an_inventory(found: Dict[str, Any], sentence: str) -> None:
    assert problems(**found) == [sentence]


def test_what_is_right() -> None:
    every = [{"name": "a", "servers": ["db1"]}, {"name": "b", "servers": None}, {"name": "c"}]
    assert not problems(
        {"db1": {"powa_repository": "a"}, "db2": {"powa_repository": "b", "powa_host": "db1"}, "a": {}},
        {"a": {"powa_datasources": every}, "b": {"powa_datasources": every, "powa_servers_exact": True}},
        {"a": {}, "b": {}},
        groups={"powa_version_5_0": ["other"], "powa_state_enabled": ["other"], "x": ["other"], "powa_remote": ["db1"]},
    )
    # Servers without an alias.
    assert not problems({"db1": {"powa_alias": ""}, "db2": {"powa_alias": ""}})


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
    nothing = dict.fromkeys(["packages", "units", "files", "secret_files", "virtualenvs", "folders"], [])
    read = {host: found["read"] for host, found in fleet["hosts"].items()}
    assert read["pg"] == {**nothing, "repository": True}
    assert read["db1"] == {**nothing, "repository": False, "packages": ["my-hypopg"]}
    collector = {
        **nothing,
        "repository": False,
        "packages": ["powa-collector"],
        "units": ["powa-collector"],
        "files": ["/etc/powa-collector.conf", "/etc/systemd/system/powa-collector.service.d/pgfleet.conf"],
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
        "secret_files": ["/etc/powa-web/cookie_secret.conf"],
        "virtualenvs": ["/opt/powa-web"],
        "folders": ["/opt/powa-web/pages/powa_web_pages"],
    }
    assert read["w"] == web
    # A file that holds the password of a login has no sum.
    secret = ["/etc/powa-web/cookie_secret.conf", "/k", "/etc/powa-web/powa-web.conf"]
    assert read["tls"] == {**web, "files": [*units, "/c"], "secret_files": secret}


def test_ansible_is_asked_only_for_what_holds_templates() -> None:
    raw = {"pg": {"powa_datasources": [{"name": "a"}]}, "db1": {"powa_port": "{{ 5433 }}", "powa_database": "stats"}}
    hostvars = HostVars(raw, {"db1": {"powa_port": 5433}})
    fleet = build_fleet(Inventory(hostvars, {"powa_repositories": ["pg"], "powa_remotes": ["db1"]}))
    assert fleet["hosts"]["db1"]["variables"]["powa_port"] == 5433
    assert fleet["hosts"]["db1"]["variables"]["powa_database"] == "stats"
    assert fleet["datasources"][0] == [{"name": "a"}]
    assert hostvars.asked == ["db1"]


def scope(own: Dict[str, Any], seen: Dict[str, Any]) -> Dict[str, Any]:
    return changed_in_scope(own, lambda name: resolve(seen, name), MISSING)


def resolve(seen: Dict[str, Any], name: str) -> Any:
    value = seen.get(name, MISSING)
    if isinstance(value, Exception):
        raise value
    return value


def test_what_a_playbook_sets_beyond_the_inventory() -> None:
    own = {"powa_port": 5432, "powa_database": "stats", "powa_mode": "local"}
    assert scope(own, own) == {}
    # The same in other words, and what nobody may see or no role knows.
    assert scope(own, {"powa_port": "5432", "powa_web_password": "x", "powa_nix": 1, "powa_alias": None}) == {}
    assert scope(own, {"powa_port": 5433, "powa_web_port": 1}) == {"powa_port": 5433, "powa_web_port": 1}
    # Both unset it.
    assert scope(own, {"powa_mode": None}) == {"powa_mode": None}
    assert scope(own, {"powa_mode": ""}) == {"powa_mode": ""}
    failing = scope({}, {"powa_port": ValueError("'nix' is undefined")})
    assert isinstance(failing["powa_port"], Unevaluated)
    # The host's own template fails, which is said of this host alone.
    own = Failing(powa_port=ValueError("x"))
    assert scope(own, {"powa_port": ValueError("x")}) == {}
    assert scope(own, {"powa_port": 5433}) == {"powa_port": 5433}


def test_what_a_playbook_sets_applies_to_the_hosts_of_the_play() -> None:
    def port(host: str, **options: Any) -> int:
        found = inventory({"db1": {"powa_port": 1}, "db2": {"powa_port": 2}}, scope={"powa_port": 3}, **options)
        return int(build_fleet(found)["hosts"][host]["variables"]["powa_port"])

    assert [port(host, play=["pg", "db1"]) for host in ("pg", "db1", "db2")] == [3, 3, 2]
    # A repository outside --limit would be in the play without it.
    assert [port(host, play=["db1"], limit="db1") for host in ("pg", "db1", "db2")] == [3, 3, 2]
    failing = inventory({"db1": {}}, play=["db1"], scope={"powa_port": Unevaluated("why")})
    assert build_fleet(failing)["hosts"]["db1"]["problems"] == [
        "Ansible cannot evaluate powa_port (why): define what its template uses, or correct it"
    ]


def test_a_password_that_a_playbook_sets_is_refused() -> None:
    def found(own: Dict[str, Any], seen: Dict[str, Any]) -> List[str]:
        return passwords_in_scope(own, lambda name: resolve(seen, name), MISSING)

    name = "powa_web_password"
    assert found({}, {name: "x", "powa_port": 1}) == found({name: "y"}, {name: "x"}) == [name]
    assert found({name: "x"}, {name: "x"}) == found({name: "x"}, {}) == found({}, {name: ""}) == []
    assert found(Failing(powa_web_password=ValueError("x")), {name: ValueError("x")}) == []
    assert problems(passwords=[name]) == [
        "the playbook sets powa_web_password, but the roles of other hosts read it, too, and do not see it there: set"
        " it in the inventory"
    ]


class Context:
    """Jinja's context of a task."""

    def __init__(self, **variables: Any) -> None:
        self.variables = variables

    def resolve(self, name: str) -> Any:
        return self.variables[name]

    def resolve_or_missing(self, name: str) -> Any:
        return self.variables.get(name, filter_fleet.missing)


def test_the_filter() -> None:
    hostvars: Dict[str, Any] = {"pg": {}, "db1": {"powa_port": 5433}}
    groups = {"powa_repositories": ["pg"], "powa_remotes": ["db1"]}
    context = Context(inventory_hostname="db1", powa_port=5433, powa_database="stats")
    found = filter_fleet.fleet(context, hostvars, groups, run=["pg"])
    ports = {host: found["hosts"][host]["variables"] for host in ("pg", "db1")}
    assert ports["pg"]["powa_database"] == "stats" and ports["pg"]["powa_port"] == 5432
    assert ports["db1"]["powa_database"] == "powa" and ports["db1"]["powa_port"] == 5433
    assert not found["problems"]
    context.variables["powa_web_password"] = "x"
    assert len(filter_fleet.fleet(context, hostvars, groups)["problems"]) == 1
    found = filter_fleet.fleet(context, hostvars, groups, run=["pg"], limit=None, scope={}, roles=["doctor"])
    assert found["hosts"]["pg"]["variables"]["powa_database"] == "powa"
