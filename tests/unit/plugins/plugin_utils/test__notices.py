# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the doctor and the report send, and what is said of something that was not sent."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.doctor_notice import notice as filtered_doctor
from ansible_collections.pgfleet.powa.plugins.filter.report_notice import notice as filtered_report
from ansible_collections.pgfleet.powa.plugins.filter.unsent import unsent as filtered
from ansible_collections.pgfleet.powa.plugins.plugin_utils._doctor_files import found_json
from ansible_collections.pgfleet.powa.plugins.plugin_utils._notices import (
    doctor_notice,
    report_notice,
    unsent,
    wrong_webhooks,
)

LINE = "POWA CRITICAL - 1 servers, 1 problem: 1 snapshot_late"
FINDINGS = {
    "state": {"code": 2, "word": "CRITICAL", "line": LINE + " | problems=1;0;;0"},
    "problems": [{"server": "one", "problem": "it is late", "kind": "snapshot_late"}],
    "servers": [],
    "not_visible": [],
    "table": ["server", "one"],
    "text": ["one: it is late"],
    "not_visible_text": [],
}
SENT = {"msg": "Mail sent successfully", "result": {}, "changed": False}
POSTED = {"status": 204, "msg": "OK (0 bytes)"}
MAIL = {"powa_mail_host": "mail", "powa_mail_port": 25}
WEBHOOK = "https://me:p4ss@chat.example.com/hooks/s3cret?key=k3y"


def test_what_the_doctor_sends() -> None:
    notice = doctor_notice(FINDINGS, {"powa_doctor_notify": "problems"}, 0)
    assert notice["due"] and notice["subject"] == LINE
    assert notice["text"] == "server\none\n\none: it is late"
    assert notice["content"] == found_json(FINDINGS, 0) and json.loads(notice["content"])["state"]["code"] == 2
    assert filtered_doctor(FINDINGS, {"powa_doctor_notify": "problems"}, 0) == notice


@pytest.mark.parametrize(("notify", "due"), [("problems", False), ("always", True)])
def test_without_problems(notify: str, due: bool) -> None:
    assert doctor_notice({**FINDINGS, "problems": []}, {"powa_doctor_notify": notify}, 0)["due"] is due


def test_what_the_report_sends() -> None:
    variables = {"powa_report_title": "Ours", "powa_report_range": "1 day", "powa_report_file": "r.html"}
    notice = report_notice(FINDINGS, variables)
    assert notice["due"] and notice["subject"] == "Ours: " + LINE and notice["file"] == "r.html"
    assert notice["text"] == "The report is attached. Its graphs show 1 day, or as much of it as has data."
    assert filtered_report(FINDINGS, variables) == notice


@pytest.mark.parametrize(
    ("mail", "post"),
    [({}, {}), (SENT, POSTED), ({}, POSTED), (SENT, {"skipped": True}), ({"skipped": True, "msg": "a"}, {})],
)
def test_nothing_is_wrong(mail: Dict[str, Any], post: Dict[str, Any]) -> None:
    assert unsent(mail, post, MAIL, WEBHOOK, "") == [] == filtered(mail, post, MAIL, WEBHOOK)


@pytest.mark.parametrize(
    ("mail", "post", "reasons"),
    [
        ({"failed": True, "rc": 1, "msg": "Helo failed"}, POSTED, ["Helo failed"]),
        ({"failed": True, "msg": "MODULE FAILURE", "module_stderr": "Traceback\n  File\nrefused\n"}, {}, ["refused"]),
        ({"msg": "Failed to send mail to at least one recipient", "result": {"a": [550]}}, {}, ["at least one"]),
        ({"failed": True}, {}, ["no reason is known"]),
        (SENT, {"status": 500, "msg": "Status code was 500"}, ["Status code was 500"]),
        (
            {"failed": True, "msg": "a"},
            {
                "status": -1,
                "msg": "Request failed: {0}, not /hooks/s3cret?key=k3y: me, p4ss, t0ken, s3cret".format(WEBHOOK),
            },
            ["a", "Request failed: ..., not /...?...: ..., ..., ..., ..."],
        ),
    ],
)
def test_why_something_was_not_sent(mail: Dict[str, Any], post: Dict[str, Any], reasons: List[str]) -> None:
    sentences = unsent(mail, post, MAIL, WEBHOOK, "t0ken")
    assert len(sentences) == len(reasons)
    for sentence, reason in zip(sentences, reasons):
        assert reason in sentence
        assert sentence.startswith(("the mail over mail:25 (", "the message to the webhook at chat.example.com ("))


def test_no_part_of_an_address_is_said_as_a_server_reads_it() -> None:
    webhook = "https://us%40er:p%2F4ss@chat.example.com/hooks/T0000001/a%20s%C3%A9cret?key=a+long+k%33y"
    said = "not found: /hooks/T0000001, a s\u00e9cret, a%20s%C3%A9cret, T0000001, us@er, us%40er, p/4ss, a long k3y"
    (sentence,) = unsent({}, {"status": 404, "msg": said}, MAIL, webhook, "")
    assert "(not found: /hooks/..., ..., ..., ..., ..., ..., ..., ...)" in sentence


@pytest.mark.parametrize(
    ("webhook", "accepted"),
    [
        ("", True),
        (WEBHOOK, True),
        ("http://[::1]:8080/a", True),
        ("chat.example.com/hooks/s3cret", False),
        ("ftp://chat.example.com/s3cret", False),
        ("https:///s3cret", False),
        ("https://[chat.example.com/s3cret", False),
        ("https://chat.example.com:s3cret/", False),
    ],
)
def test_an_address_of_a_webhook(webhook: str, accepted: bool) -> None:
    problems = wrong_webhooks({"powa_doctor_webhook": webhook})
    assert (problems == []) is accepted and "s3cret" not in "".join(problems)
    assert accepted or problems[0].startswith("powa_doctor_webhook is not the address of a webhook: set it to one")
