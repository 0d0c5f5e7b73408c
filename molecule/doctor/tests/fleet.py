# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario's fleet, and what is done to it: by hand, by a module, by site.yml, and by doctor.yml, that looks."""

import json
import os
import subprocess
import time
from pathlib import Path

INVENTORY = Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent
PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
NAME = "pgfleet-doctor-"
REPOSITORY, FIRST, SECOND = (NAME + name for name in ("repository", "remote1", "remote2"))
REMOTES = (FIRST, SECOND)
ADDRESSES = {FIRST: "10.91.47.11", SECOND: "10.91.47.12"}
STATS_EXTENSIONS = ["pg_qualstats", "pg_stat_kcache", "pg_wait_sampling"]
#: powa_frequency: a server is late after four times as much.
FREQUENCY = 5

SNAPSHOTS = """
    SELECT coalesce(bool_and({condition}), false)
    FROM powa_servers AS s LEFT JOIN powa_snapshot_metas AS m ON m.srvid = s.id WHERE s.id > 0
"""

#: Rows of servers that are gone, which no snapshot takes.
FORGET = """
    DO $$
    DECLARE name text;
    BEGIN
        FOR name IN
            SELECT c.oid::regclass FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
            WHERE c.relkind = 'r' AND c.relpersistence = 'u' AND a.attname = 'srvid'
        LOOP
            EXECUTE format('DELETE FROM %s WHERE srvid NOT IN (SELECT id FROM powa_servers)', name);
        END LOOP;
    END $$
"""


#: What everybody does who is logged in, for the message of a wait that was in vain.
SESSIONS = """
    SELECT pid, usename, application_name, state, wait_event_type, wait_event, pg_blocking_pids(pid),
        now() - state_change, query
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def podman(*arguments):
    return subprocess.run(["podman", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def shell(host, script):
    return podman("exec", host, "bash", "-c", script)


def sql(host, *statements):
    """Run statements, each in a transaction of its own, and return what they print."""
    psql = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--dbname=powa"]
    return podman("exec", "--user=postgres", host, *psql, *("--command=" + text for text in statements)).strip()


def delete_servers(which):
    """Delete servers with their history while the collector may run.

    A snapshot locks its row first, and then the server's. Deleting in the other order would end in a deadlock.
    """
    sql(
        REPOSITORY,
        "DO $$ BEGIN"
        " PERFORM FROM powa_snapshot_metas AS m JOIN powa_servers AS s ON s.id = m.srvid"
        " WHERE {0} FOR UPDATE OF m;"
        " PERFORM powa_delete_and_purge_server(s.id) FROM powa_servers AS s WHERE {0};"
        " END $$".format(which),
    )


def wait_until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within {0} s: {1}; last were {2}; sessions are {3}".format(
            seconds,
            what,
            sql(REPOSITORY, "SELECT srvid, now() - snapts, errors FROM powa_snapshot_metas"),
            {host: sql(host, SESSIONS) for host in (REPOSITORY, *REMOTES)},
        )
        time.sleep(0.5)


def wait_for_snapshots(besides="", seconds=60):
    """Wait until a snapshot of every server that has begun after this was taken without an error.

    :param besides: the alias of a server that has none
    """
    condition = "s.alias = '{0}' OR m.snapts > '{1}' AND m.errors IS NULL".format(
        besides, sql(REPOSITORY, "SELECT now()")
    )
    wait_until(
        lambda: sql(REPOSITORY, SNAPSHOTS.format(condition=condition)) == "t", "a snapshot of every server", seconds
    )


def wait_until_late():
    condition = "now() - m.snapts > interval '{0} s'".format(4 * FREQUENCY + 1)
    wait_until(lambda: sql(REPOSITORY, SNAPSHOTS.format(condition=condition)) == "t", "servers that are late")


def wait_for_error(host, part):
    """Wait until PoWA has recorded an error of a remote."""
    wait_until(lambda: has_error(host, part), "{0} of {1}".format(part, host))


def wait_until_without_error(host, part):
    """Wait until a later snapshot of a remote no longer has an error."""
    wait_until(lambda: not has_error(host, part), "{0} without {1}".format(host, part))


def has_error(host, part):
    """Tell whether PoWA has recorded an error in the last snapshot of a remote."""
    statement = (
        "SELECT count(*) FROM powa_snapshot_metas AS m JOIN powa_servers AS s ON s.id = m.srvid"
        " WHERE s.alias = '{0}' AND m.errors::text LIKE '%{1}%'".format(host, part)
    )
    return sql(REPOSITORY, statement) == "1"


def ansible(program, *arguments):
    return subprocess.run(
        [program, "--inventory", str(INVENTORY), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd=PROJECT,
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(PROJECT / ".collections"), ANSIBLE_NOCOLOR="1"),
    )


def site(**variables):
    done = ansible("ansible-playbook", "--extra-vars", json.dumps(variables), "playbooks/site.yml")
    log = "journalctl --unit=powa-collector --lines=60 --no-pager"
    assert done.returncode == 0, done.stdout + shell(REPOSITORY, log)


def module(name, hosts, **options):
    """Run a module of the collection on hosts."""
    arguments = ["--become", "--become-user=postgres", "--module-name", "pgfleet.powa." + name]
    done = ansible("ansible", hosts, *arguments, "--args", json.dumps(options))
    assert done.returncode == 0, done.stdout


def remove_datasource(name):
    """Remove a datasource that the inventory does not have from every host."""
    gone = [{"name": name, "state": "absent", "history": "drop"}]
    module("datasources", "powa_remotes", server_kind=["remote"], datasources=gone, monitoring_role="powa_monitor")
    module("datasources", REPOSITORY, server_kind=["repository"], datasources=gone)


def activate(extensions):
    """Have these statistics extensions, and no others, active for the remotes."""
    servers = [{"hostname": address, "extensions": extensions} for address in ADDRESSES.values()]
    module("servers", REPOSITORY, servers=servers)


class Findings:
    """A run of doctor.yml.

    :param options: options of ansible-playbook
    :param variables: variables of the role doctor
    """

    def __init__(self, folder, *options, **variables):
        path = folder / "doctor.json"
        variables["powa_doctor_json"] = os.path.relpath(path, PROJECT)
        # The frequency is so short that a machine which does other things, too, may be too slow for it.
        variables["powa_doctor_ignore"] = [*variables.get("powa_doctor_ignore", ()), "collection_slow"]
        done = ansible("ansible-playbook", "--extra-vars", json.dumps(variables), *options, "playbooks/doctor.yml")
        self.failed, self.output = done.returncode != 0, done.stdout
        assert path.exists(), self.output
        found = json.loads(path.read_text())
        self.problems, self.servers = found["problems"], found["servers"]
        assert all(problem[part] for problem in self.problems for part in ("problem", "cause", "cure"))

    @property
    def kinds(self):
        """Kind, server without what all names begin with, and datasource of each problem."""
        return {
            (problem["kind"], (problem["server"] or "").replace(NAME, ""), problem["datasource"])
            for problem in self.problems
        }

    def all(self, kind, server, datasource=None):
        return [
            problem
            for problem in self.problems
            if (problem["kind"], problem["server"], problem["datasource"]) == (kind, server, datasource)
        ]

    def the(self, kind, server, datasource=None):
        """Return the only problem of a kind that a server, or one of its datasources, has."""
        found = self.all(kind, server, datasource)
        assert len(found) == 1, found
        return found[0]


def mend():
    """Bring the fleet back to what the scenario has made, whatever was done to it."""
    podman("start", *REMOTES)
    for host in (REPOSITORY, *REMOTES):
        wait_until_up(host)
        shell(
            host,
            "rm -f /etc/postgresql/*/main/conf.d/zz.conf /usr/share/postgresql/*/extension/powa--5.1.0--*.sql;"
            " grep -v '[.]invalid' /etc/hosts > /tmp/hosts; cat /tmp/hosts > /etc/hosts; systemctl restart postgresql",
        )
        wait_until_accepting(host)
        sql(
            host,
            "ALTER SYSTEM RESET ALL",
            "UPDATE pg_extension AS e SET extversion = a.default_version FROM pg_available_extensions AS a"
            " WHERE e.extname = 'powa' AND a.name = e.extname AND e.extversion <> a.default_version",
        )
        shell(host, "systemctl restart postgresql")
        wait_until_accepting(host)
    for host in REMOTES:
        sql(host, "ALTER ROLE powa_monitor NOSUPERUSER", "DROP TABLE IF EXISTS app_waits")
    # Where a remote lacks an extension that is active for it, a worker may end with an error and leave its transaction.
    shell(REPOSITORY, "systemctl stop powa-collector")
    delete_servers("s.id > 0 AND s.alias NOT IN ('{0}', '{1}')".format(*REMOTES))
    site()
    remove_datasource("waits")
    sql(REPOSITORY, "DROP EXTENSION IF EXISTS pg_track_settings", FORGET)
    shell(REPOSITORY, "systemctl restart powa-collector")


def wait_until_up(host):
    command = ["podman", "exec", host, "systemctl", "is-system-running", "--wait"]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)


def wait_until_accepting(host):
    shell(host, "for try in $(seq 60); do pg_isready --quiet && exit 0; sleep 0.5; done; exit 1")
