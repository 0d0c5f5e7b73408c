# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What declared datasources have collected, as lines of few points."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import connected, first_line
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import (
    DATABASE,
    DBID,
    Column,
    Definition,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    CURRENT,
    HISTORY,
    MARK,
    RATE,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored_definitions import (
    Definitions,
    read_definitions,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.readers import RATE_TYPE
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import (
    LOCAL_NAME,
    read_servers,
    resolve,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import (
    ABOUT_SERVERS,
    Table,
    Visible,
    read_visible,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.history_range import (
    Moment,
    Range,
    Ranges,
    Sampled,
    Samples,
    trimmed,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import history as texts
from ansible_collections.pgfleet.powa.plugins.module_utils._sql.info import EITHER

#: How many steps and lines a graph may have.
_MOST = 100_000
#: Digits of a value: no graph shows more.
_DIGITS = 4
#: The parts of the result that may not be visible.
_PARTS = ("datasources", "datasources[].servers")


class _Datasource(NamedTuple):
    """A datasource whose history can be read.

    :param keys: the names of the keys of its history, kept ones included
    """

    definition: Definition
    keys: Tuple[str, ...]

    @property
    def metrics(self) -> List[Tuple[int, Column]]:
        """The metrics that are numbers, each with its position."""
        columns = enumerate(self.definition.metrics)
        return [(position, column) for position, column in columns if column.type.number is not None]


def read_history(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Return what module history_info returns. Nothing is changed in any mode.

    :raises PowaError: for a range that PostgreSQL cannot read, an unknown datasource or server, or without PoWA
    """
    for option in ("steps", "lines"):
        if params[option] < 1:
            raise PowaError("{0}: found {1}, expected at least 1".format(option, params[option]))
        if params[option] > _MOST:
            raise PowaError("{0}: found {1}, expected at most {2}".format(option, params[option], _MOST))
    with connected(params, read_only=True) as connection:
        return connection.read(lambda cursor: _read(cursor, params))


def _read(cursor: Any, params: Mapping[str, Any]) -> Dict[str, Any]:
    visible = read_visible(cursor)
    archivist = detect_archivist(cursor, visible)
    asked = _read_range(cursor, params)
    names = _read_names(cursor, archivist, params["servers"], visible)
    datasources, warnings = _read_datasources(cursor, archivist, params["datasources"], visible)
    sees_servers = not visible.hides("datasources[].servers")
    trims = params["trim"] and sees_servers
    samples = _read_samples(cursor, archivist, datasources, names, asked) if trims else {}
    ranges = trimmed(asked, samples)
    lines = _read_lines(cursor, archivist, datasources, names, ranges, params["lines"]) if sees_servers else {}
    returned = [_returned(datasource, lines, names, ranges) for datasource in datasources]
    not_visible = [entry for entry in visible.returned() if entry["part"] in _PARTS]
    return {
        "changed": False,
        **ranges.within.as_dict(),
        "asked": asked.as_dict(),
        "datasources": returned,
        "not_visible": not_visible,
        "warnings": [*warnings, *map(_unseen, not_visible)],
    }


def _unseen(entry: Mapping[str, Any]) -> str:
    return "not visible: {0}, since the role lacks {1}".format(entry["part"], ", ".join(entry["lacks"]))


def _read_range(cursor: Any, params: Mapping[str, Any]) -> Range:
    try:
        cursor.execute(compose(texts.RANGE, range=literal(params["range"]), until=literal(params["until"] or None)))
    except driver.psycopg2.DataError as error:
        raise PowaError(
            'PostgreSQL cannot read range "{0}" until "{1}" ({2}): give an interval such as "7 days", and a time such'
            ' as "2026-03-01 12:00+00" or none for now'.format(
                params["range"], params["until"] or "", first_line(error)
            )
        ) from error
    row = cursor.fetchone()
    asked = Range(Moment(*row[:3]), Moment(*row[3:]), params["steps"])
    if not 0 < asked.length < float("inf"):
        raise PowaError(
            'range: found "{0}", expected a positive and finite interval, such as "7 days"'.format(params["range"])
        )
    return asked


def _read_names(cursor: Any, archivist: Archivist, asked: Optional[Sequence[str]], visible: Visible) -> Dict[int, str]:
    """Return the servers' names by their numbers, the local one first."""
    servers = read_servers(cursor, archivist, visible)
    lacking = visible.gaps.get(ABOUT_SERVERS[0])
    if lacking:
        if asked is not None:
            raise PowaError(_LACKS.format("servers", "no server can be looked up", ", ".join(lacking)))
        return {}
    names = {0: LOCAL_NAME, **{server.srvid: server.name for server in servers}}
    if asked is None:
        return names
    srvids, problems = resolve(servers, [name for name in asked if name != LOCAL_NAME])
    if problems:
        raise ProblemsError("servers", problems)
    return {srvid: name for srvid, name in names.items() if srvid in srvids or (srvid == 0 and LOCAL_NAME in asked)}


#: What is said of an option whose value the session's role may not look up.
_LACKS = (
    "{0}: {1}, since the role lacks {2}: grant it, or log in as a role that has it (variable powa_reader_role of role"
    " pgfleet.powa.repository makes one)"
)


def _read_datasources(
    cursor: Any, archivist: Archivist, asked: Optional[Sequence[str]], visible: Visible
) -> Tuple[List[_Datasource], List[str]]:
    """Return the datasources to read, and why others cannot be read. A task that names one of those fails."""
    definitions = read_definitions(cursor, archivist)
    cursor.execute(compose(texts.READABLE, schema=literal(archivist.schema), mark=literal(MARK + "%")))
    readable, uncallable = {}, {}
    for name, columns, functions in cursor.fetchall():
        readable[name], uncallable[name] = columns or {}, functions
    found, unreadable = _readable(definitions, readable, archivist.schema)
    hidden = _hide(found, uncallable, archivist, visible, asked)
    problems = [
        unreadable.get(name)
        or hidden.get(name)
        or 'datasource "{0}" is not declared here, or cannot be read (declared: {1}): give one of them'.format(
            name, ", ".join(found) or "none"
        )
        for name in asked or ()
        if name not in found
    ]
    if problems:
        raise ProblemsError("datasources", problems)
    if asked is None:
        return list(found.values()), list(unreadable.values())
    return [datasource for name, datasource in found.items() if name in asked], []


def _hide(
    found: Dict[str, _Datasource],
    uncallable: Mapping[str, Sequence[str]],
    archivist: Archivist,
    visible: Visible,
    asked: Optional[Sequence[str]],
) -> Dict[str, str]:
    """Take out those that the session's role may not read, and return why, by name.

    :param uncallable: by function of C(_rate) it and the other reader, if the role may not call them
    """
    hidden = {}
    for name, datasource in list(found.items()):
        if asked is not None and name not in asked:
            continue
        tables = [Table(object_name(name, suffix)) for suffix in (CURRENT, HISTORY)]
        if datasource.definition.scope == DATABASE:
            tables.append(Table("powa_databases"))
        lacking = visible.lacking(tables, uncallable[object_name(name, RATE)])
        visible.note(["datasources"], lacking)
        if lacking:
            hidden[name] = _LACKS.format('datasource "{0}"'.format(name), "cannot be read", ", ".join(lacking))
            del found[name]
    return hidden


def _readable(
    definitions: Definitions, readable: Mapping[str, Mapping[str, str]], schema: str
) -> Tuple[Dict[str, _Datasource], Dict[str, str]]:
    """Return the datasources that can be read, and why others cannot, by name.

    :param readable: by function the columns that it returns, and their types
    """
    unreadable = {name: damaged.problem for name, damaged in definitions.damaged.items()}
    unreadable.update(definitions.refusals())
    found: Dict[str, _Datasource] = {}
    for name, stored in definitions.stored.items():
        columns = readable.get(object_name(name, RATE))
        if columns is None or name in unreadable:
            continue
        missing = [
            column.name
            for column in (*stored.keys, *stored.definition.metrics)
            if column.name not in columns or not _has_type(column, columns[column.name])
        ]
        if missing:
            unreadable[name] = _lacks_columns(name, schema, missing)
        else:
            found[name] = _Datasource(stored.definition, tuple(key.name for key in stored.keys))
    return found, unreadable


def _has_type(column: Column, found: str) -> bool:
    """Whether the function returns a number as one: a comment that somebody has changed may say anything."""
    return column.type.number is None or found == (RATE_TYPE if column.has_rate else column.type.name)


def _lacks_columns(name: str, schema: str, missing: Sequence[str]) -> str:
    return (
        'datasource "{0}": function {1}.{2} does not return {3} as its definition has it:'
        " declare the datasource again, which repairs the function"
    ).format(name, schema, object_name(name, RATE), ", ".join('"{0}"'.format(column) for column in missing))


def _read_samples(
    cursor: Any, archivist: Archivist, datasources: Sequence[_Datasource], names: Mapping[int, str], asked: Range
) -> Samples:
    """Return the first and the last sample of each datasource, if it has metrics that are numbers, and server."""
    about_range = {"since": literal(asked.since.literal), "until": literal(asked.until.literal)}
    parts = [
        compose(
            texts.SAMPLED_PART,
            name=literal(datasource.definition.name),
            current=identifier(archivist.schema, object_name(datasource.definition.name, CURRENT)),
            history=identifier(archivist.schema, object_name(datasource.definition.name, HISTORY)),
            srvids=literal(list(names)),
            **about_range,
        )
        for datasource in datasources
        if datasource.metrics
    ]
    if not parts:
        return {}
    cursor.execute(compose(texts.SAMPLED, parts=joined(parts, EITHER), **about_range))
    return {(name, srvid): Sampled(Moment(*row[:3]), Moment(*row[3:])) for name, srvid, *row in cursor.fetchall()}


#: The lines by datasource, srvid and metric: the values of the keys (None for the sum of others), steps and values.
_Lines = Dict[Tuple[str, int, int], List[Tuple[Optional[List[str]], List[int], List[float]]]]


def _read_lines(
    cursor: Any,
    archivist: Archivist,
    datasources: Sequence[_Datasource],
    names: Mapping[int, str],
    ranges: Ranges,
    lines: int,
) -> _Lines:
    parts = [_part(archivist, datasource, names, ranges) for datasource in datasources if datasource.metrics]
    found: _Lines = {}
    if parts:
        cursor.execute(compose(texts.LINES, parts=joined(parts, EITHER), lines=literal(lines)))
        for name, srvid, metric, keys, steps, values in cursor.fetchall():
            found.setdefault((name, srvid, metric), []).append((keys, steps, values))
    return found


def _part(archivist: Archivist, datasource: _Datasource, names: Mapping[int, str], ranges: Ranges) -> Any:
    definition, schema = datasource.definition, identifier(archivist.schema)
    within, own = ranges.within, ranges.own(datasource.definition.name)
    values = [
        compose(
            texts.DATABASE_KEY if key == DBID.name and DBID in definition.stored_keys else texts.KEY,
            column=identifier(key),
            schema=schema,
        )
        for key in datasource.keys
    ]
    metrics = []
    for position, column in datasource.metrics:
        value = identifier("r", column.name)
        number = value if column.has_rate else compose(column.type.number or "", value=value)
        metrics.append(compose(texts.METRIC, position=literal(position), number=number))
    return compose(
        texts.PART,
        name=literal(definition.name),
        keys=compose(texts.KEYS, values=joined(values)),
        schema=schema,
        rate=identifier(archivist.schema, object_name(definition.name, RATE)),
        metrics=joined(metrics),
        since=literal(within.since.literal),
        until=literal(within.until.literal),
        step=literal(within.step),
        steps=literal(within.steps),
        srvids=literal(list(names)),
        late=literal(list(own)),
        sinces=literal([each.since.literal for each in own.values()]),
        late_steps=literal([each.step for each in own.values()]),
    )


def _returned(datasource: _Datasource, lines: _Lines, names: Mapping[int, str], ranges: Ranges) -> Dict[str, Any]:
    definition = datasource.definition
    own = ranges.own(definition.name)
    servers = []
    for srvid, name in names.items():
        metrics = [
            {
                "name": column.name,
                "lines": [
                    {
                        "key": None if keys is None else dict(zip(datasource.keys, keys)),
                        "points": _points(ranges.within.steps, line_steps, values),
                    }
                    for keys, line_steps, values in lines.get((definition.name, srvid, position), ())
                ],
            }
            for position, column in datasource.metrics
        ]
        if any(metric["lines"] for metric in metrics):
            shown = own.get(srvid, ranges.within).as_dict()
            servers.append(
                {"srvid": srvid, "name": name, "since": shown["since"], "step": shown["step"], "metrics": metrics}
            )
    return {
        "name": definition.name,
        "title": definition.title,
        "set": definition.set_title,
        "description": definition.description,
        "metrics": [
            {
                "name": column.name,
                "title": dict(column.shown).get("title"),
                "unit": column.type.unit or dict(column.shown).get("unit"),
                "description": dict(column.shown).get("description"),
                "per_second": column.has_rate,
                "overview": column.overview,
            }
            for _position, column in datasource.metrics
        ],
        "servers": servers,
    }


def _points(steps: int, known: Sequence[int], values: Sequence[float]) -> List[Optional[float]]:
    found: List[Optional[float]] = [None] * steps
    for step, value in zip(known, values):
        found[step] = float("{0:.{1}g}".format(value, _DIGITS))
    return found
