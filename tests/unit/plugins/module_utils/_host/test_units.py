# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer
from ansible_collections.pgfleet.powa.plugins.module_utils._host.units import (
    Unit,
    finish_units,
    parse_units,
    start_units,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, recorded

SHOWN = """\
LoadState=loaded
ActiveState=active
UnitFileState=enabled

LoadState=not-found
ActiveState=inactive
UnitFileState=

LoadState=loaded
ActiveState=failed
UnitFileState=enabled-runtime
"""
NO_SYSTEMD = "System has not been booted with systemd as init system (PID 1). Can't operate.\n"


def test_units():
    assert parse_units(SHOWN) == [
        Unit("enabled", "active", True),
        Unit("", "inactive", False),
        Unit("enabled-runtime", "failed", True),
    ]
    assert parse_units("") == []


def test_each_unit_has_its_name(tmp_path):
    host, programs = host_of(tmp_path, systemctl=SHOWN)
    names = ["powa-collector", "powa-web", "nginx"]
    assert list(finish_units(host, names, start_units(host, names))) == names
    assert programs.calls[0][0][-4:] == ["--", *names]
    assert host.unseen.sentences == ()


def test_no_unit_needs_no_process(tmp_path):
    host, programs = host_of(tmp_path)
    assert finish_units(host, [], start_units(host, [])) == {}
    assert programs.calls == []


def test_a_host_without_systemd(tmp_path):
    for answers, sentence in (
        ({"systemctl": Answer(1, "", NO_SYSTEMD)}, NO_SYSTEMD.strip()),
        ({"systemctl": Answer(0, "", "")}, "systemctl said nothing"),
        ({}, "the host has no systemctl"),
    ):
        host, _programs = host_of(tmp_path, **answers)
        assert finish_units(host, ["a"], start_units(host, ["a"])) == {"a": Unit("", "inactive", False)}
        assert host.unseen.sentences == ("the state of units: " + sentence,)


@pytest.mark.parametrize("suite", ["bullseye", "bookworm", "trixie", "forky"])
def test_real_hosts(suite):
    cluster, collector, none, _stopped = parse_units(recorded(suite, "systemctl"))
    assert cluster == Unit("enabled-runtime", "active", True)
    # Debian 11 has no powa-collector.
    assert collector == (Unit("", "inactive", False) if suite == "bullseye" else Unit("disabled", "inactive", True))
    assert none == Unit("", "inactive", False)
