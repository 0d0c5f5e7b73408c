# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Intervals that a task gives, as PostgreSQL reads them."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._powa.intervals import read_intervals
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals
from psycopg2 import DataError, errorcodes


class TooLong(DataError):
    """What PostgreSQL says of a time before all timestamps."""

    pgcode = errorcodes.DATETIME_FIELD_OVERFLOW


class Postgres(Recorder):
    """Reads some intervals, and refuses a statement that has any other."""

    KNOWN = {"7 days": ("7 days", 604800), "168 hours": ("168:00:00", 604800), "0": ("00:00:00", 0), "-1 day": ("", -1)}

    def execute(self, statement):
        super().execute(statement)
        if literals(statement):
            (given,) = literals(statement)
            if "10000 years" in given:
                raise TooLong("timestamp out of range")
            if not set(given) <= set(self.KNOWN):
                raise DataError('invalid input syntax for type interval: "{0}"\nLINE 2'.format(given[0]))
            self._rows = [(text, *self.KNOWN[text]) for text in given]


def test_all_intervals_in_one_statement():
    cursor = Postgres()
    good, wrong = read_intervals(cursor, ["7 days", "168 hours"])
    assert good == {"7 days": ("7 days", 604800.0), "168 hours": ("168:00:00", 604800.0)} and wrong == {}
    assert len(cursor.statements) == 2


def test_the_wrong_ones_are_named_and_the_others_read():
    good, wrong = read_intervals(Postgres(), ["soon", "7 days", "never"])
    assert list(good) == ["7 days"]
    assert wrong["soon"] == ('invalid input syntax for type interval: "soon": give an interval such as "7 days"')
    assert set(wrong) == {"soon", "never"}


def test_a_time_that_no_timestamp_can_express():
    good, wrong = read_intervals(Postgres(), ["10000 years", "7 days"])
    assert list(good) == ["7 days"] and wrong == {
        "10000 years": 'found "10000 years", which reaches back beyond PostgreSQL\'s first timestamp: give a shorter'
        ' interval, such as "7 days"'
    }


def test_after_a_wrong_one_the_transaction_goes_on():
    cursor = Postgres()
    read_intervals(cursor, ["7 days", "soon"])
    assert cursor.statements[0] == "SAVEPOINT intervals"
    assert cursor.statements[-1] == "ROLLBACK TO SAVEPOINT intervals"


def test_an_interval_is_more_than_nothing():
    assert read_intervals(Postgres(), ["0", "-1 day"])[1] == {
        text: 'found "{0}", expected a positive interval, such as "7 days"'.format(text) for text in ("0", "-1 day")
    }
