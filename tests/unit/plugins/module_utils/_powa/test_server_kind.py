# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server is to PoWA."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side


@pytest.mark.parametrize(
    ("kinds", "stores", "runs_queries"),
    [
        ((), False, False),
        (("remote",), False, True),
        (("repository",), True, False),
        (("local",), True, True),
        (("remote", "repository"), True, True),
    ],
)
def test_who_stores_history_and_who_runs_queries(kinds, stores, runs_queries):
    side = Side(kinds, None, None)
    assert (side.stores, side.runs_queries) == (stores, runs_queries)
