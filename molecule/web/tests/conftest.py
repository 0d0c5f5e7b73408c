# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet, as molecule has made it, and the browser."""

import subprocess

import collected
import hosts
import pytest


@pytest.fixture(scope="session")
def fleet():
    return hosts.read_fleet()


@pytest.fixture(scope="session")
def collected_fleet(fleet):
    """The fleet, once every datasource has history."""
    rows, complete = collected.wait(hosts.INVENTORY)
    assert complete, "\n" + collected.table(rows)
    return fleet


@pytest.fixture(scope="session")
def chromium(fleet, tmp_path_factory):
    """The command of a browser in the network of a remote.

    In that of the machine it drops what it loads whenever another container starts: the network has changed.
    """
    inspect = ["podman", "inspect", "--format={{.State.Pid}}", fleet.remotes[0]]
    number = subprocess.check_output(inspect, text=True).strip()
    path = tmp_path_factory.mktemp("browser") / "chromium"
    path.write_text(f'#!/bin/sh\nexec nsenter --net=/proc/{number}/ns/net /usr/bin/chromium --no-sandbox "$@"\n')
    path.chmod(0o700)
    return path
