# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet as the roles read it from an inventory, by ansible-playbook. No host is connected to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

import yaml
from servers import run_playbook
from test_playbooks import examples

SECRET = "planted.2Kq7"
READ = {"ansible.builtin.import_role": {"name": "pgfleet.powa.common", "tasks_from": "fleet"}}


def inventory(remotes: Dict[str, Any], repository: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    return {
        "powa_repositories": {"hosts": {"pg": repository or {}}},
        "powa_remotes": {"hosts": remotes},
        "powa_collectors": {"hosts": {"pg": {}}},
        "powa_web": {"hosts": {"pg": {}}},
    }


def play(folder: Path, declared: Dict[str, Any], tasks: List[Dict[str, Any]], *options: str, **keywords: Any) -> str:
    """Run tasks for all hosts of an inventory, and return what Ansible prints."""
    (folder / "hosts.yml").write_text(json.dumps(declared))
    playbook = [dict({"hosts": "all", "gather_facts": False, "tasks": tasks}, **keywords)]
    (folder / "play.yml").write_text(yaml.safe_dump(playbook, sort_keys=False))
    done = run_playbook("--inventory", str(folder / "hosts.yml"), *options, str(folder / "play.yml"))
    assert done.returncode == 0 or "inventory has problems" in done.stdout, done.stdout
    return done.stdout


def fleet_of(folder: Path, declared: Dict[str, Any], *options: str, **keywords: Any) -> Dict[str, Any]:
    """Return the fleet that the roles read."""
    path = folder / "fleet.json"
    write = {
        "ansible.builtin.copy": {"dest": str(path), "content": "{{ __common_fleet | to_json }}", "mode": "0600"},
        "delegate_to": "localhost",
        "connection": "local",
        "run_once": True,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    }
    play(folder, declared, [*keywords.pop("tasks", [READ]), write], *options, **keywords)
    fleet: Dict[str, Any] = json.loads(path.read_text())
    return fleet


def test_a_wrong_value_is_a_problem_of_its_host_alone(tmp_path: Path) -> None:
    remotes = {
        "db1": {"powa_stats_extensions": {"a": 1}, "powa_port": "abc"},
        "db2": {"powa_alias": "{{ nix }}", "powa_datasources": [{"name": "a", "query": "{{ nix }}"}]},
        "db3": {"powa_monitoring_password": "{{ '" + SECRET + "' ~ nix }}"},
        "db4": {"powa_stats_extensions": "pg_qualstats, pg_stat_kcache", "powa_port": "{{ 5000 + 433 }}"},
        "db5": {"powa_monitoring_password": SECRET},
    }
    fleet = fleet_of(tmp_path, inventory(remotes))
    assert not fleet["problems"]
    found = {host: fleet["hosts"][host]["problems"] for host in fleet["hosts"]}
    assert found["db1"] == [
        "powa_port is abc: set it to a number from 1 to 65535",
        "powa_stats_extensions is {'a': 1}: set it to a list",
    ]
    words = "Ansible cannot evaluate {0} ('nix' is undefined): define what its template uses, or correct it"
    assert found["db2"] == [words.format("powa_alias"), words.format("powa_datasources")]
    assert found["db3"] == [words.format("powa_monitoring_password")]
    assert found["pg"] == found["db4"] == found["db5"] == []
    assert fleet["remotes"]["db4"]["server"]["extensions"] == ["pg_qualstats", "pg_stat_kcache"]
    assert fleet["remotes"]["db4"]["server"]["port"] == 5433
    assert SECRET not in json.dumps(fleet)


def test_answers_of_a_survey(tmp_path: Path) -> None:
    answers = tmp_path / "answers.yml"
    # Ansible reads an empty text that is marked as unsafe as null.
    answers.write_text(
        "powa_listen_addresses: !unsafe ''\npowa_port: !unsafe '5433'\npowa_restart_postgresql: !unsafe 'false'\n"
        "powa_stats_extensions: !unsafe 'pg_qualstats,pg_wait_sampling'\npowa_repository: ''\npowa_source: '{{ 1 }}'\n"
        "powa_extension_packages: !unsafe '{hypopg: mine}'\npowa_web_version: !unsafe '{{ x }}'\n"
    )
    fleet = fleet_of(tmp_path, inventory({"db1": {}}), "--extra-vars", "@{0}".format(answers))
    variables = fleet["hosts"]["db1"]["variables"]
    assert not fleet["hosts"]["db1"]["problems"] and fleet["remotes"]["db1"]["repository"] == "pg"
    assert variables["powa_listen_addresses"] == "" and variables["powa_port"] == 5433
    assert variables["powa_restart_postgresql"] is False
    assert variables["powa_stats_extensions"] == ["pg_qualstats", "pg_wait_sampling"]
    assert variables["powa_extension_packages"] == {"hypopg": "mine"}
    assert variables["powa_source"] == "1" and variables["powa_web_version"] == "{{ x }}"


def test_what_a_playbook_sets(tmp_path: Path) -> None:
    hosts = inventory({"db1": {"powa_host": "a"}, "db2": {"powa_host": "b", "powa_port": 1}})

    def ports(**keywords: Any) -> List[int]:
        fleet = fleet_of(tmp_path, hosts, **keywords)
        assert not fleet["problems"] and fleet["remotes"]["db2"]["server"]["hostname"] == "b"
        return [fleet["hosts"][host]["variables"]["powa_port"] for host in ("pg", "db1", "db2")]

    assert ports() == [5432, 5432, 1]
    assert ports(vars={"powa_port": "{{ 5400 + 33 }}"}) == [5433, 5433, 5433]
    assert ports(vars={"powa_port": 5433}, hosts="powa_repositories") == [5433, 5432, 1]
    assert ports(tasks=[dict(READ, vars={"powa_port": 5433})]) == [5433, 5433, 5433]
    role = tmp_path / "roles" / "mine" / "tasks"
    role.mkdir(parents=True)
    (role / "main.yml").write_text(yaml.safe_dump([READ]))
    assert ports(roles=[{"role": "mine", "powa_port": 5433}], tasks=[]) == [5433, 5433, 5433]


def test_a_password_that_a_playbook_sets_is_refused(tmp_path: Path) -> None:
    printed = play(tmp_path, inventory({"db1": {}}), [READ], vars={"powa_monitoring_password": SECRET})
    assert "the playbook sets powa_monitoring_password, but the roles of other hosts read it, too" in printed
    assert SECRET not in printed


def test_an_inventory_with_problems_ends_the_run(tmp_path: Path) -> None:
    hosts = inventory({"db1": {"powa_repository": "x"}, "db2": {"powa_alias": "{{ nix }}"}})
    printed = play(tmp_path, hosts, [READ])
    assert (
        "Ansible changed nothing, because the inventory has problems: db1 has powa_repository x, which is not in group"
        " powa_repositories: set it to one of pg." in printed
    )
    assert "short_description" not in printed and "choices" not in printed


def test_the_examples_of_the_filters_run(tmp_path: Path) -> None:
    imports = ("from_pgwatch", "from_postgres_exporter", "from_pgmonitor", "from_sql_exporter")
    tasks = [task for name in ("fleet", "host_check", "lost", *imports) for task in examples("filter", name)]
    printed = play(tmp_path, inventory({"db1": {}}), tasks)
    assert "failed=0" in printed
    assert "Ansible cannot read this host: the module host_info returned nothing" in printed
    for found in ("their_sessions", "their_ccp_sessions", "their_sessions_count", "it has no SQL", "only labels"):
        assert found in printed
