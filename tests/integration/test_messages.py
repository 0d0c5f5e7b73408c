# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a real server refuses, and the cure that fits: each is caused on the server, not made up."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from servers import PASSWORD, Database, Server

ROLE = "odd_login"


@pytest.fixture
def role(server: Server) -> Iterator[str]:
    server.sql("postgres", "CREATE ROLE {0} LOGIN PASSWORD '{1}'".format(ROLE, PASSWORD))
    yield ROLE
    server.sql("postgres", "DROP ROLE {0}".format(ROLE))


def said(database: Database, **login: Any) -> str:
    """Return what a module says that cannot log in."""
    result = database.run("history_info", **login)
    assert result.failed and "\n" not in result["msg"], result.result
    return str(result["msg"])


def test_a_login_that_the_server_refuses(database: Database, role: str, tmp_path: Path) -> None:
    database.sql("ALTER ROLE {0} CONNECTION LIMIT 1".format(role))
    with closing(database.server.connect(database.name, role)):
        message = said(database, login_user=role)
    assert "too many connections for role" in message
    assert message.endswith("end sessions that are not needed, or raise the CONNECTION LIMIT of the role or database")
    database.sql("ALTER ROLE {0} CONNECTION LIMIT -1 NOLOGIN".format(role))
    assert said(database, login_user=role).endswith("(ALTER ROLE ... LOGIN), or give another role as login_user")
    database.sql("ALTER ROLE {0} LOGIN".format(role))
    database.sql('REVOKE CONNECT ON DATABASE "{0}" FROM PUBLIC'.format(database.name))
    assert "): GRANT CONNECT ON DATABASE to the role" in said(database, login_user=role)
    database.server.sql("postgres", 'ALTER DATABASE "{0}" ALLOW_CONNECTIONS false'.format(database.name))
    assert "): allow them again (ALTER DATABASE" in said(database)
    assert "create the database first" in said(database, login_db="nix")


def test_a_certificate_that_nobody_vouches_for(database: Database, tmp_path: Path) -> None:
    other = tmp_path / "ca.crt"
    other.write_text(
        database.server.shell("openssl req -x509 -nodes -newkey rsa:2048 -keyout /dev/null -subj /CN=other")
    )
    message = said(database, ssl_mode="verify-ca", ca_cert=str(other))
    assert "certificate verify failed" in message and "password" not in message
    assert message.endswith("the certificate authority of the server's certificate as ca_cert, or another ssl_mode")
    assert said(database, ssl_mode="verify-ca", ca_cert="/nowhere").endswith("correct ca_cert, ssl_cert and ssl_key")


def test_a_server_that_never_answers(database: Database) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        login: Dict[str, Any] = {"login_host": "127.0.0.1", "login_port": silent.getsockname()[1]}
        message = said(database, connect_params={"connect_timeout": 2}, **login)
    assert "timeout expired" in message and "no firewall is in between, and connect_timeout" in message


def test_a_port_that_does_not_exist(database: Database) -> None:
    assert "): correct login_port" in said(database, login_port=99999999999)


@pytest.mark.parametrize("server", ["5"], ids=["powa5"], indirect=True, scope="session")
def test_what_is_left_of_a_copy_of_the_catalog(database: Database) -> None:
    (srvid,) = database.register("one")
    row = (
        "INSERT INTO powa_catalog_role_src_tmp SELECT %s, r.oid, r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole,"
    )
    row += " r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls FROM pg_roles AS r"
    for _copy in range(2):
        database.sql(row, (srvid,))
    database.sql("SELECT powa_take_snapshot(%s)", (srvid,))
    errors = database.errors(srvid)
    assert errors and "powa_catalog_roles_pkey" in errors[0]
    (problem,) = [
        entry
        for entry in database.ok("server_info", collector_timeout=1)["problems"]
        if entry["kind"] == "snapshot_errors"
    ]
    assert problem["subject"] == "catalog_roles" and "twice in the transient table" in problem["cause"]
    cure = problem["cure"].split(": ", 1)[1].split(";")[0]
    assert cure == "DELETE FROM public.powa_catalog_role_src_tmp WHERE srvid = {0}".format(srvid)
    database.sql(cure)
    database.take_snapshot(srvid)
