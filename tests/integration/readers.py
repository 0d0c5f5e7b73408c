# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins that are no superusers: the role that only reads, as the role repository makes it, and lesser ones."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, Iterator, List

from ansible_collections.pgfleet.powa.plugins.plugin_utils._rights import reader_rights
from servers import PASSWORD, Database
from test_host_info import read

READER = "reader_of_test"
#: What differs from one moment to the next, the sentence of a problem among them.
_OF_THE_MOMENT = ("age", "oldest_age", "size", "problem")
#: What even that role does not see: files may hold passwords, and PoWA 5's own role reads those in powa_servers.
FILES = {"part": "libraries.configured", "lacks": ["EXECUTE on function pg_catalog.pg_show_all_file_settings()"]}
PASSWORDS = {"part": "servers[].password_stored", "lacks": ["SELECT (password) on public.powa_servers"]}
HIDDEN = {"4": [FILES, PASSWORDS], "5": [FILES]}


@contextmanager
def a_login(database: Database, *groups: str) -> Iterator[str]:
    """Make a login that is a member of these roles."""
    database.sql("CREATE ROLE {0} LOGIN PASSWORD %s".format(READER), (PASSWORD,))
    try:
        for group in groups:
            database.sql("GRANT {0} TO {1}".format(group, READER))
        yield READER
    finally:
        database.sql("DROP OWNED BY {0}".format(READER))
        database.sql("DROP ROLE {0}".format(READER))


@contextmanager
def a_reader(database: Database) -> Iterator[str]:
    """Make a login with the rights of powa_reader_role, in one go as one run does."""
    with a_login(database) as role:
        for statement in lacking(database):
            database.sql(statement)
        assert lacking(database) == []
        yield role


def lacking(database: Database) -> List[str]:
    """Return the statements of the role repository, by what the module host_info reads."""
    seen = read(database.server.container, database=database.name, repository=True, reader_role=READER)
    assert seen["unseen"] == []
    return reader_rights(seen, READER)


def without_ages(result: Dict[str, Any]) -> Dict[str, Any]:
    """Return a result of server_info without what differs from one moment to the next."""
    return {name: _ageless(value) for name, value in result.items() if name not in ("invocation", "not_visible")}


def _ageless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ageless(each) for name, each in value.items() if name not in _OF_THE_MOMENT}
    return [_ageless(each) for each in value] if isinstance(value, list) else value
