# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role try runs: the datasources of a file."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, TypedDict

from ansible_collections.pgfleet.powa.plugins.plugin_utils._catalogue.read import definitions_of_sets, set_names
from ansible_collections.pgfleet.powa.plugins.plugin_utils._datasource_files import read_files
from ansible_collections.pgfleet.powa.plugins.plugin_utils._declared import merged, wrong_changes
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import as_no_template, read_role


class TryPlan(TypedDict):
    """What the role tries.

    :param problems: why it tries nothing, a sentence each
    """

    problems: List[str]
    datasources: List[Dict[str, Any]]
    rows: int
    timeout: int


def plan_try(raw: Mapping[str, Any], hosts: Sequence[str] = ()) -> TryPlan:
    """Return what the role try runs.

    :param raw: the variables of the role
    :param hosts: those of the play
    """
    variables, problems = read_role("try", raw)
    plan = TryPlan(
        problems=list(problems.values()),
        datasources=[],
        rows=variables["powa_try_rows"],
        timeout=variables["powa_try_timeout"],
    )
    if len(hosts) > 1 and not variables["powa_try_all_hosts"]:
        plan["problems"].append(
            "the run has {0} hosts, and each would run queries that nobody has tried: choose one with --limit, or set"
            " powa_try_all_hosts to true".format(len(hosts))
        )
    if plan["problems"]:
        return plan
    files = read_files([variables["powa_try_file"]])
    own = [each.definition for each in files.definitions]
    ready_made = definitions_of_sets(tuple(set_names()))
    problems_of_file = [*files.problems, *wrong_changes(files.definitions, ready_made)]
    plan["problems"] += map(as_no_template, problems_of_file)
    named = {definition["name"] for definition in own}
    plan["datasources"] = [each for each in merged(ready_made, own) if each["name"] in named]
    if not plan["datasources"] and not plan["problems"]:
        plan["problems"].append("{0} has no datasource: add one".format(variables["powa_try_file"]))
    return plan
