# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real servers in containers, and databases on them that each test has for itself."""

from __future__ import annotations

import fcntl
import functools
import io
import itertools
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import zlib
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import psycopg2
import psycopg2.extensions
import pytest
from container_shell import ContainerShell
from dumps import Dump
from kept_connections import KeptConnections

ROOT = Path(__file__).resolve().parents[2]
CONTAINERS = ROOT / "tests" / "containers"
PYTHONPATH = str(ROOT / ".collections")
#: Long, and unlike anything else, so that it is found wherever it should not be.
PASSWORD = "Zq7.planted.Xw2"
#: Two checkouts may be tested at the same time.
NETWORK = "pgfleet-tests-{0:08x}".format(zlib.crc32(str(ROOT).encode()))
#: Each worker of pytest-xdist has servers of its own.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
#: What the fixture `server` starts, for every test.
SUITES = {"4": "bookworm", "5": "trixie"}
#: What only some tests ask for: the oldest and the newest PostgreSQL and PoWA.
MORE_SUITES = {"4-pg13": "bullseye", "5-pg18": "forky"}
#: Marks: the test, and every fixture that it uses, has its server from the newest suite, or from each in turn.
on_the_newest_server = pytest.mark.parametrize("server", ["5-pg18"], ids=["powa5-pg18"], indirect=True, scope="session")
on_every_server = pytest.mark.parametrize(
    "server", sorted({**SUITES, **MORE_SUITES}), ids="powa{0}".format, indirect=True, scope="session"
)


def podman(*arguments: str, **options: Any) -> str:
    """Run podman and return what it prints."""
    command = [str(CONTAINERS / "podman"), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout.strip()


def remove_container(name: str) -> None:
    """Remove a container, if there is one; podman gives up when its processes take seconds to end."""
    command = [str(CONTAINERS / "podman"), "rm", "--force", "--ignore", "--time", "0", name]
    wait_until(lambda: not subprocess.run(command, check=False).returncode, "podman removes {0}".format(name))


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Keep the other workers from doing the same at the same time."""
    (ROOT / ".cache").mkdir(exist_ok=True)
    with open(ROOT / ".cache" / (name + ".lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def wait_until(condition: Any, what: str, seconds: float = 60) -> Any:
    """Return what C(condition()) returns as soon as that is true."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, "not within {0} s: {1}".format(seconds, what)
        time.sleep(0.1)


@dataclass
class ModuleResult:
    """What a module printed."""

    result: Dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.result[key]

    def get(self, key: str) -> Any:
        return self.result.get(key)

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def changed(self) -> bool:
        return bool(self.result["changed"])

    @property
    def diff(self) -> Dict[str, str]:
        return dict(self.result["diff"])


class ModuleProcess:
    """A run of a module, of which the methods do what those of C(subprocess.Popen) do."""

    def __init__(self, control: socket.socket, module: str, arguments: str) -> None:
        self._module = module
        self._status: Optional[int] = None
        # Files in memory: whatever is written, nobody has to read it meanwhile.
        files = [os.fdopen(os.memfd_create(name), "w+", encoding="utf-8") for name in ("in", "out", "err")]
        self._out, self._err = files[1:]
        files[0].write(arguments)
        files[0].seek(0)
        reading, writing = os.pipe()
        request = json.dumps([module, dict(os.environ, PYTHONPATH=PYTHONPATH)])
        socket.send_fds(control, [request.encode()], [*(file.fileno() for file in files), writing])
        files[0].close()
        os.close(writing)
        self._reports = os.fdopen(reading)
        self.pid = int(self._reports.readline())

    def poll(self) -> Optional[int]:
        """Return the exit status, or nothing while it runs."""
        return self._wait(0)

    def wait(self, timeout: float) -> int:
        """Return the exit status."""
        status = self._wait(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self._module, timeout)
        return status

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def communicate(self, timeout: float = 120) -> Tuple[str, str]:
        """Return what it wrote."""
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        written = []
        for file in (self._out, self._err):
            file.seek(0)
            written.append(file.read())
        return written[0], written[1]

    def _wait(self, timeout: float) -> Optional[int]:
        if self._status is None and select.select([self._reports], [], [], timeout)[0]:
            self._status = int(self._reports.readline())
        return self._status


@functools.lru_cache(maxsize=None)
def _module_servers() -> "Iterator[socket.socket]":
    """Return in turn the sockets of two processes that run modules.

    What they fork has their order of sets: with two, a run and the run before it never have the same one, as on a host.
    """
    return itertools.cycle([_start_module_server(seed) for seed in range(2)])


def _start_module_server(seed: int) -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # It ends when this process does, and so its socket is closed.
    subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("module_server.py"))],
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        env=dict(os.environ, PYTHONPATH=PYTHONPATH, PYTHONHASHSEED=str(seed)),
    )
    theirs.close()
    return ours


def start_module(name: str, params: Dict[str, Any], check: bool = False) -> ModuleProcess:
    """Start a module as a process of its own, as a host would; module_server.py has imported it already."""
    return ModuleProcess(next(_module_servers()), name, module_arguments(params, check))


def run_new_python(name: str, params: Dict[str, Any], check: bool = False) -> ModuleResult:
    """Run a module in a new Python, exactly as a host would."""
    done = subprocess.run(
        [sys.executable, "-m", "ansible_collections.pgfleet.powa.plugins.modules." + name],
        input=module_arguments(params, check),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
        env=dict(os.environ, PYTHONPATH=PYTHONPATH),
    )
    return read_result(done.stdout, done.stderr)


def module_arguments(params: Dict[str, Any], check: bool) -> str:
    """Return what a module reads from its standard input."""
    return json.dumps({"ANSIBLE_MODULE_ARGS": dict(params, _ansible_check_mode=check, _ansible_diff=True)})


def read_result(out: str, err: str) -> ModuleResult:
    """Return what a module printed; a traceback is never an answer."""
    assert "Traceback" not in out + err, out + err
    return ModuleResult(json.loads(out))


def finish_module(process: ModuleProcess) -> ModuleResult:
    """Wait for a module and return what it printed."""
    return read_result(*process.communicate())


@dataclass
class Server:
    """A container with PostgreSQL, PoWA and the collector."""

    powa: str
    container: str
    address: str

    def connect(self, database: str, user: str = "postgres", password: str = PASSWORD) -> Any:
        """Return a connection that commits each statement."""
        connection = psycopg2.connect(host=self.address, user=user, password=password, dbname=database)
        connection.autocommit = True
        return connection

    def sql(self, database: str, statement: str, params: Any = None) -> List[Tuple[Any, ...]]:
        """Run one statement and return its rows."""
        return self._connections.run(database, statement, params)

    def shell(self, script: str, input: str = "") -> str:
        """Run a script as root in the container, and return what it prints."""
        return self._shell.run(script, input).strip()

    def disconnect(self) -> None:
        """End the sessions of this thread, since no database is a template while it has one."""
        self._connections.close()

    def close(self) -> None:
        """End what runs in the container on behalf of this process."""
        self.disconnect()
        if "_shell" in vars(self):
            self._shell.close()

    @functools.cached_property
    def _connections(self) -> KeptConnections:
        return KeptConnections(self.connect)

    @functools.cached_property
    def _shell(self) -> ContainerShell:
        return ContainerShell(str(CONTAINERS / "podman"), self.container)


@dataclass
class Database:
    """A database with PoWA, which one test has for itself."""

    server: Server
    name: str

    @property
    def powa(self) -> str:
        return self.server.powa

    @property
    def login(self) -> Dict[str, Any]:
        return {"login_host": self.server.address, "login_password": PASSWORD, "login_db": self.name}

    def sql(self, statement: str, params: Any = None) -> List[Tuple[Any, ...]]:
        return self.server.sql(self.name, statement, params)

    def value(self, statement: str, params: Any = None) -> Any:
        """Return the one value of the one row."""
        ((value,),) = self.sql(statement, params)
        return value

    def start(self, module: str, check: bool = False, **params: Any) -> ModuleProcess:
        return start_module(module, dict(self.login, **params), check)

    def run(self, module: str, check: bool = False, **params: Any) -> ModuleResult:
        """Run a module in this database."""
        return finish_module(self.start(module, check, **params))

    def ok(self, module: str, check: bool = False, **params: Any) -> ModuleResult:
        """Run a module that is to succeed."""
        result = self.run(module, check, **params)
        assert not result.failed, result["msg"]
        return result

    def refused(self, module: str, **params: Any) -> str:
        """Run a module that is to fail, see that nothing was written, and return its message."""
        before = self.dump()
        result = self.run(module, **params)
        assert result.failed, result.result
        assert self.dump() == before
        return str(result["msg"])

    def dump(self) -> Dump:
        """Return everything that the database holds, by pg_dump and by plain SQL for what it leaves out."""
        return Dump.now(lambda: self.server.connect(self.name), self._read)

    def _read(self, cursor: Any) -> str:
        text = self.server.shell("runuser -u postgres -- pg_dump {0}".format(self.name))
        # Another key each time; pg_dump of PostgreSQL 13 has neither the lines nor the option.
        text = re.sub(r"^\\(un)?restrict .*", "", text, flags=re.MULTILINE)
        cursor.execute(
            "SELECT to_jsonb(a), shobj_description(a.oid, 'pg_authid'), ARRAY("
            "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = a.oid ORDER BY 1) FROM pg_authid AS a"
            " ORDER BY a.rolname"
        )
        text += "\n".join(map(str, cursor.fetchall()))
        cursor.execute("SELECT FROM pg_extension WHERE extname = 'powa'")
        if not cursor.rowcount:
            return text
        registry = ["powa_servers", "powa_functions", "powa_snapshot_metas"]
        registry += ["powa_extensions"] if self.powa == "4" else ["powa_extension_functions", "powa_extension_config"]
        rows = []
        for table in registry:
            cursor.execute("SELECT * FROM {0} AS t".format(table))
            rows.append(sorted(map(str, cursor.fetchall())))
        return text + "\n".join(map(str, rows))

    def register(self, *hostnames: str) -> List[int]:
        """Register servers with PoWA's own function and return their numbers."""
        for hostname in hostnames:
            self.sql("SELECT powa_register_server(hostname => %s, alias => %s)", (hostname, hostname))
        return [self.value("SELECT id FROM powa_servers WHERE hostname = %s", (hostname,)) for hostname in hostnames]

    def arrived(self, *hostnames: str) -> List[int]:
        """Register servers, each as if something had arrived from it, and return their numbers."""
        srvids = self.register(*hostnames)
        for srvid in srvids:
            self.sql("INSERT INTO powa_databases (srvid, oid, datname) VALUES (%s, 1, 'postgres')", (srvid,))
        return srvids

    def collect(self, name: str, srvid: int, user: str = "powa") -> None:
        """Copy a remote's rows of a datasource with the collector's own statements, here from the same database."""
        rows = io.BytesIO()
        with closing(self.server.connect(self.name, user)) as remote, remote.cursor() as cursor:
            cursor.copy_expert("COPY (SELECT {0}, * FROM public.powa_{1}_src(0)) TO stdout".format(srvid, name), rows)
        rows.seek(0)
        with closing(self.server.connect(self.name)) as repository, repository.cursor() as cursor:
            cursor.copy_expert("COPY public.powa_{0}_src_tmp FROM stdin".format(name), rows)

    def take_snapshot(self, srvid: int) -> None:
        """Have PoWA take a snapshot without errors."""
        self.sql("SELECT powa_take_snapshot(%s)", (srvid,))
        errors = self.errors(srvid)
        assert errors is None, errors

    def errors(self, srvid: int) -> Optional[List[str]]:
        """Return what went wrong in the last snapshot."""
        errors: Optional[List[str]] = self.value("SELECT errors FROM powa_snapshot_metas WHERE srvid = %s", (srvid,))
        return errors


@contextmanager
def running_server(key: str, beside: str = "") -> Iterator[Server]:
    """Start a container with PostgreSQL and PoWA, and remove it in the end.

    :param key: of C(SUITES) or C(MORE_SUITES); it begins with PoWA's major version
    :param beside: ends the container's name, for one more of the same suite
    """
    suite = {**SUITES, **MORE_SUITES}[key]
    image = subprocess.run(
        [str(CONTAINERS / "image"), suite, "powa"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    container = "-".join(filter(None, (NETWORK, WORKER, key + beside)))
    remove_container(container)
    with locked("network"):
        if not _network_exists():
            podman("network", "create", NETWORK)
    start = _start_beside_cgroup_v1(container) if suite == "forky" and not _is_cgroup_v2() else _START
    podman("run", "--detach", "--name", container, "--network", NETWORK, *start.options, image, *start.command)
    try:
        wait_until(lambda: _is_running(container), "systemd in {0}".format(container))
        with open(Path(__file__).parent / "prepare-server.sh") as script:
            podman("exec", "--interactive", container, "bash", "-s", "--", PASSWORD, stdin=script)
        address = json.loads(podman("inspect", container))[0]["NetworkSettings"]["Networks"][NETWORK]["IPAddress"]
        server = Server(key[0], container, address)
        yield server
        server.close()
    finally:
        remove_container(container)
        for folder in filter(os.path.isdir, start.leaves):
            subprocess.run(["find", folder, "-depth", "-type", "d", "-exec", "rmdir", "{}", "+"], check=True)


@dataclass(frozen=True)
class _Start:
    """How a container with systemd starts.

    :param leaves: folders that podman does not know of
    """

    options: Tuple[str, ...]
    command: Tuple[str, ...]
    leaves: Tuple[str, ...] = ()


#: Each test makes a database of 900 files and drops it. On ext4 that takes 0.5 to 0.8 s: it searches long for inodes
#: that were not freed in the last seconds. In memory it takes 0.04 s.
_IN_MEMORY = "--tmpfs=/var/lib/postgresql"
_START = _Start(("--systemd", "always", _IN_MEMORY), ("/sbin/init",))
_UNIFIED = Path("/sys/fs/cgroup/unified")


def _start_beside_cgroup_v1(container: str) -> _Start:
    """Give a systemd that knows cgroup v2 only a group of the host's v2 hierarchy, where podman makes none."""
    assert _UNIFIED.is_dir(), "this host has no cgroup v2, and systemd of this suite does not start without it"
    options = [
        "--systemd=false",
        "--env=container=podman",
        "--volume={0}:/sys/fs/cgroup:rw".format(_UNIFIED),
        _IN_MEMORY,
    ]
    options += ["--tmpfs=" + folder for folder in ("/run", "/run/lock", "/tmp")] + [_IN_MEMORY]
    script = 'mkdir -p "/sys/fs/cgroup/$1" && echo $$ > "/sys/fs/cgroup/$1/cgroup.procs" && exec /sbin/init'
    return _Start(tuple(options), ("sh", "-c", script, "sh", container), (str(_UNIFIED / container),))


def _is_cgroup_v2() -> bool:
    return Path("/sys/fs/cgroup/cgroup.controllers").exists()


def _network_exists() -> bool:
    command = [str(CONTAINERS / "podman"), "network", "exists", NETWORK]
    return subprocess.run(command, check=False).returncode == 0


def _is_running(container: str) -> bool:
    command = [str(CONTAINERS / "podman"), "exec", container, "systemctl", "is-system-running"]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.stdout.strip() in ("running", "degraded")


def run_playbook(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run ansible-playbook as in a checkout, with all that it prints in C(stdout)."""
    return subprocess.run(
        ["ansible-playbook", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=dict(
            os.environ,
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_PIPELINING="1",
            ANSIBLE_CONNECTION_PLUGINS=str(ROOT / "molecule" / "shared" / "connection"),
            ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "molecule" / "shared" / "callback"),
        ),
    )


def statements_sent(database: Database, run: Callable[[], Any]) -> Tuple[Any, int]:
    """Run this, and return its result and how many statements the database was sent meanwhile."""
    server = database.server
    server.sql("postgres", "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    # It forgets the rarest statements once it has seen thousands, and a sum before could be the larger one.
    server.sql("postgres", "SELECT pg_stat_statements_reset()")
    result = run()
    counted = server.sql(
        "postgres",
        "SELECT coalesce(sum(s.calls), 0) FROM pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid"
        " WHERE d.datname = %s AND s.toplevel",
        (database.name,),
    )
    return result, int(counted[0][0])


def unit_environment(template: str) -> Dict[str, str]:
    """Return what a unit of a role sets for libpq whatever the variables are, without the path of the password file."""
    text = (ROOT / "roles" / template).read_text(encoding="utf-8")
    return dict(re.findall(r"^Environment=(PG[A-Z]+)=(\w+)$", text, re.MULTILINE))


@contextmanager
def running_collector(database: Database, user: str = "postgres") -> Iterator[None]:
    """Run the real powa-collector in the container, with this database as its repository.

    :param user: the role that it logs in to the repository as
    """
    server = database.server
    dsn = "host=127.0.0.1 user={0} password={1} dbname={2}".format(user, PASSWORD, database.name)
    configuration = json.dumps({"repository": {"dsn": dsn}})
    folder = "/root/collector-{0}".format(database.name)
    server.shell("mkdir -p {0} && cat > {0}/powa-collector.conf".format(folder), input=configuration)
    # The passwords of the remotes are not in powa_servers.
    server.shell("cat > {0}/pgpass && chmod 0600 {0}/pgpass".format(folder), input="*:*:*:*:{0}\n".format(PASSWORD))
    server.shell(
        "cd {0} && mv /etc/powa-collector.conf /etc/powa-collector.conf.off 2>/dev/null;"
        " PGPASSFILE={0}/pgpass {1} setsid nohup powa-collector > {0}/log 2>&1 < /dev/null & echo $! > {0}/pid".format(
            folder, " ".join(map("=".join, unit_environment("collector/templates/drop-in.conf.j2").items()))
        )
    )
    try:
        wait_until(
            lambda: database.value(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name LIKE 'PoWA collector - main thread%%'"
            ),
            "the collector connects",
        )
        yield
    finally:
        print(server.shell("kill $(cat {0}/pid); tail -n 40 {0}/log".format(folder)))
        wait_until(lambda: _has_ended(database), "the collector ends")


def _has_ended(database: Database) -> bool:
    """Tell whether the collector has ended; its main thread would sleep on for up to 10 s, but for a message."""
    database.sql("NOTIFY powa_collector, 'WORKERS_STATUS -'")
    return not database.value("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'PoWA collector%%'")
