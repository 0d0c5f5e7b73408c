# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions with which the same snapshots succeed have the same digest."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.digest import digest_of
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import definition


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "x"},
        {"servers": ["a"]},
        {"enabled": False},
        {"priority": 3},
        {"retention": "1 day"},
        {"query": "SELECT 'ä', 1"},
        {"security_definer": True},
        {"search_path": ["app"]},
        {"extension": "app"},
        {"metrics": [{"name": "held", "type": "bigint", "kind": "gauge"}]},
    ],
)
def test_what_no_snapshot_depends_on_does_not_count(changes):
    assert digest_of(definition(**changes)) == digest_of(definition())


def test_how_a_remote_cleans_up_does_not_count():
    assert digest_of(definition(query_cleanup="DELETE FROM x")) == digest_of(definition(query_cleanup="DELETE FROM y"))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"scope": "database"},
        {"keys": []},
        {"keys": [], "metrics": [{"name": "mode", "type": "text"}, {"name": "held", "type": "bigint"}]},
        {"metrics": [{"name": "held", "type": "integer"}]},
        {"metrics": [{"name": "waits", "type": "bigint"}]},
        {"query_cleanup": "DELETE FROM x"},
    ],
)
def test_what_a_snapshot_depends_on_counts(changes):
    assert digest_of(definition(**changes)) != digest_of(definition())
