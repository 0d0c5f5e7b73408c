# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the collector and powa-web use TLS."""

from __future__ import annotations

from typing import Any, Dict

from ansible_collections.pgfleet.powa.plugins.plugin_utils._tls import (
    COLLECTOR_CLIENT,
    WEB_CLIENT,
    reading_of,
    sums_of,
)

VARIABLES: Dict[str, Any] = {
    "powa_collector_sslmode": "verify-full",
    "powa_collector_sslrootcert": "/tls/ca.crt",
    "powa_collector_sslcert": "",
    "powa_web_sslcert": "/tls/web.crt",
    "powa_web_sslkey": "/tls/web.key",
}


def test_the_environment_has_what_is_set() -> None:
    assert COLLECTOR_CLIENT.environment({}) == COLLECTOR_CLIENT.environment({"powa_collector_sslkey": ""}) == []
    assert COLLECTOR_CLIENT.environment(VARIABLES) == [
        ("PGSSLMODE", "verify-full"),
        ("PGSSLROOTCERT", "/tls/ca.crt"),
    ]
    assert WEB_CLIENT.environment(VARIABLES) == [("PGSSLCERT", "/tls/web.crt"), ("PGSSLKEY", "/tls/web.key")]


def test_only_one_mode_checks_names() -> None:
    assert COLLECTOR_CLIENT.checks_names(VARIABLES) and not WEB_CLIENT.checks_names(VARIABLES)
    assert not COLLECTOR_CLIENT.checks_names({"powa_collector_sslmode": "verify-ca"})


def test_where_a_repository_is() -> None:
    given = {**VARIABLES, "powa_repository_host": "/run/postgresql"}
    assert COLLECTOR_CLIENT.address({}, "pg", True) == "localhost"
    assert COLLECTOR_CLIENT.address({}, "pg", False) == COLLECTOR_CLIENT.address(VARIABLES, "pg", True) == "pg"
    assert COLLECTOR_CLIENT.address(given, "pg", True) == "/run/postgresql"
    assert WEB_CLIENT.address(given, "pg", True) == "localhost"


def test_what_is_read_of_a_host() -> None:
    assert reading_of(COLLECTOR_CLIENT, {}) == {"files": [], "secret_files": [], "certificates": []}
    assert reading_of(COLLECTOR_CLIENT, VARIABLES) == {
        "files": ["/tls/ca.crt"],
        "secret_files": [],
        "certificates": [{"user": "powa", "ca": "/tls/ca.crt", "certificate": None, "key": None}],
    }
    assert reading_of(WEB_CLIENT, VARIABLES) == {
        "files": ["/tls/web.crt"],
        "secret_files": ["/tls/web.key"],
        "certificates": [{"user": "powa-web", "ca": None, "certificate": "/tls/web.crt", "key": "/tls/web.key"}],
    }


def test_sums_of_what_was_read() -> None:
    files = {"/tls/ca.crt": {"sha256": "a"}, "/tls/web.crt": {"sha256": None}}
    assert sums_of(COLLECTOR_CLIENT, VARIABLES, {"files": files}) == [("/tls/ca.crt", "a")]
    assert sums_of(COLLECTOR_CLIENT, VARIABLES, {}) == sums_of(WEB_CLIENT, VARIABLES, {"files": files}) == []
