# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role import writes: the definitions that another tool's file becomes, in a file for review."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, List, Mapping, Optional, TypedDict

from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.file import definitions_file, is_ours
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import grouped
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.take import read
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import read_role


class ImportPlan(TypedDict):
    """The file that the role writes.

    :param problems: why it writes none, a sentence each
    :param datasources: the names of those in the file
    :param left_out: what is not taken over, and why, a sentence each
    """

    problems: List[str]
    dest: str
    content: str
    datasources: List[str]
    left_out: List[str]


def plan_import(raw: Mapping[str, Any]) -> ImportPlan:
    """Return what the role import writes.

    :param raw: the variables of the role
    """
    variables, problems = read_role("import", raw)
    plan = ImportPlan(problems=list(problems.values()), dest="", content="", datasources=[], left_out=[])
    if problems:
        return plan
    source, dest = _absolute(variables["powa_import_file"]), _absolute(variables["powa_import_dest"])
    plan["dest"] = dest
    try:
        text = _text("powa_import_file", source)
        present = _text("powa_import_dest", dest) if os.path.lexists(dest) else None
        plan["problems"] += _in_the_way(dest, present, variables["powa_import_overwrite"])
        tool = variables["powa_import_tool"]
        definitions, not_taken = read(
            tool, text, variables["powa_import_names"], variables["powa_import_prefix"], variables["powa_import_scope"]
        )
        left_out = grouped(not_taken)
    except AnsibleFilterError as error:
        plan["problems"].append("{0}: {1}".format(source, error))
        return plan
    if not definitions:
        plan["problems"].append(
            "{0}: nothing of it can be taken over ({1}):"
            " choose other metrics with powa_import_names, or another file".format(
                source, "; ".join(problem.sentence for problem in left_out)
            )
        )
    plan["content"] = definitions_file("{0} of {1}".format(os.path.basename(source), tool), definitions, left_out)
    plan["datasources"] = [definition["name"] for definition in definitions]
    plan["left_out"] = [problem.sentence for problem in left_out]
    return plan


def _absolute(path: str) -> str:
    # A task takes a relative path for one beside the playbook, which is in the installed collection.
    return os.path.abspath(os.path.expanduser(path))


def _text(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise AnsibleFilterError(
            "Ansible cannot read what {0} names ({1}): correct the path or the file".format(variable, reason)
        ) from None


def _in_the_way(dest: str, present: Optional[str], overwrite: bool) -> List[str]:
    if present is None or overwrite or is_ours(present):
        return []
    return [
        "powa_import_dest is {0}, which is there already and was not written by this playbook:"
        " choose another file, or set powa_import_overwrite to true".format(dest)
    ]
