# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task says about transient tables."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_spec import parse_tables
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._handwritten.tables import (
    APP,
)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"query_source": "A"}, 'table of "A", query_source: found "A", expected lower-case letters'),
        ({"query_source": ""}, 'table of "number 1 of the list", query_source: it is empty: give the name of a'),
        (
            dict(APP, schema=""),
            'table of "app_src", schema: it is empty or contains a zero byte: give a schema\'s name',
        ),
        (dict(APP, schema="\0"), 'table of "app_src", schema: it is empty or contains a zero byte'),
        (
            dict(APP, state="absent", adopt=True),
            'table of "app_src", adopt: found true with state "absent", which drops the table: leave it out',
        ),
    ],
)
def test_what_is_wrong_with_an_entry(table, sentence):
    specs, (problem,) = parse_tables([table])
    assert specs == [] and problem.startswith(sentence)


def test_each_source_once():
    assert parse_tables([APP, dict(APP, schema="ext"), APP])[1] == [
        'table of "app_src", query_source: number 1 of the list has the same one: give it once'
    ]
