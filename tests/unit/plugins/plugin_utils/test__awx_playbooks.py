# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks that get a job template."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx.playbooks import JobTemplate, own_templates, parse
from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx.surveys import SITE

PLAYBOOKS = Path(__file__).resolve().parents[4] / "playbooks"


@pytest.mark.parametrize(("folder", "path"), [("", "site.yml"), ("db/playbooks", "db/playbooks/site.yml")])
def test_our_own(folder: str, path: str) -> None:
    check, apply, *others = own_templates("DB", folder)
    assert check == JobTemplate("DB: check", path, check.description, "check", SITE)
    assert apply == JobTemplate("DB: apply", path, apply.description, "run", SITE)
    assert [template.name for template in others] == ["DB: doctor", "DB: report"]


def test_our_own_playbooks_exist() -> None:
    assert all((PLAYBOOKS / template.playbook).is_file() for template in own_templates("DB", ""))


def test_what_is_left_out_has_a_default() -> None:
    templates, problems = parse([{"name": "A", "playbook": "a.yml", "job_type": None, "survey": None}], [])
    assert templates == [JobTemplate("A", "a.yml")] and problems == []


def test_a_wrong_entry_and_a_name_of_ours_are_named_and_the_others_stay() -> None:
    own = own_templates("DB", "")
    right, wrong = {"name": "A", "playbook": "a.yml"}, {"name": "DB: check", "playbook": "b.txt", "type": 1}
    templates, problems = parse([wrong, right, {"name": "DB: check", "playbook": "b.yml"}], own)
    assert [template.name for template in templates] == [*(each.name for each in own), "A", "DB: check"]
    assert [problem.split(": found")[0].split(": playbook")[0] for problem in problems] == [
        "powa_awx_playbooks: DB: check"
    ] * 3
