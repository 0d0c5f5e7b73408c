# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks of a host may take for granted."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import (
    Existing,
    changed_since_read,
    existing,
    is_standby,
    powa_major_version,
    server_of,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import bare, fleet, host, run, seen

HOSTS = {"pg": host(groups=["powa_repositories"])}


def found(facts, check_mode=False, outside=(), **registered):
    return run(fleet(HOSTS, outside=outside), {"pg": facts}, check_mode=check_mode, **registered)


def test_a_run_takes_for_granted_what_it_has_created():
    assert existing(found(bare()), "pg") == Existing(server=True, powa=True)


@pytest.mark.parametrize("outside", [(), ("pg",)])
def test_check_mode_and_the_work_outside_the_limit_go_by_what_was_there(outside):
    mode = not outside
    assert existing(found(seen(), mode, outside), "pg") == Existing(server=True, powa=True)
    assert existing(found(seen(extensions={}), mode, outside), "pg") == Existing(server=True, powa=False)
    assert existing(found(bare(), mode, outside), "pg") == Existing(server=False, powa=False)
    assert existing(found({}, mode, outside), "pg") == Existing(server=False, powa=False)


def test_without_the_driver_check_mode_looks_no_further_and_a_module_says_so_outside_the_limit():
    assert existing(found(seen(driver=False), True), "pg") == Existing(server=False, powa=False)
    assert existing(found(seen(driver=False), False, ("pg",)), "pg") == Existing(server=True, powa=True)


def test_what_was_read():
    assert server_of(bare()) == {} == server_of({}) and not is_standby(bare())
    assert is_standby({"server": {"standby": True}}) and not is_standby(seen())


def test_objects_may_be_new_once_extensions_were_created():
    assert not changed_since_read(found(seen()), "pg")
    assert changed_since_read(found(seen(), pg={"__archivist_created": {"changed": True}}), "pg")


@pytest.mark.parametrize(
    ("facts", "major"),
    [
        (seen("5.0.2"), 5),
        (seen(extensions={}, extension_folder={"powa": "4.1.4"}), 4),
        (seen(extensions={}, packages={"postgresql-15-powa": {"candidate": "4.1.4-1"}}), 4),
        (seen(extensions={}, packages={"postgresql-15-powa": {"candidate": "unknown"}}), 0),
        (bare(), 0),
        ({}, 0),
    ],
)
def test_the_version_of_powa_that_a_host_has_or_gets(facts, major):
    assert powa_major_version(found(facts), "pg").first == major
