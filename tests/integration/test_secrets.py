# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords are planted in every variable and option, and looked for everywhere else, while PostgreSQL logs everything.

Each place is searched for what a naive statement leaves there first, so that the search is known to find.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import yaml
from servers import PASSWORD, SUITES, Database, Server, run_playbook, running_server, wait_until

#: Nobody else writes these letters. What is around them tempts every way of quoting.
MARK = "Qx7planted"
AWKWARD = MARK + "{0}\\d'\"$$ü %s\tend"
NAIVE = "Qx7naive"
#: Every setting that puts a statement or a part of one into the log, and every one that keeps statements.
EVERYTHING = {
    "log_statement": "all",
    "log_duration": "on",
    "log_min_duration_statement": "0",
    "log_min_error_statement": "debug5",
    "log_error_verbosity": "verbose",
    "debug_print_parse": "on",
    "debug_print_rewritten": "on",
    "debug_print_plan": "on",
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_verbose": "on",
    "pg_stat_statements.track": "all",
    "pg_stat_statements.track_utility": "on",
    "pg_qualstats.sample_rate": "1",
    "pg_qualstats.track_constants": "on",
}
OLD_CONFIGURATION = {
    "repository": {"dsn": "host=old user=powa password={0}file dbname=powa".format(MARK)},
    "debug": True,
}
OLD_UNIT = "[Service]\nEnvironment=PGPASSWORD={0}unit\n".format(MARK)


@pytest.fixture(scope="module", params=sorted(SUITES), ids=lambda powa: "powa" + powa)
def watched(request: Any) -> Iterator[Database]:
    """A server of its own that logs everything, with PoWA in database powa."""
    with running_server(request.param, beside="-secrets") as server:
        server.sql("postgres", "CREATE DATABASE powa TEMPLATE powa_template")
        database = Database(server, "powa")
        for extension in ("pg_qualstats", "pg_stat_kcache"):
            database.sql("CREATE EXTENSION {0}".format(extension))
        if database.powa == "4":
            database.sql("SELECT powa_activate_extension(0, 'pg_qualstats')")
        settings = "".join("{0} = '{1}'\n".format(name, value) for name, value in EVERYTHING.items())
        server.shell('cat > "$(echo /etc/postgresql/*/main/conf.d)/zz.conf"', input=settings)
        server.sql("postgres", "SELECT pg_reload_conf()")
        wait_until(lambda: server.sql("postgres", "SHOW log_statement") == [("all",)], "it logs everything")
        server.shell("mkdir -p /etc/systemd/system/powa-collector.service.d")
        server.shell("cat > /etc/powa-collector.conf", input=json.dumps(OLD_CONFIGURATION))
        server.shell("cat > /etc/systemd/system/powa-collector.service.d/pgfleet.conf", input=OLD_UNIT)
        server.shell("chmod 0640 /etc/powa-collector.conf /etc/systemd/system/powa-collector.service.d/*")
        forget(database)
        yield database


def forget(database: Database) -> None:
    """Empty all places: what prepares a server for the tests has no reason to be careful."""
    database.sql("SELECT pg_stat_statements_reset(), pg_qualstats_reset()")
    database.sql("TRUNCATE powa_statements CASCADE")
    database.server.shell("truncate --size=0 /var/log/postgresql/*.log; rm -f /root/processes")


#: Runs in the container, where it reads again and again what processes have as title and environment.
WATCH = r"""
import glob, os, re, time
secret = re.compile(b"|".join(re.escape(line) for line in open("/root/patterns", "rb").read().split(b"\n") if line))
with open("/root/processes", "ab", 0) as found:
    while not os.path.exists("/root/stop"):
        for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
            try:
                with open(path, "rb") as file:
                    found.writelines(text + b"\n" for text in file.read().split(b"\0") if secret.search(text))
            except OSError:
                pass
        open("/root/watching", "w").close()
        time.sleep(0.01)
os.remove("/root/stop")
"""


@contextmanager
def watching_processes(server: Server) -> Iterator[None]:
    """Note whose title or environment has a secret; the patterns are in a file, since the watching has a title, too."""
    server.shell("umask 077; cat > /root/patterns", input="{0}\n{1}\n".format(MARK, NAIVE))
    server.shell("cat > /root/watch.py", input=WATCH)
    server.shell(
        "umask 077; rm -f /root/stop /root/watching; setsid nohup python3 /root/watch.py > /dev/null 2>&1 < /dev/null &"
    )
    wait_until(lambda: server.shell("test ! -e /root/watching || echo begun"), "the watching begins")
    try:
        yield
    finally:
        server.shell("touch /root/stop")
        wait_until(lambda: server.shell("test -e /root/stop || echo ended"), "the watching ends")


def snapshot(database: Database) -> None:
    database.sql("SELECT powa_take_snapshot()")
    assert database.value("SELECT count(*) FROM powa_statements"), "PoWA has copied the statements"


def places(database: Database) -> Dict[str, str]:
    """Return the text of every place where a secret may not be."""
    # PoWA takes these along, and resets them.
    quals = "\n".join(str(value) for (value,) in database.sql("SELECT constvalue FROM pg_qualstats"))
    snapshot(database)
    return {
        "log": database.server.shell("cat /var/log/postgresql/*.log"),
        "statistics": "\n".join(query for (query,) in database.sql("SELECT query FROM pg_stat_statements")),
        "examples": "\n".join(str(row) for row in database.sql("SELECT * FROM pg_qualstats_example_queries()")),
        "quals": quals,
        # By design of PoWA, its own table is where a password is kept that it is to store.
        "history": database.server.shell(
            "runuser -u postgres -- pg_dump --exclude-table-data='*.powa_servers' {0}".format(database.name)
        ),
        # powa-collector itself logs how it connects to a remote, with a password that the repository has stored.
        "journal": database.server.shell(
            "journalctl --no-pager --output=export | grep --text --invert-match 'INFO .*connection to remote server'"
        ),
        "processes": database.server.shell("cat /root/processes 2>/dev/null || true"),
        "files": database.server.shell(
            "find / /tmp /run /dev/shm -xdev -type f -perm /007 -size -1000k -not -path '/proc/*' -not -path '/usr/*'"
            " -print0 | xargs -0 grep --text --files-with-matches --fixed-strings -e {0} -e {1} || true".format(
                MARK, NAIVE
            )
        ),
    }


def found_in(where: Dict[str, str], *texts: str) -> List[str]:
    return sorted(name for name, text in where.items() if any(secret in text for secret in texts))


def verifiers(database: Database) -> List[str]:
    """Return the keys that PostgreSQL has stored; roles of the tests' own are older than the empty places."""
    rows = database.sql("SELECT rolpassword FROM pg_authid WHERE rolpassword LIKE 'SCRAM%'")
    return [password.split("$")[2] for (password,) in rows]


def test_naive_statements_are_found(watched: Database) -> None:
    forget(watched)
    watched.sql("CREATE ROLE naive PASSWORD '{0}'".format(NAIVE))
    watched.sql("DO $$ BEGIN EXECUTE 'ALTER ROLE naive PASSWORD ''{0}2'''; END $$".format(NAIVE))
    watched.sql("UPDATE powa_servers SET password = '{0}' WHERE id < 0".format(NAIVE))
    watched.sql("SELECT count(*) FROM powa_servers WHERE hostname = '{0}3'".format(NAIVE))
    watched.server.shell("echo {0}4 | logger; echo {0}5 > /tmp/open; chmod 0604 /tmp/open".format(NAIVE))
    with watching_processes(watched.server):
        watched.server.shell(
            "X={0}6 timeout 60 sh -c 'until test -s /root/processes; do sleep 0.1; done'".format(NAIVE)
        )
    found = places(watched)
    watched.server.shell("rm /tmp/open")
    watched.sql("DROP ROLE naive")
    assert found_in(found, NAIVE) == [
        "examples",
        "history",
        "journal",
        "log",
        "processes",
        "quals",
        "statistics",
    ]
    assert "/tmp/open" in found["files"]


def test_no_module_leaves_a_password(watched: Database, tmp_path: Path) -> None:
    forget(watched)
    host = {"ansible_connection": "podman_pipelined", "ansible_python_interpreter": "/usr/bin/python3"}
    login = {"login_db": "powa", "login_host": "127.0.0.1", "login_password": PASSWORD}
    secret = AWKWARD.format(1)
    roles = [{"name": "planted_one", "password": secret}, {"name": "planted_two", "password": secret + "2"}]
    listed = [{"hostname": "a", "password": secret}, {"hostname": "b", "password": secret + "b"}]
    tasks: List[Dict[str, Any]] = [
        {"pgfleet.powa.login_roles": dict(login, roles=roles)},
        {
            "pgfleet.powa.login_roles": dict(
                login, roles=[dict(role, password=role["password"] + "3") for role in roles]
            )
        },
        {"pgfleet.powa.login_roles": dict(login, roles=[dict(roles[0], member_of=["nix"])]), "failed_when": False},
        {"pgfleet.powa.servers": dict(login, servers=listed)},
        {
            "pgfleet.powa.servers": dict(
                login, servers=[dict(server, password=server["password"] + "4") for server in listed]
            )
        },
        {"pgfleet.powa.servers": dict(login, servers=[dict(listed[0], frequency=1)]), "failed_when": False},
        {"pgfleet.powa.server_info": dict(login, collector_timeout=0, connect_params={"sslpassword": secret})},
        # A password that is no text, an option that does not exist, and connection strings that libpq cannot read.
        {
            "pgfleet.powa.login_roles": dict(login, roles=[dict(roles[0], password=[secret])], nix=1),
            "failed_when": False,
        },
        {"pgfleet.powa.snapshot": dict(login, nix=1, connect_params={"password": secret}), "failed_when": False},
        *(
            {"pgfleet.powa.snapshot": dict(login_db="powa", connect_params=wrong), "failed_when": False}
            for wrong in (
                {"host": "127.0.0.1", "password": secret},
                {"dsn": "host=127.0.0.1 password=" + secret},
                {"dsn": "host=127.0.0.1 password=x {0} = {0}".format(MARK)},
                {"dsn": "postgresql://postgres:{0}@127.0.0.1/powa".format(MARK)},
                {"database": "postgresql://postgres:{0}@127.0.0.1/powa".format(MARK)},
            )
        ),
    ]
    printed = run(tmp_path, watched, host, tasks)
    assert "server a:5432" in printed and "role planted_one" in printed
    stored = {password for (password,) in watched.sql("SELECT password FROM powa_servers WHERE id > 0")}
    assert stored == {secret + "4", secret + "b4"}, "the passwords have arrived"
    found = dict(places(watched), printed=printed)
    watched.sql("DELETE FROM powa_servers WHERE id > 0")
    watched.sql("DROP ROLE planted_one, planted_two")
    assert found_in(found, MARK) == [] and found["files"] == ""
    assert found_in(found, "SCRAM-SHA-256$", *verifiers(watched)) == []


def test_no_role_leaves_a_password(watched: Database, tmp_path: Path) -> None:
    forget(watched)
    passwords = {"powa_{0}_password".format(role): AWKWARD.format(role) for role in ("monitoring", "collector", "web")}
    host = {
        "ansible_connection": "podman_pipelined",
        "ansible_python_interpreter": "/usr/bin/python3",
        "powa_host": watched.server.address,
        "powa_repository": watched.server.container,
        "powa_store_passwords": watched.powa == "4",
        **passwords,
    }
    everything = {watched.server.container: host}
    groups = {"powa_repositories": everything, "powa_remotes": everything, "powa_collectors": everything}
    # The pages are only to have a login.
    groups["powa_web"] = {"pages": {"powa_host": "192.0.2.1"}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({name: {"hosts": hosts} for name, hosts in groups.items()}))
    roles = ["pgfleet.powa." + name for name in ("remote", "repository", "collector")]
    playbook = [{"hosts": "powa_repositories", "gather_facts": False, "roles": roles}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(playbook))
    with watching_processes(watched.server):
        done = run_playbook("-vvv", "--diff", "--inventory", str(tmp_path / "hosts.yml"), str(tmp_path / "play.yml"))
    assert done.returncode == 0, done.stdout
    for role, password in zip(("powa_monitor", "powa_collector", "powa_web"), passwords.values()):
        watched.server.connect("postgres", role, password).close()
    found = dict(places(watched), printed=done.stdout)
    assert found_in(found, MARK) == [] and found["files"] == ""
    assert found_in(found, "SCRAM-SHA-256$", *verifiers(watched)) == []


def run(folder: Path, database: Database, host: Dict[str, Any], tasks: Any) -> str:
    """Run tasks in the container, watch its processes meanwhile, and return all that Ansible prints."""
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {database.server.container: host}}}))
    (folder / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    with watching_processes(database.server):
        done = run_playbook("-vvv", "--diff", "--inventory", str(folder / "hosts.yml"), str(folder / "play.yml"))
    assert done.returncode == 0, done.stdout
    return done.stdout
