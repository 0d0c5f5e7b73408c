# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The types of all columns: declared, or from whoever has described the query."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_types import resolve_types
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.types import find_type
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
from psycopg2 import ProgrammingError

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


RETURNED = [("mode", "text"), ("held", "integer")]


class Server(Recorder):
    """Describes every query as a mode and an integer."""

    def __init__(self, answers=None):
        super().__init__(answers)
        self.description = [SimpleNamespace(name=name, type_code=find_type(kind).oid) for name, kind in RETURNED]


def resolved(side=REPOSITORY, catalog=None, results=(), server=None, archivist=POWA_5, **changes):
    server = server or Server()
    (found,), problems = resolve_types(server, [definition(**changes)], side, state(archivist, catalog), results)
    return [column.type.name for column in found.columns], problems, server.statements


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
        " declare the types, or run the task on a remote first and pass its result as remote_results"
    ]


def test_remotes_that_disagree():
    other = dict(ANSWER, server="beta", datasources=[dict(ANSWER["datasources"][0], metric_columns=[])])
    other["datasources"][0]["metric_columns"] = [{"name": "held", "type": "bigint"}]
    problems = resolved(results=[ANSWER, other], **WITHOUT)[1]
    assert len(problems) == 1 and problems[0].startswith('datasource "locks": column "held" is bigint on beta, but')


def test_a_paused_datasource_may_have_types_that_nobody_knows():
    assert resolved(state="paused", **WITHOUT)[:2] == (["", ""], [])
    changed = dict(WITHOUT, query="SELECT 1")
    assert resolved(state="paused", catalog=STORED, **changed)[:2] == (["", ""], [])
    assert resolved(state="paused", catalog=STORED, **WITHOUT)[:2] == (["text", "bigint"], [])


@pytest.mark.parametrize("side", [REMOTE, LOCAL], ids=lambda side: side.server_kind[0])
def test_a_server_that_runs_a_new_query_describes_it(side):
    types, problems, statements = resolved(side, **WITHOUT)
    assert (types, problems) == (["text", "integer"], []) and statements


def test_a_declared_type_is_compared_with_that_of_the_query():
    assert 'column "held" is integer, but declared as bigint' in resolved(REMOTE)[1][0]


def test_a_query_that_a_server_has_seen_is_not_described_again():
    seen = catalog_of(wanted(definition(), LOCAL))
    types, problems, statements = resolved(LOCAL, catalog=seen)
    assert (types, problems) == (["text", "bigint"], [])
    assert not any("pg_locks" in statement for statement in statements)


def test_a_role_that_may_not_be_taken_is_told_once():
    refusing = Server({'"mon"': ProgrammingError("permission denied")})
    definitions = [definition(), definition(name="waits")]
    _found, problems = resolve_types(refusing, definitions, REMOTE, state(), ())
    assert len(problems) == 1 and problems[0].startswith('cannot switch to monitoring_role "mon"')


def test_where_there_is_nothing_to_describe_the_role_is_not_needed():
    seen = catalog_of(wanted(definition(), REMOTE))
    refusing = Server({'"mon"': ProgrammingError("permission denied")})
    assert resolved(REMOTE, catalog=seen, server=refusing)[1] == []
