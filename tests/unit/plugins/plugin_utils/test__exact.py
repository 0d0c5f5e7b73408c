# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""State "exact" in a run that does not cover the whole fleet."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.pgfleet.powa.plugins.plugin_utils._exact import ExactAction, refuse_exact
from ansible_collections.pgfleet.powa.plugins.plugin_utils._slice import slice_name

SLICE = {"awx_job_template_name": "Apply", "awx_workflow_job_name": "Apply"}
LOST = {"ansible_play_hosts_all": ["a", "b"], "ansible_play_hosts": ["a"]}
WHOLE = {"ansible_play_hosts_all": ["a"], "ansible_play_hosts": ["a"]}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ansible_limit": "db1"}, "under --limit db1, {0}: run without the limit, or without the state"),
        (SLICE, "in " + slice_name(SLICE) + ", {0}: set the template's job slicing to 1, or leave out the state"),
        (LOST, "after b failed in this play, {0}: run it again when no host fails"),
    ],
)
def test_it_is_refused_where_the_run_does_not_see_all_hosts(variables, words):
    with pytest.raises(AnsibleActionFail) as refused:
        refuse_exact("servers", variables)
    why = "and nothing was changed, since it would remove what this run does not see"
    assert str(refused.value) == 'servers: found state "exact" ' + words.format(why)


def test_the_whole_fleet_may_be_exact():
    refuse_exact("servers", WHOLE)
    refuse_exact("servers", {})


@pytest.mark.parametrize(("state", "refused"), [("exact", True), ("present", False), (None, False)])
def test_the_module_runs_unless_the_state_is_refused(state, refused, monkeypatch):
    ran = []
    monkeypatch.setattr(NormalAction, "run", lambda _self, _tmp, task_vars: ran.append(task_vars))
    action = ExactAction.__new__(ExactAction)
    action._task = SimpleNamespace(args={"state": state} if state else {}, action="servers")
    if refused:
        with pytest.raises(AnsibleActionFail):
            action.run(None, LOST)
    else:
        action.run(None, LOST)
    assert ran == ([] if refused else [LOST])
    action.run(None, WHOLE)
    assert ran[-1] == WHOLE
