# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasources, and rows that are left in transient tables."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_datasources import (
    datasource_problems,
    impostor_problems,
    transient_row_problems,
)

from .samples import datasource, found, identities, of_server, server


def of_one(**changes):
    return list(datasource_problems(found(datasources=[datasource(**changes)])))


def drift(*objects):
    return [{"action": "create", "object": name} for name in objects]


def test_a_damaged_definition_names_the_object_and_the_cure():
    sentence = "the comment of function public.powa_locks_src should hold the definition, found none"
    (problem,) = of_one(damaged=sentence)
    assert identities([problem]) == [("definition_damaged", None, "locks", None)]
    assert problem.cause == sentence
    assert problem.cure.startswith("declare the datasource again, which repairs the comment")


def impostor(name, owner="mallory", datasource="locks"):
    return {"object": "function " + name, "owner": owner, "datasource": datasource, "drop": "DROP FUNCTION " + name}


def test_an_impostor_has_an_owner_and_a_cure():
    (problem,) = impostor_problems(found(impostors=[impostor("f(integer)")]))
    assert identities([problem]) == [("impostor", None, "locks", "mallory")]
    assert problem.problem == 'an object with a name or mark of this collection belongs to role "mallory"'
    assert problem.cause == (
        "function f(integer): the role is neither a superuser nor the owner of the extension powa, so no module reads,"
        " calls or replaces it"
    )
    assert problem.cure == (
        'see what it does; then DROP FUNCTION f(integer), take CREATE on schema "public" from that role and PUBLIC, and'
        " run the playbook pgfleet.powa.site; give an object of your own to a superuser instead (ALTER ... OWNER TO)"
    )


def test_impostors_of_one_owner_and_datasource_are_one_problem():
    many = [impostor("f{0}()".format(number)) for number in range(5)]
    problems = list(
        impostor_problems(found(impostors=[*many, impostor("g()", "eve"), impostor("h()", datasource=None)]))
    )
    assert identities(problems) == [
        ("impostor", None, "locks", "mallory"),
        ("impostor", None, "locks", "eve"),
        ("impostor", None, None, "mallory"),
    ]
    assert problems[0].problem == '5 objects with a name or mark of this collection belong to role "mallory"'
    assert "function f2(), 2 more: " in problems[0].cause and problems[0].cause.endswith("replaces them")
    assert "DROP FUNCTION f2(); 2 more" in problems[0].cure


def test_all_that_prevents_a_comparison_is_one_problem():
    (problem,) = of_one(refused=["function a is not ours", "table b is not ours"])
    assert identities([problem]) == [("datasource_refused", None, "locks", None)]
    assert problem.cause == "function a is not ours; table b is not ours"


@pytest.mark.parametrize(
    ("objects", "places", "cause"),
    [
        (["a"], "1 place", "to create a"),
        (["a", "b", "c"], "3 places", "to create a, create b, create c"),
        (["a", "b", "c", "d", "e"], "5 places", "to create a, create b, create c, 2 more"),
    ],
)
def test_drift_is_one_problem(objects, places, cause):
    (problem,) = of_one(drift=drift(*objects))
    assert identities([problem]) == [("datasource_drift", None, "locks", None)]
    assert problem.problem.endswith("in " + places) and problem.cause.endswith(cause)


def test_a_pause():
    # There are no samples during a pause, and that is no second problem.
    seen = found(datasources=[datasource(servers=[of_server(paused=True, has_samples=False)])])
    assert identities(datasource_problems(seen)) == [("datasource_paused", "one", "locks", None)]


@pytest.mark.parametrize(
    ("entry", "changes", "expected"),
    [
        ({}, {}, True),
        ({"has_samples": True}, {}, False),
        ({"has_samples": None}, {}, False),
        ({"enabled": False}, {}, False),
        ({}, {"enabled": False}, False),
        ({}, {"snapshots": {"age": None, "last": None}}, False),
    ],
    ids=["none", "some", "not visible", "not active", "disabled", "no snapshot"],
)
def test_no_samples(entry, changes, expected):
    entry = of_server(**dict({"has_samples": False}, **entry))
    seen = found(datasources=[datasource(servers=[entry])], servers=[server(**changes)])
    problems = list(datasource_problems(seen))
    assert identities(problems) == ([("datasource_without_samples", "one", "locks", None)] if expected else [])


@pytest.mark.parametrize("errors", [[], ["powa_locks_src() failed: permission denied"]], ids=["no error", "error"])
def test_a_datasource_that_may_be_empty(errors):
    entry = datasource(servers=[of_server(has_samples=False)], definition={"may_be_empty": True})
    problems = datasource_problems(found(datasources=[entry], servers=[server(errors=errors)]))
    kinds = [kind for kind, *_subject in identities(problems)]
    assert ("datasource_without_samples" in kinds) == bool(errors)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("Error while calling public.powa_locks_src:\npermission denied\nCONTEXT: x", "permission denied"),
        ("Error retrieving datasource data locks:\ndivision by zero", "division by zero"),
        ("Error while calling public.powa_other_src:\npermission denied", "returned no rows"),
    ],
)
def test_an_error_that_names_the_datasource_is_why_it_has_no_samples(error, cause):
    seen = found(datasources=[datasource(servers=[of_server(has_samples=False)])], servers=[server(errors=[error])])
    (problem,) = datasource_problems(seen)
    assert cause in problem.cause and "CONTEXT" not in problem.cause


DELETE = 'DELETE FROM public."powa_locks_src_tmp" WHERE srvid = 1'


@pytest.mark.parametrize(
    ("servers", "age", "named", "cause", "cure"),
    [
        ([], 1, "1", "the server was removed", DELETE),
        ([server(enabled=False)], 1, "one", "the server is disabled", "enable it, or " + DELETE),
        ([server()], 1200, None, None, None),
        ([server(errors=["x"])], 1201, "one", "fails", "cure the errors"),
        ([server()], 1201, "one", "was deactivated", DELETE),
    ],
    ids=["removed", "disabled", "not yet", "errors", "left"],
)
def test_transient_rows(servers, age, named, cause, cure):
    rows = [{"table": "powa_locks_src_tmp", "srvid": 1, "rows": 5, "oldest_age": age}]
    problems = list(transient_row_problems(found(servers=servers, transient_rows=rows)))
    if named is None:
        assert not problems
        return
    (problem,) = problems
    assert identities([problem]) == [("transient_rows", named, None, "powa_locks_src_tmp")]
    assert cause in problem.cause and cure in problem.cure
    assert problem.problem.endswith("the oldest for {0} seconds".format(age))


def test_a_server_that_is_not_visible_was_not_removed():
    rows = [{"table": "powa_locks_src_tmp", "srvid": 7, "rows": 1, "oldest_age": 9999}]
    assert list(transient_row_problems(found(transient_rows=rows, servers=[])))
    hidden = [{"part": "servers", "lacks": ["a right"]}]
    assert not list(transient_row_problems(found(transient_rows=rows, servers=[], not_visible=hidden)))


def test_each_table_has_a_problem_of_its_own():
    rows = [{"table": table, "srvid": 1, "rows": 5, "oldest_age": 5} for table in ("a", "b")]
    problems = transient_row_problems(found(servers=[], transient_rows=rows))
    assert [problem.subject for problem in problems] == ["a", "b"]
