# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in files of certificates and keys, and whether OpenSSL takes it."""

from __future__ import annotations

import ssl
import time
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional

#: What can be wrong. Anything else is what OpenSSL says.
NO_CERTIFICATE, NO_KEY = "no certificate", "no key"
EXPIRED, NOT_YET_VALID = "expired", "not yet valid"
PASSPHRASE, OTHER_KEY = "passphrase", "other key"

#: What the library says for a key of another certificate. For a file that holds no key it has no word.
_MISMATCH = "KEY_VALUES_MISMATCH"
_UNREADABLE = (None, "NO_START_LINE", "UNSUPPORTED", "BAD_BASE64_DECODE")


class Found(NamedTuple):
    """What a file holds.

    :param problem: what is wrong with it, or an empty text
    :param date: when it becomes valid, or else when it expires, or an empty text
    :param name: the common name of the certificate's owner, or an empty text
    """

    problem: str
    date: str = ""
    name: str = ""


class _NoPassphrase(Exception):
    """A key is encrypted."""


def read_authorities(file: str) -> Found:
    """Return what a file of certificate authorities holds. One that is valid is enough."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(file)
    except ssl.SSLError:
        return Found(NO_CERTIFICATE)
    found = [_dated(certificate) for certificate in context.get_ca_certs()]
    # A server's own certificate may stand for an authority, and is no part of this list.
    return min(found, key=lambda each: (bool(each.problem), each.date), default=Found(""))


def read_certificate(file: str) -> Found:
    """Return what the first certificate of a file is, which is the one that the program shows."""
    decode = _decoder()
    if decode is None:
        return Found("")
    try:
        certificate = decode(file)
    except ssl.SSLError:
        return Found(NO_CERTIFICATE)
    names = [value for part in certificate["subject"] for key, value in part if key == "commonName"]
    return _dated(certificate)._replace(name=names[-1] if names else "")


def key_problem(certificate: str, key: str) -> str:
    """Return why a key cannot be used with a certificate, or an empty text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_cert_chain(certificate, key, password=_refuse)
    except _NoPassphrase:
        return PASSPHRASE
    except ssl.SSLError as error:
        if error.reason in _UNREADABLE:
            return NO_KEY
        return OTHER_KEY if error.reason == _MISMATCH else error.reason.replace("_", " ").lower()
    return ""


def _refuse() -> str:
    raise _NoPassphrase


def _decoder() -> Optional[Callable[[str], Dict[str, Any]]]:
    """Return Python's only function that reads a certificate without a connection, if it has it: it is not public."""
    found: Optional[Callable[[str], Dict[str, Any]]] = getattr(getattr(ssl, "_ssl", None), "_test_decode_cert", None)
    return found


def _dated(certificate: Mapping[str, Any]) -> Found:
    now = time.time()
    for problem, name, wrong in (
        (NOT_YET_VALID, "notBefore", lambda seconds: seconds > now),
        (EXPIRED, "notAfter", lambda seconds: seconds <= now),
    ):
        if wrong(ssl.cert_time_to_seconds(certificate[name])):
            return Found(problem, _text(certificate[name]))
    return Found("", _text(certificate["notAfter"]))


def _text(date: str) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(ssl.cert_time_to_seconds(date)))
