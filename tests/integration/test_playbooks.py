# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules as users run them: by ansible-playbook, with the examples of the documentation."""

from __future__ import annotations

import ast
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Dict, List

import pytest
import yaml
from datasources import LOCK_MODES
from handwritten import TRANSIENT, with_transient_tables, write_by_hand
from readers import HIDDEN, a_reader
from servers import PASSWORD, ROOT, Database, run_playbook, running_collector

#: Those that only log in to PostgreSQL; test_files.py and test_hba_rules.py have the examples of the others.
MODULES = sorted(
    path.stem for path in Path(ROOT, "plugins", "modules").glob("*.py") if path.stem not in ("files", "hba_rules")
)


def play(folder: Path, database: Database, tasks: List[Dict[str, Any]], *options: str) -> str:
    """Run tasks on this machine against a database, and return all that Ansible prints."""
    playbook = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "module_defaults": {"group/pgfleet.powa.powa": database.login},
            "tasks": tasks,
        }
    ]
    path = folder / "play.yml"
    path.write_text(yaml.safe_dump(playbook, sort_keys=False))
    done = run_playbook("--inventory", "localhost,", *options, str(path))
    assert done.returncode == 0, done.stdout
    return done.stdout


def examples(kind: str, name: str) -> List[Dict[str, Any]]:
    """Return the tasks of a plugin's documentation, but for the account, which only a database host has."""
    source = Path(ROOT, "plugins", kind, name + ".py").read_text(encoding="utf-8")
    (text,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "EXAMPLES"
    )
    tasks: List[Dict[str, Any]] = yaml.safe_load(text)
    return [{key: value for key, value in task.items() if not key.startswith("become")} for task in tasks]


def prepare(database: Database, module: str) -> None:
    """Make what the examples take for granted."""
    if module in ("functions", "transient_tables"):
        # Whoever makes databases drops it.
        database.sql("CREATE ROLE powa_monitor")
    if module == "transient_tables":
        write_by_hand(database, "app_orders", "app_invoices", "app_customers")
        database.sql(TRANSIENT.replace("{name}", "app_customers"))
    if module == "functions":
        with_transient_tables(database, "app_orders")
        database.sql("CREATE EXTENSION pg_track_settings")
    if module == "datasources":
        database.sql("CREATE TABLE app_orders_history (srvid integer, ts timestamptz, state text, orders integer)")
    if module == "history_info":
        database.ok("datasources", server_kind=["repository"], datasources=[LOCK_MODES])
    if module in ("functions", "snapshot"):
        database.ok("servers", servers=[{"hostname": "db1.example.com", "alias": "orders"}])
    if module == "collector":
        itself = {"hostname": "127.0.0.1", "alias": "orders", "username": "postgres", "dbname": database.name}
        database.ok("servers", servers=[itself])


def between_restarts(tasks: List[Dict[str, Any]]) -> List[List[Dict[str, Any]]]:
    """Return the tasks before and after each that restarts the collector, which is no service here."""
    parts: List[List[Dict[str, Any]]] = [[]]
    for task in tasks:
        if "ansible.builtin.systemd_service" in task:
            parts.append([])
        else:
            parts[-1].append(task)
    return parts


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_the_documentation_run(database: Database, module: str, tmp_path: Path) -> None:
    prepare(database, module)
    for tasks in between_restarts(examples("modules", module)):
        if module == "collector" and database.server.powa.startswith("4"):
            # PoWA 4 comes with a collector that takes no snapshot when it is asked to: test_forced_snapshots.py has it.
            tasks = [task for task in tasks if "snapshot" not in (task["pgfleet.powa.collector"] or {})]
        with ExitStack() as stack:
            if module in ("collector", "servers"):
                stack.enter_context(running_collector(database))
            assert "failed=0" in play(tmp_path, database, tasks)


def test_the_example_of_filter_diagnosis_names_what_is_wrong(database: Database, tmp_path: Path) -> None:
    database.ok("servers", servers=[{"hostname": "db1.example.com", "alias": "orders"}])
    look: Dict[str, Any] = {"pgfleet.powa.server_info": {"collector_timeout": 0}, "register": "powa_info"}
    printed = play(tmp_path, database, [look, *examples("filter", "diagnosis")])
    assert "orders: no snapshot of the server was ever taken (never_snapshotted)" in printed


@pytest.mark.parametrize("name", ["doctor", "report"])
@pytest.mark.parametrize(("ignore", "refused"), [(["snapshot_late", "snapshot_lat"], True), ("", False), (None, False)])
def test_a_misspelt_kind_is_refused_before_any_host_is_looked_at(
    name: str, ignore: Any, refused: bool, tmp_path: Path
) -> None:
    # Nothing listens there.
    host = {"nowhere": {"ansible_host": "127.0.0.1", "ansible_port": 1}}
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"children": {"powa_repositories": {"hosts": host}}}}))
    variables = {"powa_doctor_ignore": ignore, "powa_report_file": str(tmp_path / "report.html")}
    playbook = str(Path(ROOT, "playbooks", name + ".yml"))
    done = run_playbook("--inventory", str(inventory), "--extra-vars", json.dumps(variables), playbook)
    assert ("port 1: Connection refused" in done.stdout) is not refused, done.stdout
    if refused:
        assert done.returncode != 0
        assert 'powa_doctor_ignore: found "snapshot_lat", expected any of collection_slow, ' in done.stdout


def test_the_doctor_as_a_login_that_only_reads(database: Database, tmp_path: Path) -> None:
    host = {
        "ansible_connection": "podman_pipelined",
        "ansible_python_interpreter": "/usr/bin/python3",
        "powa_database": database.name,
        "powa_host": database.server.address,
        "powa_doctor_fail": True,
        "powa_doctor_ignore": ["inventory"],
        "powa_doctor_json": str(tmp_path / "found.json"),
    }
    hosts = {"all": {"children": {"powa_repositories": {"hosts": {database.server.container: host}}}}}
    (tmp_path / "hosts.yml").write_text(json.dumps(hosts))
    with a_reader(database) as reader:
        login = {"login_user": reader, "login_password": PASSWORD, "login_host": "127.0.0.1"}
        look = {
            "hosts": "powa_repositories",
            "gather_facts": False,
            "module_defaults": {"pgfleet.powa.server_info": login},
            "tasks": [{"ansible.builtin.import_role": {"name": "pgfleet.powa.doctor"}}],
        }
        (tmp_path / "doctor.yml").write_text(json.dumps([look]))
        for servers, problems in (((), []), (("one",), ["collector_down", "never_snapshotted"])):
            database.register(*servers)
            done = run_playbook("--inventory", str(tmp_path / "hosts.yml"), str(tmp_path / "doctor.yml"))
            found = json.loads((tmp_path / "found.json").read_text())
            # What it could not see is said, and does not fail the run.
            assert (done.returncode != 0) is bool(problems), done.stdout
            assert [problem["kind"] for problem in found["problems"]] == problems
            hidden = [{"part": entry["part"], "lacks": entry["lacks"]} for entry in found["not_visible"]]
            assert all(entry["host"] == database.server.container for entry in found["not_visible"])
            assert hidden == HIDDEN[database.powa], done.stdout
            assert "libraries.configured, for lack of EXECUTE on function" in done.stdout


def test_the_example_of_filter_html_writes_a_page(database: Database, tmp_path: Path) -> None:
    database.ok("servers", servers=[{"hostname": "db1.example.com", "alias": "<orders>"}])
    (tmp_path / "problems.html.j2").write_text("{% for problem in problems %}<p>{{ problem.server }}</p>{% endfor %}")
    look: Dict[str, Any] = {"pgfleet.powa.server_info": {"collector_timeout": 0}, "register": "powa_info"}
    (example,) = examples("filter", "html")
    example["ansible.builtin.copy"]["dest"] = str(tmp_path / "problems.html")
    play(tmp_path, database, [look, example])
    assert "<p>&lt;orders&gt;</p>" in (tmp_path / "problems.html").read_text()


def test_no_password_is_printed(database: Database, tmp_path: Path) -> None:
    tasks: List[Dict[str, Any]] = [
        {"pgfleet.powa.datasources": {"server_kind": ["repository"], "datasources": [LOCK_MODES]}},
        {"pgfleet.powa.servers": {"servers": [{"hostname": "a", "password": "planted.8Hq2"}]}},
        {"pgfleet.powa.servers": {"servers": [{"hostname": "a", "password": "planted.7Jw3"}]}},
        {
            "pgfleet.powa.servers": {"servers": [{"hostname": "a", "password": "planted.6Kx4", "frequency": 1}]},
            "failed_when": False,
        },
    ]
    printed = play(tmp_path, database, tasks, "-vvv", "--diff")
    database.sql(
        "INSERT INTO powa_databases (srvid, oid, datname) SELECT id, 1, 'a' FROM powa_servers WHERE hostname = 'a'"
    )
    printed += play(tmp_path, database, [{"pgfleet.powa.snapshot": {"servers": ["a:5432"]}}], "-vvv", "--diff")
    assert "server a:5432" in printed
    for secret in (PASSWORD, "planted."):
        assert secret not in printed
