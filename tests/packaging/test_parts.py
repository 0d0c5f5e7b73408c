# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of site.yml by themselves, with each ansible-core: which hosts they work on, and how they lose hosts.

The roles here only say that they ran, and a connection plugin of the test decides which hosts can be reached.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
#: The oldest and the newest ansible-core; molecule runs site.yml with the one between.
CORES = sorted(path.parents[1] for path in CHECKOUT.glob(".cache/venv-*/bin/ansible-playbook"))
PARTS = [play["vars"] for play in yaml.safe_load((CHECKOUT / "playbooks/site.yml").read_text()) if "vars" in play]

CONNECTION = """\
DOCUMENTATION = "{name: somewhere, short_description: of the test, description: [of the test], author: [the test]}"

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as Local


class Connection(Local):
    transport = "pgfleet.powa.somewhere"

    def _connect(self):
        if self._play_context.remote_addr.startswith("down"):
            raise AnsibleConnectionFailure("nobody is there")
        return super()._connect()
"""
#: In place of the collection's filter, which also says why.
LOST = """\
def lost(fleet, hostvars, known):
    return [host for host in hostvars if host not in known and hostvars[host].get("tried", {}).get("unreachable")]


class FilterModule:
    def filters(self):
        return {"lost": lost}
"""
#: The real filter, but what a host needs is what the test says.
PART_HOSTS = """\
from ansible_collections.pgfleet.powa.plugins.plugin_utils import _parts


def named(what):
    return lambda run, host: host in run.hostvars[host]["todo"][what]


_parts.NEEDS.update(
    check=lambda run, host: host in run.hostvars[host].get("standbys", []),
    exact=lambda run, host: host in run.hostvars[host].get("exact", []),
    install=named("archivist"),
    pause=named("repository"),
    remote_access=named("remote"),
    repository_access=named("repository"),
    paused=lambda run, host: False,
    resume=lambda run, host: False,
    unsettled=lambda run, host: host in run.hostvars[host].get("unsettled", []),
    unsettled_late=lambda run, host: host in run.hostvars[host].get("unsettled_late", []),
    stop=lambda run, host: run.hostvars[host]["stops"] and "refused" in run.hostvars[host]["tried"].get("stdout", ""),
    left_out=lambda run, host: False,
    delete=lambda run, host: False,
    delete_later=lambda run, host: False,
    cleanup=named("cleanup"),
    rotate=lambda run, host: False,
    rotate_outside=lambda run, host: False,
    kept_password=lambda run, host: False,
    collector=named("collector"),
    web=named("web"),
)


class FilterModule:
    def filters(self):
        return {"part_hosts": _parts.part_hosts}
"""
COMMON = {
    "vars/main.yml": {
        "__common_lost_hosts": "{{ groups.pgfleet_lost | default([]) }}",
        "__common_login": {"options": {}},
    },
    "tasks/fleet.yml": [
        {
            "ansible.builtin.set_fact": {
                "__common_fleet": {"outside": "{{ outside | default([]) }}", "run": "{{ ansible_play_hosts_all }}"}
            },
            "run_once": True,
        }
    ],
    "tasks/lost.yml": [
        {"ansible.builtin.set_fact": {"__common_lost": "{{ ansible_failed_task.name }}"}},
        {"ansible.builtin.group_by": {"key": "pgfleet_lost"}},
    ],
    "tasks/reached.yml": [
        {
            "ansible.builtin.add_host": {
                "name": "{{ item }}",
                "groups": "pgfleet_lost",
                "__common_lost": "unreachable",
            },
            "loop": "{{ __common_fleet | pgfleet.powa.lost(hostvars, groups.pgfleet_lost | default([])) }}",
        }
    ],
    "tasks/refused.yml": [{"ansible.builtin.fail": {"msg": "the run stops"}, "run_once": True}],
    "tasks/finish.yml": [
        {"ansible.builtin.fail": {"msg": "{{ inventory_hostname }} is not finished: {{ __common_lost }}"}}
    ],
}
PLAYBOOKS = ("site.yml", "_part.yml", "_refused.yml", "_unmatched.yml")
ROLES = ("archivist", "remote", "repository", "collector", "web")
GROUPS = {
    "powa_repositories": ["east"],
    "powa_collectors": ["east"],
    "powa_remotes": ["one", "two", "down", "four"],
    "powa_web": ["pages"],
}
ALL = ["east", "one", "two", "down", "four", "pages"]


def tasks_of(name):
    """Return the tasks of a part: they connect, say which batch they are in, and fail where the test wants it."""
    return [
        {
            "ansible.builtin.raw": "echo {{ 'refused' if inventory_hostname in refuses[%r] | default([]) else '' }}"
            % name,
            "register": "tried",
            "changed_when": False,
            "failed_when": "inventory_hostname in (fails | default({}))[%r] | default([])" % name,
        },
        {
            "ansible.builtin.debug": {
                "msg": "%s {{ inventory_hostname }} of {{ ansible_play_batch | length }}" % name,
            },
            "when": "tried is not unreachable",
        },
        {"ansible.builtin.debug": {"msg": "datasources of %s {{ inventory_hostname }}" % name}, "tags": "datasources"},
    ]


@pytest.fixture(scope="module")
def collections(tmp_path_factory):
    """The playbooks and the filter of the collection, with roles of this test."""
    folder = tmp_path_factory.mktemp("collections")
    root = folder / "ansible_collections/pgfleet/powa"
    names = ("meta/runtime.yml", "plugins/filter/batches.py", "plugins/filter/unmatched_hosts.py")
    for name in (*("playbooks/" + name for name in PLAYBOOKS), *names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, root / name)
    (folder / "ansible_collections/community").symlink_to(CHECKOUT / ".collections/ansible_collections/community")
    for name in ("plugins/module_utils", "plugins/plugin_utils"):
        shutil.copytree(CHECKOUT / name, root / name)
    files = {"roles/common/" + name: content for name, content in COMMON.items()}
    for role in ROLES:
        files["roles/{0}/meta/main.yml".format(role)] = {"dependencies": [{"role": "pgfleet.powa.common"}]}
    for part in PARTS:
        name = "roles/{part_role}/tasks/{part_tasks}.yml".format(**part)
        files[name] = tasks_of("{part_role}/{part_tasks}".format(**part))
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(yaml.safe_dump(content))
    (root / "plugins/filter/lost.py").write_text(LOST)
    (root / "plugins/filter/part_hosts.py").write_text(PART_HOSTS)
    (root / "plugins/connection").mkdir()
    (root / "plugins/connection/somewhere.py").write_text(CONNECTION)
    hosts = {group: {"hosts": dict.fromkeys(names, {})} for group, names in GROUPS.items()}
    variables = {"ansible_connection": "pgfleet.powa.somewhere", "todo": "{{ default_todo | combine(changed_todo) }}"}
    variables["default_todo"] = dict.fromkeys(["cleanup", *ROLES], [])
    (folder / "hosts.json").write_text(json.dumps({"all": {"children": hosts, "vars": variables}}))
    (folder / "empty.json").write_text("{}")
    (folder / "others.json").write_text(json.dumps({"all": {"hosts": {"www1": {}, "www2": {}}}}))
    return folder


class Run:
    """A run of site.yml: what it said, host by host, and which hosts it has not finished."""

    def __init__(self, core, collections, *options, todo=None, inventory="hosts.json", **variables):
        variables = json.dumps({"changed_todo": todo or {}, "refuses": {}, "stops": True, **variables})
        command = [core / "bin/ansible-playbook", "--inventory", collections / inventory, "--extra-vars", variables]
        path = "{0}:{1}".format(core / "bin", os.environ["PATH"])
        done = subprocess.run(
            [*command, *options, "pgfleet.powa.site"],
            cwd=collections,
            env={
                "ANSIBLE_COLLECTIONS_PATH": str(collections),
                "ANSIBLE_NOCOLOR": "1",
                "PATH": path,
                "HOME": "/nonexistent",
            },
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self.output, self.failed = done.stdout, done.returncode != 0
        self.counts = {
            host: sum(int(number) for number in re.findall(r"(?:ok|skipped)=(\d+)", counts))
            for host, counts in re.findall(r"^(\S+)\s+: (ok=\d+ .*)$", self.output, re.MULTILINE)
        }
        self.lost = dict(re.findall(r'"msg": "(\S+) is not finished: (.*?)"', self.output))

    def hosts(self, part):
        """Return the hosts of a part."""
        return sorted(re.findall(r'"msg": "{0} (\S+) of \d+"'.format(part), self.output))

    def batches(self, part):
        """Return how many hosts each batch of a part had, host by host."""
        return re.findall(r'"msg": "{0} \S+ of (\d+)"'.format(part), self.output)

    def parts(self):
        """Return the parts that ran on any host."""
        return set(re.findall(r'"msg": "(\w+/\w+) ', self.output))

    def with_datasources(self):
        """Return the parts whose tasks with the tag datasources ran."""
        return set(re.findall(r'"msg": "datasources of (\w+/\w+) ', self.output))


#: What runs although no host needs a change.
ALWAYS = {"common/read", "remote/prepare", "repository/prepare", "collector/prepare", "web/answer"}

pytestmark = pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)


def test_a_run_without_changes_ends_most_parts_before_their_first_task(core, collections):
    run = Run(core, collections, "--limit", "!down")
    assert not run.failed, run.output
    assert run.parts() == ALWAYS
    assert run.hosts("remote/prepare") == ["four", "one", "two"]
    # Three tasks for each part, and the two of the first play.
    assert run.counts["one"] == 2 * 3, run.output
    assert run.counts["east"] == 3 * 3 + 2, run.output


def test_each_part_works_on_the_hosts_that_need_it(core, collections):
    todo = {
        "archivist": ["east", "four"],
        "remote": ["one"],
        "repository": ["east"],
        "cleanup": ["two"],
        "web": ["pages"],
    }
    run = Run(core, collections, "--limit", "!down", todo=todo, standbys=["two"], outside=["elsewhere"])
    assert not run.failed, run.output
    assert run.hosts("archivist/prepare") == ["east", "four"]
    assert run.hosts("remote/access") == ["one"]
    assert run.hosts("common/check") == ["two"]
    assert run.hosts("repository/pause") == run.hosts("repository/access") == ["east"]
    assert run.hosts("common/cleanup") == ["two"]
    assert run.hosts("repository/ask") == run.hosts("repository/delegated") == ["four", "one", "two"]
    assert run.hosts("web/install") == ["pages"] and not run.hosts("collector/install")


@pytest.mark.parametrize(
    ("need", "part", "done"),
    [
        ("unsettled", "remote/check", {"common/read"}),
        ("unsettled_late", "remote/check_late", {"common/read", "archivist/prepare", "remote/access"}),
    ],
)
def test_a_refusal_stops_the_run_for_all_hosts_before_a_datasource_changes(core, collections, need, part, done):
    todo = {"archivist": ALL, "remote": ALL, "repository": ALL}
    facts = {"todo": todo, need: ["one", "two"], "refuses": {part: ["two"]}}
    run = Run(core, collections, "--limit", "!down", **facts)
    assert run.failed and "the run stops" in run.output, run.output
    assert run.hosts(part) == ["one", "two"] and run.parts() == {*done, part}
    run = Run(core, collections, "--limit", "!down", stops=False, **facts)
    assert not run.failed and run.parts() > ALWAYS, run.output


@pytest.mark.parametrize("batches", [1, "50%"])
def test_hosts_that_are_lost_do_not_stop_the_others(core, collections, batches):
    fails = {"archivist/prepare": ["one"], "remote/prepare": ["two"]}
    run = Run(core, collections, todo={"archivist": ALL, "remote": ALL}, fails=fails, powa_serial=batches)
    assert run.failed and set(run.lost) == {"down", "one", "two"}, run.output
    assert run.lost["down"] == "unreachable"
    assert run.hosts("archivist/prepare") == ["east", "four", "two"]
    assert run.hosts("remote/access") == ["four", "two"]
    assert run.hosts("remote/prepare") == ["four"]
    assert run.hosts("repository/prepare") == ["east"] and run.hosts("web/answer") == ["pages"]


def test_a_run_that_has_lost_all_hosts_ends_with_their_causes(core, collections):
    run = Run(core, collections, fails={"common/read": ALL})
    assert run.failed and sorted(run.lost) == sorted(ALL), run.output
    assert run.parts() == set()


@pytest.mark.parametrize("powa_serial, sizes", [(None, ["3"] * 3), ("[1, '100%']", ["1", "2", "2"])])
def test_batches(core, collections, powa_serial, sizes):
    run = Run(core, collections, "--limit", "!down", powa_serial=powa_serial)
    assert run.batches("remote/prepare") == sizes, run.output
    assert run.batches("common/read") == ["5"] * 5


def test_batches_of_the_inventory(core, collections, tmp_path):
    (tmp_path / "serial.json").write_text(json.dumps({"all": {"vars": {"powa_serial": "1"}}}))
    run = Run(core, collections, "--limit", "!down", "--inventory", str(tmp_path / "serial.json"))
    assert run.batches("remote/prepare") == ["1"] * 3, run.output


def test_batches_that_make_no_sense_are_one_sentence(core, collections):
    run = Run(core, collections, "--limit", "!down", powa_serial="half")
    sentence = "powa_serial is 'half', but must be a number of hosts"
    assert run.failed and sentence in run.output and "probably a bug" not in run.output, run.output


@pytest.mark.parametrize(
    "tag, parts",
    [
        ("install", {"archivist/prepare"}),
        ("remotes", {"repository/pause", "remote/access", "remote/prepare", "common/cleanup"}),
        ("repositories", {"repository/pause", "repository/access", "repository/prepare", "common/cleanup"}),
        ("collectors", {"collector/install", "collector/prepare"}),
        ("web", {"web/install", "web/answer"}),
        ("datasources", set()),
    ],
)
def test_tags(core, collections, tag, parts):
    todo = dict.fromkeys(["cleanup", *ROLES], ALL)
    run = Run(core, collections, "--limit", "!down", "--tags", tag, todo=todo)
    assert not run.failed, run.output
    assert run.parts() == parts | {"common/read"}, run.output
    assert run.with_datasources() >= parts
    if tag == "datasources":
        assert len(run.with_datasources()) == 12, run.with_datasources()


def test_a_host_that_is_lost_is_left_out_under_any_tag(core, collections):
    run = Run(core, collections, "--tags", "collectors", fails={"common/read": ["east"]})
    assert run.failed and set(run.lost) == {"east", "down"}, run.output
    assert not run.hosts("collector/prepare")


def test_a_fleet_of_one_group(core, collections):
    run = Run(core, collections, "--limit", "pages")
    assert not run.failed and run.parts() == {"common/read", "web/answer"}, run.output


UNMATCHED = "This run matches no host of the groups powa_repositories, powa_remotes, powa_collectors and powa_web"


@pytest.mark.parametrize(
    "options",
    [
        ("--inventory", "others.json", "--limit", "www2"),
        ("--inventory", "others.json", "--limit", "www2", "--tags", "web"),
    ],
)
def test_a_run_of_hosts_outside_the_fleet_fails(core, collections, options):
    run = Run(core, collections, *options)
    assert run.failed and UNMATCHED in run.output and not run.parts(), run.output


@pytest.mark.parametrize("inventory", ["empty.json", "others.json"])
def test_a_run_of_another_inventory_fails(core, collections, inventory):
    run = Run(core, collections, inventory=inventory)
    assert run.failed and UNMATCHED in run.output, run.output
    # Here Ansible itself fails.
    limited = Run(core, collections, "--limit", "one", inventory=inventory)
    assert limited.failed and "no hosts to target" in limited.output, limited.output
    for listing in ("--syntax-check", "--list-tasks"):
        run = Run(core, collections, listing, inventory=inventory)
        assert not run.failed and UNMATCHED not in run.output, run.output
