# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run does to the host of a collector, from what was seen there."""

from __future__ import annotations

import copy
import hashlib
import json

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils import _paths
from ansible_collections.pgfleet.powa.plugins.plugin_utils._collector import collector_passwords, collector_plan
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

DROP_IN = """\
# Ansible managed
[Unit]
After=network-online.target postgresql.service
StartLimitIntervalSec=0

[Service]
Environment=PGPASSFILE=/etc/powa-collector.pgpass
# PostgreSQL then refuses text that is no UTF-8, which the collector records. Python's error would end its worker.
Environment=PGCLIENTENCODING=UTF8
# The collector ends when it cannot reach its repository as it starts.
Restart=on-failure
RestartSec=5
"""
UNIT = """\
# Ansible managed
[Unit]
Description=PoWA Collector daemon for remote snapshots
After=network-online.target
Wants=network-online.target

[Service]
User=powa
ExecStart=/opt/powa-collector/bin/powa-collector.py
ExecReload=/bin/kill -HUP $MAINPID

[Install]
WantedBy=multi-user.target
"""
HUB = {
    "powa_host": "10.0.0.9",
    "powa_port": 5433,
    "powa_database": "powa",
    "powa_collector_role": "powa_collector",
    "powa_store_passwords": False,
    "powa_collector_install_method": "package",
    "powa_collector_pip_version": "",
    "powa_collector_venv": "/opt/powa-collector",
    "powa_collector_use_server_alias": True,
    "powa_collector_debug": False,
}


def fleet_of(collector="hub", **changes):
    """A repository hub with two remotes, another one, and a collector, there or on a host of its own."""
    hosts = {
        "hub": {"groups": ["powa_repositories"], "variables": HUB},
        "far": {"groups": ["powa_repositories"], "variables": dict(HUB, powa_host="10.0.0.8")},
        "box": {"groups": ["powa_collectors"], "variables": dict(HUB, powa_host="10.0.0.7")},
    }
    hosts[collector] = dict(hosts[collector], variables=dict(hosts[collector]["variables"], **changes))

    def remote(repository, **server):
        server = {"hostname": "db1", "port": 5432, "username": "powa_monitor", **server}
        return {"repository": repository, "server": server}

    return {
        "hosts": hosts,
        "collectors": {collector: {"repository": "hub", "address": "10.0.0.7"}},
        "web": {},
        "remotes": {
            "one": remote("hub"),
            "two": remote("hub", hostname="fd00::2", allow_ui_connection=False),
            "three": remote("far", hostname="db3"),
        },
        "run": [],
    }


#: A password file with the wanted text.
PASSWORD_FILE = {"owner": "powa", "group": "powa", "mode": "0600", "sha256": None, "as_expected": True}


def host_file(text, mode="0644", group="root"):
    total = hashlib.sha256(text.encode()).hexdigest()
    return {"owner": "root", "group": group, "mode": mode, "sha256": total}


CONFIGURATION = json.dumps(
    {
        "debug": False,
        "repository": {"dsn": "host='localhost' port='5433' user='powa_collector' dbname='powa'"},
        "use_server_alias": True,
    },
    indent=4,
)
WELL = {
    "os": {"name": "Debian GNU/Linux 12 (bookworm)", "family": "Debian"},
    "version": "15",
    "cluster": None,
    "users": ["powa", "postgres"],
    "packages": {"powa-collector": {"installed": "1.2.0-1", "candidate": None}},
    "units": {"powa-collector": {"enabled": "enabled", "active": "active", "exists": True}},
    "files": {
        _paths.COLLECTOR_CONF: host_file(CONFIGURATION + "\n", "0640", "powa"),
        _paths.COLLECTOR_DROP_IN: host_file(DROP_IN),
        _paths.COLLECTOR_PASSWORDS: PASSWORD_FILE,
    },
    "virtualenvs": {},
    "extensions": {"powa": {"version": "5.0.2"}},
}
BARE = {
    **WELL,
    "users": [],
    "packages": {"powa-collector": {"installed": None, "candidate": "1.2.0-1"}},
    "units": {"powa-collector": {"enabled": "", "active": "inactive", "exists": False}},
    "files": {},
    "extensions": {},
}
PIP = {
    **WELL,
    "packages": {
        name: {"installed": "1", "candidate": None}
        for name in ("python3-venv", "python3-psycopg2", "python3-packaging")
    },
    "virtualenvs": {"/opt/powa-collector": {"stale": False, "packages": {"powa-collector": "1.3.0"}}},
    "files": {**WELL["files"], _paths.COLLECTOR_UNIT: host_file(UNIT)},
}


def plan(seen=None, fleet=None, check_mode=False, host="hub", **registered):
    hostvars = {name: {} for name in ("hub", "far", "box")}
    hostvars[host]["__common_seen"] = WELL if seen is None else seen
    hostvars["hub"].update(registered)
    return collector_plan(Run(fleet or fleet_of(), hostvars, (), check_mode), host)


def changed(seen, **changes):
    return {**copy.deepcopy(seen), **changes}


def test_a_collector_that_runs_as_configured_needs_nothing():
    found = plan()
    assert not found["install"] and not found["restart"] and not found["todo"]
    assert found["has_user"] and found["has_unit"] and found["tell"]
    assert found["packages"] == ["powa-collector"] and found["requirement"] == ""


@pytest.mark.parametrize(
    "found",
    [
        None,
        *(
            {**PASSWORD_FILE, **changes}
            for changes in ({"as_expected": False}, {"as_expected": None}, {"mode": "0644"})
        ),
    ],
    ids=["missing", "other", "not compared", "readable"],
)
def test_the_file_with_the_passwords(found):
    files = {**WELL["files"], _paths.COLLECTOR_PASSWORDS: found}
    found = plan(changed(WELL, files={path: file for path, file in files.items() if file}))
    assert found["todo"] and not found["install"] and not found["restart"]


def test_the_files_of_a_package():
    files = plan()["files"]
    assert [(file["path"], file["owner"], file["group"], file["mode"], file["state"]) for file in files] == [
        ("/etc/powa-collector.conf", "root", "powa", "0640", "present"),
        ("/etc/systemd/system/powa-collector.service.d", "root", "root", "0755", "directory"),
        ("/etc/systemd/system/powa-collector.service.d/pgfleet.conf", "root", "root", "0644", "present"),
    ]
    assert files[0]["content"] == CONFIGURATION + "\n"
    assert files[2]["content"] == DROP_IN


TLS = {
    "powa_collector_sslmode": "verify-full",
    "powa_collector_sslrootcert": "/tls/ca.crt",
    "powa_collector_sslcert": "/tls/client.crt",
    "powa_collector_sslkey": "/tls/client.key",
}
TLS_LINES = """\
Environment=PGSSLMODE=verify-full
Environment=PGSSLROOTCERT=/tls/ca.crt
Environment=PGSSLCERT=/tls/client.crt
Environment=PGSSLKEY=/tls/client.key
# The collector has read /tls/ca.crt, whose SHA-256 sum is {0}
# The collector has read /tls/client.crt, whose SHA-256 sum is {1}
# The collector ends"""


def test_tls_is_in_the_units_environment_with_the_sums_of_what_the_collector_has_read():
    files = {**WELL["files"], "/tls/ca.crt": host_file("ca"), "/tls/client.crt": host_file("client")}
    seen = changed(WELL, files={**files, "/tls/client.key": dict(host_file(""), sha256=None)})
    found = plan(seen, fleet_of(**TLS))
    text = TLS_LINES.format(*(files[path]["sha256"] for path in ("/tls/ca.crt", "/tls/client.crt")))
    drop_in = DROP_IN.replace("# The collector ends", text)
    assert found["files"][2]["content"] == drop_in and found["todo"]
    seen["files"][_paths.COLLECTOR_DROP_IN] = host_file(drop_in)
    seen["files"][_paths.COLLECTOR_CONF] = host_file(found["files"][0]["content"], "0640", "powa")
    assert not plan(seen, fleet_of(**TLS))["todo"]
    # A certificate was renewed.
    seen["files"]["/tls/client.crt"] = host_file("renewed")
    assert plan(seen, fleet_of(**TLS))["todo"]


def test_the_first_line_of_a_file_may_say_something_else():
    hostvars = {"hub": {}, "far": {}, "box": {}}
    drop_in = collector_plan(Run(fleet_of(), hostvars), "hub", "ours")["files"][2]["content"]
    assert drop_in == DROP_IN.replace("Ansible managed", "ours")


def test_values_are_quoted_for_libpq():
    fleet = fleet_of(powa_repository_host="it's\\here")
    dsn = json.loads(plan(fleet=fleet)["files"][0]["content"])["repository"]["dsn"]
    assert dsn.startswith("host='it\\'s\\\\here' port='5433' ")


@pytest.mark.parametrize(
    ("host", "changes", "expected"),
    [
        ("hub", {}, "localhost"),
        ("hub", {"powa_repository_host": "/var/run/postgresql"}, "/var/run/postgresql"),
        ("hub", {"powa_collector_sslmode": "verify-ca"}, "localhost"),
        # No certificate is for localhost.
        ("hub", {"powa_collector_sslmode": "verify-full"}, "10.0.0.9"),
        ("hub", {"powa_collector_sslmode": "verify-full", "powa_repository_host": "hub"}, "hub"),
        ("box", {}, "10.0.0.9"),
        ("box", {"powa_repository_host": "hub.example.com"}, "hub.example.com"),
    ],
)
def test_where_the_collector_connects_to(host, changes, expected):
    assert plan(fleet=fleet_of(host, **changes), host=host)["repository"] == {
        "name": "hub",
        "host": expected,
        "port": 5433,
        "database": "powa",
        "role": "powa_collector",
    }


@pytest.mark.parametrize(
    "seen",
    [
        changed(WELL, files={}),
        changed(WELL, files={**WELL["files"], _paths.COLLECTOR_DROP_IN: host_file("other\n")}),
        changed(WELL, files={**WELL["files"], _paths.COLLECTOR_CONF: host_file(CONFIGURATION + "\n", "0644", "powa")}),
        changed(WELL, units={"powa-collector": {"enabled": "disabled", "active": "active", "exists": True}}),
        changed(WELL, units={"powa-collector": {"enabled": "enabled", "active": "failed", "exists": True}}),
    ],
    ids=["no files", "drop-in", "mode", "disabled", "failed"],
)
def test_what_is_to_be_done_without_an_installation(seen):
    found = plan(seen)
    assert found["todo"] and not found["install"] and not found["restart"]


@pytest.mark.parametrize("action", ["restart", "reload", "none"])
def test_a_restart_that_the_tasks_of_the_repository_asked_for(action):
    found = plan(__repository_registered={"collector_action": action})
    assert found["restart"] is found["todo"] is (action == "restart")


@pytest.mark.parametrize(
    "seen",
    [
        BARE,
        changed(WELL, users=[]),
        changed(WELL, packages=BARE["packages"]),
        changed(WELL, packages={}),
    ],
    ids=["bare", "no user", "no package", "packages unknown"],
)
def test_a_package_that_is_missing(seen):
    found = plan(seen)
    assert found["install"] and found["refresh"] and found["installable"] and found["todo"]


def test_check_mode_on_a_bare_host():
    found = plan(BARE, check_mode=True)
    assert found["install"] and found["installable"]
    assert not found["has_user"] and not found["has_unit"] and not found["tell"]


def test_check_mode_where_everything_is_there():
    found = plan(check_mode=True)
    assert found["has_user"] and found["has_unit"] and found["tell"] and not found["todo"]


@pytest.mark.parametrize(
    ("family", "packages", "installable"),
    [
        ("Debian", {}, False),
        ("Debian", {"powa-collector": {"installed": None, "candidate": None}}, False),
        ("RedHat", {}, True),
    ],
)
def test_check_mode_asks_for_no_package_that_apt_does_not_know(family, packages, installable):
    seen = changed(BARE, os={"name": "", "family": family}, packages=packages)
    assert plan(seen, check_mode=True)["installable"] is installable
    assert plan(seen)["installable"]


def test_the_package_of_the_rhel_family_makes_no_user():
    red_hat = {"name": "Rocky Linux 9", "family": "RedHat"}
    found = plan(changed(BARE, os=red_hat))
    assert found["install"] and found["own_user"]
    lines = found["files"][-1]["content"].splitlines()
    assert "User=powa" in lines and "EnvironmentFile=" in lines
    assert not plan(changed(BARE, os=red_hat, users=["powa"]))["own_user"]
    assert not plan(BARE)["own_user"] and "User=powa" not in plan(BARE)["files"][-1]["content"]
    pip = plan(changed(BARE, os=red_hat), fleet_of(powa_collector_install_method="pip"))
    assert pip["own_user"] and [one["content"] for one in pip["files"][-2:]] == [DROP_IN, UNIT]


@pytest.mark.parametrize(
    ("environment", "version", "install"),
    [
        ({"stale": False, "packages": {"powa-collector": "1.3.0"}}, "", False),
        ({"stale": False, "packages": {"powa_collector": "1.3.0"}}, "1.3.0", False),
        ({"stale": False, "packages": {"powa-collector": "1.3.0"}}, "1.2.0", True),
        ({"stale": False, "packages": {}}, "", True),
        ({"stale": True, "packages": {}}, "", True),
        (None, "", True),
    ],
    ids=["there", "as wanted", "another version", "empty", "stale", "none"],
)
def test_what_pip_installs(environment, version, install):
    fleet = fleet_of(powa_collector_install_method="pip", powa_collector_pip_version=version)
    found = plan(changed(PIP, virtualenvs={"/opt/powa-collector": environment} if environment else {}), fleet)
    assert found["install"] is found["todo"] is install
    assert found["requirement"] == "powa-collector" + ("==" + version if version else "")
    assert found["packages"] == ["python3-venv", "python3-psycopg2", "python3-packaging"]
    assert found["files"][-1]["path"] == "/etc/systemd/system/powa-collector.service"
    assert found["files"][-1]["content"] == UNIT


def test_a_unit_of_pip_that_somebody_changed():
    seen = changed(PIP, files={**PIP["files"], _paths.COLLECTOR_UNIT: host_file("other\n")})
    assert plan(seen, fleet_of(powa_collector_install_method="pip"))["todo"]


def test_a_host_that_was_not_read_has_everything_to_be_done():
    found = plan({"unreachable": True, "msg": "no route"}, check_mode=True)
    assert found["install"] and found["todo"] and not found["has_user"] and not found["tell"]


PASSWORDS = {
    "hub": {"powa_collector_password": "c"},
    "one": {"powa_monitoring_password": "m1"},
    "two": {"powa_monitoring_password": 2},
    "three": {"powa_monitoring_password": "m3"},
}
REPOSITORY = {"host": "localhost", "port": 5433, "database": "powa", "user": "powa_collector", "password": "c"}


def login(host, password):
    return {"host": host, "port": 5432, "database": "*", "user": "powa_monitor", "password": password}


def test_the_passwords_are_those_of_the_repository_and_of_its_remotes():
    assert collector_passwords(Run(fleet_of(), PASSWORDS), "hub") == [
        REPOSITORY,
        login("db1", "m1"),
        login("fd00::2", "2"),
    ]


def test_the_passwords_of_remotes_that_the_repository_stores_are_not_in_the_file():
    assert collector_passwords(Run(fleet_of(powa_store_passwords=True), PASSWORDS), "hub") == [REPOSITORY]


def test_logins_without_a_password_are_not_in_the_file():
    passwords = {"hub": {"powa_collector_password": None}, "two": {"powa_monitoring_password": ""}}
    assert collector_passwords(Run(fleet_of(), passwords), "hub") == []


def test_a_plan_holds_no_password():
    hostvars = {host: dict(variables) for host, variables in PASSWORDS.items()}
    hostvars["hub"] = {"powa_collector_password": "planted", "__common_seen": WELL}
    hostvars["one"] = {"powa_monitoring_password": "planted"}
    assert "planted" not in str(collector_plan(Run(fleet_of(), hostvars), "hub"))
