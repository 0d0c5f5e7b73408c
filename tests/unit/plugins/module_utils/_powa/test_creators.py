# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may create objects in PoWA's schema."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.creators import Creator, read_creators
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals


@pytest.mark.parametrize(
    ("creator", "name", "cure"),
    [
        (("", False, False), "PUBLIC", 'REVOKE CREATE ON SCHEMA "po""wa" FROM PUBLIC'),
        (("app", False, False), 'role "app"', 'REVOKE CREATE ON SCHEMA "po""wa" FROM "app"'),
        (("app", True, False), 'role "app"', 'ALTER SCHEMA "po""wa" OWNER TO "root"'),
        (("app", True, True), 'role "app"', 'ALTER DATABASE "d b" OWNER TO "root"'),
    ],
)
def test_the_statement_that_takes_the_right(creator, name, cure):
    found = Creator('po"wa', *creator, "root")
    assert (found.name, found.cure("d b")) == (name, cure)


def test_they_are_read_in_one_statement():
    cursor = Recorder({"aclexplode": [("", False, False, "postgres")]})
    assert read_creators(cursor, "public") == [Creator("public", "", False, False, "postgres")]
    assert len(cursor.statements) == 1 and set(literals(cursor.composed[0])) == {"public"}
