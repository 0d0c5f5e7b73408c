# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server says of its pg_hba.conf, and the file itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.file import read_text
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.match import Server
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.rules import Rule
from ansible_collections.pgfleet.powa.plugins.module_utils._host.generated import tool_of
from ansible_collections.pgfleet.powa.plugins.module_utils._host.hba import hba_rules
from ansible_collections.pgfleet.powa.plugins.module_utils._host.names import read_clients
from ansible_collections.pgfleet.powa.plugins.module_utils._host.quotes import with_quotes
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import hba as sql


@dataclass(frozen=True)
class HbaRulesState:
    """A server and its file.

    :param unread: whether the file, or another that a reload loads, has changed since the server loaded it
    :param text: the whole file; what is no text in UTF-8 comes back as it was
    """

    server: Server
    unread: bool
    text: str


def read_state(cursor: Any, rules: Sequence[Rule]) -> HbaRulesState:
    """Read the server in one statement, its file, and the names and addresses of the rules.

    :raises PowaError: when the file is not on this host, or cannot be read
    """
    server, unread = _read_server(cursor, rules)
    text = read_text(server.hba_file)
    tool = tool_of(text)
    return HbaRulesState(
        replace(
            server,
            clients=read_clients([rule.address for rule in rules], server.lines),
            generated={server.hba_file: tool} if tool else {},
        ),
        unread,
        text,
    )


def read_lines(cursor: Any, rules: Sequence[Rule], before: Server) -> Server:
    """Read the server again after the file was written; the names of clients do not change by that."""
    return replace(_read_server(cursor, rules)[0], clients=before.clients)


def _read_server(cursor: Any, rules: Sequence[Rule]) -> Any:
    roles = json.dumps(sorted({rule.user for rule in rules}))
    cursor.execute(compose(sql.STATE, roles=literal(roles)))
    ((hba_file, version_num, rows, member_of, unread),) = cursor.fetchall()
    lines = with_quotes(hba_rules(rows, hba_file))
    return Server(version_num, hba_file, lines, member_of), bool(unread)
