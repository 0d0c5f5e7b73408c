# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module shows no secret of its parameters."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.quiet import (
    HIDDEN,
    QuietModule,
    secret_values,
    shown,
)

SPEC = {
    "servers": {"type": "list", "elements": "dict", "options": {"password": {"type": "str", "no_log": True}}},
    "connect_params": {"type": "dict", "default": {}},
    "name": {"type": "str"},
}


def test_lists_and_secret_parameters_of_a_connection_are_not_shown():
    connect = {"password": "x", "sslmode": "require", "options": "-c a=b", "dbname": "host=x password=y", "user": "u"}
    assert shown({"name": "n", "servers": [{}], "connect_params": connect}, SPEC) == {
        "name": "n",
        "connect_params": {
            "password": HIDDEN,
            "sslmode": "require",
            "options": HIDDEN,
            "dbname": HIDDEN,
            "user": "u",
        },
    }
    assert shown({"connect_params": None}, SPEC) == {"connect_params": None}
    # Ansible could not read it.
    for text in ("postgresql://u:x@h/db", ["password=x"]):
        assert shown({"connect_params": text}, SPEC) == {"connect_params": HIDDEN}


def test_what_is_no_option_is_not_shown():
    assert shown({"password": "x", "name": "n"}, {"name": {"type": "str"}}) == {"name": "n"}


def test_an_option_that_ansible_has_not_come_to_read_is_not_shown():
    spec = {"login_password": {"type": "str", "no_log": True}, "name": {"type": "str"}}
    assert shown({"login_password": "x", "name": "n"}, spec) == {"login_password": HIDDEN, "name": "n"}


@pytest.mark.parametrize(
    ("connect", "secrets"),
    [
        (None, set()),
        ({"host": "h", "password": ""}, set()),
        ({"password": 5}, {"5"}),
        ({"dsn": "host=h password=x"}, {"host=h password=x", "x"}),
        ({"dsn": "no such thing"}, {"no such thing"}),
        ({"dbname": "postgresql://u:x@h/d"}, {"postgresql://u:x@h/d"}),
    ],
)
def test_the_secrets_of_a_connection(connect, secrets):
    assert secret_values(connect) == secrets


def test_without_the_driver_the_whole_connection_string_is_a_secret(monkeypatch):
    monkeypatch.setattr(driver, "psycopg2", None)
    assert secret_values({"dsn": "host=h password=x"}) == {"host=h password=x"}


@pytest.fixture
def started(monkeypatch, capsys):
    """A function that makes a module, and one that returns what was logged and printed."""
    logged = []
    monkeypatch.setattr(QuietModule, "log", lambda _self, message, log_args=None: logged.append((message, log_args)))

    def start(**arguments):
        text = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", text)
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        return QuietModule(argument_spec=dict(SPEC))

    return start, lambda: str(logged) + capsys.readouterr().out


ARGUMENTS = {
    "servers": [{"password": "back\\slash planted"}],
    "connect_params": {"password": "planted too"},
    "name": "n",
}


def test_neither_the_journal_nor_a_result_has_a_secret(started):
    start, written = started
    module = start(**ARGUMENTS)
    with pytest.raises(SystemExit):
        module.exit_json(changed=False)
    text = written()
    assert "planted" not in text and "name" in text
    with pytest.raises(SystemExit):
        module.fail_json(msg="it says planted too")
    text = written()
    assert "planted" not in text and "it says" in text


def test_a_wrong_parameter_shows_no_other(started):
    start, written = started
    with pytest.raises(SystemExit):
        start(nix=1, **ARGUMENTS)
    assert "planted" not in written()
