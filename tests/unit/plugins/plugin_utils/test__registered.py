# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a repository was seen to have registered before a run."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._registered import was_collected
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

NEW = {"hostname": "10.0.0.2", "port": 5433}
OLD = {"hostname": "10.0.0.1", "port": 5432}


def collected(registered, server):
    found = {"__common_seen": {"os": {}, "repository": {"servers": registered}}}
    return was_collected(Run({"remotes": {"db": {"repository": "hub", "server": server}}}, {"hub": found}), "db")


@pytest.mark.parametrize(
    ("registered", "server", "answer"),
    [
        ([{**NEW, "frequency": 60}], NEW, True),
        ([{**OLD, "frequency": 60}, {**NEW, "frequency": -1}], NEW, False),
        ([{**NEW, "port": 5432, "frequency": 60}], NEW, False),
        ([{**OLD, "frequency": 60}], {**NEW, "renamed_from": OLD}, True),
        ([{**NEW}], NEW, False),
        ([], NEW, False),
    ],
)
def test_by_address_and_frequency(registered, server, answer):
    assert collected(registered, server) is answer


def test_nothing_is_known_of_a_host_without_a_repository_or_one_that_was_not_read():
    assert not was_collected(Run({"remotes": {}}, {}), "db")
    assert not was_collected(Run({"remotes": {"db": {"repository": "hub", "server": NEW}}}, {"hub": {}}), "db")
