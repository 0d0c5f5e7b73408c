# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How tasks log in, and that every task goes by it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.pgfleet.powa.plugins.filter.login import FilterModule
from ansible_collections.pgfleet.powa.plugins.plugin_utils._login import login_name, login_of
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import DEFAULTS, fleet, host, run

ROOT = Path(__file__).resolve().parents[4]
DEFAULT_OPTIONS = {
    "login_host": "",
    "login_port": 5432,
    "login_user": "postgres",
    "login_password": "",
    "login_unix_socket": "",
}
GROUPS = {
    "group/pgfleet.powa.powa": "{{ __common_login.options }}",
    "group/community.postgresql.all": "{{ __common_login.options }}",
}
#: What logs in to PostgreSQL beside the modules of the action group.
PREFIX = "community.postgresql."
#: Those that its group lacks, as tests/tools/test_action_groups.py sees: the defaults of the group do not reach them.
UNGROUPED = ("community.postgresql.postgresql_alter_system",)


def login(facts=None, **variables):
    found = run(fleet({"db": host("pg", **variables)}), db=facts or {})
    assert FilterModule().filters()["login"]("db", found.fleet, found.hostvars) == login_of(found, "db")
    return login_of(found, "db")


def test_by_default_the_user_postgres_logs_in_over_the_local_socket():
    found = login()
    assert (found["become"], found["become_user"], found["host_info"]["run_as"]) == (True, "postgres", "postgres")
    assert found["reader"] == {"become": True, "become_user": "root"}
    assert found["options"] == DEFAULT_OPTIONS
    assert found["host_info"] == {**DEFAULT_OPTIONS, "run_as": "postgres", "server_only": False}


def test_another_user_and_server():
    found = login(
        {"powa_login_password": "secret"},
        powa_become_user="dba",
        powa_login_user="boss",
        powa_login_unix_socket="/tmp",
        powa_login_port=5544,
    )
    assert (found["become_user"], found["host_info"]["run_as"]) == ("dba", "dba")
    assert found["options"] == dict(
        DEFAULT_OPTIONS, login_user="boss", login_password="secret", login_unix_socket="/tmp", login_port=5544
    )


def test_nobody_logs_in_to_the_host_of_a_managed_server():
    found = login({"ansible_user": "deploy"}, powa_managed=True, powa_login_host="db.example.com")
    assert (found["become"], found["host_info"]["run_as"], found["delegate_to"]) == (False, "", "localhost")
    assert found["host_info"]["server_only"]
    assert not found["reader"]["become"] and found["options"]["login_host"] == "db.example.com"
    assert login()["delegate_to"] == "db"


@pytest.mark.parametrize("become", [True, False])
def test_a_host_that_nobody_may_change_is_read_without_root(become):
    found = login(powa_manage_host=False, powa_become=become, powa_become_user="dba")
    assert found["reader"] == {"become": become, "become_user": "dba"}


@pytest.mark.parametrize(("facts", "user"), [({}, "root"), ({"ansible_user": "deploy"}, "deploy")])
def test_without_become_the_connecting_user_logs_in(facts, user):
    found = login(facts, powa_become=False)
    assert not found["become"] and found["host_info"]["run_as"] == user


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, "the user postgres"),
        ({"powa_login_user": "dba"}, "the user postgres as role dba"),
        ({"powa_become": False}, "Ansible as role postgres"),
        ({"powa_managed": True}, "the controller as role postgres"),
    ],
)
def test_how_sentences_call_who_logs_in(variables, name):
    assert login_name({**DEFAULTS, **variables}) == name


def _tasks(entries):
    for entry in entries:
        yield entry
        for part in ("block", "rescue", "always", "tasks"):
            yield from _tasks(entry.get(part) or [])


def _modules():
    """The modules of the action group, which have the defaults that a block gives to the group."""
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]
    return {"pgfleet.powa." + name for name in groups["powa"]}


#: The roles that work on remotes, which may be managed servers, without tasks for another host.
_ON_REMOTES = ("common", "archivist", "remote", "doctor")


def test_every_task_that_logs_in_goes_by_the_login_of_its_host():
    modules, seen = _modules(), 0
    for path in sorted(ROOT.glob("roles/*/tasks/*.yml")):
        for task in _tasks(yaml.safe_load(path.read_text())):
            (name,) = [key for key in task if key in modules or key.startswith(PREFIX)] or [None]
            if name is None:
                continue
            seen += 1
            assert task["become"] == "{{ __common_login.become }}", path
            assert task["become_user"] == "{{ __common_login.become_user }}", path
            if path.parts[-3] in _ON_REMOTES:
                assert task["delegate_to"] == "{{ __common_login.delegate_to }}", path
            if name in UNGROUPED:
                assert task["module_defaults"] == {name: "{{ __common_login.options }}"}, (path, name)
            if path.parts[-3] == "collector" and "__common_login" not in task["delegate_to"]:
                assert task["delegate_to"] == task["vars"]["__common_login_host"], path
            login_options = {key for key in task[name] or {} if key.startswith("login_")}
            assert login_options <= {"login_db"}, path
    assert seen > 20


def test_no_task_is_delegated_to_omit():
    """After that, ansible-core 2.16 connects to the name in the inventory, whatever ansible_host says."""
    for path in sorted([*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/*.yml")]):
        for task in _tasks(yaml.safe_load(path.read_text())):
            assert "omit" not in str(task.get("delegate_to")), path


def test_every_module_that_logs_in_is_in_the_action_group():
    paths = (ROOT / "plugins" / "modules").glob("*.py")
    assert {"pgfleet.powa." + path.stem for path in paths if "pgfleet.powa._login\n" in path.read_text()} == _modules()


def test_whoever_reads_a_host_goes_by_its_login():
    seen = 0
    for path in sorted(ROOT.glob("roles/*/tasks/*.yml")):
        for task in _tasks(yaml.safe_load(path.read_text())):
            # The log of a server that has not come back is root's, and only a host that may change has restarted it.
            if "pgfleet.powa.host_info" in task and path.name != "restart.yml":
                seen += 1
                assert task["become"] == "{{ __common_login.reader.become }}", path
                assert task["become_user"] == "{{ __common_login.reader.become_user }}", path
    assert seen > 2


@pytest.mark.parametrize("role", ["archivist", "remote", "repository", "collector"])
def test_the_tasks_of_a_role_without_site_have_the_login(role):
    tasks = yaml.safe_load((ROOT / "roles" / role / "tasks" / "main.yml").read_text())
    assert [task.get("module_defaults") for task in tasks] == [None, GROUPS]
    assert tasks[0]["ansible.builtin.import_role"]["tasks_from"] == "preflight"


def test_the_tasks_of_a_part_have_the_login():
    (play,) = yaml.safe_load((ROOT / "playbooks" / "_part.yml").read_text())
    used = {
        name
        for path in ROOT.glob("roles/*/tasks/*.yml")
        for task in _tasks(yaml.safe_load(path.read_text()))
        for name in task
        if name.startswith(PREFIX)
    }
    names = {"group/pgfleet.powa.powa", *used.difference(UNGROUPED)}
    assert play["tasks"][0]["module_defaults"] == dict.fromkeys(names, "{{ __common_login.options }}")
    assert "block" in play["tasks"][0]


@pytest.mark.parametrize("path", ["doctor/tasks/look.yml", "report/tasks/read.yml"])
def test_the_tasks_of_the_doctor_and_the_report_have_the_login(path):
    tasks = yaml.safe_load((ROOT / "roles" / path).read_text())
    found = [task["module_defaults"] for task in tasks if "module_defaults" in task]
    assert found == [{"group/pgfleet.powa.powa": GROUPS["group/pgfleet.powa.powa"]}]
