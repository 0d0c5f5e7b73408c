# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of AWX in which nobody has answered: a playbook names what it cannot do without, and does nothing."""

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import options_of

CHECKOUT = Path(__file__).parents[2]
CORES = sorted(path.parents[1] for path in CHECKOUT.glob(".cache/venv-*/bin/ansible-playbook"))
INVENTORY = "[powa_remotes]\none ansible_connection=local\n"


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
@pytest.mark.parametrize(
    ("playbook", "missing"),
    [
        ("try", ["powa_try_file"]),
        ("import", ["powa_import_file", "powa_import_tool"]),
        ("awx", ["powa_awx_project"]),
    ],
)
def test_what_is_missing_is_named(core, playbook, missing, tmp_path):
    (tmp_path / "hosts").write_text(INVENTORY)
    # As AWX passes the answers of a survey. Ansible reads them as null.
    answers = "".join("!unsafe '{0}': !unsafe ''\n".format(name) for name in options_of((playbook,)))
    (tmp_path / "answers.yml").write_text(answers)
    done = subprocess.run(
        [core / "bin/ansible-playbook", "-i", "hosts", "-e", "@answers.yml", "pgfleet.powa." + playbook],
        cwd=tmp_path,
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(CHECKOUT / ".collections"), ANSIBLE_NOCOLOR="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout
    assert all(name + " is empty: set it to " in done.stdout for name in missing), done.stdout
    assert "changed=0 " in done.stdout and "failed=1 " in done.stdout, done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.yml", "hosts"]
