# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole runs on a fleet whose hosts are logged in to in different ways. All clusters are in one container.

What they declare is in files on the controller.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple

import pytest
import yaml
from servers import PASSWORD, ROOT, Server, run_playbook, running_server, wait_until

#: Of this run only: passwords of PoWA's roles.
MONITOR, COLLECTOR = "planted.monitor", "planted.collector"
#: A cluster that Debian's programs do not list, whose first superuser is not postgres, and whose socket is in /tmp.
OWN_CLUSTER = """
user={0} port={1} data=/srv/{0}/data bin=$(echo /usr/lib/postgresql/*/bin)
useradd --create-home $user
install -d -o $user -g $user /srv/$user
runuser -u $user -- $bin/initdb --pgdata=$data --username=$user --auth-local=peer --auth-host=scram-sha-256 > /dev/null
mkdir $data/conf.d
cat >> $data/postgresql.conf << CONF
port = $port
unix_socket_directories = '/tmp'
listen_addresses = '*'
fsync = off
shared_buffers = 8MB
include_dir = 'conf.d'
CONF
chown -R $user:$user $data
cat > /srv/$user/restart << SH
#!/bin/sh
exec runuser -u $user -- $bin/pg_ctl --pgdata=$data --log=/srv/$user/log --wait \\${{1:-restart}}
SH
chmod +x /srv/$user/restart && /srv/$user/restart start > /dev/null
"""
#: What the run asks a DBA to do, and what a superuser prepares for one who is none.
BY_HAND = """
echo "shared_preload_libraries = 'pg_stat_statements,pg_qualstats'" > /srv/plain/data/conf.d/by-hand.conf
cat >> /srv/plain/data/pg_hba.conf
/srv/plain/restart > /dev/null
"""
#: By their names, files of datasources of which nothing is wrong, and some with what is wrong on their last lines.
FILES = {
    "followed.yml": """---
- name: followed
  query: SELECT 1 AS one
  metrics: [{name: one, type: integer}]
""",
    "more/counted.yml": """powa_datasources:
  - name: counted
    query: SELECT '{{ braces }}' AS key, count(*) AS backends FROM pg_stat_activity
    keys: [{name: key, type: text}]
    metrics: [{name: backends, type: bigint, kind: gauge}]
""",
}
WRONG = {
    "one.yml": FILES["followed.yml"].replace("integer", "intejer"),
    "two.yml": FILES["more/counted.yml"].replace("metrics", "metric"),
}
SAID = (
    '{0}/one.yml:4: datasource "followed", metrics[0].type: found "intejer", expected one of ',
    '{0}/two.yml:5: datasource "counted", metric: there is no such field, expected one of ',
)


class Run(NamedTuple):
    """What a run has done: all that it printed, and of each host how many tasks have changed and have failed."""

    said: str
    changed: Dict[str, int]
    failed: Dict[str, int]


@pytest.fixture(scope="module")
def container() -> Iterator[Server]:
    """A container with several clusters."""
    with running_server("5", "-logins") as server:
        for user, port in (("dba", 5544), ("plain", 5545)):
            server.shell("set -e" + OWN_CLUSTER.format(user, port))
        yield server


def write(folder: Path, files: Mapping[str, str]) -> str:
    """Write files of datasources, and return the pattern that matches them."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return str(folder / "**" / "*.yml")


@pytest.fixture(scope="module")
def fleet(container: Server, tmp_path_factory: pytest.TempPathFactory) -> Dict[str, Any]:
    """The inventory: the cluster of the distribution is the repository, all others are its remotes."""
    connection = {
        "ansible_connection": "podman_pipelined",
        "ansible_host": container.container,
        "ansible_python_interpreter": "/usr/bin/python3",
        "powa_host": container.address,
    }
    return {
        "all": {
            "vars": {
                "powa_stats_extensions": ["pg_qualstats"],
                "powa_restart_postgresql": True,
                "powa_restart_wait": 20,
                "powa_monitoring_password": MONITOR,
                "powa_collector_password": COLLECTOR,
                "powa_marker_extensions": False,
                "powa_frequency": 5,
                "powa_datasource_files": [write(tmp_path_factory.mktemp("datasources"), FILES)],
            }
        },
        "powa_repositories": {"hosts": {"hub": connection}},
        "powa_collectors": {"hosts": {"hub": {}}},
        "powa_remotes": {
            "hosts": {
                "own": {
                    **connection,
                    "powa_port": 5544,
                    "powa_login_user": "dba",
                    "powa_become_user": "dba",
                    "powa_login_unix_socket": "/tmp",
                    "powa_restart_command": "/srv/dba/restart",
                },
                # A plain user of the operating system, without sudo.
                "plain": {
                    **connection,
                    "ansible_user": "plain",
                    "powa_port": 5545,
                    "powa_login_user": "plain",
                    "powa_login_unix_socket": "/tmp",
                    "powa_become": False,
                    "powa_manage_host": False,
                },
                # Nobody can log in to its host. Its PostgreSQL is the repository's.
                "managed": {
                    "ansible_host": "nowhere.invalid",
                    "ansible_connection": "ssh",
                    "powa_managed": True,
                    "powa_host": container.address,
                    "powa_database": "powa_managed",
                    "powa_login_password": PASSWORD,
                },
            }
        },
    }


def play(tmp_path: Path, inventory: Dict[str, Any], *options: str) -> Run:
    """Run the whole playbook, or another one."""
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    done = run_playbook(
        "--inventory", str(tmp_path / "hosts.yml"), "--forks", "2", *options, str(ROOT / "playbooks" / "site.yml")
    )
    print(done.stdout)
    recap = re.findall(r"^(\w+) +: ok=\d+ +changed=(\d+) +unreachable=\d+ +failed=(\d+)", done.stdout, re.MULTILINE)
    return Run(
        done.stdout,
        {host: int(changed) for host, changed, _failed in recap},
        {host: int(failed) for host, _changed, failed in recap},
    )


def ask(container: Server, user: str, port: int, query: str, database: str = "powa") -> str:
    """Ask a server as the user that owns it."""
    psql = 'runuser -u {0} -- psql -h /tmp -p {1} -XAtc "{2}" {3}'
    return container.shell(psql.format(user, port, query, database))


def refuse_wrong_files(container: Server, fleet: Dict[str, Any], tmp_path: Path) -> None:
    """See that a run names what is wrong in every file, with its line, and changes nothing."""
    files = {"powa_datasource_files": [write(tmp_path / "wrong", WRONG)]}
    run = play(tmp_path, fleet, "--extra-vars", json.dumps(files))
    assert set(run.changed.values()) == {0} and all(run.failed.values()), run.said
    said = run.said.replace('\\"', '"')
    assert all(sentence.format(tmp_path / "wrong") in said for sentence in SAID), said
    assert not container.sql("postgres", "SELECT FROM pg_database WHERE datname = 'powa'")


def collected(container: Server, name: str) -> List[str]:
    """Return the remotes of which there are samples of a datasource."""
    query = "SELECT DISTINCT alias FROM powa_servers AS s, powa_{0}_get(s.id, NULL, NULL) ORDER BY 1"
    return [alias for (alias,) in container.sql("powa", query.format(name))]


@pytest.mark.long
def test_runs_log_in_and_leave_out_as_the_inventory_says(
    container: Server, fleet: Dict[str, Any], tmp_path: Path
) -> None:
    refuse_wrong_files(container, fleet, tmp_path)
    first = play(tmp_path, fleet)
    # Why the collector did not answer, if it did not.
    print(container.shell("journalctl --no-pager --lines=50 --unit=powa-collector"))
    # Of the host that nobody may change, what is to be done by hand is named, and nothing was written there.
    assert {host for host, failed in first.failed.items() if failed} == {"plain"}, first.said
    (cause,) = re.findall(r'"msg": "plain is not finished: (.*?)[.] Fix', first.said)
    assert "shared_preload_libraries lacks pg_stat_statements, pg_qualstats, and powa_manage_host is false" in cause
    lines = re.findall(r'powa_manage_host is false: add the line \\*"(host .*?)\\*", and reload PostgreSQL', cause)
    assert len(lines) == 1, cause
    assert ask(container, "plain", 5545, "SELECT datname FROM pg_database WHERE NOT datistemplate", "postgres") == (
        "postgres"
    )
    # The other one has everything.
    roles = ask(container, "dba", 5544, "SELECT rolname, rolsuper FROM pg_roles WHERE rolname IN ('dba', 'postgres')")
    assert roles == "dba|t"
    assert ask(container, "dba", 5544, "SHOW shared_preload_libraries") == "pg_stat_statements,pg_qualstats"
    assert ask(container, "dba", 5544, "SELECT one FROM powa_followed_src(0)") == "1"
    assert container.sql("powa_managed", "SELECT one FROM powa_followed_src(0)") == [(1,)]
    # A DBA does what was asked for.
    container.shell("set -e" + BY_HAND, input="\n".join(lines) + "\n")
    second = play(tmp_path, fleet)
    assert set(second.failed.values()) == {0}, second.said
    assert second.changed["own"] == 0 < second.changed["plain"]
    assert ask(container, "plain", 5545, "SELECT one FROM powa_followed_src(0)") == "1"
    third = play(tmp_path, fleet)
    assert set(third.changed.values()) == {0} == set(third.failed.values()), third.said
    for name in ("followed", "counted"):
        wait_until(lambda name=name: collected(container, name) == ["managed", "own", "plain"], name + " is collected")
    assert container.sql("powa", "SELECT DISTINCT key FROM powa_counted_get(1, NULL, NULL)") == [("{{ braces }}",)]
    for run in (first, second, third):
        assert PASSWORD not in run.said and MONITOR not in run.said
