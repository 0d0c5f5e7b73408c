# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The oldest and the newest ansible-core install PoWA on a bare host, and then change nothing."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
SHARED = CHECKOUT / "molecule" / "shared"
#: molecule runs site.yml with the one between.
CORES = sorted(path.parents[1] for path in CHECKOUT.glob(".cache/venv-*/bin/ansible-playbook"))
HOST = "pgfleet-cores"
GROUPS = ("powa_repositories", "powa_remotes", "powa_collectors", "powa_web")
VARIABLES = {
    "ansible_connection": "containers.podman.podman",
    "ansible_python_interpreter": "/usr/bin/python3",
    "container_network": HOST,
    "container_subnet": "10.91.31.0/24",
    "container_suite": "trixie",
    "powa_host": "10.91.31.10",
}
DEMO = sorted((CHECKOUT / "playbooks/inventory/demo/group_vars/all").glob("*.yml"))


@pytest.fixture
def inventory(tmp_path):
    """A host that has all roles, with the variables of the demo."""
    variables = dict(VARIABLES)
    for path in DEMO:
        variables.update(yaml.safe_load(path.read_text()))
    groups = {group: {"hosts": {HOST: {}}} for group in GROUPS}
    path = tmp_path / "hosts.json"
    path.write_text(json.dumps({"all": {"vars": variables, "children": groups}}))
    return path


def play(core, inventory, *playbooks):
    """Run playbooks with an ansible-core, and return what the recap counts of the host."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment["PATH"] = "{0}:{1}".format(core / "bin", environment["PATH"])
    done = subprocess.run(
        [core / "bin/ansible-playbook", "--inventory", inventory, *playbooks],
        cwd=CHECKOUT,
        env={**environment, "ANSIBLE_NOCOLOR": "1"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    counts = re.findall(r"^{0}\s+: (ok=.*)$".format(HOST), done.stdout, re.MULTILINE)[-1]
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", counts)}, done.stdout


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
def test_site_from_nothing_and_again(core, inventory):
    play(core, inventory, SHARED / "destroy.yml")
    try:
        play(core, inventory, SHARED / "create.yml", SHARED / "prepare.yml")
        first, _printed = play(core, inventory, "playbooks/site.yml")
        assert first["changed"] > 0
        again, printed = play(core, inventory, "playbooks/site.yml")
        assert again["changed"] == 0, printed
    finally:
        play(core, inventory, SHARED / "destroy.yml")
