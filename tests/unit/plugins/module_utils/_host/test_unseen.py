# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.unseen import Unseen


def test_each_sentence_once_and_in_order():
    unseen = Unseen("run as root")
    unseen.add("b", "c")
    unseen.add("a", "c")
    unseen.add("b", "c")
    assert unseen.sentences == ("b: c", "a: c")


@pytest.mark.parametrize(
    "why",
    [
        "permission denied for view pg_hba_file_rules",
        "must be superuser to read files",
        "Operation not permitted",
        "Hint: You are currently not seeing messages from other users and the system.",
    ],
)
def test_the_cure_of_a_missing_right(why):
    unseen = Unseen("run as root")
    unseen.add("it", why)
    assert unseen.sentences == ("it: " + why + " (run as root)",)


def test_what_the_operating_system_refuses():
    unseen = Unseen("run as root")
    unseen.refused("the files below /etc/powa-web", PermissionError(13, "Permission denied"))
    unseen.refused("the folder /x", OSError(5, "Input/output error"))
    unseen.refused("the folder /y", OSError("odd"))
    assert unseen.sentences == (
        "the files below /etc/powa-web: permission denied (run as root)",
        "the folder /x: input/output error",
        "the folder /y: odd",
    )
