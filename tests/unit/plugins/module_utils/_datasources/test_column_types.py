# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The types of all columns: declared, or from whoever has described the query."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_types import resolve_types
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.described_texts import Answer, ReturnedColumn
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.digest import digest_of
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import Typed, find_type
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    LOCAL,
    POWA_5,
    REMOTE,
    REPOSITORY,
    catalog_of,
    definition,
    state,
    wanted,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

pytestmark = pytest.mark.usefixtures("offline_driver")

WITHOUT = {"keys": [{"name": "mode"}], "metrics": [{"name": "held"}]}
ANSWER = {
    "server": "alpha",
    "datasources": [
        {
            "name": "locks",
            "key_columns": [{"name": "mode", "type": "text"}],
            "metric_columns": [{"name": "held", "type": "integer"}],
        }
    ],
}
STORED = catalog_of(wanted(definition()))
NAMELESS = Side(("remote",), None, None)


INTEGER = Answer((ReturnedColumn("mode", 25, "text"), ReturnedColumn("held", 23, "integer")))
#: What a server says of role mon: it is a primary, the role's name, no superuser, no way up.
PRIMARY = (False, "mon", False, None)


class Server:
    """Describes every query as a mode and an integer, and notes the roles that it does so for."""

    def __init__(self, says=PRIMARY, answer=INTEGER):
        self.cursor = Recorder({"pg_is_in_recovery": [says]})
        self.answer = answer
        self.described = []

    def describe(self, _cursor, role, texts):
        self.described.append((role, len(texts)))
        return [self.answer] * len(texts)


def resolution(side=REPOSITORY, catalog=None, results=(), server=None, archivist=POWA_5, roles=("mon",), **changes):
    server = server or Server()
    found = resolve_types(
        server.cursor,
        [definition(**changes)],
        side,
        state(archivist, catalog, roles=list(roles)),
        results,
        server.describe,
    )
    return found, server


def resolved(*args, **changes):
    found, server = resolution(*args, **changes)
    return [column.type.name for column in found.definitions[0].columns], found.problems, server.cursor.statements


def test_declared_types_of_a_repository_need_nobody():
    assert resolved() == (["text", "bigint"], [], [])


def test_a_repository_has_the_types_of_its_remotes():
    assert resolved(results=[ANSWER], **WITHOUT) == (["text", "integer"], [], [])


def test_without_an_answer_the_stored_types_stay():
    assert resolved(catalog=STORED, **WITHOUT) == (["text", "bigint"], [], [])


def test_types_that_nobody_knows():
    types, problems, _statements = resolved(**WITHOUT)
    assert types == ["", ""] and problems == [
        'datasource "locks": no type is declared for mode, held, and no remote has described the query:'
        " declare the types, or run module datasources on a remote first and pass its result as remote_results"
    ]


def test_a_type_that_only_another_server_has():
    by_name = {"keys": [{"name": "mode", "type": "app.mood"}]}
    told = '"mode" is declared as app.mood, which only a server that has the type can resolve, and '
    advice = ": declare the types that the columns get, such as text, or run "
    problems = resolved(**by_name)[1]
    assert problems == [
        'datasource "locks": {0}no remote has described the query{1}module datasources on a remote first and pass its'
        " result as remote_results".format(told, advice)
    ]
    problems = resolved(REMOTE, server=Server((True, "mon", False, None)), **by_name)[1]
    assert problems == [
        'datasource "locks": {0}the server is a standby, where no query can be tried{1}the task on the primary'.format(
            told, advice
        )
    ]
    problems = resolved(**by_name, metrics=[{"name": "held"}])[1]
    assert problems[0].startswith('datasource "locks": no type is declared for held, and ' + told)


def test_remotes_that_disagree():
    other = dict(ANSWER, server="beta", datasources=[dict(ANSWER["datasources"][0], metric_columns=[])])
    other["datasources"][0]["metric_columns"] = [{"name": "held", "type": "bigint"}]
    problems = resolved(results=[ANSWER, other], **WITHOUT)[1]
    assert len(problems) == 1 and problems[0].startswith('datasource "locks": column "held" is bigint on beta, but')


def test_a_remote_that_disagrees_with_a_repository_that_is_its_own_remote():
    both = Side(("remote", "repository"), "mon", None)
    assert resolved(both, results=[ANSWER], **WITHOUT)[:2] == (["text", "integer"], [])
    other = dict(ANSWER, datasources=[dict(ANSWER["datasources"][0], metric_columns=[])])
    assert resolved(both, results=[other], **WITHOUT)[:2] == (["text", "integer"], [])
    other["datasources"][0]["metric_columns"] = [{"name": "held", "type": "bigint"}]
    assert resolved(both, results=[other], **WITHOUT)[1] == [
        'datasource "locks": column "held" is bigint on alpha, but integer on this server: declare its type, and cast'
        " to it in the query"
    ]
    # A declared type is cast to.
    server = Server(answer=Answer((ReturnedColumn("mode", 25, "text"), ReturnedColumn("held", 20, "bigint"))))
    assert resolved(both, results=[ANSWER], server=server)[1] == []


def test_a_paused_datasource_may_have_types_that_nobody_knows():
    assert resolved(state="paused", **WITHOUT)[:2] == (["", ""], [])
    changed = dict(WITHOUT, query="SELECT 1")
    assert resolved(state="paused", catalog=STORED, **changed)[:2] == (["", ""], [])
    assert resolved(state="paused", catalog=STORED, **WITHOUT)[:2] == (["text", "bigint"], [])


@pytest.mark.parametrize("side", [REMOTE, LOCAL], ids=lambda side: side.server_kind[0])
def test_a_server_that_runs_a_new_query_describes_it(side):
    types, problems, statements = resolved(side, **WITHOUT)
    assert (types, problems) == (["text", "integer"], []) and statements


MOOD = Answer((ReturnedColumn("mode", 25, "app.mood", True, True), ReturnedColumn("held", 20, "bigint")))


def cast(*args, **changes):
    found = resolution(*args, **changes)[0]
    return [(column.type.name, column.cast_from) for column in found.definitions[0].keys], found.problems


@pytest.mark.parametrize("declared", [None, "text", "app.mood"])
def test_the_type_that_a_column_is_cast_from_is_kept(declared):
    keys = [{"name": "mode", "type": declared}]
    expected = ([("text", "app.mood")], [])
    assert cast(REMOTE, server=Server(answer=MOOD), keys=keys) == expected
    stored = definition(keys=[{"name": "mode", "type": "app.mood"}]).with_types(
        {"mode": Typed(find_type("text"), "app.mood")}
    )
    seen = catalog_of(wanted(stored, REMOTE))
    found, server = resolution(REMOTE, catalog=seen, keys=keys)
    assert server.described == [] and found.definitions[0].keys[0] == stored.keys[0]
    # It may be another one by now.
    changed = {"keys": [{"name": "mode"}], "query": "SELECT 1"}
    text = Answer((ReturnedColumn("mode", 25, "text"), ReturnedColumn("held", 20, "bigint")))
    assert cast(REMOTE, catalog=seen, server=Server(answer=text), **changed) == ([("text", None)], [])


def test_a_repository_has_what_the_types_of_its_remotes_become():
    answer = {"server": "alpha", "datasources": [{"name": "locks", "key_columns": [{"name": "mode", "type": "text"}]}]}
    answer["datasources"][0]["key_columns"][0]["cast_from"] = "app.mood"
    plain = {"server": "beta", "datasources": [{"name": "locks", "key_columns": [{"name": "mode", "type": "text"}]}]}
    for declared, results, cast_from in (
        (None, [answer, dict(answer, server="gamma")], "app.mood"),
        (None, [answer, plain], None),
        ("app.mood", [answer, plain], "app.mood"),
        ("text", [answer], None),
    ):
        keys = [{"name": "mode", "type": declared}]
        assert cast(results=results, keys=keys) == ([("text", cast_from)], [])
    known, declared = (resolution(results=[answer], keys=[{"name": "mode", "type": of}])[0] for of in (None, "text"))
    assert digest_of(known.definitions[0]) == digest_of(declared.definitions[0])


def test_a_declared_type_is_compared_with_that_of_the_query():
    assert 'column "held" is integer, but declared as bigint' in resolved(REMOTE)[1][0]


def test_a_query_that_a_server_has_seen_is_not_described_again():
    seen = catalog_of(wanted(definition(), LOCAL))
    types, problems, statements = resolved(LOCAL, catalog=seen)
    assert (types, problems) == (["text", "bigint"], [])
    assert not any("pg_locks" in statement for statement in statements)


def test_one_statement_asks_about_the_role_of_any_number_of_queries():
    server = Server()
    definitions = [definition(name=name, **WITHOUT) for name in ("a", "b", "c")]
    resolve_types(server.cursor, definitions, REMOTE, state(), (), server.describe)
    assert len(server.cursor.statements) == 1 and server.described == [("mon", 3)]


@pytest.mark.parametrize("scope", ["cluster", "database"])
def test_on_a_standby_nothing_is_described(scope):
    standby = Server((True, "mon", False, None))
    found, _server = resolution(REMOTE, server=standby, scope=scope)
    assert (found.problems, standby.described) == ([], [])
    found, _server = resolution(REMOTE, server=standby, scope=scope, **WITHOUT)
    assert standby.described == [] and found.problems == [
        'datasource "locks": no type is declared for mode, held, and the server is a standby, where no query can be'
        " tried: declare the types, or run the task on the primary"
    ]


@pytest.mark.parametrize(
    ("says", "problem"),
    [
        (
            (False, "mon", True, "postgres"),
            'monitoring_role: role "mon" is a superuser, and planning a query runs other people\'s code with its'
            ' rights: ALTER ROLE "mon" NOSUPERUSER and GRANT pg_read_all_stats TO "mon", or give another role',
        ),
        (
            (False, "mon", False, "postgres"),
            'monitoring_role: role "mon" is a member of "postgres", and planning a query runs other people\'s code'
            ' with its rights: REVOKE "postgres" FROM "mon", or give another role',
        ),
    ],
)
def test_a_role_with_a_way_up_is_never_described_for(says, problem):
    server = Server(says)
    found, _server = resolution(REMOTE, server=server)
    assert (found.problems, server.described) == ([problem], [])


@pytest.mark.parametrize(
    ("says", "role"), [((False, "postgres", True, "other"), None), ((False, "me", False, None), "me")]
)
def test_without_a_monitoring_role_no_superuser_describes(says, role):
    server = Server(says)
    found, _server = resolution(NAMELESS, server=server, metrics=[{"name": "held", "type": "integer"}])
    assert (found.problems, server.described) == ([], [(role, 1)])


def test_a_monitoring_role_that_does_not_exist_is_not_asked_about():
    found, server = resolution(REMOTE, roles=())
    assert (found.problems, server.described, server.cursor.statements) == ([], [], [])


def test_what_was_not_tried_is_told():
    server = Server(answer=Answer(sqlstate="42501", message="denied"))
    found, _server = resolution(REMOTE, server=server, security_definer=True)
    assert found.problems == [] and len(found.untried) == 1


def test_where_there_is_nothing_to_describe_the_role_is_not_needed():
    seen = catalog_of(wanted(definition(), REMOTE))
    assert resolved(REMOTE, catalog=seen, server=Server((False, "mon", True, None)))[1:] == ([], [])


def test_a_query_of_scope_database_that_the_server_has_seen_is_not_described_again():
    seen = catalog_of(wanted(definition(scope="database"), REPOSITORY, POWA_5))
    both = Side(("remote", "repository"), "mon", None)
    assert resolved(both, catalog=seen, scope="database") == (["text", "bigint"], [], [])
