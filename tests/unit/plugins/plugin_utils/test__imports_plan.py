# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role import writes, and why it writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.plan import plan_import

QUERIES = """
locks:
  query: SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode
  metrics:
    - mode: {usage: LABEL}
    - held: {usage: GAUGE}
only_labels:
  query: SELECT mode FROM pg_locks
  metrics:
    - mode: {usage: LABEL}
"""


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dict[str, Any]:
    (tmp_path / "queries.yaml").write_text(QUERIES)
    monkeypatch.chdir(tmp_path)
    return {"powa_import_file": "queries.yaml", "powa_import_tool": "postgres_exporter"}


def test_a_plan(given: Dict[str, Any], tmp_path: Path) -> None:
    plan = plan_import(given)
    assert plan["problems"] == [] and plan["datasources"] == ["locks"]
    assert plan["dest"] == str(tmp_path / "powa-datasources.yml")
    assert plan["left_out"] == ["only_labels: skipped: it has no column with a number, only labels"]
    assert "from queries.yaml of postgres_exporter.\n# only_labels: skipped" in plan["content"]


def test_names_prefix_and_scope_as_a_survey_passes_them(given: Dict[str, Any]) -> None:
    plan = plan_import(
        dict(
            given,
            powa_import_names="lock*,",
            powa_import_prefix="our_",
            powa_import_scope="database",
            powa_import_dest="",
        )
    )
    assert plan["datasources"] == ["our_locks"] and plan["left_out"] == [] and "scope: database" in plan["content"]


def test_a_file_of_ours_is_replaced_and_another_only_if_told_so(given: Dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "powa-datasources.yml"
    file.write_text(plan_import(given)["content"])
    assert plan_import(given)["problems"] == []
    file.write_text("powa_datasources: []\n")
    (problem,) = plan_import(given)["problems"]
    assert problem == (
        "powa_import_dest is {0}, which is there already and was not written by this playbook:"
        " choose another file, or set powa_import_overwrite to true".format(file)
    )
    assert plan_import(dict(given, powa_import_overwrite="true"))["problems"] == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"powa_import_file": ""}, "powa_import_file is empty: set it to a path"),
        (
            {"powa_import_tool": None},
            "powa_import_tool is empty: set it to pgwatch, postgres_exporter, pgmonitor or sql_exporter",
        ),
        ({"powa_import_tool": "zabbix"}, "powa_import_tool is zabbix: set it to pgwatch, postgres_exporter, "),
        ({"powa_import_scope": "server"}, "powa_import_scope is server: set it to cluster or database"),
        ({"powa_import_overwrite": "perhaps"}, "powa_import_overwrite is perhaps: set it to true or false"),
        ({"powa_import_names": {"a": 1}}, "powa_import_names is {'a': 1}: set it to a list"),
        ({"powa_import_file": "absent.yaml"}, "cannot read what powa_import_file names (No such file or directory)"),
        ({"powa_import_file": "."}, "cannot read what powa_import_file names (Is a directory)"),
        ({"powa_import_dest": "."}, "cannot read what powa_import_dest names (Is a directory)"),
        ({"powa_import_names": "absent"}, 'from_postgres_exporter: names has "absent", which the file does not have'),
        ({"powa_import_names": "only_labels"}, "nothing of it can be taken over (only_labels: skipped: it has no"),
        ({"powa_import_tool": "pgwatch"}, "from_pgwatch: "),
    ],
)
def test_why_no_file_is_written(given: Dict[str, Any], changes: Dict[str, Any], sentence: str) -> None:
    (problem,) = plan_import(dict(given, **changes))["problems"]
    assert sentence in problem


def test_a_file_that_is_no_text(given: Dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "queries.yaml").write_bytes(b"\xff\xfe\x00")
    (problem,) = plan_import(given)["problems"]
    assert "cannot read what powa_import_file names (it is not UTF-8)" in problem


def test_all_variables_are_checked_at_once(given: Dict[str, Any]) -> None:
    assert len(plan_import({"powa_import_overwrite": "perhaps"})["problems"]) == 3
