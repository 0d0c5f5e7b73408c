# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server says of users' queries is compared with what is declared."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.describe import Describer, may_become
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.types import find_type
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import definition
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder
from psycopg2 import OperationalError, ProgrammingError

pytestmark = pytest.mark.usefixtures("offline_driver")


class Server(Recorder):
    """Returns the same columns for every query, or refuses the text of a user."""

    def __init__(self, columns=(), refuses=None, error=None):
        super().__init__({refuses: error} if refuses else None)
        self.description = [
            SimpleNamespace(name=name, type_code=find_type(kind).oid if isinstance(kind, str) else kind)
            for name, kind in columns
        ]


AS_DECLARED = (("mode", "text"), ("held", "bigint"))


def described(columns=AS_DECLARED, role="mon", refuses=None, error=None, **changes):
    server = Server(columns, refuses, error or ProgrammingError("no such thing\nLINE 1"))
    describer = Describer(server, 170000, role, lambda _definition: "pg_catalog")
    describer.describe([definition(**changes)])
    return describer, server


def test_a_query_that_returns_what_is_declared():
    describer, _server = described()
    assert describer.problems == [] and describer.types == {"locks": {}}


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
        ((), {}, "it returns the columns (), but the keys and metrics are (mode, held)"),
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
        ((("mode", "text"), ("held", 790)), {}, 'column "held" is of a type with oid 790, but declared as bigint'),
        (
            (("mode", "text"), ("held", 790)),
            {"metrics": [{"name": "held"}]},
            'column "held" has a type with oid 790, expected one of "char", bigint',
        ),
        (
            (("mode", "json"), ("held", "bigint")),
            {"keys": [{"name": "mode"}]},
            'key "mode" is json, which GROUP BY cannot use: cast it to jsonb in the query',
        ),
    ],
)
def test_a_query_that_returns_something_else(columns, changes, problem):
    describer, _server = described(columns, **changes)
    (found,) = describer.problems
    assert found.startswith('datasource "locks", query: ' + problem)


def test_types_that_are_left_out_are_those_of_the_query():
    describer, _server = described(keys=[{"name": "mode"}], metrics=[{"name": "held"}])
    assert describer.types == {"locks": {"mode": find_type("text"), "held": find_type("bigint")}}


def test_the_query_of_another_version():
    describer, _server = described(query=None, queries=[{"min_version": 180000, "query": "SELECT 1"}])
    assert describer.problems == [
        'datasource "locks", queries: none runs on this server\'s version 170000: add one with a lower min_version'
    ]


def test_one_of_several_queries_is_named_by_its_version():
    queries = [{"query": "SELECT 1"}, {"min_version": 150000, "query": "SELECT 15"}]
    describer, _server = described((), query=None, queries=queries)
    assert describer.problems[0].startswith('datasource "locks", queries[min_version=150000]: ')


@pytest.mark.parametrize(
    ("role", "security_definer", "named"), [("mon", False, True), ("mon", True, False), (None, False, False)]
)
def test_a_query_that_the_server_refuses(role, security_definer, named):
    describer, server = described(role=role, refuses="FROM pg_locks", security_definer=security_definer)
    assert describer.problems == [
        'datasource "locks", query: PostgreSQL refuses it{0} (no such thing):'
        " correct it, or grant the role the right that it needs".format(' for role "mon"' if named else "")
    ]
    assert any("SET LOCAL ROLE" in text or "SET ROLE" in text for text in server.statements) is named
    assert server.statements[-1].startswith("ROLLBACK")


class TwoStatements(ProgrammingError):
    """What the server says of a cursor for more than one statement."""

    pgcode = "42P11"


def test_a_query_that_ends_before_its_text_does():
    describer, _server = described(refuses="FROM pg_locks", error=TwoStatements("cannot open multi-query plan"))
    assert describer.problems == [
        'datasource "locks", query: found more than one statement, expected one: remove the others'
    ]


def test_a_cleanup_that_the_server_refuses():
    describer, _server = described(refuses="reset_x", query_cleanup="SELECT reset_x()")
    assert describer.problems[0].startswith('datasource "locks", query_cleanup: PostgreSQL refuses it for role "mon"')


def test_a_lost_connection_is_no_problem_of_the_query():
    server = Server(AS_DECLARED, "FROM pg_locks", OperationalError("gone"))
    server.connection.closed = True
    describer = Describer(server, 170000, None, lambda _definition: "pg_catalog")
    with pytest.raises(OperationalError):
        describer.describe([definition()])


END = ("pgfleet.powa: end of a query", "integer")


def together(columns, refuses=None):
    server = Server(columns, refuses, ProgrammingError("no"))
    describer = Describer(server, 170000, "mon", lambda _definition: "pg_catalog")
    describer.describe_together([definition(name=name, scope="database") for name in ("one", "two")])
    return describer, server


def test_any_number_of_queries_in_a_fixed_number_of_statements():
    describer, server = together((*AS_DECLARED, END, *AS_DECLARED, END))
    assert describer.problems == [] and set(describer.types) == {"one", "two"}
    assert len(server.statements) == 6


def test_of_many_queries_each_is_compared_with_its_own_datasource():
    describer, _server = together((*AS_DECLARED, END, ("mode", "text"), END))
    assert [problem.split(":")[0] for problem in describer.problems] == ['datasource "two", query']


def test_if_one_is_refused_each_is_asked_for():
    describer, _server = together(AS_DECLARED, refuses="q1")
    assert describer.problems == [] and set(describer.types) == {"one", "two"}


def test_no_query_asks_nothing():
    server = Server()
    Describer(server, 170000, None, lambda _definition: "x").describe_together([])
    assert server.statements == []


def test_a_role_that_may_not_be_taken():
    assert may_become(Recorder(), "mon") is None
    assert may_become(Recorder({'"mon"': ProgrammingError("permission denied\nx")}), "mon") == (
        'cannot switch to monitoring_role "mon" to try the queries (permission denied):'
        " log in as a superuser or as a member of that role"
    )
