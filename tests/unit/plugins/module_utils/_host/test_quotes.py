# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.quotes import fields_of, with_quotes, without_quotes
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._hba.examples import line


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", []),
        ("# host all", []),
        ("host all\t all # more", [[("host", False)], [("all", False)], [("all", False)]]),
        ('host "all",all', [[("host", False)], [("all", True), ("all", False)]]),
        ("a, b c", [[("a", False), ("b", False)], [("c", False)]]),
        ('"a, #b" c', [[("a, #b", True)], [("c", False)]]),
        ('"a""b"', [[('a"b', True)]]),
        # Only quotes at the beginning count.
        ('a"ll" +"b"', [[("all", False)], [("+b", False)]]),
        ('"a"ll ""', [[("all", True)], [("", True)]]),
        ("a#b", [[("a", False)]]),
        ("a ,b", [[("a", False)], [("b", False)]]),
        ('a,"', [[("a", False), ("", True)]]),
    ],
)
def test_the_fields_of_a_line(text, fields):
    assert fields_of(text) == fields


@pytest.fixture
def words(tmp_path):
    """Return the words of lines, whose file has a text."""

    def read(text, *lines):
        (tmp_path / "pg_hba.conf").write_bytes(text.encode())
        found = with_quotes(lines, lambda path: path.replace("/etc", str(tmp_path)))
        return [(each["databases"], each["users"]) for each in found]

    return read


def test_the_words_of_a_line(words):
    lines = [line("host all +a,b all trust", 2), line("host all powa all trust", 3)]
    assert words('# a\nhost "all" "+a",b all trust\nhost all "powa" all trust', *lines) == [
        (['"all"'], ['"+a"', "b"]),
        (["all"], ["powa"]),
    ]
    assert [without_quotes(word) for word in ('"all"', '"+a"', "all", '"', '"powa"')] == [
        "all",
        "+a",
        "all",
        '"',
        '"powa"',
    ]


def test_a_line_that_goes_on(words):
    text = 'host all \\\r\n "all" \\\n all trust\n'
    assert words(text, line("host all all all trust")) == [(["all"], ['"all"'])]


def test_what_the_file_does_not_say(words):
    there = line("host all all all trust")
    assert with_quotes([dict(there, file="/none/none")]) == [dict(there, file="/none/none")]
    assert words("host all all all trust", there) == [(["all"], ["all"])]
    # Words of another file, and a file that has changed since.
    assert words('host @dbs "all"', line("host all,b all all trust")) == [(["all", "b"], ['"all"'])]
    assert words('"x"', there, line("host all all all trust", 9)) == [(["all"], ["all"])] * 2
