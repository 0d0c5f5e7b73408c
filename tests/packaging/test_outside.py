# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories that --limit leaves out, with each ansible-core: what becomes of the host of the run that works on them.

The modules of the test return what was once recorded of a host, and whether a collector has to be restarted. Its
connection plugin decides which hosts are down.
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
SERVERS = """\
from ansible.module_utils.basic import AnsibleModule

options = dict.fromkeys(["servers", "state", "login_db", "login_port"], {"type": "raw"})
module = AnsibleModule(options, supports_check_mode=True)
east = any(server.get("alias") == "east" for server in module.params["servers"])
module.exit_json(changed=east, collector_action="restart" if east else "none")
"""
PLAYBOOK = """\
- ansible.builtin.import_playbook: pgfleet.powa.site

- hosts: east
  gather_facts: false
  tags: always
  tasks:
    - ansible.builtin.debug:
        msg: "east: {{ __repository_registered.collector_action }}"
"""
OPTIONS = (
    "postgresql_version port database monitoring_role collector_role web_role repository packages units files"
    " secret_files expected_files expected_passwords password_encryption virtualenvs folders"
)
INVENTORY = {
    "powa_repositories": {"east": {}, "west": {}},
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
    (root / "plugins/modules/servers.py").write_text(SERVERS)
    (folder / "site.yml").write_text(PLAYBOOK)
    variables = {
        "ansible_connection": "pgfleet.powa.somewhere",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "ansible_become": False,
    }
    groups = {group: {"hosts": hosts} for group, hosts in INVENTORY.items()}
    (folder / "hosts.json").write_text(json.dumps({"all": {"children": groups, "vars": variables}}))
    (folder / "down.json").write_text(json.dumps({"all": {"hosts": {"west": {"ansible_host": "down"}}}}))
    return folder


def site(core, collections, *options):
    """Run site.yml for the hosts east and one, and return what it says."""
    done = subprocess.run(
        [core / "bin/ansible-playbook", "--inventory", "hosts.json", "--limit", "east,one", *options, "site.yml"],
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
    return done.stdout


pytestmark = pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)


def test_a_repository_that_cannot_be_reached_does_not_take_the_host_that_reads_it_with_it(core, collections):
    output = site(core, collections, "--tags", "always", "--inventory", "down.json")
    lost = dict(re.findall(r'"msg": "(\S+) is not finished: (.*?)[.] Fix', output))
    assert lost == {"one": "its repository west: Ansible cannot reach this host: nobody is there"}, output


def test_what_another_repository_has_registered_does_not_take_the_place_of_the_own(core, collections):
    output = site(core, collections, "--tags", "servers")
    assert "is not finished" not in output, output
    assert "[east -> west" in output and '"msg": "east: restart"' in output, output
