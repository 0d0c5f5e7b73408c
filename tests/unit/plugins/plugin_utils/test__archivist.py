# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role archivist does to a host, from what was seen of it."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.archivist_plan import FilterModule
from ansible_collections.pgfleet.powa.plugins.plugin_utils._archivist import (
    Archivist,
    plan_archivist,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._settings import NOTHING

FOLDER = "/usr/share/postgresql/15/extension"
CONF = "/etc/postgresql/15/main/conf.d/powa.conf"
LIBRARIES = "pg_stat_statements,pg_qualstats,pg_stat_kcache"
PACKAGES = [
    "postgresql-15",
    "python3-psycopg2",
    "postgresql-15-powa",
    "postgresql-15-pg-qualstats",
    "postgresql-15-pg-stat-kcache",
]
EXTENSIONS = ["pg_stat_statements", "btree_gist", "powa", "pg_qualstats", "pg_stat_kcache"]
VARIABLES = {
    "powa_mode": "remote",
    "powa_install_method": "package",
    "powa_source": "",
    "powa_extensions": [],
    "powa_stats_extensions": ["pg_qualstats", "pg_stat_kcache"],
    "powa_extension_packages": {},
    "powa_listen_addresses": "",
    "powa_database": "powa",
}
#: A Debian that has nothing of PostgreSQL yet.
BARE = {
    "os": {"name": "Debian GNU/Linux 12 (bookworm)", "family": "Debian"},
    "version": "15",
    "cluster": None,
    "packages": {
        name: {"installed": None, "candidate": "1"} for name in ("postgresql-15", "postgresql-15-powa", PACKAGES[1])
    },
    "driver": False,
    "extension_folder": None,
    "server": None,
    "extensions": {},
}
#: What pg_file_settings says of powa.conf.
LINE = {"name": "shared_preload_libraries", "value": LIBRARIES, "file": CONF, "line": 3, "error": None}
SERVER = {
    "version_num": 150006,
    "config_file": "/etc/postgresql/15/main/postgresql.conf",
    "data_directory": "/var/lib/postgresql/15/main",
    "standby": False,
    "unread": False,
    "settings": {"shared_preload_libraries": {"value": LIBRARIES, "source": "configuration file"}},
    "file_settings": [LINE],
    "includes": [
        {
            "file": "/etc/postgresql/15/main/postgresql.conf",
            "line": 790,
            "kind": "include_dir",
            "path": "/etc/postgresql/15/main/conf.d",
            "commented": False,
        }
    ],
    "library_folder": "/usr/lib/postgresql/15/lib",
    "libraries": {},
    "database": True,
}
#: A remote on which nothing is to do.
DONE = {
    **BARE,
    "cluster": {"version": "15", "name": "main", "port": 5432, "unit": "postgresql@15-main"},
    "packages": {name: {"installed": "1", "candidate": None} for name in PACKAGES},
    "driver": True,
    "extension_folder": {"path": FOLDER, "writable": True, "controls": EXTENSIONS, "markers": {}, "powa": "4.1.4"},
    "server": SERVER,
    "extensions": {name: {"version": "1.0", "schema": "public", "comment": None} for name in EXTENSIONS},
}


def run_of(seen, groups=("powa_remotes",), check_mode=False, remotes=None, results=None, **variables):
    fleet = {
        "hosts": {"db": {"groups": list(groups), "variables": {**VARIABLES, **variables}}},
        "remotes": remotes or {},
    }
    return Run(fleet, {"db": {"__common_seen": seen, **(results or {})}}, (), check_mode)


def plan(seen, **changes):
    return plan_archivist(run_of(seen, **changes), "db")


def server(**changes):
    return {**DONE, "server": {**SERVER, **changes}}


def test_nothing_is_to_do():
    planned = plan(DONE)
    assert not planned.todo
    assert planned.packages == PACKAGES and planned.problems == [] and planned.restart == []
    assert (planned.unit, planned.pg_config) == ("postgresql@15-main", "/usr/lib/postgresql/15/bin/pg_config")
    assert planned.conf == CONF and not planned.refresh and not planned.unread


def test_a_host_that_was_not_read_is_left_alone():
    assert plan_archivist(Run({"hosts": {}}, {}), "db") == Archivist()
    assert plan({}) == Archivist()
    assert plan({**DONE, "os": {"name": "Arch Linux", "family": ""}}) == Archivist()
    assert not Archivist().as_dict()["todo"]


@pytest.mark.parametrize("part", ["settings", "file_settings", "config_file"])
def test_a_server_that_hides_something_is_not_taken_for_an_empty_one(part):
    planned = plan(server(**{part: {"settings": {}, "file_settings": []}.get(part), "unknown": {part: "x"}}))
    assert planned.todo and planned.settings == NOTHING and planned.restart == [] and planned.conf == ""


def test_a_bare_host():
    planned = plan(BARE)
    assert planned.todo and planned.install and planned.refresh and planned.candidate
    assert planned.packages == PACKAGES
    assert planned.unit == "postgresql@15-main" and planned.conf == ""
    # A real run takes for granted what it has made by then.
    assert planned.have_server and planned.have_database
    assert [extension["name"] for extension in planned.creatable] == EXTENSIONS[:4]


def test_check_mode_goes_by_what_was_seen():
    planned = plan(BARE, check_mode=True)
    assert planned.todo and not planned.have_server and not planned.have_database and not planned.refresh
    planned = plan(DONE, check_mode=True)
    assert planned.have_server and planned.have_database
    assert not plan({**DONE, "driver": False}, check_mode=True).have_server
    planned = plan(server(database=False), check_mode=True)
    assert planned.have_server and not planned.have_database


@pytest.mark.parametrize(
    "seen",
    [
        {**DONE, "driver": False},
        {**DONE, "server": None},
        {**DONE, "packages": {**DONE["packages"], "postgresql-15-powa": {"installed": None, "candidate": "1"}}},
        {**DONE, "packages": {name: DONE["packages"][name] for name in PACKAGES[:-1]}},
        {**DONE, "extensions": {name: DONE["extensions"][name] for name in EXTENSIONS[:-1]}},
        server(unread=True),
        server(database=False),
        server(file_settings=[]),
        server(file_settings=[{**LINE, "value": "powa", "file": "/var/lib/postgresql/15/main/postgresql.auto.conf"}]),
        server(file_settings=[{**LINE, "value": "powa", "file": CONF.replace("powa", "zz")}]),
        server(settings={}),
    ],
    ids=("driver server package unknown-package extension unread database write elsewhere problem restart".split(" ")),
)
def test_what_there_is_to_do(seen):
    assert plan(seen).todo


def test_a_build_is_always_to_do():
    assert plan(DONE, powa_install_method="source").todo


def test_the_packages_of_the_rhel_family():
    red_hat = {"os": {"name": "Rocky Linux 9", "family": "RedHat"}, "packages": {}, "installed": []}
    planned = plan({**BARE, **red_hat, "version": "17"}, check_mode=True)
    assert planned.packages[:4] == [
        "postgresql17-server",
        "postgresql17-contrib",
        "python3-psycopg2",
        "powa-archivist_17",
    ]
    assert planned.todo and planned.install and not planned.refresh
    there = {**DONE, **red_hat, "packages": dict.fromkeys(planned.packages, {"installed": "1", "candidate": None})}
    assert not plan({**there, "version": "17"}).todo
    # No package creates a cluster, and one of an installed PostgreSQL may only not have been found.
    assert plan({**BARE, **red_hat, "version": "17"}).creates_cluster and not planned.creates_cluster
    assert not plan({**BARE, **red_hat, "version": "17", "installed": ["17"]}).creates_cluster
    assert not plan(BARE).creates_cluster and not plan({**there, "version": "17"}).creates_cluster
    # Without the version, these would be names of the distribution's packages.
    assert not plan({**BARE, **red_hat, "version": ""}).install


def test_a_standby_gets_its_database_and_extensions_from_its_primary():
    seen = {**server(standby=True, database=False), "extensions": {}}
    planned = plan(seen)
    assert planned.standby and not planned.todo


@pytest.mark.parametrize(
    ("extension", "todo"),
    [
        ({"name": "hstore"}, True),
        ({"name": "hstore", "state": "absent"}, False),
        ({"name": "powa", "state": "absent"}, True),
        ({"name": "powa", "state": "present", "version": "1.0", "schema": "public"}, False),
        ({"name": "powa", "version": None, "schema": ""}, False),
        ({"name": "powa", "version": "2.0"}, True),
        ({"name": "powa", "version": "latest"}, True),
        ({"name": "powa", "schema": "other"}, True),
    ],
)
def test_declared_extensions_are_compared(extension, todo):
    planned = plan(DONE, powa_extensions=[extension])
    assert planned.todo == todo
    assert planned.creatable[0] == extension
    assert [one["name"] for one in planned.creatable].count(extension["name"]) == 1


def test_pg_stat_kcache_is_created_once_it_is_loaded():
    names = [extension["name"] for extension in plan(server(settings={})).creatable]
    assert names == EXTENSIONS[:-1]
    assert [extension["name"] for extension in plan(DONE).creatable] == EXTENSIONS


def test_a_build_needs_a_compiler_and_perhaps_git():
    planned = plan(BARE, powa_install_method="source", powa_source="/tmp/powa.tar.gz")
    assert planned.build and not planned.source_is_git
    assert "gcc" in planned.packages and "git" not in planned.packages and "postgresql-15-powa" not in planned.packages
    for source in ("https://example.com/powa.git", "git@example.com:powa"):
        planned = plan(BARE, powa_install_method="source", powa_source=source)
        assert planned.source_is_git and "git" in planned.packages


def test_a_new_library_needs_a_restart_where_the_old_one_is_loaded():
    built = {"__archivist_build": {"stdout": "gcc ...\nlibrary changed"}}
    loaded = server(settings={"shared_preload_libraries": {"value": LIBRARIES + ",powa", "source": "default"}})
    assert plan(loaded, results=built).restart == ["the new library of PoWA"]
    assert plan(DONE, results=built).restart == []
    assert plan(loaded, results={"__archivist_build": {"stdout": "unchanged"}}).restart == []
    assert plan(loaded, results={"__archivist_build": {"skipped": True}}).restart == []


def test_a_file_that_postgresql_would_not_read_is_not_written():
    planned = plan(server(file_settings=[], includes=[]))
    assert planned.todo and not planned.settings.write and planned.problems == []
    assert planned.settings.elsewhere == {"shared_preload_libraries": LIBRARIES}
    # PostgreSQL does not know these settings yet.
    planned = plan(server(file_settings=[], includes=[]), powa_mode="local")
    assert planned.problems == [
        "PostgreSQL does not read {0}: create its folder, and add the line include_dir = 'conf.d' at the end"
        " of {1}".format(CONF, SERVER["config_file"])
    ]
    assert planned.todo and not planned.settings.write and planned.settings.elsewhere == {}


def test_powa_conf_has_to_have_an_effect_once_it_is_written():
    unread = server(file_settings=[])
    assert plan(unread).problems == []
    for written in ({"changed": True}, {"changed": False}):
        (problem,) = plan(unread, results={"__archivist_written": written}).problems
        assert problem.endswith("has it: see what has removed it since, and run the playbook again")
    assert plan(unread, results={"__archivist_written": {"changed": False, "skipped": True}}).problems == []
    assert plan(unread, results={"__archivist_written": {"changed": True}}, check_mode=True).problems == []


def test_what_alter_system_was_to_set_has_to_be_set():
    altered = server(file_settings=[{**LINE, "value": "powa", "file": "/data/postgresql.auto.conf"}])
    (problem,) = plan(altered, results={"__archivist_altered": {"changed": True}}).problems
    assert problem.endswith(', but PostgreSQL reads "powa" in /data/postgresql.auto.conf, line 3: correct it there')
    assert plan(altered, results={"__archivist_altered": {"changed": False}}).problems == []
    assert plan(altered, results={"__archivist_altered": {"changed": True}}, check_mode=True).problems == []


def test_a_library_without_its_file_is_a_problem_before_anything_is_written():
    seen = server(settings={}, libraries={"pg_qualstats": None})
    sentence = (
        "pg_qualstats is to be preloaded, but /usr/lib/postgresql/15/lib has no pg_qualstats.so, and PostgreSQL would"
        " not start without the library: install its package, and name it in powa_extension_packages"
    )
    assert plan(seen).problems == plan(seen, check_mode=True).problems == [sentence]
    # A package, or the build, may bring it.
    lacking = {**seen, "packages": {}}
    build = {"powa_install_method": "source"}
    assert plan(lacking).problems == plan(seen, **build).problems == []
    for results in ({"__archivist_apt": {"changed": True}}, {"__archivist_dnf": {"changed": False}}):
        assert plan(lacking, results=results).problems == plan(seen, results=results, **build).problems == [sentence]
    assert plan(lacking, results={"__archivist_apt": {"skipped": True}}).problems == []
    # What is loaded exists.
    assert plan(server(libraries={"pg_qualstats": None})).problems == []


def test_a_user_who_configures_postgresql_is_told_what_is_missing():
    own = {"powa_configure_postgresql": False, "powa_restart_postgresql": True}
    assert not plan(DONE, **own).todo and not plan(server(unread=True), **own).todo
    planned = plan(server(settings={}, file_settings=[]), **own)
    assert planned.settings == NOTHING and planned.restart == [] and not planned.may_restart
    (problem,) = planned.problems
    assert problem == (
        "shared_preload_libraries lacks pg_stat_statements, pg_qualstats, pg_stat_kcache, and"
        " powa_configure_postgresql is false: set shared_preload_libraries = '{0}' where your configuration sets it,"
        " and restart PostgreSQL".format(LIBRARIES)
    )
    # Only what is installed can be loaded.
    lacking = {**server(settings={}, file_settings=[]), "packages": {}}
    assert plan(lacking, **own).problems == []
    assert plan(lacking, results={"__archivist_apt": {"changed": True}}, **own).problems == [problem]
    (problem,) = plan(server(settings={}, libraries={"pg_qualstats": None}), **own).problems
    assert "has no pg_qualstats.so" in problem


def test_a_server_that_another_program_runs_is_restarted_by_that_program():
    generated = {SERVER["config_file"]: "Patroni"}
    waiting = server(settings={}, generated=generated)
    assert plan(waiting).problems == []
    allowed = {"powa_restart_postgresql": True}
    assert plan(waiting, **allowed).problems == [
        "PostgreSQL needs a restart, and Patroni, which writes /etc/postgresql/15/main/postgresql.conf, has to make it:"
        " set powa_restart_command to the command for that"
    ]
    assert plan(waiting, powa_restart_command="patronictl restart --force c m", **allowed).problems == []
    assert plan(server(generated=generated), **allowed).problems == []


def test_check_mode_installs_only_what_the_package_lists_have():
    assert plan({**BARE, "version": ""}).install is False
    assert plan(BARE, check_mode=True).install
    unknown = {**BARE, "packages": {**BARE["packages"], "postgresql-15": {"installed": None, "candidate": None}}}
    assert not plan(unknown, check_mode=True).install
    assert plan(unknown).install and plan(unknown).candidate
    unknown = {**BARE, "packages": {**BARE["packages"], "postgresql-15-powa": {"installed": None, "candidate": None}}}
    assert not plan(unknown).candidate


def test_the_filter_returns_what_the_tasks_read():
    run = run_of(server(file_settings=[]))
    found = FilterModule().filters()["archivist_plan"]("db", run.fleet, run.hostvars)
    assert found["todo"] is True and found["settings"]["write"] is True
    assert found["settings"]["wanted"] == {"shared_preload_libraries": LIBRARIES}
    assert FilterModule().filters()["archivist_plan"]("db", run.fleet, {}, [], True)["todo"] is False


def restarting(lost=(), others=None, check_mode=False, **variables):
    """Return what happens to a running server that lacks a library."""
    seen = server(settings={"shared_preload_libraries": {"value": "", "source": "default"}}, file_settings=[])
    run = run_of(seen, **variables)
    return plan_archivist(Run(run.fleet, {**run.hostvars, **(others or {})}, lost, check_mode), "db")


def test_a_running_server_gets_its_settings_and_waits_for_its_restart():
    planned = restarting()
    assert planned.restart and planned.settings.write and not planned.may_restart and not planned.careful
    assert "powa_restart_postgresql is not true" in planned.pending
    allowed = restarting(powa_restart_postgresql=True)
    assert allowed.may_restart and allowed.careful and allowed.pending == ""


def test_a_server_that_is_collected_without_its_library_is_named():
    remotes = {"db": {"repository": "hub", "server": {"hostname": "10.0.0.1", "port": 5432}}}
    found = server(settings={"shared_preload_libraries": {"value": "", "source": "default"}}, file_settings=[])
    run = run_of(found, remotes=remotes)
    assert "Until then nothing is collected that needs pg_stat_statements, pg_q" in plan_archivist(run, "db").pending
    registered = {"alias": None, "hostname": "10.0.0.1", "port": 5432, "frequency": 60}
    hub = {"__common_seen": {"os": {}, "repository": {"servers": [registered]}}}
    pending = plan_archivist(Run(run.fleet, {**run.hostvars, "hub": hub}), "db").pending
    assert "Until then its repository goes on taking snapshots of this server, whose parts that need pg_stat" in pending


def test_what_kept_one_server_from_starting_is_not_written_on_another():
    others = {"db0": {"__archivist_gone": {"failed": True}}}
    planned = restarting(lost=["db0"], others=others, powa_restart_postgresql=True)
    assert planned.restart and not planned.may_restart and not planned.settings.write
    assert "db0 did not come back" in planned.pending


def test_no_restart_for_a_new_library_with_which_postgresql_would_not_start():
    built = {"__archivist_build": {"stdout": "library changed"}}
    settings = {"shared_preload_libraries": {"value": LIBRARIES + ",powa", "source": "default"}}
    broken = {"name": None, "value": None, "file": "/x/postgresql.conf", "line": 9, "error": "syntax error"}
    found = server(settings=settings, file_errors=[broken])
    for configures in (True, False):
        variables = {"powa_restart_postgresql": True, "powa_configure_postgresql": configures}
        planned = plan(found, results=built, **variables)
        assert planned.restart == ["the new library of PoWA"]
        assert "PostgreSQL cannot read /x/postgresql.conf, line 9 (syntax error): correct it there" in planned.problems


def test_a_build_may_bring_a_new_library_to_a_running_server():
    build = {"powa_install_method": "source", "powa_restart_postgresql": True}
    assert plan(DONE, **build).careful and not plan(DONE, **build).may_restart
    assert not plan(DONE, powa_restart_postgresql=True).careful
    assert not plan(BARE, **build).careful


def test_nothing_is_pending_without_a_reason():
    planned = plan(DONE)
    assert not planned.may_restart and planned.pending == ""


def test_a_new_library_needs_no_second_restart():
    built = {"__archivist_build": {"stdout": "library changed"}, "__archivist_answers": {"is_available": True}}
    loaded = server(settings={"shared_preload_libraries": {"value": LIBRARIES + ",powa", "source": "default"}})
    assert plan(loaded, results=built).restart == []
