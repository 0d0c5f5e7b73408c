# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects and registry rows of datasources as the server has them now, read in a fixed number of statements."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Dict, Generic, List, Mapping, Optional, Sequence, Set, Type, TypeVar, Union

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, dicts, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    HOLDERS,
    MARK,
    READ_SUFFIXES,
    function_names,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import (
    Damaged,
    Stored,
    read_comments,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import (
    PARAMETER_TYPES,
    SERVER,
    SERVER_AND_RANGE,
    SUFFIXES,
    DatabaseObject,
    Function,
    Index,
    RecordType,
    Table,
    TableColumn,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import catalog as texts

if TYPE_CHECKING:
    from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import Visible

ObjectKind = TypeVar("ObjectKind", bound=DatabaseObject)

_VOLATILITY = {"i": "IMMUTABLE", "s": "STABLE", "v": "VOLATILE"}
_SEARCH_PATH = "search_path="


@dataclass(frozen=True)
class Found(Generic[ObjectKind]):
    """An object of the server.

    :param extension: the extension that it belongs to, or None
    :param stranger: its owner, if he could not have changed PoWA itself; otherwise None
    """

    object: ObjectKind
    extension: Optional[str]
    stranger: Optional[str] = None

    @property
    def ours(self) -> bool:
        """Whether this collection made it. A mark alone proves nothing: whoever creates an object can write one."""
        comment = self.object.comment
        is_marked = comment is not None and comment.startswith(MARK)
        return is_marked and self.extension is None and self.stranger is None


@dataclass(frozen=True)
class Catalog:
    """What the server has.

    :param found: by kind, then by name
    :param registry: rows of PoWA's registry about the datasources to look for
    :param definitions: what is stored about each datasource, or what is wrong with that, by its name
    """

    found: Mapping[Type[DatabaseObject], Dict[str, Found[Any]]] = field(default_factory=dict)
    registry: Sequence[Row] = ()
    definitions: Mapping[str, Union[None, Stored, Damaged]] = field(default_factory=dict)

    def get(self, kind: Type[ObjectKind], name: str) -> Optional[Found[ObjectKind]]:
        """Return the object of that kind and name, or None."""
        return self.found.get(kind, {}).get(name)

    def there(self, wanted: ObjectKind) -> Optional[ObjectKind]:
        """Return the object of the same kind and name that the server has, or None."""
        found = self.get(type(wanted), wanted.name)
        return found.object if found else None

    def of_datasource(self, datasource: str) -> List[Found[Any]]:
        """Return every object that has the name of one of a datasource's, whoever made it."""
        found = (
            self.get(kind, object_name(datasource, suffix))
            for kind, suffixes in SUFFIXES.items()
            for suffix in suffixes
        )
        return [entry for entry in found if entry is not None]

    def strangers(self, datasource: str) -> List[Found[Any]]:
        """Return those that belong to somebody who could not have made them."""
        return [entry for entry in self.of_datasource(datasource) if entry.stranger is not None]

    @cached_property
    def registered_functions(self) -> Dict[str, Set[str]]:
        """The functions that the registry has for each module."""
        functions: Dict[str, Set[str]] = {}
        for row in self.registry:
            function = row.function
            if function is not None:
                functions.setdefault(row.module, set()).add(function)
        return functions

    def stored(self, datasource: str) -> Optional[Stored]:
        """Return what is stored about a datasource, or None if nothing is stored or it cannot be read."""
        found = self.definitions.get(datasource)
        return found if isinstance(found, Stored) else None

    def damaged(self, datasource: str) -> Optional[Damaged]:
        """Return what is wrong with the comment that should hold the definition of a datasource, or None."""
        found = self.definitions.get(datasource)
        return found if isinstance(found, Damaged) else None


def read_catalog(
    cursor: Any,
    archivist: Archivist,
    datasources: Sequence[str],
    modules: Sequence[str],
    visible: Optional[Visible] = None,
) -> Catalog:
    """Read everything that has the name of an object of one of the datasources, whoever made it, without sizes.

    :param modules: their names in the registry, as wanted; the names that it has for them now are read, too
    :param visible: of a reader, who reads no row of the registry if his role may not
    """
    found: Dict[Type[DatabaseObject], Dict[str, Found[Any]]] = {kind: {} for kind in SUFFIXES}
    parts = {
        "schema": literal(archivist.schema),
        "schemas": literal([archivist.schema]),
        # Without the right to use the schema, PostgreSQL does not even look the table up.
        "servers": literal(
            "{0}.powa_servers".format(archivist.quoted_schema) if visible is None or visible.usage else None
        ),
    }

    def rows(text: str, *kinds: Type[DatabaseObject]) -> List[Dict[str, Any]]:
        suffixes = [suffix for kind in kinds for suffix in SUFFIXES[kind]]
        names = [object_name(datasource, suffix) for datasource in datasources for suffix in suffixes]
        cursor.execute(compose(text, names=literal(names), **parts))
        return dicts(cursor)

    def add(entry: Optional[DatabaseObject], extension: Optional[str], row: Mapping[str, Any]) -> None:
        if entry is not None:
            found[type(entry)][entry.name] = Found(entry, extension, row["stranger"])

    for row in rows(texts.RELATIONS, Table, RecordType):
        add(_record_type(row) if row["relkind"] == "c" else table_of(row), row["extension"], row)
    for row in rows(texts.INDEXES, Index):
        add(_index(row), None, row)
    for row in rows(texts.FUNCTIONS, Function):
        add(_function(row), row["extension"], row)
    definitions = {name: _definition(name, Catalog(found), archivist) for name in datasources}
    tables = archivist.registry_tables([])
    if visible is not None and not visible.sees_registry(table.name for table in tables):
        return Catalog(found, (), definitions)
    extensions = {entry.definition.module for entry in definitions.values() if isinstance(entry, Stored)}
    wanted = sorted({*datasources, *modules, *extensions, *_modules_of_damaged(cursor, archivist, definitions)})
    registry = [row for table in archivist.registry_tables(wanted) for row in table.read(cursor, archivist.schema)]
    return Catalog(found, registry, definitions)


def with_sizes(cursor: Any, archivist: Archivist, catalog: Catalog) -> Catalog:
    """Return a catalog with the sizes of its tables, for their indexes, too, read in one statement."""
    names = sorted(catalog.found.get(Table, {}))
    cursor.execute(compose(texts.SIZES, schema=literal(archivist.schema), names=literal(names)))
    sizes = dict(cursor.fetchall())
    found = dict(catalog.found)
    found[Table] = {name: _sized(entry, sizes.get(name, 0)) for name, entry in found.get(Table, {}).items()}
    found[Index] = {
        name: _sized(entry, sizes.get(entry.object.table, 0)) for name, entry in found.get(Index, {}).items()
    }
    return replace(catalog, found=found)


def _sized(entry: Found[Any], size: int) -> Found[Any]:
    return replace(entry, object=replace(entry.object, size=size))


def _modules_of_damaged(
    cursor: Any, archivist: Archivist, definitions: Mapping[str, Union[None, Stored, Damaged]]
) -> List[str]:
    """Return under which names the registry has the functions of datasources whose definition does not say so."""
    functions = [
        name
        for datasource, found in definitions.items()
        if isinstance(found, Damaged)
        for name in function_names(datasource)
    ]
    if not functions:
        return []
    schema = identifier(archivist.schema)
    cursor.execute(compose(archivist.modules_of_functions, schema=schema, names=literal(functions)))
    return [name for (name,) in cursor.fetchall()]


def _definition(datasource: str, catalog: Catalog, archivist: Archivist) -> Union[None, Stored, Damaged]:
    functions = {suffix: catalog.get(Function, object_name(datasource, suffix)) for suffix in HOLDERS}
    comments = {suffix: found.object.comment for suffix, found in functions.items() if found and found.ours}
    return read_comments(datasource, archivist.schema, comments, archivist.scope_database)


def _record_type(row: Dict[str, Any]) -> RecordType:
    attributes = tuple(TableColumn(name, type_text) for name, type_text, *_rest in row["columns"] or ())
    return RecordType(row["schema"], row["relname"], row["comment"], attributes)


def table_of(row: Dict[str, Any]) -> Table:
    """Return the table that a row of C(RELATIONS) describes."""
    columns = row["columns"] or ()
    return Table(
        schema=row["schema"],
        name=row["relname"],
        comment=row["comment"],
        columns=tuple(TableColumn(name, type_text, not_null) for name, type_text, not_null, _storage in columns),
        unlogged=row["relpersistence"] == "u",
        server_key=row["server_key"],
        toast_target="toast_tuple_target=128" in (row["reloptions"] or ()),
        main_columns=tuple(
            name
            for name, _type, _not_null, storage in columns
            if storage == "m" and name in ("mins_in_range", "maxs_in_range")
        ),
        grants={role: tuple(privileges) for role, privileges in (row["grants"] or {}).items()},
        is_plain=row["relkind"] == "r",
    )


def _index(row: Dict[str, Any]) -> Index:
    return Index(
        schema=row["schema"],
        name=row["relname"],
        comment=row["comment"],
        table=row["on_table"],
        method=row["method"],
        width=row["columns"],
    )


def _function(row: Dict[str, Any]) -> Optional[Function]:
    parameters = SERVER_AND_RANGE if row["proname"].endswith(READ_SUFFIXES) else SERVER
    if row["parameters"] != PARAMETER_TYPES[parameters]:
        return None
    config = row["config"]
    paths = [entry[len(_SEARCH_PATH) :] for entry in config if entry.startswith(_SEARCH_PATH)]
    return Function(
        schema=row["schema"],
        name=row["proname"],
        comment=row["comment"],
        columns=tuple(TableColumn(name, type_text) for name, type_text in row["out_columns"] or ()),
        returns=("SETOF " if row["proretset"] else "") + row["returns"],
        body=row["prosrc"],
        volatility=_VOLATILITY[row["provolatile"]],
        search_path=(paths[0] if len(paths) == len(config) == 1 else ", ".join(config)) or None,
        execute=tuple(sorted(row["grants"] or ())),
        parameters=parameters,
        language=row["lanname"],
        security_definer=row["prosecdef"],
        owner=row["owner"],
    )
