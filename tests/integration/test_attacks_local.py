# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In local mode a superuser takes the snapshots. Whoever owns what a query uses tries to run code as that superuser."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from servers import SUITES, Database

#: Local mode runs on PostgreSQL 13, too, which lets everybody create in public.
pytestmark = pytest.mark.parametrize(
    "server", sorted([*SUITES, "4-pg13"]), ids="powa{0}".format, indirect=True, scope="session"
)

LOCAL = {"server_kind": ["local"], "monitoring_role": "powa"}
WATCHED = {
    "name": "watched",
    "query": "SELECT n FROM app.queue",
    "metrics": [{"name": "n", "type": "integer", "kind": "gauge"}],
}
CLEANED = dict(WATCHED, query="SELECT 1 AS n", query_cleanup="SELECT n FROM app.queue")

#: What an attack wants to have run as superuser. Only a superuser can, and no ROLLBACK takes it back.
LOOT = "/tmp/loot"
SHELL = "COPY (SELECT current_user) TO PROGRAM 'cat >> {0}'".format(LOOT)

#: Everything that app_owner prepares. Names that snapshots use find these if he gets to set the search_path.
SETUP = """
    CREATE FUNCTION app.shell() RETURNS integer LANGUAGE plpgsql AS $$
        BEGIN
            EXECUTE {shell};
            RETURN 1;
        EXCEPTION WHEN insufficient_privilege THEN
            RETURN 1;
        END $$;
    CREATE FUNCTION app.fire() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM app.shell(); RETURN NULL; END $$;
    CREATE TABLE app.events (i integer);
    CREATE CONSTRAINT TRIGGER later AFTER INSERT ON app.events DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION app.fire();
    GRANT ALL ON app.events TO PUBLIC;
    CREATE FUNCTION app.now() RETURNS timestamptz LANGUAGE plpgsql AS $$
        BEGIN PERFORM app.shell(); RETURN pg_catalog.now(); END $$;
    CREATE FUNCTION app.powa_log(text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM app.shell(); END $$;
    CREATE FUNCTION app.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS $$
        BEGIN PERFORM app.shell(); RETURN pg_catalog.set_config($1, $2, $3); END $$;
    CREATE FUNCTION app.minus(integer, integer) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN PERFORM app.shell(); RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
    CREATE OPERATOR app.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = app.minus);
    CREATE FUNCTION app.attack() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
    CREATE VIEW app.queue AS SELECT app.attack() AS n;
    GRANT SELECT ON app.queue TO powa;
    CREATE DOMAIN app.text AS pg_catalog.text CHECK (app.shell() IS NOT NULL);
""".format(shell="$x${0}$x$".format(SHELL))

#: Whatever of PoWA can be called for the local server.
CALLS = [
    "SELECT public.powa_{0}(0)".format(name)
    for name in (
        *("statements_aggregate", "statements_purge", "user_functions_snapshot", "take_snapshot"),
        *("stat_activity_src", "stat_activity_snapshot", "databases_snapshot", "log"),
    )
]
#: Each is what app.attack() executes, one after the other; what is refused does not keep the rest from running.
ATTACKS = {
    "directly": ["SELECT app.shell()"],
    "another_role": [
        "SELECT set_config('role', 'none', true)",
        "RESET ROLE",
        "RESET SESSION AUTHORIZATION",
        "SET SESSION AUTHORIZATION postgres",
        "SET ROLE postgres",
        "SELECT app.shell()",
    ],
    "search_path": ["SELECT set_config('search_path', 'app, public, pg_catalog', false)"],
    "search_path_for_the_transaction": ["SET LOCAL search_path = app, public, pg_catalog"],
    "the_function_runs_as_its_caller": [
        "ALTER FUNCTION public.powa_watched_run(integer) SECURITY INVOKER",
        "ALTER FUNCTION public.powa_watched_run(integer) SET search_path = app, public, pg_catalog",
        "ALTER FUNCTION public.naive() SECURITY INVOKER",
    ],
    "a_trigger_at_commit": ["INSERT INTO app.events VALUES (1)"],
    "a_trigger_that_comes_again": [
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SET CONSTRAINTS ALL DEFERRED",
        "INSERT INTO app.events VALUES (1)",
    ],
    "a_cursor_that_is_held": ["DECLARE held CURSOR WITH HOLD FOR SELECT app.shell()"],
    "temporary_objects": [
        "CREATE TEMPORARY TABLE powa_servers (id integer, retention interval)",
        "CREATE TEMPORARY TABLE powa_snapshot_metas (srvid integer)",
        "CREATE FUNCTION pg_temp.powa_log(text) RETURNS void LANGUAGE sql AS 'SELECT app.shell()'",
        "SELECT set_config('search_path', 'pg_temp, app, public, pg_catalog', false)",
    ],
    "the_function_is_another": [
        "CREATE OR REPLACE FUNCTION public.powa_watched_run(_srvid integer, OUT ts timestamptz, OUT n integer)"
        " RETURNS SETOF record LANGUAGE sql AS 'SELECT now(), app.shell()'",
        "DROP FUNCTION public.powa_watched_run(integer)",
    ],
    "a_temporary_type": ["CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (app.shell() IS NOT NULL)"],
    "a_temporary_type_of_arrays": ["CREATE DOMAIN pg_temp.xid AS pg_catalog.int4[] CHECK (app.shell() IS NOT NULL)"],
    "functions_compiled_with_temporary_types": [
        "CREATE DOMAIN pg_temp.bool AS pg_catalog.bool CHECK (app.shell() IS NOT NULL)",
        "CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (app.shell() IS NOT NULL)",
        "CREATE DOMAIN pg_temp.xid AS pg_catalog.xid CHECK (app.shell() IS NOT NULL)",
        *CALLS,
    ],
    "functions_compiled_with_other_types": ["SET search_path = app, public, pg_catalog", *CALLS],
    "our_own_error": ["DO $d$ BEGIN RAISE EXCEPTION USING ERRCODE = 'PWROW'; END $d$"],
    "other_settings": [
        "SELECT set_config('row_security', 'off', false), set_config('check_function_bodies', 'off', false)",
        "SET default_transaction_read_only = on",
        "SET session_replication_role = replica",
        "SET statement_timeout = '1ms'",
    ],
}
#: Those that work against a function that only is SECURITY DEFINER.
WORKS_AGAINST_A_DEFINER = (
    "search_path",
    "a_trigger_at_commit",
    "a_trigger_that_comes_again",
    "a_cursor_that_is_held",
    "temporary_objects",
    "the_function_runs_as_its_caller",
)


@pytest.fixture
def attacked(database: Database) -> Iterator[Database]:
    """A database in which app_owner has a view that queries use."""
    server = database.server
    if not server.sql("postgres", "SELECT 1 FROM pg_roles WHERE rolname = 'app_owner'"):
        server.sql("postgres", "CREATE ROLE app_owner")
    database.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    database.sql("CREATE SCHEMA app AUTHORIZATION app_owner")
    database.sql("GRANT USAGE ON SCHEMA app TO powa")
    database.sql("SET ROLE app_owner;" + SETUP)
    yield database
    server.shell("rm -f {0}".format(LOOT))


def arm(database: Database, statements: List[str]) -> None:
    """Have the view do something, as its owner may at any time."""
    steps = "".join(
        "BEGIN EXECUTE $x${0}$x$; EXCEPTION WHEN OTHERS THEN NULL; END; ".format(step) for step in statements
    )
    if statements == ATTACKS["our_own_error"]:
        steps = statements[0].replace("DO $d$ BEGIN", "").replace("END $d$", "")
    database.sql(
        "SET ROLE app_owner; CREATE OR REPLACE FUNCTION app.attack() RETURNS integer LANGUAGE plpgsql AS"
        " $f$ BEGIN {0} RETURN 1; END $f$".format(steps)
    )


def loot(database: Database) -> str:
    """Return which users a shell was opened for."""
    return database.server.shell("cat {0} 2> /dev/null; rm -f {0}".format(LOOT))


def settings(cursor: Any) -> List[Tuple[Any, ...]]:
    cursor.execute("SELECT name, setting FROM pg_catalog.pg_settings WHERE name <> 'application_name' ORDER BY 1")
    return list(cursor.fetchall())


def snapshots(database: Database) -> None:
    """Take two snapshots in one session, as the background worker does, and see that it is as before."""
    with closing(database.server.connect(database.name)) as connection, connection.cursor() as cursor:
        # Its settings count from here on.
        cursor.execute("DO 'BEGIN END'")
        before = settings(cursor)
        for _turn in range(2):
            cursor.execute("SELECT powa_take_snapshot(0)")
            cursor.execute("SELECT now(), 1 = 1")
        assert settings(cursor) == before
        for catalog in ("pg_cursors WHERE is_holdable", "pg_class WHERE relpersistence = 't' AND relkind = 'r'"):
            cursor.execute("SELECT count(*) FROM pg_catalog." + catalog)
            assert cursor.fetchone() == (0,), catalog


def samples(database: Database) -> List[Tuple[Any, ...]]:
    return database.sql("SELECT (record).n FROM powa_watched_history_current")


def withstands(database: Database, datasource: Dict[str, Any]) -> None:
    """See that no attack changes more than the datasource that it belongs to."""
    database.ok("datasources", datasources=[datasource], **LOCAL)
    for attack, statements in ATTACKS.items():
        arm(database, statements)
        snapshots(database)
        assert loot(database) == "", attack
        refused = attack == "our_own_error"
        if "temporary_type" in attack and "query_cleanup" in datasource:
            # Some minor releases refuse such a type in REFRESH MATERIALIZED VIEW, the others have it found afterwards.
            refused = not samples(database)
        assert samples(database) == ([] if refused else [(1,), (1,)]), attack
        assert bool(database.errors(0)) == refused, attack
        # Its trigger would run at COMMIT.
        assert database.value("SELECT count(*) FROM app.events") == 0, attack
        database.sql("DELETE FROM powa_watched_history_current")
    assert not database.ok("datasources", datasources=[datasource], **LOCAL).changed


def test_a_query_does_not_become_superuser(attacked: Database) -> None:
    withstands(attacked, WATCHED)


def test_a_cleanup_does_not_become_superuser(attacked: Database) -> None:
    withstands(attacked, CLEANED)


def test_the_attacks_work_against_a_query_that_the_superuser_runs(attacked: Database) -> None:
    for attack in ("directly", "another_role"):
        arm(attacked, ATTACKS[attack])
        attacked.sql("BEGIN; SET LOCAL ROLE powa; SELECT n FROM app.queue; COMMIT")
        assert loot(attacked) == {"directly": "", "another_role": "postgres"}[attack]
        attacked.sql("SELECT n FROM app.queue")
        assert loot(attacked) == "postgres"


def test_the_attacks_work_against_a_function_that_runs_as_its_owner(attacked: Database) -> None:
    attacked.ok("datasources", datasources=[WATCHED], **LOCAL)
    attacked.sql(
        "CREATE FUNCTION public.naive() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER"
        " SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN (SELECT n FROM app.queue); END $$;"
        " ALTER FUNCTION public.naive() OWNER TO powa_queries"
    )
    for attack in WORKS_AGAINST_A_DEFINER:
        arm(attacked, ATTACKS[attack])
        with closing(attacked.server.connect(attacked.name)) as connection, connection.cursor() as cursor:
            connection.autocommit = False
            cursor.execute("SELECT public.naive()")
            if attack == "the_function_runs_as_its_caller":
                connection.commit()
                arm(attacked, ATTACKS["directly"])
                cursor.execute("SELECT public.naive()")
            cursor.execute("SELECT now()")
            connection.commit()
        assert "postgres" in loot(attacked), attack


def test_types_that_a_query_leaves_behind_work_against_a_mere_rollback(attacked: Database) -> None:
    """PL/pgSQL keeps a compiled function, and no ROLLBACK makes it look up types again."""
    attacked.sql(
        "CREATE FUNCTION public.total() RETURNS integer LANGUAGE plpgsql AS"
        " $$ DECLARE found text := 'a'; BEGIN RETURN 1; END $$"
    )
    arm(attacked, ["SET search_path = app, public, pg_catalog", "SELECT public.total()"])
    with closing(attacked.server.connect(attacked.name)) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN; SET LOCAL ROLE powa; SELECT n FROM app.queue; ROLLBACK; SELECT public.total()")
    assert loot(attacked) == "postgres"


def test_a_function_that_a_restore_gave_to_a_superuser_runs_nothing(attacked: Database) -> None:
    attacked.ok("datasources", datasources=[WATCHED], **LOCAL)
    attacked.sql("ALTER FUNCTION powa_watched_run(integer) OWNER TO postgres")
    arm(attacked, ATTACKS["directly"])
    snapshots(attacked)
    assert (loot(attacked), samples(attacked)) == ("", [])
    (error,) = attacked.errors(0) or []
    assert "datasource watched: its query would run as superuser postgres" in error
    assert attacked.ok("datasources", datasources=[WATCHED], **LOCAL).changed
    attacked.take_snapshot(0)
    assert samples(attacked) == [(1,)]


def test_a_query_has_the_rights_of_the_monitoring_role(attacked: Database) -> None:
    attacked.sql("CREATE TABLE app.secret (n integer)")
    refused = dict(WATCHED, query="SELECT count(*)::integer AS n FROM app.secret")
    attacked.ok("datasources", datasources=[WATCHED], **LOCAL)
    assert 'for role "powa"' in attacked.refused("datasources", datasources=[refused], **LOCAL)
    attacked.sql("GRANT SELECT ON app.secret TO powa")
    attacked.ok("datasources", datasources=[refused], **LOCAL)
    attacked.take_snapshot(0)
    attacked.sql("REVOKE SELECT ON app.secret FROM powa")
    attacked.sql("SELECT powa_take_snapshot(0)")
    (error,) = attacked.errors(0) or []
    assert "permission denied for table secret" in error
    assert samples(attacked) == [(0,)]


def test_security_definer_runs_as_the_owner(attacked: Database) -> None:
    owned = dict(WATCHED, query="SELECT count(*)::integer AS n FROM pg_authid WHERE rolname = 'powa'")
    attacked.ok("datasources", datasources=[dict(owned, security_definer=True)], **LOCAL)
    attacked.take_snapshot(0)
    assert samples(attacked) == [(1,)]
    assert not attacked.ok("datasources", datasources=[dict(owned, security_definer=True)], **LOCAL).changed
    attacked.ok("datasources", datasources=[WATCHED], **LOCAL)
    assert (
        attacked.value("SELECT proowner::regrole::text FROM pg_proc WHERE proname = 'powa_watched_run'")
        == "powa_queries"
    )
    attacked.ok("datasources", datasources=[dict(owned, security_definer=True)], **LOCAL)
    assert (
        attacked.value("SELECT proowner::regrole::text FROM pg_proc WHERE proname = 'powa_watched_run'") == "postgres"
    )


def test_without_local_mode_nothing_runs_for_the_local_server(attacked: Database) -> None:
    attacked.ok("datasources", datasources=[WATCHED], server_kind=["repository", "remote"], monitoring_role="powa")
    arm(attacked, ATTACKS["directly"])
    with pytest.raises(Exception, match="powa_watched_run"):
        attacked.sql("SELECT powa_watched_snapshot(0)")
    assert loot(attacked) == ""
