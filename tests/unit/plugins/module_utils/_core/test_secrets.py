# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets go to the server as data, while what keeps statements is off."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.secrets import hush, keepers, put, unwritable
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


def test_secrets_are_data():
    cursor = Recorder()
    put(cursor, {7: "a\\b\tc\nd\re", 8: None})
    assert cursor.copied == "7\ta\\\\b\\tc\\nd\\re\n8\t\\N\n"
    assert [statement.split()[0] for statement in cursor.statements] == ["CREATE", "COPY"]


@pytest.mark.parametrize(("version", "asks"), [(150000, True), (140010, False)])
def test_what_may_not_be_turned_off_is_returned(version, asks):
    cursor = Recorder({"pg_settings": [("log_statement", "all", "none"), ("pgaudit.log", "all", None)]})
    cursor.connection = SimpleNamespace(server_version=version)
    assert hush(cursor) == {"pgaudit.log": "all"}
    assert ("has_parameter_privilege" in cursor.statements[0]) == asks


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, []),
        ({"log_statement": "all"}, []),
        ({"pg_stat_statements.track_utility": "on", "pg_stat_statements.track": "top"}, []),
        ({"pg_stat_statements.track": "all"}, []),
        (
            {"pg_stat_monitor.pgsm_track_utility": "on", "pg_stat_monitor.pgsm_track": "all"},
            ["pg_stat_monitor.pgsm_track = all"],
        ),
        ({"pgaudit.log": "ddl"}, ["pgaudit.log = ddl"]),
    ],
)
def test_only_some_settings_keep_what_a_function_runs(settings, kept):
    assert keepers(settings) == kept


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ü'\\\n", None),
        ("a\x00", "it has a zero byte"),
        ("\ud800", "it has a lone surrogate, which is not a character"),
    ],
)
def test_texts_that_no_server_can_store(text, why):
    assert unwritable(text) == why
