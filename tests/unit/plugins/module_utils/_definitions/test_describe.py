# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server says of users' queries is compared with what is declared."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.describe import Describer
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.described_texts import (
    Answer,
    ReturnedColumn,
    UserText,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import Typed, find_type
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.users_session import StuckError
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import definition

AS_DECLARED = (("mode", "text"), ("held", "bigint"))
SCHEMAS = {"pgstattuple": '"Of It"', "pg_visibility": None}
CLEANUP = {"query_cleanup": "SELECT reset_x()"}


def answer(*columns):
    """Return an answer with columns of these types; what is none of ours is stored as text."""
    known = {name: find_type(name) for _column, name in columns}
    return Answer(
        tuple(
            ReturnedColumn(name, (known[kind] or find_type("text")).oid, kind, not known[kind], "." in kind)
            for name, kind in columns
        )
    )


def refusal(sqlstate, message="no such thing"):
    return Answer(sqlstate=sqlstate, message=message)


class Server:
    """Gives each text the next of its answers."""

    def __init__(self, *answers):
        self.answers = answers
        self.asked = []

    def __call__(self, _cursor, role, texts):
        self.asked.append((role, texts))
        if isinstance(self.answers[0], Exception):
            raise self.answers[0]
        return list(self.answers)


def described(*answers, role="mon", **changes):
    describer = Describer(None, Server(*answers), 170000, role, lambda _definition: "pg_catalog", SCHEMAS)
    describer.describe([definition(**changes)])
    return describer


def test_a_query_that_returns_what_is_declared():
    found = described(answer(*AS_DECLARED))
    assert (found.problems, found.untried) == ([], [])
    assert found.types == {"locks": {"mode": Typed(find_type("text")), "held": Typed(find_type("bigint"))}}


@pytest.mark.parametrize(
    ("columns", "changes", "problem"),
    [
        (
            (("mode", "text"), ("n", "bigint")),
            {},
            "it returns the columns (mode, n), but the keys and metrics are (mode, held): change the query or the",
        ),
        (
            (*AS_DECLARED, ("x", "text")),
            {},
            "it returns the columns (mode, held, x), but the keys and metrics are (mode, held)",
        ),
        ((("mode", "text"),), {}, "it returns the columns (mode), but the keys and metrics are (mode, held)"),
        ((), {}, "it returns no column, but the keys and metrics are (mode, held)"),
        (
            (*AS_DECLARED, ("held", "bigint")),
            {},
            'it returns two columns called "held": give each its own name (AS ...)',
        ),
        (
            (("mode", "text"), ("held", "integer")),
            {},
            'column "held" is integer, but declared as bigint: declare the type that the query returns, or cast it',
        ),
        (
            (("mode", "text"), ("held", "app.mood")),
            {},
            'column "held" is app.mood, which is stored as text, but declared as bigint: declare the type',
        ),
        (
            (("mode", "text"), ("held", "app.mood")),
            {"metrics": [{"name": "held", "type": "app.other"}]},
            'column "held" is app.mood, which is stored as text, but declared as app.other: declare the type',
        ),
        (
            (("mode", "text"), ("held", "bigint")),
            {"keys": [{"name": "mode", "type": "regclass"}]},
            'column "mode" is text, but declared as regclass: declare the type',
        ),
        (
            (("mode", "json"), ("held", "bigint")),
            {"keys": [{"name": "mode"}]},
            'key "mode" is json, which GROUP BY cannot use: cast it to jsonb in the query',
        ),
    ],
)
def test_a_query_that_returns_something_else(columns, changes, problem):
    (found,) = described(answer(*columns), **changes).problems
    assert found.startswith('datasource "locks", query: ' + problem)


def test_types_that_are_left_out_are_those_of_the_query():
    found = described(answer(*AS_DECLARED), keys=[{"name": "mode"}], metrics=[{"name": "held"}])
    assert found.types == {"locks": {"mode": Typed(find_type("text")), "held": Typed(find_type("bigint"))}}


OF_MOOD = (("mode", "app.mood"), ("held", "bigint"))


@pytest.mark.parametrize("declared", [None, "text", "app.mood", "App.Mood"])
def test_a_type_of_somebody_becomes_text(declared):
    found = described(answer(*OF_MOOD), keys=[{"name": "mode", "type": declared}])
    assert found.problems == []
    assert found.types["locks"]["mode"] == Typed(find_type("text"), "app.mood")


def test_the_owner_of_a_function_runs_no_cast_of_somebody():
    problem = (
        'datasource "locks", query: column "mode" is app.mood, which is stored as text by a cast that may run code of'
        " the type's owner (even if an extension has made it), here with the rights of the function's owner: cast it in"
        " the query, or leave security_definer out"
    )
    assert described(answer(*OF_MOOD), security_definer=True).problems == [problem]
    # Not even one that the monitoring role may not run.
    denied = answer(*OF_MOOD)._replace(sqlstate="42501")
    assert described(denied, security_definer=True).problems == [problem]
    assert described(denied).problems[0].startswith('datasource "locks", query: PostgreSQL refuses it')
    own = described(answer(("mode", "regclass"), ("held", "bigint")), security_definer=True)
    assert own.problems == [] and own.types["locks"]["mode"].cast_from == "regclass"


def test_the_query_of_another_version_is_not_asked_for():
    found = described(query=None, queries=[{"min_version": 180000, "query": "SELECT 1"}])
    assert found.problems == [
        'datasource "locks", queries: none runs on this server\'s version 170000: add one with a lower min_version'
    ]


def test_one_of_several_queries_is_named_by_its_version():
    queries = [{"query": "SELECT 1"}, {"min_version": 150000, "query": "SELECT 15"}]
    found = described(answer(), query=None, queries=queries)
    assert found.problems[0].startswith('datasource "locks", queries[min_version=150000]: ')


def test_all_texts_are_asked_for_at_once():
    server = Server(answer(*AS_DECLARED), Answer(), answer(("mode", "text")))
    describer = Describer(None, server, 170000, "mon", lambda definition: definition.name, SCHEMAS)
    describer.describe([definition(**CLEANUP), definition(name="two")])
    query = definition().queries[0].sql
    texts = [
        UserText(query, "locks", False),
        UserText("SELECT reset_x()", "locks", True),
        UserText(query, "two", False),
    ]
    assert server.asked == [("mon", texts)]
    assert [problem.split(":")[0] for problem in describer.problems] == ['datasource "two", query']


def test_a_query_is_tried_with_the_schemas_of_its_extensions():
    server = Server(answer(*AS_DECLARED))
    describer = Describer(None, server, 170000, "mon", lambda _definition: "x", SCHEMAS)
    query = "SELECT '{pgstattuple}' AS mode, {pgstattuple}.pg_relpages('a') AS held"
    describer.describe([definition(query=query, scope="database")])
    tried = "SELECT '{pgstattuple}' AS mode, \"Of It\".pg_relpages('a') AS held"
    assert server.asked == [("mon", [UserText(tried, "x", False)])]
    assert describer.problems == []


def test_extensions_that_are_not_there_or_not_alone():
    query = "SELECT * FROM {pg_buffercache}.f(), {pgstattuple}.g(), {pg_visibility}.H(), {pg_visibility}.i()"
    found = described(answer(), query=query, scope="database")
    assert found.problems == [
        'datasource "locks", query: it names the extension "pg_buffercache", which is not installed in this database,'
        " where queries are tried: create the extension, or leave the datasource out",
        'datasource "locks", query: it names the extension "pg_visibility", and in that extension\'s schema not'
        " everything with the name h or i belongs to the extension: drop or rename the rest, or leave the datasource"
        " out",
    ]


def test_no_query_asks_nothing():
    server = Server()
    Describer(None, server, 170000, None, lambda _definition: "x", SCHEMAS).describe([])
    assert server.asked == []


@pytest.mark.parametrize(
    ("sqlstate", "problem"),
    [
        (
            "42P01",
            'PostgreSQL refuses it for role "mon" (no such thing): correct it, or grant the role the right that it'
            " needs",
        ),
        ("42P11", "found more than one statement, expected one: remove the others"),
        (
            "25006",
            "it writes or locks rows (no such thing), expected a query that only reads: remove that part,"
            " such as FOR UPDATE",
        ),
        (
            "57014",
            "PostgreSQL did not finish planning it within the timeout, and was stopped: look for a lock, or for a"
            " function that runs while a query is planned (IMMUTABLE or STABLE, also inside a view)",
        ),
        (
            "55P03",
            "another session holds a lock that planning it needs (no such thing): run the task again once that session"
            " has ended",
        ),
    ],
)
def test_a_query_that_the_server_refuses(sqlstate, problem):
    found = described(refusal(sqlstate), Answer(), **CLEANUP)
    assert found.problems == ['datasource "locks", query: ' + problem] and found.types == {}


def test_the_cleanup_of_a_wrong_query_is_not_told_of():
    found = described(refusal("42P01"), refusal("42883"), **CLEANUP)
    assert [problem.split(":")[0] for problem in found.problems] == ['datasource "locks", query']


def test_a_cleanup_that_the_server_refuses():
    found = described(answer(*AS_DECLARED), refusal("42883"), **CLEANUP)
    assert found.problems[0].startswith('datasource "locks", query_cleanup: PostgreSQL refuses it for role "mon"')


def test_a_role_without_a_name_is_not_named():
    assert described(refusal("42P01"), role=None).problems == [
        'datasource "locks", query: PostgreSQL refuses it (no such thing):'
        " correct it, or grant the role the right that it needs"
    ]


UNTYPED = {"keys": [{"name": "mode"}], "metrics": [{"name": "held", "type": "bigint"}]}


@pytest.mark.parametrize(
    ("role", "security_definer", "why", "advice"),
    [
        (
            "mon",
            True,
            "it runs as the owner of the function, and this module tries no query with the rights of a superuser,"
            ' but role "mon" may not run it (denied)',
            "declare the types of mode",
        ),
        (
            None,
            False,
            "the task names no monitoring_role, and this module tries no query with the rights of a superuser,"
            " but a role with only pg_monitor may not run it (denied)",
            "declare the types of mode, or give monitoring_role",
        ),
    ],
)
def test_a_query_that_runs_with_other_rights_is_taken_as_declared(role, security_definer, why, advice):
    denied, where = refusal("42501", "denied"), 'datasource "locks", query: '
    found = described(denied, role=role, security_definer=security_definer)
    assert (found.problems, found.types) == ([], {})
    cast = (
        ", and values of another type would be cast by code of that type's owner, here with the rights of the"
        " function's owner"
    )
    taken = ": it was not tried, and is taken as it is declared" + (cast if security_definer else "")
    assert found.untried == [where + why + taken]
    found = described(denied, role=role, security_definer=security_definer, **UNTYPED)
    assert (found.problems, found.untried) == ([where + why + ": " + advice], [])
    by_name = {**UNTYPED, "keys": [{"name": "mode", "type": "app.mood"}]}
    (problem,) = described(denied, role=role, security_definer=security_definer, **by_name).problems
    assert "declare the types of mode (instead of app.mood the one that the column gets, such as text)" in problem
    assert described(denied).problems[0].startswith(where + 'PostgreSQL refuses it for role "mon" (denied)')


def test_a_cleanup_that_runs_with_other_rights_needs_no_types():
    found = described(answer(*AS_DECLARED), refusal("42501"), security_definer=True, **{**UNTYPED, **CLEANUP})
    assert found.problems == [] and found.untried[0].startswith('datasource "locks", query_cleanup: it runs as')
    assert found.untried[0].endswith("taken as it is declared")


@pytest.mark.parametrize(
    ("position", "where"),
    [(1, 'datasource "locks", query_cleanup'), (7, "a query of the datasources"), (None, "a query of the datasources")],
)
def test_a_text_whose_session_had_to_be_ended(position, where):
    found = described(StuckError(position), **CLEANUP)
    assert len(found.problems) == 1 and found.problems[0].startswith(where + ": PostgreSQL did not finish planning it")
