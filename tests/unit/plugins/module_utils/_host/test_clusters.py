# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host import clusters
from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import Cluster, PidFile
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import System
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import (
    host_of,
    recorded,
    refuse,
    write,
)

DEBIAN, RED_HAT, OTHER = System("d", "Debian"), System("r", "RedHat"), System("o", "")

LISTING = """\
13  main    5432 down,binaries_missing postgres  /var/lib/postgresql/13/main /var/log/postgresql/postgresql-13-main.log
15  main    5433 online                postgres  /var/lib/postgresql/15/main /var/log/postgresql/postgresql-15-main.log
15  standby 5434 online,recovery       pgadmin   /srv/my data/standby        syslog
17  new     5435 down                  <unknown> /srv/new                    /var/log/my logs/new.log
"""


def program(root, path):
    write(root, path).chmod(0o755)


def pid_file(root, folder, port, socket_folder="/var/run/postgresql", process="123"):
    lines = [process, folder, "1700000000", str(port), socket_folder, "*", "   5432001   0", "ready   "]
    write(root, folder + "/postmaster.pid", "\n".join(lines) + "\n")


def process_of(root, folder, process="123"):
    """Have a server run in a data directory."""
    of_process = root / "proc" / process
    of_process.mkdir(parents=True, exist_ok=True)
    (of_process / "cwd").symlink_to(root / folder.lstrip("/"))


def cluster(version="15", port=5432, running=True):
    return Cluster(version, "main", port, running, "/data", "postgresql@15-main", "postgres")


def test_installed_versions_in_their_order(tmp_path):
    host, _programs = host_of(tmp_path)
    assert clusters.read_installed(host, DEBIAN) == []
    for version in ("9.6", "15", "13"):
        program(tmp_path, "/usr/lib/postgresql/{0}/bin/postgres".format(version))
    write(tmp_path, "/usr/lib/postgresql/17/bin/psql")
    write(tmp_path, "/usr/lib/postgresql/18/bin/postgres").chmod(0o644)
    program(tmp_path, "/usr/pgsql-16/bin/postgres")
    assert clusters.read_installed(host, DEBIAN) == ["9.6", "13", "15"]
    assert clusters.read_installed(host, RED_HAT) == ["16"]
    assert clusters.read_installed(host, OTHER) == []


def test_several_clusters():
    found = clusters.parse_listing(LISTING)
    assert [(c.version, c.name, c.port, c.running) for c in found] == [
        ("13", "main", 5432, False),
        ("15", "main", 5433, True),
        ("15", "standby", 5434, True),
        ("17", "new", 5435, False),
    ]
    assert [c.owner for c in found] == ["postgres", "postgres", "pgadmin", "postgres"]
    assert [c.data_directory for c in found[1:]] == ["/var/lib/postgresql/15/main", "/srv/my data/standby", "/srv/new"]
    assert found[1].unit == "postgresql@15-main"


@pytest.mark.parametrize("text", ["", "Ver Cluster Port Status Owner Data directory Log file\n", "garbage\n"])
def test_a_listing_without_clusters(text):
    assert clusters.parse_listing(text) == []


def test_a_folder_that_is_no_path():
    (found,) = clusters.parse_listing("15 main 5432 down <unknown> data_directory_missing x.log")
    assert found.data_directory == "data_directory_missing"


@pytest.mark.parametrize(
    ("port", "version", "expected"),
    [(5433, "", "15"), (5432, "", "13"), (5432, "15", None), (5434, "15", "15"), (5436, "", None)],
)
def test_the_cluster_that_port_and_version_select(port, version, expected):
    found = clusters.select_cluster(clusters.parse_listing(LISTING), port, version)
    assert (found.version if found else None) == expected


def test_of_two_clusters_with_one_port_the_one_that_runs():
    both = [cluster("13", running=False), cluster("15")]
    assert clusters.select_cluster(both, 5432, "") is both[1]
    assert clusters.select_cluster(both, 5432, "13") is both[0]


def test_the_file_of_a_running_server(tmp_path):
    host, _programs = host_of(tmp_path)
    assert clusters.read_pid_file(host, "/data") is None
    pid_file(tmp_path, "/data", 5433)
    assert clusters.read_pid_file(host, "/data") == PidFile(5433, "/var/run/postgresql", "123")
    pid_file(tmp_path, "/data", 5433, "")
    assert clusters.read_pid_file(host, "/data") == PidFile(5433, "", "123")
    write(tmp_path, "/data/postmaster.pid", "123\n/data\n")
    assert clusters.read_pid_file(host, "/data") is None
    for text in ("1\n2\n3\nx\n5\n", "../1\n2\n3\n5432\n5\n", "-1\n2\n3\n5432\n5\n"):
        write(tmp_path, "/data/postmaster.pid", text)
        assert clusters.read_pid_file(host, "/data") is None
    (tmp_path / "data/postmaster.pid").unlink()
    os.mkfifo(tmp_path / "data/postmaster.pid")
    assert clusters.read_pid_file(host, "/data") is None


def test_a_server_runs_only_if_its_process_is_in_the_data_directory(tmp_path, monkeypatch):
    host, _programs = host_of(tmp_path)
    assert clusters.read_running(host, "/data") is None
    pid_file(tmp_path, "/data", 5433)
    assert clusters.read_running(host, "/data") is None
    process_of(tmp_path, "/other")
    assert clusters.read_running(host, "/data") is None
    (tmp_path / "link").symlink_to(tmp_path / "data")
    pid_file(tmp_path, "/data", 5433, process="7")
    process_of(tmp_path, "/data", "7")
    found = PidFile(5433, "/var/run/postgresql", "7")
    assert [clusters.read_running(host, folder) for folder in ("/data", "/link")] == [found, found]
    # Who may not see the folder of a process sees whose it is.
    refuse(monkeypatch, "readlink", "/7/cwd")
    assert clusters.read_running(host, "/data") == found
    monkeypatch.setattr(clusters, "owner_of", lambda _host, path: path)
    assert clusters.read_running(host, "/data") is None


@pytest.mark.parametrize(("suite", "version"), [("bullseye", "13"), ("forky", "18")])
def test_a_real_host_with_one_cluster(suite, version):
    (found,) = clusters.parse_listing(recorded(suite, "pg_lsclusters"))
    folder = "/var/lib/postgresql/{0}/main".format(version)
    assert found == Cluster(version, "main", 5432, True, folder, "postgresql@{0}-main".format(version), "postgres")


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_a_real_host_with_a_standby_and_a_stopped_cluster(suite):
    found = clusters.parse_listing(recorded(suite, "pg_lsclusters"))
    assert [(c.name, c.port, c.running) for c in found] == [
        ("main", 5432, True),
        ("standby", 5433, True),
        ("stopped", 5434, False),
    ]
