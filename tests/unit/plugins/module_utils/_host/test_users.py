# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pwd

from ansible_collections.pgfleet.powa.plugins.module_utils._host import users


def test_users_that_exist(monkeypatch):
    monkeypatch.setattr(pwd, "getpwnam", {"powa-web": 1, "postgres": 2, "root": 0}.__getitem__)
    assert users.read_users() == ["powa-web", "postgres"]
