# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that lead to a transient table."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import SRVID
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_state import MARK
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import TableColumn
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._handwritten.tables import (
    COLUMNS,
    NAME,
    WRITE,
    found,
    planned,
    refused,
    server,
    statements,
)


def test_a_table_is_made():
    plan = planned(server())
    assert plan.summary() == ["create table PoWA.app_src_tmp"]
    assert statements(plan)[0] == (
        'CREATE UNLOGGED TABLE "PoWA"."app_src_tmp" ("srvid" integer NOT NULL, "ts" date, "n" integer)'
    )
    assert statements(plan)[-1].endswith('TO "snap"')


def test_a_table_as_wanted_stays():
    assert not planned(server(found())).changed


def test_a_column_that_others_made_not_null_stays_so():
    columns = (SRVID, COLUMNS[0]._replace(not_null=True), COLUMNS[1])
    assert not planned(server(found(columns=columns))).changed


def test_the_number_of_the_server_is_never_null():
    plan = planned(server(found(columns=(SRVID._replace(not_null=False), *COLUMNS))))
    assert statements(plan) == ['ALTER TABLE "PoWA"."app_src_tmp" ALTER COLUMN srvid SET NOT NULL']


def test_a_logged_table_becomes_unlogged_and_its_size_is_told():
    plan = planned(server(found(unlogged=False, size=4096)))
    assert 'ALTER TABLE "PoWA"."app_src_tmp" SET UNLOGGED' in statements(plan)
    assert [(hazard.effect, hazard.size) for hazard in plan.hazards] == [("rewritten", 4096)]


def test_a_table_with_other_columns_is_made_anew_and_keeps_its_rows():
    old = (SRVID, COLUMNS[1], TableColumn("gone", "text"))
    rename, create, _comment, _grant, copy, drop = statements(planned(server(found(columns=old))))
    assert rename == 'ALTER TABLE "PoWA"."app_src_tmp" RENAME TO "pgfleet_powa_7"'
    assert create.startswith('CREATE UNLOGGED TABLE "PoWA"."app_src_tmp"')
    assert copy == 'INSERT INTO "PoWA"."app_src_tmp" ("srvid", "n") SELECT "srvid", "n" FROM "PoWA"."pgfleet_powa_7"'
    assert drop == 'DROP TABLE "PoWA"."pgfleet_powa_7"'


def test_rows_without_the_number_of_their_server_are_lost():
    assert not any("INSERT INTO" in text for text in statements(planned(server(found(columns=COLUMNS)))))


def test_grants_of_others_stay():
    plan = planned(server(found(columns=(SRVID,), grants={"snap": WRITE, "x": ("SELECT",)})))
    assert 'GRANT SELECT ON TABLE "PoWA"."app_src_tmp" TO "x"' in statements(plan)


def test_a_table_of_somebody_else_that_fits_is_used_as_it_is():
    theirs = server(found(comment=None))
    assert refused(theirs) == [] and not planned(theirs).changed


def test_a_table_of_somebody_else_is_taken_over():
    plan = planned(server(found(comment=None)), adopt=True)
    assert statements(plan) == ['COMMENT ON TABLE "PoWA"."app_src_tmp" IS \'{0}\''.format(MARK.format(*NAME))]


def test_a_table_is_removed():
    plan = planned(server(found()), state="absent")
    assert statements(plan) == ['DROP TABLE "PoWA"."app_src_tmp"']
    assert {entry.kind for entry in plan.replaced} == {"table", "type"}
    assert not planned(server(), state="absent").changed
