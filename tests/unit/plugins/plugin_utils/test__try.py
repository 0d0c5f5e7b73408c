# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role try runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._try import plan_try

FILE = """
- name: one
  query: SELECT 1 AS n
  metrics: [{name: n}]
- {name: lock_waits, priority: 3}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_datasources_of_a_file_and_of_the_catalogue() -> None:
    Path("d.yml").write_text(FILE)
    plan = plan_try({"powa_try_file": "d.yml", "powa_try_rows": "3", "powa_try_timeout": ""})
    assert plan["problems"] == [] and (plan["rows"], plan["timeout"]) == (3, 60)
    assert [each["name"] for each in plan["datasources"]] == ["one", "lock_waits"]
    assert plan["datasources"][1]["priority"] == 3 and plan["datasources"][1]["queries"]


def test_several_hosts_have_to_be_meant() -> None:
    Path("d.yml").write_text(FILE)
    (problem,) = plan_try({"powa_try_file": "d.yml"}, ["a", "b"])["problems"]
    assert problem.startswith("the run has 2 hosts, ") and "powa_try_all_hosts" in problem
    assert not plan_try({"powa_try_file": "d.yml"}, ["a"])["problems"]
    assert not plan_try({"powa_try_file": "d.yml", "powa_try_all_hosts": "true"}, ["a", "b"])["problems"]


@pytest.mark.parametrize(
    ("text", "file", "expected"),
    [
        (FILE, "", "powa_try_file is empty: set it to a path"),
        (FILE, "no.yml", "no.yml: there is no such file where Ansible runs"),
        ("[]", "d.yml", "d.yml has no datasource: add one"),
        ("- {name: mine}", "d.yml", 'd.yml:1: datasource "mine" has neither query nor queries'),
        (FILE.replace("{name: n}", "n"), "d.yml", 'd.yml:4: datasource "one", metrics[0]: found "n"'),
    ],
)
def test_why_nothing_is_tried(text: str, file: str, expected: str) -> None:
    Path("d.yml").write_text(text)
    (problem,) = plan_try({"powa_try_file": file})["problems"]
    assert problem.startswith(expected)
