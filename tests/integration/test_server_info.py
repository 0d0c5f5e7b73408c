# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module server_info: it returns what plain SQL says, and each problem is caused, found, cured as it says, and gone."""

from __future__ import annotations

import functools
import json
from contextlib import closing
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import psycopg2
import pytest
from datasources import AWKWARD, COMMITS, LOCK_MODES
from readers import HIDDEN, a_login, a_reader, without_ages
from servers import (
    PASSWORD,
    Database,
    ModuleResult,
    on_the_newest_server,
    running_collector,
    statements_sent,
    wait_until,
)

#: How the collector may log in to this very server, under several addresses.
REMOTE = {"username": "powa", "frequency": 5}


def look(database: Database, **params: Any) -> ModuleResult:
    found = database.ok("server_info", **dict({"collector_timeout": 0}, **params))
    told_apart = [
        tuple(problem[part] for part in ("kind", "server", "datasource", "subject")) for problem in found["problems"]
    ]
    assert len(set(told_apart)) == len(told_apart)
    return found


def problems(result: ModuleResult) -> Set[Tuple[str, Optional[str], Optional[str]]]:
    """Return the kind, the server and the datasource of each problem."""
    return {(problem["kind"], problem["server"], problem["datasource"]) for problem in result["problems"]}


def the_problem(result: ModuleResult, kind: str) -> Dict[str, Any]:
    """Return the one problem of a kind."""
    (problem,) = [problem for problem in result["problems"] if problem["kind"] == kind]
    assert all(problem[part] for part in ("problem", "cause", "cure"))
    return dict(problem)


def kinds(result: ModuleResult) -> Set[str]:
    return {problem["kind"] for problem in result["problems"]}


def declare(database: Database, *datasources: Dict[str, Any], **params: Any) -> None:
    database.ok(
        "datasources",
        **dict({"server_kind": ["repository", "remote"], "monitoring_role": "powa"}, **params),
        datasources=list(datasources),
    )


def snapshot_now(database: Database, srvid: int) -> None:
    """Have a snapshot of a server recorded as if it was just taken."""
    database.sql("UPDATE powa_snapshot_metas SET snapts = now() WHERE srvid = %s", (srvid,))


def test_what_it_returns_is_what_sql_says(database: Database) -> None:
    declare(database, LOCK_MODES, COMMITS)
    servers = [
        dict(REMOTE, hostname="a", alias="A", dbname=database.name, retention="7 days", extensions=["pg_qualstats"]),
        {"hostname": "b", "datasources": ["commits"], "state": "disabled"},
    ]
    database.ok("servers", servers=servers)
    declare(database, LOCK_MODES, COMMITS)
    database.ok("servers", servers=servers)
    ((srvid,),) = database.sql("SELECT id FROM powa_servers WHERE hostname = 'a'")
    database.collect("lock_modes", srvid)
    database.take_snapshot(srvid)

    found = look(database, monitoring_role="powa", collector_role="nobody_at_all").result
    ((version, schema),) = database.sql(
        "SELECT extversion, extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'powa'"
    )
    assert (found["powa_version"], found["powa_schema"]) == (version, schema)
    assert found["postgresql_version"] == database.value("SHOW server_version")
    assert found["database"] == database.name and not found["standby"]
    assert found["server_kind"] == ["remote", "repository"] and look(database)["server_kind"] == ["repository"]
    for setting in ("powa.retention", "pg_stat_statements.max", "shared_preload_libraries"):
        assert found["settings"][setting] == database.value("SELECT current_setting(%s)", (setting,))
    libraries = database.value("SHOW shared_preload_libraries").split(",")
    assert found["libraries"] == {"loaded": libraries, "configured": libraries}
    assert {(entry["name"], entry["version"]) for entry in found["extensions"]} == set(
        database.sql("SELECT extname, extversion FROM pg_extension")
    )
    assert found["roles"] == [
        {"name": "powa", "present": True, "login": True, "superuser": False, "reads_statistics": True, "settings": {}},
        {
            "name": "nobody_at_all",
            "present": False,
            "login": False,
            "superuser": False,
            "reads_statistics": False,
            "settings": {},
        },
    ]

    local, first, second = found["servers"]
    assert (local["srvid"], local["name"], local["enabled"]) == (0, "local", False)
    assert (first["srvid"], first["name"], first["enabled"], first["frequency"]) == (srvid, "A", True, 5)
    assert (second["name"], second["enabled"], second["frequency"]) == ("b:5432", False, -1)
    assert first["retention"] == database.value("SELECT retention::text FROM powa_servers WHERE id = %s", (srvid,))
    assert list(first["extensions"]) == ["pg_qualstats"] and not second["extensions"]
    assert first["datasources"] == {"commits": True, "lock_modes": True}
    assert second["datasources"] == {"commits": True, "lock_modes": False}
    times = "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    assert (first["snapshots"]["last"], first["snapshots"]["sequence"]) == database.sql(
        "SELECT {0}, coalesce_seq FROM powa_snapshot_metas WHERE srvid = %s".format(times.format("snapts")), (srvid,)
    )[0]
    assert 0 <= first["snapshots"]["age"] < 60 and second["snapshots"]["last"] is None

    commits, lock_modes = found["datasources"]
    assert (commits["name"], lock_modes["name"]) == ("commits", "lock_modes")
    assert lock_modes["definition"]["description"] == LOCK_MODES["description"]
    assert not commits["drift"] and not lock_modes["drift"] and not commits["refused"]
    sampled, inactive = lock_modes["servers"]
    assert not inactive["enabled"] and not inactive["has_samples"]
    last = "SELECT {0} FROM powa_lock_modes_history_current WHERE srvid = %s".format(times.format("max((record).ts)"))
    assert sampled["has_samples"] and sampled["last_sample"] == database.value(last, (srvid,))
    assert [(entry["name"], entry["has_samples"]) for entry in commits["servers"]] == [("A", False), ("b:5432", False)]
    size = "SELECT pg_total_relation_size(%s::regclass)"
    assert lock_modes["bytes"]["current"] == database.value(size, ("powa_lock_modes_history_current",))
    sizes = {table["name"]: table["bytes"] for table in found["tables"]}
    for table in ("powa_statements_history", "powa_commits_history"):
        assert sizes[table] == database.value(size, (table,))

    # Aggregated samples count, too.
    database.sql("SELECT powa_lock_modes_aggregate(%s)", (srvid,))
    aggregated = look(database)["datasources"][1]["servers"][0]
    assert aggregated["last_sample"] == sampled["last_sample"]


def test_it_sends_as_many_statements_for_many_as_for_few(make_database: Any) -> None:
    sent = []
    for servers, datasources in ((2, 1), (200, 10)):
        database = make_database()
        declare(database, *(dict(COMMITS, name="many_{0}".format(number)) for number in range(datasources)))
        database.ok("servers", servers=[{"hostname": "db{0}".format(number)} for number in range(servers)])
        # Some rows in each transient table, so that all of them are looked into.
        for number in range(datasources):
            database.sql("INSERT INTO powa_many_{0}_src_tmp VALUES (1, now() - interval '1 day', 1)".format(number))
        found, statements = statements_sent(database, functools.partial(look, database, collector_timeout=1))
        sent.append(statements)
        assert len(found["transient_rows"]) == datasources
        assert len(found["datasources"]) == datasources and len(found["servers"]) == servers + 1
        assert not any(entry["drift"] or entry["refused"] for entry in found["datasources"])
    assert 0 < sent[0] == sent[1]


def test_a_mere_remote_and_a_database_without_powa(database: Database, bare_database: Database) -> None:
    declare(database, LOCK_MODES, server_kind=["remote"])
    remote = look(database, server_kind=["remote"], monitoring_role="powa")
    assert not remote["problems"] and remote["collector"] is None
    assert [(entry["server_kind"], entry["drift"]) for entry in remote["datasources"]] == [(["remote"], [])]
    # What it is can be seen, too.
    assert look(database)["server_kind"] == ["remote"]
    assert not look(database)["datasources"][0]["drift"]

    bare = look(bare_database)
    assert problems(bare) == {("powa_absent", None, None)} and bare["powa_version"] is None
    bare_database.ok("extensions", extensions=[{"name": name} for name in ("btree_gist", "pg_stat_statements", "powa")])
    assert not look(bare_database)["problems"]


DAMAGES = {
    "function": "DROP FUNCTION powa_lock_modes_purge(integer)",
    "body": "ALTER FUNCTION powa_lock_modes_get(integer, timestamptz, timestamptz) VOLATILE",
    "index": "DROP INDEX powa_lock_modes_history_ts",
    "column": "ALTER TABLE powa_lock_modes_src_tmp ADD COLUMN other integer",
    "rights": "REVOKE ALL ON FUNCTION powa_lock_modes_src(integer) FROM powa",
    "table": "DROP TABLE powa_lock_modes_src_tmp",
    "history": "DROP TABLE powa_lock_modes_history_current",
    "priority": {
        "4": "UPDATE powa_functions SET priority = 77 WHERE module = 'lock_modes'",
        "5": "UPDATE powa_extension_functions SET priority = 77 WHERE extname = 'lock_modes'",
    },
    "row": {
        "4": "DELETE FROM powa_functions WHERE module = 'lock_modes' AND operation = 'purge'",
        "5": "DELETE FROM powa_extension_config WHERE extname = 'lock_modes'",
    },
}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_drift_is_found_and_cured(database: Database, damage: str) -> None:
    declare(database, LOCK_MODES, AWKWARD)
    database.register("one")
    declare(database, LOCK_MODES, AWKWARD)
    assert "datasource_drift" not in kinds(look(database, monitoring_role="powa"))
    statement: Any = DAMAGES[damage]
    database.sql(statement if isinstance(statement, str) else statement[database.powa])
    found = look(database, monitoring_role="powa")
    assert the_problem(found, "datasource_drift")["datasource"] == "lock_modes"
    # The oracle is what a run of the module says, which the tests of that module hold to SQL.
    told = database.ok(
        "datasources",
        check=True,
        server_kind=["repository", "remote"],
        monitoring_role="powa",
        datasources=[LOCK_MODES, AWKWARD],
    )["changes"]
    drift = [entry for datasource in found["datasources"] for entry in datasource["drift"]]
    assert ["{action} {object}".format(**entry) for entry in drift] == told
    declare(database, LOCK_MODES, AWKWARD)
    assert "datasource_drift" not in kinds(look(database, monitoring_role="powa"))


def test_what_can_not_be_compared_says_why(database: Database) -> None:
    declare(database, LOCK_MODES, COMMITS)
    database.sql("COMMENT ON FUNCTION powa_lock_modes_reset(integer) IS 'mine'")
    found = look(database)
    assert problems(found) == {("datasource_refused", None, "lock_modes")}
    assert "powa_lock_modes_reset" in the_problem(found, "datasource_refused")["cause"]
    database.sql("COMMENT ON FUNCTION powa_lock_modes_reset(integer) IS 'pgfleet.powa datasource lock_modes'")
    assert not look(database)["problems"]


def test_a_damaged_definition_is_a_problem_that_names_the_object(database: Database) -> None:
    declare(database, LOCK_MODES, COMMITS)
    assert [entry["damaged"] for entry in look(database)["datasources"]] == [None, None]
    database.sql("COMMENT ON FUNCTION powa_lock_modes_src(integer) IS 'pgfleet.powa datasource lock_modes: {'")
    found = look(database)
    assert problems(found) == {("definition_damaged", None, "lock_modes")}
    problem = the_problem(found, "definition_damaged")
    _commits, damaged = found["datasources"]
    assert damaged["damaged"] == problem["cause"] and damaged["definition"] is None
    assert "the comment of function public.powa_lock_modes_src should hold" in problem["cause"]
    # As the cure says.
    assert "declare the datasource again" in problem["cure"]
    declare(database, LOCK_MODES, COMMITS)
    assert not look(database)["problems"]


def test_history_that_is_kept_is_named(database: Database) -> None:
    declare(database, LOCK_MODES, COMMITS)
    declare(database, dict(LOCK_MODES, state="absent"))
    _commits, kept = look(database)["datasources"]
    assert kept["name"] == "lock_modes" and kept["definition"] is None and kept["bytes"]["history"]
    assert not look(database)["problems"]


def test_scope_database_and_shared_extensions_are_no_drift(database: Database) -> None:
    shared = [dict(COMMITS, extension="app"), dict(LOCK_MODES, extension="app")]
    if database.powa == "5":
        shared.append(dict(COMMITS, name="each", scope="database", databases=["postgres"]))
    database.register("one", "two")
    declare(database, *shared)
    assert [(entry["drift"], entry["refused"]) for entry in look(database)["datasources"]] == [([], [])] * len(shared)


def test_a_pause_is_found(database: Database) -> None:
    (srvid,) = database.register("one")
    declare(database, COMMITS)
    more = dict(COMMITS, metrics=[{"name": "commits", "type": "bigint"}, {"name": "more", "type": "bigint"}])
    more["query"] = "SELECT 1::bigint AS commits, 2::bigint AS more"
    declare(database, dict(more, state="paused"), server_kind=["repository"], monitoring_role=None)
    found = look(database)
    assert ("datasource_paused", "one", "commits") in problems(found)
    # That nothing is taken is part of the pause.
    assert "datasource_drift" not in kinds(found)
    declare(database, more)
    assert "datasource_paused" not in kinds(look(database))


def test_a_datasource_without_samples(database: Database) -> None:
    (srvid,) = database.register("one")
    declare(database, COMMITS, LOCK_MODES)
    snapshot_now(database, srvid)
    assert problems(look(database)) == {
        ("datasource_without_samples", "one", "commits"),
        ("datasource_without_samples", "one", "lock_modes"),
    }
    declare(database, COMMITS, dict(LOCK_MODES, may_be_empty=True))
    assert problems(look(database)) == {("datasource_without_samples", "one", "commits")}
    database.sql(
        "UPDATE powa_snapshot_metas SET errors = %s WHERE srvid = %s",
        (["Error while calling public.powa_commits_src:\npermission denied for function powa_commits_src\n"], srvid),
    )
    (cause,) = [
        problem["cause"]
        for problem in look(database)["problems"]
        if problem["kind"] == "datasource_without_samples" and problem["datasource"] == "commits"
    ]
    assert "permission denied" in cause
    for name in ("commits", "lock_modes"):
        database.collect(name, srvid)
    database.take_snapshot(srvid)
    assert not look(database)["problems"]


def test_never_snapshotted_and_late(database: Database) -> None:
    first, second = database.register("one", "two")
    assert problems(look(database)) == {("never_snapshotted", "one", None), ("never_snapshotted", "two", None)}
    snapshot_now(database, second)
    database.sql("UPDATE powa_snapshot_metas SET snapts = now() - interval '1199 seconds' WHERE srvid = %s", (first,))
    assert not look(database)["problems"]
    database.sql("UPDATE powa_snapshot_metas SET snapts = now() - interval '1210 seconds' WHERE srvid = %s", (first,))
    found = look(database)
    assert problems(found) == {("snapshot_late", "one", None)}
    assert "one every 300 seconds" in the_problem(found, "snapshot_late")["problem"]
    database.ok("servers", servers=[{"hostname": "one", "state": "disabled"}])
    assert not look(database)["problems"]


def test_a_setting_with_which_nothing_can_be_stored_is_named(database: Database) -> None:
    database.register("one")
    role, whole = "ROLE powa_collector", 'DATABASE "{0}"'.format(database.name)
    sql = functools.partial(database.server.sql, "postgres")
    sql("ALTER {0} SET default_transaction_read_only = on".format(whole))
    sql("ALTER {0} SET statement_timeout = '5s'".format(whole))
    # What is set for the database counts, unless the role has its own value.
    sql("ALTER {0} SET statement_timeout = 0".format(role))
    try:
        found = look(database, collector_role="powa_collector")
        settings = {"default_transaction_read_only": "on", "statement_timeout": "0"}
        assert [entry["settings"] for entry in found["roles"]] == [settings]
        late = the_problem(found, "never_snapshotted")
        assert late["cause"] == (
            'role "powa_collector" has default_transaction_read_only = on in database "{0}",'
            " so it cannot store a snapshot".format(database.name)
        )
        sql(late["cure"])
        cured = look(database, collector_role="powa_collector")
        assert "the collector was not asked" in the_problem(cured, "never_snapshotted")["cause"]
    finally:
        sql("ALTER {0} RESET ALL".format(role))
        sql("ALTER {0} IN {1} RESET ALL".format(role, whole))


@pytest.mark.parametrize(
    ("error", "kind", "part"),
    [
        ('could not translate host name "db9" to address: Name or service not known\n', "hostname_unresolved", '"db9"'),
        ('FATAL:  password authentication failed for user "m"\n', "collector_login", '"m"'),
        ('FATAL:  role "m" is not permitted to log in\n', "collector_login", '"m"'),
        ("fe_sendauth: no password supplied", "collector_login", "no password"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "m", database "powa"', "collector_login", "10.0.0.9"),
        ("Incompatible PoWA version between the repository server (5.0.X) and the remote host (4.1.X)", "powa_version",
         "5.0"),
        ("Extension pg_qualstats is not installed on the the remote server one", "extension_missing", "pg_qualstats"),
        ("connection to server at \"a\", port 5432 failed: Connection refused\n", "collector_not_connected", "reach"),
        ("Error while inserting data:\nextra data after last expected column\nCONTEXT:  COPY x", "snapshot_errors",
         "extra data"),
        ('powa_take_snapshot(1): function "powa_x_snapshot" failed: division by zero', "snapshot_errors", "by zero"),
    ],
)  # fmt: skip
def test_errors_of_snapshots_are_explained(database: Database, error: str, kind: str, part: str) -> None:
    (srvid,) = database.register("one")
    snapshot_now(database, srvid)
    database.sql("UPDATE powa_snapshot_metas SET errors = %s WHERE srvid = %s", ([error], srvid))
    found = look(database)
    assert problems(found) == {(kind, "one", None)}
    assert part in the_problem(found, kind)["problem"]
    assert "CONTEXT" not in json.dumps(found["problems"])


def test_rows_that_are_left_in_transient_tables(database: Database) -> None:
    (srvid,) = database.register("one")
    declare(database, COMMITS)
    insert = "INSERT INTO powa_commits_src_tmp SELECT %s, now() - %s::interval, 1"
    database.sql(insert, (srvid, "10 seconds"))
    assert "transient_rows" not in kinds(look(database))
    database.sql(insert, (srvid, "2 hours"))
    database.sql(insert, (77, "1 second"))
    found = look(database)
    assert {entry[:2] for entry in problems(found) if entry[0] == "transient_rows"} == {
        ("transient_rows", "one"),
        ("transient_rows", "77"),
    }
    counted = {(entry["table"], entry["srvid"], entry["rows"]) for entry in found["transient_rows"]}
    assert counted == {("powa_commits_src_tmp", srvid, 2), ("powa_commits_src_tmp", 77, 1)}
    assert {problem["subject"] for problem in found["problems"] if problem["kind"] == "transient_rows"} == {
        "powa_commits_src_tmp"
    }
    # As the cures say.
    (deletion,) = [problem["cure"] for problem in found["problems"] if problem["server"] == "77"]
    database.sql(deletion)
    database.take_snapshot(srvid)
    assert "transient_rows" not in kinds(look(database))


def test_stored_passwords_are_found_and_never_shown(database: Database) -> None:
    database.ok("servers", servers=[{"hostname": "a", "password": "planted.8Hq2", "state": "disabled"}])
    found = look(database)
    assert problems(found) == {("password_stored", "a:5432", None)}
    printed = json.dumps(found.result)
    assert "planted" not in printed and PASSWORD not in printed
    database.ok("servers", servers=[{"hostname": "a", "password": "", "state": "disabled"}])
    assert not look(database)["problems"]


def test_other_versions_of_powa(database: Database) -> None:
    (srvid,) = database.register("one")
    snapshot_now(database, srvid)
    own = database.value("SELECT extversion FROM pg_extension WHERE extname = 'powa'")
    if database.powa == "5":
        # It keeps no version of itself; the collector's error says it, as another test has it.
        assert look(database)["servers"][1]["powa_version"] is None
        return
    for version, other in (("3.9.1", True), (own, False), (own + ".7", False)):
        database.sql("UPDATE powa_extensions SET version = %s WHERE srvid = %s AND extname = 'powa'", (version, srvid))
        assert problems(look(database)) == ({("powa_version", "one", None)} if other else set())
        assert look(database)["servers"][1]["powa_version"] == version


def test_an_extension_that_the_repository_lacks(database: Database) -> None:
    (srvid,) = database.register("one")
    snapshot_now(database, srvid)
    database.ok("servers", servers=[{"hostname": "one", "extensions": ["pg_track_settings"]}])
    found = look(database)
    assert problems(found) == {("extension_missing", "one", None)}
    assert the_problem(found, "extension_missing")["subject"] == "pg_track_settings on the repository"
    database.ok("extensions", extensions=[{"name": "pg_track_settings"}])
    assert not look(database)["problems"]


def _role(options: str, *groups: str) -> Callable[[Database], None]:
    def make(database: Database) -> None:
        database.sql("DROP ROLE IF EXISTS monitor_of_test")
        if options:
            database.sql("CREATE ROLE monitor_of_test {0}".format(options))
        for group in groups:
            database.sql("GRANT {0} TO monitor_of_test".format(group))

    return make


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (_role(""), "monitoring_role_absent"),
        (_role("SUPERUSER LOGIN"), "monitoring_role_superuser"),
        (_role("LOGIN"), "monitoring_role_rights"),
        (_role("NOLOGIN", "pg_read_all_stats"), "monitoring_role_login"),
        (_role("LOGIN", "pg_monitor"), None),
    ],
    ids=["absent", "superuser", "rights", "login", "good"],
)
def test_the_monitoring_role(database: Database, make: Any, kind: Optional[str]) -> None:
    make(database)
    found = look(database, server_kind=["remote"], monitoring_role="monitor_of_test")
    assert problems(found) == ({(kind, None, None)} if kind else set())
    database.sql("DROP ROLE IF EXISTS monitor_of_test")


def test_libraries_that_are_not_loaded(database: Database) -> None:
    setting = "SELECT setting FROM pg_file_settings WHERE name = 'shared_preload_libraries' ORDER BY seqno DESC LIMIT 1"
    before = database.value(setting)
    database.ok("extensions", extensions=[{"name": "pg_qualstats"}])
    try:
        database.server.sql("postgres", "ALTER SYSTEM SET shared_preload_libraries = powa, auto_explain")
        found = look(database, server_kind=["remote"])
        missing = {problem["problem"].split()[1] for problem in found["problems"] if "preloaded" in problem["kind"]}
        assert missing == {"pg_stat_statements", "pg_qualstats"}
        assert "auto_explain" in the_problem(found, "restart_pending")["problem"]
        # A mere repository needs none of them.
        database.register("one")
        assert "library_not_preloaded" not in kinds(look(database))
    finally:
        database.server.sql("postgres", "ALTER SYSTEM RESET shared_preload_libraries")
    assert database.value(setting) == before
    assert not look(database, server_kind=["remote"])["problems"] or database.powa


@on_the_newest_server
def test_the_purge_of_pg_qualstats(database: Database) -> None:
    (srvid,) = database.register("one")
    snapshot_now(database, srvid)
    assert not look(database)["problems"]
    database.ok("servers", servers=[{"hostname": "one", "extensions": ["pg_qualstats"]}])
    with pytest.raises(Exception, match="does not exist"):
        database.sql("SELECT powa_qualstats_purge(%s)", (srvid,))
    assert problems(look(database)) == {("qualstats_purge", "one", None)}
    database.ok("servers", servers=[{"hostname": "one", "extensions": []}])
    assert not look(database)["problems"]


def test_a_collector_that_is_down_comes_up_and_is_behind(database: Database) -> None:
    remote = dict(REMOTE, dbname=database.name, hostname="127.0.0.1", alias="one")
    declare(database, LOCK_MODES, server_kind=["repository", "remote"])
    database.ok("servers", servers=[remote])
    down = look(database, collector_timeout=1)
    assert problems(down) == {("collector_down", None, None), ("never_snapshotted", "one", None)}
    assert down["collector"]["answers"] is False and "no powa-collector answered" in down["collector"]["message"]
    with running_collector(database):
        wait_until(lambda: not look(database, collector_timeout=10)["problems"], "a fleet without problems")
        found = look(database, collector_timeout=10)
        assert found["collector"]["workers"] == [
            {"srvid": found["servers"][1]["srvid"], "server": "one", "status": "running"}
        ]
        # Registered, and the collector was not told.
        other = dict(remote, hostname="localhost", alias="two")
        database.ok("servers", servers=[other])
        unaware = look(database, collector_timeout=10)
        assert ("collector_unaware", "two", None) in problems(unaware) and unaware["collector"]["reload_required"]
        assert "reloaded" in the_problem(unaware, "collector_unaware")["cure"]
        database.ok("collector", state="reloaded", timeout=60)
        wait_until(lambda: not look(database, collector_timeout=10)["problems"], "no problem after the reload")
        # Disabled, and a reload would not be enough.
        database.ok("servers", servers=[dict(other, frequency=-1)])
        needless = look(database, collector_timeout=10)
        assert ("collector_needless_worker", "two", None) in problems(needless)
        assert "restart" in the_problem(needless, "collector_needless_worker")["cure"]
    with running_collector(database):
        wait_until(lambda: not look(database, collector_timeout=10)["problems"], "no problem after the restart")


def test_servers_that_the_collector_does_not_reach(database: Database) -> None:
    declare(database, LOCK_MODES)
    servers: List[Dict[str, Any]] = [
        dict(REMOTE, dbname=database.name, hostname="localhost", alias="stranger", username="nosuch"),
        dict(REMOTE, dbname=database.name, hostname="no-such-host.invalid", alias="nameless"),
        dict(REMOTE, dbname=database.name, hostname="127.0.0.3", port=6666, alias="closed"),
        dict(REMOTE, dbname="postgres", hostname="127.0.0.1", alias="powaless"),
    ]
    database.ok("servers", servers=servers)
    expected = {
        ("collector_login", "stranger", None),
        ("hostname_unresolved", "nameless", None),
        ("collector_not_connected", "closed", None),
        ("collector_not_connected", "powaless", None),
    } | {("never_snapshotted", server["alias"], None) for server in servers}
    with running_collector(database):
        wait_until(lambda: problems(look(database, collector_timeout=10)) == expected, "the problems of all four")
        found = look(database, collector_timeout=10)["problems"]
        causes = {(problem["kind"], problem["server"]): problem["cause"] for problem in found}
        assert "nosuch" in causes["never_snapshotted", "stranger"]
        assert '"stopped"' in causes["never_snapshotted", "powaless"]
        # Cured by their right addresses, users and databases.
        right = dict(REMOTE, dbname=database.name)
        database.ok(
            "servers",
            servers=[
                dict(right, hostname="localhost", alias="stranger"),
                dict(right, hostname="127.0.0.4", alias="nameless", renamed_from={"hostname": "no-such-host.invalid"}),
                dict(right, hostname="127.0.0.3", alias="closed", renamed_from={"hostname": "127.0.0.3", "port": 6666}),
                dict(right, hostname="127.0.0.1", alias="powaless"),
            ],
        )
    with running_collector(database):
        wait_until(lambda: not look(database, collector_timeout=10)["problems"], "no problem of any server")


def with_everything(database: Database) -> int:
    """Make all that a reader could see: datasources with samples, servers, rows left behind, a stored password."""
    # A snapshot is not to become late between two looks.
    a = dict(REMOTE, hostname="a", alias="A", extensions=["pg_qualstats"], frequency=3600)
    servers = [a, {"hostname": "b"}]
    for _turn in range(2):
        declare(database, LOCK_MODES, COMMITS, collector_role="powa_collector")
        database.ok("servers", servers=servers)
    (srvid,) = database.sql("SELECT id FROM powa_servers WHERE hostname = 'a'")[0]
    database.collect("lock_modes", srvid)
    database.take_snapshot(srvid)
    database.sql("INSERT INTO powa_commits_src_tmp VALUES (%s, now() - interval '1 day', 1)", (srvid,))
    database.sql("INSERT INTO powa_wait_sampling_src_tmp VALUES (99, now(), 1, 'a', 'b', 1, 1)")
    return int(srvid)


def test_a_reader_sees_what_a_superuser_sees(database: Database) -> None:
    with_everything(database)
    with a_reader(database) as reader:
        declare(database, LOCK_MODES, COMMITS, collector_role="powa_collector", reader_role=reader)
        superuser, found = look(database), look(database, login_user=reader)
        assert superuser["not_visible"] == [] and found["not_visible"] == HIDDEN[database.powa]
        assert len(superuser["transient_rows"]) == 2 and all(
            server["password_stored"] is (None if database.powa == "4" else False)
            for server in found["servers"]
            if server["srvid"]
        )
        expected, seen = without_ages(superuser.result), without_ages(found.result)
        if database.powa == "4":
            for server in (*expected["servers"], *seen["servers"]):
                server.pop("password_stored")
        assert seen == expected
        # The datasources that are declared later are visible, too, and so is the collector, which does not answer.
        declare(database, AWKWARD, collector_role="powa_collector", reader_role=reader)
        later = look(database, login_user=reader, collector_timeout=1)
        assert later["not_visible"] == HIDDEN[database.powa] and "awkward" in str(later["datasources"])
        assert not later["collector"]["answers"]


def test_a_reader_has_no_more_rights_than_that(database: Database) -> None:
    with a_reader(database) as reader, closing(
        database.server.connect(database.name, reader, PASSWORD)
    ) as connection, connection.cursor() as cursor:
        refused = [
            "SELECT * FROM powa_statements_src_tmp",
            "DELETE FROM powa_servers",
            "SELECT nextval('powa_servers_id_seq')",
        ]
        refused += ["CREATE TABLE theirs ()"] if database.powa == "5" else ["SELECT password FROM powa_servers"]
        for statement in refused:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)


#: What PoWA keeps from any other role.
ALL_OF_POWA = {
    "collector.workers", "datasources[].drift", "datasources[].server_kind", "datasources[].servers", "server_kind",
    "servers", "servers[].datasources", "servers[].errors", "servers[].extensions", "servers[].snapshots", "tables",
    "transient_rows", "datasources[].servers[].has_samples", "datasources[].servers[].last_sample",
    "datasources[].servers[].recent", "datasources[].servers[].cost", "datasources[].cost",
    "servers[].powa_version", "libraries.configured",
}  # fmt: skip
SETTINGS = {"settings", "pending_restart", "libraries.loaded", "libraries.configured"}


def test_what_a_role_may_not_see_is_named_and_is_no_problem(database: Database) -> None:
    srvid = with_everything(database)
    database.sql("UPDATE powa_snapshot_metas SET snapts = '-infinity' WHERE srvid = %s", (srvid,))
    assert {"never_snapshotted", "transient_rows"} <= kinds(look(database))
    groups = {"pg_monitor": ALL_OF_POWA - {"collector.workers"}}
    if database.powa == "5":
        groups["powa_read_all_metrics"] = {*SETTINGS, "collector.workers", "transient_rows"}
        groups["powa_read_all_metrics"].add("servers[].snapshots.running")
        groups["powa_read_all_data, pg_monitor"] = {"libraries.configured", "collector.workers", "transient_rows"}
    for group, parts in groups.items():
        with a_login(database, *group.split(", ")) as reader:
            found = look(database, login_user=reader)
            hidden = {entry["part"]: entry["lacks"] for entry in found["not_visible"]}
            assert set(hidden) == parts and all(hidden.values()), group
            assert kinds(found) <= {"never_snapshotted", "datasource_without_samples"}, group
            assert ("never_snapshotted" in kinds(found)) is (group != "pg_monitor")
            # The option tells what the server is.
            told = look(database, login_user=reader, server_kind=["repository"])
            assert not {entry["part"] for entry in told["not_visible"]} & {"server_kind", "datasources[].server_kind"}
    # Nor does a role without any right get an error.
    assert look(database, login_user="nobody_special")["not_visible"]


def test_a_role_may_not_even_use_the_schema_of_powa(bare_database: Database) -> None:
    database, schema = bare_database, "public" if bare_database.powa == "4" else "monitoring"
    needed = [{"name": "btree_gist"}, {"name": "pg_stat_statements"}, {"name": "powa", "schema": schema}]
    database.ok("extensions", extensions=needed)
    declare(database, LOCK_MODES)
    database.sql("REVOKE ALL ON SCHEMA {0} FROM PUBLIC".format(schema))
    found = look(database, login_user="nobody_special")
    rights = {right for entry in found["not_visible"] for right in entry["lacks"]}
    assert "USAGE on schema {0}".format(schema) in rights and not kinds(found)
    assert [entry["name"] for entry in found["datasources"]] == ["lock_modes"]
    with a_reader(database) as reader:
        declare(database, LOCK_MODES, reader_role=reader)
        assert [entry["part"] for entry in look(database, login_user=reader)["not_visible"]] == [
            entry["part"] for entry in HIDDEN[database.powa]
        ]
