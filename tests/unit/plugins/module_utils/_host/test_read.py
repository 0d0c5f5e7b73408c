# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.pgfleet.powa.plugins.module_utils._host import read
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer
from ansible_collections.pgfleet.powa.plugins.modules import host_info
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, write
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.test_database import (
    IN_POSTGRES,
    IN_POWA,
    printed,
)

OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'
LISTING = "15 main 5432 {0} postgres /var/lib/postgresql/15/main /var/log/postgresql/postgresql-15-main.log\n"
POLICY = "postgresql:\n  Installed: (none)\n  Candidate: 15+248\n"
#: What every result has.
MEMBERS = """os installed clusters unread_clusters cluster version packages driver extension_folder powa_files users
    units files folders virtualenvs server server_error extensions monitoring datasources repository unresolved
    client_addresses collector_log server_log certificates unseen""".split()


def options(**given):
    defaults = {name: option.get("default") for name, option in host_info.OPTIONS.items()}
    return read.Options.of(dict(defaults, **given))


@pytest.fixture
def debian(tmp_path):
    write(tmp_path, "/etc/os-release", OS_RELEASE)
    write(tmp_path, "/usr/lib/postgresql/15/bin/postgres").chmod(0o755)
    return tmp_path


def test_the_documentation_has_every_member():
    assert list(yaml.safe_load(host_info.RETURN)) == MEMBERS
    assert set(yaml.safe_load(host_info.DOCUMENTATION)["options"]) == set(host_info.OPTIONS)


def test_a_bare_host(tmp_path):
    write(tmp_path, "/etc/os-release", OS_RELEASE)
    nothing = Answer(1, "", "dpkg-query: no packages found matching postgresql-*\n")
    host, programs = host_of(tmp_path, dpkg_query=nothing, apt_cache=[POLICY, ""])
    result = read.read_host(options(), host, host_info.KNOWN)
    assert list(result) == MEMBERS
    assert result["os"] == {"name": "Debian GNU/Linux 12 (bookworm)", "family": "Debian"}
    assert (result["installed"], result["clusters"], result["cluster"], result["version"]) == ([], [], None, "15")
    assert result["packages"]["postgresql-15"] == {"installed": None, "candidate": None}
    assert (result["server"], result["server_error"], result["repository"]) == (None, None, None)
    assert result["extension_folder"] is None and result["unseen"] == []
    assert "psql" not in programs.names and "systemctl" not in programs.names


def test_the_wanted_version_of_a_host_without_a_cluster(debian):
    host, programs = host_of(debian, pg_lsclusters="", dpkg_query="", apt_cache="")
    assert read.read_host(options(postgresql_version="17"), host, host_info.KNOWN)["version"] == "17"
    assert programs.names.count("apt-cache") == 1


def test_a_running_cluster(debian):
    host, programs = host_of(
        debian,
        pg_lsclusters=LISTING.format("online"),
        dpkg_query=[
            "installed postgresql-15 15\ninstalled postgresql-15-powa 4\ninstalled python3-psycopg2 2\n",
            "postgresql-15-powa: /usr/share/postgresql/15/extension/powa.control\n",
        ],
        psql=[printed(IN_POSTGRES), printed(IN_POWA)],
        systemctl="LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n",
    )
    write(debian, "/etc/a", "x")
    write(debian, "/opt/venv/readme")
    write(debian, "/usr/share/postgresql/15/extension/powa.control", "default_version = '5.0.0'")
    result = read.read_host(
        options(
            repository=True,
            units=["powa-web"],
            files=["/etc/a"],
            virtualenvs=["/opt/venv"],
            folders=["/opt/venv"],
            web_role="w",
        ),
        host,
        host_info.KNOWN,
    )
    assert list(result) == MEMBERS
    assert result["cluster"] == result["clusters"][0]
    assert (result["cluster"]["port"], result["installed"], result["version"]) == (5432, ["15"], "15")
    assert result["units"] == {"powa-web": {"enabled": "enabled", "active": "active", "exists": True}}
    assert result["files"]["/etc/a"]["kind"] == "file"
    assert list(result["folders"]["/opt/venv"]) == ["readme"]
    assert result["virtualenvs"] == {"/opt/venv": {"stale": False, "packages": {}}}
    assert result["extension_folder"]["powa"] == "5.0.0"
    assert result["powa_files"] == {"/usr/share/postgresql/15/extension/powa.control": "postgresql-15-powa"}
    assert result["server"]["database"] and result["repository"]["major"] == 5
    assert (result["unseen"], result["server_error"]) == ([], None)
    json.dumps(result)
    # Few processes. Those of dpkg-query ask for packages, and whose PoWA's files are; psql runs through runuser.
    assert sorted(name for name in programs.names if name != "/usr/bin/python3") == [
        "dpkg-query",
        "dpkg-query",
        "pg_lsclusters",
        "runuser",
        "runuser",
        "systemctl",
    ]


@pytest.mark.parametrize(("status", "port"), [("down", 5432), ("online", 5433)])
def test_a_cluster_that_is_down_or_has_another_port_is_not_asked(debian, status, port):
    host, programs = host_of(debian, pg_lsclusters=LISTING.format(status), dpkg_query="", apt_cache=["", ""])
    result = read.read_host(options(port=port), host, host_info.KNOWN)
    assert (result["server"], result["server_error"]) == (None, None)
    assert "runuser" not in programs.names and len(result["clusters"]) == 1


def test_a_refused_login(debian):
    refused = Answer(2, "", 'psql: error: FATAL: Peer authentication failed for user "postgres"\n')
    host, _programs = host_of(
        debian, user="postgres", pg_lsclusters=LISTING.format("online"), dpkg_query="", apt_cache="", psql=refused
    )
    result = read.read_host(options(), host, host_info.KNOWN)
    assert result["server"] is None
    assert result["server_error"] == 'FATAL: Peer authentication failed for user "postgres"'


def test_a_server_without_psql(debian):
    host, _programs = host_of(
        debian, user="postgres", pg_lsclusters=LISTING.format("online"), dpkg_query="", apt_cache=""
    )
    assert read.read_host(options(), host, host_info.KNOWN)["server_error"] == "the host has no program psql"


def test_another_system(tmp_path):
    write(tmp_path, "/etc/os-release", "NAME=Alpine\nID=alpine\n")
    host, programs = host_of(tmp_path)
    result = read.read_host(options(packages=["x"]), host, host_info.KNOWN)
    assert list(result) == MEMBERS
    assert (result["os"]["family"], result["version"], result["packages"]) == ("", "", {})
    assert set(programs.names) <= {"/usr/bin/python3"}


#: Whole results of real hosts, with which the plans of the roles are tested.
HOSTS = sorted(Path(__file__).parents[2].joinpath("plugin_utils", "hosts").glob("*.json"))


@pytest.mark.parametrize("path", HOSTS, ids=lambda path: path.stem)
def test_recorded_results_have_the_members_of_new_ones(path):
    result = json.loads(path.read_text(encoding="utf-8"))
    assert sorted(result) == sorted([*MEMBERS, "changed"])
    server = result["server"]
    if server is not None:
        documented = yaml.safe_load(host_info.RETURN)["server"]["contains"]
        assert set(server) == set(documented)
        assert {frozenset(rule) for rule in server["hba"]} == {frozenset(documented["hba"]["contains"])}
        assert {frozenset(state) for state in server["settings"].values()} == {
            frozenset(documented["settings"]["contains"])
        }
