# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marker extensions: empty extensions of a datasource's name, written by the roles and created by module extensions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import yaml
from datasources import COMMITS, LOCK_MODES
from powa_web import running_powa_web
from servers import CONTAINERS, PASSWORD, SUITES, Database, podman, remove_container, run_playbook

REPOSITORY = {"server_kind": ["repository"], "datasources": [COMMITS, LOCK_MODES]}
LOCAL = {"server_kind": ["local"], "datasources": [COMMITS]}
MARKERS = [{"name": "commits", "version": "1.0"}, {"name": "lock_modes", "version": "1.0"}]
NAMES = ["commits", "lock_modes"]

#: Every row of the registry that is about these datasources, for one server each.
REGISTRY = {
    "4": "SELECT srvid, module, operation, enabled FROM powa_functions WHERE module = ANY (%s) ORDER BY 1, 2, 3",
    "5": "SELECT srvid, name, operation, enabled FROM powa_functions WHERE name = ANY (%s) ORDER BY 1, 2, 3",
}
LOCAL_ROWS = "SELECT srvid, name, enabled FROM ({0}) AS f (srvid, name, operation, enabled) WHERE srvid = 0"

CONTROL = "comment = 'test'\ndefault_version = '1.0'\nrelocatable = false\nschema = pg_catalog\nsuperuser = false\n"


def folder(database: Database) -> str:
    return str(database.value("SELECT setting || '/extension' FROM pg_config WHERE name = 'SHAREDIR'"))


def remove(database: Database, *names: str) -> None:
    for name in names:
        database.server.shell("rm -f {0}/{1}.control {0}/{1}--1.0.sql".format(folder(database), name))


@pytest.fixture
def files(database: Database) -> Iterator[None]:
    """The files of two marker extensions."""
    for name in NAMES:
        database.server.shell("cat > {0}/{1}.control".format(folder(database), name), input=CONTROL)
        database.server.shell("echo '-- empty' > {0}/{1}--1.0.sql".format(folder(database), name))
    yield
    remove(database, *NAMES)


def registered(database: Database) -> List[Any]:
    return database.sql(REGISTRY[database.powa], (NAMES,))


def installed(database: Database) -> Dict[str, str]:
    return dict(database.sql("SELECT extname, extversion FROM pg_extension WHERE extname = ANY (%s)", (NAMES,)))


@pytest.mark.usefixtures("files")
def test_dropped_by_hand_and_made_right_again(database: Database) -> None:
    first, second = database.register("one", "two")
    assert database.ok("extensions", check=True, extensions=MARKERS).changed
    assert installed(database) == {}
    database.ok("extensions", extensions=MARKERS)
    assert installed(database) == {"commits": "1.0", "lock_modes": "1.0"}
    database.ok("datasources", **REPOSITORY)
    right = registered(database)
    assert {row[0] for row in right} == {first, second}
    assert {row[1] for row in right} == set(NAMES)
    assert all(row[3] for row in right)

    database.sql("DROP EXTENSION commits")
    if database.powa == "4":
        # PoWA has called unregister(0): nothing of it is left, on any server, and all of the other.
        assert registered(database) == [row for row in right if row[1] == "lock_modes"]
        assert database.ok("datasources", check=True, **REPOSITORY).changed
    else:
        assert registered(database) == right

    assert database.ok("extensions", check=True, extensions=MARKERS).changed
    database.ok("extensions", extensions=MARKERS)
    database.ok("datasources", **REPOSITORY)
    assert registered(database) == right
    assert installed(database) == {"commits": "1.0", "lock_modes": "1.0"}
    before = database.dump()
    assert not database.ok("extensions", extensions=MARKERS).changed
    assert not database.ok("datasources", **REPOSITORY).changed
    assert database.dump() == before


@pytest.mark.usefixtures("files")
def test_created_after_the_datasource_it_is_not_for_the_local_server(database: Database) -> None:
    database.register("one")
    database.ok("datasources", **REPOSITORY)
    right = registered(database)
    database.ok("extensions", extensions=MARKERS)
    local = database.sql("SELECT DISTINCT * FROM (" + LOCAL_ROWS.format(REGISTRY[database.powa]) + ") AS l", (NAMES,))
    # PoWA 5 has activated them for a server that nobody declared.
    assert sorted(local) == ([] if database.powa == "4" else [(0, "commits", True), (0, "lock_modes", True)])
    assert database.ok("datasources", check=True, **REPOSITORY).changed == (database.powa == "5")
    database.ok("datasources", **REPOSITORY)
    assert registered(database) == right
    database.sql("SELECT powa_take_snapshot(0)")
    assert database.value("SELECT count(*) FROM powa_lock_modes_history_current") == 0
    assert not database.ok("datasources", **REPOSITORY).changed


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("marker_first", [True, False])
def test_local_mode(database: Database, marker_first: bool) -> None:
    if marker_first:
        database.ok("extensions", extensions=MARKERS)
    database.ok("datasources", **LOCAL)
    database.ok("extensions", extensions=MARKERS)
    right = registered(database)
    assert {row[:2] + row[3:] for row in right} == {(0, "commits", True)}
    # A task about the repository only leaves alone what is declared for the local server.
    assert not database.ok("datasources", server_kind=["repository"], datasources=[COMMITS]).changed
    assert not database.ok("datasources", **LOCAL).changed

    database.sql("DROP EXTENSION commits")
    assert not [row for row in registered(database) if row[3]]
    database.ok("extensions", extensions=MARKERS)
    database.ok("datasources", **LOCAL)
    assert registered(database) == right
    database.ok("snapshot", servers=["local"])
    assert database.value("SELECT count(*) FROM powa_commits_history_current") == 1
    assert not database.ok("datasources", **LOCAL).changed


@pytest.mark.usefixtures("files")
def test_an_extension_whose_files_are_gone_can_be_dropped(database: Database) -> None:
    database.ok("extensions", extensions=MARKERS)
    remove(database, *NAMES)
    assert not database.ok("extensions", extensions=MARKERS).changed
    absent = [{"name": name, "state": "absent"} for name in NAMES]
    assert database.ok("extensions", check=True, extensions=absent).changed
    assert len(installed(database)) == 2
    database.ok("extensions", extensions=absent)
    assert installed(database) == {}
    assert not database.ok("extensions", extensions=absent).changed


def test_files_that_a_task_before_brings(database: Database, request: Any) -> None:
    expected = [dict(marker, files_pending=True, schema="pg_catalog") for marker in MARKERS]
    checked = database.ok("extensions", check=True, extensions=expected)
    assert checked.changed
    assert "this server does not have it" in database.refused("extensions", extensions=expected)
    request.getfixturevalue("files")
    assert database.ok("extensions", extensions=expected).diff == checked.diff
    assert not database.ok("extensions", check=True, extensions=expected).changed


# What the roles do: the task file that they share, in the container.


def run_tasks(tmp_path: Path, container: str, tasks: List[Dict[str, Any]], *options: str, **variables: Any) -> str:
    """Run tasks in a container, and return all that Ansible prints."""
    host = {"ansible_connection": "podman_pipelined", "ansible_python_interpreter": "/usr/bin/python3", **variables}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"powa_repositories": {"hosts": {container: host}}}))
    playbook = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(playbook, sort_keys=False))
    done = run_playbook("--inventory", str(tmp_path / "hosts.yml"), "--diff", *options, str(tmp_path / "play.yml"))
    assert done.returncode == 0, done.stdout
    return done.stdout


def play(
    tmp_path: Path, database: Database, datasources: List[Dict[str, Any]], *options: str, writable: bool = True
) -> str:
    """Make and remove the marker extensions of these datasources.

    :param writable: whether Ansible can write to the folder of extensions
    """
    role = {"name": "pgfleet.powa.common"}
    tasks: List[Dict[str, Any]] = [{"include_role": dict(role, tasks_from="preflight")}]
    if not writable:
        seen = "{{ __common_seen | combine({'extension_folder': {'writable': false}}, recursive=true) }}"
        tasks.append({"set_fact": {"__common_seen": seen}})
    for state in ("present", "absent"):
        variables = {"__common_marked": datasources, "__common_marker_state": state}
        tasks.append({"include_role": dict(role, tasks_from="markers"), "vars": variables})
    return run_tasks(tmp_path, database.server.container, tasks, *options, powa_database=database.name)


def written(database: Database) -> List[str]:
    """Return the files of the folder that no package brought."""
    script = "comm -13 <(dpkg -S {0}/* 2> /dev/null | sed 's/^.*: //' | sort) <(printf '%s\\n' {0}/* | sort)"
    return sorted(Path(path).name for path in database.server.shell(script.format(folder(database))).split())


def test_the_roles_write_create_repair_and_remove(database: Database, tmp_path: Path) -> None:
    # hstore is an extension of PostgreSQL's own, and a name with a slash is the module's to refuse.
    shared = [
        dict(COMMITS, name="first", extension="marked"),
        dict(COMMITS, name="second", extension="marked"),
        dict(COMMITS, name="by_database", scope="database"),
        dict(COMMITS, extension="hstore"),
        dict(COMMITS, name="../../tmp/x"),
        LOCK_MODES,
    ]
    markers = ["lock_modes", "marked"]
    names = sorted(name + suffix for name in markers for suffix in ("--1.0.sql", ".control"))
    created = "SELECT extname, extversion, n.nspname FROM pg_extension AS e, pg_namespace AS n" + (
        " WHERE n.oid = e.extnamespace AND extname IN ('lock_modes', 'marked', 'hstore', 'first') ORDER BY 1"
    )
    before = written(database)
    try:
        checked = play(tmp_path, database, shared, "--check")
        assert "create extension marked" in checked or "+extension marked" in checked
        assert (written(database), database.sql(created)) == (before, [])

        assert "changed=0" not in play(tmp_path, database, shared)
        assert written(database) == sorted(before + names)
        assert database.sql(created) == [(name, "1.0", "pg_catalog") for name in markers]
        assert "changed=0" in play(tmp_path, database, shared)

        # Somebody drops one, removes a script, and changes a control file.
        database.sql("DROP EXTENSION marked")
        database.server.shell("cd {0} && rm marked--1.0.sql && echo >> lock_modes.control".format(folder(database)))
        assert "changed=0" not in play(tmp_path, database, shared)
        assert written(database) == sorted(before + names)
        assert database.sql(created) == [(name, "1.0", "pg_catalog") for name in markers]

        # The last datasource of an extension takes its marker with it, also when the files are gone.
        one_goes = [dict(shared[0], state="absent"), shared[1], {"name": "lock_modes", "state": "absent"}]
        database.server.shell("cd {0} && rm lock_modes.control lock_modes--1.0.sql".format(folder(database)))
        assert "changed=0" not in play(tmp_path, database, one_goes)
        assert [row[0] for row in database.sql(created)] == ["marked"]
        both_go = [dict(datasource, state="absent") for datasource in shared]
        play(tmp_path, database, both_go)
        assert (written(database), database.sql(created)) == (before, [])
        assert "changed=0" in play(tmp_path, database, both_go)
    finally:
        remove(database, *markers)


def test_a_folder_that_can_not_be_written(database: Database, tmp_path: Path) -> None:
    before = written(database)
    printed = play(tmp_path, database, [COMMITS], writable=False)
    assert "changed=0" in printed
    assert "so it creates no marker extension for commits." in printed
    assert written(database) == before and installed(database) == {}


@pytest.mark.parametrize("mode", ["rw", "ro"])
def test_what_the_roles_see_of_the_folder(server: Any, mode: str, tmp_path: Path) -> None:
    folder = tmp_path / "extension"
    folder.mkdir()
    (folder / "theirs.control").write_text(CONTROL)
    (folder / "ours.control").write_text("# pgfleet.powa marker\n" + CONTROL)
    version = server.sql("postgres", "SELECT split_part(current_setting('server_version'), '.', 1)")[0][0]
    at = "/usr/share/postgresql/{0}/extension".format(version)
    image = subprocess.run([str(CONTAINERS / "image"), SUITES[server.powa], "powa"], check=True, stdout=-1, text=True)
    volume = "--volume={0}:{1}:{2}".format(folder, at, mode)
    container = podman("run", "--detach", "--rm", volume, image.stdout.strip(), "sleep", "infinity")
    try:
        look: Dict[str, Any] = {"pgfleet.powa.host_info": {}, "register": "seen"}
        copy = {"content": "{{ seen.extension_folder | to_json }}", "dest": str(tmp_path / "seen.json"), "mode": "0600"}
        run_tasks(tmp_path, container, [look, {"ansible.builtin.copy": copy, "delegate_to": "localhost"}])
    finally:
        remove_container(container)
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert seen["path"] == at
    assert seen["controls"] == ["theirs"]
    assert list(seen["markers"]) == ["ours"]
    assert seen["writable"] == (mode == "rw")


# What powa-web makes of it. Version 4 asks for a fixed list of extensions only.


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("server", ["5"], ids=["powa5"], indirect=True)
def test_powa_web_shows_no_alert_for_a_datasource_with_its_marker(database: Database) -> None:
    remove(database, "commits")
    remote = {"hostname": database.server.address, "username": "postgres", "password": PASSWORD}
    result = database.ok("servers", servers=[dict(remote, dbname=database.name)])
    srvid = result["servers"][0]["srvid"]
    database.ok("datasources", **REPOSITORY)
    database.ok("extensions", extensions=[MARKERS[1]])
    with running_powa_web(database) as get:
        page = json.loads(get("/config/{0}/pg_stat_extensions/".format(srvid)))
        shown = {row["extname"]: (row["available"], row["installed"], row["handled"]) for row in page["data"]}
        assert shown["lock_modes"] == (True, True, True)
        assert shown["commits"] == (False, None, True)
        assert page["messages"] == {"alert": ["1 extensions need to be installed:commits"]}

        database.server.shell("cd {0} && cp lock_modes.control commits.control".format(folder(database)))
        database.server.shell("cd {0} && cp lock_modes--1.0.sql commits--1.0.sql".format(folder(database)))
        database.ok("extensions", extensions=MARKERS)
        page = json.loads(get("/config/{0}/pg_stat_extensions/".format(srvid)))
        shown = {row["extname"]: (row["available"], row["installed"], row["handled"]) for row in page["data"]}
        assert shown["lock_modes"] == shown["commits"] == (True, True, True)
        assert "messages" not in page
