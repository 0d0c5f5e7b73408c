# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host import clusters
from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import Cluster, PidFile
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer
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


def pid_file(root, folder, port, socket_folder="/var/run/postgresql"):
    lines = ["123", folder, "1700000000", str(port), socket_folder, "*", "   5432001   0", "ready   "]
    write(root, folder + "/postmaster.pid", "\n".join(lines) + "\n")


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
    found = clusters.parse_listing(LISTING, DEBIAN)
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
    assert clusters.parse_listing(text, DEBIAN) == []


def test_a_folder_that_is_no_path():
    (found,) = clusters.parse_listing("15 main 5432 down <unknown> data_directory_missing x.log", DEBIAN)
    assert found.data_directory == "data_directory_missing"


@pytest.mark.parametrize(
    ("port", "version", "expected"),
    [(5433, "", "15"), (5432, "", "13"), (5432, "15", None), (5434, "15", "15"), (5436, "", None)],
)
def test_the_cluster_that_port_and_version_select(port, version, expected):
    found = clusters.select_cluster(clusters.parse_listing(LISTING, DEBIAN), port, version)
    assert (found.version if found else None) == expected


def test_of_two_clusters_with_one_port_the_one_that_runs():
    both = [cluster("13", running=False), cluster("15")]
    assert clusters.select_cluster(both, 5432, "") is both[1]
    assert clusters.select_cluster(both, 5432, "13") is both[0]


def test_debian_lists_its_clusters(tmp_path):
    host, programs = host_of(tmp_path, pg_lsclusters=LISTING)
    listing = clusters.start_listing(host, DEBIAN)
    assert programs.names == ["pg_lsclusters"]
    assert len(clusters.finish_listing(host, DEBIAN, listing, 5432)) == 4
    assert host.unseen.sentences == ()


def test_a_bare_host_has_no_clusters(tmp_path):
    host, _programs = host_of(tmp_path)
    assert clusters.finish_listing(host, DEBIAN, clusters.start_listing(host, DEBIAN), 5432) == []
    assert clusters.start_listing(host, OTHER) is None
    assert clusters.finish_listing(host, OTHER, None, 5432) == []
    assert host.unseen.sentences == ()


def test_a_listing_that_fails_is_told(tmp_path):
    host, _programs = host_of(tmp_path, pg_lsclusters=Answer(1, LISTING.split("\n")[1], "Error: broken\n"))
    found = clusters.finish_listing(host, DEBIAN, clusters.start_listing(host, DEBIAN), 5432)
    assert [c.port for c in found] == [5433]
    assert host.unseen.sentences == ("the clusters of PostgreSQL: Error: broken",)


def test_the_rhel_family_has_one_cluster_for_each_version(tmp_path):
    host, programs = host_of(tmp_path)
    for version in ("15", "16", "17"):
        program(tmp_path, "/usr/pgsql-{0}/bin/postgres".format(version))
    write(tmp_path, "/var/lib/pgsql/15/data/PG_VERSION", "15\n")
    pid_file(tmp_path, "/var/lib/pgsql/15/data", 5440)
    write(tmp_path, "/var/lib/pgsql/16/data/PG_VERSION", "16\n")
    (tmp_path / "var/lib/pgsql/17/data").mkdir(parents=True)
    assert clusters.start_listing(host, RED_HAT) is None
    found = clusters.finish_listing(host, RED_HAT, None, 5432)
    assert [(c.version, c.name, c.port, c.running) for c in found] == [
        ("15", "15", 5440, True),
        ("16", "16", 5432, False),
    ]
    assert found[0].unit == "postgresql-15" and found[0].data_directory == "/var/lib/pgsql/15/data"
    assert programs.calls == []


def test_a_cluster_that_may_not_be_looked_at_on_the_rhel_family(tmp_path, monkeypatch):
    host, _programs = host_of(tmp_path, user="someone")
    program(tmp_path, "/usr/pgsql-15/bin/postgres")
    refuse(monkeypatch, "stat", "/var/lib/pgsql/15/data")
    (found,) = clusters.finish_listing(host, RED_HAT, None, 5432)
    assert (found.running, found.port, found.owner) == (True, 5432, "postgres")
    assert host.unseen.sentences == ("the folder /var/lib/pgsql/15/data: permission denied (run as root)",)


def test_the_file_of_a_running_server(tmp_path):
    host, _programs = host_of(tmp_path)
    assert clusters.read_pid_file(host, "/data") is None
    pid_file(tmp_path, "/data", 5433)
    assert clusters.read_pid_file(host, "/data") == PidFile(5433, "/var/run/postgresql")
    pid_file(tmp_path, "/data", 5433, "")
    assert clusters.read_pid_file(host, "/data") == PidFile(5433, "")
    write(tmp_path, "/data/postmaster.pid", "123\n/data\n")
    assert clusters.read_pid_file(host, "/data") is None
    write(tmp_path, "/data/postmaster.pid", "1\n2\n3\nx\n5\n")
    assert clusters.read_pid_file(host, "/data") is None


@pytest.mark.parametrize(("suite", "version"), [("bullseye", "13"), ("forky", "18")])
def test_a_real_host_with_one_cluster(suite, version):
    (found,) = clusters.parse_listing(recorded(suite, "pg_lsclusters"), DEBIAN)
    folder = "/var/lib/postgresql/{0}/main".format(version)
    assert found == Cluster(version, "main", 5432, True, folder, "postgresql@{0}-main".format(version), "postgres")


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_a_real_host_with_a_standby_and_a_stopped_cluster(suite):
    found = clusters.parse_listing(recorded(suite, "pg_lsclusters"), DEBIAN)
    assert [(c.name, c.port, c.running) for c in found] == [
        ("main", 5432, True),
        ("standby", 5433, True),
        ("stopped", 5434, False),
    ]
