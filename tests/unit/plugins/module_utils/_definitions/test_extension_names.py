# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extensions whose schema a query leaves open."""

from __future__ import annotations

import time

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.extension_names import (
    names_of_extensions,
    split_at_names,
    with_schemas,
)


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT 1", {}),
        ("SELECT * FROM {b}.f(), {a}.v, {b}.G($1), {b}.f", {"b": ["f", "g"], "a": ["v"]}),
        ('SELECT {uuid-ossp}.uuid_nil() AS "{c}"', {"uuid-ossp": ["uuid_nil"]}),
        ('SELECT {a}."Say ""it"" {b}.c"(), {a}.Ümlaut$1', {"a": ['Say "it" {b}.c', "Ümlaut$1"]}),
        ("SELECT 1 OPERATOR({a}.+) 2", {"a": [""]}),
        ("SELECT '{a}.b', E'\\'{a}', $${a}$$, $x${a}$x$ -- {a}\n/* {a} /* {a} */ {a} */", {}),
        ("SELECT E'a'\n  '\\'{a}' || E'a' '\\', {b}.f()", {"b": ["f"]}),
        ("SELECT '{}'::int[], {a b}.c, {}, {", {}),
        ("SELECT {a}.b, '{c}.d", {"a": ["b"]}),
        ("SELECT {a} .b, {c}", {"a": [""], "c": [""]}),
    ],
)
def test_which_ones_a_query_names_and_what_it_takes_from_them(sql, names):
    assert names_of_extensions(sql) == names


def test_their_schemas_are_filled_in():
    sql = "SELECT '{a}' FROM {a}.v JOIN {b}.w ON true -- {a}"
    assert with_schemas(sql, {"a": "public", "b": '"B C"', "c": "x"}) == (
        "SELECT '{a}' FROM public.v JOIN \"B C\".w ON true -- {a}"
    )
    assert with_schemas("SELECT 1", {}) == "SELECT 1"
    assert split_at_names(sql) == ["SELECT '{a}' FROM ", "a", ".v JOIN ", "b", ".w ON true -- {a}"]


@pytest.mark.parametrize(
    "text",
    [
        "{" * 200_000,
        "{a}" * 100_000,
        "{" + "a" * 200_000,
        "'{a}'" * 100_000,
        "E'{'" + "\n" * 200_000,
        "E'{'\n" * 100_000,
    ],
)
def test_long_texts_take_no_time(text):
    # Of the processor, which other tests may be using, too.
    started = time.process_time()
    names_of_extensions(text)
    assert time.process_time() - started < 5
