# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Problems are caused on a real fleet, several at a time, found with their causes, cured as the cures say, and gone."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

INVENTORY = Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent
PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
NAME = "pgfleet-doctor-"
REPOSITORY, FIRST, SECOND = (NAME + name for name in ("repository", "remote1", "remote2"))


def podman(*arguments, **options):
    return subprocess.run(["podman", *arguments], check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def shell(host, script):
    return podman("exec", host, "bash", "-c", script)


def sql(host, *statements, database="powa"):
    """Run statements, each in a transaction of its own, and return what they print."""
    psql = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    commands = ["--command=" + statement for statement in statements]
    return podman("exec", "--user=postgres", host, *psql, "--dbname=" + database, *commands).strip()


def ansible(program, *arguments):
    return subprocess.run(
        [program, "--inventory", str(INVENTORY), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd=PROJECT,
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(PROJECT / ".collections"), ANSIBLE_NOCOLOR="1"),
    )


def site(*options):
    done = ansible("ansible-playbook", *options, "playbooks/site.yml")
    assert done.returncode == 0, done.stdout


def module(name, hosts, **options):
    """Run a module of the collection on hosts."""
    arguments = ["--become", "--become-user=postgres", "--module-name", "pgfleet.powa." + name]
    done = ansible("ansible", hosts, *arguments, "--args", json.dumps(options))
    assert done.returncode == 0, done.stdout


class Findings:
    """A run of doctor.yml."""

    def __init__(self, folder, *options):
        path = folder / "doctor.json"
        done = ansible("ansible-playbook", "--extra-vars", f"powa_doctor_json={path}", *options, "playbooks/doctor.yml")
        self.returncode, self.output = done.returncode, done.stdout
        assert path.exists(), self.output
        found = json.loads(path.read_text())
        self.problems, self.servers = found["problems"], found["servers"]

    @property
    def kinds(self):
        """Kind, and server or datasource without what all names begin with, of each problem."""
        return {
            (problem["kind"], (problem["server"] or "").replace(NAME, ""), problem["datasource"])
            for problem in self.problems
        }

    def the(self, kind, server):
        [problem] = [
            problem for problem in self.problems if (problem["kind"], problem["server"]) == (kind, NAME + server)
        ]
        return problem


def wait_for(folder, condition, what, seconds=120):
    """Run doctor.yml until it finds what is expected."""
    deadline = time.monotonic() + seconds
    while True:
        findings = Findings(folder)
        if condition(findings):
            return findings
        assert time.monotonic() < deadline, "not within {0} s: {1}: {2}".format(seconds, what, findings.kinds)


def wait_until_well(folder):
    return wait_for(folder, lambda findings: not findings.problems, "a fleet without problems")


def wait_until(folder, *expected):
    """Wait until all of these are found, and return the findings."""
    return wait_for(folder, lambda findings: set(expected) <= findings.kinds, "{0}".format(expected))


@pytest.fixture(autouse=True)
def well_before_and_after(tmp_path):
    wait_until_well(tmp_path)
    yield
    wait_until_well(tmp_path)


def test_a_well_fleet(tmp_path):
    findings = Findings(tmp_path, "--extra-vars", "powa_doctor_fail=true")
    assert findings.returncode == 0 and not findings.problems
    assert {server["server"] for server in findings.servers} == {REPOSITORY, FIRST, SECOND}
    for server in findings.servers:
        assert server["powa"] == sql(server["server"], "SELECT extversion FROM pg_extension WHERE extname = 'powa'")
        assert sql(server["server"], "SHOW server_version").startswith(server["postgresql"])
    assert all(server["age"] < 15 for server in findings.servers if server["repository"])


def test_rights_extensions_drift_passwords_and_rows_that_are_left(tmp_path):
    sql(FIRST, "ALTER ROLE powa_monitor SUPERUSER", "DROP EXTENSION pg_qualstats")
    sql(SECOND, "REVOKE pg_read_all_stats FROM powa_monitor", "DROP FUNCTION powa_commits_src(integer)")
    sql(SECOND, "ALTER SYSTEM SET max_connections = 77", "SELECT pg_reload_conf()")
    sql(
        REPOSITORY,
        "UPDATE powa_servers SET password = 'planted.8Hq2' WHERE alias LIKE '%remote2'",
        "DROP FUNCTION powa_lock_modes_purge(integer)",
        "INSERT INTO powa_commits_src_tmp VALUES (99, now(), 1)",
    )
    findings = wait_until(
        tmp_path,
        ("monitoring_role_superuser", "remote1", None),
        ("extension_missing", "remote1", None),
        ("monitoring_role_rights", "remote2", None),
        ("datasource_drift", "remote2", "commits"),
        ("snapshot_errors", "remote2", None),
        ("restart_pending", "remote2", None),
        ("password_stored", "remote2", None),
        ("datasource_drift", "repository", "lock_modes"),
        ("transient_rows", "99", None),
    )
    assert "pg_qualstats" in findings.the("extension_missing", "remote1")["problem"]
    assert "max_connections" in findings.the("restart_pending", "remote2")["problem"]
    assert "no source function" in findings.the("datasource_drift", "remote2")["cause"]
    assert "powa_lock_modes_purge" in findings.the("datasource_drift", "repository")["cause"]
    assert "planted" not in findings.output + json.dumps(findings.problems)
    failed = Findings(tmp_path, "--extra-vars", "powa_doctor_fail=true")
    assert failed.returncode != 0 and "problems were found" in failed.output
    ignored = Findings(tmp_path, "--extra-vars", json.dumps({"powa_doctor_ignore": ["password_stored"]}))
    assert "password_stored" not in {kind for kind, _server, _datasource in ignored.kinds}

    # What the cures say: most of it is one run of site.yml.
    sql(FIRST, "ALTER ROLE powa_monitor NOSUPERUSER")
    sql(SECOND, "ALTER SYSTEM RESET max_connections", "SELECT pg_reload_conf()")
    [cure] = [problem["cure"] for problem in findings.problems if problem["kind"] == "transient_rows"]
    sql(REPOSITORY, cure)
    site()


def test_the_collector(tmp_path):
    shell(REPOSITORY, "systemctl stop powa-collector")
    findings = wait_until(
        tmp_path,
        ("collector_down", "repository", None),
        ("snapshot_late", "remote1", None),
        ("snapshot_late", "remote2", None),
    )
    assert "inactive" in findings.the("collector_down", "repository")["cause"]
    assert "no powa-collector answers" in findings.the("snapshot_late", "remote1")["cause"]
    shell(REPOSITORY, "systemctl start powa-collector")
    wait_until_well(tmp_path)

    # A server that it was not told of, under a name that it can not resolve.
    sql(
        REPOSITORY,
        "SELECT powa_register_server(hostname => 'db9.invalid', alias => 'ghost', frequency => 5)",
    )
    findings = wait_until(
        tmp_path,
        ("collector_unaware", "ghost", None),
        ("never_snapshotted", "ghost", None),
        ("hostname_unresolved", "ghost", None),
    )
    module("collector", REPOSITORY, state="reloaded")
    findings = wait_until(tmp_path, ("hostname_unresolved", "ghost", None))
    assert ("collector_unaware", "ghost", None) not in findings.kinds
    sql(REPOSITORY, "SELECT powa_delete_and_purge_server(id) FROM powa_servers WHERE alias = 'ghost'")
    findings = wait_until(tmp_path, ("collector_needless_worker", "removed", None))
    shell(REPOSITORY, "systemctl restart powa-collector")


def test_logins(tmp_path):
    sql(SECOND, "ALTER ROLE powa_monitor PASSWORD 'other'")
    sql(REPOSITORY, "ALTER ROLE powa_collector PASSWORD 'other'")
    # It would go on in the sessions that it has.
    shell(REPOSITORY, "systemctl restart powa-collector")
    findings = wait_until(tmp_path, ("collector_login", "repository", None))
    assert "powa_collector" in findings.the("collector_login", "repository")["cause"]
    # With its own password it is let in again, and says what it is not let into.
    site("--limit", REPOSITORY)
    findings = wait_until(tmp_path, ("collector_login", "remote2", None))
    assert "powa_monitor" in findings.the("collector_login", "remote2")["problem"]
    assert ("collector_login", "repository", None) not in findings.kinds
    site()


def test_datasources_that_are_paused_or_return_nothing(tmp_path):
    empty = {
        "name": "empty",
        "query": "SELECT 1 AS value WHERE false",
        "metrics": [{"name": "value", "type": "integer"}],
    }
    module("datasources", "powa_remotes", server_kind=["remote"], monitoring_role="powa_monitor", datasources=[empty])
    module("datasources", REPOSITORY, server_kind=["repository"], datasources=[empty])
    changed = dict(
        empty,
        name="commits",
        query="SELECT 1::bigint AS committed, 2 AS value",
        metrics=[{"name": "committed", "type": "bigint"}, {"name": "value", "type": "integer"}],
    )
    module("datasources", REPOSITORY, server_kind=["repository"], datasources=[dict(changed, state="paused")])
    findings = wait_until(
        tmp_path,
        ("datasource_without_samples", "remote1", "empty"),
        ("datasource_without_samples", "remote2", "empty"),
        ("datasource_paused", "remote1", "commits"),
        ("datasource_paused", "remote2", "commits"),
    )
    assert not [problem for problem in findings.problems if problem["kind"] == "datasource_drift"]
    site()
    gone = [dict(name="empty", state="absent", history="drop")]
    module("datasources", "powa_remotes", server_kind=["remote"], datasources=gone)
    module("datasources", REPOSITORY, server_kind=["repository"], datasources=gone)


def test_another_powa_none_at_all_and_a_host_that_is_down(tmp_path):
    # The collector compares what pg_extension says.
    own = sql(FIRST, "SELECT extversion FROM pg_extension WHERE extname = 'powa'")
    sql(FIRST, "UPDATE pg_extension SET extversion = '5.1.0' WHERE extname = 'powa'")
    findings = wait_until(tmp_path, ("powa_version", "remote1", None), ("snapshot_late", "remote1", None))
    assert "Incompatible PoWA version" in findings.the("snapshot_late", "remote1")["cause"]
    sql(FIRST, "UPDATE pg_extension SET extversion = '{0}' WHERE extname = 'powa'".format(own))

    sql(FIRST, "DROP EXTENSION powa CASCADE")
    podman("stop", "--time", "3", SECOND)
    try:
        findings = wait_until(tmp_path, ("powa_absent", "remote1", None), ("host_unreachable", "remote2", None))
    finally:
        podman("start", SECOND)
    command = ["podman", "exec", SECOND, "systemctl", "is-system-running", "--wait"]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    shell(SECOND, "systemctl stop 'postgresql@*'")
    findings = wait_until(tmp_path, ("database_unreachable", "remote2", None))
    assert "can not be reached" in findings.the("database_unreachable", "remote2")["cause"]
    shell(SECOND, "systemctl start postgresql")
    site()


def test_a_library_that_is_not_preloaded(tmp_path):
    # The last file of the folder wins.
    shell(FIRST, "echo \"shared_preload_libraries = 'pg_stat_statements'\" > /etc/postgresql/*/main/conf.d/zz.conf")
    shell(FIRST, "systemctl restart 'postgresql@*'")
    findings = wait_until(tmp_path, ("library_not_preloaded", "remote1", None))
    problems = [problem for problem in findings.problems if problem["kind"] == "library_not_preloaded"]
    assert {problem["problem"].split()[1] for problem in problems} == {
        "pg_qualstats", "pg_stat_kcache", "pg_wait_sampling",
    }  # fmt: skip
    assert all("'pg_stat_statements'" in problem["cause"] for problem in problems)
    shell(FIRST, "rm /etc/postgresql/*/main/conf.d/zz.conf")
    wait_until(tmp_path, ("restart_pending", "remote1", None))
    shell(FIRST, "systemctl restart 'postgresql@*'")
