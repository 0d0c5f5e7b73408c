# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import ssl
import time

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host import x509
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.pki import (
    encrypt_key,
    make_authority,
    make_certificate,
)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    make_authority(folder)
    make_certificate(folder, "client", "powa_monitor")
    make_certificate(folder, "expired", "powa_monitor", days=0)
    encrypt_key(folder, "client")
    (folder / "text").write_text("nothing\n")
    (folder / "both.crt").write_text((folder / "expired.crt").read_text() + (folder / "ca.crt").read_text())
    return folder


def at(monkeypatch, seconds):
    then = time.time() + seconds
    monkeypatch.setattr(time, "time", lambda: then)


def test_a_certificate(pki):
    found = x509.read_certificate(str(pki / "client.crt"))
    assert (found.problem, found.name) == ("", "powa_monitor")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", found.date)


def test_certificates_that_are_not_valid_now(pki, monkeypatch):
    assert x509.read_certificate(str(pki / "expired.crt")).problem == x509.EXPIRED
    end = x509.read_certificate(str(pki / "client.crt")).date
    at(monkeypatch, 3 * 86400)
    assert x509.read_certificate(str(pki / "client.crt")) == (x509.EXPIRED, end, "powa_monitor")
    assert x509.read_authorities(str(pki / "ca.crt")).problem == x509.EXPIRED
    monkeypatch.undo()
    at(monkeypatch, -86400)
    found = x509.read_certificate(str(pki / "client.crt"))
    assert found.problem == x509.NOT_YET_VALID and found.date < end


def test_what_is_no_certificate(pki):
    for name in ("text", "client.key"):
        assert x509.read_certificate(str(pki / name)) == (x509.NO_CERTIFICATE, "", "")
        assert x509.read_authorities(str(pki / name)) == (x509.NO_CERTIFICATE, "", "")


def test_a_python_without_the_function_knows_nothing_of_a_certificate(pki, monkeypatch):
    monkeypatch.delattr(ssl._ssl, "_test_decode_cert")
    assert x509.read_certificate(str(pki / "expired.crt")) == ("", "", "")


def test_authorities(pki):
    assert x509.read_authorities(str(pki / "ca.crt")).problem == ""
    assert x509.read_authorities(str(pki / "both.crt")).problem == ""


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("client.key", ""),
        ("expired.key", x509.OTHER_KEY),
        ("encrypted.key", x509.PASSPHRASE),
        ("client.crt", x509.NO_KEY),
        ("text", x509.NO_KEY),
    ],
)
def test_keys(pki, key, problem):
    assert x509.key_problem(str(pki / "client.crt"), str(pki / key)) == problem
