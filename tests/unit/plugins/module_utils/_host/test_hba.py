# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.hba import hba_rules

ROW = {
    "line_number": 97,
    "type": "host",
    "database": ["powa"],
    "user_name": ["powa_monitor"],
    "address": "10.0.0.7",
    "netmask": "255.255.255.255",
    "auth_method": "scram-sha-256",
    "options": None,
    "error": None,
}


def test_a_rule_of_postgresql_13():
    assert hba_rules([ROW], "/etc/pg_hba.conf") == [
        {
            "file": "/etc/pg_hba.conf",
            "line": 97,
            "type": "host",
            "databases": ["powa"],
            "users": ["powa_monitor"],
            "address": "10.0.0.7",
            "netmask": "255.255.255.255",
            "method": "scram-sha-256",
            "options": [],
            "error": None,
        }
    ]


def test_a_rule_of_an_included_file_of_postgresql_16():
    (rule,) = hba_rules([dict(ROW, rule_number=1, file_name="/etc/more.conf")], "/etc/pg_hba.conf")
    assert rule["file"] == "/etc/more.conf"


def test_a_line_with_an_error():
    row = dict.fromkeys(ROW)
    (rule,) = hba_rules([dict(row, line_number=3, error='invalid connection type "hots"')], "/f")
    assert (rule["type"], rule["databases"], rule["users"], rule["options"]) == (None, [], [], [])
    assert (rule["line"], rule["error"]) == (3, 'invalid connection type "hots"')


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("ldapbindpasswd=planted=x", "ldapbindpasswd=********"),
        ('radiussecrets="planted"', "radiussecrets=********"),
        ("ldapserver=ldap.example.com", "ldapserver=ldap.example.com"),
        ("odd", "odd"),
    ],
)
def test_passwords_of_options_are_hidden(option, shown):
    assert hba_rules([dict(ROW, options=[option])], "/f")[0]["options"] == [shown]


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ('could not parse RADIUS secret list "planted"', 'could not parse RADIUS secret list "********"'),
        # From a line with ldapbindpasswd= planted.
        (
            "authentication option not in name=value format: planted",
            "authentication option not in name=value format: ********",
        ),
        (
            'could not parse LDAP URL "http://u:planted@host/dc=x": Time limit exceeded',
            'could not parse LDAP URL "http://********@host/dc=x": Time limit exceeded',
        ),
        ('unsupported LDAP URL scheme: "http://host"', 'unsupported LDAP URL scheme: "http://host"'),
    ],
)
def test_passwords_of_errors_are_hidden(error, shown):
    assert hba_rules([dict(ROW, error=error)], "/f")[0]["error"] == shown
