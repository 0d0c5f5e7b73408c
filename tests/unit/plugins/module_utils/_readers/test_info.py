# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What kind of server it is, as module server_info sees it."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import info
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_5
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
    assert info._server_kind(servers, monitoring_role) == kinds


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
    assert info._read_transient_rows(cursor, POWA_5, tables) == [
        {"table": "powa_a_src_tmp", "srvid": 1, "rows": 3, "oldest_age": 60}
    ]
    assert len(cursor.statements) == 1


def test_where_no_table_may_hold_anything_nothing_is_asked():
    cursor = Recorder()
    assert info._read_transient_rows(cursor, POWA_5, [table("b", live_rows=0)]) == [] and cursor.statements == []
