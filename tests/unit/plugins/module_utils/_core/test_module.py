# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module says of an error of PostgreSQL."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import _sentence

PARAMS = {"login_user": "ansible", "login_db": "powa", "session_role": None}


class Refused(Exception):
    """What the driver raises."""

    def __init__(self, pgcode):
        super().__init__("it says no\nLINE 1")
        self.pgcode = pgcode
        self.diag = SimpleNamespace()


@pytest.mark.parametrize(
    ("pgcode", "sentence"),
    [
        (
            "42501",
            'role "ansible" lacks a right that the task needs in database "powa" (it says no): log in as a superuser',
        ),
        (
            None,
            "the connection was lost, and PostgreSQL undoes what was not committed (it says no): run the task again",
        ),
        ("22012", 'PostgreSQL refused a statement of the task, and nothing was changed in database "powa": it says no'),
    ],
)
def test_an_error_is_one_sentence(pgcode, sentence):
    assert _sentence(Refused(pgcode), PARAMS).startswith(sentence)


def test_the_role_is_that_of_the_session():
    assert _sentence(Refused("42501"), dict(PARAMS, session_role="powa_admin")).startswith(
        'role "powa_admin" lacks a right'
    )
