# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which lines of a password file belong to servers that the inventory lacks and the repository collects from."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._password_files import password_files
from ansible_collections.pgfleet.powa.plugins.plugin_utils._unlisted import keeps_unlisted, unlisted_lines
from ansible_collections.pgfleet.powa.plugins.plugin_utils._web import web_repositories
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import fleet, host, run, seen

PRESENT = """# Managed
10.0.0.9:5432:powa:powa_collector:own
10.0.0.1:5432:*:powa_monitor:listed
gone:5432:*:powa_monitor:kept\\:*\\:
gone:5433:*:powa_monitor:other port

not a line
"""
LISTED = "10.0.0.1:5432:*:powa_monitor:listed"
GONE = "gone:5432:*:powa_monitor:kept\\:*\\:"
OTHER = "gone:5433:*:powa_monitor:other port"


def registered(hostname, port=5432, frequency=300, alias=None):
    return {"hostname": hostname, "port": port, "frequency": frequency, "alias": alias}


def declare(*servers, exact=False, lost=(), result=None, read=True, moved=None):
    """A repository hub with the remote a in the inventory, and what hub has registered."""
    hosts = {
        "hub": host(None, "10.0.0.9", ["powa_repositories"], powa_servers_exact=exact),
        "a": host("hub", "10.0.0.1", ["powa_remotes"]),
        "w": host(None, "10.0.0.7", ["powa_web"]),
    }
    declared = fleet(hosts, [("c", "hub", "10.0.0.8")], [("w", ["hub"], "10.0.0.7", True)])
    if moved:
        declared["remotes"]["a"]["server"]["renamed_from"] = moved
    repository = {"servers": [registered("10.0.0.1", alias="a"), *servers]}
    facts = {"hub": seen(repository=repository if read else None), "c": seen()}
    results = {"hub": {"__repository_registered": result or {}}, "a": {"powa_monitoring_password": "new"}}
    return run(declared, facts, lost, **results)


@pytest.mark.parametrize(
    ("declared", "lines"),
    [
        (declare(), []),
        (declare(registered("gone")), [GONE]),
        (declare(registered("gone"), registered("gone", 5433)), [GONE, OTHER]),
        (declare(registered("gone", frequency=-1)), []),
        # It has another address now.
        (declare(registered("gone"), moved={"hostname": "gone", "port": 5432}), []),
        # This run disables what was declared, and leaves alone what somebody else has registered.
        (declare(registered("gone"), exact=True, result={"others": []}), []),
        (declare(registered("gone", alias="byhand"), exact=True, result={"others": ["byhand"]}), [GONE]),
        (declare(registered("gone"), exact=True, result={"others": ["gone:5432"]}), [GONE]),
        # It disables nothing.
        (declare(registered("gone"), exact=True, result={"others": []}, lost=["a"]), [GONE]),
        (declare(registered("gone"), exact=True), [GONE]),
        (declare(registered("gone"), result={"others": []}), [GONE]),
        # Nobody knows what is registered.
        (declare(read=False), [GONE, OTHER]),
    ],
)
def test_what_stays(declared, lines):
    assert unlisted_lines(declared, ["hub"], PRESENT) == lines
    assert keeps_unlisted(declared, ["hub"]) is bool(lines)


def test_a_collector_without_a_repository_keeps_what_it_has():
    assert unlisted_lines(declare(), [""], PRESENT) == [LISTED, GONE, OTHER]


def test_the_files_of_the_collector_and_of_powa_web():
    declared = declare(registered("gone"))
    for name, path in (("c", "/etc/powa-collector.pgpass"), ("w", "/etc/powa-web/pgpass")):
        text = password_files(declared, name, "Managed", present={path: PRESENT})[path]
        assert text == "# Managed\n10.0.0.1:5432:*:powa_monitor:new\n{0}\n".format(GONE)
    declared.fleet["web"]["w"]["remote_access"] = False
    assert web_repositories(declared, "w") == []
    text = password_files(declared, "w", "Managed", present={"/etc/powa-web/pgpass": PRESENT})["/etc/powa-web/pgpass"]
    assert text == "# Managed\n"


def limited(moved_to=None, renamed=False, taken=False):
    """A run without the remote b, which has another repository or another address than what hub has registered."""
    hosts = {
        "hub": host(None, "10.0.0.9", ["powa_repositories"]),
        "hub2": host(None, "10.0.0.10", ["powa_repositories"]),
        "a": host("hub", "10.0.0.1", ["powa_remotes"]),
        "b": host(moved_to or "hub", "new" if renamed else "gone", ["powa_remotes"]),
    }
    web = [("w", ["hub", "hub2"], "10.0.0.7", True)]
    hosts["w"] = host(None, "10.0.0.7", ["powa_web"])
    declared = fleet(hosts, [("c", "hub", "10.0.0.8")], web, run=["hub", "a", "c", "w", *(["b"] if taken else [])])
    if renamed:
        declared["remotes"]["b"]["server"]["renamed_from"] = {"hostname": "gone", "port": 5432}
    facts = {"hub": seen(repository={"servers": [registered("10.0.0.1"), registered("gone")]})}
    facts["hub2"] = seen(repository={"servers": []})
    passwords = {name: {"powa_monitoring_password": "new"} for name in ("a", "b")}
    return run(declared, facts, **passwords)


@pytest.mark.parametrize("change", [{"moved_to": "hub2"}, {"renamed": True}])
def test_what_the_repository_collects_from_until_a_run_with_the_remote(change):
    assert unlisted_lines(limited(**change), ["hub"], PRESENT) == [GONE]
    assert unlisted_lines(limited(**change, taken=True), ["hub"], PRESENT) == []


def test_a_line_is_there_once_for_powa_web_with_both_repositories():
    declared = limited(moved_to="hub2")
    assert unlisted_lines(declared, ["hub", "hub2"], PRESENT) == []
    text = password_files(declared, "w", "Managed", present={"/etc/powa-web/pgpass": PRESENT})["/etc/powa-web/pgpass"]
    assert text.count("gone:5432:") == 1


def test_a_password_with_what_ends_a_line_for_python():
    odd = "gone:5432:*:powa_monitor:form\x0cfeed\u2028and\x85more"
    assert unlisted_lines(declare(registered("gone")), ["hub"], "# Managed\n{0}\n".format(odd)) == [odd]
