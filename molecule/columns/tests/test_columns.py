# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Columns change over a fleet: no snapshot fails, no sample is lost, and a remote that is down waits and is named."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
import yaml

INVENTORY = Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent
PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
REPOSITORY = "pgfleet-columns-repository"
REMOTES = ["pgfleet-columns-remote1", "pgfleet-columns-remote2"]

DATABASES = {
    "name": "objects",
    "scope": "database",
    "query": "SELECT count(*) AS relations FROM pg_class",
    "metrics": [{"name": "relations", "type": "bigint", "kind": "gauge"}],
}
#: Keeps the errors of every snapshot: PoWA itself keeps those of the last one only.
WATCH = """
CREATE TABLE IF NOT EXISTS seen_errors (srvid integer, errors text[], at timestamptz DEFAULT clock_timestamp());
CREATE OR REPLACE FUNCTION keep_errors() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.seen_errors VALUES (NEW.srvid, NEW.errors);
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER keep_errors AFTER UPDATE OF errors ON powa_snapshot_metas
    FOR EACH ROW WHEN (NEW.errors IS NOT NULL) EXECUTE FUNCTION keep_errors();
CREATE TABLE IF NOT EXISTS seen_pauses (srvid integer, extname text, at timestamptz DEFAULT clock_timestamp());
CREATE OR REPLACE FUNCTION keep_pauses() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.seen_pauses VALUES (NEW.srvid, NEW.extname);
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER keep_pauses AFTER UPDATE ON powa_extension_config
    FOR EACH ROW WHEN (OLD.enabled AND NOT NEW.enabled) EXECUTE FUNCTION keep_pauses();
"""


def podman(*arguments, **options):
    return subprocess.run(["podman", *arguments], check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def sql(statement):
    """Return the rows of a statement on the repository, each as a dictionary."""
    query = "SELECT coalesce(json_agg(q), '[]') FROM ({0}) AS q".format(statement)
    psql = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname=powa", "--command"]
    return json.loads(podman("exec", "--user=postgres", REPOSITORY, *psql, query))


def wait_until(condition, what, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within {0} s: {1}".format(seconds, what)
        time.sleep(0.5)


def on_remote(remote, statement):
    """Run a statement on a remote, and return what psql prints."""
    psql = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname=powa", "--command"]
    return podman("exec", "--user=postgres", remote, *psql, statement).strip()


def site(datasources, tmp_path, **changes):
    """Run site.yml with these datasources, and return what it printed."""
    variables = tmp_path / "datasources.json"
    variables.write_text(json.dumps({"powa_datasources": datasources, **changes}))
    command = ["ansible-playbook", "--inventory", str(INVENTORY), "--extra-vars", "@{0}".format(variables)]
    done = subprocess.run(
        [*command, str(PROJECT / "playbooks" / "site.yml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(PROJECT / ".collections")),
    )
    return done.returncode, done.stdout


def samples(datasource, server):
    """Return the times of all samples of a remote, in seconds."""
    return {
        row["ts"]
        for row in sql(
            "SELECT DISTINCT extract(epoch FROM g.ts) AS ts FROM powa_servers AS s,"
            " powa_{0}_get(s.id, NULL, NULL) AS g WHERE s.alias = '{1}'".format(datasource, server)
        )
    }


def errors(server):
    return sql(
        "SELECT e.errors FROM seen_errors AS e JOIN powa_servers AS s ON s.id = e.srvid WHERE s.alias = '{0}'".format(
            server
        )
    )


@pytest.fixture
def base(tmp_path):
    """The datasources of the demo and one of each database, collected from both remotes, with every error kept."""
    declared = PROJECT / "playbooks" / "inventory" / "demo" / "group_vars" / "all" / "datasources.yml"
    datasources = [*yaml.safe_load(declared.read_text())["powa_datasources"], DATABASES]
    returncode, output = site(datasources, tmp_path)
    assert returncode == 0, output
    podman("exec", "--interactive", "--user=postgres", REPOSITORY, "psql", "--quiet", "--dbname=powa", input=WATCH)
    for remote in REMOTES:
        wait_until(lambda remote=remote: samples("objects", remote), "a sample of each database of " + remote)
    podman(
        "exec",
        "--user=postgres",
        REPOSITORY,
        "psql",
        "--quiet",
        "--dbname=powa",
        "--command=TRUNCATE seen_errors, seen_pauses",
    )
    return datasources


def test_no_snapshot_fails_and_no_sample_is_lost(base, tmp_path):
    before = {(name, remote): samples(name, remote) for name in ("lock_modes", "objects") for remote in REMOTES}
    lock_modes, *others = base
    changed = [
        dict(
            lock_modes,
            query="SELECT count(*) FILTER (WHERE granted) AS granted, locktype, count(*) AS held, mode"
            " FROM pg_locks GROUP BY locktype, mode",
            keys=[{"name": "locktype", "type": "text"}, {"name": "mode", "type": "text"}],
            metrics=[{"name": "granted", "type": "bigint", "kind": "gauge"}, *lock_modes["metrics"]],
        ),
        *others[:-1],
        dict(
            DATABASES,
            query="SELECT count(*) FILTER (WHERE relkind = 'i') AS indexes, count(*) AS relations FROM pg_class",
            metrics=[{"name": "indexes", "type": "bigint", "kind": "gauge"}, *DATABASES["metrics"]],
        ),
    ]
    returncode, output = site(changed, tmp_path)
    assert returncode == 0, output
    assert "paused until their side is as declared" not in output and "Pause the datasources" in output
    for remote in REMOTES:
        for name, column in (("lock_modes", "granted"), ("objects", "indexes")):
            wait_until(
                lambda name=name, column=column, remote=remote: sql(
                    "SELECT 1 FROM powa_servers AS s, powa_{0}_get(s.id, NULL, NULL) AS g"
                    " WHERE s.alias = '{1}' AND g.{2} IS NOT NULL LIMIT 1".format(name, remote, column)
                ),
                "a sample of {0} with the new column of {1}".format(remote, name),
            )
            assert before[name, remote] <= samples(name, remote), "samples of {0} were lost".format(remote)
        assert errors(remote) == []


def test_a_remote_that_is_down_waits_and_is_named(base, tmp_path):
    up, down = REMOTES
    lock_modes, commits, *others = base
    changed = [
        lock_modes,
        dict(
            commits,
            query="SELECT sum(xact_commit)::bigint AS committed, sum(xact_rollback)::bigint AS rolled_back"
            " FROM pg_stat_database",
            metrics=[*commits["metrics"], {"name": "rolled_back", "type": "bigint"}],
        ),
        *others,
    ]
    new = (
        "SELECT 1 FROM powa_servers AS s, powa_commits_get(s.id, NULL, NULL) AS g"
        " WHERE s.alias = '{0}' AND g.rolled_back IS NOT NULL LIMIT 1"
    )
    podman("stop", "--time", "5", down)
    try:
        _returncode, output = site(changed, tmp_path)
    finally:
        podman("start", down)
    assert "datasource commits is not active for {0}, because this run has not verified".format(down) in output
    wait_until(lambda: sql(new.format(up)), "a new sample of the remote that was up")
    kept = samples("commits", down)
    wait_until(lambda: not podman_pending(down), "the remote's services are up again")
    latest = max(samples("sessions", down))
    wait_until(lambda: max(samples("sessions", down)) > latest, "other samples of the remote that was down")
    assert samples("commits", down) == kept
    assert errors(up) == []
    returncode, output = site(changed, tmp_path)
    assert returncode == 0, output
    wait_until(lambda: sql(new.format(down)), "a new sample of the remote that was down")
    assert not [row for row in errors(down) if "commits" in str(row)]


def test_a_datasource_arrives_where_it_is_accepted_and_again_where_its_side_is_gone(base, tmp_path):
    accepts, refuses = REMOTES
    for remote in REMOTES:
        on_remote(remote, "CREATE OR REPLACE FUNCTION secret() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    on_remote(refuses, "REVOKE EXECUTE ON FUNCTION secret() FROM PUBLIC")
    metrics = [{"name": "n", "type": "integer", "kind": "gauge"}]
    secret = {"name": "secrets", "query": "SELECT public.secret() AS n", "metrics": metrics}
    good = {"name": "arrives", "query": "SELECT 1 AS n", "metrics": metrics}
    marker = "SELECT count(*) FROM pg_available_extensions WHERE name = 'arrives'"

    returncode, output = site([*base, good, secret], tmp_path)
    assert returncode != 0 and "This run has changed no datasource on any host" in output
    assert '{0}: datasource \\"secrets\\"'.format(refuses) in output, output
    assert [on_remote(host, marker) for host in (REPOSITORY, *REMOTES)] == ["0"] * 3

    # As if the other remote had been rebuilt empty.
    on_remote(accepts, "DROP FUNCTION powa_lock_modes_src(integer)")
    returncode, output = site([*base, good, secret], tmp_path, powa_skip_refused=True)
    assert returncode == 0, output
    assert "{0}: this run has left out datasource secrets, which the host refuses".format(refuses) in output
    assert "datasource secrets is not active for {0}, because this run has not verified".format(refuses) in output
    wait_until(lambda: samples("arrives", accepts) and samples("arrives", refuses), "samples of the new datasource")
    wait_until(lambda: samples("secrets", accepts), "samples where the other one was accepted")
    latest = max(samples("arrives", accepts))
    wait_until(lambda: max(samples("lock_modes", accepts)) > latest, "samples of the remote that was rebuilt")
    assert not samples("secrets", refuses)
    assert sql("SELECT extname FROM seen_pauses WHERE extname = 'lock_modes'")
    # Only the snapshot that ran when the pause came has begun before, and a server has one at a time.
    late = sql("SELECT errors FROM seen_errors WHERE at > (SELECT max(at) FROM seen_pauses)")
    assert len(late) <= 1, late


def podman_pending(container):
    done = subprocess.run(
        ["podman", "exec", container, "systemctl", "is-system-running"],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return done.stdout.strip() not in ("running", "degraded")
