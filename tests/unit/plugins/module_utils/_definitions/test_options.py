# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible accepts as a datasource is what the parser reads."""

from __future__ import annotations

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.options import DATASOURCES, check_options
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions

VALIDATOR = ArgumentSpecValidator({"datasources": DATASOURCES})
LEAST = {"name": "locks", "query": "SELECT 1 AS held", "metrics": [{"name": "held"}]}


def test_what_is_left_out_has_its_default():
    validated = VALIDATOR.validate({"datasources": [LEAST]})
    assert not validated.error_messages
    ((definition,), removals, problems) = collect_definitions(validated.validated_parameters["datasources"])
    assert (removals, problems) == ([], [])
    assert (definition.scope, definition.priority, definition.security_definer) == ("cluster", 10, False)


@pytest.mark.parametrize("wrong", [{"nothing": 1}, {"metrics": [{}]}, {"priority": "high"}, {"scope": "host"}])
def test_what_ansible_refuses(wrong):
    assert VALIDATOR.validate({"datasources": [{**LEAST, **wrong}]}).error_messages


def test_options_that_a_module_takes_as_they_come():
    checked, problems = check_options({"datasources": [LEAST], "remote_results": None})
    assert problems == [] and checked["datasources"][0]["priority"] == 10 and checked["remote_results"] is None
    _checked, problems = check_options({"datasources": [{}], "remote_results": [{"datasources": []}]})
    assert [problem.split(" found in ")[0] for problem in problems] == [
        "datasources: missing required arguments: name",
        "remote_results: missing required arguments: server",
    ]
