# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared extensions of one database to a plan, in the order of their dependencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned, Task
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import MAX_IDENTIFIER_BYTES
from ansible_collections.pgfleet.powa.plugins.module_utils._host.preload import PRELOADED
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.libraries import Libraries, read_libraries
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import extensions as texts

LATEST = "latest"


@dataclass(frozen=True)
class Extension:
    """An extension of the server: available, and perhaps installed in this database.

    :param movable: whether the installed one can be moved to another schema
    :param versions: version -> the one schema that it can be created in, or None for any
    :param targets: versions that the installed one can be updated to
    :param tables: how many tables with user data it owns
    """

    default_version: str
    installed: Optional[str]
    schema: Optional[str]
    movable: bool
    versions: Mapping[str, Optional[str]]
    requires: Sequence[str]
    targets: Sequence[str]
    tables: int

    def describe(self) -> Optional[str]:
        """Return the extension as the lines of a diff, or None where it is not installed."""
        return None if self.installed is None else _describe(self.installed, self.schema)


class Dependent(NamedTuple):
    """What depends on an extension to drop, and goes with it only by CASCADE.

    :param identity: its kind and name, such as C(view public.slow)
    :param tables: if it is an extension, how many tables with user data it owns
    """

    extension: str
    identity: str
    tables: int


@dataclass(frozen=True)
class ExtensionsState:
    """What the server has.

    :param has_default_schema: whether PostgreSQL finds a schema for an extension that names none
    :param dependents: of the extensions to drop
    """

    extensions: Mapping[str, Extension]
    installed: Sequence[str]
    schemas: Sequence[str]
    has_default_schema: bool
    libraries: Libraries
    dependents: Sequence[Dependent] = ()


class Resolved(NamedTuple):
    """The server as it is, and the changes that lead to the declared extensions."""

    state: ExtensionsState
    plan: Plan


class ExtensionsTask(Task[ExtensionsState, Resolved]):
    """Reconciles the extensions of a task with those of the database."""

    subject = "the extensions"

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.wanted: Sequence[Mapping[str, Any]] = params["extensions"]
        super().__init__(
            [
                'extension "{0}", schema: found a name of {1} bytes, expected at most {2}, since PostgreSQL cuts the'
                " rest: give a shorter one".format(extension["name"], size, MAX_IDENTIFIER_BYTES)
                for extension in self.wanted
                for size in [len((extension["schema"] or "").encode("utf-8", "surrogatepass"))]
                if size > MAX_IDENTIFIER_BYTES
            ]
        )

    def read(self, cursor: Any) -> ExtensionsState:
        return _read(cursor, self.wanted)

    def resolve(self, cursor: Any, found: ExtensionsState, locked: bool) -> Tuple[Resolved, List[str]]:
        plan, problems = _plan(self.wanted, found, self.check_mode)
        return Resolved(found, plan), problems

    def plan(self, cursor: Any, wanted: Resolved) -> Plan:
        return wanted.plan

    def result(self, connection: Connection, planned: Planned[Resolved], written: bool) -> Dict[str, Any]:
        state = planned.wanted.state
        if written:
            with connection.reading() as cursor:
                state = self.read(cursor)
        needed = [extension["name"] for extension in self.wanted if extension["state"] == "present"]
        preload = [name for name in _ordered(needed, state.extensions) if name in PRELOADED]
        configured, loaded = state.libraries.configured, state.libraries.loaded
        return {
            "extensions": [_returned(extension["name"], state.extensions) for extension in self.wanted],
            "preload": preload,
            "preload_missing": [name for name in preload if name not in configured],
            "restart_required": any(name in configured and name not in loaded for name in preload),
        }


def _returned(name: str, extensions: Mapping[str, Extension]) -> Dict[str, Any]:
    found = extensions.get(name)
    return {
        "name": name,
        "version": found.installed if found else None,
        "schema": found.schema if found else None,
        "default_version": found.default_version if found else None,
    }


def _describe(version: str, schema: Optional[str]) -> str:
    return "version: {0}\nschema: {1}".format(version, schema)


def _read(cursor: Any, wanted: Sequence[Mapping[str, Any]]) -> ExtensionsState:
    cursor.execute(compose(texts.AVAILABLE, names=literal([extension["name"] for extension in wanted])))
    extensions = {
        name: Extension(
            default, installed, schema, bool(movable), versions or {}, requires or (), targets or (), tables
        )
        for name, default, installed, schema, movable, versions, requires, targets, tables in cursor.fetchall()
    }
    cursor.execute(texts.INSTALLED)
    installed_names = [name for (name,) in cursor.fetchall()]
    names = [extension["schema"] for extension in wanted if extension["schema"]]
    cursor.execute(compose(texts.SCHEMAS, names=literal(names)))
    schemas = dict(cursor.fetchall())
    return ExtensionsState(
        extensions,
        installed_names,
        list(schemas),
        any(schemas.values()),
        read_libraries(cursor),
        _dependents(cursor, wanted),
    )


def _dependents(cursor: Any, wanted: Sequence[Mapping[str, Any]]) -> List[Dependent]:
    absent = [extension["name"] for extension in wanted if extension["state"] == "absent"]
    if not absent:
        return []
    cursor.execute(compose(texts.DEPENDENTS, names=literal(absent)))
    return [Dependent(*row) for row in cursor.fetchall()]


def _ordered(names: Sequence[str], extensions: Mapping[str, Extension]) -> List[str]:
    """Return the names so that each comes after what it requires; otherwise in the order of the task."""
    ordered: List[str] = []

    def visit(name: str) -> None:
        if name in ordered:
            return
        for required in extensions[name].requires if name in extensions else ():
            if required in names:
                visit(required)
        ordered.append(name)

    for name in names:
        visit(name)
    return ordered


def _plan(wanted: Sequence[Mapping[str, Any]], state: ExtensionsState, check_mode: bool) -> Tuple[Plan, List[str]]:
    planner = _Planner(wanted, state)
    order = _ordered(list(planner.by_name), state.extensions)
    by_state: Dict[str, List[Mapping[str, Any]]] = {"present": [], "absent": []}
    for name in order:
        by_state[planner.by_name[name]["state"]].append(planner.by_name[name])
    for extension in reversed(by_state["absent"]):
        planner.drop(extension)
    for extension in by_state["present"]:
        if check_mode and extension["files_pending"] and extension["name"] not in state.extensions:
            after = _describe(extension["version"] or LATEST, extension["schema"] or "the default")
            planner.changes.add(_identity(extension["name"]), None, after)
        else:
            planner.present(extension)
    return planner.changes, planner.problems


class _Planner:
    """Plans extensions, in the order of the calls."""

    def __init__(self, wanted: Sequence[Mapping[str, Any]], state: ExtensionsState) -> None:
        self.state = state
        self.changes = Plan()
        self.problems: List[str] = []
        self.by_name: Dict[str, Mapping[str, Any]] = {}
        self._new_schemas: List[str] = []
        for extension in wanted:
            if extension["name"] in self.by_name:
                self._refuse(extension["name"], "it is in the list twice: give it once")
            self.by_name[extension["name"]] = extension

    def _refuse(self, name: str, problem: str, field: str = "") -> None:
        self.problems.append('extension "{0}"{1}: {2}'.format(name, field, problem))

    def drop(self, extension: Mapping[str, Any]) -> None:
        """Plan to drop an extension, unless that loses data."""
        name = extension["name"]
        found = self.state.extensions.get(name)
        if found is None or found.installed is None:
            return
        if found.tables and extension["history"] != "drop":
            self._refuse(
                name,
                "dropping it would lose the data of its {0} tables: give history: drop if that is what you want".format(
                    found.tables
                ),
            )
            return
        dependents = [one for one in self.state.dependents if one.extension == name]
        lost = ["{0} ({1} tables)".format(one.identity, one.tables) for one in dependents if one.tables]
        if dependents and not extension["cascade"]:
            listed = ", ".join(one.identity for one in dependents)
            self._refuse(
                name,
                "other objects depend on it ({0}): drop these first, or give cascade: true to drop them as well".format(
                    listed
                ),
            )
            return
        if lost and extension["history"] != "drop":
            self._refuse(
                name,
                "dropping it with cascade would lose the data of {0}:"
                " give history: drop if that is what you want".format(", ".join(lost)),
            )
            return
        for one in dependents:
            # Another extension of the task may have the same.
            if not any(change.identity == one.identity for change in self.changes.changes):
                self.changes.add(one.identity, "depends on {0}".format(_identity(name)), None)
        text = texts.DROP_CASCADE if extension["cascade"] else texts.DROP
        self.changes.add(_identity(name), found.describe(), None, compose(text, name=identifier(name)))

    def present(self, extension: Mapping[str, Any]) -> None:
        """Plan to create, update or move an extension."""
        name = extension["name"]
        found = self.state.extensions.get(name)
        if found is None:
            self._refuse(
                name,
                "this server does not have it: install the package that provides it"
                " (role pgfleet.powa.archivist does that for PoWA's)",
            )
            return
        version = found.default_version if extension["version"] == LATEST else extension["version"]
        if version and version not in found.versions and version != found.installed:
            self._refuse(
                name,
                'found "{0}", this server has {1}: choose one of those, or install another package'.format(
                    version, ", ".join(sorted(found.versions))
                ),
                ", version",
            )
        elif found.installed is None:
            self._create(extension, found, version)
        else:
            self._change(extension, found, found.installed, version)

    def _schema_statements(self, schema: Optional[str]) -> List[Any]:
        if not schema or schema in self.state.schemas or schema in self._new_schemas:
            return []
        self._new_schemas.append(schema)
        return [compose(texts.CREATE_SCHEMA, name=identifier(schema))]

    def _create(self, extension: Mapping[str, Any], found: Extension, version: Optional[str]) -> None:
        name, schema = extension["name"], extension["schema"]
        missing = [required for required in found.requires if not self._will_be_there(required)]
        if missing:
            self._refuse(
                name,
                "it requires {0}, which this database would not have: list it with state present".format(
                    ", ".join(missing)
                ),
            )
            return
        fixed = found.versions.get(version or found.default_version)
        if schema and fixed and schema != fixed:
            self._refuse(
                name,
                'found "{0}", and version {1} can be created in the schema "{2}" only: leave schema out'.format(
                    schema, version or found.default_version, fixed
                ),
                ", schema",
            )
            return
        if not (schema or fixed or self.state.has_default_schema or self._creates("public")):
            self._refuse(
                name,
                "the database has no schema public, where PostgreSQL would create it: give a schema,"
                " which is created if it does not exist",
                ", schema",
            )
            return
        self.changes.add(
            _identity(name),
            None,
            _describe(version or found.default_version, schema or "the default"),
            *self._schema_statements(schema),
            raw(texts.DEFAULT_SEARCH_PATH),
            _create(name, schema, version),
        )

    def _creates(self, schema: str) -> bool:
        return schema in self._new_schemas

    def _will_be_there(self, name: str) -> bool:
        if name in self.by_name:
            return bool(self.by_name[name]["state"] == "present")
        return name in self.state.installed

    def _change(self, extension: Mapping[str, Any], found: Extension, installed: str, version: Optional[str]) -> None:
        name, schema = extension["name"], extension["schema"]
        if schema and schema != found.schema and not found.movable:
            self._refuse(
                name,
                'found "{0}", but it is in the schema "{1}", and PostgreSQL cannot move it: leave schema out, or drop'
                " the extension first".format(schema, found.schema),
                ", schema",
            )
            return
        statements = self._schema_statements(schema)
        if version and version != installed:
            if version not in found.targets:
                self.problems.append(_no_path(name, installed, version))
                return
            statements.append(compose(texts.UPDATE, name=identifier(name), version=literal(version)))
        if schema and schema != found.schema:
            statements.append(compose(texts.MOVE, name=identifier(name), schema=identifier(schema)))
        after = _describe(version or installed, schema or found.schema)
        self.changes.add(_identity(name), found.describe(), after, *statements)


def _create(name: str, schema: Optional[str], version: Optional[str]) -> Any:
    return compose(
        texts.CREATE,
        name=identifier(name),
        schema=compose(texts.WITH_SCHEMA, schema=identifier(schema)) if schema else raw(""),
        version=compose(texts.WITH_VERSION, version=literal(version)) if version else raw(""),
    )


def _no_path(name: str, installed: str, version: str) -> str:
    advice = "keep the installed version, or install a package that provides such a path"
    if name == "powa" and installed.split(".")[0] != version.split(".")[0]:
        advice = (
            "save the history that you need (pg_dump), drop the extension with state: absent and history: drop,"
            " and then create version {0}".format(version)
        )
    return 'extension "{0}", version: {1} is installed, and there is no update path from it to {2}: {3}'.format(
        name, installed, version, advice
    )


def _identity(name: str) -> str:
    return "extension {0}".format(name)
