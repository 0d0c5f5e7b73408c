# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What kind of server it is, as module server_info sees it."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import info
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5, visible
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder

FAR, OFF, ITSELF = {"srvid": 1, "enabled": True}, {"srvid": 0, "enabled": False}, {"srvid": 0, "enabled": True}


@pytest.mark.parametrize(
    ("servers", "monitoring_role", "kinds"),
    [
        ([], None, ["remote"]),
        ([], "mon", ["remote"]),
        ([OFF], None, ["remote"]),
        ([FAR], None, ["repository"]),
        ([FAR], "mon", ["remote", "repository"]),
        ([ITSELF], None, ["local"]),
        ([ITSELF, FAR], None, ["repository", "local"]),
    ],
)
def test_what_a_server_is(servers, monitoring_role, kinds):
    assert info._server_kind(servers, monitoring_role, True) == kinds


def test_a_server_of_which_nothing_is_visible_is_of_no_kind():
    assert info._server_kind([], None, False) == [] and info._server_kind([], "mon", False) == ["remote"]


@pytest.mark.parametrize(
    ("hidden", "parts"),
    [
        ({}, []),
        ({"powa_servers": []}, ["datasources[].server_kind", "server_kind"]),
        ({"powa_functions": []}, ["datasources[].server_kind"]),
    ],
)
def test_what_tells_the_kind(hidden, parts):
    seen = visible(hidden)
    assert info._sees_kind(POWA_4, seen) is (not parts) and sorted(seen.gaps) == parts


def test_the_highest_number_of_a_server():
    numbers = {"powa_servers_id_seq": [(9,)]}
    seen, blind = visible(), visible({"powa_servers_id_seq": []})
    assert info._read_last_srvid(Recorder(numbers), POWA_5, [FAR], seen) == 9 and not seen.gaps
    assert info._read_last_srvid(Recorder(), POWA_5, [FAR], blind) == 1 and blind.hides("collector.workers")
    # Without remotes there is no collector to ask.
    assert info._read_last_srvid(Recorder(), POWA_5, [OFF], visible(blind.hidden)) == 0


def test_tables_that_only_the_registry_names():
    cursor, blind = Recorder({"pg_class": []}), visible({"powa_functions": []})
    assert info._read_tables(cursor, POWA_5, blind) == []
    assert sorted(blind.gaps) == ["tables", "transient_rows"] and "powa_functions" not in cursor.statements[0]


def table(name, **changes):
    return dict({"name": name, "transient": True, "has_times": True, "live_rows": 3}, **changes)


def test_rows_that_were_left_behind():
    cursor = Recorder({"powa_a_src_tmp": [("powa_a_src_tmp", 1, 3, 60)]})
    tables = [
        table("powa_a_src_tmp"),
        table("b", live_rows=0),
        table("c", transient=False),
        table("d", has_times=False),
    ]
    assert info._read_transient_rows(cursor, POWA_5, tables, visible()) == [
        {"table": "powa_a_src_tmp", "srvid": 1, "rows": 3, "oldest_age": 60}
    ]
    assert len(cursor.statements) == 1


def test_where_no_table_may_hold_anything_nothing_is_asked():
    cursor = Recorder()
    blind = visible({"b": [], "c": ["srvid"]})
    assert info._read_transient_rows(cursor, POWA_5, [table("b", live_rows=0)], blind) == [] and not blind.gaps
    assert info._read_transient_rows(cursor, POWA_5, [table("c")], blind) == [] and cursor.statements == []
    assert blind.returned() == [{"part": "transient_rows", "lacks": ['SELECT (ts) on "PoWA".c']}]
