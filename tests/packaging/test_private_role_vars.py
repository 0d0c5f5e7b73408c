# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plays use outside of roles: with private_role_vars, the variables of roles are not there."""

import re
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
VARIABLES = set(yaml.safe_load((CHECKOUT / "roles/common/vars/main.yml").read_text()))
#: Of the options of the roles' own tasks.
IN_ROLES = {"__common_login"}


@pytest.mark.parametrize(
    "name", ["playbooks/_part.yml", "roles/common/tasks/lost.yml", "roles/common/tasks/reached.yml"]
)
def test_a_play_uses_no_variable_of_a_role(name):
    text = re.sub("^ *#.*$", "", (CHECKOUT / name).read_text(), flags=re.MULTILINE)
    assert VARIABLES.intersection(re.findall(r"\b__common_\w+", text)) <= IN_ROLES
