# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects that have a name or mark of ours and belong to a stranger."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.impostors import (
    Impostor,
    names_of,
    refusal,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import QUERIES_ROLE
from ansible_collections.pgfleet.powa.plugins.module_utils._sql.owners import stranger, stranger_of_function
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import definition, wanted


def impostor(comment=None):
    return Impostor("powa_locks_rate", comment, "function", "public.powa_locks_rate(\n)", "mallory", True)


def test_its_name_fits_on_a_line():
    assert impostor().text == "function public.powa_locks_rate(?)"


@pytest.mark.parametrize(
    ("comment", "name"),
    [
        (None, None),
        ("by hand", None),
        ("pgfleet.powa datasource locks", "locks"),
        ("pgfleet.powa datasource locks: {}", "locks"),
        ("pgfleet.powa transient table of public.locks_src", None),
    ],
)
def test_the_datasource_of_its_mark(comment, name):
    assert impostor(comment=comment).marked_as == name


def test_every_object_of_a_datasource_has_one_of_the_names():
    assert {entry.name for entry in wanted(definition()).objects} <= set(names_of("locks"))


def test_a_refusal_names_roles_and_at_most_twenty_objects():
    found = refusal("locks", ["f{0}".format(number) for number in range(22)], ["m", "eve", "m"])
    assert 'belong to role "eve" and role "m", each of which is neither' in found
    assert "(f0, f1, " in found and "f19, 2 more)" in found


def test_the_role_of_queries_is_trusted_with_functions_alone():
    assert QUERIES_ROLE in stranger_of_function("p") and QUERIES_ROLE not in stranger("c.relowner")
