# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the doctor leaves behind for others: metrics for Prometheus, and a file for a plugin of Nagios."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from servers import ROOT, Database, run_playbook, running_collector, wait_until

METRICS, FOUND = "/srv/powa.prom", "/srv/found.json"
PROMTOOL = [str(ROOT / "tests" / "tools" / "promtool"), "check", "metrics"]
READER = """
types() { ls -A | grep '[.]prom$' | xargs cat | grep -c '^# TYPE'; }
wanted=$(types)
while [ ! -e stop ]; do
    found=$(types)
    [ "$found" = "$wanted" ] || echo "$found" >> odd
done
"""
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


def doctor(
    folder: Path, database: Database, *options: str, playbook: str = "doctor.yml", **variables: Any
) -> "subprocess.CompletedProcess[str]":
    """Run the doctor or the report for one repository."""
    host = {
        "ansible_connection": "podman_pipelined",
        "ansible_python_interpreter": "/usr/bin/python3",
        "powa_database": database.name,
        "powa_doctor_ignore": ["inventory"],
        **variables,
    }
    hosts = {"all": {"children": {"powa_repositories": {"hosts": {database.server.container: host}}}}}
    (folder / "hosts.yml").write_text(json.dumps(hosts))
    return run_playbook("--inventory", str(folder / "hosts.yml"), *options, str(ROOT / "playbooks" / playbook))


def artifacts(printed: str) -> Any:
    """Return what a run leaves, which AWX shows with a job."""
    (found,) = re.findall(r"^CUSTOM STATS: .*\n+\tRUN: (.*)$", printed, re.MULTILINE)
    return json.loads(found)


def read(text: str) -> Dict[Tuple[str, str], float]:
    """Return metric and labels -> value, after promtool has accepted them."""
    checked = subprocess.run(
        PROMTOOL, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    assert checked.returncode == 0 and not checked.stdout, checked.stdout
    samples: List[Any] = [SAMPLE.match(line) for line in text.splitlines() if not line.startswith("#")]
    return {(sample.group(1), sample.group(2) or ""): float(sample.group(3)) for sample in samples}


@pytest.fixture
def folder(database: Database) -> Iterator[str]:
    """A folder of the container, as that of a textfile collector."""
    yield "/srv"
    database.server.shell("rm -f /srv/*")


def test_metrics_and_the_plugin_say_what_the_database_has(database: Database, folder: str, tmp_path: Path) -> None:
    itself = {"hostname": "127.0.0.1", "alias": 'or"ders', "username": "postgres", "dbname": database.name}
    database.ok("servers", servers=[dict(itself, frequency=5), {"hostname": "off", "state": "disabled"}])
    host, shell = database.server.container, database.server.shell
    files = {"powa_doctor_metrics": METRICS, "powa_doctor_json": FOUND, "powa_doctor_host": host}
    with running_collector(database):
        taken = "SELECT bool_or(snapts > '-infinity') FROM powa_snapshot_metas WHERE srvid > 0"
        wait_until(lambda: database.value(taken), "a snapshot")
        done = doctor(tmp_path, database, **files, powa_doctor_group="postgres")
    assert done.returncode == 0, done.stdout
    # shell() leaves out the last line break, without which Prometheus reads nothing.
    found = read(shell("cat " + METRICS) + "\n")
    labels = 'server="or\\"ders",repository="{0}"'.format(host)
    assert found["powa_collector_up", 'repository="{0}"'.format(host)] == 1
    assert found["powa_collector_workers", 'repository="{0}",state="running"'.format(host)] == 1
    assert found["powa_server_frequency_seconds", labels] == 5
    assert found["powa_server_enabled", labels] == 1
    assert found["powa_server_enabled", 'server="off:5432",repository="{0}"'.format(host)] == 0
    run = found["powa_doctor_last_run_timestamp_seconds", ""]
    assert abs(run - database.value("SELECT extract(epoch FROM now())::float8")) < 60
    # Snapshots went on until the collector ended.
    assert 0 <= run - found["powa_server_last_snapshot_timestamp_seconds", labels] < 60
    size = database.value("SELECT pg_database_size(current_database())")
    assert abs(found["powa_database_size_bytes", 'server="{0}"'.format(host)] - size) < size / 10
    problems = json.loads(shell("cat " + FOUND))["problems"]
    for (name, label), value in found.items():
        if name == "powa_doctor_problems":
            assert value == sum(problem["kind"] == label[len('kind="') : -1] for problem in problems), label

    state = json.loads(shell("cat " + FOUND))["state"]
    assert found["powa_doctor_state", ""] == state["code"] and state["line"] in done.stdout
    assert shell("stat --format '%U %G %a' {0} {1}".format(METRICS, FOUND)).splitlines() == [
        "root postgres 644",
        "root postgres 640",
    ]
    shell("cat > /srv/check_powa.py", input=(ROOT / "roles" / "doctor" / "files" / "check_powa.py").read_text())
    plugin = "runuser -u {0} -- python3 /srv/check_powa.py {1}; echo $?"
    *printed, code = shell(plugin.format("postgres", FOUND)).splitlines()
    assert (printed[0], int(code)) == (state["line"], state["code"])
    # Not everybody may read what is wrong.
    *printed, code = shell(plugin.format("nobody", FOUND)).splitlines()
    assert code == "3" and "Permission denied" in printed[0]


def test_a_reader_never_sees_a_part_of_the_metrics(database: Database, folder: str, tmp_path: Path) -> None:
    database.register("one")
    files = {"powa_doctor_metrics": METRICS, "powa_doctor_host": database.server.container}
    shell = database.server.shell
    assert doctor(tmp_path, database, **files).returncode == 0
    # node_exporter reads each file whose name ends so, also one that begins with a dot.
    shell("cat > /srv/reader", input=READER)
    shell("cd /srv; setsid nohup sh reader > /dev/null 2>&1 < /dev/null &")
    try:
        for options in ([], ["--check"]):
            done = doctor(tmp_path, database, *options, **files)
            assert done.returncode == 0 and "changed=0" in done.stdout, done.stdout
    finally:
        shell("touch /srv/stop")
    assert shell("cat /srv/odd 2> /dev/null || true") == ""


def test_files_on_the_controller_and_artifacts(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_SHOW_CUSTOM_STATS", "1")
    database.register("one")
    metrics, found = tmp_path / "powa.prom", tmp_path / "found.json"
    done = doctor(tmp_path, database, powa_doctor_metrics=str(metrics), powa_doctor_json=str(found))
    assert done.returncode == 0, done.stdout
    state = json.loads(found.read_text())["state"]
    assert read(metrics.read_text())["powa_doctor_state", ""] == state["code"] == 2
    assert artifacts(done.stdout) == {"powa_doctor": state} and state["kinds"]["never_snapshotted"] == 1


def test_a_report_on_a_host(database: Database, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_SHOW_CUSTOM_STATS", "1")
    database.register("one")
    host, local = database.server.container, tmp_path / "report.html"
    files = {"powa_report_file": str(local), "powa_report_host": host}
    done = doctor(tmp_path, database, playbook="report.yml", **files)
    assert done.returncode != 0 and "powa_report_path is empty: set it to a file there" in done.stdout
    path = folder + "/report.html"
    done = doctor(
        tmp_path, database, playbook="report.yml", **files, powa_report_path=path, powa_report_group="postgres"
    )
    assert done.returncode == 0, done.stdout
    assert database.server.shell("cat " + path) == local.read_text().strip()
    assert database.server.shell("stat --format '%U %G %a' " + path) == "root postgres 640"
    left = artifacts(done.stdout)["powa_report"]
    assert left.pop("state")["kinds"]["never_snapshotted"] == 1
    assert left == {"file": str(local), "host": host, "path": path}


def test_a_host_that_is_not_there_is_refused_before_anything_is_read(database: Database, tmp_path: Path) -> None:
    done = doctor(tmp_path, database, powa_doctor_host="nowhere", powa_doctor_json=FOUND)
    assert done.returncode != 0 and "powa_doctor_host is nowhere, which is not in the inventory" in done.stdout
    assert "Read the state of PoWA" not in done.stdout
