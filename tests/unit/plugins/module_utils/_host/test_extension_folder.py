# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.extension_folder import (
    parse_default_version,
    read_extension_folder,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, refuse, write

DEBIAN = "/usr/share/postgresql/15/extension"
CONTROL = "# pgfleet.powa marker: no file of a package.\ndefault_version = '1.0'\n"


@pytest.mark.parametrize("version", ["", "15"])
def test_a_host_without_the_folder(tmp_path, version):
    host, _programs = host_of(tmp_path)
    assert read_extension_folder(host, version) is None


def test_markers_and_others(tmp_path):
    host, _programs = host_of(tmp_path)
    write(tmp_path, DEBIAN + "/powa.control", "comment = 'x'\ndefault_version = '4.1.4'\n")
    write(tmp_path, DEBIAN + "/hstore.control", "# comment\n# pgfleet.powa marker\n")
    write(tmp_path, DEBIAN + "/hstore--1.8.sql")
    write(tmp_path, DEBIAN + "/locks.control", CONTROL)
    write(tmp_path, DEBIAN + "/locks--1.0.sql", "-- Empty\n")
    write(tmp_path, DEBIAN + "/alone.control", CONTROL)
    folder = read_extension_folder(host, "15")
    assert (folder.path, folder.controls, folder.powa) == (DEBIAN, ["hstore", "powa"], "4.1.4")
    assert folder.markers == {
        "alone": hashlib.sha256(CONTROL.encode()).hexdigest(),
        "locks": hashlib.sha256((CONTROL + "-- Empty\n").encode()).hexdigest(),
    }
    assert folder.writable
    assert host.unseen.sentences == ()


def test_the_folder_of_the_rhel_family_without_powa(tmp_path):
    host, _programs = host_of(tmp_path)
    write(tmp_path, "/usr/pgsql-16/share/extension/plpgsql.control", "default_version = '1.0'\n")
    folder = read_extension_folder(host, "16")
    assert (folder.path, folder.powa) == ("/usr/pgsql-16/share/extension", "")


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    host, _programs = host_of(tmp_path)
    write(tmp_path, DEBIAN + "/a.control")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert not read_extension_folder(host, "15").writable


def test_what_cannot_be_read(tmp_path, monkeypatch):
    host, _programs = host_of(tmp_path)
    write(tmp_path, DEBIAN + "/a.control")
    refuse(monkeypatch, "open", "a.control")
    assert read_extension_folder(host, "15").controls == ["a"]
    refuse(monkeypatch, "listdir", "extension")
    assert read_extension_folder(host, "15").controls == []
    assert host.unseen.sentences == (
        "the file " + DEBIAN + "/a.control: permission denied (run as root)",
        "the folder " + DEBIAN + ": permission denied (run as root)",
    )


@pytest.mark.parametrize(
    ("control", "version"),
    [
        ("default_version = '5.1.0'", "5.1.0"),
        ("comment='a'\n  default_version='4.2' # x", "4.2"),
        ("#default_version = '1'\n", ""),
        ("", ""),
    ],
)
def test_the_version_of_a_control_file(control, version):
    assert parse_default_version(control) == version
