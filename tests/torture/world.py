# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Databases that are copies of a prepared one, and everything that a server holds as one text."""

from __future__ import annotations

import contextlib
import difflib
import itertools
import re
import time
from typing import Any, Dict, Iterator, List, Optional, Tuple

import psycopg2
from servers import Database, Server, wait_until

_COPIED = re.compile(r"^(COPY [^\n]* FROM stdin;\n)(.*?)(^\\\.$)", re.MULTILINE | re.DOTALL)
#: A value that was taken from a sequence does not come back, and a crash skips some.
_SEQUENCE = re.compile(r"^SELECT pg_catalog\.setval\(.*\n", re.MULTILINE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?([+-]\d\d)?")
_ROLE = (
    "rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,"
    " rolconnlimit, rolvaliduntil"
)
_ROLES = """
    SELECT {0}, rolpassword IS NOT NULL, rolconfig FROM (
        SELECT a.*, (SELECT s.setconfig FROM pg_db_role_setting AS s WHERE s.setrole = a.oid AND s.setdatabase = 0)
            AS rolconfig
        FROM pg_authid AS a
    ) AS a
    ORDER BY 1
""".format(_ROLE)
_MEMBERS = "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members ORDER BY 1, 2"
_SEQUENCES = """
    SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value), last_value IS NOT NULL
    FROM pg_sequences
"""
#: Nobody but what a hostile text brings in makes or changes these.
_CANARY = """
    CREATE TABLE public.canary (alive boolean);
    INSERT INTO public.canary VALUES (true);
    GRANT ALL ON public.canary TO PUBLIC;
"""
_PLANTED = "/tmp/torture-planted"


#: The server's processes notice that their parent is gone, all but those that are busy.
_END = """
    gone() {{
        for turn in $(seq 15); do pgrep -u postgres -x postgres > /dev/null || return 0; sleep 0.1; done
        return 1
    }}
    all=$(pgrep -u postgres -x postgres || true)
    kill -{0} $(head -n 1 /var/lib/postgresql/*/main/postmaster.pid) || true
    gone || {{ kill -KILL $all || true; gone; }}
"""
#: Without systemd, which would wait for what was killed, and soon refuse to start it that often.
_START = """
    version=$(pg_lsclusters --no-header | awk '{print $1; exit}')
    for turn in 1 2 3; do
        pg_ctlcluster --skip-systemctl-redirect "$version" main start < /dev/null > /tmp/torture-start 2>&1 && exit 0
        sleep 1
    done
    { cat /tmp/torture-start; tail -n 20 /var/log/postgresql/*.log; } >&2
    exit 1
"""


class Broken(Exception):
    """What must never happen.

    :param diff: between what was expected and what was found
    """

    def __init__(self, what: str, diff: str = "") -> None:
        super().__init__(what)
        self.diff = diff


class Notes:
    """What a round has to say, and how much it did."""

    def __init__(self) -> None:
        self.said: List[str] = []
        self.done = 0

    def say(self, text: str) -> None:
        """Add some words."""
        self.said.append(text)


class World:
    """A server, with the databases that were made on it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._numbers = itertools.count(1)
        self._connection: Any = None
        self._last: Optional[Tuple[Any, str]] = None
        self._roles = self._authid()
        self._members = set(self._query(_MEMBERS))

    @property
    def powa(self) -> str:
        """The major version of PoWA."""
        return self.server.powa

    def database(self, template: Optional[Database] = None) -> Database:
        """Return a new database, a copy of another or of the one with PoWA."""
        name = "torture_{0}".format(next(self._numbers))
        source = template.name if template else "powa_template"
        if template:
            self.wait_for_sessions(template)
        self._query('CREATE DATABASE "{0}" TEMPLATE "{1}"'.format(name, source))
        database = Database(self.server, name)
        if not template:
            database.sql(_CANARY)
        return database

    def drop(self, *databases: Database) -> None:
        """Drop databases, and undo what was done to roles."""
        for database in databases:
            self._query('DROP DATABASE IF EXISTS "{0}" WITH (FORCE)'.format(database.name))
        self._restore_roles()

    @contextlib.contextmanager
    def copy(self, template: Database) -> Iterator[Database]:
        """Yield a copy that is dropped in the end."""
        database = self.database(template)
        try:
            yield database
        except BaseException:
            # What went wrong says more than what this may say.
            with contextlib.suppress(psycopg2.Error):
                self.drop(database)
            raise
        self.drop(database)

    def state(self, database: Database, without_times: bool = False) -> str:
        """Return everything that a database holds, and the roles of the server.

        :param without_times: for what is new at each run
        """
        dump = database.dump()
        # At the same moment there is the same text.
        asked = (database.name, dump.moment, without_times)
        if self._last is None or self._last[0] != asked:
            self._last = (asked, _in_order(dump.text, without_times))
        text = self._last[1]
        return "\n".join([text, *map(str, self._query(_ROLES)), *map(str, self._query(_MEMBERS))])

    def check_commands(self) -> None:
        """See that no text was taken for a command of the operating system.

        :raises Broken: if one was
        """
        if self.shell("ls {0} 2> /dev/null || true".format(_PLANTED)):
            self.shell("rm -f " + _PLANTED)
            raise Broken("a hostile text has run as a command of the operating system")

    def check_canary(self, database: Database) -> None:
        """See that no text was taken for SQL or a command.

        :raises Broken: if one was
        """
        found = database.sql("SELECT count(*), bool_and(alive), to_regclass('public.planted') FROM public.canary")
        if found != [(1, True, None)]:
            raise Broken("a hostile text has run as SQL: the canary is {0}".format(found))
        if self._query("SELECT FROM pg_roles WHERE rolname = 'planted' OR rolsuper AND rolname LIKE 'nobody%'"):
            raise Broken("a hostile text has run as SQL: it has made a role, or a superuser of one")
        self.check_commands()

    def sequences(self, database: Database) -> List[Tuple[Any, ...]]:
        """Return where the sequences are."""
        return database.sql(_SEQUENCES)

    def set_sequences(self, database: Database, sequences: List[Tuple[Any, ...]]) -> None:
        """Set the sequences that are still there."""
        there = {name for name, _value, _called in self.sequences(database)}
        for sequence in sequences:
            if sequence[0] in there:
                database.sql("SELECT setval(%s::regclass, %s, %s)", sequence)

    def terminate(self, backend: int) -> None:
        """End a session, as an administrator does."""
        self._query("SELECT pg_terminate_backend({0})".format(backend))

    def shell(self, script: str) -> str:
        """Run a script in the container."""
        return self.server.shell(script)

    def kill_backend(self, backend: int) -> None:
        """Kill a backend, and wait until the server has noticed, which then ends all sessions and recovers."""
        self._query("SELECT")
        if self.shell("kill -9 {0} 2> /dev/null && echo killed || true".format(backend)):
            # It may have been ending by itself.
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                try:
                    self._query("SELECT")
                except psycopg2.Error:
                    return
                time.sleep(0.02)

    def restart(self, signal: str) -> None:
        """End the server with a signal, and start it."""
        self.shell(_END.format(signal))
        self.shell(_START)

    def revive(self) -> None:
        """Start the server if an earlier round has left it dead."""
        if not self._answers():
            self.restart("KILL")
            self.wait_for_server()

    def wait_for_server(self) -> None:
        """Wait until the server takes connections."""
        wait_until(self._answers, "PostgreSQL takes connections again")

    def wait_for_sessions(self, database: Database) -> None:
        """Wait until nobody is connected to a database."""
        self.server.disconnect()
        sessions = "SELECT FROM pg_stat_activity WHERE datname = '{0}'".format(database.name)
        wait_until(lambda: not self._query(sessions), "the last session in {0} ends".format(database.name))

    def close(self) -> None:
        """End the session with the server."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _answers(self) -> bool:
        self.close()
        try:
            self._query("SELECT")
        except psycopg2.Error:
            return False
        return True

    def _query(self, statement: str) -> List[Tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = self.server.connect("postgres")
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            # Rows may have no columns.
            return [] if cursor.description is None else list(cursor.fetchall())

    def _authid(self) -> Dict[str, Tuple[Any, ...]]:
        rows = self._query("SELECT {0}, rolpassword FROM pg_authid".format(_ROLE))
        return {row[0]: row[1:] for row in rows}

    def _restore_roles(self) -> None:
        found = self._authid()
        if found == self._roles and set(self._query(_MEMBERS)) == self._members:
            return
        for name in set(found) - set(self._roles):
            self._query('DROP ROLE "{0}"'.format(name.replace('"', '""')))
        for role, member in set(self._query(_MEMBERS)) - self._members:
            self._query("REVOKE {0} FROM {1}".format(role, member))
        with self._connection.cursor() as cursor:
            for name, values in self._roles.items():
                if found.get(name) != values:
                    columns = _ROLE.replace("rolname, ", "") + ", rolpassword"
                    cursor.execute(
                        "UPDATE pg_authid SET ({0}) = ({1}) WHERE rolname = %s".format(
                            columns, ", ".join(["%s"] * len(values))
                        ),
                        (*values, name),
                    )


def _in_order(dump: str, without_times: bool) -> str:
    """Return a dump without what differs from run to run."""
    text = _SEQUENCE.sub("", dump)
    text = _COPIED.sub(lambda found: found[1] + "".join(sorted(found[2].splitlines(True))) + found[3], text)
    if without_times:
        text = _TIME.sub("TIME", re.sub(r"datetime\.datetime\(.*?\)\)?\)", "TIME", text))
    return text


def compare(expected: str, found: str, lines: int = 80) -> str:
    """Return the diff of two states, cut after some lines."""
    diff = list(difflib.unified_diff(expected.splitlines(), found.splitlines(), "expected", "found", lineterm="", n=1))
    cut = ["... and {0} lines more".format(len(diff) - lines)] if len(diff) > lines else []
    return "\n".join([line[:300] for line in diff[:lines]] + cut)


def pause(seconds: float) -> None:
    """Wait for as long as the moment of a kill says."""
    if seconds > 0:
        time.sleep(seconds)
