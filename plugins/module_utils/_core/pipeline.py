# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of every task that writes: read, resolve, check and plan, then the same again under the lock, and apply.

A module supplies its steps as a subclass of C(Task). All changes of a plan are made in one transaction, except where a
task says otherwise in its C(prepare) or C(write).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Dict, Generic, List, Mapping, Sequence, Tuple, TypeVar

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection, connected
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan

#: What a task reads from the server, and what it derives from that and its parameters.
Found = TypeVar("Found")
Wanted = TypeVar("Wanted")


@dataclass(frozen=True)
class Planned(Generic[Wanted]):
    """What a task wants, and the changes that lead there."""

    wanted: Wanted
    plan: Plan


class Task(ABC, Generic[Found, Wanted]):
    """The steps of one module.

    :param problems: what is wrong with its parameters, found without a server
    """

    #: What the heading of a list of problems names, such as C(the datasources).
    subject: str
    #: Options of which it reports itself, with all other problems, what no server can store.
    checked_texts: Tuple[str, ...] = ()
    #: Set by C(reconcile).
    check_mode = False

    def __init__(self, problems: Sequence[str] = ()) -> None:
        self.problems = list(problems)

    @abstractmethod
    def read(self, cursor: Any) -> Found:
        """Read the server as it is, in a fixed number of statements."""

    @abstractmethod
    def resolve(self, cursor: Any, found: Found, locked: bool) -> Tuple[Wanted, List[str]]:
        """Return what the server should have, and the problems met in finding that out.

        :param locked: whether this is the second pass, under the lock
        """

    def check(self, cursor: Any, wanted: Wanted) -> List[str]:
        """Return why the task is refused, before anything is written."""
        return []

    @abstractmethod
    def plan(self, cursor: Any, wanted: Wanted) -> Plan:
        """Return the changes.

        :param cursor: only renders SQL, and sends nothing to the server
        """

    def check_plan(self, cursor: Any, wanted: Wanted, plan: Plan, locked: bool) -> List[str]:
        """Return which changes PostgreSQL would refuse, or C(prepare) has not prepared, and why.

        :param locked: whether this is the second pass, under the lock
        """
        return []

    def prepare(self, connection: Connection, planned: Planned[Wanted]) -> None:
        """Do what others have to see before the changes can be made, such as end what would write meanwhile.

        It commits in transactions of its own before the one that reads, checks and plans again, and stays whatever
        that finds. So it only does what the plan does anyway, and what the next run goes on from.

        :param planned: the result of the first pass
        """

    def write(self, connection: Connection, planned: Planned[Wanted]) -> Planned[Wanted]:
        """Read, check and plan again under the lock, and make the changes in the same transaction.

        :param planned: the result of the first pass
        """
        return connection.write(self._apply)

    def result(self, connection: Connection, planned: Planned[Wanted], written: bool) -> Dict[str, Any]:
        """Return what the module returns besides C(changed), C(diff) and C(changes).

        :param written: whether the changes were made; false in check mode and without changes
        """
        return {}

    def planned(self, cursor: Any, locked: bool) -> Planned[Wanted]:
        """Return what the task wants and the changes that lead there.

        :raises ProblemsError: with everything that is wrong
        """
        wanted, problems = self.resolve(cursor, self.read(cursor), locked)
        self._refuse([*([] if locked else self.problems), *problems, *self.check(cursor, wanted)])
        plan = self.plan(cursor, wanted)
        self._refuse(self.check_plan(cursor, wanted, plan, locked))
        return Planned(wanted, plan)

    def _apply(self, cursor: Any) -> Planned[Wanted]:
        planned = self.planned(cursor, locked=True)
        planned.plan.apply(cursor)
        return planned

    def _refuse(self, problems: Sequence[str]) -> None:
        if problems:
            raise ProblemsError(self.subject, problems)


def reconcile(task: Task[Any, Any], params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Bring the server to what a task declares, or in check mode return what that would change.

    :raises PowaError: with everything that is wrong, before anything is written
    """
    task.check_mode = check_mode
    with connected(params, check_mode, task.subject, task.problems, task.checked_texts) as connection:
        planned = connection.read(lambda cursor: task.planned(cursor, locked=False))
        written = planned.plan.changed and not check_mode
        if written:
            task.prepare(connection, planned)
            planned = task.write(connection, planned)
        return {**planned.plan.result(), **task.result(connection, planned, written)}
