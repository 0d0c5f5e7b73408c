# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many servers state "exact" may remove."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.exact import (
    exact_refusals,
    left_out,
    most_of,
    most_problems,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._servers.repository import repository, specs
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._servers.test_reconcile import task
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import ALPHA

MESSAGE = (
    'state: "exact" would {0} {1} of {2} servers ({3}), expected at most {4}: complete the list, or set exact_max'
    " (powa_servers_exact_max of the role repository) to {1} if they are to go"
)


@pytest.mark.parametrize(
    ("text", "servers", "most"),
    [("10%", 300, 30), ("10%", 19, 1), ("10%", 3, 1), ("0%", 50, 1), ("100%", 7, 7), ("0", 50, 0), ("5", 2, 5)],
)
def test_a_number_or_a_share(text, servers, most):
    assert most_of(text, servers) == most and not list(most_problems(text))


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "10 %", "%", "", "5\n"])
def test_what_is_neither(text):
    problem = 'exact_max: found "{0}", expected a number of servers, or a share such as "10%"'.format(text)
    assert task(exact_max=text).problems == [problem]


def test_without_it_any_number_may_go():
    assert not list(most_problems(None)) and not list(exact_refusals([], registry(10), None, False))


def registry(count, disabled=0, **changes):
    """A repository with servers db0, db1, ..., of which the first are disabled."""
    servers = [
        ALPHA._replace(
            srvid=number + 1,
            values={
                **ALPHA.values,
                "hostname": "db{0}".format(number),
                "frequency": -1 if number < disabled else 300,
            },
        )
        for number in range(count)
    ]
    return repository(servers=servers, **changes)


def test_too_many_are_named():
    state, listed = registry(20, 2), specs(*({"hostname": "db{0}".format(number)} for number in range(5, 20)))
    assert len(left_out(listed, state)) == 5
    message = MESSAGE.format("disable", 3, 18, "db2:5432, db3:5432, db4:5432", 1)
    assert list(exact_refusals(listed, state, "10%", False)) == [message]
    assert not list(exact_refusals(listed, state, "3", False))
    named = "db0:5432, db1:5432, db2:5432, db3:5432, db4:5432"
    assert list(exact_refusals(listed, state, "3", True)) == [MESSAGE.format("delete", 5, 20, named, 3)]


def test_servers_of_others_do_not_count():
    state = registry(10, declared=frozenset([1, 2]))
    assert not list(exact_refusals([], state, "2", False))
    assert list(exact_refusals([], state, "1", False)) == [MESSAGE.format("disable", 2, 2, "db0:5432, db1:5432", 1)]
    assert not list(exact_refusals([], registry(10, declared=None), "0", False))


def test_a_server_at_its_former_address_is_listed():
    moved = specs({"hostname": "new", "renamed_from": {"hostname": "db0", "port": 5432}})
    assert not list(exact_refusals(moved, registry(1), "0", False))
