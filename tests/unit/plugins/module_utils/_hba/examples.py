# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of pg_hba.conf and servers for the tests."""

from __future__ import annotations

from ipaddress import ip_interface

from ansible_collections.pgfleet.powa.plugins.module_utils._hba.match import Server
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.rules import Rule

FILE = "/etc/pg_hba.conf"
SCRAM = "scram-sha-256"


def line(text, number=1, error=None, file=FILE):
    """Return a line as host_info does: type, databases, users, address and method; databases and users by commas."""
    kind, databases, users, *address, method = text.split()
    found = {"address": address[0] if address else None, "netmask": None}
    if address and "/" in address[0]:
        interface = ip_interface(address[0])
        found = {"address": str(interface.ip), "netmask": str(interface.netmask)}
    return {
        "file": file,
        "line": number,
        "type": kind,
        "databases": databases.split(","),
        "users": users.split(","),
        "method": method,
        "options": [],
        "error": error,
        **found,
    }


def broken(error="bad", number=1):
    """Return a line that PostgreSQL cannot read."""
    nothing = dict.fromkeys(("type", "address", "netmask", "method"))
    return {"file": FILE, "line": number, "databases": [], "users": [], "options": [], "error": error, **nothing}


def server(*lines, **changes):
    """Return a server with these lines, which are texts, or lines as they are."""
    found = [line(each, number) if isinstance(each, str) else each for number, each in enumerate(lines, 1)]
    return Server(**{"version_num": 170000, "hba_file": FILE, "lines": found, **changes})


def rule(address="10.0.0.9/32", contype="host", database="powa", user="powa_monitor", method=SCRAM):
    """Return a login."""
    return Rule(contype, database, user, address, method)
