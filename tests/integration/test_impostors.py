# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role that may create in PoWA's schema forges is called, read, repaired or adopted by nothing of ours.

Each attack is also made against the naive reading, which takes a name and a comment for proof, to see that it works.
"""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any, Dict, Iterator, List

import pytest
from datasources import COMMITS, LOCK_MODES
from handwritten import APP_ORDERS, with_transient_tables
from powa_web_pages.repository import Repository
from servers import Database, finish_module, wait_until

pytestmark = pytest.mark.parametrize(
    "server", ["4-pg13", "4", "5"], ids="powa{0}".format, indirect=True, scope="session"
)

SIDES: Dict[str, Any] = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
#: A role that may create in PoWA's schema; on PostgreSQL 13 and 14 every role may.
MALLORY = "nobody_special"
MARK = "pgfleet.powa datasource forged"
FORGED = dict(LOCK_MODES, name="forged")
DEFINITION: Dict[str, Any] = {
    "name": "forged",
    "description": "",
    "queries": [{"min_version": 0, "query": "SELECT 1::bigint AS held"}],
    "keys": [],
    "metrics": [{"name": "held", "type": "bigint", "kind": "gauge"}],
    "servers": None,
    "enabled": None,
    "priority": 10,
    "query_cleanup": None,
    "search_path": [],
}
#: What runs as a superuser leaves a file behind, even in a transaction that may only read.
STEAL = """
    CREATE FUNCTION public.steal() RETURNS integer LANGUAGE plpgsql AS $$
    BEGIN
        COPY (SELECT 1) TO PROGRAM 'cat > {loot}';
        RETURN 1;
    EXCEPTION WHEN insufficient_privilege THEN
        RETURN 0;
    END $$;
    CREATE FUNCTION public.bring() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM public.steal(); RETURN NULL; END'
"""
READER = """
    CREATE FUNCTION public.powa_{name}_{0}(_srvid integer, _from timestamptz, _to timestamptz,
        OUT mode text, OUT ts timestamptz, OUT held bigint) RETURNS SETOF record LANGUAGE sql AS
        'SELECT NULL::text, now(), public.steal()::bigint';
    COMMENT ON FUNCTION public.powa_{name}_{0}(integer, timestamptz, timestamptz) IS '{mark}'
"""
OPERATION = """
    CREATE FUNCTION public.powa_{name}_{0}(_srvid integer) RETURNS void LANGUAGE plpgsql AS
        'BEGIN PERFORM public.steal(); END';
    COMMENT ON FUNCTION public.powa_{name}_{0}(integer) IS '{mark}'
"""
VIEW = """
    CREATE VIEW public.powa_{name}_{0} AS SELECT 1 AS srvid, public.steal() AS record, public.steal() AS coalesce_range;
    COMMENT ON VIEW public.powa_{name}_{0} IS '{mark}'
"""
SOURCE = """
    CREATE FUNCTION public.powa_{name}_src(_srvid integer, OUT ts timestamptz, OUT mode text, OUT held bigint)
        RETURNS SETOF record LANGUAGE sql AS 'SELECT now(), NULL::text, public.steal()::bigint';
    COMMENT ON FUNCTION public.powa_{name}_src(integer) IS '{definition}'
"""
TRANSIENT = """
    CREATE UNLOGGED TABLE public.powa_{name}_src_tmp (srvid integer, ts timestamptz, mode text, held bigint);
    COMMENT ON TABLE public.powa_{name}_src_tmp IS '{mark}';
    CREATE TRIGGER bring AFTER INSERT OR DELETE OR UPDATE ON public.powa_{name}_src_tmp
        EXECUTE FUNCTION public.bring()
"""
# Its cast is found wherever a time is looked for.
RECORD = """
    CREATE TYPE public.powa_{name}_history_record AS (ts integer);
    COMMENT ON TYPE public.powa_{name}_history_record IS '{mark}';
    CREATE FUNCTION public.ago(public.powa_{name}_history_record) RETURNS timestamptz LANGUAGE sql AS
        'SELECT now() - public.steal() * interval ''1 day''';
    CREATE CAST (public.powa_{name}_history_record AS timestamptz)
        WITH FUNCTION public.ago(public.powa_{name}_history_record) AS IMPLICIT
"""
#: An object, and how somebody falls for it who trusts its name and its comment.
FORGERIES: Dict[str, Any] = {
    "src": (SOURCE, "SELECT * FROM powa_{name}_src(0)"),
    "rate": (READER, "SELECT * FROM powa_{name}_rate(1, now(), now())"),
    "get": (READER, "SELECT * FROM powa_{name}_get(1, now(), now())"),
    "snapshot": (OPERATION, "SELECT powa_{name}_snapshot(1)"),
    "aggregate": (OPERATION, "SELECT powa_{name}_aggregate(1)"),
    "purge": (OPERATION, "SELECT powa_{name}_purge(1)"),
    "reset": (OPERATION, "SELECT powa_{name}_reset(1)"),
    "cleanup": (OPERATION, "SELECT powa_{name}_cleanup(0)"),
    "src_tmp": (TRANSIENT, "DELETE FROM powa_{name}_src_tmp"),
    "history": (VIEW, "SELECT max(coalesce_range) FROM powa_{name}_history"),
    "history_current": (VIEW, "SELECT max(record) FROM powa_{name}_history_current"),
    "history_record": (RECORD, "SELECT now() - ROW(1)::powa_{name}_history_record"),
}


class Attack:
    """A repository in which a role forges objects.

    :param loot: the file that is there once a superuser has run the role's code
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.loot = "/tmp/loot_{0}".format(database.name)
        database.sql("GRANT CREATE, USAGE ON SCHEMA public TO " + MALLORY)
        self.as_mallory(STEAL.replace("{loot}", self.loot))

    def as_mallory(self, statements: str) -> None:
        """Run SQL in a session of the role."""
        connection = self.database.server.connect(self.database.name, MALLORY)
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(statements)

    def forge(self, *suffixes: str, name: str = "forged") -> None:
        """Make objects of a datasource with the marks of ours."""
        mark = "pgfleet.powa datasource " + name
        definition = "{0}: {1}".format(mark, json.dumps(dict(DEFINITION, name=name)))
        for suffix in suffixes:
            text = FORGERIES[suffix][0].replace("{0}", suffix).replace("{name}", name)
            self.as_mallory(text.replace("{definition}", definition).replace("{mark}", mark))

    def succeeded(self) -> bool:
        """Whether a superuser has run the role's code."""
        return bool(self.database.server.shell("ls {0} 2>/dev/null || true".format(self.loot)))

    def forget(self) -> None:
        self.database.server.shell("rm -f " + self.loot)

    def made(self) -> List[Any]:
        """Return what the role owns, each with the transaction that last changed it."""
        return self.database.sql(
            "SELECT oid::regprocedure::text, xmin::text, obj_description(oid, 'pg_proc') FROM pg_proc"
            " WHERE proowner = %s::regrole UNION ALL"
            " SELECT oid::regclass::text, xmin::text, obj_description(oid, 'pg_class') FROM pg_class"
            " WHERE relowner = %s::regrole ORDER BY 1",
            (MALLORY, MALLORY),
        )


@pytest.fixture
def attack(database: Database) -> Iterator[Attack]:
    """A repository that is its own remote, with one datasource that has samples."""
    database.ok("servers", servers=[{"hostname": "one", "alias": "one"}])
    database.ok("datasources", datasources=[COMMITS], **SIDES)
    database.collect("commits", srvid(database))
    database.take_snapshot(srvid(database))
    found = Attack(database)
    yield found
    found.forget()


def srvid(database: Database) -> int:
    return int(database.value("SELECT id FROM powa_servers WHERE alias = 'one'"))


def pages(database: Database) -> List[str]:
    """Return the datasources that have a page for a superuser."""
    with closing(database.server.connect(database.name)) as connection, connection.cursor() as cursor:
        return [entry.name for entry in Repository(cursor, srvid(database)).datasources()]


def problems(info: Any) -> List[Any]:
    """Return datasource and owner of the impostors that the module names."""
    found = [problem for problem in info["problems"] if problem["kind"] == "impostor"]
    assert all("DROP " in problem["cure"] and problem["subject"] in problem["problem"] for problem in found)
    return [(problem["datasource"], problem["subject"]) for problem in found]


def test_what_is_forged_is_named_and_left_alone(attack: Attack) -> None:
    database = attack.database
    names = {suffix: "forged_{0}".format(suffix) for suffix in FORGERIES}
    names["all"] = "forged"
    for suffix, name in names.items():
        attack.forge(*([suffix] if suffix in FORGERIES else FORGERIES), name=name)
    made, before = attack.made(), database.dump().read()
    listed = [dict(LOCK_MODES, name=name) for name in names.values()]

    info = database.ok("server_info", monitoring_role="powa", collector_timeout=0)
    assert [entry["name"] for entry in info["datasources"]] == ["commits"]
    assert info["datasources"][0]["servers"][0]["has_samples"]
    assert problems(info) == [(None, MALLORY)]
    assert {entry["owner"] for entry in info["impostors"]} == {MALLORY}
    assert len(info["impostors"]) == 2 * len(FORGERIES)
    history = database.ok("history_info")
    assert [entry["name"] for entry in history["datasources"]] == ["commits"]
    assert len(history["warnings"]) == len(names)
    assert pages(database) == ["commits"]

    removed = [{"name": name, "state": "absent", "history": "drop"} for name in names.values()]
    for module, params in (
        ("datasources", dict(SIDES, datasources=listed)),
        ("datasources", dict(SIDES, datasources=[dict(entry, adopt=True) for entry in listed])),
        ("datasources", {"server_kind": ["repository"], "datasources": [dict(d, state="paused") for d in listed]}),
        ("datasources", dict(SIDES, datasources=removed)),
        ("servers", {"servers": [{"hostname": "one", "datasources": list(names.values())}]}),
        ("history_info", {"datasources": list(names.values())}),
    ):
        message = database.refused(module, **params)
        for name in names.values():
            sentence = 'datasource "{0}", name: the server has objects of that name that belong to role "{1}"'
            assert sentence.format(name, MALLORY) in message, (module, name, message)
    exact = dict(SIDES, datasources=[COMMITS], state="exact", history="drop")
    assert not database.ok("datasources", **exact).changed
    # A new server gets only what is ours.
    database.ok("servers", servers=[{"hostname": "two"}])
    if database.powa == "4":
        modules = database.sql("SELECT DISTINCT module FROM powa_functions WHERE added_manually")
        assert "commits" in str(modules) and "forged" not in str(modules)
    database.ok("servers", servers=[{"hostname": "two", "state": "absent", "history": "drop"}])
    assert not attack.succeeded() and attack.made() == made and database.dump() == before

    for suffix, (_text, naive) in FORGERIES.items():
        attack.forget()
        database.sql(naive.replace("{name}", names[suffix]))
        assert attack.succeeded(), suffix


def test_the_naive_repair_of_a_function_leaves_it_to_its_owner(attack: Attack) -> None:
    attack.forge("src")
    definition = "SELECT pg_get_functiondef('public.powa_forged_src(integer)'::regprocedure)"
    attack.database.sql(attack.database.value(definition))
    assert (
        attack.database.value("SELECT proowner::regrole::text FROM pg_proc WHERE proname = 'powa_forged_src'")
        == MALLORY
    )


@pytest.mark.parametrize("suffix", ["get", "aggregate", "history_current"])
def test_one_object_of_ours_that_was_replaced(attack: Attack, suffix: str) -> None:
    # The owner of the schema may drop what others have made there, and make it again.
    database = attack.database
    database.ok("datasources", datasources=[FORGED, COMMITS], **SIDES)
    functions = "SELECT oid::regprocedure::text FROM pg_proc WHERE proname = %s"
    if suffix == "history_current":
        database.sql("DROP TABLE powa_forged_history_current CASCADE")
    else:
        database.sql("DROP FUNCTION " + database.value(functions, ("powa_forged_" + suffix,)))
    attack.forge(suffix)
    made, before = attack.made(), database.dump().read()

    info = database.ok("server_info", monitoring_role="powa", collector_timeout=0)
    assert problems(info) == [("forged", MALLORY)]
    (entry,) = [entry for entry in info["datasources"] if entry["name"] == "forged"]
    assert MALLORY in str(entry["refused"]) and not entry["drift"]
    history = database.ok("history_info")
    assert [entry["name"] for entry in history["datasources"]] == ["commits"]
    assert MALLORY in str(history["warnings"])
    if suffix == "history_current":
        assert pages(database) == ["commits"]
    for params in (
        {"datasources": [FORGED]},
        {"datasources": [dict(FORGED, adopt=True)]},
        {"datasources": [dict(FORGED, metrics=[{"name": "held", "type": "numeric"}])]},
        {"datasources": [{"name": "forged", "state": "absent", "history": "drop"}]},
        {"datasources": [COMMITS], "state": "exact"},
    ):
        assert 'role "{0}"'.format(MALLORY) in database.refused("datasources", **dict(SIDES, **params))
    assert MALLORY in database.refused("servers", servers=[{"hostname": "one", "datasources": ["forged"]}])
    assert MALLORY in str(database.ok("servers", check=True, servers=[{"hostname": "new"}])["warnings"])
    if suffix == "aggregate":
        assert MALLORY in database.refused("snapshot", servers=["one"])
    assert not attack.succeeded() and attack.made() == made and database.dump() == before
    # With what the problem advises, everything is well again.
    for impostor in info["impostors"]:
        database.sql(impostor["drop"])
    database.ok("datasources", datasources=[FORGED, COMMITS], **SIDES)
    info = database.ok("server_info", monitoring_role="powa", collector_timeout=0)
    assert problems(info) == [] and not any(entry["drift"] for entry in info["datasources"])


def test_other_parameters_make_another_function(attack: Attack) -> None:
    database = attack.database
    attack.as_mallory(
        "CREATE FUNCTION powa_commits_rate(integer, timestamptz, timestamptz, text DEFAULT '') RETURNS TABLE"
        " (ts timestamptz, commits float8) LANGUAGE sql AS 'SELECT now(), steal()'"
    )
    database.ok("datasources", datasources=[LOCK_MODES, COMMITS], **SIDES)
    history = database.ok("history_info")
    assert [entry["name"] for entry in history["datasources"]] == ["lock_modes"] and MALLORY in str(history["warnings"])
    assert problems(database.ok("server_info", collector_timeout=0)) == [("commits", MALLORY)]
    # While ours is there, a call is ambiguous. Without ours, that one is called.
    database.sql("DROP FUNCTION powa_commits_rate(integer, timestamptz, timestamptz)")
    database.sql("SELECT * FROM powa_commits_rate(1, now(), now())")
    assert attack.succeeded()
    attack.forget()
    database.ok("history_info")
    attack.as_mallory("DROP FUNCTION powa_commits_rate(integer, timestamptz, timestamptz, text)")
    database.ok("datasources", datasources=[LOCK_MODES, COMMITS], **SIDES)
    database.sql("DROP FUNCTION powa_commits_get(integer, timestamptz, timestamptz)")
    attack.as_mallory(
        "CREATE FUNCTION powa_commits_get(bigint, timestamptz, timestamptz) RETURNS TABLE"
        " (ts timestamptz, commits bigint) LANGUAGE sql AS 'SELECT now(), steal()::bigint'"
    )
    assert [entry["name"] for entry in database.ok("history_info")["datasources"]] == ["lock_modes"]
    assert not attack.succeeded()
    database.sql("SELECT * FROM powa_commits_rate(1, now(), now())")
    assert attack.succeeded()


def test_the_list_of_declared_servers(attack: Attack) -> None:
    database = attack.database
    database.sql("DROP TABLE powa_declared_servers")
    attack.as_mallory("CREATE VIEW public.powa_declared_servers AS SELECT steal() AS srvid")
    for servers in ([{"hostname": "one"}], []):
        message = database.refused("servers", servers=servers, state="exact")
        assert "powa_declared_servers" in message and 'belongs to role "{0}"'.format(MALLORY) in message
    assert problems(database.ok("server_info", collector_timeout=0)) == [(None, MALLORY)]
    assert not attack.succeeded()
    database.sql("SELECT count(srvid) FROM powa_declared_servers")
    assert attack.succeeded()


def test_rows_of_a_table_of_a_stranger(attack: Attack) -> None:
    """They are neither read nor deleted, whatever their types and triggers do."""
    database = attack.database
    database.ok("servers", servers=[{"hostname": "two"}])
    (two,) = database.sql("SELECT id FROM powa_servers WHERE hostname = 'two'")[0]
    attack.as_mallory(
        RECORD.replace("{name}", "x").replace("{mark}", "a time")
        + "; CREATE UNLOGGED TABLE powa_x_src_tmp (srvid integer, ts powa_x_history_record);"
        " CREATE TRIGGER bring AFTER DELETE ON powa_x_src_tmp EXECUTE FUNCTION bring();"
        " INSERT INTO powa_x_src_tmp SELECT {0}, ROW(1)::powa_x_history_record FROM generate_series(1, 9)".format(two)
    )
    database.sql("ANALYZE powa_x_src_tmp")
    info = database.ok("server_info", collector_timeout=0)
    assert not info["transient_rows"] and not problems(info)
    database.ok("servers", servers=[{"hostname": "two", "state": "absent", "history": "drop"}])
    assert database.value("SELECT count(*) FROM powa_x_src_tmp") == 9
    assert not attack.succeeded()
    database.sql("SELECT max(now() - t.ts) FROM powa_x_src_tmp AS t")
    assert attack.succeeded()
    attack.forget()
    database.sql("DELETE FROM powa_x_src_tmp WHERE srvid = %s", (two,))
    assert attack.succeeded()


def test_hand_written_datasources_of_strangers(attack: Attack) -> None:
    database = attack.database
    with_transient_tables(database, "app_orders")
    everything = {"datasources": [APP_ORDERS]}
    table = {"tables": [{"query_source": "app_orders_src", "adopt": True}]}
    assert database.ok("transient_tables", check=True, **table).changed
    assert database.ok("functions", check=True, **everything).changed

    def given_to(owner: str) -> None:
        database.sql("ALTER {0} OWNER TO {1}".format(target, owner))

    for target in ("FUNCTION app_orders_src(integer)", "TABLE app_orders_src_tmp"):
        given_to(MALLORY)
        for module, params in (
            ("transient_tables", table),
            ("transient_tables", {"tables": [{"query_source": "app_orders_src"}]}),
            ("functions", everything),
        ):
            assert 'belongs to role "{0}"'.format(MALLORY) in database.refused(module, **params), (target, module)
        given_to("postgres")
    target = "FUNCTION app_orders_purge(integer)"
    given_to(MALLORY)
    assert 'belongs to role "{0}"'.format(MALLORY) in database.refused("functions", **everything)
    given_to("postgres")
    database.ok("transient_tables", **table)
    database.ok("functions", **everything)
    database.sql("INSERT INTO app_orders_src_tmp (srvid) SELECT id FROM powa_servers WHERE hostname = 'one'")
    database.ok("snapshot", servers=["one"])
    target = "FUNCTION app_orders_snapshot(integer)"
    given_to(MALLORY)
    assert 'belongs to role "{0}"'.format(MALLORY) in database.refused("snapshot", servers=["one"])
    # A mark with somebody else's name on it is no mark.
    target = "TABLE app_orders_src_tmp"
    given_to(MALLORY)
    removed = {"tables": [{"query_source": "app_orders_src", "state": "absent"}]}
    assert 'belongs to role "{0}"'.format(MALLORY) in database.refused("transient_tables", **removed)
    assert problems(database.ok("server_info", collector_timeout=0)) == [(None, MALLORY)]


def test_a_function_that_appears_meanwhile_is_not_replaced(attack: Attack) -> None:
    """Nobody can tell a function that is new to the plan from one that was made just before it is applied."""
    database = attack.database
    connection = database.server.connect(database.name, MALLORY)
    connection.autocommit = False
    with closing(connection), connection.cursor() as cursor:
        text = SOURCE.replace("{name}", "forged").replace("{definition}", "x")
        cursor.execute(text)
        process = database.start("datasources", datasources=[FORGED], **SIDES)
        wait_until(
            lambda: database.value(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database() AND application_name = 'pgfleet.powa'"
            ),
            "the module waits for the function",
        )
        connection.commit()
    result = finish_module(process)
    assert result.failed, result.result
    assert database.value("SELECT count(*) FROM pg_proc WHERE proname LIKE 'powa_forged_%%'") == 1


def test_the_owner_of_the_extension_can_make_what_is_ours(database: Database) -> None:
    database.ok("servers", servers=[{"hostname": "one", "alias": "one"}])
    database.ok("datasources", datasources=[COMMITS], **SIDES)
    names = "SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE 'powa_commits_%%'"
    for (function,) in database.sql(names):
        database.sql("ALTER FUNCTION {0} OWNER TO {1}".format(function, MALLORY))
    assert problems(database.ok("server_info", collector_timeout=0)) == [("commits", MALLORY)]
    assert not database.ok("history_info")["datasources"]
    database.sql("UPDATE pg_extension SET extowner = %s::regrole WHERE extname = 'powa'", (MALLORY,))
    info = database.ok("server_info", collector_timeout=0)
    assert problems(info) == [] and [entry["name"] for entry in info["datasources"]] == ["commits"]
    assert not database.ok("datasources", datasources=[COMMITS], **SIDES).changed
    assert pages(database) == ["commits"]


def test_the_role_of_queries_is_trusted_while_nobody_can_become_it(database: Database) -> None:
    database.ok("servers", servers=[{"hostname": "one", "alias": "one"}])
    database.ok("datasources", datasources=[COMMITS], **SIDES)
    database.server.sql("postgres", "CREATE ROLE powa_queries NOLOGIN")
    try:
        database.sql("ALTER FUNCTION powa_commits_src(integer) OWNER TO powa_queries")
        assert problems(database.ok("server_info", collector_timeout=0)) == []
        assert pages(database) == ["commits"]
        database.sql("ALTER FUNCTION powa_commits_rate(integer, timestamptz, timestamptz) OWNER TO powa_queries")
        assert problems(database.ok("server_info", collector_timeout=0)) == [("commits", "powa_queries")]
        database.sql("ALTER FUNCTION powa_commits_rate(integer, timestamptz, timestamptz) OWNER TO postgres")
        database.sql("GRANT powa_queries TO " + MALLORY)
        assert problems(database.ok("server_info", collector_timeout=0)) == [("commits", "powa_queries")]
        database.sql("REVOKE powa_queries FROM {0}; ALTER ROLE powa_queries LOGIN".format(MALLORY))
        assert problems(database.ok("server_info", collector_timeout=0)) == [("commits", "powa_queries")]
    finally:
        database.sql("ALTER FUNCTION powa_commits_src(integer) OWNER TO postgres; DROP ROLE powa_queries")


def test_who_logs_in_must_be_one_whose_objects_count(attack: Attack) -> None:
    tables = "ALL TABLES IN SCHEMA public"
    attack.database.sql("GRANT ALL ON {0} TO {1}".format(tables, MALLORY))
    params = {"session_role": MALLORY, "server_kind": ["repository"]}
    message = attack.database.refused("datasources", datasources=[FORGED], **params)
    assert 'login_user: role "{0}" is neither a superuser'.format(MALLORY) in message


def test_schemas_of_a_security_definer(database: Database) -> None:
    declared = dict(COMMITS, security_definer=True, search_path=["app"])
    params = {"server_kind": ["remote"], "monitoring_role": "powa", "datasources": [declared]}

    def refused(who: str) -> None:
        message = database.refused("datasources", **params)
        assert 'security_definer: {0} may create objects in schema "app"'.format(who) in message

    for change, who in (
        ("GRANT CREATE ON SCHEMA app TO PUBLIC", "PUBLIC"),
        ("GRANT CREATE ON SCHEMA app TO " + MALLORY, 'role "{0}"'.format(MALLORY)),
        ("ALTER SCHEMA app OWNER TO " + MALLORY, 'role "{0}"'.format(MALLORY)),
        # An owner can give himself any right again.
        (
            "ALTER SCHEMA app OWNER TO {0}; REVOKE ALL ON SCHEMA app FROM {0}".format(MALLORY),
            'role "{0}"'.format(MALLORY),
        ),
        ("GRANT USAGE ON SCHEMA app TO PUBLIC", None),
        ("GRANT CREATE ON SCHEMA app TO postgres", None),
    ):
        database.sql("DROP SCHEMA IF EXISTS app; CREATE SCHEMA app; " + change)
        if who:
            refused(who)
        else:
            database.ok("datasources", check=True, **params)
    if database.value("SELECT count(*) FROM pg_roles WHERE rolname = 'pg_database_owner'"):
        database.sql("ALTER SCHEMA app OWNER TO pg_database_owner")
        database.ok("datasources", check=True, **params)
        database.sql('ALTER DATABASE "{0}" OWNER TO {1}'.format(database.name, MALLORY))
        refused('role "{0}"'.format(MALLORY))
