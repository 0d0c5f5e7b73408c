# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a repository has of hand-written datasources."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten import functions_state
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_spec import parse_datasources
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.functions_state import (
    FunctionsState,
    declared_snapshot,
    known_functions,
    read_state,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._handwritten.registrations import (
    APP,
    known,
    repository,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


def spec(**changes):
    (found,), problems = parse_datasources([dict(APP, **changes)])
    assert problems == []
    return found


def test_where_functions_are():
    own, brought = repository(), repository(extensions={"app": "app"})
    assert (own.external(spec()), own.schema(spec())) == (False, "PoWA")
    assert (brought.external(spec()), brought.schema(spec())) == (True, "app")
    assert brought.schema(spec(external=False)) == "PoWA" and own.schema(spec(external=True)) is None
    # What PoWA itself says of it counts, and on PoWA 4 all are in its own schema.
    assert repository(registry=known(external=True)).external(spec())
    assert repository(POWA_4, extensions={"app": "app"}).schema(spec(external=True)) == POWA_4.schema


def test_the_servers_of_a_datasource():
    there = repository()
    assert there.srvids(spec()) == [1, 2] and there.srvids(spec(servers=["local", "beta"])) == [0, 2]
    assert there.known("app") is None and repository(registry=known()).known("app") is not None


def test_operations_that_this_powa_does_not_know():
    unregister = {"operation": "unregister", "function_name": "app_unregister"}
    both = spec(functions=[*APP["functions"], unregister])
    assert len(known_functions(both, repository())) == 2 and len(known_functions(both, repository(POWA_4))) == 3
    assert declared_snapshot("app") == "powa_app_snapshot"


def test_a_repository_is_read_in_a_fixed_number_of_statements(monkeypatch):
    cursor, many = Recorder(), Recorder()
    monkeypatch.setattr(functions_state, "detect_archivist", lambda _cursor: POWA_4)
    found = read_state(cursor, [spec()])
    assert isinstance(found, FunctionsState) and (found.functions, found.tables, found.rights) == ({}, {}, ())
    read_state(many, [spec(), spec(name="other"), spec(name="third")])
    assert len(cursor.statements) == len(many.statements)
