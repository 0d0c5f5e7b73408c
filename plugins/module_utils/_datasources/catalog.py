# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects and registry rows of datasources as the server has them now, read in a fixed number of statements."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Dict, List, Optional, Sequence, Set

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import objects
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import (
    MARK,
    object_name,
    stored_definition,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import catalog as texts

_VOLATILITY = {"i": "IMMUTABLE", "s": "STABLE", "v": "VOLATILE"}
_SEARCH_PATH = "search_path="


@dataclass(frozen=True)
class Found:
    """An object of the server.

    :param extension: the extension that it belongs to, or None
    """

    object: Any
    extension: Optional[str]

    @property
    def ours(self) -> bool:
        """Whether it carries the mark of this collection."""
        comment = self.object.comment
        return self.extension is None and bool(comment) and comment.startswith(MARK)


@dataclass(frozen=True)
class Catalog:
    """What the server has.

    :param found: by kind, then by name
    :param registry: rows of PoWA's registry about the datasources that were asked for
    """

    found: Dict[str, Dict[str, Found]]
    registry: Sequence[Row]

    def get(self, kind: str, name: str) -> Optional[Found]:
        """Return the object of that kind and name, or None."""
        return self.found[kind].get(name)

    @cached_property
    def registered_functions(self) -> Dict[str, Set[str]]:
        """The functions that the registry has for each module."""
        functions: Dict[str, Set[str]] = {}
        for row in self.registry:
            function = row.function
            if function is not None:
                functions.setdefault(row.module, set()).add(function)
        return functions

    def stored(self, datasource: str) -> Optional[Dict[str, Any]]:
        """Return what is stored about a datasource, or None."""
        for suffix in ("_src", "_snapshot"):
            found = self.get("function", object_name(datasource, suffix))
            stored = stored_definition(found.object.comment) if found and found.ours else None
            if stored is not None:
                return stored
        return None


def read_catalog(cursor: Any, archivist: Archivist, datasources: Sequence[str], modules: Sequence[str]) -> Catalog:
    """Read everything that is called as an object of one of the datasources, whosever it is.

    :param modules: the names that the registry is to have them under; those that it has are looked at, too
    """
    found: Dict[str, Dict[str, Found]] = {"type": {}, "table": {}, "index": {}, "function": {}}
    parts = {
        "schema": literal(archivist.schema),
        "servers": literal("{0}.powa_servers".format(archivist.quoted_schema)),
    }

    def rows(text: str, suffixes: Sequence[str]) -> List[Dict[str, Any]]:
        names = [object_name(datasource, suffix) for datasource in datasources for suffix in suffixes]
        cursor.execute(compose(text, names=literal(names), **parts))
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row)) for row in cursor.fetchall()]

    for row in rows(texts.RELATIONS, objects.TABLE_SUFFIXES + objects.TYPE_SUFFIXES):
        relation = _record_type(row) if row["relkind"] == "c" else _table(row)
        found[relation.kind][relation.name] = Found(relation, row["extension"])
    for row in rows(texts.INDEXES, objects.INDEX_SUFFIXES):
        index = objects.Index(row["relname"], row["on_table"], row["method"], row["columns"], row["comment"])
        found["index"][index.name] = Found(index, None)
    for row in rows(texts.FUNCTIONS, objects.FUNCTION_SUFFIXES):
        function = _function(row)
        if function is not None:
            found["function"][function.name] = Found(function, row["extension"])
    stored = [Catalog(found, ()).stored(datasource) for datasource in datasources]
    modules = sorted(
        {*datasources, *modules, *(entry["extension"] for entry in stored if entry and entry["extension"])}
    )
    registry = [row for table in archivist.registry_tables(modules) for row in table.read(cursor, archivist.schema)]
    return Catalog(found, registry)


def read_names(cursor: Any, archivist: Archivist) -> List[str]:
    """Return the names of all datasources of this collection that the server has any side of."""
    cursor.execute(compose(texts.DEFINITIONS, schema=literal(archivist.schema), mark=literal(MARK + "%")))
    stored = [stored_definition(comment) for (comment,) in cursor.fetchall()]
    return sorted({entry["name"] for entry in stored if entry})


def _record_type(row: Dict[str, Any]) -> objects.RecordType:
    attributes = tuple(objects.TableColumn(name, type_text) for name, type_text, *_rest in row["columns"] or ())
    return objects.RecordType(row["relname"], attributes, row["comment"])


def _table(row: Dict[str, Any]) -> objects.Table:
    columns = row["columns"] or ()
    grants = {role: tuple(privileges) for role, privileges in (row["grants"] or {}).items()}
    return objects.Table(
        row["relname"],
        tuple(objects.TableColumn(name, type_text, not_null) for name, type_text, not_null, _storage in columns),
        row["relpersistence"] == "u",
        row["server_key"],
        "toast_tuple_target=128" in (row["reloptions"] or ()),
        tuple(
            name
            for name, _type, _not_null, storage in columns
            if storage == "m" and name in ("mins_in_range", "maxs_in_range")
        ),
        row["comment"],
        grants,
        row["size"],
    )


def _function(row: Dict[str, Any]) -> Optional[objects.Function]:
    reads = row["proname"].endswith(objects.READ_SUFFIXES)
    parameters = objects.SERVER_AND_RANGE if reads else objects.SERVER
    if row["parameters"] != objects.PARAMETER_TYPES[parameters]:
        return None
    config = row["config"]
    paths = [entry[len(_SEARCH_PATH) :] for entry in config if entry.startswith(_SEARCH_PATH)]
    return objects.Function(
        name=row["proname"],
        columns=tuple(objects.TableColumn(name, type_text) for name, type_text in row["out_columns"] or ()),
        returns=("SETOF " if row["proretset"] else "") + row["returns"],
        body=row["prosrc"],
        volatility=_VOLATILITY[row["provolatile"]],
        search_path=(paths[0] if len(paths) == len(config) == 1 else ", ".join(config)) or None,
        comment=row["comment"],
        execute=tuple(sorted(row["grants"] or ())),
        parameters=parameters,
        language=row["lanname"],
        security_definer=row["prosecdef"],
    )
