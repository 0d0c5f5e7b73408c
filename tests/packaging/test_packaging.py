# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as users get it, and as a checkout, finds its own modules and roles."""

import os
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
OTHERS = CHECKOUT / ".collections"
DEMO = CHECKOUT / "playbooks" / "inventory" / "demo"


def run(*command, cwd, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(
        command, cwd=cwd, env={**environment, **variables}, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_installed_tarball(tmp_path):
    run("ansible-galaxy", "collection", "build", "--output-path", str(tmp_path), cwd=CHECKOUT)
    [tarball] = tmp_path.glob("pgfleet-powa-*.tar.gz")

    # The dependencies are copies: the checkout's own link must not be found.
    for name in ("community", "containers"):
        (tmp_path / "others/ansible_collections").mkdir(parents=True, exist_ok=True)
        (tmp_path / "others/ansible_collections" / name).symlink_to(OTHERS / "ansible_collections" / name)
    path = {"ANSIBLE_COLLECTIONS_PATH": f"{tmp_path}/installed:{tmp_path}/others"}
    run("ansible-galaxy", "collection", "install", "--offline", "-p", "installed", str(tarball), cwd=tmp_path, **path)
    run("ansible-playbook", "--inventory", str(DEMO), "--syntax-check", "pgfleet.powa.site", cwd=tmp_path, **path)

    installed = {file.name for file in (tmp_path / "installed/ansible_collections/pgfleet/powa").iterdir()}
    assert {"LICENSE", "MANIFEST.json", "README.md", "meta", "playbooks", "plugins", "roles"} <= installed
    assert not [name for name in installed if name.startswith(".")]


def test_the_checkout():
    run("ansible-playbook", "--inventory", str(DEMO), "--syntax-check", "playbooks/site.yml", cwd=CHECKOUT)
