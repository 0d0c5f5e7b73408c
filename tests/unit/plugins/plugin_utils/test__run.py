# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plans of the roles go by."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils import _variables
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import Unevaluated

NAME = "powa_web_password"


def password(value: Any, host: str = "pg") -> str:
    return Run({}, {"pg": {NAME: value}}).password(host, NAME)


def test_a_password_is_a_text() -> None:
    assert password("x") == "x" and password(5) == "5"
    assert password(None) == password("") == password("x", "other") == ""


class Undefined:
    def __str__(self) -> str:
        raise ValueError("'nix' is undefined")


def test_a_template_that_fails_is_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = (
        "^Ansible cannot evaluate powa_web_password of pg [(]{0}[)]: define what its template uses, or correct it$"
    )
    with pytest.raises(Unevaluated, match=sentence.format("'nix' is undefined")):
        password(Undefined())
    monkeypatch.setattr(_variables, "LEAVES_TEMPLATES", True)
    with pytest.raises(Unevaluated, match=sentence.format("something in its template is undefined")):
        password("{{ nix }}")
