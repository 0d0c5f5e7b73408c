# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read of a PostgreSQL."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.plugin_utils._server_settings import (
    Include,
    NextStart,
    loaded_libraries,
    server_of,
)

SEEN = {
    "config_file": "/etc/postgresql.conf",
    "version_num": 150006,
    "settings": {
        "port": {"value": "5433", "source": "command line"},
        "shared_preload_libraries": {"value": '"$libdir/powa", a', "source": "configuration file"},
    },
    "file_settings": [
        {"name": "port", "value": "5432", "file": "/etc/postgresql.conf", "line": 3, "applied": True, "error": None},
        {"name": None, "value": None, "file": None, "line": None, "applied": False, "error": "bad"},
    ],
}


def test_a_server():
    server = server_of(SEEN)
    assert server.running["port"] == "5433" and server.command_line == ["port"]
    assert [line.value for line in server.lines] == ["5432", ""] and [line.error for line in server.errors] == ["bad"]
    assert server.last("port") == 0 and server.last("x") is None
    assert loaded_libraries(server) == ["powa", "a"]
    assert (server.includes, server.next_start, server.generated) == (None, None, {})


def test_what_decides_the_next_start():
    include = {"file": "/a", "line": 1, "kind": "include", "path": "/b", "commented": False}
    start = {"settings": {"port": "1"}, "error": ""}
    libraries = {"powa": "/lib/powa.so", "lost": None}
    server = server_of({**SEEN, "includes": [include], "next_start": start, "libraries": libraries})
    assert server.includes == [Include("/a", 1, "include", "/b", False)]
    assert server.next_start == NextStart({"port": "1"}, "")
    assert [server.has_file(name) for name in ("powa", "lost", "unknown")] == [True, False, True]
