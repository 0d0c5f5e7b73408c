# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts and names of AWX's objects."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx.texts import is_ambiguous, is_text


@pytest.mark.parametrize(("value", "answer"), [("a", True), ("", False), (None, False), (1, False), (["a"], False)])
def test_what_is_a_text(value: Any, answer: bool) -> None:
    assert is_text(value) is answer


@pytest.mark.parametrize(
    ("name", "answer"),
    [("PoWA", False), ("PoWA: check + apply", False), ("12a", False), ("12", True), ("PoWA++Default", True)],
)
def test_a_name_that_the_modules_of_awx_take_for_something_else(name: str, answer: bool) -> None:
    assert is_ambiguous(name) is answer
