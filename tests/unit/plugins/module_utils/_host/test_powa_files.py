# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PoWA's files, and the packages that own them."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import NOT_FOUND, TOO_LONG, Answer
from ansible_collections.pgfleet.powa.plugins.module_utils._host.powa_files import (
    finish_search,
    parse_search,
    start_search,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import System
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, write

DEBIAN, RED_HAT = System("Debian GNU/Linux 13 (trixie)", "Debian"), System("Rocky Linux 9.4", "RedHat")
FOLDER = "/usr/share/postgresql/17/extension"
LIBRARY, CONTROL, SCRIPT = "/usr/lib/postgresql/17/lib/powa.so", FOLDER + "/powa.control", FOLDER + "/powa--5.0.2.sql"
#: As dpkg-query prints it, of a file that is diverted by hand, of one that a package diverts, and of one for several.
PRINTED = """local diversion from: {1}
local diversion to: {1}.distrib
postgresql-17-powa: {1}
diversion by other from: {0}
diversion by other to: {0}.other
postgresql-17-powa: {0}
first:amd64, second: {2}
""".format(LIBRARY, CONTROL, SCRIPT)


def files(root, *paths):
    for path in paths:
        write(root, path)


def test_what_dpkg_says():
    assert parse_search(PRINTED) == {LIBRARY: "postgresql-17-powa", SCRIPT: "first"}
    assert parse_search("") == {}


def test_files_of_a_package_and_others(tmp_path):
    files(tmp_path, LIBRARY, CONTROL, SCRIPT, FOLDER + "/powa_other.control", FOLDER + "/btree_gist.control")
    answer = Answer(1, "postgresql-17-powa: {0}\n".format(CONTROL), "dpkg-query: no path found matching pattern x\n")
    host, programs = host_of(tmp_path, dpkg_query=answer)
    found = finish_search(host, start_search(host, DEBIAN, "17", FOLDER))
    assert found == {LIBRARY: None, CONTROL: "postgresql-17-powa", SCRIPT: None} and list(found)[0] == LIBRARY
    assert programs.calls[0][0] == ["dpkg-query", "--search", "--", LIBRARY, CONTROL, SCRIPT]
    assert host.unseen.sentences == ()


def test_the_rhel_family(tmp_path):
    folder = "/usr/pgsql-17/share/extension"
    files(tmp_path, "/usr/pgsql-17/lib/powa.so", folder + "/powa.control")
    out = "powa_17: /usr/pgsql-17/lib/powa.so\npowa_17: /usr/share/doc/powa\nfile x is not owned by any package\n"
    host, programs = host_of(tmp_path, rpm=Answer(1, out, ""))
    found = finish_search(host, start_search(host, RED_HAT, "17", folder))
    assert found == {"/usr/pgsql-17/lib/powa.so": "powa_17", folder + "/powa.control": None}
    assert programs.names == ["rpm"]


@pytest.mark.parametrize("folder", ["", FOLDER])
def test_nothing_is_asked_without_files(tmp_path, folder):
    host, programs = host_of(tmp_path)
    assert finish_search(host, start_search(host, DEBIAN, "17", folder)) == {}
    assert programs.calls == []


@pytest.mark.parametrize(
    ("system", "program", "status"),
    [
        (DEBIAN, "dpkg_query", NOT_FOUND),
        (DEBIAN, "dpkg_query", TOO_LONG),
        (DEBIAN, "dpkg_query", 2),
        (DEBIAN, "dpkg_query", -9),
        (RED_HAT, "rpm", NOT_FOUND),
        (RED_HAT, "rpm", TOO_LONG),
        (RED_HAT, "rpm", -9),
    ],
)
def test_a_program_that_cannot_tell_is_no_file_without_a_package(tmp_path, system, program, status):
    files(tmp_path, LIBRARY, CONTROL, "/usr/pgsql-17/lib/powa.so")
    host, _programs = host_of(tmp_path, **{program: Answer(status, "a: {0}\n".format(CONTROL), "it is broken")})
    assert finish_search(host, start_search(host, system, "17", FOLDER)) is None
    assert host.unseen.sentences == ("the packages of PoWA's files: it is broken",)
