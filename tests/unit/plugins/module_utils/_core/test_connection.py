# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Login options, and what is said when no server can be reached with them."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core import connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError

DEFAULTS = {option: spec.get("default") for option, spec in connection.LOGIN_SPEC.items()}
NOWHERE = dict(DEFAULTS, login_unix_socket="/nonexistent", login_port=1)


def parameters(**changes):
    return connection._libpq_parameters(dict(DEFAULTS, **changes))


def test_what_is_not_given_is_left_to_libpq():
    assert parameters() == {"port": 5432, "user": "postgres", "dbname": "powa", "sslmode": "prefer"}


@pytest.mark.parametrize(
    ("option", "parameter"),
    [
        ("login_host", "host"),
        ("login_user", "user"),
        ("login_password", "password"),
        ("login_db", "dbname"),
        ("ssl_mode", "sslmode"),
        ("ca_cert", "sslrootcert"),
        ("ssl_cert", "sslcert"),
        ("ssl_key", "sslkey"),
    ],
)
def test_each_option_has_a_parameter_of_libpq(option, parameter):
    assert parameters(**{option: "x"})[parameter] == "x"


@pytest.mark.parametrize(
    ("host", "used"), [("", "/run/pg"), (None, "/run/pg"), ("localhost", "/run/pg"), ("db", "db"), ("::1", "::1")]
)
def test_the_socket_is_for_the_local_server_only(host, used):
    assert parameters(login_host=host, login_unix_socket="/run/pg")["host"] == used


def test_further_parameters_come_last():
    found = parameters(connect_params={"connect_timeout": 3, "sslmode": "require"})
    assert (found["connect_timeout"], found["sslmode"]) == (3, "require")
    assert parameters(connect_params=None) == parameters()


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ('relation "x" does not exist\nLINE 1: SELECT\n', 'relation "x" does not exist'),
        ("\n  cannot do that  \nDETAIL: none", "cannot do that"),
        ("", "ValueError"),
        (" \n ", "ValueError"),
    ],
)
def test_the_first_line_of_an_error(said, line):
    assert connection.first_line(ValueError(said)) == line


def test_a_server_that_is_not_there():
    with pytest.raises(PowaError) as caught, connection.connected(NOWHERE, True):
        pass
    assert str(caught.value).startswith('database "powa" on /nonexistent, port 1 cannot be reached as postgres (')
    assert str(caught.value).endswith(
        "check that PostgreSQL runs there, and check login_host, login_port and login_unix_socket"
    )


def test_an_unknown_parameter_of_libpq():
    with pytest.raises(PowaError, match="libpq rejects the login options") as caught:
        connection.Connection(dict(NOWHERE, connect_params={"colour": "red"}), True)
    assert "colour" in str(caught.value)


def test_problems_that_need_no_server_are_told_without_one():
    with pytest.raises(ProblemsError) as caught, connection.connected(NOWHERE, True, "the servers", ["a", "b"]):
        pass
    assert caught.value.problems == ["a", "b"]


def test_a_missing_driver_is_named(monkeypatch):
    monkeypatch.setattr(connection.driver, "psycopg2", None)
    with pytest.raises(PowaError, match="psycopg2 is missing on this host: install it"):
        connection.Connection(DEFAULTS, True)


def test_the_password_is_no_log():
    assert connection.LOGIN_SPEC["login_password"]["no_log"] is True
