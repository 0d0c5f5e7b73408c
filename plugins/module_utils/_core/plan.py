# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ordered changes of a task: the writes of each, and its object before and after."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import groupby
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Type


class Hazard(NamedTuple):
    """What a change costs those who use the object meanwhile.

    :param effect: what happens to it: C(rewritten), C(rebuilt) or C(read)
    :param object: the object, as the change names it
    :param reason: why, such as C(held from bigint to numeric)
    :param lock: the strongest lock that is held meanwhile, as PostgreSQL names it
    :param size: bytes that are read or written under that lock
    """

    effect: str
    object: str
    reason: str
    lock: str
    size: int

    def describe(self) -> str:
        """Return the hazard as a line of a diff."""
        return "{0}, {1} bytes: {2} (lock {3})".format(self.effect, self.size, self.reason, self.lock)


class Replaced(NamedTuple):
    """An object, or one column of a table, that no other object may depend on while it is dropped or replaced.

    :param kind: C(function), C(table) or C(type)
    :param column: its name, or None for the whole object
    """

    kind: str
    schema: str
    name: str
    column: Optional[str] = None


class Batch(ABC):
    """A write that is made together with its neighbours of the same family, in few statements however many they are."""

    @classmethod
    def family(cls) -> Type["Batch"]:
        """Return the class whose C(run) makes such writes; classes that are written together share it."""
        return cls

    @staticmethod
    @abstractmethod
    def run(cursor: Any, writes: Sequence[Any]) -> None:
        """Make all of these writes; the caller owns the transaction."""


class Change(NamedTuple):
    """One object that is not yet as wanted.

    :param identity: its kind and name, such as C(function powa_lock_modes_src)
    :param before: its description now, or None if it does not exist
    :param after: its description as wanted, or None if it is removed
    :param writes: the SQL statements or C(Batch) that make the change
    :param replaced: the parts of it that nothing else may depend on
    :param hazards: what the change costs those who use the object
    """

    identity: str
    before: Optional[str]
    after: Optional[str]
    writes: Tuple[Any, ...]
    replaced: Tuple[Replaced, ...] = ()
    hazards: Tuple[Hazard, ...] = ()

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
        *writes: Any,
        replaced: Sequence[Replaced] = (),
        hazards: Sequence[Hazard] = (),
    ) -> None:
        """Add a change, if before and after differ. Its hazards are part of what is shown as after."""
        if after is not None:
            after = "\n".join([after, *(hazard.describe() for hazard in hazards)])
        if before == after:
            return
        self.changes.append(Change(identity, before, after, writes, tuple(replaced), tuple(hazards)))

    def remark(self, identity: str, line: str) -> None:
        """Show a line with an object, if it is created."""
        self.changes = [
            change._replace(after="{0}\n{1}".format(change.after, line))
            if change.identity == identity and change.action == "create"
            else change
            for change in self.changes
        ]

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.changes)

    @property
    def replaced(self) -> List[Replaced]:
        """The objects and columns that are dropped or replaced."""
        return [entry for change in self.changes for entry in change.replaced]

    @property
    def hazards(self) -> List[Hazard]:
        """What the changes cost those who use the objects."""
        return [hazard for change in self.changes for hazard in change.hazards]

    def apply(self, cursor: Any) -> None:
        """Make all changes; the caller owns the transaction."""
        writes = [write for change in self.changes for write in change.writes]
        for family, group in groupby(writes, lambda write: write.family() if isinstance(write, Batch) else None):
            if family is not None:
                family.run(cursor, list(group))
                continue
            for statement in group:
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
