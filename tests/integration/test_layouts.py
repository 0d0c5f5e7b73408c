# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role archivist on all layouts of configuration in layouts.py: how often it restarts PostgreSQL, and why not.

Each layout is a cluster of its own, and a host of one inventory. All are in one container.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, Iterator, NamedTuple

import pytest
import yaml
from layouts import LAYOUTS, LIBRARIES, Layout
from servers import Server, run_playbook, running_server

FIRST_PORT = 5501
PORTS = {name: FIRST_PORT + number for number, name in enumerate(LAYOUTS)}
DATABASE = "powa_template"
#: Makes the cluster that all layouts are copies of, and a library that is not there.
TEMPLATE = """
runuser -u postgres -- psql --quiet --dbname={database} --command='CREATE EXTENSION pg_qualstats'
systemctl stop 'postgresql@*'
rm -r /usr/lib/postgresql/*/lib/pg_wait_sampling.so
cat > /etc/postgresql/*/main/conf.d/tests.conf << 'CONF'
listen_addresses = '*'
fsync = off
full_page_writes = off
# A standby may not have less than its primary.
max_connections = 200
shared_buffers = 8MB
autovacuum = off
CONF
"""
#: Makes the cluster of a layout.
CLUSTER = """
name={name} version=$(ls /etc/postgresql) && cd /etc/postgresql/$version
data=/var/lib/postgresql/$version/$name
cp --archive main $name && cp --archive /var/lib/postgresql/$version/main $data && cd $name
sed -i "s#$version/main#$version/$name#; s#$version-main#$version-$name#; s/^port = .*/port = {port}/" postgresql.conf
{before}
"""
RUNNING = """
name={name} version=$(ls /etc/postgresql) && cd /etc/postgresql/$version/$name
psql() {{ runuser -u postgres -- psql --quiet --port={port} --dbname=postgres "$@" > /dev/null; }}
reload() {{ psql --command='SELECT pg_reload_conf()'; }}
{after}
"""


class Run(NamedTuple):
    """What a run has done to each layout.

    :param failures: host -> the message with which it failed
    :param said: host -> all that was printed of it
    :param changed: host -> how many tasks have changed something
    """

    failures: Dict[str, str]
    said: Dict[str, str]
    changed: Dict[str, int]


@pytest.fixture(scope="module")
def clusters() -> Iterator[Server]:
    """A server with one cluster for each layout."""
    with running_server("5", "-layouts") as server:
        server.shell("set -e" + TEMPLATE.format(database=DATABASE))
        for name, layout in LAYOUTS.items():
            server.shell("set -e" + CLUSTER.format(name=name, port=PORTS[name], before=layout.before))
        server.shell("systemctl daemon-reload; cd /etc/postgresql/*; systemctl start " + units())
        for name, layout in LAYOUTS.items():
            if layout.after:
                server.shell("set -e" + RUNNING.format(name=name, port=PORTS[name], after=layout.after))
        yield server


def units() -> str:
    return " ".join("postgresql@$(basename $PWD)-{0}".format(name) for name in LAYOUTS)


def values(server: Server, query: str) -> Dict[str, str]:
    """Return what a query returns in each cluster, by psql."""
    psql = 'runuser -u postgres -- psql --no-psqlrc --tuples-only --no-align --port={0} --command="{1}" postgres'
    lines = ['echo "{0}=$({1})"'.format(name, psql.format(port, query)) for name, port in PORTS.items()]
    return dict(line.split("=", 1) for line in server.shell("\n".join(lines)).splitlines())


def play(tmp_path: Path, server: Server, *options: str) -> Run:
    """Run the role once on all layouts."""
    hosts = {
        name: dict({"powa_port": PORTS[name], "powa_host": name}, **layout.variables)
        for name, layout in LAYOUTS.items()
    }
    variables: Dict[str, Any] = {
        "ansible_connection": "podman_pipelined",
        "ansible_host": server.container,
        "ansible_python_interpreter": "/usr/bin/python3",
        "powa_database": DATABASE,
        "powa_stats_extensions": ["pg_qualstats"],
        "powa_restart_postgresql": True,
        "powa_repository": "outside",
    }
    inventory = {
        "all": {"vars": variables},
        "powa_remotes": {"hosts": hosts},
        "powa_repositories": {"hosts": {"outside": {}}},
        "powa_collectors": {"hosts": {"outside": {}}},
    }
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    playbook = [{"hosts": "powa_remotes", "gather_facts": False, "roles": ["pgfleet.powa.archivist"]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(playbook))
    done = run_playbook(
        "--inventory", str(tmp_path / "hosts.yml"), "--forks", "2", *options, str(tmp_path / "play.yml")
    )
    print(done.stdout)
    failures = {
        host: json.loads(result)["msg"]
        for host, result in re.findall(r"^fatal: \[(\w+)\]: FAILED! => (\{.*\})$", done.stdout, re.MULTILINE)
    }
    said = {
        name: "\n".join(re.findall(r'"msg": "({0}: .*)"'.format(name), done.stdout)) + failures.get(name, "")
        for name in LAYOUTS
    }
    changed = dict(re.findall(r"^(\w+) +: ok=\d+ +changed=(\d+) ", done.stdout, re.MULTILINE))
    return Run(failures, said, {host: int(number) for host, number in changed.items()})


def expected(server: Server, name: str, layout: Layout) -> str:
    """Return what a run says of a layout, with the number of the last line of its main file."""
    if not layout.says:
        return ""
    folder = server.shell("ls -d /etc/postgresql/*/{0}".format(name))
    return layout.says.format(folder, server.shell("wc -l < {0}/postgresql.conf".format(folder)))


@pytest.mark.long
def test_a_run_restarts_only_where_a_restart_has_the_wanted_effect(clusters: Server, tmp_path: Path) -> None:
    written = (
        "find /etc/postgresql -name powa.conf; grep -l '^{0}' /var/lib/postgresql/*/*/postgresql.auto.conf || true"
    )
    before = clusters.shell(written.format(LIBRARIES)).splitlines()
    started = [values(clusters, "SELECT pg_postmaster_start_time()")]
    runs = []
    for _number in range(3):
        runs.append(play(tmp_path, clusters))
        assert set(runs[-1].changed) == set(LAYOUTS)
        started.append(values(clusters, "SELECT pg_postmaster_start_time()"))
    restarts = {
        name: tuple(int(one[name] != other[name]) for one, other in zip(started, started[1:])) for name in LAYOUTS
    }
    assert restarts == {name: layout.restarts for name, layout in LAYOUTS.items()}
    assert {name for run in runs for name in run.failures} == {name for name in LAYOUTS if LAYOUTS[name].fails}
    for name, layout in LAYOUTS.items():
        says = expected(clusters, name, layout)
        for run in runs:
            assert says in run.said[name] and (says or not run.said[name]), name
            assert not layout.fails or not run.changed[name], name
        assert [run.changed[name] for run in runs[1:]] == [0, 0], name
    assert values(clusters, "SHOW " + LIBRARIES) == {name: layout.loads for name, layout in LAYOUTS.items()}
    # What was refused has nothing written for it.
    new = [path for path in clusters.shell(written.format(LIBRARIES)).splitlines() if path not in before]
    assert {re.sub("/(conf.d/.*|postgresql.auto.conf)$", "", path).rsplit("/", 1)[-1] for path in new} == {
        name for name in LAYOUTS if name in ("outside", "standby", "not_allowed", "not_included")
    }


def test_check_mode_names_what_a_host_without_psycopg2_gets(clusters: Server, tmp_path: Path) -> None:
    clusters.shell("dpkg --remove --force-depends python3-psycopg2")
    try:
        checked = play(tmp_path, clusters, "--check", "--limit", "not_allowed")
    finally:
        clusters.shell("dpkg --install /var/cache/apt/archives/python3-psycopg2_*.deb")
    assert checked.failures == {} and checked.changed["not_allowed"] > 0
    for sentence in (
        "site.yml would install the packages python3-psycopg2; ",
        "shared_preload_libraries needs a restart of PostgreSQL, but",
        "site.yml would create the roles powa_monitor, which can log in",
    ):
        assert sentence in checked.said["not_allowed"]
