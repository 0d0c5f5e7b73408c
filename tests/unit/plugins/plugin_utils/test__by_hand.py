# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody else has to do, by what was read of a host."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._by_hand import by_hand, markers_by_hand, unseen_parts
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba_check import host_hba_problems
from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import plan_remote
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import LOGIN, fleet, host, line, run, seen

NO_ROOT = {
    "powa_manage_host": False,
    "powa_extensions": [],
    "powa_extension_packages": {},
    "powa_listen_addresses": "",
    "powa_source": "",
}
READER = dict(LOGIN, member_of=["pg_read_all_stats"])
LOADED = {"shared_preload_libraries": {"value": "pg_stat_statements,pg_qualstats", "source": "configuration file"}}
FILES = {"powa": "5.0.2", "pg_qualstats": "2.1.1", "btree_gist": "1.7", "pg_stat_statements": "1.10"}
EXTENSIONS = {name: {"version": version, "schema": "public", "comment": None} for name, version in FILES.items()}
LET_IN = [line("powa_monitor", "10.0.0.9", "255.255.255.255", database="all")]
WAITS = [{"name": "waits", "query": "SELECT 1", "metrics": []}]


def case(server=None, extensions=None, variables=None, password=None, **changes):
    """A run on one remote."""
    found = seen(
        roles={"powa_monitor": LOGIN},
        extensions=EXTENSIONS if extensions is None else extensions,
        hba=LET_IN,
        **{"monitoring": {"schemas": {}, "tables": {}, "functions": {}}, **changes},
    )
    found["server"] = {
        "available": FILES,
        "superuser": True,
        "createrole": True,
        "user": "owner",
        "settings": LOADED,
        "config_file": "/data/postgresql.conf",
        "file_settings": [],
        "file_errors": [],
        **found["server"],
        **(server or {}),
    }
    hosts = {
        "hub": host(groups=["powa_repositories"]),
        "a": host("hub", groups=["powa_remotes"], **{**NO_ROOT, **(variables or {})}),
    }
    declared = fleet(hosts, collectors=[("c", "hub", "10.0.0.9")])
    return run(declared, {"a": found}, a={"powa_monitoring_password": password})


def test_nothing_is_asked_for_where_all_is_there():
    assert by_hand(case(), "a") == unseen_parts(case(), "a") == host_hba_problems(case(), "a") == []


def test_missing_files_and_driver():
    found = by_hand(case({"available": {"powa": "5.0.2"}}, extensions={}, driver=False), "a")
    assert found[0] == (
        "the Python library psycopg2 is missing, and powa_manage_host is false: install the package python3-psycopg2"
    )
    assert found[-1] == (
        "PostgreSQL has no files of the extension pg_qualstats, and powa_manage_host is false: install the package"
        " postgresql-15-pg-qualstats"
    )
    managed = by_hand(case({"available": {"powa": "5.0.2"}}, extensions={}, variables={"powa_managed": True}), "a")
    assert managed[-1].endswith(
        "powa_managed is true: install it where the server is managed, or leave it out of the inventory"
    )


def test_what_needs_a_superuser():
    server = {"superuser": False, "createrole": False, "roles": {}}
    without = {name: EXTENSIONS[name] for name in ("btree_gist", "pg_stat_statements", "powa")}
    assert by_hand(case(server, extensions=without), "a") == [
        "role powa_monitor does not exist, and role owner may not create roles: have a superuser create it with LOGIN"
        " and the password in the inventory",
        "database powa lacks the extensions pg_qualstats, and role owner is not a superuser: have one run CREATE"
        ' EXTENSION "pg_qualstats"',
    ]
    # A managed server has rules of its own for that.
    managed = case(dict(server, createrole=True), extensions=without, variables={"powa_managed": True})
    assert by_hand(managed, "a") == []


def test_a_role_that_cannot_log_in_and_whose_password_nobody_sees():
    server = {"superuser": False, "createrole": True, "roles": {"powa_monitor": dict(READER, login=False)}}
    said = [
        "role powa_monitor cannot log in, and role owner does not see its password: have a superuser run"
        ' ALTER ROLE "powa_monitor" LOGIN, and give it the password in the inventory'
    ]
    assert by_hand(case(server, password="x"), "a") == said
    assert by_hand(case(server), "a") == []
    assert by_hand(case(dict(server, createrole=False)), "a") == said


def test_a_role_that_is_to_be_demoted():
    server = {"superuser": False, "createrole": False, "roles": {"powa_monitor": dict(READER, createdb=True)}}
    (sentence,) = by_hand(case(server, variables={"powa_roles_to_demote": ["powa_monitor"]}), "a")
    assert sentence.startswith("role powa_monitor has more power than a mere login, and role owner may not change that")


def test_missing_rights():
    monitoring = {"schemas": {}, "tables": {"powa_databases": False}, "functions": {}}
    (sentence,) = by_hand(case({"superuser": False}, monitoring=monitoring), "a")
    assert sentence.startswith("PoWA's roles lack rights, and role owner is not a superuser: have one run GRANT ")


def test_a_line_of_pg_hba_conf_that_is_missing_is_named_and_not_written():
    found = case({"hba": []})
    (sentence,) = host_hba_problems(found, "a")
    assert 'powa_manage_host is false: add the line "host ' in sentence
    assert sentence.endswith("and reload PostgreSQL")
    assert not plan_remote(found, "a")["hba_todo"]


@pytest.mark.parametrize(("managing", "sentences"), [(False, 1), (True, 0)])
def test_what_postgresql_hides_is_named_where_the_run_goes_on(managing, sentences):
    found = case({"unknown": {"hba": "permission denied"}}, variables={"powa_manage_host": managing})
    assert len(unseen_parts(found, "a")) == sentences
    assert host_hba_problems(found, "a") == []


@pytest.mark.parametrize("writable", [False, True])
def test_marker_extensions_that_nobody_may_write_are_named(writable):
    folder = {"path": "/x", "writable": writable, "controls": [], "markers": {}, "powa": ""}
    found = case(variables={"powa_datasources": WAITS}, extension_folder=folder)
    (sentence,) = markers_by_hand(found, "a")
    assert "creates no marker extension for waits" in sentence
    assert not plan_remote(found, "a")["markers_todo"]
    assert markers_by_hand(case(variables={"powa_manage_host": True, "powa_datasources": WAITS}), "a") == []
