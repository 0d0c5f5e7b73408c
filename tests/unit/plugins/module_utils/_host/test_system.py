# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import System, parse_os_release, read_system
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, recorded, write


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n', ("Debian GNU/Linux 12 (bookworm)", "Debian")),
        ("PRETTY_NAME='Ubuntu 24.04 LTS'\nID=ubuntu\nID_LIKE=debian", ("Ubuntu 24.04 LTS", "Debian")),
        ('NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"', ("Rocky Linux", "RedHat")),
        ('ID="rhel"\nPRETTY_NAME="Red Hat Enterprise Linux 9"', ("Red Hat Enterprise Linux 9", "RedHat")),
        ("ID=fedora\nNAME=Fedora", ("Fedora", "RedHat")),
        ("PRETTY_NAME=Alpine\nID=alpine", ("Alpine", "")),
        ("# NAME=x\nnonsense\n", ("an unknown system", "")),
        ('PRETTY_NAME="broken\nID=debian', ('"broken', "Debian")),
    ],
)
def test_os_release(text, system):
    assert parse_os_release(text) == system


def test_the_file_is_where_one_of_two_standards_has_it(tmp_path):
    host, _programs = host_of(tmp_path)
    assert read_system(host) == ("an unknown system", "")
    write(tmp_path, "/usr/lib/os-release", "NAME=Debian\nID=debian\n")
    assert read_system(host) == ("Debian", "Debian")
    write(tmp_path, "/etc/os-release", "NAME=Fedora\nID=fedora\n")
    assert read_system(host) == ("Fedora", "RedHat")


def test_where_postgresql_lies():
    assert System("", "Debian").server_folder("15") == "/usr/lib/postgresql/15/bin"
    assert System("", "RedHat").server_folder("*") == "/usr/pgsql-*/bin"


@pytest.mark.parametrize(
    ("suite", "name"),
    [
        ("bullseye", "Debian GNU/Linux 11 (bullseye)"),
        ("bookworm", "Debian GNU/Linux 12 (bookworm)"),
        ("trixie", "Debian GNU/Linux 13 (trixie)"),
        ("forky", "Debian GNU/Linux forky/sid"),
    ],
)
def test_real_hosts(suite, name):
    assert parse_os_release(recorded(suite, "os-release")) == (name, "Debian")


def test_the_lab():
    assert parse_os_release(recorded("rhel", "os-release")) == ("Rocky Linux 9.6 (a lab on Debian)", "RedHat")
