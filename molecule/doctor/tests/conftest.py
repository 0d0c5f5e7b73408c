# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test that fails leaves nothing of what it has caused to the others."""

import fleet
import pytest


@pytest.fixture(autouse=True)
def mended(request):
    # The errors of the last snapshot stay until the next, and what a worker of a server that is gone had copied stays
    # for good: nothing of what was tidied up before may be among what is found.
    fleet.wait_for_snapshots()
    fleet.sql(fleet.REPOSITORY, fleet.FORGET)
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        fleet.mend()


@pytest.fixture
def well(tmp_path):
    """A function that sees that the fleet has no problem any more, and returns that run of doctor.yml."""

    def is_well(*options, **variables):
        fleet.wait_for_snapshots()
        findings = fleet.Findings(tmp_path, *options, powa_doctor_fail=True, **variables)
        assert not findings.failed and not findings.problems, findings.output
        return findings

    return is_well
