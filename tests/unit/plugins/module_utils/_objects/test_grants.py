# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Grants give what is missing, and take nothing but PUBLIC's right to call a new function."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import raw
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.grants import EXECUTE, Grants
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import rendered

REVOKE = "REVOKE ALL ON x FROM PUBLIC"


@pytest.mark.parametrize(
    ("wanted", "found", "statements"),
    [
        ({}, {}, []),
        ({"r": ("SELECT",)}, {}, ['GRANT SELECT ON x TO "r"']),
        ({"r": ("SELECT", "INSERT")}, {}, ['GRANT INSERT, SELECT ON x TO "r"']),
        ({"r": ("SELECT", "INSERT")}, {"r": ("SELECT",)}, ['GRANT INSERT ON x TO "r"']),
        ({"r": ("SELECT",)}, {"r": ("SELECT", "DELETE")}, []),
        ({}, {"r": ("SELECT",)}, []),
        ({"": ("SELECT",)}, {}, ["GRANT SELECT ON x TO PUBLIC"]),
        ({"r": EXECUTE}, {"": EXECUTE}, [REVOKE, 'GRANT EXECUTE ON x TO "r"']),
        ({"": EXECUTE}, {"": EXECUTE}, []),
        ({}, {"": ("SELECT",)}, []),
        ({'R "q"': EXECUTE}, {}, ['GRANT EXECUTE ON x TO "R ""q"""']),
    ],
)
def test_what_is_granted(wanted, found, statements):
    assert rendered(Grants(wanted).grant(raw("x"), found)) == statements


def test_grants_of_others_are_kept():
    grants = Grants({"a": ("SELECT",), "b": ("SELECT",)})
    assert grants.merged({"b": ("INSERT",), "c": ("DELETE",)}) == {
        "a": ("SELECT",),
        "b": ("INSERT", "SELECT"),
        "c": ("DELETE",),
    }


def test_grants_in_a_diff():
    assert Grants({"r": ("INSERT", "SELECT"), "": EXECUTE}).describe() == [
        "grant EXECUTE to public",
        "grant INSERT, SELECT to r",
    ]
