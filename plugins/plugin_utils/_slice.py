# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Slices of an AWX job, whose inventory has only every n-th host of the fleet."""

from __future__ import annotations

from typing import Any, Mapping

#: AWX names everything twice.
_PREFIXES = ("awx", "tower")
_NAME = 'a slice of the job template "{0}" of AWX (or its job in a workflow of the same name)'


def slice_name(variables: Mapping[str, Any]) -> str:
    """Return what a run is a slice of, or an empty text if it is none.

    AWX does not tell a job that it is a slice. It runs the slices as a workflow that has the name of the template.

    :param variables: those of any host: AWX sets its own for all of them
    """
    for prefix in _PREFIXES:
        template = variables.get(prefix + "_job_template_name")
        if template and template == variables.get(prefix + "_workflow_job_name"):
            return _NAME.format(template)
    return ""
