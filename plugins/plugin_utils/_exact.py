# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What state "exact" must not be asked for: a run that does not know the whole fleet takes absence for removal."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.plugins.action.normal import ActionModule as NormalAction


class ExactAction(NormalAction):
    """Runs the module of the same name, unless the run knows a part of the fleet only."""

    def run(self, tmp=None, task_vars=None):
        """Refuse the task, or run its module.

        :raises AnsibleActionFail: under --limit, or when a host of the play has failed
        """
        if self._task.args.get("state") == "exact":
            _refuse(self._task.action, task_vars or {})
        return super().run(tmp, task_vars)


def _refuse(action, task_vars):
    limit = task_vars.get("ansible_limit")
    lost = sorted(set(task_vars.get("ansible_play_hosts_all") or ()) - set(task_vars.get("ansible_play_hosts") or ()))
    advice = "and nothing was changed, since what this run does not know would be taken for removed"
    if limit:
        raise AnsibleActionFail(
            f'{action}: state "exact" was asked for under --limit {limit}, {advice}: leave out the limit, or the state'
        )
    if lost:
        raise AnsibleActionFail(
            f'{action}: state "exact" was asked for after {", ".join(lost)} failed in this play, {advice}:'
            " run it again when no host fails"
        )
