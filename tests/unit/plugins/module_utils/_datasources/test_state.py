# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server as a task about datasources finds it."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import Schema, read_state
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    LOCAL,
    POWA_5,
    REMOTE,
    REPOSITORY,
    definition,
    state,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals

FOUND = state(
    POWA_5,
    schemas={"App": Schema('"App"', True, False), "ext": Schema("ext", True, False)},
    extension_schemas={"x": "ext"},
)


@pytest.mark.parametrize(
    ("changes", "schemas"),
    [
        ({}, []),
        ({"search_path": ["App"]}, ["App"]),
        ({"extension": "x"}, ["ext"]),
        ({"extension": "not_here"}, []),
        ({"search_path": ["App"], "extension": "x"}, ["App", "ext"]),
    ],
)
def test_the_schemas_of_a_query(changes, schemas):
    assert FOUND.query_schemas(definition(**changes)) == schemas
    assert FOUND.quoted_query_schemas(definition(**changes)) == [FOUND.schemas[name].quoted for name in schemas]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"search_path": ["App"]}, 'pg_catalog, "PoWA", "App", pg_temp'),
        ({"scope": "database"}, "pg_catalog"),
    ],
)
def test_where_a_query_looks_up_names(changes, path):
    assert FOUND.query_path(definition(**changes)) == path


@pytest.mark.parametrize(
    ("srvid", "side", "by_powa", "local_mode", "manages"),
    [
        (None, REMOTE, False, True, True),
        (1, REPOSITORY, False, True, True),
        (1, LOCAL, False, True, False),
        (0, LOCAL, False, True, True),
        (0, REPOSITORY, False, True, False),
        (0, REPOSITORY, False, False, True),
        (0, REPOSITORY, True, True, True),
    ],
)
def test_whose_rows_a_task_manages(srvid, side, by_powa, local_mode, manages):
    key = {"extname": "locks"} if srvid is None else {"srvid": srvid, "extname": "locks"}
    row = Row("powa_extension_config", key, {"added_manually": not by_powa})
    assert state(POWA_5, local_mode=local_mode).manages(row, side) is manages


ANSWERS = {
    "extversion": [("4.1.4", "public", "public", 150000, "powa")],
    "current_setting('powa.coalesce'": [(False, None)],
}


def test_the_schemas_of_extensions():
    installed = [("x", "ext"), ("y", "ext"), ("z", "Ext")]
    recorder = Recorder({**ANSWERS, "x.extname OPERATOR": [('"Ext"', None, None)], "e.extname, n.nspname": installed})
    of_databases = definition(query="SELECT {z}.a, {y}.b, {w}.c", scope="database")
    found = read_state(recorder, ["locks"], [definition(extension="x"), of_databases], REMOTE)
    assert [["w", "x", "y", "z"]] in [literals(statement) for statement in recorder.composed]
    # What is installed and not found has something of that name beside it.
    assert found.named_schemas == {"z": '"Ext"', "y": None}


@pytest.mark.parametrize("side", [REMOTE, REPOSITORY])
def test_what_is_read_of_a_server_that_only_remotes_are_collected_from(side):
    found = read_state(Recorder(ANSWERS), ["locks"], [definition()], side)
    assert (found.own_queries, found.histories) == (None, None)
