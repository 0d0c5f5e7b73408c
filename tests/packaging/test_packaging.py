# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as users get it, and as a checkout, finds its own modules and roles."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from servers import remove_container

CHECKOUT = Path(__file__).parents[2]
OTHERS = CHECKOUT / ".collections"
CONTAINERS = CHECKOUT / "tests" / "containers"
HOST = "pgfleet-packaging"


def run(*command, cwd, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(
        command, cwd=cwd, env={**environment, **variables}, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def podman(*arguments, check=True):
    return subprocess.run([CONTAINERS / "podman", *arguments], text=True, capture_output=True, check=check).stdout


@pytest.fixture(scope="module")
def inventory(tmp_path_factory):
    """A bare host in all groups, for --check to look at."""
    image = subprocess.check_output([CONTAINERS / "image", "bookworm", "base"], text=True).strip()
    remove_container(HOST)
    podman("run", "--detach", "--name", HOST, "--systemd", "always", image, "/sbin/init")
    limit = time.monotonic() + 60
    while podman("exec", HOST, "systemctl", "is-system-running", check=False).strip() not in ("running", "degraded"):
        assert time.monotonic() < limit, "systemd is not up"
        time.sleep(0.2)
    hosts = {"all": {"vars": {"ansible_connection": "containers.podman.podman"}}}
    groups = ("powa_repositories", "powa_remotes", "powa_collectors")
    hosts["all"]["children"] = {group: {"hosts": {HOST: {}}} for group in groups}
    path = tmp_path_factory.mktemp("inventory") / "hosts.json"
    path.write_text(json.dumps(hosts))
    yield str(path)
    remove_container(HOST)


def test_the_installed_tarball(tmp_path, inventory):
    run("ansible-galaxy", "collection", "build", "--output-path", str(tmp_path), cwd=CHECKOUT)
    [tarball] = tmp_path.glob("pgfleet-powa-*.tar.gz")

    # The dependencies are copies: the checkout's own link must not be found.
    for name in ("community/postgresql", "containers/podman"):
        link = tmp_path / "others/ansible_collections" / name
        link.parent.mkdir(parents=True)
        link.symlink_to(OTHERS / "ansible_collections" / name)
    path = {"ANSIBLE_COLLECTIONS_PATH": f"{tmp_path}/installed:{tmp_path}/others"}
    run("ansible-galaxy", "collection", "install", "--offline", "-p", "installed", str(tarball), cwd=tmp_path, **path)

    # test_the_checkout runs site.yml. Of a host that has nothing, these two say so.
    path["PWD"] = str(tmp_path)
    for playbook in ("doctor", "report"):
        printed = run("ansible-playbook", "--inventory", inventory, f"pgfleet.powa.{playbook}", cwd=tmp_path, **path)
        assert ("cannot become the user postgres there" in printed) == (playbook == "doctor")
    assert "cannot become the user postgres there" in (tmp_path / "powa-report.html").read_text()

    installed = {file.name for file in (tmp_path / "installed/ansible_collections/pgfleet/powa").iterdir()}
    assert {"LICENSE", "MANIFEST.json", "README.md", "meta", "playbooks", "plugins", "roles"} <= installed
    assert not [name for name in installed if name.startswith(".")]


def test_the_checkout(inventory):
    printed = run("ansible-playbook", "--inventory", inventory, "--check", "playbooks/site.yml", cwd=CHECKOUT)
    assert "so check mode skips" in printed
