# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles of local mode, and the right to create objects in PoWA's schema."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import pytest
from datasources import COMMITS, LOCK_MODES
from servers import SUITES, Database

pytestmark = pytest.mark.parametrize(
    "server", sorted([*SUITES, "4-pg13"]), ids="powa{0}".format, indirect=True, scope="session"
)

LOCAL: Dict[str, Any] = {"server_kind": ["local"], "datasources": [COMMITS]}
WHO = {
    "name": "who",
    "query": "SELECT current_user::text AS role",
    "metrics": [{"name": "role", "type": "text", "kind": "gauge"}],
}


def roles(database: Database) -> List[Tuple[Any, ...]]:
    """Return the roles of local mode, and of what they are members."""
    return database.sql(
        "SELECT r.rolname::text, r.rolcanlogin OR r.rolsuper, array_agg(g.rolname::text) FROM pg_roles AS r"
        " LEFT JOIN pg_auth_members AS m ON m.member = r.oid LEFT JOIN pg_roles AS g ON g.oid = m.roleid"
        " WHERE r.rolname IN ('powa_monitor', 'powa_queries') GROUP BY 1, 2 ORDER BY 1"
    )


@pytest.fixture
def closed(database: Database) -> Database:
    """A database in which only superusers may create objects in PoWA's schema."""
    database.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    return database


def test_the_module_alone_makes_what_local_mode_needs(closed: Database) -> None:
    datasources = [WHO, LOCK_MODES]
    checked = closed.ok("datasources", check=True, datasources=datasources, server_kind=["local"])
    assert roles(closed) == []
    made = closed.ok("datasources", datasources=datasources, server_kind=["local"])
    assert made.diff == checked.diff
    assert made["changes"][:2] == ["create role powa_monitor", "create role powa_queries"]
    right = [("powa_monitor", False, ["pg_read_all_stats"]), ("powa_queries", False, ["powa_monitor"])]
    assert roles(closed) == right
    again = closed.ok("datasources", datasources=datasources, server_kind=["local"])
    assert not again.changed and again.diff == {"before": "", "after": ""}
    closed.ok("snapshot", servers=["local"])
    assert closed.sql("SELECT (record).role FROM powa_who_history_current") == [("powa_queries",)]
    closed.ok("datasources", datasources=[], state="exact", server_kind=["local"])
    assert closed.sql("SELECT proname FROM pg_proc WHERE proname ~ '^powa_(who|lock_modes)_'") == []
    assert roles(closed) == right


def test_a_role_that_exists_keeps_what_it_has(closed: Database) -> None:
    closed.sql("CREATE ROLE powa_monitor LOGIN")
    closed.sql("CREATE ROLE powa_queries")
    made = closed.ok("datasources", **LOCAL)
    assert made["changes"][0] == "change role powa_queries"
    assert roles(closed) == [("powa_monitor", True, [None]), ("powa_queries", False, ["powa_monitor"])]


@pytest.mark.parametrize(
    ("statement", "words", "back"),
    [
        (
            "ALTER ROLE powa_queries LOGIN",
            'role "powa_queries", which owns the functions that run queries, can log in or has other attributes',
            "ALTER ROLE powa_queries NOLOGIN",
        ),
        ("GRANT powa_queries TO powa", 'has members ("powa"), who could change them', "REVOKE powa_queries FROM powa"),
        ("GRANT pg_monitor TO powa_queries", 'is a member of "pg_monitor"', "REVOKE pg_monitor FROM powa_queries"),
        ("ALTER ROLE powa_queries NOINHERIT", "does not inherit rights", "ALTER ROLE powa_queries INHERIT"),
        (
            "ALTER ROLE powa_monitor SUPERUSER",
            'monitoring_role: role "powa_monitor" is a superuser',
            "ALTER ROLE powa_monitor NOSUPERUSER",
        ),
        (
            "GRANT postgres TO powa_monitor",
            'monitoring_role: role "powa_monitor" is a member of "postgres"',
            "REVOKE postgres FROM powa_monitor",
        ),
        (
            "GRANT pg_write_server_files TO powa_monitor",
            'monitoring_role: role "powa_monitor" is a member of "pg_write_server_files"',
            "REVOKE pg_write_server_files FROM powa_monitor",
        ),
    ],
    ids=["login", "members", "groups", "noinherit", "superuser", "member of a superuser", "member of another power"],
)
def test_roles_with_other_rights_are_refused(closed: Database, statement: str, words: str, back: str) -> None:
    closed.ok("datasources", **LOCAL)
    closed.sql(statement)
    assert words in closed.refused("datasources", **LOCAL)
    closed.sql(back)
    assert not closed.ok("datasources", **LOCAL).changed


def test_others_may_not_create_objects_in_the_schema(database: Database) -> None:
    database.sql("GRANT CREATE ON SCHEMA public TO PUBLIC, nobody_special")
    found = database.ok("server_info", collector_timeout=0)
    problems = {problem["subject"]: problem for problem in found["problems"] if problem["kind"] == "schema_open"}
    assert sorted(problems) == ["nobody_special", "public"]
    assert 'PUBLIC may create objects in PoWA\'s schema "public"' in problems["public"]["problem"]
    if database.powa == "4":
        message = database.refused("datasources", **LOCAL)
        assert all("run " + problem["cure"] in message for problem in problems.values())
    else:
        database.ok("datasources", **LOCAL)
    # A repository takes them: the collector is no superuser.
    database.ok("datasources", datasources=[COMMITS], server_kind=["repository"])
    for problem in problems.values():
        database.sql(problem["cure"])
    assert database.ok("server_info", collector_timeout=0)["schema_creators"] == []
    database.ok("datasources", **LOCAL)


def test_a_task_takes_that_right_if_it_says_so(database: Database) -> None:
    database.sql("GRANT CREATE ON SCHEMA public TO PUBLIC, nobody_special")
    checked = database.ok("datasources", check=True, revoke_create=True, **LOCAL)
    made = database.ok("datasources", revoke_create=True, **LOCAL)
    assert made.diff == checked.diff and "change schema public" in made["changes"]
    assert "grant create to nobody_special" in made.diff["before"]
    assert database.ok("server_info", collector_timeout=0)["schema_creators"] == []
    assert not database.ok("datasources", revoke_create=True, **LOCAL).changed


def test_neither_may_who_owns_the_schema(closed: Database) -> None:
    statements = ["ALTER SCHEMA public OWNER TO nobody_special"]
    if closed.server.sql("postgres", "SELECT 1 FROM pg_roles WHERE rolname = 'pg_database_owner'"):
        statements.append("ALTER DATABASE {0} OWNER TO nobody_special".format(closed.name))
    for statement in statements:
        owner = closed.value("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'")
        closed.sql(statement)
        (creator,) = closed.ok("server_info", collector_timeout=0)["schema_creators"]
        assert creator["role"] == "nobody_special"
        if closed.powa == "4":
            assert creator["cure"] in closed.refused("datasources", **LOCAL)
        closed.sql(creator["cure"])
        closed.sql("ALTER SCHEMA public OWNER TO {0}".format(owner))
        assert closed.ok("server_info", collector_timeout=0)["schema_creators"] == []


def test_what_ran_as_superuser_before_becomes_so_that_it_does_not(closed: Database) -> None:
    """The functions of an earlier release, and history that stays."""
    closed.ok("datasources", **LOCAL)
    closed.ok("snapshot", servers=["local"])
    before = closed.sql("SELECT * FROM powa_commits_history_current")
    closed.sql("DROP FUNCTION powa_commits_run(integer)")
    closed.sql(
        "CREATE OR REPLACE FUNCTION powa_commits_snapshot(_srvid integer) RETURNS void LANGUAGE plpgsql"
        " SET search_path = pg_catalog, public, pg_temp AS $$ BEGIN INSERT INTO powa_commits_history_current"
        " SELECT _srvid, ROW(s.ts, s.commits)::powa_commits_history_record FROM powa_commits_src(_srvid) AS s; END $$"
    )
    changes = closed.ok("datasources", **LOCAL)["changes"]
    assert changes == ["create function public.powa_commits_run", "change function public.powa_commits_snapshot"]
    assert closed.sql("SELECT * FROM powa_commits_history_current") == before
    assert not closed.ok("datasources", **LOCAL).changed
    closed.ok("snapshot", servers=["local"])
    assert closed.value("SELECT count(*) FROM powa_commits_history_current") == 2
