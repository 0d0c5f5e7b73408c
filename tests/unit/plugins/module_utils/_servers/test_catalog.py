# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of a repository as they are."""

from __future__ import annotations

import json

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._servers import catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import Active, found_at
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._servers.repository import repository, specs
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5, definition
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals, render


def test_what_is_registered_and_what_is_active():
    found = Active([("locks", True, [1, 2]), ("locks", False, [3]), ("waits", False, [1])])
    assert found.known == {"locks", "waits"}
    assert (found.registered(1), found.active(1)) == ({"locks", "waits"}, {"locks"})
    assert (found.registered(3), found.active(3)) == ({"locks"}, set())
    assert (found.registered(9), found.active(9)) == (set(), set())


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ({"hostname": "alpha"}, "alpha"),
        ({"hostname": "new"}, "new"),
        ({"hostname": "new", "renamed_from": {"hostname": "alpha", "port": 5432}}, "alpha"),
        ({"hostname": "new", "renamed_from": {"hostname": "old", "port": 5432}}, "new"),
        ({"hostname": "beta", "renamed_from": {"hostname": "alpha", "port": 5432}}, "beta"),
    ],
)
def test_where_a_server_is_registered_now(server, address):
    assert found_at(specs(server)[0], repository()) == (address, 5432)


def test_which_servers_were_declared():
    assert repository(declared=frozenset([1])).is_declared(1)
    assert not repository(declared=frozenset([1])).is_declared(2) and not repository(declared=None).is_declared(1)


def test_declared_servers_are_read_where_they_are_kept():
    cursor = Recorder({"to_regclass": [(True, False, None)], "FROM": [(1,), (4,)]})
    assert catalog._read_declared(cursor, POWA_5) == ({1, 4}, None)
    assert literals(cursor.composed[0]) == ['"PoWA".powa_declared_servers']
    assert catalog._read_declared(Recorder({"to_regclass": [(False, None, None)]}), POWA_5) == (None, None)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ((True, False, "m"), 'belongs to role "m", which is neither a superuser nor the owner of the extension powa'),
        ((True, True, None), "is not a table"),
    ],
)
def test_another_relation_in_place_of_that_table_is_not_read(found, why):
    cursor = Recorder({"to_regclass": [found]})
    declared, refusal = catalog._read_declared(cursor, POWA_5)
    assert declared is None and len(cursor.statements) == 1
    assert refusal == (
        '"PoWA".powa_declared_servers, where this module lists the servers that tasks declare, {0}:'
        " look at it and drop it"
    ).format(why)


@pytest.mark.parametrize("archivist", [POWA_4, POWA_5], ids=["4", "5"])
def test_which_datasources_are_asked_for(archivist):
    cursor = Recorder({"SELECT": [("locks", True, [1])]})
    found = catalog.read_active(cursor, archivist, [definition(extension="x")])
    assert found.active(1) == {"locks"}
    (asked,) = json.loads(literals(cursor.composed[0])[0])
    assert (asked["name"], asked["module"], asked["of_databases"]) == ("locks", "x", False)
    assert "powa_locks_snapshot" in asked["functions"]


def test_retentions_are_read_together_and_wrong_ones_named():
    cursor = Recorder({"interval": [("7 days", "7 days", 604800), ("0", "00:00:00", 0)]})
    found, problems = catalog.read_retentions(
        cursor, specs({"hostname": "a", "retention": "7 days"}, {"hostname": "b", "retention": "0"}, {"hostname": "c"})
    )
    assert found["7 days"] == ("7 days", 604800.0)
    assert problems == ['server "b:5432", retention: found "0", expected a positive interval, such as "7 days"']


def test_on_powa_4_a_deletion_has_to_empty_the_transient_tables():
    cursor = Recorder({"pg_class": [("public", "powa_locks_src_tmp")]})
    assert [render(table) for table in catalog.read_transient_tables(cursor, POWA_4)] == [
        '"public"."powa_locks_src_tmp"'
    ]
    assert catalog.read_transient_tables(cursor, POWA_5) == []
