# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What powa_serial may be, and what it means."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._batches import batches


@pytest.mark.parametrize("value", [None, "", " ", 0, "0", "null", "~", "None", [], (), "[]"])
def test_all_hosts_at_once(value):
    assert batches(value) == []


@pytest.mark.parametrize(
    ("value", "sizes"), [(None, [1, "25%", "100%"]), ("", [1, "25%", "100%"]), ("0", []), (5, [5])]
)
def test_few_hosts_are_first_where_servers_may_be_restarted(value, sizes):
    assert batches(value, careful=True) == sizes


@pytest.mark.parametrize(
    "value, sizes",
    [
        (5, [5]),
        ("5", [5]),
        ("25%", ["25%"]),
        ("100%", ["100%"]),
        ([1, "50%"], [1, "50%"]),
        (["1", " 50% "], [1, "50%"]),
        ("1,25%,100%", [1, "25%", "100%"]),
        ("1, 25%,", [1, "25%"]),
        ("1\n25%\n", [1, "25%"]),
        ("[1, '50%']", [1, "50%"]),
        ("- 1\n- 50%", [1, "50%"]),
    ],
)
def test_sizes_of_batches(value, sizes):
    assert batches(value) == sizes


@pytest.mark.parametrize(
    "value",
    [
        "all",
        -1,
        "-1",
        "0%",
        "101%",
        "5.5",
        2.5,
        True,
        False,
        "true",
        [1, 0],
        [None],
        [[1]],
        {"a": 1},
        "%",
        "{",
        "[",
        "2024-99-99",
    ],
)
def test_nonsense_is_one_sentence(value):
    with pytest.raises(AnsibleFilterError) as error:
        batches(value)
    assert str(error.value) == (
        "powa_serial is {0!r}, but must be a number of hosts such as 5, a share of them such as '25%', or a list of"
        " these: correct it, or leave it empty to work on all hosts at once".format(value)
    )
