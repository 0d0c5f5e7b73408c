# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.catalog import read_lines, read_state
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._hba.examples import rule
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals

ROW = {
    "line_number": 1,
    "type": "host",
    "database": ["all"],
    "user_name": ["all"],
    "address": "all",
    "netmask": None,
    "auth_method": "trust",
    "options": None,
    "error": None,
}


def cursor_of(path, *rows, unread=False):
    return Recorder({"pg_hba_file_rules": [(str(path), 150006, list(rows), {"powa_monitor": ["readers"]}, unread)]})


def test_a_server_and_its_file(tmp_path):
    path = tmp_path / "pg_hba.conf"
    path.write_text("# It will be overwritten by Patroni!\nhost all all all trust\n")
    cursor = cursor_of(path, ROW, unread=True)
    state = read_state(cursor, [rule(), rule("127.0.0.1/32"), rule(user="it's")])
    assert state.unread and state.text == path.read_text()
    assert (state.server.version_num, state.server.hba_file) == (150006, str(path))
    assert state.server.lines[0]["file"] == str(path) and state.server.lines[0]["method"] == "trust"
    assert state.server.member_of == {"powa_monitor": ["readers"]}
    assert state.server.generated == {str(path): "Patroni"} and state.server.clients == {}
    assert literals(cursor.composed[0]) == ['["it\'s", "powa_monitor"]'] and len(cursor.composed) == 1


def test_the_lines_of_a_file_that_was_written(tmp_path):
    path = tmp_path / "pg_hba.conf"
    path.write_text("")
    before = read_state(cursor_of(path), [rule("localhost")]).server
    after = read_lines(cursor_of(path, ROW), [rule()], before)
    assert len(after.lines) == 1 and list(after.clients) == ["localhost"] and before.generated == {}


def test_a_file_of_another_host(tmp_path):
    with pytest.raises(PowaError, match="is not on this host"):
        read_state(cursor_of(tmp_path / "none"), [])


def test_words_in_quotes_are_names(tmp_path):
    path = tmp_path / "pg_hba.conf"
    path.write_text('host "all" all all trust\n')
    rows = [ROW, dict(ROW, file_name=str(tmp_path / "none"))]
    (first, second) = read_state(cursor_of(path, *rows), [rule()]).server.lines
    assert (first["databases"], first["users"], second["databases"]) == (['"all"'], ["all"], ["all"])
