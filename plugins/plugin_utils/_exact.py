# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refuses state "exact" in a run that does not cover the whole fleet, since it would remove what it does not see."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.pgfleet.powa.plugins.plugin_utils._slice import slice_name


class ExactAction(NormalAction):
    """Runs the module of the same name, unless the run covers only a part of the fleet."""

    def run(self, tmp=None, task_vars=None):
        """Refuse the task, or run its module.

        :raises AnsibleActionFail: under --limit, in a slice of a job, or when a host of the play has failed
        """
        if self._task.args.get("state") == "exact":
            refuse_exact(self._task.action, task_vars or {})
        return super().run(tmp, task_vars)


def refuse_exact(action, task_vars):
    """Refuse the task of a module, unless the run covers the whole fleet.

    :raises AnsibleActionFail: under --limit, in a slice of a job, or when a host of the play has failed
    """
    limit, part = task_vars.get("ansible_limit"), slice_name(task_vars)
    lost = sorted(set(task_vars.get("ansible_play_hosts_all") or ()) - set(task_vars.get("ansible_play_hosts") or ()))
    why = "and nothing was changed, since it would remove what this run does not see"
    if limit:
        raise AnsibleActionFail(
            f'{action}: found state "exact" under --limit {limit}, {why}: run without the limit, or without the state'
        )
    if part:
        raise AnsibleActionFail(
            f'{action}: found state "exact" in {part}, {why}:'
            " set the template's job slicing to 1, or leave out the state"
        )
    if lost:
        raise AnsibleActionFail(
            f'{action}: found state "exact" after {", ".join(lost)} failed in this play, {why}:'
            " run it again when no host fails"
        )
