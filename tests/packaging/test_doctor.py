# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor and the report leave behind, with each ansible-core, of a fleet in which nobody can be reached."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
CORES = sorted(path.parents[1] for path in CHECKOUT.glob(".cache/venv-*/bin/ansible-playbook"))
NOWHERE = {"ansible_host": "127.0.0.1", "ansible_port": 1}
HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
INVENTORY = {
    "powa_repositories": {"hosts": {"hub": NOWHERE}},
    "powa_remotes": {"hosts": {'odd"na\\me': NOWHERE}},
    "monitoring": {"hosts": {"monitor": dict(HERE, ansible_become=False)}},
}
STATE = "POWA CRITICAL - 2 servers, 2 problems: 2 host_unreachable | "

pytestmark = pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)


def run(core, folder, playbook, *options, **variables):
    """Run a playbook, and return the artifacts that it leaves, or nothing if it leaves none."""
    (folder / "hosts.json").write_text(json.dumps(INVENTORY))
    done = subprocess.run(
        [
            core / "bin/ansible-playbook",
            "--inventory",
            "hosts.json",
            "-e",
            json.dumps(variables),
            *options,
            "pgfleet.powa." + playbook,
        ],
        cwd=folder,
        env={
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_SHOW_CUSTOM_STATS": "1",
            "PATH": "{0}:{1}".format(core / "bin", os.environ["PATH"]),
            "HOME": "/nonexistent",
        },
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    found = re.search(r"^CUSTOM STATS: .*\n+\tRUN: (.*)$", done.stdout, re.MULTILINE)
    return json.loads(found.group(1)) if found else {}


@pytest.mark.parametrize("host", ["", "monitor"])
def test_the_doctor_leaves_metrics_a_state_and_an_artifact(core, tmp_path, host):
    found, metrics = tmp_path / "found.json", tmp_path / "powa.prom"
    variables = {"powa_doctor_json": str(found), "powa_doctor_metrics": str(metrics), "powa_doctor_host": host}
    artifacts = run(core, tmp_path, "doctor", **variables)
    state = json.loads(found.read_text())["state"]
    assert artifacts == {"powa_doctor": state} and state["line"].startswith(STATE)
    text = metrics.read_text()
    promtool = [CHECKOUT / "tests/tools/promtool", "check", "metrics"]
    checked = subprocess.run(
        promtool, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    assert checked.returncode == 0 and not checked.stdout, checked.stdout
    assert 'powa_doctor_problems{kind="host_unreachable"} 2\n' in text
    assert 'powa_server_problems{server="odd\\"na\\\\me"} 1\n' in text
    plugin = [sys.executable, CHECKOUT / "roles/doctor/files/check_powa.py", found]
    told = subprocess.run(plugin, text=True, stdout=subprocess.PIPE, check=False)
    assert told.returncode == state["code"] == 2 and told.stdout.splitlines()[0] == state["line"]


def test_a_run_without_files_leaves_an_artifact(core, tmp_path):
    assert run(core, tmp_path, "doctor")["powa_doctor"]["kinds"] == {"host_unreachable": 2}
    left = run(core, tmp_path, "report")["powa_report"]
    assert left.pop("state")["line"].startswith(STATE)
    assert left == {"file": str(tmp_path / "powa-report.html"), "host": "", "path": ""}


def test_the_report_is_on_a_host_too(core, tmp_path):
    path = tmp_path / "copy.html"
    left = run(core, tmp_path, "report", powa_report_host="monitor", powa_report_path=str(path))["powa_report"]
    assert (left["host"], left["path"]) == ("monitor", str(path))
    assert path.read_text() == (tmp_path / "powa-report.html").read_text()


@pytest.mark.parametrize("playbook", ["doctor", "report"])
def test_tags_of_other_playbooks_leave_it_out(core, tmp_path, playbook):
    assert run(core, tmp_path, playbook, "--tags", "others") == {}
