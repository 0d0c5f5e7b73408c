# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.collector_log import (
    finish_log,
    last_message,
    start_log,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of

START = "2026-11-27 10:00:00,000 powa-collector: INFO   : Starting powa-collector..."
REFUSED = "2026-11-27 10:00:01,000 powa-collector: ERROR  : Error connecting: "
FATAL = 'connection to server at "127.0.0.1", port 5432 failed: FATAL:  password authentication failed'
NO_POWA = "2026-11-27 10:00:02,000 powa-collector: ERROR  : PoWA extension not found on repository server"
OF_A_SERVER = "2026-11-27 10:00:03,000 db1:5432: ERROR  : Error connecting on password=planted: x"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], ""),
        ([START], ""),
        ([START, REFUSED, FATAL], FATAL),
        ([REFUSED, FATAL, START], ""),
        ([START, REFUSED, FATAL, NO_POWA], "PoWA extension not found on repository server"),
        ([START, NO_POWA, REFUSED, FATAL], FATAL),
        ([START, OF_A_SERVER, "password=planted"], ""),
        ([START, REFUSED], ""),
    ],
)
def test_the_last_message_about_the_connection(lines, message):
    assert last_message("\n".join(lines) + "\n") == message


def test_the_log_is_read_only_when_it_is_wanted(tmp_path):
    host, programs = host_of(tmp_path, journalctl="\n".join([REFUSED, FATAL]))
    assert finish_log(host, start_log(host, False)) == "" and programs.calls == []
    assert finish_log(host, start_log(host, True)) == FATAL
    assert host.unseen.sentences == ()


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({}, "the host has no journalctl"),
        ({"journalctl": Answer(1, "", "")}, "journalctl failed"),
        ({"journalctl": Answer(1, "", "No journal files were opened due to insufficient permissions.\n")},
         "No journal files were opened due to insufficient permissions."),
        ({"journalctl": Answer(0, "", "Hint: You are currently not seeing messages from other users.\n  Users in\n")},
         "Hint: You are currently not seeing messages from other users. (run as root)"),
    ],
)  # fmt: skip
def test_a_log_that_cannot_be_read(tmp_path, answers, sentence):
    host, _programs = host_of(tmp_path, **answers)
    assert finish_log(host, start_log(host, True)) == ""
    assert host.unseen.sentences == ("the log of powa-collector: " + sentence,)
