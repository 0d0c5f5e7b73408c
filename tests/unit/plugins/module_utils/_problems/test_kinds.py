# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of problems: all are used, none is written as a text, and all that lists them lists the same."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind

ROOT = Path(__file__).resolve().parents[5]
SOURCES = [path for path in sorted((ROOT / "plugins").rglob("*.py")) if path.name != "kinds.py"]
MEANINGS = {kind.value: kind.meaning for kind in Kind}
#: Kinds that are also the name of a value that server_info returns, or of a sort of plugins.
ALSO_NAMES = {"powa_version", "password_stored", "transient_rows", "inventory"}


def nodes():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path, node


def test_a_kind_is_its_word():
    assert Kind("snapshot_late") is Kind.SNAPSHOT_LATE
    assert json.dumps([Kind.SNAPSHOT_LATE]) == '["snapshot_late"]'
    assert all(kind.name.lower() == kind.value for kind in Kind)
    with pytest.raises(ValueError, match="snapshot_lat"):
        Kind("snapshot_lat")


def test_each_kind_has_a_meaning_of_its_own():
    assert all(re.match(r"[A-Z\w].*[^.]\.$", meaning) for meaning in MEANINGS.values())
    assert len(set(MEANINGS.values())) == len(Kind)


def test_each_kind_is_used():
    used = {
        node.attr
        for _path, node in nodes()
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Kind"
    }
    assert not {kind.name for kind in Kind} - used


def test_no_kind_is_written_as_a_text():
    words = set(MEANINGS) - ALSO_NAMES
    written = [
        (path.name, node.lineno, node.value)
        for path, node in nodes()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in words
    ]
    assert not written


def test_the_page_lists_them_all():
    page = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE)
    assert rows == list(MEANINGS.items())


@pytest.mark.parametrize("role", ["doctor", "report"])
def test_the_roles_take_them_all_and_nothing_but_an_empty_text(role):
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    (spec,) = specs["argument_specs"].values()
    assert spec["options"]["powa_doctor_ignore"]["choices"] == [*sorted(MEANINGS), ""]
