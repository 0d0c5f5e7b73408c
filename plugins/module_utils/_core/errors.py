# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exceptions that a module turns into C(fail_json) in one place."""

from __future__ import annotations

from typing import Any, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import LISTED, RETURNED, listed, shown


class PowaError(Exception):
    """One sentence for the user: the object, what was found, what was expected, what to do.

    :param result: what the module returns along with the sentence
    """

    def __init__(self, message: str, **result: Any) -> None:
        super().__init__(shown(message))
        self.result = result


class ProblemsError(PowaError):
    """All problems of a task at once, one line for each. Of thousands, it shows the first ones and the number.

    :param subject: what was checked, for the first line
    :param problems: one sentence for each problem, in the order of the task
    """

    def __init__(self, subject: str, problems: Sequence[str]) -> None:
        self.problems = listed(problems, RETURNED)
        super().__init__(self.problems[0] if problems else "")
        if len(problems) > 1:
            lines = listed(problems, LISTED)
            self.args = ("{0} problems in {1}:\n- {2}".format(len(problems), subject, "\n- ".join(lines)),)
