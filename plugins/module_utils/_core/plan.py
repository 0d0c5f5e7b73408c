# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ordered changes of a task, and what they look like before and after."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import RowChange, write_statements


class Replaced(NamedTuple):
    """An object of the server, or one column of a table, that PostgreSQL does not let others depend on meanwhile.

    :param kind: C(function), C(table) or C(type)
    :param column: its name, or None for the whole
    """

    kind: str
    name: str
    column: Optional[str]


@dataclass(frozen=True)
class Change:
    """One object that is not yet as wanted.

    :param identity: what it is, such as C(function powa_lock_modes_src)
    :param before: its description now, or None where it is not there
    :param after: its description as wanted, or None where it is to go
    :param statements: what does it, composed SQL and changes of rows
    :param replaced: what of it goes or becomes another, so that nothing of others may depend on it
    """

    identity: str
    before: Optional[str]
    after: Optional[str]
    statements: Tuple[Any, ...]
    replaced: Tuple[Replaced, ...] = ()

    @property
    def action(self) -> str:
        """C(create), C(change) or C(remove)."""
        if self.before is None:
            return "create"
        return "remove" if self.after is None else "change"


class Plan:
    """Changes in the order in which they are made."""

    def __init__(self, changes: Sequence[Change] = ()) -> None:
        self.changes: List[Change] = list(changes)

    def add(
        self,
        identity: str,
        before: Optional[str],
        after: Optional[str],
        *statements: Any,
        replaced: Sequence[Replaced] = (),
    ) -> None:
        """Add a change, if before and after differ or there is something to do."""
        if before != after:
            self.changes.append(Change(identity, before, after, statements, tuple(replaced)))

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.changes)

    @property
    def replaced(self) -> List[Replaced]:
        """What goes or becomes another."""
        return [entry for change in self.changes for entry in change.replaced]

    def apply(self, cursor: Any) -> None:
        """Run all statements; the caller owns the transaction.

        Changes of rows that follow each other are made together, by few statements however many they are.
        """
        statements = [statement for change in self.changes for statement in change.statements]
        for are_rows, group in groupby(statements, lambda statement: isinstance(statement, RowChange)):
            for statement in write_statements(group) if are_rows else group:
                cursor.execute(statement)

    def result(self) -> Dict[str, Any]:
        """Return what every module that plans returns."""
        return {"changed": self.changed, "diff": self.diff(), "changes": self.summary()}

    def diff(self) -> Dict[str, str]:
        """Return what C(--diff) prints; both texts are empty without a change."""
        return {
            "before": "".join(_block(change.identity, change.before) for change in self.changes),
            "after": "".join(_block(change.identity, change.after) for change in self.changes),
        }

    def summary(self) -> List[str]:
        """Return one line for each change."""
        return ["{0} {1}".format(change.action, change.identity) for change in self.changes]


def _block(identity: str, description: Optional[str]) -> str:
    if description is None:
        return ""
    lines = "".join("    {0}\n".format(line).replace("    \n", "\n") for line in description.splitlines())
    return "{0}\n{1}".format(identity, lines)
