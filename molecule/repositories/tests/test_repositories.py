# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two repositories and a fleet of which a part is down, from its first run on: each run goes on from the one before."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
import yaml

INVENTORY = Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent
PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
NAME = "pgfleet-repositories-"
EAST, WEST, STANDBY, PRIMARY, DOWN, OTHER, OLDER = (
    NAME + name for name in ("east", "west", "standby", "primary", "down", "other", "older")
)
#: Where PoWA is not in database powa on port 5432.
PLACES = {EAST: ("measured", 5432), OTHER: ("figures", 5433)}
MAKE_STANDBY = PROJECT / "molecule" / "repositories" / "make-standby.sh"
DEMO = PROJECT / "playbooks" / "inventory" / "demo" / "group_vars" / "all" / "datasources.yml"
DATASOURCES = yaml.safe_load(DEMO.read_text())["powa_datasources"]
#: What the monitoring role may not read.
FORBIDDEN = {
    "name": "forbidden",
    "query": "SELECT count(*) AS roles FROM pg_authid",
    "metrics": [{"name": "roles", "type": "bigint"}],
}
RELATIONS = {
    "name": "relations",
    "query": "SELECT count(*) AS relations FROM pg_class",
    "metrics": [{"name": "relations", "type": "bigint", "kind": "gauge"}],
}
INDEXES = {
    "name": "indexes",
    "query": "SELECT count(*) AS indexes FROM pg_index",
    "metrics": [{"name": "indexes", "type": "bigint", "kind": "gauge"}],
}


def podman(*arguments, **options):
    return subprocess.run(["podman", *arguments], check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def execute(host, statement):
    database, port = PLACES.get(host, ("powa", 5432))
    where = ["--dbname={0}".format(database), "--port={0}".format(port)]
    psql = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", *where, "--command"]
    return podman("exec", "--user=postgres", host, *psql, statement)


def sql(host, statement):
    """Return the rows of a statement, each as a list of its values."""
    query = "SELECT coalesce(json_agg(to_json(q)), '[]') FROM ({0}) AS q".format(statement)
    return [list(row.values()) for row in json.loads(execute(host, query))]


def registered(repository):
    """Return what a repository collects from: alias -> seconds between its snapshots."""
    rows = sql(repository, "SELECT alias, frequency FROM powa_servers WHERE id > 0")
    return {alias.replace(NAME, ""): frequency for alias, frequency in rows}


def wait_until(condition, what, seconds=90):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within {0} s: {1}".format(seconds, what)
        time.sleep(0.5)


def start(host):
    podman("start", host)
    command = ["podman", "exec", host, "systemctl", "is-system-running", "--wait"]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)


class Run:
    """A run of site.yml: its exit code, what it printed, and what it counted of each host."""

    def __init__(self, folder, *options, hosts=None, variables=None):
        changed = folder / "hosts.yml"
        changed.write_text(yaml.safe_dump({"powa_remotes": {"hosts": hosts or {PRIMARY: {}}}}))
        extra = folder / "variables.json"
        extra.write_text(json.dumps(variables or {}))
        command = ["ansible-playbook", "--inventory", str(INVENTORY), "--inventory", str(changed)]
        done = subprocess.run(
            [*command, "--extra-vars", "@{0}".format(extra), *options, str(PROJECT / "playbooks" / "site.yml")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=dict(
                os.environ,
                ANSIBLE_COLLECTIONS_PATH=str(PROJECT / ".collections"),
                ANSIBLE_FORCE_COLOR="0",
                ANSIBLE_NOCOLOR="1",
            ),
        )
        self.returncode, self.output = done.returncode, done.stdout
        self.counts = {
            host: {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", counts)}
            for host, counts in re.findall(r"^(\S+)\s+: (ok=\d+ .*)$", self.output, re.MULTILINE)
        }

    @property
    def changed(self):
        return {host.replace(NAME, "") for host, counts in self.counts.items() if counts["changed"]}

    @property
    def causes(self):
        """What the last play says of each host that is not finished."""
        found = re.findall(
            r'^fatal: \[(\S+)\]: FAILED! => .*"msg": "\S+ is not finished: (.*)"\}$', self.output, re.MULTILINE
        )
        return {host.replace(NAME, ""): cause for host, cause in found}

    def finished(self):
        assert self.returncode == 0 and not self.causes, self.output
        return self


def one_is_down_and_the_others_are_registered_where_they_belong(tmp_path):
    run = Run(tmp_path)
    assert run.returncode != 0
    assert list(run.causes) == ["down"] and "Ansible cannot reach this host" in run.causes["down"], run.output
    assert registered(EAST) == {"primary": 5, "standby": 5}
    assert registered(WEST) == {"other": 5}
    assert sql(WEST, "SELECT port, dbname FROM powa_servers WHERE id > 0") == [[5433, "figures"]]
    # Its role, functions and extensions came by replication.
    assert sql(STANDBY, "SELECT pg_is_in_recovery(), count(*) FROM pg_proc WHERE proname = 'powa_lock_modes_src'") == [
        [True, 1]
    ]
    for repository, alias in ((EAST, STANDBY), (EAST, PRIMARY), (WEST, OTHER)):
        samples = (
            "SELECT 1 FROM powa_servers s, powa_lock_modes_get(s.id, NULL, NULL) WHERE alias = '{0}' LIMIT 1".format(
                alias
            )
        )
        wait_until(lambda repository=repository, samples=samples: sql(repository, samples), "a sample of " + alias)


def a_host_that_is_down_never_empties_a_batch_and_is_not_taken_for_removed(tmp_path):
    retention = "SELECT DISTINCT extract(day FROM retention) FROM powa_servers WHERE id > 0"
    run = Run(tmp_path, variables={"powa_serial": 1, "powa_retention": "2 days", "powa_servers_exact": True})
    assert run.returncode != 0 and list(run.causes) == ["down"], run.output
    assert sql(EAST, retention) == sql(WEST, retention) == [[2]]
    assert registered(EAST) == {"primary": 5, "standby": 5} and registered(WEST) == {"other": 5}
    assert "powa_servers_exact" in run.causes["down"]
    limited = Run(tmp_path, "--limit", PRIMARY, variables={"powa_servers_exact": True})
    assert limited.returncode != 0 and "has powa_servers_exact, which would disable" in limited.output
    assert not limited.changed


def a_refused_datasource_stops_the_run_before_anything_is_written(tmp_path):
    hosts = {PRIMARY: {"powa_datasources": [*DATASOURCES, FORBIDDEN]}, OTHER: {"powa_coalesce": 6}, OLDER: {}}
    run = Run(tmp_path, hosts=hosts)
    assert run.returncode != 0 and not run.changed, run.output
    assert '- {0}: datasource \\"forbidden\\"'.format(PRIMARY) in run.output, run.output
    assert "permission denied for table pg_authid" in run.output
    assert sql(WEST, "SELECT powa_coalesce FROM powa_servers WHERE id > 0") != [[6]]


def hosts_that_fail_do_not_stop_the_others(tmp_path):
    hosts = {PRIMARY: {"powa_datasources": [*DATASOURCES, FORBIDDEN]}, OTHER: {"powa_coalesce": 6}, OLDER: {}}
    run = Run(tmp_path, hosts=hosts, variables={"powa_skip_refused": True})
    assert run.returncode != 0 and set(run.causes) == {"down", "older"}, run.output
    assert "{0}: this run has left out datasource forbidden".format(PRIMARY) in run.output, run.output
    assert "this host has PoWA 4.1, but its repository {0} has 5.0".format(EAST) in run.causes["older"]
    assert sql(WEST, "SELECT powa_coalesce FROM powa_servers WHERE id > 0") == [[6]]
    assert registered(EAST) == {"primary": 5, "standby": 5}


def a_limit_registers_one_and_changes_nothing_of_the_others(tmp_path):
    start(DOWN)
    # What is declared of others is not looked at.
    others = {DOWN: {}, PRIMARY: {"powa_frequency": 60}, OTHER: {"powa_frequency": 60}}
    checked = Run(tmp_path, "--limit", DOWN, "--check", "--diff", hosts=others).finished()
    assert registered(EAST) == {"primary": 5, "standby": 5} and checked.changed
    before = {host: sql(host, "SELECT * FROM powa_servers ORDER BY id") for host in (EAST, WEST)}
    run = Run(tmp_path, "--limit", DOWN, hosts=others).finished()
    assert list(run.counts) == [DOWN] and run.changed == {"down"}
    assert registered(EAST) == {"primary": 5, "standby": 5, "down": 5}
    after = {host: sql(host, "SELECT * FROM powa_servers ORDER BY id") for host in (EAST, WEST)}
    assert [row for row in after[EAST] if row in before[EAST]] == before[EAST] and after[WEST] == before[WEST]
    samples = "SELECT 1 FROM powa_servers s, powa_lock_modes_get(s.id, NULL, NULL) WHERE alias = '{0}' LIMIT 1".format(
        DOWN
    )
    wait_until(lambda: sql(EAST, samples), "a sample of the one that was down")


def a_limit_refuses_what_concerns_others(tmp_path):
    run = Run(tmp_path, "--limit", DOWN, variables={"powa_datasources": [*DATASOURCES, RELATIONS]})
    assert list(run.causes) == ["down"] and "its repository " + EAST in run.causes["down"], run.output
    assert "which affects all of its remotes" in run.causes["down"] and not run.changed


def a_remote_moves_to_another_repository(tmp_path):
    moved = {DOWN: {"powa_repository": WEST}}
    samples = "SELECT count(*) FROM powa_servers s, powa_lock_modes_get(s.id, NULL, NULL) WHERE alias = '{0}'".format(
        DOWN
    )
    kept = sql(EAST, samples)[0][0]
    Run(tmp_path, hosts=moved).finished()
    assert registered(EAST) == {"primary": 5, "standby": 5, "down": -1}
    assert registered(WEST) == {"other": 5, "down": 5}
    assert sql(EAST, samples)[0][0] >= kept > 0
    wait_until(lambda: sql(WEST, samples)[0][0], "a sample in the other repository")


def tags_choose_what_is_done(tmp_path):
    changes = {
        "hosts": {DOWN: {"powa_repository": WEST}},
        "variables": {"powa_coalesce": 7, "powa_datasources": [*DATASOURCES, RELATIONS]},
    }
    made = "SELECT count(*) FROM pg_proc WHERE proname = 'powa_relations_{0}'"
    coalesce = "SELECT DISTINCT powa_coalesce FROM powa_servers WHERE id > 0 AND frequency > 0"
    servers = Run(tmp_path, "--tags", "servers", **changes).finished()
    assert servers.changed == {"east", "west"}
    assert sql(EAST, coalesce) == sql(WEST, coalesce) == [[7]]
    assert sql(EAST, made.format("snapshot")) == [[0]]
    remotes = Run(tmp_path, "--tags", "remotes", **changes).finished()
    assert remotes.changed == {"primary", "down", "other"}
    assert sql(PRIMARY, made.format("src")) == [[1]] and sql(EAST, made.format("snapshot")) == [[0]]
    datasources = Run(tmp_path, "--tags", "datasources", **changes).finished()
    assert datasources.changed == {"east", "west"} and sql(EAST, made.format("snapshot")) == [[1]]
    assert not Run(tmp_path, **changes).finished().changed


def a_remote_that_lets_no_collector_in_is_named_until_it_does(tmp_path):
    options = {
        "hosts": {DOWN: {"powa_repository": WEST}},
        "variables": {"powa_coalesce": 7, "powa_datasources": [*DATASOURCES, RELATIONS]},
    }
    sessions = "SELECT pid FROM pg_stat_activity WHERE usename = 'powa_monitor'"
    execute(OTHER, "ALTER ROLE powa_monitor CONNECTION LIMIT 0")
    execute(OTHER, "SELECT pg_terminate_backend(q.pid) FROM ({0}) AS q".format(sessions))
    runs = []

    def is_noticed():
        runs.append(Run(tmp_path, "--tags", "collectors", **options))
        return runs[-1].causes

    # The collector notices with its next snapshot that it has lost its session.
    wait_until(is_noticed, "the collector misses its session")
    run = runs[-1]
    assert list(run.causes) == ["west"] and not run.changed - {"west"}, run.output
    assert "is not connected to {0} (".format(OTHER) in run.causes["west"], run.output
    assert 'too many connections for role "powa_monitor"' in run.causes["west"].replace("\\", ""), run.output
    execute(OTHER, "ALTER ROLE powa_monitor CONNECTION LIMIT -1")
    Run(tmp_path, "--tags", "collectors", **options).finished()
    assert sql(OTHER, sessions)


def a_run_without_changes_costs_few_tasks(tmp_path):
    # The whole fleet is there, and all of it is in the inventory.
    run = Run(
        tmp_path,
        "--forks",
        "1",
        hosts={DOWN: {"powa_repository": WEST}},
        variables={
            "powa_servers_exact": True,
            "powa_coalesce": 7,
            "powa_datasources": [*DATASOURCES, RELATIONS],
        },
    ).finished()
    assert not run.changed
    tasks = {host.replace(NAME, ""): counts["ok"] + counts["skipped"] for host, counts in run.counts.items()}
    assert tasks["other"] <= 6 and tasks["primary"] <= 6 and tasks["east"] <= 12, tasks


def passwords_change_between_two_snapshots(tmp_path):
    options = {
        "hosts": {DOWN: {"powa_repository": WEST}},
        "variables": {"powa_coalesce": 7, "powa_datasources": [*DATASOURCES, RELATIONS]},
    }
    for limit, password in (([], "second: one"), (["--limit", OTHER], "third: one")):
        changed = dict(options["variables"], powa_monitoring_password=password)
        run = Run(tmp_path, *limit, hosts=options["hosts"], variables=changed).finished()
        assert "keeps its former password" not in run.output
    after = time.time()
    last = (
        "SELECT extract(epoch FROM snapts) AS taken, errors FROM powa_snapshot_metas"
        " WHERE srvid = (SELECT id FROM powa_servers WHERE alias = '{0}')"
    )
    # tests/bench/rotations.py measures the gaps between snapshots.
    for repository, alias in ((EAST, PRIMARY), (EAST, STANDBY), (WEST, DOWN), (WEST, OTHER)):
        snapshot = last.format(alias)
        wait_until(
            lambda repository=repository, snapshot=snapshot: sql(repository, snapshot)[0][0] > after,
            "a snapshot of {0} with its new password".format(alias),
        )
        assert sql(repository, snapshot)[0][1] is None, alias


def a_removed_server_goes_with_its_history_in_one_run(tmp_path):
    number = "SELECT id FROM powa_servers WHERE alias = '{0}'".format(DOWN)
    ((srvid,),) = sql(WEST, number)
    hosts = {DOWN: {"powa_repository": WEST, "powa_state": "absent", "powa_history": "drop"}}
    variables = {"powa_coalesce": 7, "powa_datasources": [*DATASOURCES, RELATIONS]}
    Run(tmp_path, hosts=hosts, variables=variables).finished()
    left = "SELECT count(*) FROM powa_{0} WHERE srvid = {1}"
    assert sql(WEST, number) == [] and registered(WEST) == {"other": 5}
    assert sql(WEST, left.format("commits_src_tmp", srvid)) == sql(WEST, left.format("commits_history", srvid)) == [[0]]
    log = podman("exec", WEST, "journalctl", "--unit=powa-collector", "--output=cat")
    assert "Traceback" not in log


def a_standby_takes_over_and_the_old_primary_comes_back_as_its_standby(tmp_path):
    options = {"hosts": {DOWN: {"powa_repository": WEST, "powa_state": "absent"}}}
    options["variables"] = {"powa_coalesce": 7, "powa_datasources": [*DATASOURCES, RELATIONS, INDEXES]}
    servers = "SELECT * FROM powa_servers ORDER BY id"
    before = sql(EAST, servers)
    oldest = "SELECT s.alias, min(ts) FROM powa_servers s, powa_commits_get(s.id, NULL, NULL) GROUP BY 1 ORDER BY 1"
    first = sql(EAST, oldest)
    made = "SELECT pg_is_in_recovery(), count(*) FROM pg_proc WHERE proname = 'powa_indexes_src'"
    enabled = (
        "SELECT s.alias FROM powa_extension_config c JOIN powa_servers s ON s.id = c.srvid"
        " WHERE c.extname = 'indexes' AND c.enabled ORDER BY 1"
    )

    # Whoever fails over stops the old primary, so nobody else may start it.
    podman("exec", PRIMARY, "systemctl", "stop", "postgresql@*")
    execute(STANDBY, "SELECT pg_promote()")
    between = Run(tmp_path, **options)
    assert list(between.causes) == ["primary"] and "it is not running" in between.causes["primary"], between.output
    assert between.changed == {"standby", "down", "other", "east", "west"}
    assert sql(STANDBY, made) == [[False, 1]] and sql(EAST, enabled) == [[STANDBY]]
    assert " down " in podman("exec", PRIMARY, "pg_lsclusters", "--no-header")
    assert sql(EAST, servers) == before

    with MAKE_STANDBY.open() as script:
        podman("exec", "--interactive", PRIMARY, "sh", "-s", "10.91.16.11", stdin=script)
    after = Run(tmp_path, **options).finished()
    # Nothing is written on it, whose side has come by replication.
    assert after.changed == {"east"} and sql(PRIMARY, made) == [[True, 1]]
    assert sql(EAST, enabled) == [[PRIMARY], [STANDBY]]
    assert sql(EAST, servers) == before and sql(EAST, oldest) == first
    samples = "SELECT 1 FROM powa_servers s, powa_indexes_get(s.id, NULL, NULL) WHERE alias = '{0}' LIMIT 1"
    for alias in (PRIMARY, STANDBY):
        wait_until(lambda alias=alias: sql(EAST, samples.format(alias)), "a sample of {0}".format(alias))
    failed = (
        "SELECT s.alias, m.errors FROM powa_snapshot_metas m JOIN powa_servers s ON s.id = m.srvid"
        " WHERE m.errors IS NOT NULL"
    )
    assert not [row for row in sql(EAST, failed) if row[0] in (PRIMARY, STANDBY)]
    assert not Run(tmp_path, **options).finished().changed


@pytest.fixture
def fleet_of_which_one_is_down():
    podman("stop", "--time", "3", DOWN)
    yield
    start(DOWN)


@pytest.mark.usefixtures("fleet_of_which_one_is_down")
def test_the_life_of_a_fleet(tmp_path):
    one_is_down_and_the_others_are_registered_where_they_belong(tmp_path)
    a_host_that_is_down_never_empties_a_batch_and_is_not_taken_for_removed(tmp_path)
    a_refused_datasource_stops_the_run_before_anything_is_written(tmp_path)
    hosts_that_fail_do_not_stop_the_others(tmp_path)
    a_limit_registers_one_and_changes_nothing_of_the_others(tmp_path)
    a_limit_refuses_what_concerns_others(tmp_path)
    a_remote_moves_to_another_repository(tmp_path)
    tags_choose_what_is_done(tmp_path)
    a_remote_that_lets_no_collector_in_is_named_until_it_does(tmp_path)
    a_run_without_changes_costs_few_tasks(tmp_path)
    passwords_change_between_two_snapshots(tmp_path)
    a_removed_server_goes_with_its_history_in_one_run(tmp_path)
    a_standby_takes_over_and_the_old_primary_comes_back_as_its_standby(tmp_path)
