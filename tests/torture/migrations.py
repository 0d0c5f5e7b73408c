# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasources with random columns, and others that they become."""

from __future__ import annotations

from random import Random
from typing import Any, Dict, List, NamedTuple, Sequence, Set, Tuple

from servers import Database

REPOSITORY = {"server_kind": ["repository"], "collector_role": "powa_collector"}
REMOTE = {"server_kind": ["remote"], "monitoring_role": "powa"}
_BOTH = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
#: Expressions of each type that differ from row to row, and the types that each can become while it has values.
_TYPES = {
    "integer": ("g", ("bigint", "numeric")),
    "bigint": ("g * 5000000000", ("numeric",)),
    "numeric": ("g * 1.25", ("double precision",)),
    "double precision": ("g * 0.5::double precision", ("numeric",)),
    "text": ("repeat('it''s \"', g)", ()),
    "oid": ("(g + 16384)::oid", ("bigint",)),
    "timestamp with time zone": ("to_timestamp(g * 100000)", ()),
    "uuid": ("md5(g::text)::uuid", ("text",)),
    "boolean": ("g = 2", ("text",)),
}
_KEY_TYPES = ["integer", "bigint", "text", "oid", "uuid"]
_NAMES = ["a", "b", "Some %s", 'd"q', "e.f", "mode", "ünï", "select"]
_ROWS = 3


class Step(NamedTuple):
    """One task on the way from one set of datasources to another."""

    name: str
    module: str
    params: Dict[str, Any]


class _Column(NamedTuple):
    name: str
    type: str
    is_key: bool
    kind: str = "counter"
    nullable: bool = False
    renamed_from: str = ""

    def declared(self) -> Dict[str, Any]:
        """Return what a user writes."""
        column: Dict[str, Any] = {"name": self.name, "type": self.type}
        if self.renamed_from:
            column["renamed_from"] = self.renamed_from
        return dict(column, nullable=self.nullable) if self.is_key else dict(column, kind=self.kind)


def random_datasources(random: Random, powa: str) -> List[Dict[str, Any]]:
    """Return one or two datasources, of which the second may be one of each database.

    :param powa: the major version
    """
    datasources = [_datasource("things", _random_columns(random))]
    if random.random() < 0.4:
        scope = random.choice(["cluster", "database"]) if powa != "4" else "cluster"
        datasources.append(dict(_datasource("others", _random_columns(random)), scope=scope))
    return datasources


def changed_datasources(
    random: Random, datasources: Sequence[Dict[str, Any]], used: Sequence[str] = ()
) -> List[Dict[str, Any]]:
    """Return datasources with other columns, or another description, and sometimes one more.

    :param used: names of former columns, of which history may have values
    """
    changed = [_changed(random, datasource, set(used)) for datasource in datasources]
    if random.random() < 0.3 and len(changed) < 2:
        changed.append(_datasource("others", _random_columns(random)))
    return changed


def names_of(datasources: Sequence[Dict[str, Any]]) -> Set[str]:
    """Return the names of all columns."""
    return {column["name"] for datasource in datasources for column in datasource["keys"] + datasource["metrics"]}


def careful_steps(new: Sequence[Dict[str, Any]], seen: Sequence[str]) -> List[Step]:
    """Return the tasks that bring new columns to both sides without a failed snapshot, as site.yml does.

    :param seen: the servers whose side has the new columns
    """
    paused = [dict(datasource, state="paused") for datasource in new]
    return [
        Step("pause", "datasources", dict(REPOSITORY, datasources=paused)),
        Step("remote", "datasources", dict(REMOTE, datasources=list(new))),
        Step("repository", "datasources", dict(REPOSITORY, datasources=list(new), ready_servers=list(seen))),
    ]


def random_steps(random: Random, new: Sequence[Dict[str, Any]], servers: Sequence[str]) -> List[Step]:
    """Return the tasks that bring new columns to both sides, at once or one by one, and may remove a datasource."""
    if random.random() < 0.2:
        return [Step("both sides", "datasources", {**REPOSITORY, **_BOTH, "datasources": list(new)})]
    steps = careful_steps(new, sorted(random.sample(list(servers), random.randint(0, len(servers)))))
    if random.random() < 0.4:
        keep = random.choice(["keep", "drop"])
        gone = [{"name": new[0]["name"], "state": "absent", "history": keep}]
        steps.append(Step("removal", "datasources", dict(REPOSITORY, datasources=gone)))
        steps.append(Step("removal from the remote", "datasources", dict(REMOTE, datasources=gone)))
    return steps


def fill(database: Database, datasources: Sequence[Dict[str, Any]], transient: bool) -> None:
    """Give the datasources history of every kind.

    :param transient: whether also rows that no snapshot has taken yet
    """
    servers = database.sql("SELECT id FROM powa_servers WHERE id > 0 ORDER BY 1")
    database.sql("UPDATE powa_servers SET powa_coalesce = 5 WHERE id > 0")
    for (srvid,) in servers:
        # The fifth snapshot aggregates.
        for _snapshot in range(6):
            _collect(database, datasources, srvid)
            database.take_snapshot(srvid)
        if transient:
            _collect(database, datasources, srvid)


def _collect(database: Database, datasources: Sequence[Dict[str, Any]], srvid: int) -> None:
    for datasource in datasources:
        # What is of each database has no function on the remote.
        if datasource.get("scope") != "database":
            database.collect(datasource["name"], srvid)


def _random_columns(random: Random) -> List[_Column]:
    names = random.sample(_NAMES, 5)
    keys = [_Column(names.pop(), random.choice(_KEY_TYPES), True) for _key in range(random.randint(0, 2))]
    metrics = [_random_metric(random, names.pop()) for _metric in range(random.randint(1, 3))]
    return keys + metrics


def _random_metric(random: Random, name: str) -> _Column:
    return _Column(name, random.choice(list(_TYPES)), False, random.choice(["counter", "gauge"]))


def _changed(random: Random, datasource: Dict[str, Any], used: Set[str]) -> Dict[str, Any]:
    columns = [_read(column, True) for column in datasource["keys"]]
    columns += [_read(column, False) for column in datasource["metrics"]]
    taken = used | {column.name for column in columns}
    free = [name for number in range(1000) for name in random.sample(_more_names(number), len(_NAMES))]
    free = [name for name in free if name not in taken][:5][::-1]
    for _change in range(random.randint(0, 3)):
        columns = random.choice([_add_metric, _add_key, _remove, _rename, _retype])(random, columns, free)
    return {
        **datasource,
        **_datasource(datasource["name"], columns),
        "description": "changed {0}".format(random.randint(0, 2)),
    }


def _more_names(number: int) -> List[str]:
    return ["{0} {1}".format(name, number) if number else name for name in _NAMES]


def _read(column: Dict[str, Any], is_key: bool) -> _Column:
    return _Column(column["name"], column["type"], is_key, column.get("kind", ""), column.get("nullable", False))


def _add_metric(random: Random, columns: List[_Column], free: List[str]) -> List[_Column]:
    return [*columns, _random_metric(random, free.pop())]


def _add_key(random: Random, columns: List[_Column], free: List[str]) -> List[_Column]:
    return [_Column(free.pop(), random.choice(_KEY_TYPES), True), *columns]


def _remove(random: Random, columns: List[_Column], free: List[str]) -> List[_Column]:
    metrics = [column for column in columns if not column.is_key]
    removable = [column for column in columns if column.is_key or len(metrics) > 1]
    gone = random.choice(removable) if removable else None
    return [column for column in columns if column != gone]


def _rename(random: Random, columns: List[_Column], free: List[str]) -> List[_Column]:
    number, column = _pick(random, columns)
    if column.renamed_from:
        return columns
    columns[number] = column._replace(name=free.pop(), renamed_from=column.name)
    return columns


def _retype(random: Random, columns: List[_Column], free: List[str]) -> List[_Column]:
    number, column = _pick(random, columns)
    others = [name for name in _TYPES[column.type][1] if not column.is_key or name in _KEY_TYPES]
    if others:
        columns[number] = column._replace(type=random.choice(others))
    return columns


def _pick(random: Random, columns: Sequence[_Column]) -> Tuple[int, _Column]:
    number = random.randrange(len(columns))
    return number, columns[number]


def _datasource(name: str, columns: Sequence[_Column]) -> Dict[str, Any]:
    selected = [
        '({0})::{1} AS "{2}"'.format(_TYPES[column.type][0], column.type, column.name.replace('"', '""'))
        for column in columns
    ]
    return {
        "name": name,
        "query": "SELECT {0} FROM generate_series(1, {1}) AS g".format(", ".join(selected), _ROWS),
        "keys": [column.declared() for column in columns if column.is_key],
        "metrics": [column.declared() for column in columns if not column.is_key],
    }
