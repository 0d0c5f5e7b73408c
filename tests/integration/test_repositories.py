# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several repositories in one inventory: what the role repository registers in each."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterable

import yaml
from servers import ROOT, Database, run_playbook

SERVERS = "SELECT hostname, frequency FROM powa_servers WHERE id > 0 ORDER BY hostname"


def register(folder: Path, repositories: Dict[str, Database], remotes: Dict[str, str]) -> str:
    """Run the role's task on each repository, with a fleet of these remotes, and return what Ansible prints."""
    inventory = {
        "powa_repositories": {"hosts": {name: {"database": found.login} for name, found in repositories.items()}}
    }
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
    play = {
        "hosts": "powa_repositories",
        "connection": "local",
        "gather_facts": False,
        "vars": {
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "__common_fleet": fleet(repositories, remotes),
            "__common_lost_hosts": [],
        },
        "vars_files": [str(ROOT / "roles/repository/vars/main.yml")],
        "tasks": [
            {"pgfleet.powa.servers": {"servers": "{{ __repository_servers }}"}, "module_defaults": _login()},
        ],
    }
    (folder / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))
    done = run_playbook("--diff", "--inventory", str(folder / "hosts.yml"), str(folder / "play.yml"))
    assert done.returncode == 0, done.stdout
    return done.stdout


def fleet(repositories: Iterable[str], remotes: Dict[str, str]) -> Dict[str, Any]:
    """Return what filter fleet returns of an inventory with these remotes, each with its repository."""
    return {
        "repositories": list(repositories),
        "hosts": {name: {"variables": {"powa_store_passwords": False}} for name in repositories},
        "remotes": {
            name: {"repository": where, "server": {"hostname": name, "port": 5432, "alias": name}}
            for name, where in remotes.items()
        },
        "run": [*repositories, *remotes],
        "outside": [],
    }


def _login() -> Dict[str, Any]:
    options = ("login_host", "login_password", "login_db")
    return {"pgfleet.powa.servers": {option: "{{ database." + option + " }}" for option in options}}


def test_a_remote_moves_to_another_repository(make_database: Any, tmp_path: Path) -> None:
    first, second = make_database(), make_database()
    repositories = {"first": first, "second": second}
    second.register("byhand")
    register(tmp_path, repositories, {"a": "first", "b": "first", "c": "second"})
    assert first.sql(SERVERS) == [("a", 300), ("b", 300)]
    assert second.sql(SERVERS) == [("byhand", 300), ("c", 300)]
    srvid = first.value("SELECT id FROM powa_servers WHERE hostname = 'b'")
    first.sql(
        "INSERT INTO powa_databases (srvid, oid, datname) VALUES (%s, 1, 'collected')",
        (srvid,),
    )

    moved = {"a": "first", "b": "second", "c": "second"}
    register(tmp_path, repositories, moved)
    assert first.sql(SERVERS) == [("a", 300), ("b", -1)]
    assert first.value("SELECT datname FROM powa_databases WHERE srvid = %s", (srvid,)) == "collected"
    assert second.sql(SERVERS) == [("b", 300), ("byhand", 300), ("c", 300)]
    printed = register(tmp_path, repositories, moved)
    assert printed.count(" changed=0 ") == 2

    # The last one moves: the first has nothing left to collect.
    register(tmp_path, repositories, {"a": "second", "b": "second", "c": "second"})
    assert first.sql(SERVERS) == [("a", -1), ("b", -1)]
    # And back.
    register(tmp_path, repositories, moved)
    assert first.sql(SERVERS) == [("a", 300), ("b", -1)]
    assert second.sql(SERVERS) == [("a", -1), ("b", 300), ("byhand", 300), ("c", 300)]
