# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of the role archivist and of marker extensions, as Ansible runs them."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_files import play
from test_playbooks import examples


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("archivist_plan", ["postgresql-15", "python3-psycopg2", "postgresql-15-powa", "postgresql-15-pg-qualstats"]),
        ("changed_files", ["/etc/powa-collector.conf"]),
        ("cleanup_plan", True),
        ("markers", [{"files_pending": True, "name": "locks", "version": "1.0"}]),
    ],
)
def test_the_example_of_the_documentation(name: str, printed: object, tmp_path: Path) -> None:
    (example,) = examples("filter", name)
    message = example["ansible.builtin.debug"]["msg"]
    check = {"that": ["found == expected"], "quiet": True}
    variables = dict(example["vars"], found=message, expected=printed)
    play(tmp_path, [example, {"ansible.builtin.assert": check, "vars": variables}])
