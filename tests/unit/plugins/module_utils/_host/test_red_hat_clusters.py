# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host import red_hat_clusters
from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import select_cluster
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import read_owned
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import (
    host_of,
    recorded,
    refuse,
    write,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.test_clusters import (
    RED_HAT,
    pid_file,
    process_of,
)

BLOCK = """\
ExecStart={{ path=/usr/pgsql-{version}/bin/postgres ; argv[]=/usr/pgsql-{version}/bin/postgres -D ${{PGDATA}}{more} ; \
ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }}
Environment=PGDATA={folder}/ PG_OOM_ADJUST_VALUE=0
Id={name}.service
ActiveState={active}
MainPID={process}
"""


@pytest.fixture(autouse=True)
def _owner(monkeypatch):
    monkeypatch.setattr(red_hat_clusters, "user_name", lambda _number: "postgres")


def block(version="17", name="postgresql-17", folder="/var/lib/pgsql/17/data", active="inactive", more="", process="0"):
    return BLOCK.format(version=version, name=name, folder=folder, active=active, more=more, process=process)


def listed(host, port=5432):
    units = red_hat_clusters.finish_units(host, red_hat_clusters.start_units(host))
    return red_hat_clusters.read_clusters(host, RED_HAT, units, port)


def data(root, folder, version="17", port=None, process="123"):
    write(root, folder + "/PG_VERSION", version + "\n")
    if port:
        pid_file(root, folder, port, process=process)
        process_of(root, folder, process)


def test_units_that_have_a_file_or_run(tmp_path):
    host, programs = host_of(tmp_path)
    for path in (
        "/usr/lib/systemd/system/postgresql-17.service",
        "/usr/lib/systemd/system/postgresql@.service",
        "/etc/systemd/system/postgresql-17.service",
        "/etc/systemd/system/postgresql-17-orders.service",
        "/etc/systemd/system/multi-user.target.wants/postgresql@17-sales.service",
        "/etc/systemd/system/other.service",
    ):
        write(tmp_path, path)
    red_hat_clusters.start_units(host)
    ((command, _text, _variables),) = programs.calls
    assert command[command.index("--") + 1 :] == [
        "postgresql-17-orders.service",
        "postgresql-17.service",
        "postgresql@17-sales.service",
        "postgresql*.service",
    ]


def test_what_systemd_says_of_units(tmp_path):
    empty = "Id=postgresql-empty.service\nActiveState=failed"
    twice = "\n".join([block(active="active"), block(active="active"), empty])
    host, _programs = host_of(tmp_path, systemctl=twice)
    (unit,) = red_hat_clusters.finish_units(host, red_hat_clusters.start_units(host))
    assert (unit.name, unit.folder, unit.active) == ("postgresql-17", "/var/lib/pgsql/17/data", True)
    assert unit.command == ["/usr/pgsql-17/bin/postgres", "-D", "/var/lib/pgsql/17/data/"]
    # The option has precedence, as it has for PostgreSQL.
    (other,) = red_hat_clusters.parse_units(block().replace("${PGDATA}", "/srv/$PG_OOM_ADJUST_VALUE$OTHER"))
    assert other.folder == "/srv/0"


def test_the_units_of_the_lab(tmp_path):
    host, _programs = host_of(tmp_path, systemctl=recorded("rhel", "systemctl-clusters"))
    units = red_hat_clusters.finish_units(host, red_hat_clusters.start_units(host))
    assert [(unit.name, unit.folder, unit.active) for unit in units] == [
        ("postgresql-17-orders", "/var/lib/pgsql/17/orders", True),
        ("postgresql-17", "/var/lib/pgsql/17/data", True),
    ]


def test_a_systemd_that_fails_is_told(tmp_path):
    host, _programs = host_of(tmp_path, systemctl=Answer(1, "", "Failed to connect to bus\n"))
    assert listed(host) == []
    assert host.unseen.sentences == ("the units of PostgreSQL: Failed to connect to bus",)


def test_the_port_selects_the_cluster_and_not_the_highest_version(tmp_path):
    blocks = [
        block("15", "postgresql-15", "/var/lib/pgsql/15/data", "active"),
        block("17", "postgresql-17", "/var/lib/pgsql/17/data", "active"),
        block("17", "postgresql-17-orders", "/srv/orders"),
        block("16", "postgresql-16", "/var/lib/pgsql/16/data"),
    ]
    host, programs = host_of(tmp_path, systemctl="\n".join(blocks), postgres="5434\n")
    data(tmp_path, "/var/lib/pgsql/15/data", "15", 5432)
    data(tmp_path, "/var/lib/pgsql/17/data", "17", 5433, "124")
    data(tmp_path, "/srv/orders")
    (tmp_path / "var/lib/pgsql/16/data").mkdir(parents=True)
    found = listed(host)
    assert [(c.version, c.port, c.running, c.unit, c.data_directory) for c in found] == [
        ("15", 5432, True, "postgresql-15", "/var/lib/pgsql/15/data"),
        ("17", 5433, True, "postgresql-17", "/var/lib/pgsql/17/data"),
        ("17", 5434, False, "postgresql-17-orders", "/srv/orders"),
    ]
    assert [c.name for c in found] == [c.unit for c in found]
    assert [select_cluster(found, port, "").unit for port in (5432, 5433, 5434)] == [c.unit for c in found]
    assert select_cluster(found, 5435, "") is None
    command, _text, variables = programs.calls[-1]
    assert command[-5:] == ["/usr/pgsql-17/bin/postgres", "-D", "/srv/orders/", "-C", "port"]
    assert variables["PGDATA"] == "/srv/orders/"
    assert len(programs.calls) == 2 and host.unseen.sentences == ()


def test_options_and_variables_of_the_unit_decide_its_port(tmp_path):
    text = block(more=" -p ${PGPORT}").replace("PG_OOM_ADJUST_VALUE=0", 'PGPORT=5440 "A=b c"')
    host, programs = host_of(tmp_path, systemctl=text, postgres="5440\n")
    data(tmp_path, "/var/lib/pgsql/17/data")
    (found,) = listed(host)
    command, _text, variables = programs.calls[-1]
    assert command[-4:] == ["-p", "5440", "-C", "port"] and variables["A"] == "b c"
    assert found.port == 5440


def test_a_cluster_without_a_unit_of_postgresql(tmp_path):
    orders = "Id=orders.service\nActiveState=active\nMainPID=123"
    host, programs = host_of(tmp_path, systemctl=orders, postgres="5433\n")
    data(tmp_path, "/var/lib/pgsql/16/data", "16", 5432)
    write(tmp_path, "/proc/123/cgroup", "0::/system.slice/orders.service\n")
    data(tmp_path, "/var/lib/pgsql/17/second")
    found = listed(host)
    assert [(c.version, c.port, c.running, c.unit, c.name) for c in found] == [
        ("16", 5432, True, "orders", "orders"),
        ("17", 5433, False, "", "/var/lib/pgsql/17/second"),
    ]
    assert programs.calls[-1][0][-5:] == ["/usr/pgsql-17/bin/postgres", "-D", "/var/lib/pgsql/17/second", "-C", "port"]
    assert programs.calls[0][0][2:] == [
        "--property=Id,Environment,ExecStart,ActiveState,MainPID",
        "--",
        "orders.service",
        "postgresql*.service",
    ]


@pytest.mark.parametrize("service", ["crond", "postgresql-16"])
def test_a_server_started_by_hand_inside_another_service(tmp_path, service):
    other = "Id={0}.service\nActiveState=active\nMainPID=99\n".format(service)
    host, _programs = host_of(tmp_path, systemctl="\n".join([block(), other]))
    data(tmp_path, "/var/lib/pgsql/17/data", port=5432)
    write(tmp_path, "/proc/123/cgroup", "0::/system.slice/{0}.service\n".format(service))
    (found,) = listed(host)
    assert (found.unit, found.name, found.running) == ("", "/var/lib/pgsql/17/data", True)
    assert host.unseen.sentences == (
        "the unit of the cluster in /var/lib/pgsql/17/data: process 123 runs inside {0}.service, of which it is not the"
        " main process".format(service),
    )


def test_of_two_units_with_one_folder_the_one_that_runs_it(tmp_path):
    host, _programs = host_of(tmp_path, systemctl="\n".join([block(), block(name="postgresql-copy", process="123")]))
    data(tmp_path, "/var/lib/pgsql/17/data", port=5432)
    write(tmp_path, "/proc/123/cgroup", "0::/system.slice/postgresql-copy.service\n")
    assert [c.unit for c in listed(host)] == ["postgresql-copy"]


def test_a_server_that_has_crashed_does_not_run(tmp_path):
    both = "\n".join([block(), block(name="postgresql-17-b", folder="/srv/b")])
    host, _programs = host_of(tmp_path, systemctl=both, postgres="5432\n")
    data(tmp_path, "/var/lib/pgsql/17/data")
    pid_file(tmp_path, "/var/lib/pgsql/17/data", 5432)
    data(tmp_path, "/srv/b", port=5432)
    found = listed(host)
    assert [c.running for c in found] == [False, True]
    assert select_cluster(found, 5432, "").unit == "postgresql-17-b"


@pytest.mark.parametrize("cgroup", ["0::/user.slice/user-26.slice/session-1.scope\n", None])
def test_a_server_that_no_unit_runs_has_the_unit_of_its_folder(tmp_path, cgroup):
    host, _programs = host_of(tmp_path, systemctl=block())
    data(tmp_path, "/var/lib/pgsql/17/data", port=5432)
    if cgroup:
        write(tmp_path, "/proc/123/cgroup", cgroup)
    assert [c.unit for c in listed(host)] == ["postgresql-17"]


def test_a_program_that_cannot_tell_the_port(tmp_path):
    broken = Answer(1, "", 'LOG:  unrecognized configuration parameter "x"\n')
    host, _programs = host_of(tmp_path, systemctl=block(), postgres=broken)
    data(tmp_path, "/var/lib/pgsql/17/data")
    (found,) = listed(host, 5439)
    assert (found.port, found.running) == (5439, False)
    assert host.unread_clusters.sentences == (
        'the cluster in /var/lib/pgsql/17/data: LOG: unrecognized configuration parameter "x"',
    )
    # It may be that of any of several.
    both = "\n".join([block(), block(name="postgresql-17-b", folder="/srv/b")])
    host, _programs = host_of(tmp_path, systemctl=both, postgres=[broken, broken])
    data(tmp_path, "/srv/b")
    assert listed(host, 5439) == []
    # Another cluster has it.
    host, _programs = host_of(tmp_path, systemctl=both, postgres=broken)
    data(tmp_path, "/srv/b", port=5439)
    assert [c.unit for c in listed(host, 5439)] == ["postgresql-17-b"]


def test_a_folder_that_may_not_be_looked_at(tmp_path, monkeypatch):
    host, programs = host_of(tmp_path, user="someone", systemctl=block(active="active"))
    refuse(monkeypatch, "stat", "/var/lib/pgsql/17/data")
    (found,) = listed(host)
    assert (found.version, found.running, found.port, found.owner) == ("17", True, 5432, "postgres")
    assert host.unseen.sentences == ("the folder /var/lib/pgsql/17/data: permission denied (run as root)",)
    assert programs.names == ["systemctl"]


def test_root_has_the_program_run_as_the_owner(tmp_path):
    host, programs = host_of(tmp_path, systemctl=block(), postgres="5432\n")
    data(tmp_path, "/var/lib/pgsql/17/data")
    assert [c.owner for c in listed(host)] == ["postgres"]
    assert programs.calls[-1][0][:-5] == ["runuser", "-u", "postgres", "--"]
    host, programs = host_of(tmp_path, user="postgres", systemctl=block(), postgres="5432\n")
    assert len(listed(host)) == 1 and programs.calls[-1][0][:-5] == []


@pytest.mark.parametrize("systemctl", ["", block()])
def test_no_program_in_a_folder_of_root(tmp_path, monkeypatch, systemctl):
    host, programs = host_of(tmp_path, systemctl=systemctl, postgres="5432\n")
    data(tmp_path, "/var/lib/pgsql/17/data")
    monkeypatch.setattr(red_hat_clusters, "user_name", lambda _number: "root")
    assert listed(host) == [] and programs.names == ["systemctl"]
    assert host.unread_clusters.sentences == (
        "the cluster in /var/lib/pgsql/17/data: the folder is root's, and PostgreSQL never runs as root",
    )


NO_VERSION = (
    "the cluster in /var/lib/pgsql/17/data: its PG_VERSION is not a file of the folder's owner that holds a major"
    " version",
)


@pytest.mark.parametrize(
    "version", [b"17/../../var/lib/pgsql/evil\n", b"../evil", b"", b"17.5.1", b"\xff\xfe17", b"17\n16\n"]
)
def test_a_version_that_is_none(tmp_path, version):
    host, programs = host_of(tmp_path, systemctl="", postgres="5432\n")
    write(tmp_path, "/var/lib/pgsql/17/data/PG_VERSION").write_bytes(version)
    assert listed(host) == [] and programs.names == ["systemctl"]
    assert host.unread_clusters.sentences == NO_VERSION


def test_a_version_that_a_link_or_somebody_else_has_written(tmp_path):
    host, programs = host_of(tmp_path, systemctl=block())
    write(tmp_path, "/etc/PG_VERSION", "17\n")
    (tmp_path / "var/lib/pgsql/17/data").mkdir(parents=True)
    file = tmp_path / "var/lib/pgsql/17/data/PG_VERSION"
    file.symlink_to(tmp_path / "etc/PG_VERSION")
    assert listed(host) == [] and host.unread_clusters.sentences == NO_VERSION
    file.unlink()
    os.mkfifo(file)
    assert listed(host) == [] and programs.names == ["systemctl"] * 2
    assert read_owned(str(tmp_path / "etc/PG_VERSION"), os.geteuid()) == "17\n"
    assert read_owned(str(tmp_path / "etc/PG_VERSION"), os.geteuid() + 1) is None


@pytest.mark.parametrize("link", ["17", "17/data"])
def test_only_a_unit_may_name_a_link(tmp_path, link):
    data(tmp_path, "/srv/{0}".format("17/data" if link == "17" else "data"))
    (tmp_path / "var/lib/pgsql" / link).parent.mkdir(parents=True)
    (tmp_path / "var/lib/pgsql" / link).symlink_to(tmp_path / "srv" / link.rsplit("/", maxsplit=1)[-1])
    host, programs = host_of(tmp_path, systemctl="", postgres="5432\n")
    assert listed(host) == [] and programs.names == ["systemctl"]
    host, _programs = host_of(tmp_path, systemctl=block(), postgres="5432\n")
    assert [c.data_directory for c in listed(host)] == ["/var/lib/pgsql/17/data"]
