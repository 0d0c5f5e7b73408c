# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a repository refuses about servers."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Damaged
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.checks import refusals
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._servers.repository import repository, specs
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5, definition

PAIR = [definition(name=name, extension="x") for name in ("locks", "waits")]


def refused(*servers, **state):
    return refusals(specs(*servers), repository(**dict({"definitions": [definition()]}, **state)))


@pytest.mark.parametrize(
    "servers",
    [
        [{"hostname": "new", "alias": "third"}],
        [{"hostname": "alpha", "alias": "first"}],
        [{"hostname": "alpha", "extensions": ["pg_qualstats"], "datasources": ["locks"]}],
        [{"hostname": "gamma", "renamed_from": {"hostname": "alpha", "port": 5432}, "alias": "first"}],
        [{"hostname": "alpha", "alias": "x"}, {"hostname": "beta", "alias": "first"}],
        [{"hostname": "alpha", "state": "absent", "history": "drop"}, {"hostname": "beta", "alias": "first"}],
        [{"hostname": "beta", "alias": "first", "state": "absent"}],
    ],
)
def test_what_can_be_done_is_not_refused(servers):
    assert refused(*servers) == []


def test_what_strangers_have_taken_is_refused():
    assert refused(refusal="somebody else's table") == ["somebody else's table"]
    named = {"hostname": "alpha", "datasources": ["waits"]}
    assert refused(named, impostors={"waits": "theirs"}) == ['server "alpha:5432", datasources: theirs']


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        (
            {"hostname": "beta", "renamed_from": {"hostname": "alpha", "port": 5432}},
            "renamed_from: alpha:5432 and beta:5432 are both registered, so neither can become the other:"
            " remove one of them first",
        ),
        (
            {"hostname": "beta", "alias": "first"},
            'alias: "first" is the alias of alpha:5432: give that server another alias in the same task',
        ),
        (
            {"hostname": "beta", "extensions": ["pg_qualstats", "x", "a"]},
            "extensions: found a, x, which this repository does not know (it has pg_qualstats, pg_wait_sampling):"
            " choose from those",
        ),
        (
            {"hostname": "beta", "datasources": ["waits"]},
            "datasources: found waits, which this repository does not know (it has locks):"
            " declare it on the repository first",
        ),
    ],
)
def test_what_is_refused(server, problem):
    assert refused(server) == ['server "beta:5432", ' + problem]


def test_where_no_datasource_is_declared():
    assert "(it has none)" in refused({"hostname": "beta", "datasources": ["locks"]}, definitions=[])[0]


def test_a_datasource_with_a_damaged_definition():
    damaged = {"broken": Damaged("broken", "function f", "none")}
    assert refused({"hostname": "beta", "datasources": ["broken"]}, damaged=damaged) == [
        'server "beta:5432", datasources: ' + damaged["broken"].problem
    ]


def test_powa_5_has_an_extension_active_as_a_whole():
    server = {"hostname": "beta", "datasources": ["locks"]}
    assert refused(server, archivist=POWA_5, definitions=PAIR) == [
        'server "beta:5432", datasources: found locks without waits of the same extension "x", which PoWA 5'
        " activates only as a whole: name all of them or none"
    ]
    assert refused(server, archivist=POWA_4, definitions=PAIR) == []
    assert refused(dict(server, datasources=["locks", "waits"]), archivist=POWA_5, definitions=PAIR) == []


def test_a_server_that_has_moved_is_told_from_another_one():
    new = {"hostname": "moved", "alias": "first"}
    (problem,) = refused(new)
    assert problem.endswith(
        'alias: "first" is the alias of alpha:5432, which the task does not list: if it is the same server at another'
        " address, give that one as renamed_from; else give one of the two another alias"
    )
    (problem,) = refused(new, {"hostname": "alpha"})
    assert problem.endswith("alias of alpha:5432: give that server another alias in the same task")


def test_a_server_that_is_only_disabled_keeps_its_alias():
    gone = {"hostname": "alpha", "alias": "first", "state": "absent"}
    (problem,) = refused({"hostname": "beta", "alias": "first"}, gone)
    assert '"first" is the alias of alpha:5432' in problem


def test_a_registered_server_is_one_entry_only():
    renamed = {"hostname": "gamma", "renamed_from": {"hostname": "alpha", "port": 5432}}
    (problem,) = refused(renamed, {"hostname": "alpha"})
    assert 'the entry "gamma:5432" is the same registered server, alpha:5432: leave one' in problem
