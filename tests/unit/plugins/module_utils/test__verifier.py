# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords are compared as PostgreSQL compares them; the integration test has real verifiers of every server."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._verifier import encryption_of, is_password, prepared
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._logins.roles import MD5_PENCIL, SCRAM_PENCIL


@pytest.mark.parametrize(
    ("verifier", "kind"),
    [
        (SCRAM_PENCIL, "scram-sha-256"),
        (MD5_PENCIL, "md5"),
        ("md5tooshort", None),
        ("", None),
        (None, None),
        ("plain", None),
    ],
)
def test_the_kind_of_what_is_stored(verifier, kind):
    assert encryption_of(verifier) == kind


@pytest.mark.parametrize("verifier", [SCRAM_PENCIL, MD5_PENCIL])
def test_the_right_password_and_wrong_ones(verifier):
    assert is_password("pencil", verifier, "one")
    for wrong in ("", "Pencil", "pencil "):
        assert not is_password(wrong, verifier, "one")


def test_an_md5_sum_is_that_of_one_role():
    assert not is_password("pencil", MD5_PENCIL, "two")


@pytest.mark.parametrize(
    "verifier",
    [
        None,
        "plain",
        "SCRAM-SHA-256$",
        "SCRAM-SHA-256$4096:AAEC",
        "SCRAM-SHA-256$x:AAEC$AAEC:AAEC",
        "SCRAM-SHA-256$4096:!$AAE:AAEC",
        "SCRAM-SHA-256$0:AAEC$AAEC:AAEC",
        # A role may store what would keep a task busy for an hour.
        SCRAM_PENCIL.replace("4096", "2000000000"),
    ],
)
def test_what_no_server_would_accept_is_no_password(verifier):
    assert not is_password("pencil", verifier, "one")


@pytest.mark.parametrize(
    ("password", "hashed"),
    [
        ("a\tb\x7f ", "a\tb\x7f "),
        ("ﬁ\u00a0ａ", "fi a"),
        ("so\u00adft", "soft"),
        ("e\u0301", "\u00e9"),
        ("zero\u200bwidth ü", "zero width ü"),
        # SASLprep refuses these, and what is hashed is the text itself.
        ("\u200d", "\u200d"),
        ("ü\u0007", "ü\u0007"),
        ("\u1e9eﬁ", "\u1e9eﬁ"),
        ("a\u0627ﬁ", "a\u0627ﬁ"),
        ("\u06271ﬁ", "\u06271ﬁ"),
        ("\u06271\u0628", "\u06271\u0628"),
    ],
)
def test_what_is_hashed_for_a_password(password, hashed):
    assert prepared(password) == hashed.encode()


def test_a_host_that_has_no_md5_finds_no_password_right(monkeypatch):
    def refuse(_text):
        raise ValueError("disabled for FIPS")

    monkeypatch.setattr("hashlib.md5", refuse)
    assert not is_password("x", "md5" + "0" * 32, "one")
