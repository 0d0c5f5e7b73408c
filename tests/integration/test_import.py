# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook import: what it writes is read by Ansible, declared and collected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import psycopg2
import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.columns import returned_columns
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.known import value_of_column
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.take import read
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.values import float_sql, number_sql
from samples import aggregate, collect
from servers import ROOT, Database, on_every_server, run_playbook

FILES = {
    "pgwatch": """
metrics:
  imported:
    description: Sessions of {{ everybody }}
    sqls:
      13: "SELECT 1::bigint AS epoch_ns, 0 AS sessions, \\n\\tstate AS tag_state, \\n '{{ x }}' AS tag_braces,
           count(*) AS sessions FROM pg_stat_activity WHERE pid = pg_backend_pid() GROUP BY state"
    gauges: ['*']
    is_instance_level: true
  events:
    sqls: {13: ''}
""",
    "postgres_exporter": """
imported:
  query: |
    SELECT state, '{{ x }}' AS braces, count(*) AS sessions, pg_postmaster_start_time() AS started,
      current_setting('server_version_num') AS version, max(datid) AS number
    FROM pg_stat_activity WHERE pid = pg_backend_pid() GROUP BY state
  metrics:
    - state: {usage: LABEL}
    - braces: {usage: LABEL}
    - sessions: {usage: GAUGE, description: "Sessions of {{ everybody }}"}
    - started: {usage: GAUGE}
    - version: {usage: GAUGE}
    - number: {usage: GAUGE}
""",
}
#: By the tool, columns that hold what PostgreSQL says of itself.
NUMBERS = {
    "pgwatch": ("1", "1"),
    "postgres_exporter": (
        "started, version, number",
        "extract(epoch FROM pg_postmaster_start_time())::double precision,"
        " current_setting('server_version_num')::double precision,"
        " (SELECT oid::bigint FROM pg_database WHERE datname = current_database())",
    ),
}


def imported(folder: Path, tool: str, *more: str) -> str:
    """Run the playbook, and return what it printed."""
    (folder / "theirs.yml").write_text(FILES[tool])
    variables = {"powa_import_tool": tool, "powa_import_file": str(folder / "theirs.yml")}
    variables["powa_import_dest"] = str(folder / "ours.yml")
    done = run_playbook(str(ROOT / "playbooks/import.yml"), "--extra-vars", json.dumps(variables), *more)
    assert done.returncode == 0, done.stdout
    return done.stdout


def read_by_ansible(folder: Path) -> List[Dict[str, Any]]:
    """Return the definitions of the file as a play has them."""
    play = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars_files": [str(folder / "ours.yml")],
            "tasks": [
                {
                    "ansible.builtin.copy": {
                        "dest": str(folder / "read.json"),
                        "content": "{{ powa_datasources | to_json }}",
                        "mode": "0600",
                    }
                }
            ],
        }
    ]
    (folder / "play.yml").write_text(json.dumps(play))
    done = run_playbook(str(folder / "play.yml"))
    assert done.returncode == 0, done.stdout
    found: List[Dict[str, Any]] = json.loads((folder / "read.json").read_text())
    return found


@pytest.mark.parametrize("tool", sorted(FILES))
def test_what_is_written_is_collected(database: Database, tmp_path: Path, tool: str) -> None:
    checked = imported(tmp_path, tool, "--check", "--diff")
    assert "changed=1" in checked and "+powa_datasources:" in checked and not (tmp_path / "ours.yml").exists()
    assert "changed=1" in imported(tmp_path, tool)
    assert "changed=0" in imported(tmp_path, tool)
    (srvid,) = database.register("one")
    (found,) = read_by_ansible(tmp_path)
    database.ok(
        "datasources",
        server_kind=["remote", "repository"],
        monitoring_role="powa",
        datasources=[found],
    )
    collect(database, "imported", srvid)
    aggregate(database, srvid)
    assert database.sql("SELECT state, braces, sessions FROM powa_imported_get(%s, NULL, NULL)", (srvid,)) == [
        ("active", "{{ x }}", 1)
    ]
    collected, expected = NUMBERS[tool]
    assert database.sql(
        "SELECT {0} FROM powa_imported_get(%s, NULL, NULL)".format(collected), (srvid,)
    ) == database.sql("SELECT " + expected)


@on_every_server
def test_what_extract_returns_has_one_type(database: Database) -> None:
    age = "extract(epoch from now() - pg_postmaster_start_time())"
    columns = [age, "1000 * " + age, "ceil({0}) / 60".format(age), "max({0})".format(age)]
    sql = "select " + ", ".join("{0} as c{1}".format(column, place) for place, column in enumerate(columns))
    metric = {"sqls": {13: sql}, "gauges": ["*"], "is_instance_level": True}
    (found,), _problems = read("pgwatch", json.dumps({"metrics": {"ages": metric}}))
    (sampled,) = database.ok("sample_info", datasources=[found], monitoring_role="powa")["datasources"]
    assert set(sampled["types"].values()) == {"double precision"} and len(sampled["types"]) == len(columns)


NEWER = """
metrics:
  limits:
    sqls:
      14: >
        WITH s AS (SELECT * FROM pg_settings WHERE name = 'work_mem')
        SELECT name AS tag_name, s.setting AS value, pending_restart, max_val, 2 ^ 40 AS calculated FROM s
    gauges: ['*']
    is_instance_level: true
  checkpoints:
    sqls:
      14: "; -- elsewhere"
      17: SELECT num_timed IS NOT NULL AS timed, stats_reset FROM pg_stat_checkpointer
    is_instance_level: true
  scores:
    sqls:
      19: SELECT score FROM pg_stat_autovacuum_scores
    is_instance_level: true
"""
#: By the metric, the first version that has it, the columns to look at, and what PostgreSQL says of itself.
EXPECTED = {
    "limits": (
        140000,
        "name, value, pending_restart, max_val, calculated",
        "SELECT name, setting, 0, max_val::double precision, 2 ^ 40 FROM pg_settings WHERE name = 'work_mem'",
    ),
    "checkpoints": (
        170000,
        "timed, stats_reset",
        "SELECT 1, extract(epoch FROM stats_reset)::double precision FROM pg_stat_checkpointer",
    ),
    "scores": (190000, "score", "SELECT score FROM pg_stat_autovacuum_scores"),
}


@on_every_server
def test_a_metric_has_rows_from_its_first_version_on(database: Database) -> None:
    definitions, problems = read("pgwatch", NEWER)
    assert not problems
    (srvid,) = database.register("one")
    sides = {"server_kind": ["remote", "repository"], "monitoring_role": "powa"}
    database.ok("datasources", datasources=definitions, **sides)
    for name in EXPECTED:
        collect(database, name, srvid)
    aggregate(database, srvid)
    version = database.value("SELECT current_setting('server_version_num')::integer")
    for name, (first, columns, oracle) in EXPECTED.items():
        found = database.sql("SELECT {0} FROM powa_{1}_get(%s, NULL, NULL)".format(columns, name), (srvid,))
        assert found == (database.sql(oracle) if version >= first else []), name


@on_every_server
def test_columns_of_postgresql_become_numbers(database: Database) -> None:
    columns = database.sql(
        "SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid"
        " WHERE c.relkind IN ('r', 'v') AND c.relname LIKE 'pg\\_%' AND a.attnum > 0"
    )
    refused = []
    for relation, column in columns:
        value = value_of_column(relation, column)
        expressions = ", ".join(sql("q." + column, value) for sql in (number_sql, float_sql))
        try:
            database.sql("SELECT {0} FROM {1} AS q WHERE false".format(expressions, relation))
        except psycopg2.Error as error:
            refused.append((relation, column, str(error).split("\n", maxsplit=1)[0]))
    assert len(columns) > 1000
    assert not refused, refused


#: Columns without an alias, of x and b.
UNNAMED = """
x | q.x::int::text | 'x'::text | 1::bigint | null::pg_catalog.int8 | b::character varying | 1::double precision
CASE WHEN b THEN 1 ELSE x END | CASE WHEN b THEN x END | CASE WHEN b THEN 1 ELSE 0 END::int | (CASE WHEN b THEN 1 END)
CASE WHEN b THEN 1 ELSE q.x::int END | CASE WHEN b THEN false ELSE true END
CASE WHEN x::int = 1 THEN 1 ELSE abs(x) END | (string_to_array('a b', ' '))[2]
cast(x AS int) | cast('1' AS character varying) | trim('y') | trim(leading 'x' FROM 'xy')
trim(trailing FROM 'y')::text | (SELECT max(y) FROM generate_series(1, 2) y) | (ARRAY[1])[1]
count(*) FILTER (WHERE b) OVER () | mode() WITHIN GROUP (ORDER BY x) | ARRAY[1] | EXISTS (SELECT 1)
current_user | user::text | localtimestamp | coalesce(x, 1) | nullif(x, 1)
position('a' IN 'b') | substring('ab' FROM 1 FOR 1) | now()::timestamp with time zone | '1'::char(3) | 'x'::"char"
"""


@on_every_server
def test_columns_have_the_names_that_postgresql_gives_them(database: Database) -> None:
    for column in (each.strip() for line in UNNAMED.strip().splitlines() for each in line.split(" | ")):
        sql = "SELECT {0} FROM (SELECT 1 AS x, true AS b) AS q GROUP BY x, b".format(column)
        name = database.value("SELECT json_object_keys(row_to_json(r)) FROM ({0}) AS r".format(sql))
        assert [output.name for output in returned_columns(sql)] == [name], column


#: By an expression, the number that it becomes.
AS_NUMBERS = {
    "'90 min'::interval": 5400,
    "timestamp '2026-01-02' - timestamp '2026-01-01'": 86400,
    "age(timestamp '2026-01-02', timestamp '2026-01-01') * 2": 172800,
    "timestamp '2026-01-02' - (SELECT max(t) FROM (SELECT timestamp '2026-01-01' AS t) AS q)": 86400,
    "8 * (SELECT count(*) FROM pg_class WHERE false)": 0,
    "coalesce(max(interval '1 s'), '0')": 1,
    "date_trunc('day', interval '1 day 12 h')": 86400,
    "date '2026-01-03' - date '2026-01-01'": 2,
    "timestamptz '1970-01-02 UTC' - interval '1 h'": 82800,
    "'0/10'::pg_lsn": 16,
    "'0/10'::pg_lsn - '0/8'::pg_lsn": 8,
    "(1 = 1 AND NOT false)": 1,
    "'x' IS NULL": 0,
    "'-1.5e2'::character varying": -150,
    "'Infinity'::pg_catalog.text": float("inf"),
    "'x'::\"char\"": None,
    "'pg_class'::regclass": None,
    "'{\"a\": \"7\"}'::json->>'a'": 7,
    "inet '10.0.0.1'": None,
    "'{1,2}'::int[]": None,
    "2 * 3 - -1": 7,
    "'12'::xid": 12,
}
#: By what is known of a value, the types that it may have.
TYPES = {
    "number": ("integer", "bigint", "numeric", "double precision"),
    "assumed": ("integer", "bigint", "numeric", "double precision"),
    "boolean": ("boolean",),
    "lsn": ("pg_lsn",),
    "time": ("timestamp with time zone", "timestamp without time zone"),
    "date": ("date",),
    "interval": ("interval",),
    "text": ("text", "character varying", "name", '"char"', "regclass", "inet"),
    "xid": ("xid", "oid"),
    "": ("integer[]",),
}


@on_every_server
def test_expressions_become_numbers(database: Database) -> None:
    for expression, number in AS_NUMBERS.items():
        sql = "SELECT {0} AS x".format(expression)
        (output,) = returned_columns(sql)
        ((kind, found),) = database.sql(
            "SELECT pg_typeof(q.x)::text, {0} FROM ({1}) AS q".format(float_sql("q.x", output.value), sql)
        )
        assert (found, kind in TYPES[output.value]) == (number, True), (expression, output.value, kind)


@on_every_server
def test_what_newer_servers_return_is_collected(database: Database) -> None:
    sql = (
        "SELECT 'pg_class'::regclass AS tag_a, 'pg_type'::regclass AS b, interval '1 min' AS c, '0/10'::pg_lsn AS d,"
        " 1 > 2 AS e, host('10.0.0.1'::inet) AS f, '{1}'::int[] AS g, 'NaN'::text AS h"
    )
    text = json.dumps({"metrics": {"newer": {"sqls": {13.1: sql}, "gauges": ["*"], "is_instance_level": True}}})
    definitions, problems = read("pgwatch", text)
    assert [problem.reason for problem in problems] == [
        '"g" becomes a number, and NULL where it is none: cast it in the query'
    ]
    (srvid,) = database.register("one")
    database.ok("datasources", server_kind=["remote", "repository"], monitoring_role="powa", datasources=definitions)
    collect(database, "newer", srvid)
    aggregate(database, srvid)
    assert database.sql("SELECT a, b, c, d, e, f, g, h FROM powa_newer_get(%s, NULL, NULL)", (srvid,)) == [
        ("pg_class", "pg_type", 60, 16, 0, "10.0.0.1", None, "NaN")
    ]


@on_every_server
def test_a_histogram_of_whatever_values_has_a_sum_and_a_count(database: Database) -> None:
    rows = "(VALUES ('a', true, '1.5', interval '1 min'), ('a', true, 'x', NULL), ('a', false, '2', NULL))"
    columns = "kind granted written lasting".split()
    metrics: List[Dict[str, Any]] = [{"kind": {"usage": "LABEL"}}]
    metrics += [{column: {"usage": "HISTOGRAM", "bucket": [1]}} for column in columns[1:]]
    # Of the second one, the text of the query does not tell what the values are.
    sources = ("SELECT kind, granted, written, lasting FROM {0} AS v ({1})", "SELECT v.* FROM {0} AS v ({1})")
    entries = {
        "m{0}".format(number): {"query": sql.format(rows, ", ".join(columns)), "tags": ["cluster"], "metrics": metrics}
        for number, sql in enumerate(sources)
    }
    definitions, _left_out = read("postgres_exporter", json.dumps(entries))
    for sampled in database.ok("sample_info", datasources=definitions, monitoring_role="powa")["datasources"]:
        (found,) = sampled["rows"]
        assert (found["granted_sum"], found["granted_count"], found["written_sum"]) == (2, 3, 3.5), found


#: It reads what is in no schema that the collector searches in each database.
OF_USERS = """
queued:
  query: |
    WITH states AS (SELECT DISTINCT state FROM jobs)
    SELECT current_database() AS datname, s.state, count(j.at) AS n, max(extract(epoch FROM at)) AS newest
    FROM states AS s LEFT JOIN "Jobs" AS j USING (state) GROUP BY s.state
  metrics: [{datname: {usage: LABEL}}, {state: {usage: LABEL}}, {n: {usage: GAUGE}}, {newest: {usage: GAUGE}}]
"""


@on_every_server
def test_tables_of_users_are_found_without_a_schema(database: Database) -> None:
    database.sql("CREATE TABLE public.jobs AS SELECT 'open' AS state; CREATE VIEW public.\"Jobs\" AS"
                 " SELECT 'open' AS state, timestamptz '1970-01-02 UTC' AS at;"
                 " GRANT SELECT ON public.jobs, public.\"Jobs\" TO powa")  # fmt: skip
    definitions, problems = read("postgres_exporter", OF_USERS, scope="cluster" if database.powa == "4" else None)
    assert [problem.name for problem in problems] == ([] if database.powa == "4" else ["queued"])
    database.ok("datasources", datasources=definitions, server_kind=["remote", "repository"], monitoring_role="powa")
    (sampled,) = database.ok("sample_info", datasources=definitions, monitoring_role="powa")["datasources"]
    assert sampled["rows"] == [{"datname": database.name, "state": "open", "n": 1, "newest": 86400}]


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    printed = imported(tmp_path, "pgwatch")
    assert "events: skipped: it has no SQL" in printed and "datasources: 1, left out: 2" in printed
    assert "# events: skipped: it has no SQL" in (tmp_path / "ours.yml").read_text()


def test_a_file_by_hand_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "ours.yml").write_text("powa_datasources: []\n")
    (tmp_path / "theirs.yml").write_text(FILES["pgwatch"])
    variables = {"powa_import_tool": "pgwatch", "powa_import_file": str(tmp_path / "theirs.yml")}
    variables["powa_import_dest"] = str(tmp_path / "ours.yml")
    done = run_playbook(str(ROOT / "playbooks/import.yml"), "--extra-vars", json.dumps(variables))
    assert done.returncode != 0 and "was not written by this playbook" in done.stdout, done.stdout
    assert (tmp_path / "ours.yml").read_text() == "powa_datasources: []\n"
