# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the doctor and the report send by mail and to a webhook, and why something was not sent."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Sequence
from urllib.parse import urlsplit

from ansible_collections.pgfleet.powa.plugins.plugin_utils._doctor_files import found_json


def doctor_notice(findings: Mapping[str, Any], variables: Mapping[str, Any], now: float) -> Dict[str, Any]:
    """Return what the doctor sends, if it is C(due): C(subject) and C(text) of a mail, and C(content) for a webhook.

    :param findings: the result of C(diagnose)
    :param variables: those of the doctor
    :param now: seconds since 1970
    """
    parts = [findings["table"], findings["text"], findings["not_visible_text"]]
    return {
        "due": variables["powa_doctor_notify"] == "always" or bool(findings["problems"]),
        "subject": _subject(findings),
        "text": "\n\n".join("\n".join(lines) for lines in parts if lines),
        "content": found_json(findings, now),
        "content_type": "application/json",
        "file": "",
    }


def report_notice(findings: Mapping[str, Any], variables: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what the report sends, as C(doctor_notice) does. The C(file) is attached to a mail."""
    return {
        "due": True,
        "subject": "{0}: {1}".format(variables["powa_report_title"], _subject(findings)),
        "text": "The report is attached. Its graphs show {0}.".format(variables["powa_report_range"]),
        "content": "",
        "content_type": "text/html; charset=utf-8",
        "file": variables["powa_report_file"],
    }


def unsent(
    mail: Mapping[str, Any], post: Mapping[str, Any], variables: Mapping[str, Any], webhook: str, token: str
) -> List[str]:
    """Return why something was not sent, a sentence each, without the address and the token of the webhook.

    :param mail: the result of community.general.mail, or nothing if there is no mail
    :param post: the result of ansible.builtin.uri, or nothing if there is no webhook
    """
    return [*_of_mail(mail, variables), *_of_post(post, webhook, token)]


def _of_mail(result: Mapping[str, Any], variables: Mapping[str, Any]) -> Iterator[str]:
    # Its result names the recipients that were refused, which the module does not call a failure.
    if not result or result.get("skipped") or result.get("result") == {}:
        return
    yield "the mail over {0}:{1} ({2}): correct powa_mail_host, powa_mail_port, powa_mail_secure or the login".format(
        variables["powa_mail_host"], variables["powa_mail_port"], _reason(result)
    )


def _of_post(result: Mapping[str, Any], webhook: str, token: str) -> Iterator[str]:
    if not result or result.get("skipped") or 200 <= result.get("status", -1) < 300:
        return
    address = urlsplit(webhook)
    hidden = [webhook, token, address.password or "", address.path.strip("/"), address.query]
    yield "the message to the webhook at {0} ({1}): correct its address or powa_webhook_token".format(
        address.hostname, _without(hidden, _reason(result))
    )


def _reason(result: Mapping[str, Any]) -> str:
    """Return why a module has failed, which older Ansibles say at the end of a traceback only."""
    text = str(result.get("module_stderr") or result.get("msg") or "no reason is known").strip()
    return text.splitlines()[-1]


def _without(secrets: Sequence[str], text: str) -> str:
    for secret in secrets:
        if secret:
            text = text.replace(secret, "...")
    return text


def _subject(findings: Mapping[str, Any]) -> str:
    """Return the line of the state without its performance data."""
    return str(findings["state"]["line"]).split(" | ", maxsplit=1)[0]
