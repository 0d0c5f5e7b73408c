# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of a host are not as they should be."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.changed_files import FilterModule

PATH = "/etc/powa-collector.conf"
FOUND = {"owner": "root", "group": "powa", "mode": "0640", "sha256": hashlib.sha256("ä\n".encode()).hexdigest()}
WANTED = {"path": PATH, "content": "ä\n", "owner": "root", "group": "powa", "mode": "0640", "state": "present"}
FOLDER = {"path": PATH, "group": "powa", "mode": "0640", "state": "directory"}
ABSENT = {"path": PATH, "state": "absent"}


def is_changed(found, **changes):
    files = [{**WANTED, **changes}]
    changed = FilterModule().filters()["changed_files"]({PATH: found} if found else {}, files)
    assert changed in ([], files)
    return bool(changed)


def test_a_file_that_is_as_it_should_be():
    assert not is_changed(FOUND)
    assert not is_changed(FOUND, mode=0o640)
    assert not is_changed({**FOUND, "mode": "640"})


@pytest.mark.parametrize(
    "change", [{"owner": "powa"}, {"group": "root"}, {"mode": "0600"}, {"content": "ö\n"}, {"content": ""}]
)
def test_a_file_that_differs(change):
    assert is_changed(FOUND, **change)


def test_a_file_that_does_not_exist():
    assert is_changed(None)
    assert is_changed(None, state="directory")


def test_what_is_left_out_has_the_default_of_the_module():
    found = {**FOUND, "group": "root", "mode": "0644"}
    changed = FilterModule().filters()["changed_files"]
    assert changed({PATH: found}, [{"path": PATH, "content": "ä\n"}]) == []
    assert changed({PATH: FOUND}, [{"path": PATH, "content": "ä\n"}]) != []
    assert changed({}, []) == []


def test_a_file_with_secrets_may_always_differ():
    assert is_changed({**FOUND, "sha256": None})


def test_a_folder_has_no_content():
    assert not is_changed({**FOUND, "sha256": None}, state="directory", content="")
    assert is_changed({**FOUND, "sha256": None}, state="directory", mode="0755")


def test_a_file_that_should_be_gone():
    assert is_changed({**FOUND, "sha256": None}, state="absent")
    assert not is_changed(None, state="absent")
