# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a login or a statement that is refused."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core import advice

FAILED = 'connection to server at "db" (10.0.0.1), port 5432 failed: '


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ('FATAL:  database "powa" does not exist', "create the database first, or give another as login_db"),
        ('FATAL:  database "powa" is not currently accepting connections', "allow them again"),
        ('FATAL:  too many connections for role "powa"', "raise the CONNECTION LIMIT of the role or database"),
        ('FATAL:  too many connections for database "powa"', "raise the CONNECTION LIMIT of the role or database"),
        ("FATAL:  sorry, too many clients already", "or raise max_connections"),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER", "or raise max_connections"),
        ('FATAL:  role "x" does not exist', "create the role, or give another as login_user or become_user"),
        ('FATAL:  role "x" is not permitted to log in', "allow it (ALTER ROLE ... LOGIN)"),
        ('FATAL:  permission denied for database "powa"', "GRANT CONNECT ON DATABASE to the role"),
        ("FATAL:  the database system is starting up", "wait until the server accepts connections"),
        ("FATAL:  the database system is shutting down", "wait until the server accepts connections"),
        ("FATAL:  the database system is in recovery mode", "wait until the server accepts connections"),
        ("FATAL:  the database system is not yet accepting connections", "wait until the server accepts connections"),
        ("FATAL:  could not write init file: No space left on device", "free space on the server's disk"),
        ("SSL error: certificate verify failed", "certificate authority of the server's certificate as ca_cert"),
        ('server certificate for "a" does not match host name "b"', "a name that the server's certificate has"),
        ('root certificate file "/x" does not exist', "correct ca_cert, ssl_cert and ssl_key"),
        ("server does not support SSL, but SSL was required", "turn on ssl in the server's configuration"),
        ("FATAL:  password authentication failed for user", "check login_user, login_password, become_user and pg_hba"),
        ("fe_sendauth: no password supplied", "check login_user, login_password, become_user and pg_hba.conf"),
        ("FATAL:  no pg_hba.conf entry for host", "check login_user, login_password, become_user and pg_hba.conf"),
        ('FATAL:  Peer authentication failed for user "x"', "check login_user, login_password, become_user and pg_hba"),
        ('could not translate host name "x" to address: Name or service not known', "correct login_host, or make"),
        ("timeout expired", "check that the server runs, that no firewall is in between, and connect_timeout"),
        ("received invalid response to SSL negotiation: H", "correct login_port: another program"),
        ('invalid port number: "99999999999"', "correct login_port, or the number in connect_params"),
        ("Connection refused", "check that PostgreSQL runs there, and check login_host, login_port and login_unix"),
        ("FATAL:  la base est pleine", "check that PostgreSQL runs there"),
    ],
)
def test_what_helps_depends_on_what_the_server_says(said, cure):
    reason, what_helps = advice.of_login(FAILED + said + "\n")
    assert reason == FAILED + said and cure in what_helps


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("", "no answer"),
        (" \n ", "no answer"),
        (
            "a failed: Connection refused\n\tIs the server running on that host and ...?\n",
            "a failed: Connection refused",
        ),
        ("::1 failed: no\n127.0.0.1 failed: FATAL:  no\nDETAIL:  x\nHINT:  y\n", "127.0.0.1 failed: FATAL:  no"),
    ],
)
def test_the_reason_is_one_line_without_hints(said, reason):
    assert advice.of_login(said)[0] == reason


@pytest.mark.parametrize("code", sorted(advice._STATEMENT))
def test_every_code_and_class_has_its_cure(code):
    assert advice.of_statement(code + "000"[: 5 - len(code)]) == advice._STATEMENT[code]


def test_the_rest_has_none():
    assert advice.of_statement("42P01") == advice.of_statement("") == ""
