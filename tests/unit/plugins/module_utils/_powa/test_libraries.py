# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The libraries that a server loads at its start."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.libraries import Libraries, read_libraries
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


def read(loaded, configured):
    may_read_files = configured is not None
    answers = {"pg_settings": [(loaded, may_read_files)], "seqno": [(configured,)] if configured else []}
    return read_libraries(Recorder(answers))


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
    assert read("powa", None).configured == read("powa", "").configured == ["powa"]


def test_a_role_that_does_not_see_the_setting():
    assert read(None, None) == Libraries([], [])
