# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Intervals that a task gives, as PostgreSQL reads them: 7 days and 168 hours are the same."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import first_line
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import servers as texts


def read_intervals(cursor: Any, given: Sequence[str]) -> Tuple[Dict[str, Tuple[str, float]], Dict[str, str]]:
    """Return each interval as PostgreSQL writes it and in seconds, and what is wrong with the others."""
    good: Dict[str, Tuple[str, float]] = {}
    wrong: Dict[str, str] = {}
    if not given:
        return good, wrong
    cursor.execute("SAVEPOINT intervals")
    try:
        rows = _canonical(cursor, list(given))
    except driver.psycopg2.Error:
        # At least one of them is wrong: try each by itself, to name them all.
        rows = []
        for text in given:
            cursor.execute("ROLLBACK TO SAVEPOINT intervals")
            try:
                rows += _canonical(cursor, [text])
            except driver.psycopg2.Error as error:
                wrong[text] = _refused(text, error)
        cursor.execute("ROLLBACK TO SAVEPOINT intervals")
    for text, interval, seconds in rows:
        good[text] = (interval, float(seconds))
        if seconds <= 0:
            wrong[text] = 'found "{0}", expected a positive interval, such as "7 days"'.format(text)
    return good, wrong


def _refused(text: str, error: Any) -> str:
    if error.pgcode == driver.errorcodes.DATETIME_FIELD_OVERFLOW:
        return (
            'found "{0}", which reaches back beyond PostgreSQL\'s first timestamp: give a shorter interval, such as'
            ' "7 days"'
        ).format(text)
    return '{0}: give an interval such as "7 days"'.format(first_line(error))


def _canonical(cursor: Any, texts_given: List[str]) -> List[Tuple[str, str, float]]:
    cursor.execute(compose(texts.INTERVALS, given=literal(texts_given)))
    rows: List[Tuple[str, str, float]] = cursor.fetchall()
    return rows
