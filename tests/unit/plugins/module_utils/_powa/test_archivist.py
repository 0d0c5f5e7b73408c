# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PoWA 4 and PoWA 5 have in common."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import (
    OPERATIONS,
    POWA_EXTENSIONS,
    POWA_NAMES,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4, POWA_5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder, literals, render


@pytest.mark.parametrize("archivist", [POWA_4, POWA_5], ids=["4", "5"])
def test_every_powa_takes_snapshots_and_keeps_history(archivist):
    assert archivist.operations[:4] == OPERATIONS


def test_the_version_is_as_powa_writes_it():
    assert (POWA_4.version_text, POWA_5.version_text) == ("4.1.4", "5.0.2")


def test_functions_look_up_names_in_powas_schema():
    assert POWA_5.search_path == 'pg_catalog, "PoWA", pg_temp'
    cursor = Recorder()
    with POWA_5.own_search_path(cursor):
        assert literals(cursor.composed[0]) == [POWA_5.search_path] and len(cursor.composed) == 1
    assert cursor.statements[1:] == ["SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)"]


def test_a_datasource_is_kept_as_long_as_its_server_says():
    assert render(POWA_5.retention("locks", False)) == '"PoWA".powa_get_server_retention(_srvid)'
    retention = render(POWA_4.retention("locks", False))
    assert "current_setting('powa.retention')" in retention and 'FROM "public".powa_servers AS s' in retention


@pytest.mark.parametrize("name", ["statements", "qualstats_history", "user_functions_history_db", "stat_io"])
def test_names_of_powa_with_their_history(name):
    assert name in POWA_NAMES


def test_the_extensions_of_powa():
    assert {"powa", "pg_stat_statements", "pg_qualstats"} <= POWA_EXTENSIONS
