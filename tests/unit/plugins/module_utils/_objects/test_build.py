# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From definitions to objects, and to SQL."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import MAX_NAME_LENGTH
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import read_comments
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.build import build_objects
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.layout import layout_of
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import Index
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import Parts
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.source import source_path
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import (
    Grantees,
    RegisteredFunction,
    Registration,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa4 import Archivist4
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa5 import Archivist5
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import render

POWA_4 = Archivist4((4, 1, 4), "public", "public", 150000)
POWA_5 = Archivist5((5, 0, 2), "PoWA", '"PoWA"', 170000, {"powa_snapshot": "snap"})

DATASOURCE = {
    "name": "demo",
    "query": "SELECT '$query$'::text AS \"k%\", true AS b, 1 AS n",
    "keys": [{"name": "k%", "type": "text"}],
    "metrics": [{"name": "n", "type": "integer"}, {"name": "b", "type": "boolean"}],
}


def definition(**changes):
    (parsed,), _removals, _problems = collect_definitions([dict(DATASOURCE, **changes)])
    return parsed


def build(archivist, *server_kind, **changes):
    declared = definition(**changes)
    side = Side(server_kind, "mon", "coll")
    layout = layout_of(declared, Catalog())
    grantees = archivist.grantees("coll") if side.stores else Grantees({}, {}, (), ())
    path = source_path(declared, archivist, [])
    parts = Parts(declared, layout, layout.stored(declared, ()), archivist, grantees, path, render)
    return build_objects(parts, side)


def named(archivist, *server_kind, **changes):
    return {wanted.name: wanted for wanted in build(archivist, *server_kind, **changes)}


def test_a_remote_has_the_source_function_only():
    found = named(POWA_4, "remote")
    assert list(found) == ["powa_demo_src"]
    assert found["powa_demo_src"].execute == ("mon",)


@pytest.mark.parametrize("kind", ["repository", "local"])
@pytest.mark.parametrize("archivist", [POWA_4, POWA_5], ids=["4", "5"])
def test_where_history_is_kept(archivist, kind):
    found = named(archivist, kind)
    assert ("powa_demo_unregister" in found) == (archivist is POWA_4)
    assert found["powa_demo_src_tmp"].unlogged and not found["powa_demo_src_tmp"].server_key
    assert [column.name for column in found["powa_demo_src_tmp"].columns] == ["srvid", "ts", "k%", "n", "b"]
    assert found["powa_demo_history"].server_key and not found["powa_demo_history"].unlogged


def test_types_without_minimum_are_left_out_of_the_extremes():
    found = named(POWA_4, "repository")
    assert [column.name for column in found["powa_demo_history_record"].columns] == ["ts", "n", "b"]
    assert [column.name for column in found["powa_demo_history_record_minmax"].columns] == ["ts", "n"]


@pytest.mark.parametrize(
    ("key", "indexed"),
    [
        ("oid", '"k"'),
        ("text", 'pg_catalog.hashtext("k"::pg_catalog.text)'),
        ("boolean", 'pg_catalog.hashtext("k"::pg_catalog.text)'),
    ],
)
def test_keys_of_any_length_fit_into_the_index(key, indexed):
    index = named(POWA_4, "repository", keys=[{"name": "k", "type": key}])["powa_demo_history_ts"]
    assert render(index.columns) == '"srvid", {0}, "coalesce_range"'.format(indexed)


def test_the_users_query_is_quoted_by_what_is_not_in_it():
    body = render(named(POWA_4, "remote")["powa_demo_src"].body)
    assert "RETURN QUERY EXECUTE $query_$\nSELECT pg_catalog.now(), " in body
    assert body.count("$query_$") == 2 and DATASOURCE["query"] in body


def test_every_name_is_qualified():
    for name, wanted in named(POWA_5, "repository").items():
        statements = "\n".join(render(statement) for statement in wanted.create())
        assert '"PoWA"."{0}"'.format(name) in statements or isinstance(wanted, Index)


def test_all_names_fit():
    found = build(POWA_4, "repository", name="n" * MAX_NAME_LENGTH)
    assert max(len(wanted.name) for wanted in found) == 63


def test_the_definition_is_in_the_comment():
    source = named(POWA_4, "remote")["powa_demo_src"]
    stored = read_comments("demo", "public", {"_src": source.comment})
    assert stored.definition == definition() and not stored.paused and not stored.kept_keys


def test_the_registry_of_powa_4_and_of_powa_5():
    functions = tuple(RegisteredFunction(operation, "f") for operation in POWA_4.operations)
    rows = POWA_4.registry_rows(Registration("demo", functions, 10, None, (1, 2)))
    assert [(row.key["srvid"], row.key["operation"]) for row in rows] == [
        (srvid, operation) for srvid in (1, 2) for operation in POWA_4.operations
    ]
    assert all("enabled" not in row.values for row in rows)
    tables = [row.table for row in POWA_5.registry_rows(Registration("demo", functions[:4], 10, None, (1, 2)))]
    assert tables == ["powa_extensions"] + 4 * ["powa_extension_functions"] + 2 * ["powa_extension_config"]


def test_a_definer_looks_up_names_nowhere_else():
    assert named(POWA_4, "remote")["powa_demo_src"].search_path == "pg_catalog, public, pg_temp"
    definer = named(POWA_4, "remote", security_definer=True)["powa_demo_src"]
    assert definer.security_definer and definer.search_path == "pg_catalog, pg_temp"


def test_a_later_powa_knows_the_retention_of_each_datasource():
    later = Archivist5((5, 1, 2), "powa", "powa", 170000)
    assert "powa_get_server_retention(_srvid)" in render(named(POWA_5, "repository")["powa_demo_purge"].body)
    body = render(named(later, "repository")["powa_demo_purge"].body)
    assert "powa_get_server_retention(\n        _srvid, 'demo'::pg_catalog.text, 'extension'::" in body
