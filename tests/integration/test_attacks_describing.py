# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What anybody but a superuser can change never runs as superuser while a task finds out what a query returns.

Each attack first shows that it works against the naive way: SET LOCAL ROLE in a superuser's READ ONLY transaction.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any, Dict, Iterator, List, Tuple

import psycopg2
import pytest
from servers import Database, Server

pytestmark = pytest.mark.parametrize(
    "server", ["4-pg13", "4", "5"], ids="powa{0}".format, indirect=True, scope="session"
)

ROLE = "powa"
OWNER = "app_owner"
#: Each attack that has become superuser leaves a file of its name here.
FILES = "/tmp/taken"

#: app_owner is nobody special. app.take() tries every way to another role, and hides that it failed.
SETUP = """
CREATE SCHEMA app AUTHORIZATION app_owner;
SET ROLE app_owner;
GRANT USAGE ON SCHEMA app TO powa;
CREATE FUNCTION app.copy(attack text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS $f$
BEGIN
    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'mkdir -p {files} && touch {files}/' || attack);
    RETURN true;
EXCEPTION WHEN OTHERS THEN
    RETURN false;
END $f$;
CREATE FUNCTION app.take(attack text) RETURNS integer LANGUAGE plpgsql AS $f$
DECLARE
    way text;
BEGIN
    FOREACH way IN ARRAY ARRAY[
        'SELECT 1', $$SELECT set_config('role', 'none', true)$$, $$SELECT set_config('role', 'none', false)$$,
        $$SELECT set_config('role', 'postgres', true)$$, 'RESET ROLE', 'SET LOCAL ROLE postgres', 'SET ROLE NONE',
        $$SELECT set_config('session_authorization', 'postgres', true)$$, 'SET SESSION AUTHORIZATION postgres',
        'RESET SESSION AUTHORIZATION', 'RESET ALL', 'DISCARD ALL', 'SET TRANSACTION READ WRITE',
        'ALTER FUNCTION pg_temp.pgfleet_describe(text[], text[], boolean[]) SECURITY INVOKER',
        'ALTER ROLE powa SUPERUSER'
    ] LOOP
        BEGIN
            EXECUTE way;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
        IF app.copy(attack) THEN
            RETURN 1;
        END IF;
    END LOOP;
    RETURN 1;
END $f$;
CREATE FUNCTION app.look(attack text) RETURNS integer LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN RETURN app.take(attack); END';
CREATE FUNCTION app.stable(attack text) RETURNS integer LANGUAGE plpgsql STABLE
    AS 'BEGIN RETURN app.take(attack); END';

CREATE TABLE app.jobs (id integer);
CREATE VIEW app.queue AS SELECT count(*)::integer AS n FROM app.jobs WHERE app.look('by_view') = 1;
CREATE VIEW app.outer_queue AS SELECT n FROM app.queue WHERE app.look('by_view_of_view') = 1;

CREATE FUNCTION app.same(a integer, b integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
    AS $f$BEGIN RETURN app.take('by_operator') = 1; END$f$;
CREATE OPERATOR app.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = app.same);

CREATE TYPE app.mood AS ENUM ('low', 'high');
CREATE FUNCTION app.mood_number(m app.mood) RETURNS integer LANGUAGE plpgsql IMMUTABLE
    AS $f$BEGIN RETURN app.take('by_cast'); END$f$;
CREATE CAST (app.mood AS integer) WITH FUNCTION app.mood_number(app.mood);
CREATE FUNCTION app.mood_text(m app.mood) RETURNS text LANGUAGE plpgsql IMMUTABLE
    AS $f$BEGIN RETURN app.take('by_cast_of_ours'); END$f$;
CREATE CAST (app.mood AS text) WITH FUNCTION app.mood_text(app.mood);

CREATE DOMAIN app.checked AS integer CHECK (app.look('by_domain') = VALUE);

-- What a superuser's next statement would call, once the search_path is set.
CREATE FUNCTION app.quote_ident(t text) RETURNS text LANGUAGE plpgsql
    AS $f$BEGIN PERFORM app.take('by_search_path'); RETURN t; END$f$;
CREATE FUNCTION app.format(t text, u text) RETURNS text LANGUAGE plpgsql
    AS $f$BEGIN PERFORM app.take('by_search_path'); RETURN t; END$f$;
CREATE FUNCTION app.joined(t text, u text) RETURNS text LANGUAGE plpgsql
    AS $f$BEGIN PERFORM app.take('by_search_path'); RETURN t; END$f$;
CREATE OPERATOR app.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = app.joined);
CREATE FUNCTION app.set_path() RETURNS integer LANGUAGE plpgsql IMMUTABLE
    AS $f$BEGIN PERFORM set_config('search_path', 'app, pg_catalog', false); RETURN 1; END$f$;

GRANT SELECT ON ALL TABLES IN SCHEMA app TO powa;
RESET ROLE;
""".replace("{files}", FILES)

#: An attack's name, and a query that is planned.
QUERIES: Dict[str, str] = {
    "by_view": "SELECT n FROM app.queue",
    "by_view_of_view": "SELECT n FROM app.outer_queue",
    "by_immutable": "SELECT app.look('by_immutable') AS n",
    "by_stable": "SELECT count(*)::integer AS n FROM pg_class WHERE relpages > app.stable('by_stable')",
    "by_operator": "SELECT (1 OPERATOR(app.===) 2)::integer AS n",
    "by_cast": "SELECT 'low'::app.mood::integer AS n",
    "by_domain": "SELECT ('{1}'::app.checked[])[1]::integer AS n",
    "by_search_path": "SELECT app.set_path() AS n",
}
_COPY = "RESET ROLE; COPY (SELECT 1) TO PROGRAM 'mkdir -p {0} && touch {0}/{1}'"
#: The same of a query that a datasource casts by itself.
CAST_BY_US = {"by_cast_of_ours": "SELECT 'low'::app.mood AS n"}
#: Texts that try to be more than one statement.
SECOND_STATEMENTS: Dict[str, str] = {
    "by_parenthesis": "SELECT 1 AS n) AS q; "
    + _COPY.format(FILES, "by_parenthesis")
    + "; SELECT * FROM (SELECT 1 AS n",
}
CLEANUPS: Dict[str, str] = {
    "by_second_cleanup": "SELECT 1; " + _COPY.format(FILES, "by_second_cleanup"),
    "by_analyze": "ANALYZE SELECT app.take('by_analyze')",
    "by_analyze_list": "(ANALYZE) SELECT app.take('by_analyze_list')",
    "by_analyze_verbose": "ANALYZE VERBOSE SELECT app.take('by_analyze_verbose')",
}


def taken(server: Server) -> List[str]:
    """Return the attacks that have run a program as the user of the operating system, and forget them."""
    return server.shell("ls {0} 2>/dev/null; rm -rf {0}".format(FILES)).split()


def naive(database: Database, text: str, wrapper: str) -> None:
    """Describe a text as a superuser who only switches the role."""
    with closing(psycopg2.connect(host=database.server.address, user="postgres", **_login(database))) as connection:
        connection.set_session(readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE powa")
            try:
                cursor.execute(wrapper.replace("{text}", text))
                cursor.execute("RESET ROLE")
                cursor.execute("SELECT quote_ident('a')")
            except psycopg2.Error:
                pass


def _login(database: Database) -> Dict[str, Any]:
    return {"password": database.login["login_password"], "dbname": database.name}


SUBSELECT = "SELECT * FROM (\n{text}\n) AS q LIMIT 0"
EXPLAIN = "EXPLAIN {text}"


@pytest.fixture
def app(database: Database) -> Iterator[Database]:
    """A database in which app_owner has prepared every attack, and the naive way has shown that each works."""
    database.sql("DO $d$ BEGIN IF to_regrole('app_owner') IS NULL THEN CREATE ROLE app_owner; END IF; END $d$")
    database.sql(SETUP)
    assert taken(database.server) == []
    yield database
    assert taken(database.server) == []
    assert database.sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'pgfleet%'") == []
    assert database.value("SELECT rolsuper FROM pg_roles WHERE rolname = 'powa'") is False


def declared(name: str, query: str, **fields: Any) -> Dict[str, Any]:
    return {"name": name, "query": query, "metrics": [{"name": "n", "type": "integer"}], **fields}


REMOTE = {"server_kind": ["remote"], "monitoring_role": ROLE}
#: Ways in which a task has the server plan what a user declared.
WAYS: List[Tuple[str, Dict[str, Any], Dict[str, Any]]] = [
    ("remote", REMOTE, {}),
    ("local", {"server_kind": ["local"], "monitoring_role": ROLE, "revoke_create": True}, {}),
    ("nameless", {"server_kind": ["remote"]}, {}),
    ("security_definer", REMOTE, {"security_definer": True}),
    ("of_versions", REMOTE, {"queries": True}),
    ("database", REMOTE, {"scope": "database"}),
]


def test_the_naive_way_falls_to_each_attack(app: Database) -> None:
    for name, query in {**QUERIES, **SECOND_STATEMENTS}.items():
        naive(app, query, SUBSELECT)
        assert name in taken(app.server)
    for name, query in CAST_BY_US.items():
        naive(app, query, SUBSELECT.replace("*", "n::text"))
        assert name in taken(app.server)
    for name, statement in CLEANUPS.items():
        naive(app, statement, EXPLAIN)
        assert name in taken(app.server)


@pytest.mark.parametrize(("params", "fields"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
def test_no_query_becomes_superuser_while_it_is_described(
    app: Database, params: Dict[str, Any], fields: Dict[str, Any]
) -> None:
    datasources = []
    for name, query in QUERIES.items():
        if fields == {"queries": True}:
            others = [
                {"query": query},
                {"min_version": 100000, "query": query},
                {"min_version": 990000, "query": query},
            ]
            datasources.append({**declared(name, query), "query": None, "queries": others})
        else:
            datasources.append(declared(name, query, **fields))
    if "security_definer" not in fields:
        for name, query in CAST_BY_US.items():
            own = {} if fields == {"queries": True} else fields
            datasources.append(dict(declared(name, query, **own), metrics=[{"name": "n", "type": "text"}]))
    before = app.dump()
    if fields == {"scope": "database"} and app.powa == "4":
        assert "which PoWA 4" in app.refused("datasources", datasources=datasources, **params)
        return
    checked = app.ok("datasources", check=True, datasources=datasources, **params)
    assert app.dump() == before and taken(app.server) == []
    made = app.ok("datasources", datasources=datasources, **params)
    assert taken(app.server) == [] and made.diff == checked.diff
    assert not app.ok("datasources", datasources=datasources, **params).changed


def test_no_cleanup_becomes_superuser_while_it_is_tried(app: Database) -> None:
    datasources = [declared(name, "SELECT 1 AS n", query_cleanup=query) for name, query in QUERIES.items()]
    app.ok("datasources", datasources=datasources, **REMOTE)
    assert taken(app.server) == []


@pytest.mark.parametrize("check", [True, False])
def test_a_text_is_one_statement(app: Database, check: bool) -> None:
    wrong = [declared(name, query) for name, query in SECOND_STATEMENTS.items()]
    wrong += [declared(name, "SELECT 1 AS n", query_cleanup=cleanup) for name, cleanup in CLEANUPS.items()]
    result = app.run("datasources", check=check, datasources=wrong, **REMOTE)
    assert taken(app.server) == []
    problems = result["problems"]
    assert [problem.split(":")[0] for problem in problems] == [
        'datasource "by_parenthesis", query',
        'datasource "by_second_cleanup", query_cleanup',
        'datasource "by_analyze", query_cleanup',
        'datasource "by_analyze_list", query_cleanup',
        'datasource "by_analyze_verbose", query_cleanup',
    ]
    assert ["more than one statement" in problem for problem in problems] == [False, True, False, False, False]


@pytest.mark.parametrize("adopt", [True, False])
def test_a_view_in_the_place_of_a_table_is_not_read(app: Database, adopt: bool) -> None:
    app.sql("GRANT CREATE ON SCHEMA public TO app_owner")
    named = "CREATE VIEW public.powa_one_{0} AS SELECT 1 AS srvid, app.take('by_{0}') AS mine"
    views = ("src_tmp", "history", "history_current")
    app.sql("SET ROLE app_owner; " + "; ".join(named.format(view) for view in views))
    app.sql("SELECT EXISTS (SELECT FROM public.powa_one_history AS t WHERE t.mine IS NOT NULL)")
    assert taken(app.server) == ["by_history"], "the naive way falls to it"
    one = declared("one", "SELECT 1 AS n", adopt=adopt)
    refusals = ['belong to role "app_owner"']
    refusals.append("powa_one_history is not a plain table" if adopt else "this collection did not make")
    for owner, refusal in zip(("app_owner", "postgres"), refusals):
        app.sql("; ".join("ALTER VIEW public.powa_one_{0} OWNER TO {1}".format(view, owner) for view in views))
        for kind in ("repository", "local"):
            message = app.refused("datasources", datasources=[one], server_kind=[kind])
            assert taken(app.server) == []
            assert refusal in message


def test_what_is_described_is_what_runs(app: Database) -> None:
    two = dict(
        declared("two", "SELECT 1::int AS x) AS a, (SELECT 2::int AS y"),
        metrics=[{"name": "x", "type": "integer"}, {"name": "y", "type": "integer"}],
    )
    with closing(app.server.connect(app.name, ROLE)) as connection, connection.cursor() as cursor:
        cursor.execute(SUBSELECT.replace("{text}", two["query"]))
        assert [column.name for column in cursor.description] == ["x", "y"], "the naive way takes it"
    assert 'datasource "two", query: PostgreSQL refuses it' in app.refused("datasources", datasources=[two], **REMOTE)
    for number, end in enumerate(["; -- done", ";;", " /* a; b */ ;\n-- c;\n", "; /* /* nested */ ; */", " -- done"]):
        commented = declared("commented_{0}".format(number), "SELECT ';--' AS t, 1 AS n" + end, keys=[{"name": "t"}])
        app.ok("datasources", datasources=[commented], **REMOTE)
        source = "SELECT n, t FROM powa_commented_{0}_src(0)".format(number)
        assert app.sql(source) == [(1, ";--")]


def test_what_one_query_sets_does_not_reach_the_next(app: Database) -> None:
    both = [declared("sets", "SELECT app.set_path() AS n"), declared("uses", "SELECT count(*)::integer AS n FROM jobs")]
    message = app.refused("datasources", datasources=both, **REMOTE)
    assert message.startswith('datasource "uses", query: PostgreSQL refuses it') and "does not exist" in message


def test_a_query_that_does_not_stop_is_stopped(app: Database) -> None:
    app.sql(
        "CREATE FUNCTION app.sleeps() RETURNS integer LANGUAGE plpgsql IMMUTABLE"
        " AS 'BEGIN PERFORM pg_sleep(600); RETURN 1; END';"
        "CREATE FUNCTION app.stays() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN LOOP BEGIN"
        " PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END'"
    )
    one = declared("one", "SELECT 1 AS n")
    # The second one takes longer, and it does not depend on the version.
    for name in ("sleeps", "stays") if app.powa == "5" else ("sleeps",):
        slow = declared(name, "SELECT app.{0}() AS n".format(name))
        started = time.monotonic()
        message = app.refused("datasources", datasources=[one, slow], timeout=1, **REMOTE)
        assert message.startswith('datasource "{0}", query: PostgreSQL did not finish planning it'.format(name))
        assert time.monotonic() - started < 15
    assert (
        app.sql("SELECT query FROM pg_stat_activity WHERE query LIKE '%pgfleet_describe%' AND pid <> pg_backend_pid()")
        == []
    )


def test_nothing_is_described_for_a_role_with_a_way_up(app: Database) -> None:
    app.sql("CREATE ROLE mighty")
    try:
        for grant, revoke, found in (
            ("GRANT postgres TO mighty", "REVOKE postgres FROM mighty", 'is a member of "postgres"'),
            ("GRANT pg_execute_server_program TO mighty", "SELECT 1", 'is a member of "pg_execute_server_program"'),
            ("ALTER ROLE mighty SUPERUSER", "SELECT 1", '"mighty" is a superuser'),
        ):
            app.sql(grant)
            mighty = dict(REMOTE, monitoring_role="mighty")
            message = app.refused("datasources", datasources=[declared("one", QUERIES["by_view"])], **mighty)
            assert message.startswith("monitoring_role: role ") and found in message
            app.sql(revoke)
    finally:
        app.sql("DROP ROLE mighty")


def test_on_a_standby_nothing_is_described(app: Database) -> None:
    if app.powa != "5":
        # The decision does not depend on the version, and one standby takes long enough.
        return
    (version,) = {cluster.split()[0] for cluster in app.server.shell("pg_lsclusters --no-header").splitlines()}
    make = (
        "pg_createcluster {0} standby --port 5433"
        " && cp /etc/postgresql/{0}/main/conf.d/* /etc/postgresql/{0}/standby/conf.d/"
        " && cp -p /etc/postgresql/{0}/main/pg_hba.conf /etc/postgresql/{0}/standby/"
        " && rm -r /var/lib/postgresql/{0}/standby && runuser -u postgres -- pg_basebackup"
        " --pgdata /var/lib/postgresql/{0}/standby --write-recovery-conf --checkpoint fast"
        " && systemctl start postgresql@{0}-standby"
    )
    queries = [declared(name, query) for name, query in QUERIES.items()]
    try:
        app.server.shell(make.format(version))
        standby = dict(REMOTE, login_port=5433)
        assert app.ok("datasources", check=True, datasources=queries, **standby).changed
        untyped = dict(queries[0], metrics=[{"name": "n"}])
        result = app.run("datasources", check=True, datasources=[untyped], **standby)
        assert "no type is declared for n, and the server is a standby, where no query can be tried" in result["msg"]
    finally:
        app.server.shell("pg_dropcluster --stop {0} standby".format(version))


def test_rights_that_only_the_owner_has(app: Database) -> None:
    hidden = declared("hidden", "SELECT count(*)::integer AS n FROM pg_authid")
    assert "(permission denied" in app.refused("datasources", datasources=[hidden], **REMOTE)
    untyped = dict(hidden, security_definer=True, metrics=[{"name": "n"}])
    message = app.refused("datasources", datasources=[untyped], **REMOTE)
    assert "declare the types of n" in message and 'role "powa" may not run it' in message
    made = app.ok("datasources", datasources=[dict(hidden, security_definer=True)], **REMOTE)
    assert "it was not tried, and is taken as it is declared" in str(made["warnings"])
    assert app.sql("SELECT n > 0 FROM powa_hidden_src(0)") == [(True,)]


def test_queries_with_wrong_columns(app: Database) -> None:
    app.sql("GRANT UPDATE ON app.jobs TO powa")
    wrong = {
        "SELECT 1 AS n, 2 AS n": 'it returns two columns called "n": give each its own name (AS ...)',
        "SELECT FROM pg_class": "it returns no column, but the keys and metrics are (n)",
        "SELECT id AS n FROM app.jobs FOR UPDATE": "it writes or locks rows (cannot execute SELECT FOR UPDATE in a",
        "SELECT 'low'::app.mood AS n": 'column "n" is app.mood, which is stored as text, but declared as integer',
    }
    datasources = [declared("number_{0}".format(number), query) for number, query in enumerate(wrong)]
    result = app.run("datasources", datasources=datasources, **REMOTE)
    for problem, words in zip(result["problems"], wrong.values()):
        assert words in problem
    assert len(result["problems"]) == len(wrong)


def test_types_that_the_query_returns(app: Database) -> None:
    columns = {
        "SELECT": ("1::smallint", "smallint"),
        'a "quoted" {name}': ("'{a}'::text[]", "text[]"),
        "x": ("'a'::information_schema.sql_identifier", "name"),
        "q": ("'late'", "text"),
        "d": ("'a'::varchar(5)", "character varying"),
        "c1": ("NULL", "text"),
        "many": ("generate_series(1, 3)", "integer"),
        "same": ("1.5::numeric(4,1)", "numeric"),
    }
    query = "SELECT " + ", ".join(
        '{0} AS "{1}"'.format(sql, name.replace('"', '""')) for name, (sql, _t) in columns.items()
    )
    every = {"name": "every", "query": query + " LIMIT 5", "metrics": [{"name": name} for name in columns]}
    made = app.ok("datasources", datasources=[every], **REMOTE)
    found = {column["name"]: column["type"] for column in made["datasources"][0]["metric_columns"]}
    assert found == {name: type_name for name, (_sql, type_name) in columns.items()}
