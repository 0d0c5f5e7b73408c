# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registers servers, and activates stats extensions on them, by PoWA's own functions."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import Address
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import servers as texts


class Extension(NamedTuple):
    """A stats extension of a registered server."""

    srvid: int
    name: str


class Registering:
    """Calls PoWA's functions once for each server, all of them in one statement."""

    def __init__(self, cursor: Any, archivist: Archivist) -> None:
        self._cursor = cursor
        self._archivist = archivist

    def register(self, servers: Sequence[Mapping[str, Any]]) -> Dict[Address, int]:
        """Register servers, and return their numbers.

        :param servers: all columns of each but the password
        """
        self._call(texts.REGISTER, servers=_json(servers))
        return self._numbers(servers)

    def activate(self, extensions: Sequence[Extension]) -> None:
        """Activate extensions."""
        self._call(texts.ACTIVATE_EXTENSIONS, extensions=_told(extensions))

    def deactivate(self, extensions: Sequence[Extension]) -> None:
        """Deactivate extensions."""
        self._call(texts.DEACTIVATE_EXTENSIONS, extensions=_told(extensions))

    def _execute(self, text: str, **parts: Any) -> None:
        self._cursor.execute(compose(text, schema=identifier(self._archivist.schema), **parts))

    def _call(self, text: str, **parts: Any) -> None:
        """Run a statement that only calls a function of PoWA."""
        with self._archivist.own_search_path(self._cursor):
            self._execute(text, **parts)

    def _numbers(self, servers: Sequence[Mapping[str, Any]]) -> Dict[Address, int]:
        addresses = [{column: server[column] for column in ("hostname", "port")} for server in servers]
        self._execute(texts.NUMBERS, servers=_json(addresses))
        return {(hostname, port): srvid for hostname, port, srvid in self._cursor.fetchall()}


class RegisteringByCopy(Registering):
    """Calls PoWA's functions for one server, and copies for all others what they have written."""

    def register(self, servers: Sequence[Mapping[str, Any]]) -> Dict[Address, int]:
        first, others = servers[:1], servers[1:]
        self._call(texts.REGISTER, servers=_json(first))
        if others:
            self._execute(texts.REGISTER_LIKE, servers=_json(others))
        numbers = self._numbers(servers)
        original = numbers[first[0]["hostname"], first[0]["port"]]
        self._copy([(original, None, [srvid for srvid in numbers.values() if srvid != original])])
        return numbers

    def activate(self, extensions: Sequence[Extension]) -> None:
        self._enable(extensions, True)
        self._execute(texts.UNREGISTERED_EXTENSIONS, extensions=_told(extensions))
        unregistered = [(srvids[0], name, srvids[1:]) for name, srvids in self._cursor.fetchall()]
        if unregistered:
            super().activate([Extension(srvid, name) for srvid, name, _others in unregistered])
            self._copy(unregistered)

    def deactivate(self, extensions: Sequence[Extension]) -> None:
        self._enable(extensions, False)

    def _enable(self, extensions: Sequence[Extension], enabled: bool) -> None:
        self._execute(texts.ENABLE_EXTENSIONS, extensions=_told(extensions), enabled=literal(enabled))

    def _copy(self, copies: Sequence[Tuple[int, Optional[str], List[int]]]) -> None:
        """Copy the rows of servers, or those of one extension of each, for other servers."""
        told = [{"original": original, "name": name, "srvids": srvids} for original, name, srvids in copies if srvids]
        of_extensions = any(name for _original, name, _srvids in copies)
        for table, column in self._archivist.copied_tables if told else ():
            if column or not of_extensions:
                self._execute(
                    texts.COPY_ROWS,
                    table=identifier(self._archivist.schema, table),
                    copies=_json(told),
                    of_extension=compose(texts.OF_EXTENSION, column=identifier(column)) if column else raw("true"),
                )


def registering(cursor: Any, archivist: Archivist) -> Registering:
    """Return the way that takes no longer for each of many servers than for one."""
    kind = RegisteringByCopy if archivist.copied_tables else Registering
    return kind(cursor, archivist)


def _told(extensions: Sequence[Extension]) -> Any:
    return _json([extension._asdict() for extension in extensions])


def _json(value: Any) -> Any:
    return literal(json.dumps(value))
