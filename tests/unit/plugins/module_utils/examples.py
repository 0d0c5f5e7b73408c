# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasources, servers and what a server has of them, to build test inputs from."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.wanted import Wanted
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Stored
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.build import build_objects
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.catalog import Catalog, Found
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.layout import layout_of
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import SUFFIXES, Table
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import Parts
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.source import source_path
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Grantees
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa4 import Archivist4
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa5 import Archivist5
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import Side
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import RegisteredServer
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import Visible
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import render

POWA_4 = Archivist4((4, 1, 4), "public", "public", 150000)
POWA_5 = Archivist5((5, 0, 2), "PoWA", '"PoWA"', 170000, {"powa_snapshot": "snap"})
LATER_POWA_5 = Archivist5((5, 1, 2), "powa", "powa", 170000, {"powa_snapshot": "snap"})

LOCKS = {
    "name": "locks",
    "query": "SELECT mode, count(*) AS held FROM pg_locks GROUP BY mode",
    "keys": [{"name": "mode", "type": "text"}],
    "metrics": [{"name": "held", "type": "bigint"}],
}
LATENCY = {"name": "latency", "type": "interval"}

REMOTE = Side(("remote",), "mon", None)
REPOSITORY = Side(("repository",), None, "coll")
LOCAL = Side(("local",), "mon", "coll")


def definition(**changes):
    (parsed,), _removals, problems = collect_definitions([dict(LOCKS, **changes)])
    assert problems == []
    return parsed


def server(srvid, hostname, port=5432, alias=None, **values):
    columns = {
        "hostname": hostname,
        "port": port,
        "alias": alias,
        "username": "powa",
        "password": None,
        "dbname": "powa",
        "frequency": 300,
        "powa_coalesce": 100,
        "retention": "1 day",
        "retention_seconds": 86400.0,
        "allow_ui_connection": True,
        "version": "17.2 (Debian)",
    }
    return RegisteredServer(srvid, dict(columns, **values))


ALPHA, BETA = server(1, "alpha", alias="first"), server(2, "beta")


def wanted(declared, side=REPOSITORY, archivist=POWA_4, catalog=None, was_paused=(), paused=()):
    """Return a datasource as wanted on a server that has what the catalog says."""
    layout = layout_of(declared, catalog or Catalog())
    grantees = archivist.grantees("coll") if side.stores else Grantees({}, {}, (), ())
    path = source_path(declared, archivist, [])
    parts = Parts(declared, layout, layout.stored(declared, paused), archivist, grantees, path, render)
    return Wanted(declared, layout, build_objects(parts, side), frozenset(was_paused), frozenset(paused))


def catalog_of(*entries, registry=(), extension=None, definitions=None):
    """Return what a server has on which each of these datasources was made as wanted."""
    found = {kind: {} for kind in SUFFIXES}
    stored = {}
    for entry in entries:
        stored[entry.definition.name] = entry.layout.stored(entry.definition, entry.paused)
        for made in entry.objects:
            found[type(made)][made.name] = Found(made, extension)
    return Catalog(found, list(registry), stored if definitions is None else definitions)


def with_objects(catalog, *objects, extension=None):
    """Return a catalog in which these objects take the place of those of the same name."""
    found = {kind: dict(entries) for kind, entries in catalog.found.items()}
    for entry in objects:
        found.setdefault(type(entry), {})[entry.name] = Found(entry, extension)
    return replace(catalog, found=found)


def with_tables(catalog, **changes):
    """Return a catalog in which this is changed of each table."""
    return with_objects(catalog, *(replace(found.object, **changes) for found in catalog.found[Table].values()))


def unmarked(catalog, extension=None):
    """Return a catalog in which nothing bears our mark and nothing is stored."""
    objects = [replace(found.object, comment=None) for entries in catalog.found.values() for found in entries.values()]
    return with_objects(replace(catalog, definitions={}), *objects, extension=extension)


def state(archivist=POWA_4, catalog=None, servers=(ALPHA, BETA), **changes):
    """Return a server as a task about datasources finds it."""
    parts = {
        "archivist": archivist,
        "catalog": catalog or Catalog(),
        "servers": list(servers),
        "roles": ["mon", "coll"],
        "schemas": {},
        "extension_schemas": {},
        "named_schemas": {},
        "intervals": {},
        "bad_intervals": {},
        "local_mode": False,
    }
    return DatasourcesState(**dict(parts, **changes))


def stored_text(**changes):
    """Return the comment that holds a definition."""
    return Stored(definition(**changes)).comment()


def visible(hidden=None, **changes):
    """What a role sees that may read everything, but for some relations: each with the columns that it may read."""
    rights = dict.fromkeys(("usage", "settings", "files", "size"), True)
    return Visible(
        '"PoWA"', hidden={name: frozenset(columns) for name, columns in (hidden or {}).items()}, **{**rights, **changes}
    )
