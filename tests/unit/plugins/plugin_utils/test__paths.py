# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the files of powa-collector and of powa-web are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils import _paths

ROLES = Path(__file__).resolve().parents[4] / "roles"
#: Roles write and read some of the files by paths of their own, as variables and tasks cannot ask Python.
PATH = re.compile(r"/etc/[\w./-]*powa-(?:collector|web)[\w./-]*")
KNOWN = {value for name, value in vars(_paths).items() if name.isupper()}


@pytest.mark.parametrize("folder", ["vars", "tasks", "templates", "handlers"])
def test_roles_have_no_other_path(folder):
    files = [path for path in ROLES.glob("*/{0}/*".format(folder)) if path.is_file()]
    used = {path for file in files for path in PATH.findall(file.read_text(encoding="utf-8"))}
    assert used <= KNOWN and bool(used) is (folder in ("vars", "tasks"))


def test_no_path_stands_for_two_files():
    assert len(KNOWN) == len([name for name in vars(_paths) if name.isupper()])
