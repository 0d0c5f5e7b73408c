# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from types import SimpleNamespace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host import packages
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer
from ansible_collections.pgfleet.powa.plugins.module_utils._host.packages import Package
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import System
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, recorded

DEBIAN, RED_HAT, OTHER = System("d", "Debian"), System("r", "RedHat"), System("o", "")

LISTED = """\
installed postgresql-15 15.6-0+deb12u1
config-files postgresql-13 13.14-0+deb11u1
installed postgresql-15-pg-qualstats 2.0.4-1
not-installed python3-psycopg2
installed postgresql-client-15 15.6-0+deb12u1
"""
POLICY = """\
postgresql-15-powa:
  Installed: (none)
  Candidate: 4.1.4-1
  Version table:
     4.1.4-1 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
nothing:amd64:
  Installed: (none)
  Candidate: (none)
  Version table:
"""
INSTALLED = {"postgresql-15": "15.6", "postgresql-15-powa": "4.1.4", "python3-psycopg2": "2.9"}


def test_what_is_installed():
    assert packages.parse_listing(LISTED) == {
        "postgresql-15": "15.6-0+deb12u1",
        "postgresql-15-pg-qualstats": "2.0.4-1",
        "postgresql-client-15": "15.6-0+deb12u1",
    }


def test_what_would_be_installed():
    assert packages.parse_policy(POLICY) == {"postgresql-15-powa": "4.1.4-1"}
    assert packages.parse_policy("") == {}


def test_debian_lists_what_may_be_needed(tmp_path):
    # It fails for every name that it does not know.
    host, programs = host_of(tmp_path, dpkg_query=Answer(1, LISTED, "dpkg-query: no packages found matching x\n"))
    listing = packages.start_listing(host, DEBIAN, ["x", "y:amd64", "z=1.0"])
    (command, _text, _variables) = programs.calls[0]
    assert command[-6:] == ["--", "postgresql-*", "python3-psycopg2", "x", "y", "z"]
    assert packages.finish_listing(host, listing)["postgresql-15"] == "15.6-0+deb12u1"
    assert host.unseen.sentences == ()


def test_nothing_of_postgresql_is_installed(tmp_path):
    answer = Answer(1, "", "dpkg-query: no packages found matching postgresql-*\n")
    host, _programs = host_of(tmp_path, dpkg_query=answer)
    assert packages.finish_listing(host, packages.start_listing(host, DEBIAN, [])) == {}
    assert host.unseen.sentences == ()


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({}, "the packages: dpkg-query: No such file or directory"),
        ({"dpkg_query": Answer(2, "", "dpkg-query: error: the database is damaged")},
         "the packages: dpkg-query: error: the database is damaged"),
    ],
)  # fmt: skip
def test_packages_that_cannot_be_read(tmp_path, answers, sentence):
    host, _programs = host_of(tmp_path, **answers)
    assert packages.finish_listing(host, packages.start_listing(host, DEBIAN, [])) == {}
    assert host.unseen.sentences == (sentence,)


def test_the_rhel_family_lists_every_package(tmp_path):
    host, programs = host_of(tmp_path, rpm="installed postgresql15-server 15.6-1PGDG.rhel9\n")
    listing = packages.start_listing(host, RED_HAT, ["x"])
    installed = packages.finish_listing(host, listing)
    assert installed == {"postgresql15-server": "15.6-1PGDG.rhel9"}
    found = packages.read_packages(host, RED_HAT, "15", [], installed)
    assert found == {
        "postgresql15-server": Package("15.6-1PGDG.rhel9"),
        "powa-archivist_15": Package(),
        "python3-psycopg2": Package(),
    }
    assert programs.names == ["rpm"]


def test_the_packages_of_the_lab(tmp_path):
    host, _programs = host_of(tmp_path, rpm=recorded("rhel", "rpm"))
    installed = packages.finish_listing(host, packages.start_listing(host, RED_HAT, []))
    found = packages.read_packages(host, RED_HAT, "17", ["powa-collector"], installed)
    there = [name for name, package in found.items() if package.installed]
    assert {"powa-archivist_17", "postgresql17-contrib", "pg_stat_kcache_17"} < set(there)
    assert found["powa-collector"] == Package()


def test_another_system_has_no_packages(tmp_path):
    host, programs = host_of(tmp_path)
    assert packages.start_listing(host, OTHER, ["x"]) is None
    assert packages.finish_listing(host, None) == {}
    assert packages.read_packages(host, OTHER, "15", ["x"], {}) == {}
    assert packages.server_packages(OTHER, "15") == []
    assert programs.calls == []


def test_candidates_are_looked_up_only_for_what_is_missing(tmp_path):
    host, programs = host_of(tmp_path, apt_cache=POLICY)
    found = packages.read_packages(host, DEBIAN, "15", [], INSTALLED)
    assert found == {name: Package(version) for name, version in INSTALLED.items()}
    assert programs.calls == []

    installed = {"postgresql-15": "15.6", "python3-psycopg2": "2.9", "nothing": "1"}
    found = packages.read_packages(host, DEBIAN, "15", ["nothing=2", "nowhere:amd64"], installed)
    assert found == {
        "postgresql-15": Package("15.6"),
        "postgresql-15-powa": Package(None, "4.1.4-1"),
        "python3-psycopg2": Package("2.9"),
        "nothing=2": Package("1"),
        "nowhere:amd64": Package(),
    }
    assert [call[0] for call in programs.calls] == [["apt-cache", "policy", "--", "nowhere", "postgresql-15-powa"]]


def test_other_packages_of_the_same_version(tmp_path):
    host, _programs = host_of(tmp_path)
    ours = {"postgresql-15-hypopg": "1.4", "postgresql-server-dev-15": "15.6", "pg_stat_kcache_15": "2"}
    others = dict(ours, **{"postgresql-13-hypopg": "1.3", "postgresql-150": "1", "postgresql-common": "248"})
    found = packages.read_packages(host, DEBIAN, "15", [], dict(INSTALLED, **others))
    assert set(found) == {*INSTALLED, *ours}
    assert set(packages.read_packages(host, DEBIAN, "", [], dict(INSTALLED, **others))) == {"python3-psycopg2"}


def test_candidates_that_cannot_be_read(tmp_path):
    host, _programs = host_of(tmp_path, apt_cache=Answer(100, "", "E: The list of sources could not be read.\n"))
    assert packages.read_candidates(host, DEBIAN, ["x"]) == {}
    assert host.unseen.sentences == ("the packages that could be installed: E: The list of sources could not be read.",)


@pytest.mark.parametrize(
    ("candidate", "version"), [("15+248", "15"), ("17+277.pgdg12+1", "17"), ("(none)", ""), ("9.6", "")]
)
def test_the_version_that_the_distribution_would_install(tmp_path, candidate, version):
    policy = "postgresql:\n  Installed: (none)\n  Candidate: {0}\n".format(candidate)
    host, _programs = host_of(tmp_path, apt_cache=policy)
    assert packages.read_default_version(host, DEBIAN) == version
    assert packages.read_default_version(host, RED_HAT) == ""


@pytest.mark.parametrize(("status", "there"), [(0, True), (1, False)])
def test_another_python_is_asked_for_the_driver(tmp_path, monkeypatch, status, there):
    monkeypatch.setattr(sys, "prefix", "/some/environment")
    host, programs = host_of(tmp_path, python3=Answer(status, "", ""))
    assert packages.finish_driver_check(packages.start_driver_check(host)) == there
    assert programs.calls[0][0] == ["/usr/bin/python3", "-c", "import psycopg2"]


def test_the_hosts_own_python_needs_no_process(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    host, programs = host_of(tmp_path)
    check = packages.start_driver_check(host)
    assert check is None and programs.calls == []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not packages.finish_driver_check(None)
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    assert not packages.finish_driver_check(None)
    (tmp_path / "_psycopg.cpython-20-other.so").touch()
    assert not packages.finish_driver_check(None)
    (tmp_path / ("_psycopg" + importlib.machinery.EXTENSION_SUFFIXES[0])).touch()
    assert packages.finish_driver_check(None)


@pytest.mark.parametrize(
    ("suite", "server", "powa"),
    [
        ("bullseye", "postgresql-13", "4.1.2-1"),
        ("bookworm", "postgresql-15", "4.1.4-2+b1"),
        ("trixie", "postgresql-17", "5.0.2-1"),
        ("forky", "postgresql-18", "5.3.0-2"),
    ],
)
def test_real_hosts(tmp_path, suite, server, powa):
    """One with PoWA, and one that has nothing yet but could install the same."""
    installed = packages.parse_listing(recorded(suite, "dpkg-query"))
    assert {server, server + "-powa", server + "-pg-qualstats", "python3-psycopg2"} <= set(installed)
    assert installed[server + "-powa"].split("-")[0] == powa.split("-")[0]
    host, _programs = host_of(
        tmp_path, apt_cache=[recorded(suite, "bare-policy"), recorded(suite, "bare-policy-missing")]
    )
    version = packages.read_default_version(host, DEBIAN)
    assert "postgresql-" + version == server
    found = packages.read_packages(host, DEBIAN, version, ["no-such-package"], {})
    assert found["no-such-package"] == Package()
    assert found[server] == Package(None, installed[server])
    assert found[server + "-powa"].candidate == installed[server + "-powa"]
