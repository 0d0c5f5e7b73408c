# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module login_roles; the oracle is plain SQL, and whether a login with the password is accepted."""

from __future__ import annotations

from contextlib import closing
from hashlib import md5
from typing import Any, Dict, Iterator, List

import psycopg2
import pytest
from servers import PASSWORD, Database, ModuleResult, Server, on_every_server

MARK = "pgfleet.powa: made by login_roles"
#: The first five are the same for PostgreSQL in raw text, the others only after SASLprep, or not at all.
PASSWORDS = [
    "plain ASCII, with ' and \\ and \"",
    "Grüße aus Köln",
    "пароль",
    "密码😀",
    "a\tb\x7f",
    "full-width ﬁ Ⅸ ａ",
    "soft\u00adhyphen and\u00a0space\u200b",
    "e\u0301te\u0301",
    "a\u0627b, left and right",
    "unassigned in Unicode 3.2: \u1e9e",
    "\u200d",
]


def logs_in(server: Server, role: str, password: str) -> bool:
    try:
        with closing(psycopg2.connect(host=server.address, user=role, password=password, dbname="postgres")):
            return True
    except psycopg2.OperationalError as error:
        assert "password authentication failed" in str(error)
        return False


@pytest.fixture
def roles(server: Server) -> Iterator[None]:
    """Roles whose name begins with login_ are of one test."""
    yield
    for (name,) in server.sql("postgres", "SELECT rolname FROM pg_roles WHERE rolname LIKE 'login\\_%'"):
        server.sql("postgres", 'DROP OWNED BY "{0}"'.format(name))
        server.sql("postgres", 'DROP ROLE "{0}"'.format(name))


def role(database: Database, name: str) -> Dict[str, Any]:
    """Return what plain SQL says of a role, or nothing."""
    rows = database.sql(
        "SELECT to_jsonb(a), shobj_description(oid, 'pg_authid') FROM pg_authid AS a WHERE rolname = %s", (name,)
    )
    return dict(rows[0][0], comment=rows[0][1]) if rows else {}


def groups(database: Database, name: str) -> List[str]:
    return [
        group
        for (group,) in database.sql(
            "SELECT DISTINCT roleid::regrole::text FROM pg_auth_members WHERE member = %s::regrole ORDER BY 1", (name,)
        )
    ]


def reconcile(database: Database, *wanted: Dict[str, Any], **more: Any) -> ModuleResult:
    return database.ok("login_roles", roles=list(wanted), **more)


@on_every_server
def test_check_mode_the_run_and_the_run_after_it(database: Database, roles: None) -> None:
    wanted = {"name": "login_one", "password": "Geheim ü", "member_of": ["pg_read_all_stats", "login_group"]}
    group = {"name": "login_group"}
    checked = reconcile(database, wanted, group, check=True)
    assert checked.changed and not role(database, "login_one")
    made = reconcile(database, wanted, group)
    assert made.diff == checked.diff
    found = role(database, "login_one")
    assert found["rolcanlogin"] and found["comment"] == MARK
    for power in ("rolsuper", "rolcreatedb", "rolcreaterole", "rolreplication", "rolbypassrls"):
        assert not found[power]
    assert found["rolpassword"].startswith("SCRAM-SHA-256$")
    assert groups(database, "login_one") == ["login_group", "pg_read_all_stats"]
    assert logs_in(database.server, "login_one", "Geheim ü")
    again = reconcile(database, wanted, group)
    assert not again.changed and again.diff == {"before": "", "after": ""}
    assert role(database, "login_one") == found
    other = reconcile(database, dict(wanted, password="another"))
    assert other.changed
    assert logs_in(database.server, "login_one", "another") and not logs_in(database.server, "login_one", "Geheim ü")


@on_every_server
def test_the_right_password_is_told_without_a_login(database: Database, roles: None) -> None:
    """PostgreSQL itself makes half of the verifiers, with a connection that speaks UTF-8."""
    for encryption in ("scram-sha-256", "md5"):
        with closing(database.server.connect(database.name)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT set_config('password_encryption', %s, false)", (encryption,))
            for place, password in enumerate(PASSWORDS):
                cursor.execute("CREATE ROLE login_{0} LOGIN PASSWORD %s".format(place), (password,))
        wanted = [
            {"name": "login_{0}".format(place), "password": password, "password_encryption": encryption}
            for place, password in enumerate(PASSWORDS)
        ]
        right = reconcile(database, *wanted)
        assert right["changes"] == []
        wrong = reconcile(database, *(dict(entry, password=entry["password"] + "!") for entry in wanted), check=True)
        assert len(wrong["changes"]) == len(PASSWORDS)
        reconcile(
            database,
            *(
                {"name": entry["name"] + "_ours", "password": entry["password"], "password_encryption": encryption}
                for entry in wanted
            ),
        )
        for entry in wanted:
            name, password = entry["name"] + "_ours", entry["password"]
            if encryption == "md5":
                # The servers of the tests let nobody in with it.
                assert role(database, name)["rolpassword"] == "md5" + md5((password + name).encode()).hexdigest()
            else:
                assert logs_in(database.server, name, password), password
        for name in [entry["name"] for entry in wanted]:
            database.sql('DROP ROLE "{0}"'.format(name))
            database.sql('DROP ROLE "{0}_ours"'.format(name))


def test_a_role_of_others_loses_nothing(database: Database, roles: None) -> None:
    database.sql("CREATE ROLE login_boss NOLOGIN SUPERUSER CREATEDB; GRANT pg_monitor TO login_boss")
    result = reconcile(database, {"name": "login_boss", "password": "x1", "member_of": ["pg_read_all_stats"]})
    found = role(database, "login_boss")
    assert found["rolsuper"] and found["rolcreatedb"] and found["rolcanlogin"] and found["comment"] is None
    assert groups(database, "login_boss") == ["pg_monitor", "pg_read_all_stats"]
    assert ["it has SUPERUSER, CREATEDB" in str(warning) for warning in result["warnings"]] == [True]
    for refusal in ({"exact": True}, {"state": "absent"}):
        assert "this module has not made the role" in database.refused(
            "login_roles", roles=[dict({"name": "login_boss"}, **refusal)]
        )


def test_a_role_of_others_is_demoted_where_the_task_says_so(database: Database, roles: None) -> None:
    database.sql("CREATE ROLE login_boss SUPERUSER CREATEDB REPLICATION; GRANT pg_monitor TO login_boss")
    wanted = {"name": "login_boss", "demote": True}
    checked = reconcile(database, wanted, check=True)
    assert role(database, "login_boss")["rolsuper"]
    made = reconcile(database, wanted)
    assert made.diff == checked.diff and not made.get("warnings")
    found = role(database, "login_boss")
    assert not any(found["rol" + power] for power in ("super", "createdb", "createrole", "replication", "bypassrls"))
    assert found["rolcanlogin"] and groups(database, "login_boss") == ["pg_monitor"]
    assert not reconcile(database, wanted).changed
    refused = database.refused("login_roles", roles=[{"name": "postgres", "demote": True}])
    assert "demote: it is the superuser that initdb made, so it keeps SUPERUSER" in refused
    database.sql("ALTER ROLE login_boss SUPERUSER PASSWORD %s", (PASSWORD,))
    refused = database.refused("login_roles", roles=[wanted], login_user="login_boss")
    assert "demote: it is the role of the task's own login" in refused


@on_every_server
def test_a_role_of_ours_is_made_exact_and_dropped(database: Database, roles: None) -> None:
    reconcile(database, {"name": "login_one", "password": "x", "member_of": ["pg_read_all_stats"]})
    database.sql("ALTER ROLE login_one CREATEDB CREATEROLE; GRANT pg_monitor TO login_one")
    assert not reconcile(database, {"name": "login_one"}).changed
    exact = {"name": "login_one", "member_of": ["pg_read_all_stats"], "exact": True}
    assert reconcile(database, exact).changed and not reconcile(database, exact).changed
    assert not role(database, "login_one")["rolcreatedb"] and not role(database, "login_one")["rolcreaterole"]
    assert groups(database, "login_one") == ["pg_read_all_stats"]

    database.sql(
        "GRANT SELECT ON powa_servers TO login_one; CREATE TABLE kept (n int); ALTER TABLE kept OWNER TO login_one"
    )
    absent = {"name": "login_one", "state": "absent"}
    assert 'it owns 1 objects in database "{0}"'.format(database.name) in database.refused(
        "login_roles", roles=[absent]
    )
    database.sql("ALTER TABLE kept OWNER TO postgres")
    dropped = reconcile(database, absent)
    assert dropped["changes"] == ["remove role login_one"] and not role(database, "login_one")
    assert not reconcile(database, absent).changed and database.value("SELECT count(*) FROM kept") == 0


def test_a_superuser_of_our_mark_keeps_that(database: Database, roles: None) -> None:
    """Whoever has CREATEROLE can write the comment of a role, before that gets its power."""
    reconcile(database, {"name": "login_one"})
    database.sql("ALTER ROLE login_one SUPERUSER")
    refused = database.refused("login_roles", roles=[{"name": "login_one", "exact": True}])
    assert "it has SUPERUSER, which this module never takes" in refused
    assert "so it is not dropped" in database.refused("login_roles", roles=[{"name": "login_one", "state": "absent"}])


def test_a_login_that_is_no_superuser(database: Database, roles: None) -> None:
    """It may not read what is stored, and may not change what keeps statements."""
    database.sql("CREATE ROLE login_admin LOGIN CREATEROLE PASSWORD %s", (PASSWORD,))
    login = {"login_user": "login_admin"}
    wanted = {"name": "login_one", "password": "planted.4Jk2"}
    assert "the login may not read pg_authid" in database.refused("login_roles", roles=[wanted], **login)
    made = reconcile(database, dict(wanted, update_password="on_create"), **login)
    assert made.changed and made["kept_by"] == [] and logs_in(database.server, "login_one", "planted.4Jk2")
    assert not reconcile(database, dict(wanted, update_password="on_create", password="x"), **login).changed
    database.sql("ALTER DATABASE {0} SET pg_stat_statements.track = 'all'".format(database.name))
    again = reconcile(database, dict(wanted, update_password="always", password="planted.4Jk3"), **login)
    assert again.changed and again["kept_by"] == ["pg_stat_statements.track = all"]
    assert ["pg_stat_statements.track" in str(warning) for warning in again["warnings"]] == [True]
    assert logs_in(database.server, "login_one", "planted.4Jk3")
    # It is true: the warning names what has kept the verifier.
    kept = database.value(
        "SELECT count(*) FROM pg_stat_statements WHERE query LIKE 'ALTER ROLE login_one PASSWORD ''SCRAM%%'"
    )
    assert kept == 1


def test_a_failure_shows_no_verifier(database: Database, roles: None) -> None:
    """An error of a statement that a function runs has that statement in its context, and so in the log."""
    database.sql("CREATE ROLE login_admin LOGIN CREATEROLE PASSWORD %s; CREATE ROLE login_boss SUPERUSER", (PASSWORD,))
    wanted = {"name": "login_boss", "password": "x", "update_password": "always"}
    database.server.shell("truncate --size=0 /var/log/postgresql/*.log")
    message = database.refused("login_roles", roles=[wanted], login_user="login_admin")
    assert 'role "login_admin" lacks a right' in message
    assert "SCRAM-SHA-256$" not in database.server.shell("cat /var/log/postgresql/*.log")
