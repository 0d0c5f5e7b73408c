# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared servers to changes of C(powa_servers), and of what is active on each server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.row_changes import INSERT, UPDATE
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import NEVER, RegisteredServer
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import ServersState, address_of, found_at
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.exact import left_out
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import (
    ABSENT,
    COLUMNS,
    DEFAULTS,
    PRESENT,
    Address,
    ServerSpec,
    address_text,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.writes import (
    UNIQUE,
    ChangeServer,
    ChangeUnique,
    ClearAlias,
    DeclareServer,
    DeleteServer,
    RegisterServer,
    ServerWrite,
    SetExtension,
    SetPassword,
    Target,
    WriteRow,
)

#: What the collector has to do, the strongest last.
_ACTIONS = ("none", "reload", "restart")


class ServersPlan(Plan):
    """Changes of servers.

    :param others: names of servers that no task has declared, and that the list leaves out
    :param deleted: the servers that go with their history
    :param collector_action: what the collector has to do after them
    """

    def __init__(self) -> None:
        super().__init__()
        self.others: List[str] = []
        self.deleted: List[RegisteredServer] = []
        self.collector_action = _ACTIONS[0]

    def require(self, action: str) -> None:
        """Have the collector do at least this."""
        self.collector_action = max(self.collector_action, action, key=_ACTIONS.index)


class Planner:
    """Turns servers of a task into changes.

    :param cursor: only renders SQL, and sends nothing to the server
    :param retentions: each retention of the task as PostgreSQL writes it, and in seconds
    :param register_datasources: whether a new server gets the datasources that are for all servers
    """

    def __init__(
        self,
        cursor: Any,
        state: ServersState,
        retentions: Mapping[str, Tuple[str, float]],
        register_datasources: bool = True,
    ) -> None:
        self.cursor = cursor
        self.state = state
        self.retentions = retentions
        self.changes = ServersPlan()
        self._taken = {server.alias for server in state.servers.values()}
        self._templates: Dict[Tuple[str, bool], List[Row]] = {}
        for_all = [name for name, stored in state.definitions.items() if stored.servers is None]
        self._for_all = tuple(sorted(for_all)) if register_datasources else ()

    def plan(self, specs: Sequence[ServerSpec], exact: bool, drop_history: bool) -> ServersPlan:
        """Plan all servers of a task, removals first.

        :param exact: whether declared servers that the list leaves out are disabled
        :param drop_history: whether they are deleted instead
        """
        found = [(spec, self.state.servers.get(found_at(spec, self.state))) for spec in specs]
        for server in left_out(specs, self.state):
            if not self.state.is_declared(server.srvid):
                self.changes.others.append(server.name)
            elif exact:
                (self._delete if drop_history else self._disable)(server)
        for spec, registered in found:
            if spec.state == ABSENT:
                if registered:
                    (self._delete if spec.drop_history else self._disable)(registered)
            elif registered:
                self._change(spec, registered)
        for spec, registered in found:
            if spec.state != ABSENT and not registered:
                self._register(spec)
        return self.changes

    def _describe(self, server: RegisteredServer, **changed: Any) -> str:
        return _describe(
            dict(_shown(server), **changed),
            self.state.extensions.active(server.srvid),
            self.state.datasources.active(server.srvid),
            self.state.is_declared(server.srvid),
        )

    def _disable(self, server: RegisteredServer) -> None:
        if server.values["frequency"] == NEVER:
            return
        before, after = self._describe(server), self._describe(server, frequency=NEVER)
        write = ChangeServer(self.state.archivist, server.srvid, {"frequency": NEVER})
        self.changes.add(_identity(address_of(server)), before, after, write)
        self.changes.require("restart")

    def _delete(self, server: RegisteredServer) -> None:
        write = DeleteServer(self.state.archivist, server.srvid)
        self.changes.add(_identity(address_of(server)), self._describe(server), None, write)
        self.changes.deleted.append(server)
        if server.values["frequency"] != NEVER:
            self.changes.require("restart")

    def _wanted_values(self, spec: ServerSpec) -> Dict[str, Any]:
        values = dict(spec.values)
        if "retention" in values:
            values["retention"] = self.retentions[values["retention"]][0]
        return values

    def _changed_values(self, spec: ServerSpec, server: RegisteredServer) -> Dict[str, Any]:
        """Return the columns whose value is not the wanted one."""
        wanted = self._wanted_values(spec)
        wanted.update(hostname=spec.address[0], port=spec.address[1])
        if "retention" in wanted:
            seconds = self.retentions[spec.values["retention"]][1]
            if seconds == server.values["retention_seconds"]:
                del wanted["retention"]
        if spec.state == PRESENT and server.values["frequency"] == NEVER:
            wanted.setdefault("frequency", DEFAULTS["frequency"])
        return {column: value for column, value in wanted.items() if server.values[column] != value}

    def _change(self, spec: ServerSpec, server: RegisteredServer) -> None:
        changed = self._changed_values(spec, server)
        extensions = self.state.extensions.active(server.srvid)
        datasources = self.state.datasources.active(server.srvid)
        wanted_extensions = extensions if spec.extensions is None else set(spec.extensions)
        wanted_datasources = datasources if spec.datasources is None else set(spec.datasources)
        declared = self.state.is_declared(server.srvid)
        if not changed and declared and (extensions, datasources) == (wanted_extensions, wanted_datasources):
            return
        shown = dict(_shown(server), **changed)
        if "password" in changed:
            shown["password"] = "set to another" if changed["password"] else None
        self.changes.add(
            _identity(address_of(server)),
            self._describe(server),
            _describe(shown, wanted_extensions, wanted_datasources, True),
            *self._column_writes(server, changed),
            *self._set_extensions(server.srvid, wanted_extensions, extensions),
            *self._set_datasources(server.srvid, wanted_datasources, True),
            *([] if declared else [self._declare(server.srvid)]),
        )
        if server.values["frequency"] == NEVER and "frequency" in changed:
            self.changes.require("reload")
        elif {"hostname", "port", "frequency"} & set(changed) and server.values["frequency"] != NEVER:
            self.changes.require("restart")
        elif {"username", "password", "dbname"} & set(changed):
            self.changes.require("reload")

    def _column_writes(self, server: RegisteredServer, changed: Mapping[str, Any]) -> List[ServerWrite]:
        archivist, srvid = self.state.archivist, server.srvid
        plain = {column: value for column, value in changed.items() if column not in (*UNIQUE, "password")}
        unique = {column: value for column, value in changed.items() if column in UNIQUE}
        writes: List[ServerWrite] = [ChangeServer(archivist, srvid, plain)] if plain else []
        if "password" in changed:
            writes.append(SetPassword(archivist, srvid, changed["password"]))
        if "alias" in unique and server.alias is not None:
            writes.append(ClearAlias(archivist, srvid))
        return writes + ([ChangeUnique(archivist, srvid, unique)] if unique else [])

    def _register(self, spec: ServerSpec) -> None:
        archivist = self.state.archivist
        values = dict(DEFAULTS, **self._wanted_values(spec))
        values.update(hostname=spec.address[0], port=spec.address[1])
        written = {column: value for column, value in values.items() if column != "password"}
        writes: List[ServerWrite] = []
        if values["password"]:
            writes.append(SetPassword(archivist, spec.address, values["password"]))
        if values["alias"] in self._taken:
            written["alias"] = None
            writes.append(ChangeUnique(archivist, spec.address, {"alias": values["alias"]}))
        extensions = set(spec.extensions or ())
        asked_for = spec.datasources is not None
        datasources = self._for_all if spec.datasources is None else spec.datasources
        enabled = {name for name in datasources if asked_for or self.state.definitions[name].enabled is not False}
        shown = dict(values, password="set" if values["password"] else None)
        self.changes.add(
            _identity(spec.address),
            None,
            _describe(shown, extensions, enabled, True),
            RegisterServer(archivist, written),
            self._declare(spec.address),
            *self._set_extensions(spec.address, extensions, set()),
            *self._set_datasources(spec.address, set(datasources), asked_for),
            *writes,
        )
        if values["frequency"] != NEVER:
            self.changes.require("reload")

    def _declare(self, target: Target) -> ServerWrite:
        return DeclareServer(self.state.archivist, target, self.state.declared is None)

    def _set_extensions(self, target: Target, wanted: Set[str], active: Set[str]) -> List[ServerWrite]:
        archivist = self.state.archivist
        writes: List[ServerWrite] = [SetExtension(archivist, target, name, True) for name in sorted(wanted - active)]
        return writes + [SetExtension(archivist, target, name, False) for name in sorted(active - wanted)]

    def _set_datasources(self, target: Target, wanted: Set[str], asked_for: bool) -> List[ServerWrite]:
        """Make these datasources active on a server, and no others.

        :param target: the server's address if it is just being registered
        :param asked_for: whether the task names them, which activates even those that are declared as not enabled
        """
        srvid = target if isinstance(target, int) else -1
        registered, active = self.state.datasources.registered(srvid), self.state.datasources.active(srvid)
        writes: List[ServerWrite] = []
        for name in sorted(wanted - active):
            if name in registered:
                writes += self._set_active(target, name, True)
            else:
                rows = self._template(name, asked_for)
                writes += [WriteRow(self.state.archivist, target, INSERT, row) for row in rows]
        for name in sorted(active - wanted):
            writes += self._set_active(target, name, False)
        return writes

    def _set_active(self, target: Target, name: str, active: bool) -> List[ServerWrite]:
        databases = self.state.definitions[name].databases
        return [
            WriteRow(self.state.archivist, target, UPDATE, row.activated(active, databases))
            for row in self._template(name, False)
        ]

    def _template(self, name: str, enabled: bool) -> List[Row]:
        """Return the rows that register a datasource for a server; those for all servers exist already."""
        if (name, enabled) not in self._templates:
            # A host compiles whatever a task imports, each time, and most tasks register nothing new.
            from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import registry_rows

            definition = self.state.definitions[name]
            if enabled:
                definition = replace(definition, enabled=True)
            rows = registry_rows(self.cursor, definition, self.state.archivist, (0,), definition.retention)
            self._templates[name, enabled] = [row for row in rows if row.srvid is not None]
        return self._templates[name, enabled]


def _shown(server: RegisteredServer) -> Dict[str, Any]:
    return dict(server.values, password="set" if server.values["password"] else None)


def _describe(values: Mapping[str, Any], extensions: Set[str], datasources: Set[str], declared: bool) -> str:
    shown = {option: values[column] for option, column in COLUMNS.items()}
    shown.update(hostname=values["hostname"], port=values["port"])
    shown["password"] = values["password"] or "not set"
    shown["extensions"] = ", ".join(sorted(extensions))
    shown["datasources"] = ", ".join(sorted(datasources))
    shown["declared"] = "yes" if declared else "no"
    return "\n".join("{0}: {1}".format(option, shown[option]) for option in sorted(shown))


def _identity(address: Address) -> str:
    return "server {0}".format(address_text(address))
