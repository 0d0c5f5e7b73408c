# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the integration tests."""

from __future__ import annotations

import functools
import itertools
import re
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Set

import pytest
import servers

_NUMBER = itertools.count(1)


@pytest.fixture(scope="session")
def server_of() -> Iterator[Callable[[str], servers.Server]]:
    """A function that starts the server of a suite when it is first asked for it."""
    with ExitStack() as running:
        yield functools.lru_cache(maxsize=None)(lambda key: running.enter_context(servers.running_server(key)))


@pytest.fixture(scope="session", params=sorted(servers.SUITES), ids=lambda powa: "powa" + powa)
def server(request: Any, server_of: Callable[[str], servers.Server]) -> servers.Server:
    """A server with PoWA 4 on PostgreSQL 15, and one with PoWA 5 on PostgreSQL 17."""
    return server_of(request.param)


@pytest.fixture
def make_database(server: servers.Server) -> Iterator[Any]:
    """A function that makes databases with PoWA in them."""
    made = []

    def make() -> servers.Database:
        name = "test_{0}".format(next(_NUMBER))
        server.sql("postgres", 'CREATE DATABASE "{0}" TEMPLATE powa_template'.format(name))
        made.append(name)
        return servers.Database(server, name)

    yield make
    for name in made:
        server.sql("postgres", 'DROP DATABASE "{0}" WITH (FORCE)'.format(name))
    # Local mode makes these for the whole server, the second as member of the role that its test monitors with.
    server.sql("postgres", "DROP ROLE IF EXISTS powa_monitor, powa_queries")


@pytest.fixture
def database(make_database: Any) -> servers.Database:
    """A database with PoWA in it."""
    found: servers.Database = make_database()
    return found


@pytest.fixture
def bare_database(server: servers.Server) -> Iterator[servers.Database]:
    """A database without any extension."""
    name = "test_{0}".format(next(_NUMBER))
    server.sql("postgres", 'CREATE DATABASE "{0}"'.format(name))
    yield servers.Database(server, name)
    server.sql("postgres", 'DROP DATABASE "{0}" WITH (FORCE)'.format(name))


@pytest.fixture
def encoded(request: Any, server: servers.Server) -> Iterator[servers.Database]:
    """A database with PoWA, in the encoding that is the parameter."""
    name = "in_" + request.param.lower()
    server.sql(
        "postgres",
        "CREATE DATABASE {0} ENCODING '{1}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'".format(name, request.param),
    )
    for extension in ("btree_gist", "pg_stat_statements", "powa"):
        server.sql(name, "CREATE EXTENSION " + extension)
    yield servers.Database(server, name)
    server.sql("postgres", "DROP DATABASE {0} WITH (FORCE)".format(name))


def pytest_addoption(parser: Any) -> None:
    parser.addoption(
        "--quick", action="store_true", help="the contract, and one short test of each other file, on PoWA 5"
    )
    parser.addoption(
        "--one-powa",
        action="store_true",
        help="what runs with PoWA 4 and 5 with one of them, half of it with each",
    )


def pytest_collection_modifyitems(config: Any, items: List[Any]) -> None:
    """Leave out with --quick what `make test-quick` has no time for, and begin with what takes minutes."""
    # Begun at the end, it would run while the other workers have nothing to do.
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    if config.getoption("--one-powa"):
        _choose(config, items, _with_one_powa(items))
    if not config.getoption("--quick"):
        return
    short = [item for item in items if item.get_closest_marker("long") is None]
    on_powa_5 = [item for item in short if getattr(item, "callspec", None) is None or _server(item) in ("5", None)]
    seen: Set[Path] = set()
    chosen = []
    for item in on_powa_5:
        if item.path.name == "test_contract.py" or item.path not in seen:
            chosen.append(item)
        seen.add(item.path)
    _choose(config, items, chosen)


def _choose(config: Any, items: List[Any], chosen: List[Any]) -> None:
    kept = set(chosen)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = chosen


def _with_one_powa(items: List[Any]) -> List[Any]:
    cases: Dict[str, List[Any]] = {}
    for item in items:
        cases.setdefault(re.sub(r"\bpowa[45]\b", "powa", item.nodeid), []).append(item)
    # The same ones each time, and in each of pytest's processes.
    kept = {both[zlib.crc32(case.encode()) % len(both)] for case, both in cases.items()}
    return [item for item in items if item in kept]


def _server(item: Any) -> Any:
    return item.callspec.params.get("server")


def pytest_make_parametrize_id(config: Any, val: Any, argname: str) -> Any:
    """Name a case by its text."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", val)[:40] if isinstance(val, str) else None
