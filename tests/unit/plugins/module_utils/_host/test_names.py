# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket

from ansible_collections.pgfleet.powa.plugins.module_utils._host.names import read_unresolved


def test_names_that_do_not_resolve(monkeypatch):
    def resolve(name, port):
        if name == "bad.example":
            raise socket.gaierror(-2, "Name or service not known")
        return [] if name == "empty.example" else [name.encode("idna")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    names = ["good.example", "bad.example", "", "/var/run/postgresql", "bad.example", "empty.example", "a" * 64, "::1"]
    assert read_unresolved(names) == ["bad.example", "empty.example", "a" * 64]
    assert read_unresolved(["", "/tmp"]) == []
