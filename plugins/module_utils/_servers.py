# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared servers to a plan: rows of C(powa_servers), and what is active on each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._connection import connected
from ansible_collections.pgfleet.powa.plugins.module_utils._driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._errors import ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._registered import RegisteredServer, read_servers
from ansible_collections.pgfleet.powa.plugins.module_utils._registry import activation, module_of, registry_rows
from ansible_collections.pgfleet.powa.plugins.module_utils._rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._server_catalog import (
    State,
    address_of,
    found_at,
    read_retentions,
    read_state,
    read_transient_tables,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._server_spec import (
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
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import servers as texts

#: Columns with a unique key: a change of one makes the collector's key checks wait, so it is written last.
_UNIQUE = ("hostname", "port", "alias")

#: What the collector has to do, the strongest last.
_ACTIONS = ("none", "reload", "restart")


def reconcile(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Make the declared servers true, or in check mode say what that would change.

    :raises PowaError: with everything that is wrong, before anything is written
    """
    specs, problems = parse_servers(params["servers"])
    with connected(params, check_mode, "the servers", problems) as connection:
        with connection.reading() as cursor:
            planner = _planner(cursor, specs, params["exact"], problems)
            archivist = planner.state.archivist
        if planner.plan.changed and not check_mode:
            planner = connection.write(lambda cursor: _apply(cursor, specs, params["exact"]))
        with connection.reading() as cursor:
            wanted = {spec.address for spec in specs}
            servers = [server for server in read_servers(cursor, archivist) if address_of(server) in wanted]
        return {
            **planner.plan.result(),
            "collector_action": planner.collector_action,
            "servers": [_returned(server) for server in servers],
            "powa_version": archivist.version_text,
        }


def _apply(cursor: Any, specs: Sequence[ServerSpec], exact: bool) -> "_Planner":
    planner = _planner(cursor, specs, exact, [])
    planner.state.archivist.set_search_path(cursor)
    planner.plan.apply(cursor)
    for statement in planner.last:
        cursor.execute(statement)
    return planner


def _planner(cursor: Any, specs: Sequence[ServerSpec], exact: bool, problems: List[str]) -> "_Planner":
    state = read_state(cursor)
    retentions, refused = read_retentions(cursor, specs)
    problems = problems + refused + _refusals(specs, state)
    if problems:
        raise ProblemsError("the servers", problems)
    transient = read_transient_tables(cursor, specs, state.archivist)
    planner = _Planner(cursor, state, retentions, transient)
    planner.plan_servers(specs, exact)
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
            ("extensions", spec.extensions, state.known),
            ("datasources", spec.datasources, sorted(state.definitions)),
        ):
            unknown = sorted(set(names or ()) - set(known))
            if unknown:
                problems.append(
                    "{0}{1}: {2} is not known here, known are {3}: {4}".format(
                        where,
                        option,
                        ", ".join(unknown),
                        ", ".join(known) or "none",
                        "declare it on the repository first" if option == "datasources" else "choose from those",
                    )
                )
    return problems


class _Planner:
    """Turns servers into changes.

    C(last) is what is written after everything else: the unique columns of servers that are there.
    """

    def __init__(
        self, cursor: Any, state: State, retentions: Mapping[str, Tuple[str, float]], transient: Sequence[Any]
    ) -> None:
        self.cursor = cursor
        self.state = state
        self.schema = identifier(state.archivist.schema)
        self.retentions = retentions
        self.transient = transient
        self.plan = Plan()
        self.last: List[Any] = []
        self.collector_action = "none"

    def plan_servers(self, specs: Sequence[ServerSpec], exact: bool) -> None:
        """Plan all servers of a task, removals first."""
        found = [(spec, self.state.servers.get(found_at(spec, self.state))) for spec in specs]
        if exact:
            kept = {server.srvid for _spec, server in found if server}
            for left_out in self.state.servers.values():
                if left_out.srvid not in kept:
                    self._disable(left_out)
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

    def _describe(self, values: Mapping[str, Any], extensions: Set[str], datasources: Set[str]) -> str:
        shown = {option: values[column] for option, column in COLUMNS.items()}
        shown.update(hostname=values["hostname"], port=values["port"])
        shown["password"] = values["password"] or "not set"
        shown["extensions"] = ", ".join(sorted(extensions))
        shown["datasources"] = ", ".join(sorted(datasources))
        return "\n".join("{0}: {1}".format(option, shown[option]) for option in sorted(shown))

    def _now(self, server: RegisteredServer) -> Tuple[Dict[str, Any], Set[str], Set[str]]:
        values = dict(server.values)
        values["password"] = "set" if values["password"] else None
        extensions = self.state.extensions.get(server.srvid, set())
        return values, extensions, self.state.datasources(server.srvid, active_only=True)

    def _disable(self, server: RegisteredServer) -> None:
        if server.values["frequency"] == NEVER:
            return
        values, extensions, datasources = self._now(server)
        self.plan.add(
            _identity(address_of(server)),
            self._describe(values, extensions, datasources),
            self._describe(dict(values, frequency=NEVER), extensions, datasources),
            self._update(server, {"frequency": NEVER}),
        )
        self._act("restart")

    def _delete(self, server: RegisteredServer) -> None:
        srvid = literal(server.srvid)
        statements = [compose(texts.DELETE_TRANSIENT_ROWS, table=table, srvid=srvid) for table in self.transient]
        statements.append(compose(texts.DELETE_SERVER, schema=self.schema, srvid=srvid))
        self.plan.add(_identity(address_of(server)), self._describe(*self._now(server)), None, *statements)
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
        now, extensions, datasources = self._now(server)
        after = dict(now, **changed)
        if "password" in changed:
            after["password"] = "set to another" if changed["password"] else None
        statements = []
        plain = {column: value for column, value in changed.items() if column not in _UNIQUE}
        if plain:
            statements.append(self._update(server, plain))
        statements += self._activate(literal(server.srvid), spec.extensions, extensions)
        statements += self._activate_datasources(server.srvid, literal(server.srvid), spec.datasources)
        self._plan_unique(server, {column: changed[column] for column in _UNIQUE if column in changed})
        self.plan.add(
            _identity(address_of(server)),
            self._describe(now, extensions, datasources),
            self._describe(
                after,
                extensions if spec.extensions is None else set(spec.extensions),
                datasources if spec.datasources is None else set(spec.datasources),
            ),
            *statements,
        )
        if server.values["frequency"] == NEVER and "frequency" in changed:
            self._act("reload")
        elif {"hostname", "port", "frequency"} & set(changed) and server.values["frequency"] != NEVER:
            self._act("restart")
        elif {"username", "password", "dbname"} & set(changed):
            self._act("reload")

    def _plan_unique(self, server: RegisteredServer, changed: Mapping[str, Any]) -> None:
        if not changed:
            return
        # Every alias that changes is given up first, so that servers can swap theirs.
        if changed.get("alias") is not None and server.alias is not None:
            self.last.insert(0, self._update(server, {"alias": None}))
        self.last.append(self._update(server, changed))

    def _update(self, server: RegisteredServer, values: Mapping[str, Any]) -> Any:
        assignments = [
            compose("{column} = {value}", column=identifier(column), value=literal(value))
            for column, value in values.items()
        ]
        return compose(texts.UPDATE, schema=self.schema, assignments=joined(assignments), srvid=literal(server.srvid))

    def _register(self, spec: ServerSpec) -> None:
        hostname, port = spec.address
        values = dict(DEFAULTS, **self._wanted_values(spec))
        taken = {server.alias for server in self.state.servers.values()}
        alias = values["alias"]
        parts = {column: literal(value) for column, value in values.items()}
        parts.update(hostname=literal(hostname), port=literal(port))
        srvid = compose("({query})", query=compose(texts.SRVID, schema=self.schema, **_pick(parts, "hostname", "port")))
        if alias in taken:
            parts["alias"] = literal(None)
            assignment = compose("alias = {alias}", alias=literal(alias))
            self.last.append(compose(texts.UPDATE, schema=self.schema, assignments=assignment, srvid=srvid))
        datasources = spec.datasources
        if datasources is None:
            datasources = tuple(
                sorted(name for name, stored in self.state.definitions.items() if stored.servers is None)
            )
        statements = [compose(texts.REGISTER, schema=self.schema, **parts)]
        statements += self._activate(srvid, spec.extensions, set())
        statements += self._activate_datasources(None, srvid, datasources, spec.datasources is not None)
        shown = dict(values, hostname=hostname, port=port, password="set" if values["password"] else None)
        enabled = set(datasources)
        if spec.datasources is None:
            enabled = {name for name in datasources if self.state.definitions[name].enabled is not False}
        self.plan.add(
            _identity(spec.address), None, self._describe(shown, set(spec.extensions or ()), enabled), *statements
        )
        if values["frequency"] != NEVER:
            self._act("reload")

    def _activate(self, srvid: Any, wanted: Optional[Sequence[str]], active: Set[str]) -> List[Any]:
        if wanted is None:
            return []
        changes = [(texts.ACTIVATE_EXTENSION, name) for name in sorted(set(wanted) - active)]
        changes += [(texts.DEACTIVATE_EXTENSION, name) for name in sorted(active - set(wanted))]
        return [compose(text, schema=self.schema, srvid=srvid, name=literal(name)) for text, name in changes]

    def _activate_datasources(
        self, srvid: Optional[int], srvid_sql: Any, wanted: Optional[Sequence[str]], asked_for: bool = True
    ) -> List[Any]:
        """Return what makes those datasources active on a server; C(srvid) is None while it is being registered."""
        if wanted is None:
            return []
        schema = self.state.archivist.schema
        registered = set() if srvid is None else self.state.datasources(srvid, active_only=False)
        active = set() if srvid is None else self.state.datasources(srvid, active_only=True)
        statements = []
        inserted = set()
        for name in wanted:
            if name not in registered:
                for row in self._new_rows(name, srvid_sql, asked_for):
                    # Datasources of one extension share a row on PoWA 5.
                    if (row.table, row.key.get("function_name"), module_of(row)) not in inserted:
                        statements.append(row.insert(schema))
                    inserted.add((row.table, row.key.get("function_name"), module_of(row)))
            elif name not in active:
                statements += self._activation(srvid, name, True)
        for name in sorted(active - set(wanted)):
            statements += self._activation(srvid, name, False)
        return statements

    def _activation(self, srvid: Optional[int], name: str, active: bool) -> List[Any]:
        rows = [] if srvid is None else self.state.rows(srvid, name)
        definition = self.state.definitions[name]
        return [activation(row, definition, active).update(self.state.archivist.schema) for row in rows]

    def _new_rows(self, name: str, srvid: Any, asked_for: bool) -> List[Row]:
        """Return the rows that make a datasource known for a server; all else is there."""
        definition = self.state.definitions[name]
        if asked_for:
            definition = replace(definition, enabled=True)
        rows = registry_rows(self.cursor, definition, self.state.archivist, (srvid,), definition.retention)
        return [row for row in rows if "srvid" in row.key]


def _pick(parts: Mapping[str, Any], *names: str) -> Dict[str, Any]:
    return {name: parts[name] for name in names}


def _identity(address: Address) -> str:
    return "server {0}".format(address_text(address))


def _returned(server: RegisteredServer) -> Dict[str, Any]:
    returned = {option: server.values[column] for option, column in COLUMNS.items()}
    returned.update(srvid=server.srvid, hostname=server.values["hostname"], port=server.values["port"])
    return returned
