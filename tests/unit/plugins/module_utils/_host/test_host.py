# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host, this_host, user_name


def test_this_host():
    host = this_host()
    assert host.path("/etc/passwd") == "/etc/passwd"
    assert host.is_root == (os.geteuid() == 0)


def test_a_host_below_a_folder():
    assert Host(root="/tmp/x", user="someone").path("/etc") == "/tmp/x/etc"
    assert not Host(user="someone").is_root


def test_no_two_hosts_share_what_is_unseen():
    Host().unseen.add("a", "b")
    assert Host().unseen.sentences == ()


def test_a_user_without_a_name():
    assert user_name(0) == "root"
    assert user_name(4123456789) == "4123456789"
