# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock that tasks share, and who holds it."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._core import lock
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals


def test_without_a_time_the_sessions_limit_holds():
    cursor = Recorder()
    lock.take(cursor, 0)
    assert len(cursor.statements) == 1 and "pg_advisory_xact_lock" in cursor.statements[0]


def test_the_usual_limit_is_back_once_the_lock_is_taken():
    cursor = Recorder({"current_setting": [("1500ms",)]})
    lock.take(cursor, 60)
    assert [literals(statement) for statement in cursor.composed if "set_config" in str(statement)] == [
        ["60s"],
        ["1500ms"],
    ]
    assert "pg_advisory_xact_lock" in cursor.statements[2]


def test_the_holder_is_named():
    text = lock.explain(Recorder({"pg_locks": [(17, "ansible", "10.0.0.1", 9)]}), 60)
    assert 'process 17 of role "ansible" from 10.0.0.1, running for 9 s' in text
    assert "was writing to this database for more than 60 s" in text and "nothing was changed" in text


def test_a_holder_may_have_just_ended():
    assert "it has just ended" in lock.explain(Recorder(), 60)
