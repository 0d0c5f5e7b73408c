# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers are at rest before they are deleted."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER
from ansible_collections.pgfleet.powa.plugins.module_utils._servers import removal
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import ALPHA, BETA, POWA_5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, Session

DISABLED = BETA._replace(values={**BETA.values, "frequency": NEVER})


@pytest.fixture
def asked(monkeypatch):
    """What the collector is asked about, and the answer."""
    answer = {"about": [], "working": set()}

    def with_worker(_connection, srvids, _timeout):
        answer["about"] += srvids
        return answer["working"]

    monkeypatch.setattr(removal, "with_worker", with_worker)
    return answer


def test_only_what_is_collected_is_disabled(asked):
    assert removal.collected([ALPHA, DISABLED]) == [ALPHA]
    session = Session(Recorder())
    removal.stop(session, POWA_5, [ALPHA, DISABLED], 60)
    assert session.transactions == ["write", "read"] and asked["about"] == [ALPHA.srvid, DISABLED.srvid]
    session = Session(Recorder())
    removal.stop(session, POWA_5, [DISABLED], 60)
    assert session.transactions == ["read"]


def test_a_server_with_a_worker_stays(asked):
    asked["working"] = {BETA.srvid}
    with pytest.raises(PowaError, match="powa-collector still has a worker for beta:5432, which only a restart ends"):
        removal.stop(Session(Recorder()), POWA_5, [ALPHA, BETA], 60)
