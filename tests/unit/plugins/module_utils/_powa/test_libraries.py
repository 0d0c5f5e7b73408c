# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The libraries that a server loads at its start."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.libraries import (
    join_list,
    library_name,
    read_libraries,
    split_list,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


def read(loaded, configured):
    return read_libraries(Recorder({"shared_preload_libraries": [(loaded, configured)]}))


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        ("", []),
        ("powa", ["powa"]),
        ("pg_stat_statements, powa", ["pg_stat_statements", "powa"]),
        (' "pg_qualstats" ,powa', ["pg_qualstats", "powa"]),
        ("$libdir/powa", ["powa"]),
        ("/usr/lib/postgresql/powa.so", ["powa"]),
        ('"$libdir/powa.so"', ["powa"]),
        ("powa,,", ["powa"]),
    ],
)
def test_a_library_by_any_of_its_names(setting, names):
    assert read(setting, None).loaded == names


def test_what_a_restart_would_load():
    found = read("powa", "powa,pg_stat_kcache")
    assert (found.loaded, found.configured) == (["powa"], ["powa", "pg_stat_kcache"])


def test_without_the_files_what_is_loaded_counts_as_configured():
    assert read("powa", None).configured == ["powa"]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("", []),
        (" \t", []),
        ("powa", ["powa"]),
        (" a b ,\n c ", ["a b", "c"]),
        ('"pg_stat_statements", "auto_explain"', ["pg_stat_statements", "auto_explain"]),
        ('"a,b" , c', ["a,b", "c"]),
        ('"a""b"', ['a"b']),
        ('""', [""]),
        ('a"b', ['a"b']),
        ("*", ["*"]),
    ],
)
def test_a_list_is_split_as_postgresql_does(text, entries):
    assert split_list(text) == entries
    assert split_list(join_list(entries)) == entries


@pytest.mark.parametrize("text", [",", "a,", "a,,b", ",a", '"a', '"a"b', '"a" "b"', 'a, "'])
def test_a_list_that_postgresql_refuses(text):
    assert split_list(text) is None


def test_an_entry_is_quoted_only_if_it_has_to_be():
    assert join_list(["pg_stat_statements", "$libdir/a b", "a,b", ' a"', ""]) == (
        'pg_stat_statements,$libdir/a b,"a,b"," a""",""'
    )


def test_the_name_of_a_library():
    assert [library_name(entry) for entry in ("powa", "$libdir/powa", "/usr/lib/powa.so", "a.b")] == (
        ["powa", "powa", "powa", "a.b"]
    )
