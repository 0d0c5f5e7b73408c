# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared servers to a plan: rows of C(powa_servers), and what is active on each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import connected
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import activation, registry_rows
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import INSERT, UPDATE, Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import RegisteredServer, read_servers
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import (
    State,
    address_of,
    found_at,
    read_retentions,
    read_state,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.spec import (
    ABSENT,
    COLUMNS,
    DEFAULTS,
    NEVER,
    PRESENT,
    Address,
    ServerSpec,
    address_text,
    parse_servers,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.writes import UNIQUE, ServerWrites, Target

#: What the collector has to do, the strongest last.
_ACTIONS = ("none", "reload", "restart")


@dataclass(frozen=True)
class Task:
    """The parameters of a task.

    :param exact: whether declared servers that the list leaves out are disabled
    :param drop_history: whether they are deleted instead
    """

    specs: Sequence[ServerSpec]
    exact: bool
    drop_history: bool


def reconcile(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Make the declared servers true, or in check mode say what that would change.

    :raises PowaError: with everything that is wrong, before anything is written
    """
    specs, problems = parse_servers(params["servers"])
    task = Task(specs, params["state"] == "exact", params["history"] == "drop")
    if task.drop_history and not task.exact:
        problems.append(
            'history: found "drop" with state "present", which removes nothing: give it with state "exact",'
            " or to a server of the list whose state is absent"
        )
    with connected(params, check_mode, "the servers", problems) as connection:
        with connection.reading() as cursor:
            planner = _planner(cursor, task, problems)
        if planner.plan.changed and not check_mode:
            planner = connection.write(lambda cursor: _apply(cursor, task))
        servers = list(planner.state.servers.values())
        if planner.plan.changed:
            with connection.reading() as cursor:
                servers = read_servers(cursor, planner.state.archivist)
        wanted = {spec.address for spec in specs}
        return {
            **planner.plan.result(),
            "collector_action": planner.collector_action,
            "servers": [_returned(server) for server in servers if address_of(server) in wanted],
            "others": planner.others,
            "powa_version": planner.state.archivist.version_text,
        }


def _apply(cursor: Any, task: Task) -> "_Planner":
    planner = _planner(cursor, task, [])
    planner.state.archivist.set_search_path(cursor)
    planner.writes.apply(cursor, planner.state)
    return planner


def _planner(cursor: Any, task: Task, problems: List[str]) -> "_Planner":
    state = read_state(cursor)
    retentions, refused = read_retentions(cursor, task.specs)
    problems = problems + refused + _refusals(task.specs, state)
    if problems:
        raise ProblemsError("the servers", problems)
    planner = _Planner(cursor, state, retentions)
    planner.plan_servers(task)
    return planner


def _refusals(specs: Sequence[ServerSpec], state: State) -> List[str]:
    problems = []
    aliases = {server.alias: address for address, server in state.servers.items() if server.alias}
    changing = {found_at(spec, state) for spec in specs if "alias" in spec.values or spec.drop_history}
    for spec in specs:
        where = 'server "{0}", '.format(spec.name)
        if spec.renamed_from and spec.address in state.servers and spec.renamed_from in state.servers:
            problems.append(
                "{0}renamed_from: {1} and {2} are both registered, so neither can become the other:"
                " remove one of them first".format(where, address_text(spec.renamed_from), spec.name)
            )
        holder = aliases.get(spec.values.get("alias"))
        if spec.state != ABSENT and holder and holder != found_at(spec, state) and holder not in changing:
            problems.append(
                '{0}alias: "{1}" is the alias of {2}: give that server another alias in the same task'.format(
                    where, spec.values["alias"], address_text(holder)
                )
            )
        for option, names, known in (
            ("extensions", spec.extensions, state.extensions.known),
            ("datasources", spec.datasources, state.definitions.keys()),
        ):
            unknown = sorted(set(names or ()) - known)
            if unknown:
                problems.append(
                    "{0}{1}: {2} is not known here, known are {3}: {4}".format(
                        where,
                        option,
                        ", ".join(unknown),
                        ", ".join(sorted(known)) or "none",
                        "declare it on the repository first" if option == "datasources" else "choose from those",
                    )
                )
        problems += ["{0}datasources: {1}".format(where, problem) for problem in _parts_of_extensions(spec, state)]
    return problems


def _parts_of_extensions(spec: ServerSpec, state: State) -> List[str]:
    """PoWA 5 has one row for all datasources of an extension, which is active or not."""
    problems = []
    named = set(spec.datasources or ())
    together: Dict[str, Set[str]] = {}
    for name, definition in state.definitions.items():
        if definition.extension is not None and state.archivist.scope_database:
            together.setdefault(definition.extension, set()).add(name)
    for extension, names in sorted(together.items()):
        if named & names and names - named:
            problems.append(
                'found {0} without {1} of the same extension "{2}", which PoWA 5 has active or not as a whole:'
                " name all of them or none".format(
                    ", ".join(sorted(named & names)), ", ".join(sorted(names - named)), extension
                )
            )
    return problems


class _Planner:
    """Turns servers into changes, and into what is written for them.

    C(others) are the names of servers that no task has declared, and that the list leaves out.
    """

    def __init__(self, cursor: Any, state: State, retentions: Mapping[str, Tuple[str, float]]) -> None:
        self.cursor = cursor
        self.state = state
        self.retentions = retentions
        self.plan = Plan()
        self.writes = ServerWrites()
        self.others: List[str] = []
        self.collector_action = "none"
        self._taken = {server.alias for server in state.servers.values()}
        self._templates: Dict[Tuple[str, bool], List[Row]] = {}
        self._for_all = tuple(sorted(name for name, stored in state.definitions.items() if stored.servers is None))

    def plan_servers(self, task: Task) -> None:
        """Plan all servers of a task, removals first."""
        found = [(spec, self.state.servers.get(found_at(spec, self.state))) for spec in task.specs]
        listed = {server.srvid for _spec, server in found if server}
        for left_out in self.state.servers.values():
            if left_out.srvid in listed:
                continue
            if not self.state.is_declared(left_out.srvid):
                self.others.append(left_out.name)
            elif task.exact:
                (self._delete if task.drop_history else self._disable)(left_out)
        for spec, server in found:
            if spec.state == ABSENT:
                if server:
                    (self._delete if spec.drop_history else self._disable)(server)
            elif server:
                self._change(spec, server)
        for spec, server in found:
            if spec.state != ABSENT and not server:
                self._register(spec)

    def _act(self, action: str) -> None:
        self.collector_action = max(self.collector_action, action, key=_ACTIONS.index)

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
        self.plan.add(_identity(address_of(server)), self._describe(server), self._describe(server, frequency=NEVER))
        self.writes.changed[server.srvid] = {"frequency": NEVER}
        self._act("restart")

    def _delete(self, server: RegisteredServer) -> None:
        self.plan.add(_identity(address_of(server)), self._describe(server), None)
        self.writes.deleted.append(server.srvid)
        self._act("restart")

    def _wanted_values(self, spec: ServerSpec) -> Dict[str, Any]:
        values = dict(spec.values)
        if "retention" in values:
            values["retention"] = self.retentions[values["retention"]][0]
        return values

    def _change(self, spec: ServerSpec, server: RegisteredServer) -> None:
        wanted = self._wanted_values(spec)
        wanted.update(hostname=spec.address[0], port=spec.address[1])
        if "retention" in wanted:
            seconds = self.retentions[spec.values["retention"]][1]
            if seconds == server.values["retention_seconds"]:
                del wanted["retention"]
        if spec.state == PRESENT and server.values["frequency"] == NEVER:
            wanted.setdefault("frequency", DEFAULTS["frequency"])
        changed = {column: value for column, value in wanted.items() if server.values[column] != value}
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
        self.plan.add(
            _identity(address_of(server)),
            self._describe(server),
            _describe(shown, wanted_extensions, wanted_datasources, True),
        )
        plain = {column: value for column, value in changed.items() if column not in UNIQUE}
        if plain:
            self.writes.changed[server.srvid] = plain
        self._activate(server.srvid, wanted_extensions, extensions)
        self._activate_datasources(server.srvid, wanted_datasources, True)
        if not declared:
            self.writes.declared.append(server.srvid)
        self._write_unique(server, {column: changed[column] for column in UNIQUE if column in changed})
        if server.values["frequency"] == NEVER and "frequency" in changed:
            self._act("reload")
        elif {"hostname", "port", "frequency"} & set(changed) and server.values["frequency"] != NEVER:
            self._act("restart")
        elif {"username", "password", "dbname"} & set(changed):
            self._act("reload")

    def _write_unique(self, server: RegisteredServer, changed: Mapping[str, Any]) -> None:
        if not changed:
            return
        if changed.get("alias") is not None and server.alias is not None:
            self.writes.clear_aliases.append(server.srvid)
        self.writes.unique[server.srvid] = changed

    def _register(self, spec: ServerSpec) -> None:
        hostname, port = spec.address
        values = dict(DEFAULTS, **self._wanted_values(spec))
        values.update(hostname=hostname, port=port)
        written = dict(values)
        if values["alias"] in self._taken:
            written["alias"] = None
            self.writes.unique[spec.address] = {"alias": values["alias"]}
        self.writes.registered.append(written)
        self.writes.declared.append(spec.address)
        self._activate(spec.address, set(spec.extensions or ()), set())
        asked_for = spec.datasources is not None
        datasources = self._for_all if spec.datasources is None else spec.datasources
        self._activate_datasources(spec.address, set(datasources), asked_for)
        enabled = {name for name in datasources if asked_for or self.state.definitions[name].enabled is not False}
        shown = dict(values, password="set" if values["password"] else None)
        self.plan.add(_identity(spec.address), None, _describe(shown, set(spec.extensions or ()), enabled, True))
        if values["frequency"] != NEVER:
            self._act("reload")

    def _activate(self, target: Target, wanted: Set[str], active: Set[str]) -> None:
        self.writes.activated += [(target, name) for name in sorted(wanted - active)]
        self.writes.deactivated += [(target, name) for name in sorted(active - wanted)]

    def _activate_datasources(self, target: Target, wanted: Set[str], asked_for: bool) -> None:
        """Make those datasources active on a server, and no others; it is an address while it is being registered.

        :param asked_for: whether the task names them, so that one is active that is declared as not enabled
        """
        srvid = target if isinstance(target, int) else -1
        registered, active = self.state.datasources.registered(srvid), self.state.datasources.active(srvid)
        for name in sorted(wanted - active):
            if name in registered:
                self._set_active(target, name, True)
            else:
                for row in self._template(name, asked_for):
                    self.writes.write_row(INSERT, row, target)
        for name in sorted(active - wanted):
            self._set_active(target, name, False)

    def _set_active(self, target: Target, name: str, active: bool) -> None:
        for row in self._template(name, False):
            self.writes.write_row(UPDATE, activation(row, self.state.definitions[name], active), target)

    def _template(self, name: str, enabled: bool) -> List[Row]:
        """Return the rows that make a datasource known for any server; all else is there."""
        if (name, enabled) not in self._templates:
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


def _returned(server: RegisteredServer) -> Dict[str, Any]:
    hostname, port = address_of(server)
    return {"srvid": server.srvid, "hostname": hostname, "port": port, "alias": server.alias}
