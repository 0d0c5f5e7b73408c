# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module hba_rules on real servers: the oracle is a client that logs in or does not."""

from __future__ import annotations

import subprocess
from contextlib import closing
from typing import Any, Dict, Iterator, List

import psycopg2
import pytest
from servers import CONTAINERS, PASSWORD, ModuleResult, Server, module_arguments, on_every_server, read_result
from test_host_info import LIBRARY, install, read, reload
from test_playbooks import examples

ROLE = "hba_login"
#: What others log in by meanwhile. The last line has no end.
OTHERS = "# kept\nlocal all all peer\nhost all postgres all scram-sha-256\n# the end"
REJECT = "host all {0} 0.0.0.0/0 reject".format(ROLE)


class Hba:
    """The pg_hba.conf of a server, and a client of it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        ((self.path,),) = server.sql("postgres", "SHOW hba_file")
        ((self.client,),) = server.sql("postgres", "SELECT host(inet_client_addr())")

    @property
    def text(self) -> str:
        return self.server.shell("cat {0}; echo .".format(self.path))[:-1]

    @property
    def state(self) -> str:
        """The owner, group and mode."""
        return self.server.shell("stat --format='%U %G %a' " + self.path)

    def write(self, text: str) -> None:
        """Write the file, and have the server load it."""
        self.server.shell("cat > " + self.path, input=text)
        reload(self.server)

    def logs_in(self, **options: Any) -> bool:
        """Log in as a client does."""
        login = dict(host=self.server.address, user=ROLE, password=PASSWORD, dbname="postgres", **options)
        try:
            psycopg2.connect(**login).close()
        except psycopg2.OperationalError:
            return False
        return True

    def names_client(self) -> None:
        """Have the server know the client by two names, of which a look-up of the address returns the long one."""
        line = "{0} client.example.com client".format(self.client)
        # Podman mounts the file, and has a name of its own for the client there.
        self.server.shell("(echo '{0}'; cat /etc/hosts) > /tmp/hosts; cat /tmp/hosts > /etc/hosts".format(line))

    def run(self, *addresses: str, check: bool = False, position: str = "last", **rule: Any) -> ModuleResult:
        """Run the module on the host of the server, as the user who owns the file."""
        rules: List[Dict[str, Any]] = [{"user": ROLE, "address": address, **rule} for address in addresses]
        return self.run_with({"rules": rules, "position": position, "login_db": "postgres"}, check)

    def run_with(self, params: Dict[str, Any], check: bool = False) -> ModuleResult:
        """Do the same with all options of a task."""
        install(self.server.container)
        command = [str(CONTAINERS / "podman"), "exec", "--interactive", "--user", "postgres"]
        command += ["--env", "PYTHONPATH=" + LIBRARY, self.server.container, "/usr/bin/python3", "-m"]
        done = subprocess.run(
            [*command, "ansible_collections.pgfleet.powa.plugins.modules.hba_rules"],
            input=module_arguments(params, check),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        return read_result(done.stdout, done.stderr)

    def refused(self, *addresses: str, **options: Any) -> str:
        """Run the module where it is to fail, and see that nothing was written and nothing else is loaded."""
        before = self.text
        result = self.run(*addresses, **options)
        assert result.failed and self.text == before
        checked = self.run(*addresses, check=True, **options)
        assert checked.failed and checked["msg"] == result["msg"] or "was restored" in result["msg"]
        return str(result["msg"])


@pytest.fixture
def hba(server: Server) -> Iterator[Hba]:
    """The file with lines that let in nobody but the user postgres."""
    found = Hba(server)
    # PostgreSQL 13 would keep an MD5 sum.
    create = "SET password_encryption = 'scram-sha-256'; CREATE ROLE {0} LOGIN PASSWORD '{1}'"
    server.sql("postgres", create.format(ROLE, PASSWORD))
    server.shell("cp --preserve {0} {0}.before; cp --preserve /etc/hosts /tmp/hosts.before".format(found.path))
    found.write(OTHERS)
    try:
        yield found
    finally:
        server.shell("mv {0}.before {0}; cat /tmp/hosts.before > /etc/hosts".format(found.path))
        reload(server)
        server.sql("postgres", "DROP ROLE " + ROLE)


def test_the_examples_of_the_documentation_run(hba: Hba) -> None:
    name = "pgfleet.powa.hba_rules"
    tasks = [task[name] for task in examples("modules", "hba_rules") if name in task]
    assert len(tasks) == 2
    for params in tasks:
        assert hba.run_with(params).changed and not hba.run_with(params).changed


@on_every_server
def test_a_login_is_let_in(hba: Hba) -> None:
    assert not hba.logs_in()
    state = hba.state
    checked = hba.run(hba.client, check=True)
    assert hba.text == OTHERS and checked.changed and not hba.logs_in()
    result = hba.run(hba.client)
    assert hba.logs_in() and not result.failed
    assert result.diff == checked.diff and result.diff["before"] == OTHERS and result.diff["after"] == hba.text
    # The last line had no end, and has one now. Nothing else is different.
    lines = hba.text.split("\n")
    assert lines[:-2] == OTHERS.split("\n") and lines[-1] == "" and hba.state == state
    assert lines[-2].split() == ["host", "all", ROLE, hba.client + "/32", "scram-sha-256"]
    decided = {"file": hba.path, "line": 5, "text": " ".join(lines[-2].split())}
    assert result["rules"][0]["state"] == "added" and result["rules"][0]["decided_by"] == decided
    again = hba.run(hba.client)
    assert not again.changed and again.diff == {"before": "", "after": ""} and hba.text.split("\n") == lines
    assert again["rules"][0]["state"] == "present" and again["rules"][0]["decided_by"] == decided


def test_a_line_that_lets_in_more_is_enough(hba: Hba) -> None:
    for line in (
        "host all all 0.0.0.0/0 md5",
        "host postgres,x +hba_group all password",
        "host all {0} samehost trust",
    ):
        hba.server.sql("postgres", "DROP ROLE IF EXISTS hba_group; CREATE ROLE hba_group ROLE " + ROLE)
        hba.write("{0}\n{1}\n".format(OTHERS, line.format(ROLE)))
        address = "127.0.0.1" if "samehost" in line else hba.client
        assert not hba.run(address, database="postgres").changed
        assert "samehost" in line or hba.logs_in()
    hba.server.sql("postgres", "DROP ROLE hba_group")


def test_a_line_that_keeps_the_login_out_is_named_or_comes_later(hba: Hba) -> None:
    hba.write("{0}\n{1}\nhost all all all scram-sha-256\n".format(OTHERS, REJECT))
    assert not hba.logs_in()
    message = hba.refused(hba.client)
    assert message == (
        "{0}, line 5 ({1}) decides first and does not let in role {2} from {3}/32 to all databases by scram-sha-256:"
        " set powa_hba_position (option position) to first, which puts the new line before it, or correct that"
        " line".format(hba.path, REJECT, ROLE, hba.client)
    )
    assert hba.run(hba.client, position="first").changed
    assert hba.logs_in()
    lines = hba.text.split("\n")
    assert lines[5] == REJECT and lines[4].split()[2:4] == [ROLE, hba.client + "/32"]
    assert lines[:4] + lines[5:] == [*OTHERS.split("\n"), REJECT, "host all all all scram-sha-256", ""]
    assert not hba.run(hba.client, position="first").changed


def test_lines_that_together_keep_the_login_out_are_in_the_way(hba: Hba) -> None:
    hba.write("{0}\n{1}\nhost all {2} ::/0 reject\n".format(OTHERS, REJECT, ROLE))
    for address in ("all", "samenet"):
        assert "{0}, line 5 ({1}) decides first".format(hba.path, REJECT) in hba.refused(address)
    assert hba.run("all", position="first").changed and hba.logs_in()


def test_a_word_in_quotes_lets_nobody_in(hba: Hba) -> None:
    hba.write('{0}\nhost "all" {1} all scram-sha-256\nhost all "+{1}" all scram-sha-256\n'.format(OTHERS, ROLE))
    assert not hba.logs_in()
    assert hba.run(hba.client).changed and hba.logs_in()
    assert not hba.run(hba.client).changed


def test_a_password_is_taken_by_a_stricter_method(hba: Hba) -> None:
    hba.write("{0}\nhost all {1} all scram-sha-256\n{2}\n".format(OTHERS, ROLE, REJECT))
    assert not hba.run(hba.client, method="md5").changed and hba.logs_in()


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"method": "skram"}, 'invalid authentication method "skram"'),
        ({"method": "radius"}, "radiusservers"),
        # What PostgreSQL would refuse at its next start.
        ({"method": "ldap", "contype": "hostssl"}, "ldap"),
    ],
)
def test_what_postgresql_refuses_is_put_back_at_once(hba: Hba, rule: Dict[str, str], error: str) -> None:
    ((loaded,),) = hba.server.sql("postgres", "SELECT pg_conf_load_time()")
    changed = hba.server.shell("stat --format=%Y " + hba.path)
    message = hba.refused(hba.client, **rule)
    assert message.startswith("{0} was restored, because with the new lines PostgreSQL would".format(hba.path))
    assert error in message and "{0}, line 5".format(hba.path) in message
    assert hba.server.sql("postgres", "SELECT pg_conf_load_time()") == [(loaded,)]
    assert hba.server.shell("stat --format=%Y " + hba.path) == changed
    assert not hba.server.sql("postgres", "SELECT error FROM pg_hba_file_rules WHERE error IS NOT NULL")


def test_a_certificate_without_encryption_never_reaches_the_file(hba: Hba) -> None:
    assert hba.refused(hba.client, method="cert") == (
        "rule 1, role 'hba_login': found method cert, which PostgreSQL takes only in lines of type hostssl, but the"
        " type is host: set powa_hba_contype (option contype) to hostssl"
    )
    hba.server.shell("systemctl restart 'postgresql@*'")
    with closing(hba.server.connect("postgres")):
        pass


def test_a_file_that_is_broken_already_is_never_written(hba: Hba) -> None:
    hba.server.shell("cat >> " + hba.path, input="\nhots all all all trust\n")
    message = hba.refused(hba.client)
    assert message == (
        '{0}, line 5 has an error (invalid connection type "hots"), and PostgreSQL loads no file with one: correct the'
        " line".format(hba.path)
    )


def test_a_stricter_line_stays_alone(hba: Hba) -> None:
    ((ssl,),) = hba.server.sql("postgres", "SHOW ssl")
    text = "{0}\nhostssl all {1} all scram-sha-256\n".format(OTHERS, ROLE)
    hba.write(text)
    result = hba.run(hba.client)
    assert not result.failed and result.changed == (ssl == "off")
    if ssl == "on":
        assert hba.text == text and hba.logs_in(sslmode="require") and not hba.logs_in(sslmode="disable")
    else:
        # Without encryption such a line matches nobody, as PostgreSQL itself says.
        assert hba.logs_in()


def test_a_line_that_asks_for_a_certificate_stays_alone_and_is_told(hba: Hba) -> None:
    ((ssl,),) = hba.server.sql("postgres", "SHOW ssl")
    text = "{0}\nhostssl all {1} all scram-sha-256 clientcert=verify-full\n".format(OTHERS, ROLE)
    hba.write(text)
    result = hba.run(hba.client)
    assert not result.failed and result.changed == (ssl == "off")
    if ssl == "on":
        assert hba.text == text and not hba.logs_in()
        assert len(result["warnings"]) == 1
        assert "only with a client certificate (clientcert=verify-full)" in str(result["warnings"])


def test_only_encrypted_connections(hba: Hba) -> None:
    ((ssl,),) = hba.server.sql("postgres", "SHOW ssl")
    if ssl == "off":
        assert "record cannot match because SSL is disabled" in hba.refused(hba.client, contype="hostssl")
    else:
        assert hba.run(hba.client, contype="hostssl").changed
        assert hba.logs_in(sslmode="require") and not hba.logs_in(sslmode="disable")


def test_a_name_that_postgresql_would_not_find_becomes_addresses(hba: Hba) -> None:
    hba.names_client()
    result = hba.run("client")
    assert hba.logs_in() and result["resolved"] == {"client": [hba.client + "/32"]}
    assert hba.text.split("\n")[-2].split()[3] == hba.client + "/32"
    assert "client is written as {0}/32".format(hba.client) in str(result.get("warnings"))
    assert not hba.run("client").changed
    seen = read(hba.server.container, client_hosts=["client", "nobody.invalid"])["client_addresses"]
    assert seen == {"client": [{"address": hba.client, "name": "client.example.com"}], "nobody.invalid": []}


def test_a_name_that_postgresql_finds_stays(hba: Hba) -> None:
    hba.names_client()
    result = hba.run("client.example.com")
    assert hba.logs_in() and not result.get("warnings")
    assert hba.text.split("\n")[-2].split()[3] == "client.example.com"
    # The line with a name is enough for the address, too.
    assert not hba.run("client.example.com", "client", hba.client).changed
    assert "this server cannot resolve nobody.invalid, from which role hba_login" in hba.refused("nobody.invalid")


def test_what_a_cluster_manager_writes_stays(hba: Hba) -> None:
    hba.write("# Do not edit this file manually!\n# It will be overwritten by Patroni!\n" + OTHERS)
    message = hba.refused(hba.client)
    assert "add to postgresql.pg_hba of Patroni's configuration: host all hba_login" in message
    assert read(hba.server.container)["server"]["generated"] == {hba.path: "Patroni"}


def test_a_file_that_was_changed_is_loaded(hba: Hba) -> None:
    hba.server.shell("sleep 1.1; cat >> " + hba.path, input="\nhost all all all scram-sha-256\n")
    assert not hba.logs_in()
    result = hba.run(hba.client)
    assert result.changed and result["changes"] == ["reload PostgreSQL"] and hba.logs_in()


@pytest.mark.parametrize("server", ["5"], ids=["powa5"], indirect=True, scope="session")
def test_a_line_of_an_included_file_is_named(hba: Hba) -> None:
    other = hba.path + ".other"
    hba.server.shell("cat > {0}; chown postgres {0}".format(other), input=REJECT + "\n")
    hba.write("{0}\ninclude {1}\n".format(OTHERS, other))
    try:
        assert hba.refused(hba.client).startswith("{0}, line 1 ({1}) decides first".format(other, REJECT))
        assert hba.run(hba.client, position="first").changed
        assert hba.logs_in() and hba.text.split("\n")[-2] == "include " + other
    finally:
        hba.write(OTHERS)
        hba.server.shell("rm " + other)
