# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of rows of PoWA's own tables: planned from the rows as they are, and written by few statements."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Batch, Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import rows as texts

INSERT = "insert"
UPDATE = "update"
DELETE = "delete"

#: The tables of the registry of PoWA 4 and 5, each after those that its foreign keys refer to.
_TABLES = (
    "powa_extensions",
    "powa_functions",
    "powa_extension_functions",
    "powa_extension_config",
    "powa_db_modules",
    "powa_db_module_functions",
    "powa_db_module_src_queries",
    "powa_db_module_config",
)


@dataclass(frozen=True)
class RowChange(Batch):
    """The same change of a row of several servers.

    :param operation: C(INSERT), C(UPDATE) or C(DELETE)
    :param schema: that of the table
    :param row: the row of any one of the servers
    :param srvids: the servers, or just None for a row that is about no server
    """

    operation: str
    schema: str
    row: Row
    srvids: Tuple[Optional[int], ...]

    @staticmethod
    def run(cursor: Any, writes: Sequence["RowChange"]) -> None:
        for statement in write_statements(writes):
            cursor.execute(statement)


#: Operation, schema, table and columns of changes that one statement makes.
_Kind = Tuple[str, str, str, Tuple[str, ...]]


def write_statements(changes: Iterable[RowChange]) -> List[Any]:
    """Return the statements that make all changes: one for each operation, table and set of columns.

    Deletions come first. Rows that foreign keys refer to are deleted last and inserted first.
    """
    kinds: Dict[_Kind, List[RowChange]] = {}
    for change in changes:
        columns = () if change.operation == DELETE else tuple(change.row.values)
        kinds.setdefault((change.operation, change.schema, change.row.table, columns), []).append(change)
    return [_statement(kind, kinds[kind]) for kind in sorted(kinds, key=_turn)]


def _turn(kind: _Kind) -> Tuple[bool, int]:
    operation, _schema, table, _columns = kind
    position = _TABLES.index(table)
    return (operation != DELETE, -position if operation == DELETE else position)


def _statement(kind: _Kind, changes: Sequence[RowChange]) -> Any:
    operation, schema, name, columns = kind
    table = identifier(schema, name)
    told = [
        {"row": dict(change.row.key, **change.row.values), "srvids": [srvid or 0 for srvid in change.srvids]}
        for change in changes
    ]
    key = changes[0].row.key
    rows = compose(texts.ROWS, table=table, rows=literal(json.dumps(told)))
    equal = [compose("t.{column} = r.{column}", column=identifier(column)) for column in key]
    if operation == DELETE:
        return compose(texts.DELETE, table=table, rows=rows, condition=joined(equal, " AND "))
    if operation == UPDATE:
        return compose(
            texts.UPDATE,
            table=table,
            rows=rows,
            assignments=joined(compose("{column} = r.{column}", column=identifier(column)) for column in columns),
            condition=joined(equal, " AND "),
        )
    written = [*key, *columns]
    return compose(
        texts.INSERT,
        table=table,
        rows=rows,
        columns=joined(identifier(column) for column in written),
        values=joined(identifier("r", column) for column in written),
    )


def plan_rows(
    plan: Plan, schema: str, wanted: Sequence[Row], found: Sequence[Row], is_managed: Callable[[Row], bool]
) -> None:
    """Plan to write the wanted rows, and to delete all other managed ones.

    :param wanted: in an order that satisfies the foreign keys
    :param found: in such an order, too; a table without a key may hold a row twice, and one of them is deleted
    """
    now: Dict[Any, List[Row]] = {}
    for row in found:
        now.setdefault(row.place, []).append(row)
    kept = {row.place for row in wanted}
    changes = _Changes()
    # A row that others refer to comes first in the registry, so it is deleted last.
    for place, rows in reversed(list(now.items())):
        if place not in kept and is_managed(rows[0]):
            changes.add(_describe(rows), None, (DELETE, rows[0]))
    for row in wanted:
        current = now.get(row.place, [])
        if not current:
            changes.add(None, row.describe(row.values), (INSERT, row))
        elif len(current) > 1:
            one = Row(row.table, row.key, dict(current[0].values, **row.values))
            changes.add(_describe(current), one.describe(one.values), (DELETE, row), (INSERT, one))
        elif current[0].differs(row):
            changes.add(current[0].describe(row.values), row.describe(row.values), (UPDATE, row))
    changes.plan(plan, schema)


@dataclass
class _Change:
    """The same change of the same row of several servers."""

    before: Optional[str]
    after: Optional[str]
    operations: Sequence[Tuple[str, Row]]
    srvids: List[Optional[int]] = field(default_factory=list)


class _Changes:
    """Changes of rows, with those that differ only in the server merged into one."""

    def __init__(self) -> None:
        self._changes: Dict[Any, _Change] = {}

    def add(self, before: Optional[str], after: Optional[str], *operations: Tuple[str, Row]) -> None:
        row = operations[0][1]
        change = self._changes.setdefault((row.place_of_any_server, before, after), _Change(before, after, operations))
        change.srvids.append(row.srvid)

    def plan(self, plan: Plan, schema: str) -> None:
        for change in self._changes.values():
            srvids = tuple(change.srvids)
            identity = change.operations[0][1].identity(srvids)
            written = [RowChange(operation, schema, row, srvids) for operation, row in change.operations]
            plan.add(identity, change.before, change.after, *written)


def _describe(rows: Sequence[Row]) -> str:
    return "\nand again\n".join(row.describe(row.values) for row in rows)
