# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of the objects of a datasource."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions import names
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import SUFFIXES


def test_a_name():
    assert names.object_name("locks", names.HISTORY) == "powa_locks_history"


def test_the_functions_that_the_registry_may_have():
    assert names.function_names("a") == [
        "powa_a_snapshot",
        "powa_a_aggregate",
        "powa_a_purge",
        "powa_a_reset",
        "powa_a_unregister",
    ]


def test_the_longest_name_just_fits():
    suffixes = [suffix for kind in SUFFIXES.values() for suffix in kind]
    lengths = [len(names.object_name("n" * names.MAX_NAME_LENGTH, suffix)) for suffix in suffixes]
    assert max(lengths) == names.MAX_IDENTIFIER_BYTES == 63


def test_no_two_objects_of_a_datasource_have_one_name():
    suffixes = [suffix for kind in SUFFIXES.values() for suffix in kind]
    assert len(suffixes) == len(set(suffixes))
