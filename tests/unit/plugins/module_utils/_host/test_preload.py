# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of shared_preload_libraries, and the files of its libraries."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.preload import (
    entries_of,
    join_list,
    library_name,
    read_libraries,
    split_list,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, write

LIB = "/usr/lib/postgresql/15/lib"


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


def test_the_entries_of_a_list_that_postgresql_refuses():
    assert entries_of('"powa", auto_explain,,') == ["powa", "auto_explain"]
    assert entries_of('a, "b') == ["a", "b"]


def test_the_files_of_libraries(tmp_path):
    for path in (LIB + "/powa.so", LIB + "/auto_explain.so", "/opt/lib/pg_cron.so", LIB + "/plugins/debugger.so"):
        write(tmp_path, path)
    host, _programs = host_of(tmp_path)
    texts = ["auto_explain, $libdir/powa", "/opt/lib/pg_cron, $libdir/powa.so", "$libdir/plugins/debugger", "pg_cron"]
    found = read_libraries(host, LIB, "$libdir", texts)
    assert {entry: path for entry, path in found.items() if path} == {
        "auto_explain": LIB + "/auto_explain.so",
        "powa": LIB + "/powa.so",
        "$libdir/powa": LIB + "/powa.so",
        "$libdir/powa.so": LIB + "/powa.so",
        "$libdir/plugins/debugger": LIB + "/plugins/debugger.so",
        "/opt/lib/pg_cron": "/opt/lib/pg_cron.so",
    }
    missing = ["pg_cron", "pg_qualstats", "pg_stat_kcache", "pg_stat_statements", "pg_wait_sampling"]
    assert sorted(entry for entry, path in found.items() if not path) == missing
    assert read_libraries(host, LIB, "/opt/lib:$libdir", texts)["pg_cron"] == "/opt/lib/pg_cron.so"
