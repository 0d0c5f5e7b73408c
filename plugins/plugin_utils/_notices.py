# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the doctor and the report send by mail and to a webhook, and why something was not sent."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Set
from urllib.parse import unquote, unquote_plus, urlsplit

from ansible_collections.pgfleet.powa.plugins.plugin_utils._doctor_files import found_json

#: A shorter part of a webhook's address is no secret, and may be part of any word.
_SECRET_LENGTH = 6


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
        "text": "The report is attached. Its graphs show {0}, or as much of it as has data.".format(
            variables["powa_report_range"]
        ),
        "content": "",
        "content_type": "text/html; charset=utf-8",
        "file": variables["powa_report_file"],
    }


def wrong_webhooks(webhooks: Mapping[str, str]) -> List[str]:
    """Return which variables have no address of a webhook, a sentence each, without what they have.

    :param webhooks: the addresses by their variables, empty where there is no webhook
    """
    return [
        "{0} is not the address of a webhook: set it to one such as https://chat.example.com/hooks/a".format(name)
        for name, webhook in webhooks.items()
        if webhook and not _is_address(webhook)
    ]


def _is_address(text: str) -> bool:
    try:
        address = urlsplit(text)
        # Reading the port raises an error if it is none.
        return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        return False


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
    yield "the message to the webhook at {0} ({1}): correct its address or powa_webhook_token".format(
        urlsplit(webhook).hostname, _without({token, *_secrets(webhook)}, _reason(result))
    )


def _secrets(webhook: str) -> Set[str]:
    """Return what nobody may see of an address, as it is there and as a server reads it."""
    address = urlsplit(webhook)
    parts = [part for part in re.split("[/&=]", address.path + "/" + address.query) if len(part) >= _SECRET_LENGTH]
    raw = [webhook, address.username or "", address.password or "", address.path.strip("/"), address.query, *parts]
    return {form for text in raw for form in (text, unquote(text), unquote_plus(text))}


def _reason(result: Mapping[str, Any]) -> str:
    """Return why a module has failed, which older Ansibles say at the end of a traceback only."""
    text = str(result.get("module_stderr") or result.get("msg") or "no reason is known").strip()
    return text.splitlines()[-1]


def _without(secrets: Iterable[str], text: str) -> str:
    # The longest first, of which a shorter one may be a part.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "...")
    return text


def _subject(findings: Mapping[str, Any]) -> str:
    """Return the line of the state without its performance data."""
    return str(findings["state"]["line"]).split(" | ", maxsplit=1)[0]
