# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types of credentials."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.plugin_utils._awx.credential_types import credential_types


def test_a_credential_has_what_its_injectors_use() -> None:
    for kind in credential_types("DB"):
        fields = {field["id"] for field in kind["inputs"]["fields"]}
        used = [value for injector in kind["injectors"].values() for value in injector.values()]
        assert {value.strip("{} ") for value in used} - {"tower.filename"} == fields
        assert set(kind["inputs"]["required"]) <= fields
        # AWX refuses these names.
        assert not [name for name in kind["injectors"].get("env", ()) if name.startswith("ANSIBLE_")]
        for field in kind["inputs"]["fields"]:
            assert field.get("secret", False) is ("password" in field["id"])


def test_an_empty_password_cannot_hide_that_of_the_inventory() -> None:
    passwords, login = credential_types("DB")
    assert [kind["name"] for kind in (passwords, login)] == ["DB passwords", "DB repository"]
    assert set(passwords["inputs"]["required"]) == {field["id"] for field in passwords["inputs"]["fields"]}
    assert passwords["injectors"]["extra_vars"] == {
        "powa_monitoring_password": "{{ monitoring_password }}",
        "powa_collector_password": "{{ collector_password }}",
    }
    assert login["injectors"]["env"]["POWA_LOGIN_HOST"] == "{{ host }}" and "port" not in login["inputs"]["required"]
