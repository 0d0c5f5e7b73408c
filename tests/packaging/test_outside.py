# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories that --limit leaves out, with each ansible-core: one that is down takes only its own remotes with it.

The module of the test returns what was once recorded of a host, and its connection plugin decides which hosts are down.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
CORES = sorted(path.parents[1] for path in CHECKOUT.glob(".cache/venv-*/bin/ansible-playbook"))
RECORDED = CHECKOUT / "tests/unit/plugins/plugin_utils/hosts/trixie.json"

CONNECTION = """\
DOCUMENTATION = "{name: somewhere, short_description: of the test, description: [of the test], author: [the test]}"

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as Local


class Connection(Local):
    transport = "pgfleet.powa.somewhere"

    def _connect(self):
        if self._play_context.remote_addr == "down":
            raise AnsibleConnectionFailure("nobody is there")
        return super()._connect()
"""
HOST_INFO = """\
import json

from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule(dict.fromkeys(%r, {"type": "raw"}), supports_check_mode=True)
module.exit_json(**json.loads(%r))
"""
OPTIONS = (
    "postgresql_version port database monitoring_role collector_role web_role repository packages units files"
    " secret_files virtualenvs folders"
)
INVENTORY = {
    "powa_repositories": {"east": {}, "west": {"ansible_host": "down"}},
    # East is the first host of the run, which does the work for west.
    "powa_remotes": {"east": {}, "one": {"powa_repository": "west"}},
}


@pytest.fixture(scope="module")
def collections(tmp_path_factory):
    """The collection, with the module of the test in place of the one that reads a host."""
    folder = tmp_path_factory.mktemp("collections")
    root = folder / "ansible_collections/pgfleet/powa"
    for name in ("playbooks", "plugins", "roles"):
        shutil.copytree(CHECKOUT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "ansible_collections/community").symlink_to(CHECKOUT / ".collections/ansible_collections/community")
    (root / "plugins/connection").mkdir()
    (root / "plugins/connection/somewhere.py").write_text(CONNECTION)
    (root / "plugins/modules/host_info.py").write_text(HOST_INFO % (OPTIONS.split(), RECORDED.read_text()))
    variables = {
        "ansible_connection": "pgfleet.powa.somewhere",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "ansible_become": False,
    }
    groups = {group: {"hosts": hosts} for group, hosts in INVENTORY.items()}
    (folder / "hosts.json").write_text(json.dumps({"all": {"children": groups, "vars": variables}}))
    return folder


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
def test_a_repository_that_cannot_be_reached_does_not_take_the_host_that_reads_it_with_it(core, collections):
    done = subprocess.run(
        [core / "bin/ansible-playbook", "--inventory", collections / "hosts.json", "--limit", "east,one"]
        + ["--tags", "always", "pgfleet.powa.site"],
        cwd=collections,
        env={
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_NOCOLOR": "1",
            "PATH": "{0}:{1}".format(core / "bin", os.environ["PATH"]),
            "HOME": "/nonexistent",
        },
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    lost = dict(re.findall(r'"msg": "(\S+) is not finished: (.*?)[.] Fix', done.stdout))
    assert lost == {"one": "its repository west: Ansible cannot reach this host: nobody is there"}, done.stdout
