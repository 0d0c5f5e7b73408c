# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The defaults of an action group reach only its members; the unit tests of _login.py know which modules are none."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / ".collections/ansible_collections/community/postgresql/meta/runtime.yml"
USED = re.compile(r"^ *-? *community\.postgresql\.(\w+):$", re.MULTILINE)


def test_the_modules_of_the_roles_that_are_in_no_group():
    group = yaml.safe_load(RUNTIME.read_text())["action_groups"]["all"]
    used = {name for path in ROOT.glob("roles/*/tasks/*.yml") for name in USED.findall(path.read_text())}
    assert {"postgresql_query", "postgresql_db"} <= used
    assert used - set(group) == {"postgresql_alter_system"}
