# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasources that are tried and not declared: what sample_info returns, and that nothing of it stays."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Dict, List

import pytest
from datasources import AWKWARD, LOCK_MODES
from servers import PASSWORD, ROOT, Database, run_playbook

NUMBERS: Dict[str, Any] = {
    "name": "numbers",
    "query": "SELECT n AS key, n * 2 AS twice FROM generate_series(1, 25) AS n",
    "keys": [{"name": "key"}],
    "metrics": [{"name": "twice", "kind": "gauge"}],
}
REMOTE = {"monitoring_role": "powa"}


def one(query: str, **fields: Any) -> Dict[str, Any]:
    return {"name": "one", "query": query, "metrics": [{"name": "n"}], **fields}


def tried(database: Database, *datasources: Dict[str, Any], **params: Any) -> List[Dict[str, Any]]:
    """Return what datasources return, and see that nothing has changed."""
    before = database.dump()
    result = database.ok("sample_info", datasources=list(datasources), **{**REMOTE, **params})
    assert not result.changed and database.dump() == before
    found: List[Dict[str, Any]] = result["datasources"]
    return found


def test_rows_types_and_costs(database: Database) -> None:
    numbers, awkward, locks = tried(database, NUMBERS, AWKWARD, LOCK_MODES, rows=3, frequency=60)
    assert numbers["rows"] == [{"key": 1, "twice": 2}, {"key": 2, "twice": 4}, {"key": 3, "twice": 6}]
    assert numbers["row_count"] == 25 and numbers["types"] == {"key": "integer", "twice": "integer"}
    assert 0 <= numbers["milliseconds"] < 1000
    # 25 rows of a record with one integer, 1440 times a day, of which 60 % stay.
    assert numbers["bytes_per_day"] == pytest.approx(25 * 40 * 1440 * 0.6, rel=0.01)
    assert numbers["bytes_at_retention"] == numbers["bytes_per_day"]
    (week,) = tried(database, NUMBERS, frequency=60, retention="1 week")
    assert week["bytes_at_retention"] == 7 * numbers["bytes_per_day"]
    assert "retention: " in database.refused("sample_info", datasources=[NUMBERS], retention="soon", **REMOTE)
    assert awkward["rows"] == [
        {
            "select": "x",
            "Null %": None,
            "a.b": True,
            'd"q': {"k": "$query$"},
            "ünïcode {0}": 1.5,
            "mode": "late",
        }
    ]
    # One column has the name that its row has in our statement.
    (named,) = tried(database, one("SELECT 'x'::text AS q, 1 AS n", keys=[{"name": "q"}]))
    assert named["rows"] == [{"q": "x", "n": 1}]
    # As in the sessions of powa-collector, no other schema is looked at.
    each = one("SELECT current_setting('search_path') AS k, 1 AS n", keys=[{"name": "k"}], scope="database")
    assert tried(database, each)[0]["rows"] == [{"k": "pg_catalog", "n": 1}]
    assert locks["row_count"] >= 1 and tried(database, NUMBERS, rows=0)[0]["rows"] == []


def test_it_runs_with_the_rights_of_the_monitoring_role_and_only_reads(database: Database) -> None:
    who = one("SELECT current_user::text AS k, 1 AS n", keys=[{"name": "k"}])
    assert tried(database, who)[0]["rows"] == [{"k": "powa", "n": 1}]
    # Without a role, a superuser gets one that has only pg_monitor, and is not there afterwards.
    ((made,),) = [[row["k"] for row in tried(database, who, monitoring_role=None)[0]["rows"]]]
    assert made.startswith("pgfleet_powa_")
    other = database.ok("sample_info", datasources=[who], monitoring_role="nobody_has_it")
    assert other["datasources"][0]["rows"][0]["k"].startswith("pgfleet_powa_")
    (warning,) = other["warnings"]
    assert 'no role "nobody_has_it", so the queries ran with the rights of a new role with only' in str(warning)
    # It has what the role remote gives.
    member = (
        "SELECT pg_has_role('pg_monitor', 'USAGE')::text AS k, pg_has_role('pg_read_all_stats', 'USAGE')::integer AS n"
    )
    (row,) = tried(database, one(member, keys=[{"name": "k"}]), monitoring_role=None)[0]["rows"]
    assert row == {"k": "false", "n": 1}
    refused = database.refused("sample_info", datasources=[one("SELECT count(*) AS n FROM pg_authid")], **REMOTE)
    assert "permission denied for table pg_authid" in refused
    database.sql("CREATE TABLE public.kept (n integer)")
    database.sql("GRANT ALL ON public.kept TO PUBLIC")
    database.sql(
        "CREATE FUNCTION public.write() RETURNS integer LANGUAGE sql"
        " AS 'INSERT INTO public.kept VALUES (1) RETURNING n'"
    )
    refused = database.refused("sample_info", datasources=[one("SELECT public.write() AS n")], **REMOTE)
    assert (
        'datasource "one": its query failed (cannot execute INSERT in a read-only transaction): correct it' in refused
    )
    database.sql("ALTER ROLE powa SUPERUSER")
    try:
        refused = database.refused("sample_info", datasources=[who], **REMOTE)
    finally:
        database.sql("ALTER ROLE powa NOSUPERUSER")
    assert 'role "powa" is a superuser' in refused


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 AS n; DROP TABLE public.target",
        "SELECT 1 AS n) AS q) AS x; DROP TABLE public.target; SELECT count(*), '' FROM (SELECT 1 FROM (SELECT 1",
        "SELECT set_config('role', 'postgres', false)::integer AS n",
        "SELECT set_config('search_path', 'evil', false) IS NULL AS n",
    ],
)
def test_no_text_gets_more_rights(database: Database, text: str) -> None:
    database.sql("CREATE TABLE public.target (n integer)")
    database.sql("CREATE SCHEMA evil")
    database.sql("GRANT ALL ON SCHEMA evil TO powa")
    evil = "CREATE FUNCTION evil.{0} LANGUAGE plpgsql AS $$BEGIN DROP TABLE public.target; RETURN NULL; END$$"
    database.sql(evil.format("date_part(text, interval) RETURNS double precision"))
    database.run("sample_info", datasources=[one(text), NUMBERS], **REMOTE)
    assert database.sql("SELECT to_regclass('public.target') IS NOT NULL") == [(True,)]


def test_what_is_wrong_is_said_of_all_datasources(database: Database) -> None:
    wrong = [one("SELECT 1 AS other"), dict(NUMBERS, query="SELEC 1"), dict(LOCK_MODES, kind="gauge")]
    assert "kind. Supported parameters include" in database.refused("sample_info", datasources=wrong, **REMOTE)
    message = database.refused("sample_info", datasources=wrong[:2] + [one("SELECT 1/0 AS n", name="zero")], **REMOTE)
    assert 'datasource "numbers", query: it begins with "SELEC"' in message
    message = database.refused("sample_info", datasources=[wrong[0], NUMBERS], **REMOTE)
    assert "it returns the columns (other), but the keys and metrics are (n)" in message
    zero = [one("SELECT 1 / (random() * 0)::integer AS n", name=name) for name in ("zero", "nought")]
    message = database.refused("sample_info", datasources=[*zero, NUMBERS], **REMOTE)
    assert 'datasource "zero": its query failed (division by zero): correct it' in message and '"nought"' in message
    assert "rows: found -1" in database.refused("sample_info", datasources=[NUMBERS], rows=-1, **REMOTE)


def test_a_slow_query_is_stopped(database: Database) -> None:
    slow = one("SELECT 1 AS n FROM pg_sleep(60)")
    message = database.refused("sample_info", datasources=[NUMBERS, slow], timeout=1, **REMOTE)
    assert 'datasource "one": its query did not end within the timeout' in message


def test_those_that_need_more_rights_are_left_out(database: Database) -> None:
    hidden = one(
        "SELECT count(*) AS n FROM pg_authid", security_definer=True, metrics=[{"name": "n", "type": "bigint"}]
    )
    result = database.ok("sample_info", datasources=[hidden, NUMBERS], **REMOTE)
    assert [entry["name"] for entry in result["datasources"]] == ["numbers"]
    (warning,) = result["warnings"]
    assert 'datasource "one", query: it runs as the owner of the function' in str(warning)


def try_file(
    folder: Path, database: Database, text: str, name: str = "powa_try_file"
) -> "subprocess.CompletedProcess[str]":
    """Run the playbook on one server of two, of which the other cannot be reached.

    :param name: the variable that names the file
    """
    (folder / "ours.yml").write_text(text)
    remote = {
        "powa_managed": True,
        "powa_host": database.server.address,
        "powa_login_user": "postgres",
        "powa_login_password": PASSWORD,
        "powa_database": database.name,
        "powa_monitoring_role": "powa",
        "powa_repository": "hub",
    }
    groups = {"powa_repositories": {"hosts": {"hub": {}}}, "powa_remotes": {"hosts": {"orders": remote, "gone": {}}}}
    # What one types wins over the inventory, by either name.
    everywhere = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "powa_try_file": "nowhere.yml"}
    (folder / "hosts.yml").write_text(json.dumps({"all": {"children": groups, "vars": everywhere}}))
    before = database.dump()
    done = run_playbook(
        *("--inventory", str(folder / "hosts.yml"), "--limit", "orders"),
        *("--extra-vars", json.dumps({name: str(folder / "ours.yml"), "powa_try_rows": 2})),
        str(ROOT / "playbooks/try.yml"),
    )
    assert database.dump() == before and PASSWORD not in done.stdout
    return done


def test_the_playbook_shows_what_a_file_would_collect(database: Database, tmp_path: Path) -> None:
    done = try_file(tmp_path, database, json.dumps([NUMBERS, {"name": "server_state"}]))
    assert done.returncode == 0 and "changed=0" in done.stdout, done.stdout
    assert '"row_count": 25' in done.stdout and '"twice": 4' in done.stdout and '"twice": 6' not in done.stdout
    assert '"name": "server_state"' in done.stdout and '"uptime": ' in done.stdout
    wrong = "- name: wrong\n  query: SELECT 1 AS n\n  metrics: [{name: n, kind: sum}]\n"
    done = try_file(tmp_path, database, wrong, name="file")
    assert done.returncode != 0 and 'ours.yml:1: datasource "wrong": value of kind must be one of' in done.stdout
