# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.decide import decide, first_of
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.match import Client
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._hba.examples import rule, server


def numbers(address, *lines, **changes):
    """Return the numbers of the admitting line, of the blocking line, and of those that keep a part out."""
    found = decide(rule(address, **changes), Client(address), server(*lines))
    admitting, blocked = (line and line["line"] for line in (found.admitting, found.blocked))
    return admitting, blocked, [line["line"] for line in found.partly]


IPV4, IPV6 = "host all all 0.0.0.0/0 ", "host all all ::/0 "


@pytest.mark.parametrize(
    ("lines", "result"),
    [
        ((IPV4 + "reject", IPV6 + "reject"), (None, 1, [1, 2])),
        ((IPV4 + "md5", IPV6 + "reject"), (1, None, [2])),
        ((IPV4 + "reject", IPV6 + "md5"), (2, None, [1])),
        ((IPV4 + "reject", IPV4 + "md5"), (None, None, [1])),
        # Only the first line for an address counts, and only of a line for this login.
        ((IPV4 + "md5", IPV6 + "md5", "host all all all reject"), (1, None, [])),
        (("host other all 0.0.0.0/0 reject", IPV6 + "reject"), (None, None, [2])),
        # Encryption is what a new line has to admit first.
        (("hostnossl all all all reject", IPV4 + "reject", IPV6 + "reject"), (None, 2, [2, 3])),
        (("host all all samenet reject", IPV4 + "reject"), (None, None, [1, 2])),
    ],
)
def test_from_everywhere(lines, result):
    assert numbers("all", *lines) == result


def test_a_part_of_all_databases_decides_nothing_together():
    lines = ("host powa all 10.0.0.0/25 reject", "host powa all 10.0.0.128/25 reject")
    assert numbers("10.0.0.0/24", *lines) == (None, 1, [1, 2])
    assert numbers("10.0.0.0/24", *lines, database=None) == (None, None, [1, 2])


def test_the_first_of_lines():
    found = server("host all all all reject", "host all all all reject")
    assert first_of([found.lines[1], None, found.lines[0]], found) is found.lines[0]
    assert first_of([None], found) is None
