# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server says of texts."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.described_texts import (
    Answer,
    DescribingSession,
    ReturnedColumn,
    UserText,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, render

pytestmark = pytest.mark.usefixtures("offline_driver")

ROWS = [
    (2, "42P01", "relation  is\tmissing\nHINT", None, None, None, None, None, None),
    (1, None, None, ["a", "a"], [23, 25], ["integer", "app.mood"], [False, True], [False, True], 8.0),
    (3, None, None, None, None, None, None, None, None),
]
TEXTS = [UserText("SELECT 1", "a", False), UserText("SELECT 2", "b", False), UserText("SELECT 3", "b", True)]


class Session(DescribingSession):
    """A session that only notes what it is to do."""

    def call(self, cursor, role, function, call):
        self.called = (role, function.signature, render(call))
        return ROWS


def test_all_texts_in_one_call():
    session = Session(None, 60)
    assert session(Recorder(), "mon", TEXTS) == [
        Answer((ReturnedColumn("a", 23, "integer"), ReturnedColumn("a", 25, "app.mood", True, True)), rows=8.0),
        Answer(sqlstate="42P01", message="relation is missing"),
        Answer(),
    ]
    role, signature, call = session.called
    assert (role, signature) == ("mon", "pg_temp.pgfleet_describe(text[], text[], boolean[])")
    assert "['SELECT 1', 'SELECT 2', 'SELECT 3']::text[]" in call and "[False, False, True]::boolean[]" in call
