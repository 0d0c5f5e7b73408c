# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Problems are caused on a real fleet, several at a time, found with their causes, cured as the cures say, and gone."""

import json
import re

from fleet import (
    ADDRESSES,
    FIRST,
    FREQUENCY,
    REMOTES,
    REPOSITORY,
    SECOND,
    STATS_EXTENSIONS,
    Findings,
    activate,
    delete_servers,
    module,
    podman,
    remove_datasource,
    shell,
    site,
    sql,
    wait_for_error,
    wait_for_snapshots,
    wait_until,
    wait_until_accepting,
    wait_until_late,
    wait_until_up,
    wait_until_without_error,
)

#: Returns nothing until there is a table app_waits.
WAITS = {
    "name": "waits",
    "query": "SELECT 1 AS value FROM pg_class WHERE relname = 'app_waits'",
    "metrics": [{"name": "value", "type": "integer"}],
}
#: A datasource of the inventory, with another column.
CHANGED_COMMITS = {
    "name": "commits",
    "query": "SELECT 1::bigint AS committed, 2 AS value",
    "metrics": [{"name": "committed", "type": "bigint"}, {"name": "value", "type": "integer"}],
}
EXTENSION_FILES = "/usr/share/postgresql/17/extension"


def test_a_well_fleet(well):
    findings = well("--check")
    assert {server["server"] for server in findings.servers} == {REPOSITORY, *REMOTES}
    for server in findings.servers:
        assert server["powa"] == sql(server["server"], "SELECT extversion FROM pg_extension WHERE extname = 'powa'")
        assert sql(server["server"], "SHOW server_version").startswith(server["postgresql"])
        assert server["problems"] == 0
    assert all(server["age"] < 15 for server in findings.servers if server["repository"])


def test_roles_extensions_datasources_passwords_and_rows_that_are_left(well, tmp_path):
    sql(
        FIRST,
        "DROP EXTENSION pg_qualstats",
        "DROP EXTENSION IF EXISTS pg_track_settings",
    )
    sql(
        SECOND,
        "REVOKE pg_read_all_stats FROM powa_monitor",
        "DROP FUNCTION powa_sessions_src(integer)",
        "ALTER SYSTEM SET max_connections = 77",
        "SELECT pg_reload_conf()",
    )
    sql(
        REPOSITORY,
        "DROP EXTENSION IF EXISTS pg_track_settings",
        "SELECT powa_activate_extension(id, 'pg_track_settings') FROM powa_servers WHERE alias = '{0}'".format(FIRST),
        "UPDATE powa_servers SET password = 'planted.8Hq2' WHERE alias = '{0}'".format(SECOND),
        # Its rows stay where they were copied to.
        "DROP FUNCTION powa_lock_modes_snapshot(integer)",
        "INSERT INTO powa_commits_src_tmp VALUES (99, now(), 1)",
    )
    module("datasources", "powa_remotes", datasources=[WAITS], server_kind=["remote"], monitoring_role="powa_monitor")
    # Only now, since no query is tried with the rights of a superuser.
    sql(FIRST, "ALTER ROLE powa_monitor SUPERUSER")
    module(
        "datasources",
        REPOSITORY,
        server_kind=["repository"],
        collector_role="powa_collector",
        datasources=[WAITS, dict(CHANGED_COMMITS, state="paused")],
    )
    wait_until(
        lambda: (
            sql(
                REPOSITORY,
                "SELECT count(*) FROM (SELECT srvid FROM powa_lock_modes_src_tmp GROUP BY srvid"
                " HAVING min(ts) < now() - interval '21 s') AS late",
            )
            == "2"
        ),
        "rows that no snapshot takes",
    )
    findings = Findings(tmp_path, powa_doctor_fail=True)
    assert findings.failed and "found these kinds of problems: datasource_" in findings.output
    errors = {kind for kind in findings.kinds if kind[0] == "snapshot_errors"}
    assert {server for _kind, server, _datasource in errors} == {"remote1", "remote2"}
    assert findings.kinds - errors == {
        ("monitoring_role_superuser", "remote1", None),
        ("monitoring_role_rights", "remote2", None),
        ("extension_missing", "remote1", None),
        ("datasource_drift", "remote2", "sessions"),
        ("datasource_drift", "repository", "lock_modes"),
        ("datasource_paused", "remote1", "commits"),
        ("datasource_paused", "remote2", "commits"),
        ("datasource_without_samples", "remote1", "waits"),
        ("datasource_without_samples", "remote2", "waits"),
        ("restart_pending", "remote2", None),
        ("password_stored", "remote2", None),
        ("transient_rows", "99", None),
        ("transient_rows", "remote1", None),
        ("transient_rows", "remote2", None),
    }
    assert {problem["problem"].partition("extension ")[2] for problem in findings.all("extension_missing", FIRST)} == {
        "pg_qualstats is active for the server and not installed there",
        "pg_track_settings is active for the server and not installed there",
        "pg_track_settings is active for the server and not installed on the repository",
    }
    assert "max_connections" in findings.the("restart_pending", SECOND)["problem"]
    assert "no source function" in findings.the("datasource_drift", SECOND, "sessions")["cause"]
    assert "powa_lock_modes_snapshot" in findings.the("datasource_drift", REPOSITORY, "lock_modes")["cause"]
    assert "no rows" in findings.the("datasource_without_samples", FIRST, "waits")["cause"]
    # On a slow machine, rows of a snapshot that runs can be as old as these.
    (left,) = [
        problem for problem in findings.all("transient_rows", FIRST) if "powa_lock_modes_src_tmp" in problem["problem"]
    ]
    assert "fails" in left["cause"]
    assert "powa_sessions_src" in str(findings.all("snapshot_errors", SECOND))
    assert "powa_lock_modes_snapshot" in str(findings.all("snapshot_errors", FIRST))
    assert "planted" not in findings.output + json.dumps(findings.problems)

    # What the cures say. Most of it is one run of site.yml.
    assert findings.the("monitoring_role_superuser", FIRST)["cure"].startswith('ALTER ROLE "powa_monitor" NOSUPERUSER,')
    sql(FIRST, 'ALTER ROLE "powa_monitor" NOSUPERUSER')
    sql(REPOSITORY, findings.the("transient_rows", "99")["cure"])
    assert "systemctl restart postgresql" in findings.the("restart_pending", SECOND)["cure"]
    shell(SECOND, "systemctl restart postgresql")
    for problem in findings.all("extension_missing", FIRST):
        assert "pgfleet.powa.site with powa_stats_extensions naming it" in problem["cure"]
        if problem["problem"].endswith("pg_track_settings is active for the server and not installed there"):
            assert "systemctl restart powa-collector" in problem["cure"]
    site(powa_stats_extensions=[*STATS_EXTENSIONS, "pg_track_settings"])
    shell(REPOSITORY, "systemctl restart powa-collector")
    for host in REMOTES:
        sql(host, "CREATE TABLE app_waits ()")
    well()

    remove_datasource("waits")
    for host in REMOTES:
        sql(host, "DROP TABLE app_waits")
    activate(STATS_EXTENSIONS)
    # With the rows of a snapshot that has begun before.
    sql(REPOSITORY, "DROP EXTENSION pg_track_settings")


def test_the_collector_hostnames_and_the_purge_of_pg_qualstats(well, tmp_path):
    shell(REPOSITORY, "systemctl stop powa-collector")
    wait_until_late()
    findings = Findings(tmp_path)
    assert findings.kinds == {
        ("collector_down", "repository", None),
        ("snapshot_late", "remote1", None),
        ("snapshot_late", "remote2", None),
    }
    assert "inactive" in findings.the("collector_down", REPOSITORY)["cause"]
    assert "no powa-collector answers" in findings.the("snapshot_late", FIRST)["cause"]
    assert "(systemctl start powa-collector)" in findings.the("collector_down", REPOSITORY)["cure"]
    shell(REPOSITORY, "systemctl start powa-collector")
    wait_for_snapshots()

    # A server that it was not told of, under a name that neither it nor a web host can resolve.
    ghost = {"hostname": "db9.invalid", "alias": "ghost", "username": "powa_monitor", "password": "demo: monitoring"}
    module("servers", REPOSITORY, servers=[dict(ghost, frequency=FREQUENCY)])
    # No Debian with such a PoWA starts on every host; test_server_info.py sees that the purge of one fails.
    # Our own functions for purge are others in that version, so their drift is of no interest.
    for host in (REPOSITORY, *REMOTES):
        sql(host, "UPDATE pg_extension SET extversion = '5.1.2' WHERE extname = 'powa'")
    # One that began before the last of these has found different versions.
    wait_for_snapshots(besides="ghost")
    ignored = ["datasource_drift", "password_stored"]
    groups = {"powa_web": {"hosts": {FIRST: None}}}
    web, stray = tmp_path / "web.yml", tmp_path / "stray.yml"
    web.write_text(json.dumps({"all": {"children": groups}}))
    stray.write_text(json.dumps({"all": {"children": groups, "hosts": {"stray": None}}}))
    findings = Findings(tmp_path, "--inventory", str(stray), powa_doctor_ignore=ignored)
    assert findings.kinds == {
        ("inventory", "", None),
        ("collector_unaware", "ghost", None),
        ("never_snapshotted", "ghost", None),
        ("hostname_unresolved", "ghost", None),
        ("qualstats_purge", "remote1", None),
        ("qualstats_purge", "remote2", None),
    }
    assert "stray is in no group" in findings.the("inventory", None)["problem"]
    assert "does not know the server" in findings.the("never_snapshotted", "ghost")["cause"]
    assert {(problem["host"], problem["problem"]) for problem in findings.all("hostname_unresolved", "ghost")} == {
        (REPOSITORY, 'the collector\'s host cannot resolve "db9.invalid"'),
        (FIRST, 'the web host cannot resolve "db9.invalid"'),
    }
    assert all("/etc/hosts" in problem["cure"] for problem in findings.all("hostname_unresolved", "ghost"))
    for host in (REPOSITORY, FIRST):
        shell(host, "echo '{0} db9.invalid' >> /etc/hosts".format(ADDRESSES[FIRST]))
    assert "leave pg_qualstats out" in findings.the("qualstats_purge", FIRST)["cure"]
    activate([name for name in STATS_EXTENSIONS if name != "pg_qualstats"])
    assert "collector with state: reloaded" in findings.the("collector_unaware", "ghost")["cure"]
    module("collector", REPOSITORY, state="reloaded")
    # What a snapshot had copied that ran when it was deactivated.
    sql(REPOSITORY, "DELETE FROM powa_qualstats_src_tmp")
    well("--inventory", str(web), powa_doctor_ignore=ignored)

    delete_servers("s.alias = 'ghost'")
    own = sql(REPOSITORY, "SELECT default_version FROM pg_available_extensions WHERE name = 'powa'")
    for host in (REPOSITORY, *REMOTES):
        sql(host, "UPDATE pg_extension SET extversion = '{0}' WHERE extname = 'powa'".format(own))
    for host in (REPOSITORY, FIRST):
        shell(host, "grep -v db9.invalid /etc/hosts > /tmp/hosts; cat /tmp/hosts > /etc/hosts")
    activate(STATS_EXTENSIONS)
    shell(REPOSITORY, "systemctl restart powa-collector")


def test_logins_and_a_server_that_was_removed(well, tmp_path):
    end_sessions = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{0}'"
    removed = sql(REPOSITORY, "SELECT id FROM powa_servers WHERE alias = '{0}'".format(FIRST))
    delete_servers("s.alias = '{0}'".format(FIRST))
    sql(SECOND, "ALTER ROLE powa_monitor PASSWORD 'other'", end_sessions.format("powa_monitor"))
    wait_for_error(SECOND, "authentication failed")
    findings = Findings(tmp_path)
    # The worker of the server that was removed leaves rows behind, if there was time for it.
    assert findings.kinds - {("snapshot_late", "remote2", None), ("transient_rows", removed, None)} == {
        ("server_unregistered", "remote1", None),
        ("collector_needless_worker", "removed", None),
        ("collector_login", "remote2", None),
    }
    assert ADDRESSES[FIRST] in findings.the("server_unregistered", FIRST)["cause"]
    assert 'as "powa_monitor"' in findings.the("collector_login", SECOND)["problem"]
    assert "powa_monitoring_password" in findings.the("collector_login", SECOND)["cure"]
    assert "systemctl restart powa-collector" in findings.the("collector_needless_worker", "removed")["cure"]

    # The service stays active when the collector has no way back to its repository.
    sql(REPOSITORY, "ALTER ROLE powa_collector PASSWORD 'other'", end_sessions.format("powa_collector"))
    wait_until(
        lambda: "Error connecting:" in shell(REPOSITORY, "journalctl --unit powa-collector --output cat --lines 100"),
        "that the collector is not let in",
    )
    findings = Findings(tmp_path)
    assert "collector_down" not in {problem["kind"] for problem in findings.problems}
    problem = findings.the("collector_login", REPOSITORY)
    assert re.search('authentication failed for user "powa_collector"', problem["cause"])
    assert "powa_collector_password" in problem["cure"] and "systemctl restart powa-collector" in problem["cure"]
    shell(REPOSITORY, "systemctl restart powa-collector")
    for problem in findings.all("transient_rows", removed):
        sql(REPOSITORY, problem["cure"])
    site()
    well()


def test_versions_libraries_and_what_is_down_or_absent(well, tmp_path):
    # The collector compares what pg_extension says. The way back is a real update, though an empty one.
    own = sql(FIRST, "SELECT extversion FROM pg_extension WHERE extname = 'powa'")
    shell(FIRST, "touch {0}/powa--5.1.0--{1}.sql".format(EXTENSION_FILES, own))
    sql(FIRST, "UPDATE pg_extension SET extversion = '5.1.0' WHERE extname = 'powa'")
    # The last file of the folder wins.
    shell(FIRST, "echo \"shared_preload_libraries = 'pg_stat_statements'\" > /etc/postgresql/17/main/conf.d/zz.conf")
    shell(FIRST, "systemctl restart postgresql")
    podman("stop", "--time", "3", SECOND)
    wait_for_error(FIRST, "Incompatible PoWA version")
    findings = Findings(tmp_path)
    assert {
        ("powa_version", "remote1", None),
        ("library_not_preloaded", "remote1", None),
        ("host_unreachable", "remote2", None),
    } <= findings.kinds
    assert "5.1" in findings.the("powa_version", FIRST)["cause"]
    libraries = findings.all("library_not_preloaded", FIRST)
    assert {problem["problem"].split()[1] for problem in libraries} == set(STATS_EXTENSIONS)
    assert all("'pg_stat_statements'" in problem["cause"] for problem in libraries)
    assert "update the extension" in findings.the("powa_version", FIRST)["cure"]
    sql(FIRST, "ALTER EXTENSION powa UPDATE")
    assert "add it to shared_preload_libraries" in libraries[0]["cure"]
    shell(FIRST, "rm /etc/postgresql/17/main/conf.d/zz.conf")
    assert findings.the("host_unreachable", SECOND)["cure"].startswith("start it")
    podman("start", SECOND)
    wait_until_up(SECOND)
    # The errors of the last snapshot are those of the version, until there is another one.
    wait_until_without_error(FIRST, "Incompatible PoWA version")

    shell(SECOND, "systemctl stop 'postgresql@*'")
    findings = Findings(tmp_path)
    assert {("restart_pending", "remote1", None), ("database_unreachable", "remote2", None)} <= findings.kinds
    kinds = {problem["kind"] for problem in findings.problems}
    assert not kinds & {"powa_version", "library_not_preloaded", "host_unreachable"}
    assert "library pg_qualstats" in findings.the("restart_pending", FIRST)["problem"]
    assert "cannot be reached" in findings.the("database_unreachable", SECOND)["cause"]
    assert "systemctl start postgresql" in findings.the("database_unreachable", SECOND)["cure"]
    shell(SECOND, "systemctl start postgresql")
    assert "systemctl restart postgresql" in findings.the("restart_pending", FIRST)["cure"]
    shell(FIRST, "systemctl restart postgresql")

    for host in REMOTES:
        wait_until_accepting(host)
    sql(FIRST, "DROP EXTENSION powa CASCADE")
    findings = Findings(tmp_path)
    assert ("powa_absent", "remote1", None) in findings.kinds
    kinds = {problem["kind"] for problem in findings.problems}
    assert not kinds & {"restart_pending", "database_unreachable"}
    assert 'database "powa" has no extension powa' in findings.the("powa_absent", FIRST)["problem"]
    # The kernel tries for two minutes to connect to a host that was down when it began.
    wait_for_snapshots(besides=FIRST, seconds=180)
    site()
    well()
