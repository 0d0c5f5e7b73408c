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
