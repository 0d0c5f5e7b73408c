# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules about the source itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]
FILES = sorted((ROOT / "plugins").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_sql_is_pasted_together(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "execute"):
            continue
        for argument in node.args:
            pasted = isinstance(argument, (ast.JoinedStr, ast.BinOp))
            pasted = pasted or (isinstance(argument, ast.Call) and getattr(argument.func, "attr", "") == "format")
            assert not pasted, "{0}, line {1}".format(path.name, node.lineno)


def test_every_module_is_in_the_action_group():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["action_groups"]["powa"] == sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
