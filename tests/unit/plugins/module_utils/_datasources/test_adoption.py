# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused, planned and said of the history of hand-written datasources."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.adoption import (
    histories_that_do_not_fit,
    plan_histories,
    refusals_of_histories,
    what_stays_behind,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.handwritten_history import (
    HandwrittenTable,
    Histories,
    HistoryColumn,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Table
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.taken_history import comment_of_history
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    REMOTE,
    REPOSITORY,
    catalog_of,
    definition,
    state,
    wanted,
    with_objects,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, rendered
from psycopg2 import DataError

TS = HistoryColumn("ts", "timestamp with time zone", True)
SRVID = HistoryColumn("srvid", "integer", True, True)
MODE = HistoryColumn("mode", "text", True, True)
HELD = HistoryColumn("held", "integer", True)
OLD = HandwrittenTable("public", "old", True, 8192, None, None, False, (SRVID, TS, MODE, HELD))
#: The same in PoWA's form.
RECORDS = replace(
    OLD,
    samples="records",
    many=True,
    columns=(SRVID, MODE, replace(TS, in_record=True), replace(HELD, in_record=True)),
)
CURRENT = replace(RECORDS, name="old_current", samples="record", many=False)
CASTS = frozenset([("integer", "bigint")])


def there(*tables, mentioned=None):
    return state(histories=Histories({(table.schema, table.name): table for table in tables}, CASTS, mentioned or {}))


def made(**changes):
    return wanted(definition(**dict({"adopt": True, "adopt_history": "old"}, **changes)))


def refused(table, side=REPOSITORY, **changes):
    return refusals_of_histories([made(**changes)], side, there(table))


@pytest.mark.parametrize("table", [OLD, RECORDS])
def test_what_can_be_taken(table):
    assert refused(table) == []
    assert refusals_of_histories([made()], REMOTE, there()) == []


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (replace(OLD, name="other"), "this database has no table public.old: correct the name, or leave adopt_history"),
        (
            replace(OLD, stranger="mallory"),
            'table public.old or the type of its samples belongs to role "mallory", which is',
        ),
        (
            replace(OLD, stranger_of_schema="mallory"),
            'table public.old is in a schema whose owner could replace it, and that is role "mallory", which is',
        ),
        (
            replace(OLD, runs_functions=True),
            "table public.old has an index, statistics or a constraint with functions that are not PostgreSQL's",
        ),
        (replace(OLD, row_security=True), "table public.old has row security, which may hide some of its rows"),
        (
            replace(OLD, plain=False),
            "table public.old is not a plain table, but a view, or has its rows in",
        ),
        (
            replace(RECORDS, columns=(replace(SRVID, in_record=True), *RECORDS.columns[1:])),
            "table public.old has the columns (srvid integer, mode text, ",
        ),
        (
            replace(OLD, columns=(SRVID, TS, replace(MODE, collation="loose"), HELD)),
            'column "mode" of table public.old has the collation "loose", which treats different texts as equal, so',
        ),
        (replace(OLD, columns=(SRVID,)), "table public.old has the columns (srvid integer), expected srvid of type"),
        (replace(OLD, columns=(replace(SRVID, type="text"), TS)), "table public.old has the columns (srvid text, ts "),
        (
            replace(OLD, columns=(*OLD.columns, HistoryColumn("b", "text", True), HistoryColumn("a", "x", False))),
            "table public.old has columns that the datasource does not have (a, b): declare them, or list them in",
        ),
        (
            replace(OLD, columns=(SRVID, TS, MODE, replace(HELD, type="mine", own=False))),
            'column "held" of table public.old has the type mine, which is not one of PostgreSQL\'s own',
        ),
        (
            replace(OLD, columns=(SRVID, TS, MODE, replace(HELD, type="bigint", own=False))),
            'column "held" of table public.old has the type bigint, which is not one of PostgreSQL\'s own',
        ),
        (
            replace(OLD, columns=(SRVID, TS, MODE, replace(HELD, type="date"))),
            'column "held" of table public.old has the type date, which PostgreSQL does not assign to bigint',
        ),
    ],
)
def test_every_refusal(table, problem):
    (found,) = refused(table)
    assert found.startswith('datasource "locks", adopt_history: ' + problem)


@pytest.mark.parametrize(
    ("srvid", "kinds", "number"), [(0, ("repository",), 1), (1, ("local",), 1), (1, ("repository",), 0)]
)
def test_functions_that_go_on_writing(srvid, kinds, number):
    key = {"srvid": srvid, "module": "locks", "operation": "snapshot", "function_name": "their_snapshot"}
    catalog = Catalog(registry=[Row("powa_functions", key, {})])
    found = replace(there(OLD), catalog=catalog, local_mode=True)
    problems = refusals_of_histories([made()], REPOSITORY._replace(server_kind=kinds), found)
    assert len(problems) == number
    assert all(
        "stay registered for servers that the task is not about (their_snapshot): list" in text for text in problems
    )


def test_a_key_without_values():
    (found,) = refused(replace(OLD, columns=(SRVID, TS, HELD)))
    assert 'keys: "mode" has no values in table public.old, and must not be NULL: declare it as nullable' in found
    nullable = [{"name": "mode", "type": "text", "nullable": True}]
    assert refused(replace(OLD, columns=(SRVID, TS, HELD)), keys=nullable) == []


def test_a_key_that_cannot_be_sorted():
    (found,) = refused(
        replace(OLD, columns=(SRVID, TS, replace(MODE, type="xid"), HELD)), keys=[{"name": "mode", "type": "xid"}]
    )
    assert 'keys: "mode" has the type xid, which cannot be sorted, so the rows of table public.old cannot' in found


def test_columns_that_stay_behind_are_not_looked_at():
    table = replace(
        OLD, columns=(*OLD.columns[:3], replace(HELD, type="mine", own=False), HistoryColumn("b", "t", False))
    )
    assert refused(table, adopt_history_without=("held", "b")) == []


def planned(*tables, **changes):
    plan = Plan()
    plan_histories(plan, [made(**changes)], REPOSITORY, there(*tables))
    return plan


def test_the_rows_are_copied_under_a_lock():
    (change,) = planned(OLD).changes
    lock, take = rendered(change.writes)
    assert lock == 'LOCK TABLE ONLY "public"."old" IN SHARE MODE'
    assert '"h"."mode"::text AS k0, "h"."held"::bigint AS m0 FROM ONLY "public"."old" AS h WHERE' in take
    assert "PARTITION BY f.srvid, f.k0 ORDER BY f.ts" in take
    assert change.hazards[0][0] == "read" and change.hazards[0].size == 8192
    assert change.after.splitlines()[:3] == [
        "also in public.powa_locks_history",
        "mode text from text",
        "held bigint from integer",
    ]


def test_rows_of_powas_form_stay_rows():
    (_lock, take), (_other, current) = [rendered(change.writes) for change in planned(RECORDS, CURRENT).changes]
    assert "f.origin AS part" in take and '"r"."held"::bigint AS m0 FROM ONLY "public"."old" AS h CROSS JOIN' in take
    assert '("h"."record")."held"' in current.replace("(h.", '("h".') and "row_number" in current


def test_a_neighbour_that_was_taken_before_is_not_taken_again():
    catalog = catalog_of(wanted(definition()))
    history = catalog.get(Table, "powa_locks_history").object
    comment = comment_of_history(history.comment, ["public.old_current"])
    found = replace(there(RECORDS, CURRENT), catalog=with_objects(catalog, replace(history, comment=comment)))
    plan = Plan()
    plan_histories(plan, [made()], REPOSITORY, found)
    assert [line.split(" ", 1)[1] for line in plan.summary()] == ["history of table public.old"]


def test_a_table_that_is_renamed_is_held_exclusively():
    table = replace(OLD, present_name="older")
    (hazard,) = planned(table).changes[0].hazards
    assert (hazard.object, hazard.lock) == ("table public.older", "ACCESS EXCLUSIVE")


def test_a_metric_without_a_column_is_null():
    assert "NULL::bigint AS m0" in rendered(planned(replace(OLD, columns=OLD.columns[:3])).changes[0].writes)[1]


def misfits(table, answers, **changes):
    cursor = Recorder(answers)
    return histories_that_do_not_fit(cursor, [made(**changes)], REPOSITORY, there(table))


def test_values_that_do_not_fit():
    (problem,) = misfits(OLD, {"count": DataError("out of range")})
    assert 'column "held" of table public.old has values that cannot become bigint (out of range): declare a' in problem
    assert misfits(OLD, {}) == []


@pytest.mark.parametrize(("found", "number"), [(True, 1), (False, 0)])
def test_a_key_that_is_null_in_some_rows(found, number):
    table = replace(OLD, columns=(SRVID, TS, replace(MODE, not_null=False)))
    problems = misfits(table, {"IS NULL)": [(found,)]})
    assert len(problems) == number and all('column "mode" of table public.old is NULL' in text for text in problems)


def said(answer=(0, []), mentioned=(), tables=(OLD,), **changes):
    cursor = Recorder({"array_agg": [answer]})
    return what_stays_behind(
        cursor, [made(**changes)], REPOSITORY, there(*tables, mentioned={"locks": list(mentioned)})
    )


def test_samples_that_nobody_can_take():
    assert said() == []
    assert said((3, ["7", "NULL"])) == [
        'datasource "locks", adopt_history: 3 samples without a time, and those of servers that are not registered'
        " (7, NULL), stay in table public.old"
    ]


def test_history_that_is_not_taken():
    assert said(mentioned=["public.old"]) == []
    (warning,) = said(mentioned=["public.old", "public.x"], tables=(), adopt_history=None)
    assert warning == (
        'datasource "locks", adopt: the history of the functions that it replaces stays where it is, in table'
        " public.old and public.x: to take it along, name the table of history in adopt_history"
    )
