# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extensions of each database, where the collector itself looks up their schemas: its rows are those of plain SQL."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Dict, Iterator, List

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.extensions import FUNCTIONS, RELATIONS
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.take import read
from column_values import VALUES, quoted
from servers import Database, running_collector, wait_until

REMOTE = {"server_kind": ["remote"], "monitoring_role": "powa"}
BOTH = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
on_powa_5 = pytest.mark.parametrize("server", ["5", "5-pg18"], ids="powa{0}".format, indirect=True, scope="session")

#: A metric of another tool, which finds the function through search_path, and calls it with another type than it has.
THEIRS = """
metrics:
  measured:
    sqls:
      14: |
        with mine as (select oid, relname from pg_class where relname = 'measured')
        select mine.relname as tag_relation, '{pgstattuple}' as tag_braces, pg_relpages(mine.oid) as pages from mine
    gauges: ['*']
"""
OURS = "SELECT oid::regclass::text AS relation, {pgstattuple}.pg_relpages(oid::regclass) AS pages"
OURS += r" FROM pg_class WHERE relname = 'measured' AND E'\\' OPERATOR(pg_catalog.<>) '{pgstattuple}'"
#: What somebody else may create with the name of a function of the extension; the function fits an oid better.
STRANGERS = {
    "FUNCTION": "RETURNS bigint LANGUAGE sql AS 'SELECT -1'",
    "VIEW": "AS SELECT 1 AS one",
    "TABLE": "(one integer)",
    "DOMAIN": "AS integer",
    "TYPE": "AS (one integer)",
}
#: What another tool asks of an extension of PoWA: a function that itself calls what stands in the same schema.
ADVISED = """
metrics:
  advised:
    sqls:
      14: |
        select v.value::text as tag_index, (select count(*) > 0 from pg_stat_statements)::int as seen
        from json_array_elements(pg_qualstats_index_advisor(min_filter => 1, min_selectivity => 0)->'indexes') as v
    gauges: ['*']
"""
#: By their names, what of an extension changes something or is for its own use, and so stands in no query of metrics.
OF_NO_METRIC = "reset|evict|snapshot|truncate|_src"
#: What extensions had with PostgreSQL 15 alone.
BEFORE_18 = {"pg_get_wal_records_info_till_end_of_wal", "pg_get_wal_stats_till_end_of_wal"}
#: All that extensions have: its oracle is PostgreSQL's own list.
MEMBERS = """
SELECT e.extname::text, d.classid = 'pg_proc'::regclass, array_agg(DISTINCT coalesce(p.proname, c.relname)::text)
FROM pg_extension AS e
  JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid AND p.proname !~ %s
  LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('r', 'v')
    AND c.relname !~ %s
WHERE e.extname = ANY (%s) AND coalesce(p.proname, c.relname) IS NOT NULL
GROUP BY 1, 2
"""
ODD = """Odd 'one' "two\""""


@pytest.fixture
def others(database: Database) -> Iterator[List[str]]:
    """Two databases: in one the extension has another schema, the other one has no such extension."""
    names = ["{0}_{1}".format(database.name, name) for name in ("odd", "bare")]
    for name in names:
        database.server.sql("postgres", "CREATE DATABASE {0} TEMPLATE template0".format(name))
        database.server.sql(name, "CREATE TABLE measured AS SELECT repeat('x', 5000) FROM generate_series(1, 500)")
    yield names
    for name in names:
        database.server.sql("postgres", "DROP DATABASE {0} WITH (FORCE)".format(name))


def has_extension(database: Database, name: str, schema: str) -> None:
    database.server.sql(name, "CREATE EXTENSION pgstattuple SCHEMA {0}".format(schema))
    database.server.sql(name, "GRANT USAGE ON SCHEMA {0} TO powa".format(schema))
    database.server.sql(name, "GRANT EXECUTE ON FUNCTION {0}.pg_relpages(regclass) TO powa".format(schema))


@on_powa_5
def test_the_schema_of_each_database_is_found(database: Database, others: List[str]) -> None:
    odd = others[0]
    ours: Dict[str, Any] = {
        "name": "ours",
        "scope": "database",
        "query": OURS,
        "keys": [{"name": "relation"}],
        "metrics": [{"name": "pages", "kind": "gauge"}],
        "databases": [database.name, *others],
    }
    (theirs,), _left_out = read("pgwatch", THEIRS)
    missing = 'the extension "pgstattuple", which is not installed in this database'
    assert missing in database.refused("datasources", datasources=[ours], **REMOTE)
    assert missing in database.refused("sample_info", datasources=[ours], monitoring_role="powa")
    refused = database.refused("datasources", datasources=[dict(ours, scope="cluster", databases=None)], **REMOTE)
    assert 'query: it names an extension as {pgstattuple}, which works only with scope "database"' in refused

    has_extension(database, database.name, "public")
    database.sql("CREATE TABLE public.measured ()")
    database.server.sql(odd, "CREATE SCHEMA {0}".format(quoted(ODD)))
    has_extension(database, odd, quoted(ODD))
    database.server.sql("postgres", "ALTER DATABASE {0} SET standard_conforming_strings = off".format(odd))
    (sampled,) = database.ok("sample_info", datasources=[ours], monitoring_role="powa")["datasources"]
    assert sampled["rows"] == [{"relation": "public.measured", "pages": 0}]

    server = {"hostname": "127.0.0.1", "username": "powa", "dbname": database.name, "frequency": 5}
    database.ok("servers", servers=[server])
    params = dict(datasources=[ours, dict(theirs, databases=ours["databases"])], **BOTH)
    database.ok("datasources", **params)
    again = database.ok("datasources", **params)
    assert not again.changed and again.diff["before"] == again.diff["after"]
    srvid = database.value("SELECT id FROM powa_servers WHERE id > 0")
    taken = "SELECT count(DISTINCT ts) FROM powa_ours_get(%s, NULL, NULL)"
    with running_collector(database):
        wait_until(lambda: database.value(taken, (srvid,)) >= 2, "two snapshots")
        assert database.errors(srvid) is None
    ((pages,),) = database.server.sql(odd, "SELECT {0}.pg_relpages('measured'::regclass)".format(quoted(ODD)))
    assert pages > 1
    for name, columns in (("ours", "relation"), ("measured", "relation, braces")):
        found = database.sql(
            "SELECT DISTINCT d.datname::text, {0}, pages FROM powa_{1}_get(%s, NULL, NULL) AS g"
            " JOIN pg_database AS d ON d.oid = g.dbid ORDER BY pages".format(columns, name),
            (srvid,),
        )
        braces = ("{pgstattuple}",) if name == "measured" else ()
        schema = "" if name == "measured" else "public."
        relation = (schema + "measured", *braces)
        assert found == [(database.name, *relation, 0), (odd, *relation, pages)]


@on_powa_5
def test_nobody_else_has_the_monitoring_role_run_anything(database: Database) -> None:
    database.sql("CREATE SCHEMA app")
    has_extension(database, database.name, "app")
    database.sql("CREATE TABLE public.measured ()")
    params = dict(
        datasources=[
            {
                "name": "ours",
                "scope": "database",
                "query": OURS,
                "keys": [{"name": "relation"}],
                "metrics": [{"name": "pages", "kind": "gauge"}],
            }
        ],
        **BOTH,
    )
    database.ok("datasources", **params)
    query = database.value("SELECT query_source FROM powa_db_module_src_queries WHERE db_module = 'ours'")
    assert database.sql(query) == [("measured", 0)]
    for kind, rest in STRANGERS.items():
        name = "app.pg_relpages" + ("(oid)" if kind == "FUNCTION" else "")
        database.sql("CREATE {0} {1} {2}".format(kind, name, rest))
        assert database.sql(query) == [], kind
        assert "not everything with the name pg_relpages belongs to the extension" in database.refused(
            "datasources", **dict(params, datasources=[dict(params["datasources"][0], name="new")])
        )
        database.sql("DROP {0} {1}".format(kind, name))
        assert database.sql(query) == [("measured", 0)], kind
    assert not database.ok("datasources", **params).changed


@on_powa_5
def test_every_value_comes_as_it_is(database: Database) -> None:
    columns = {"c{0}".format(place): name for place, name in enumerate(VALUES)}
    database.sql("CREATE TABLE public.kept (n integer, {0})".format(", ".join(map(" ".join, columns.items()))))
    database.sql("GRANT SELECT ON public.kept TO powa")
    for row in range(max(map(len, VALUES.values()))):
        values = [
            "({0})::{1}".format(dict(enumerate(VALUES[name])).get(row, "NULL"), name) for name in columns.values()
        ]
        database.sql("INSERT INTO public.kept VALUES ({0}, {1})".format(row, ", ".join(values)).replace("%", "%%"), ())
    database.ok(
        "datasources",
        datasources=[
            {
                "name": "kept",
                "scope": "database",
                "query": "SELECT k.* FROM public.kept AS k WHERE NULL::{btree_gist}.gbtreekey4 IS NULL",
                "keys": [{"name": "n"}],
                "metrics": [{"name": name, "kind": "gauge"} for name in columns],
            }
        ],
        **BOTH,
    )
    query = database.value("SELECT query_source FROM powa_db_module_src_queries WHERE db_module = 'kept'")
    texts = ", ".join("{0}::text, pg_typeof({0})::text".format(name) for name in ("n", *columns))
    sampled, plain = (
        database.sql("SELECT {0} FROM ({1}) AS src ORDER BY n".format(texts, each))
        for each in (query, "SELECT * FROM public.kept")
    )
    assert len(plain) > 4 and sampled == plain
    database.sql("DELETE FROM public.kept")
    assert database.sql(query) == []


@pytest.mark.parametrize("server", ["5-pg18"], ids="powa{0}".format, indirect=True, scope="session")
def test_all_that_is_named_is_there(database: Database) -> None:
    extensions = sorted({*RELATIONS, *FUNCTIONS})
    for extension in extensions:
        database.sql("CREATE EXTENSION IF NOT EXISTS {0} CASCADE".format(extension))
    members = database.sql(MEMBERS, (OF_NO_METRIC, OF_NO_METRIC, extensions))
    found = {(extension, called): sorted(names) for extension, called, names in members}
    named = {
        (extension, called): sorted(set(names.split()) - BEFORE_18)
        for called, known in ((False, RELATIONS), (True, FUNCTIONS))
        for extension, names in known.items()
    }
    assert named == found


@on_powa_5
def test_extensions_of_powa_are_found_where_they_are(database: Database) -> None:
    database.sql("CREATE EXTENSION IF NOT EXISTS pg_qualstats")
    (theirs,), left_out = read("pgwatch", ADVISED)
    assert not left_out and theirs["scope"] == "database"
    database.sql("CREATE TABLE public.searched AS SELECT n FROM generate_series(1, 1000) AS n")
    with closing(database.server.connect(database.name)) as connection, connection.cursor() as cursor:
        cursor.execute("SET pg_qualstats.sample_rate = 1")
        cursor.execute("SELECT count(*) FROM public.searched WHERE n = 7")
    plain = database.sql(
        "SELECT v.value::text FROM json_array_elements("
        "pg_qualstats_index_advisor(min_filter => 1, min_selectivity => 0)->'indexes') AS v ORDER BY 1"
    )
    assert any("searched" in index for (index,) in plain)
    (sampled,) = database.ok("sample_info", datasources=[theirs], monitoring_role="powa")["datasources"]
    assert sorted(row["index"] for row in sampled["rows"]) == [index for (index,) in plain]
    assert {row["seen"] for row in sampled["rows"]} == {1}
    database.ok("datasources", datasources=[theirs], **BOTH)
    # The other one is for servers before the first version that the metric is for.
    query = database.value(
        "SELECT query_source FROM powa_db_module_src_queries WHERE db_module = 'advised'"
        " ORDER BY min_version DESC LIMIT 1"
    )
    with closing(database.server.connect(database.name, user="powa")) as connection, connection.cursor() as cursor:
        cursor.execute("SET search_path = pg_catalog")
        cursor.execute(query)
        assert sorted(cursor.fetchall()) == [(index, 1) for (index,) in plain]
