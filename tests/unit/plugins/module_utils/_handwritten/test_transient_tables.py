# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the functions of hand-written datasources to a plan of their transient tables."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.rights import Function, Needed, Right
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables import TransientTablesTask
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._handwritten.tables import (
    APP,
    SOURCE,
    found,
    planned,
    refused,
    server,
    statements,
    task,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


@pytest.mark.parametrize("role", ["", "a\0"])
def test_a_role_that_has_no_name(role):
    assert TransientTablesTask({"tables": [APP], "collector_role": role}).problems == [
        "collector_role: it is empty or contains a zero byte: give a role's name, or leave it out"
    ]


def test_a_collector_role_that_does_not_exist():
    assert task(role="nobody").check(Recorder(), server()) == [
        'collector_role: role "nobody" does not exist on this server: create it first'
    ]


def test_the_login_makes_tables_that_count():
    (problem,) = task().check(Recorder(), server(stranger="app"))
    assert problem.startswith('login_user: role "app" is neither a superuser nor the owner of the extension powa')


def test_the_collector_role_writes_where_powa_has_no_roles():
    plan = task(role="coll").plan(None, server(archivist=POWA_4, functions={("public", "app_src"): SOURCE}))
    assert statements(plan)[-1].endswith('ON TABLE "public"."app_src_tmp" TO "coll"')


def test_what_depends_on_a_replaced_table_is_refused():
    plan = planned(server(found()), state="absent")
    cursor = Recorder({"": [("table", "PoWA", "app_src_tmp", "view v")]})
    assert "view v depends on it" in task().check_plan(cursor, server(), plan, False)[0]


def test_a_right_that_lacks_is_granted_or_refused():
    need = Needed("collector_role", "coll", Function("PoWA", "app_src"), ("EXECUTE",))
    there = server(found(), rights=[Right(need, "postgres", ("EXECUTE",))])
    assert statements(planned(there)) == ['GRANT EXECUTE ON FUNCTION "PoWA"."app_src"(integer) TO "coll"']
    (problem,) = refused(server(found(), rights=[Right(need, "boss", ("EXECUTE",), ("EXECUTE",))]))
    assert problem.startswith('collector_role: role "coll" lacks EXECUTE on function PoWA.app_src(integer)')
