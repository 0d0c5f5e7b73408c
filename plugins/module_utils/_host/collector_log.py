# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last message of powa-collector about its connection to the repository."""

from __future__ import annotations

import re
from typing import Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Running
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host

UNIT = "powa-collector"


def start_log(host: Host, wanted: bool) -> Optional[Running]:
    """Start the program that prints the end of the collector's log."""
    if not wanted:
        return None
    return host.start(["journalctl", "--unit", UNIT, "--no-pager", "--output", "cat", "--lines", "1000"])


def finish_log(host: Host, running: Optional[Running]) -> str:
    """Return the message, or an empty text if the collector has connected since."""
    if running is None:
        return ""
    answer = running.finish()
    if answer.missing:
        host.unseen.add("the log of powa-collector", "the host has no journalctl")
    elif answer.status or "not seeing messages" in answer.error:
        host.unseen.add("the log of powa-collector", answer.error.split("\n")[0].strip() or "journalctl failed")
    return last_message(answer.out)


def last_message(log: str) -> str:
    """Return the last message about the connection to the repository since the collector's last start.

    Lines about servers are never returned: they may hold passwords of powa_servers, and PoWA records the errors itself.
    """
    last, expected = "", False
    for line in log.splitlines():
        if re.search(r" INFO +: Starting powa-collector", line):
            last = ""
        if re.search(r" ERROR +: PoWA extension not found on repository", line):
            last = "PoWA extension not found on repository server"
        if expected:
            last, expected = line, False
        if re.search(r" ERROR +: Error connecting: *$", line):
            expected = True
    return last
