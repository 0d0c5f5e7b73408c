# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers are registered by PoWA's functions, each of them or one for all."""

from __future__ import annotations

import json

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa4 import Archivist4
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.registering import Extension, registering
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals

POWA_4_0 = Archivist4((4, 0, 1), "public", "public", 130000)
SERVERS = [{"hostname": name, "port": 5432, "alias": None} for name in ("a", "b", "c")]
NUMBERS = [("a", 5432, 7), ("b", 5432, 8), ("c", 5432, 9)]
EXTENSIONS = [Extension(7, "pg_qualstats"), Extension(8, "pg_qualstats"), Extension(8, "pg_stat_kcache")]


def recorder(unregistered=()):
    return Recorder({"r (hostname text, port integer)": NUMBERS, "NOT EXISTS": list(unregistered)})


def told(cursor, part):
    """Return what each statement with this part is told."""
    return [
        json.loads(next(value for value in literals(composed) if isinstance(value, str)))
        for composed, statement in zip(cursor.composed, cursor.statements)
        if part in statement
    ]


def copied(cursor):
    """Return the tables into which rows are copied."""
    return [statement.split()[2].split(".")[1] for statement in cursor.statements if "c (original" in statement]


def test_powa_5_registers_each_server():
    cursor = recorder()
    assert registering(cursor, POWA_5).register(SERVERS) == {("a", 5432): 7, ("b", 5432): 8, ("c", 5432): 9}
    assert told(cursor, "powa_register_server") == [SERVERS] and copied(cursor) == []


@pytest.mark.parametrize(
    ("archivist", "tables"),
    [
        (POWA_4, ['"powa_snapshot_metas"', '"powa_extensions"', '"powa_functions"']),
        (POWA_4_0, ['"powa_snapshot_metas"', '"powa_functions"']),
    ],
)
def test_powa_4_registers_one_server_and_its_rows_are_copied(archivist, tables):
    cursor = recorder()
    assert registering(cursor, archivist).register(SERVERS) == {("a", 5432): 7, ("b", 5432): 8, ("c", 5432): 9}
    assert told(cursor, "powa_register_server") == [SERVERS[:1]]
    assert told(cursor, "powa_servers (hostname") == [SERVERS[1:]]
    assert copied(cursor) == tables
    assert told(cursor, "c (original") == [[{"original": 7, "name": None, "srvids": [8, 9]}]] * len(tables)


def test_one_server_is_registered_without_a_copy():
    cursor = Recorder({"r (hostname text, port integer)": NUMBERS[:1]})
    assert registering(cursor, POWA_4).register(SERVERS[:1]) == {("a", 5432): 7}
    assert copied(cursor) == [] and not told(cursor, "powa_servers (hostname")


def test_powa_4_activates_an_extension_of_one_server_that_lacks_it():
    cursor = recorder([("pg_qualstats", [7, 8]), ("pg_stat_kcache", [8])])
    registering(cursor, POWA_4).activate(EXTENSIONS)
    assert len(told(cursor, "enabled = True")) == 1
    assert told(cursor, "powa_activate_extension") == [
        [{"srvid": 7, "name": "pg_qualstats"}, {"srvid": 8, "name": "pg_stat_kcache"}]
    ]
    assert copied(cursor) == ['"powa_extensions"', '"powa_functions"']
    assert told(cursor, "c (original") == [[{"original": 7, "name": "pg_qualstats", "srvids": [8]}]] * 2


def test_powa_4_calls_nothing_where_the_rows_are_there():
    cursor = recorder()
    registering(cursor, POWA_4).activate(EXTENSIONS)
    registering(cursor, POWA_4).deactivate(EXTENSIONS)
    assert not told(cursor, "powa_activate_extension") and not told(cursor, "powa_deactivate_extension")
    assert copied(cursor) == [] and len(told(cursor, "enabled = False")) == 1


def test_powa_5_activates_and_deactivates_on_each_server():
    cursor = recorder()
    registering(cursor, POWA_5).activate(EXTENSIONS)
    registering(cursor, POWA_5).deactivate(EXTENSIONS)
    everything = [extension._asdict() for extension in EXTENSIONS]
    assert told(cursor, "powa_activate_extension") == told(cursor, "powa_deactivate_extension") == [everything]
