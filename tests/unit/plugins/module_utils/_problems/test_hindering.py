# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings with which a collector stores nothing."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.hindering import Hindrances, find_hindrances

from .samples import collecting, found, role, server

LATE = server(snapshots={"age": None})


def blamed(roles, *others):
    hindrances = find_hindrances(found(servers=[LATE, *others], roles=roles))
    assert (hindrances.with_timeouts("cause", "cure") != ("cause", "cure")) is (hindrances.timeouts is not None)
    return hindrances != Hindrances()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("default_transaction_read_only", "true", True),
        ("default_transaction_read_only", "off", False),
        ("transaction_timeout", "500", True),
        ("transaction_timeout", "2s", True),
        ("transaction_timeout", "1min", False),
        ("transaction_timeout", "60000", False),
        ("transaction_timeout", "0", False),
        ("transaction_timeout", "-1", False),
    ],
)
def test_a_value_that_hinders(name, value, expected):
    assert blamed(collecting(**{name: value})) == expected
    # The monitoring role only reads.
    assert not blamed([role(settings={name: value})])
    # What a setting hinders, it hinders for all servers.
    assert not blamed(collecting(**{name: value}), server(2, "two"))


@pytest.mark.parametrize("other", [server(0, "local"), server(2, "two", enabled=False), server(2, "two", frequency=1)])
def test_snapshots_that_prove_nothing(other):
    assert blamed(collecting(default_transaction_read_only="on"), other)


def test_a_timeout_comes_after_what_is_known():
    late = found(servers=[LATE], roles=collecting(transaction_timeout="20ms", statement_timeout="1s"))
    assert find_hindrances(late).with_timeouts("it has ended", "look") == (
        'it has ended; role "collector" has statement_timeout = 1s and transaction_timeout = 20ms in database "powa",'
        " which may be too short for a snapshot",
        'look; ALTER ROLE "collector" IN DATABASE "powa" SET statement_timeout = 0;'
        ' ALTER ROLE "collector" IN DATABASE "powa" SET transaction_timeout = 0',
    )
