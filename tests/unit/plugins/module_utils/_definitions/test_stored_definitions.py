# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The definitions that a server stores, and what strangers have made in their place."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions import stored_definitions
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5, stored_text
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


def read(functions, archivist=POWA_4):
    return stored_definitions.read_definitions(Recorder({"pg_proc": functions}), archivist)


def test_all_definitions_of_a_server():
    plain = "pgfleet.powa datasource "
    functions = [
        ("powa_locks_src", stored_text()),
        ("powa_locks_snapshot", plain + "locks"),
        ("powa_waits_src", stored_text(name="waits")),
        ("powa_sizes_snapshot", stored_text(name="sizes", scope="database")),
        ("powa_broken_src", plain + "broken: {"),
        ("powa_broken_snapshot", plain + "broken"),
        ("powa_locks_purge", plain + "locks"),
    ]
    found = read(functions, POWA_5)
    assert list(found.stored) == ["locks", "sizes", "waits"] and list(found.damaged) == ["broken"]
    assert found.with_history == {"locks", "sizes", "broken"}
    assert list(found.of_history()) == ["locks", "sizes"]
    assert list(read(functions).damaged) == ["broken", "sizes"]


def test_objects_of_strangers_hold_no_definition():
    forged = ("function", "public.powa_waits_src(_srvid integer)", "mallory", True)
    rate = ("function", "public.powa_locks_rate(_srvid integer)", "mallory", True)
    found = read(
        [
            ("powa_locks_src", stored_text(), None, None, None, False),
            ("powa_waits_src", stored_text(name="waits"), *forged),
            ("powa_locks_rate", None, *rate),
            ("powa_report", None, "view", "public.powa_report", "mallory", True),
            ("powa_locks_get", None, "function", "public.powa_locks_get()", "mallory", False),
        ]
    )
    assert list(found.stored) == ["locks"] and found.damaged == {} and len(found.impostors) == 4
    assert sorted(found.refusals()) == ["locks", "waits"] and "powa_locks_get" not in found.refusals()["locks"]
    assert "function public.powa_waits_src(_srvid integer)" in found.refusals()["waits"]


def test_a_datasource_whose_name_ends_like_a_function():
    assert list(read([("powa_my_src_src", stored_text(name="my_src"))]).stored) == ["my_src"]
