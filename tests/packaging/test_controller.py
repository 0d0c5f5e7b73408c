# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles write on the controller is written there by the user who runs Ansible, with each ansible-core.

In most inventories, the group all becomes root somehow, and its variables hold for the controller, too.
"""

import json
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
CORES = sorted(path.parents[1] for path in CHECKOUT.glob(".cache/venv-*/bin/ansible-playbook"))
CONNECTION = {"ansible_become": True, "ansible_become_user": "nobody", "ansible_become_exe": "/bin/false"}
INVENTORY = {
    "all": {"vars": {**CONNECTION, "ansible_connection": "ssh"}},
    "powa_repositories": {"hosts": {"hub": {"ansible_host": "127.0.0.1", "ansible_port": 1}}},
}
QUERIES = """
locks:
  query: SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode
  metrics: [{mode: {usage: LABEL}}, {held: {usage: GAUGE}}]
"""
IMPORT = {"powa_import_tool": "postgres_exporter", "powa_import_file": "queries.yml", "powa_import_dest": "written"}
#: As variables of the role alone, which hostvars does not have.
PLAY = [
    {
        "hosts": "hub",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.import_role": {"name": "pgfleet.powa.import"}, "vars": IMPORT}],
    }
]


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
@pytest.mark.parametrize(
    ("playbook", "variables"),
    [
        ("pgfleet.powa.doctor", {"powa_doctor_json": "written"}),
        ("pgfleet.powa.report", {"powa_report_file": "written"}),
        ("pgfleet.powa.import", IMPORT),
        ("play.yml", {}),
    ],
)
def test_nobody_becomes_another_user_there(core, playbook, variables, tmp_path):
    done = run(core, playbook, variables, tmp_path)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "written").stat().st_uid == os.geteuid()


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
def test_messages_are_sent_from_there(core, tmp_path):
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments):
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        variables = {
            "powa_doctor_json": "written",
            "powa_doctor_webhook": "http://127.0.0.1:{0}/".format(server.server_port),
            "powa_doctor_mail_to": "dba@example.com",
            "powa_mail_host": "127.0.0.1",
            "powa_mail_port": 1,
            "powa_mail_secure": "never",
        }
        done = run(core, "pgfleet.powa.doctor", variables, tmp_path)
        server.shutdown()
    (content,) = map(json.loads, got)
    written = json.loads((tmp_path / "written").read_text())
    assert content["state"] == written["state"] and content["problems"] == written["problems"]
    output = re.sub(r"\s+", " ", done.stdout)
    assert done.returncode != 0, output
    assert re.search(r"could not send the mail over 127.0.0.1:1 \(.*Connection refused\): correct", output), output


def run(core, playbook, variables, tmp_path):
    """Run a playbook, with all that it prints in C(stdout)."""
    (tmp_path / "hosts.json").write_text(json.dumps(INVENTORY))
    (tmp_path / "queries.yml").write_text(QUERIES)
    (tmp_path / "play.yml").write_text(json.dumps(PLAY))
    command = [core / "bin/ansible-playbook", "--inventory", "hosts.json", "-e", json.dumps(variables), playbook]
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections"), "ANSIBLE_NOCOLOR": "1"}
    environment.update(PATH="{0}:{1}".format(core / "bin", os.environ["PATH"]), HOME="/nonexistent")
    return subprocess.run(
        command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
