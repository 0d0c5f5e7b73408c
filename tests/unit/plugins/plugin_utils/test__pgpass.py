# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of a password file: the escaping is that of libpq, a backslash before a colon or a backslash."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.filter import pgpass as pgpass_filter
from ansible_collections.pgfleet.powa.plugins.filter import pgpass_entry as pgpass_entry_filter
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._pgpass import password_file, pgpass_entry


def login(**changes):
    return {"host": "db1", "port": 5432, "user": "powa_monitor", "password": "secret", **changes}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "db1:5432:*:powa_monitor:secret"),
        ({"database": "powa", "port": "6432"}, "db1:6432:powa:powa_monitor:secret"),
        ({"database": "*"}, "db1:5432:*:powa_monitor:secret"),
        ({"password": "a:b\\c"}, "db1:5432:*:powa_monitor:a\\:b\\\\c"),
        ({"host": "fd00::1", "user": "a:b"}, "fd00\\:\\:1:5432:*:a\\:b:secret"),
        ({"host": "/var/run/postgresql"}, "/var/run/postgresql:5432:*:powa_monitor:secret"),
        ({"password": 12345}, "db1:5432:*:powa_monitor:12345"),
        ({"password": " spaces # stay "}, "db1:5432:*:powa_monitor: spaces # stay "),
    ],
)
def test_a_login_is_one_line(changes, line):
    assert password_file([login(**changes)]) == line + "\n"
    assert pgpass_entry(login(**changes))["line"] == line


def test_a_file_has_its_logins_in_their_order():
    assert password_file([login(), login(host="db2")]).splitlines() == [
        "db1:5432:*:powa_monitor:secret",
        "db2:5432:*:powa_monitor:secret",
    ]


@pytest.mark.parametrize("logins", [[], None])
def test_a_file_without_logins_is_empty(logins):
    assert password_file(logins) == ""


def test_an_entry_says_how_all_lines_of_its_server_begin():
    assert pgpass_entry(login(host="fd00::1"))["begins"] == "fd00\\:\\:1:5432:"


@pytest.mark.parametrize("changes", [{"password": "a\nb"}, {"password": "a\r"}, {"user": "powa_\nmonitor"}])
def test_a_line_break_is_refused_and_the_password_is_not_repeated(changes):
    with pytest.raises(PowaError) as caught:
        password_file([login(**changes)])
    user = "powa_ monitor" if "user" in changes else "powa_monitor"
    assert str(caught.value) == (
        "login of {0} to db1: found a line break in its password or name, expected one line, because a password file"
        " holds one line for each login: choose another password or name".format(user)
    )


@pytest.mark.parametrize(
    ("password", "found"),
    [("a\0b", "a zero byte in its password or name, expected none"), ("\ud800", "a lone surrogate in its password or")],
)
def test_what_no_password_file_can_hold(password, found):
    with pytest.raises(PowaError) as caught:
        password_file([login(password=password)])
    assert str(caught.value).startswith("login of powa_monitor to db1: found " + found)


def test_the_filters_return_the_same_and_refuse_the_same():
    as_file = pgpass_filter.FilterModule().filters()["pgpass"]
    as_entry = pgpass_entry_filter.FilterModule().filters()["pgpass_entry"]
    assert as_file([login()]) == password_file([login()]) and as_entry(login()) == pgpass_entry(login())
    broken = login(password="a\nb")
    for refused in (lambda: as_file([broken]), lambda: as_entry(broken)):
        with pytest.raises(AnsibleFilterError, match="found a line break"):
            refused()
