# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of any kind, in messages and in databases."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core import texts


@pytest.mark.parametrize(
    ("sentence", "line"),
    [
        ("it's here", "it's here"),
        ("a\nb\r\n\0", "a\\nb\\r\\n\\x00"),
        ("\ud800 \u2028 \x85 é€", "\\ud800 \\u2028 \\x85 é€"),
    ],
)
def test_a_sentence_is_one_line(sentence, line):
    assert texts.shown(sentence) == line


def test_a_long_sentence_keeps_its_beginning_and_its_advice():
    line = texts.shown("server " + "x" * 10_000_000 + ": rename it")
    assert line.startswith("server xxx") and line.endswith("xxx: rename it")
    assert " [9998018 characters cut] " in line and len(line) < 2_100
    assert texts.shown("x" * 2000) == "x" * 2000


def test_many_problems_are_counted():
    assert texts.listed(["a", "b", "c"], 3) == ["a", "b", "c"]
    assert texts.listed(["a\n", "b", "c"], 1) == ["a\\n", "and 2 more"]


def test_many_names_are_counted():
    assert texts.some(["a", "b"]) == "a, b"
    assert texts.some([str(number) for number in range(1000)]).endswith(", 28, 29 and 970 more")


def test_what_no_server_can_store_is_found_at_any_depth():
    params = {"a": "x\0", "b": [{"c": "\ud800"}, "fine"], "d": {"e\0": 1}, "f": ("\udfff",), "g": 5, "h": None}
    assert list(texts.unstorable_texts(params)) == [
        ("a", "x\0"),
        ("b[0].c", "\ud800"),
        ("d (a name in it)", "e\0"),
        ("f[0]", "\udfff"),
    ]


def test_what_an_encoding_does_not_have():
    assert list(texts.unstorable_in({"a": "é", "b": ["5 €"]}, "iso8859_1")) == [("b[0]", "5 €")]
    assert texts.character_not_in("é 5 € ☺", "iso8859_1") == "€"


@pytest.mark.parametrize("field", ["password", "servers[0].password", "connect_params.password", "files[3].content"])
def test_secrets_are_not_shown(field):
    assert texts.found_text(field, "secret\0") == "a value that is hidden here"


def test_other_texts_are():
    assert texts.found_text("servers[0].alias", "é\0") == "'\\xe9\\x00'"
