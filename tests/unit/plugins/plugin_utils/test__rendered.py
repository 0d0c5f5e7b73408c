# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that are rendered from a role's templates."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rendered import file, folder, render_file
from jinja2 import UndefinedError


def test_a_template_of_a_role():
    variables = {"managed": "Ansible managed", "passwords": "/etc/x.pgpass", "user": "", "environment": [], "sums": []}
    text = render_file("collector", "drop-in.conf.j2", **variables)
    assert text.startswith("# Ansible managed\n[Unit]\n") and "PGPASSFILE=/etc/x.pgpass\n" in text


def test_a_variable_that_is_missing_is_an_error():
    with pytest.raises(UndefinedError):
        render_file("collector", "drop-in.conf.j2")


def test_files_are_those_of_root():
    mine = {"path": "/etc/x", "content": "x\n", "owner": "root", "group": "root", "mode": "0644", "state": "present"}
    assert file("/etc/x", "x\n") == mine
    assert folder("/etc/x") == dict(mine, content="", mode="0755", state="directory")
