# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a part of the fleet, with each ansible-core.

What becomes of the host that works on a repository which --limit leaves out. That a slice of a job, and a run without
hosts of the fleet, change nothing.

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

login = ["login_" + name for name in ("db", "host", "password", "port", "unix_socket", "user")]
options = dict.fromkeys(["servers", "state", "register_datasources", "exact_max", *login], {"type": "raw"})
module = AnsibleModule(options, supports_check_mode=True)
if module.params["state"] == "exact":
    module.fail_json(msg="too many", problems=["more than {exact_max} of {servers}".format(**module.params)])
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
    "postgresql_version port login_host login_port login_user login_password login_unix_socket run_as server_only"
    " database monitoring_role collector_role web_role reader_role repository packages units files secret_files"
    " expected_files expected_passwords password_encryption virtualenvs folders client_hosts start_settings"
    " certificates"
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
    for name in ("meta", "playbooks", "plugins", "roles"):
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
    return play(core, collections, "--inventory", "hosts.json", "--limit", "east,one", *options, "site.yml").stdout


def play(core, collections, *arguments):
    """Run ansible-playbook with all that it prints in C(stdout)."""
    return subprocess.run(
        [core / "bin/ansible-playbook", *arguments],
        cwd=collections,
        env={
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
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


def artifacts(output):
    """Return what the run leaves, which AWX shows with a job."""
    (found,) = re.findall(r"^CUSTOM STATS: .*\n+\tRUN: (.*)$", output, re.MULTILINE)
    return json.loads(found)


pytestmark = pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)


def test_a_repository_that_cannot_be_reached_does_not_take_the_host_that_reads_it_with_it(core, collections):
    output = site(core, collections, "--tags", "always", "--inventory", "down.json")
    lost = dict(re.findall(r'"msg": "(\S+) is not finished: (.*?)[.] Fix', output))
    assert lost == {"one": "its repository west: Ansible cannot reach this host: nobody is there"}, output
    # As an artifact it has the repository, too.
    assert artifacts(output) == {"powa_lost": {**lost, "west": "Ansible cannot reach this host: nobody is there"}}


def test_what_another_repository_has_registered_does_not_take_the_place_of_the_own(core, collections):
    output = site(core, collections, "--tags", "servers")
    assert "is not finished" not in output and artifacts(output) == {"powa_lost": {}}, output
    assert "[east -> west" in output and '"msg": "east: restart"' in output, output


def test_a_slice_of_a_job_changes_nothing(core, collections, tmp_path):
    # As AWX gives them: it marks each text.
    job = "!unsafe '{0}_job_template_name': !unsafe 'Apply {{'\n!unsafe '{0}_workflow_job_name': !unsafe 'Apply {{'\n"
    (tmp_path / "job.yml").write_text(job.format("awx") + job.format("tower"))
    options = ["--inventory", "hosts.json", "--extra-vars", "@{0}".format(tmp_path / "job.yml")]
    done = play(core, collections, *options, "site.yml")
    assert done.returncode != 0 and "is a slice of the job template" in done.stdout, done.stdout
    assert "Read the hosts" not in done.stdout and "changed=1" not in done.stdout


@pytest.mark.parametrize("playbook", ["site", "doctor", "report"])
def test_a_run_without_a_host_of_the_fleet_fails(core, collections, playbook):
    done = play(core, collections, "--inventory", "www1,", "pgfleet.powa." + playbook)
    assert done.returncode != 0 and "This run matches no host of the groups powa_repositories" in done.stdout, (
        done.stdout
    )


def test_too_many_servers_to_disable_are_found_before_a_change(core, collections):
    done = play(
        core, collections, "--inventory", "hosts.json", "-e", "powa_servers_exact=true", "--tags", "servers", "site.yml"
    )
    lost = artifacts(done.stdout)["powa_lost"]
    assert done.returncode != 0 and lost.keys() == {"east", "west"}, done.stdout
    # What has moved away goes in any case.
    servers = "[{'hostname': 'one', 'port': 5432}, {'hostname': 'east', 'port': 5432, 'state': 'absent'}]"
    assert lost["west"].endswith("more than 10% of " + servers), lost
    assert done.stdout.index("more than 10%") < done.stdout.index("PLAY [Check the new and changed datasources]")
