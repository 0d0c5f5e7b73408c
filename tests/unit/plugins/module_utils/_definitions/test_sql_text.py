# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a statement ends in what users paste."""

from __future__ import annotations

import time

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.sql_text import clean_sql


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (" SELECT 1 ; ", "SELECT 1"),
        ("SELECT 1;;\n", "SELECT 1"),
        ("SELECT 1; -- done", "SELECT 1"),
        ("SELECT 1; -- done;\n", "SELECT 1"),
        ("SELECT 1; /* a; /* b; */ c */ ; --", "SELECT 1"),
        ("SELECT 1 /* never ends;", "SELECT 1 /* never ends"),
        ("SELECT 1; /* never ends", "SELECT 1"),
        ("SELECT 1 -- done", "SELECT 1 -- done"),
        ("SELECT 1 -- done\n; -- and done", "SELECT 1 -- done"),
        ("SELECT 1; SELECT 2; -- x", "SELECT 1; SELECT 2"),
        ("SELECT ';--'; -- x", "SELECT ';--'"),
        ("SELECT ';--", "SELECT ';--"),
        ("SELECT 'it''s;'; -- x", "SELECT 'it''s;'"),
        (r"SELECT E'\';'; -- x", r"SELECT E'\';'"),
        (r"SELECT '\'; -- x", r"SELECT '\'"),
        ("SELECT name'a\\'; -- x", "SELECT name'a\\'"),
        ('SELECT 1 AS "a"";--"; -- x', 'SELECT 1 AS "a"";--"'),
        ("SELECT $$;--$$; -- x", "SELECT $$;--$$"),
        ("SELECT $a$;$$--$a$; -- x", "SELECT $a$;$$--$a$"),
        ("SELECT $a$; -- x", "SELECT $a$; -- x"),
        ("SELECT a$b$, ';'; -- $b$", "SELECT a$b$, ';'"),
        ("SELECT 5 * /* ; */ 2", "SELECT 5 * /* ; */ 2"),
        (" ; ", ""),
        ("; -- x", ""),
        ("", ""),
    ],
)
def test_what_follows_a_statement_is_stripped(text, cleaned):
    assert clean_sql(text) == cleaned
    assert clean_sql(cleaned) == cleaned


@pytest.mark.parametrize("text", ["'" + "''" * 200_000 + "'a", "/*" * 200_000, "$a" * 200_000, "x;" * 100_000 + "y"])
def test_long_texts_take_no_time(text):
    started = time.monotonic()
    clean_sql(text)
    assert time.monotonic() - started < 5
