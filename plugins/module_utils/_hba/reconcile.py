# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task of module hba_rules."""

from __future__ import annotations

import time
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver, lock
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.pipeline import Planned, Task
from ansible_collections.pgfleet.powa.plugins.module_utils._core.plan import Plan
from ansible_collections.pgfleet.powa.plugins.module_utils._hba import plan as planning
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.catalog import HbaRulesState, read_lines, read_state
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.file import Kept, replace_text
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.match import Line, Server
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.plan import Outcome, outcomes
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.rules import parse_rules
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.text import additions, with_lines, without_secrets
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import hba as sql

#: Seconds in which a server loads its files after it was told to.
_RELOAD_WAIT = 15.0


class HbaPlan(Plan):
    """The file as it is and as it will be, and whether the server has to load it.

    :param unread: whether the server has not loaded what is there now
    """

    def __init__(self, path: str = "", before: str = "", after: str = "", unread: bool = False) -> None:
        super().__init__()
        self.path, self.after = path, after
        self.written = before != after
        self._unread = unread and not self.written
        if self.written:
            self.add(path, _shown(before), _shown(after))
        elif unread:
            self.add(path, "changed since PostgreSQL loaded it\n", "loaded by PostgreSQL\n")

    def diff(self) -> Dict[str, str]:
        """Return the whole file before and after, without secrets."""
        if not self.changes:
            return super().diff()
        (change,) = self.changes
        return {
            "before_header": self.path,
            "after_header": self.path,
            "before": change.before or "",
            "after": change.after or "",
        }

    def summary(self) -> List[str]:
        """Return one line for each thing that is done."""
        written = ["write {0}".format(self.path)] if self.written else []
        return written + (["reload PostgreSQL"] if self.changes else [])


class HbaRulesTask(Task[HbaRulesState, HbaRulesState]):
    """Has a server let logins in."""

    subject = "the rules"

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.rules, problems = parse_rules(params["rules"])
        self.position: str = params["position"]
        self._lock_wait = params.get("lock_wait") or 0
        self.outcomes: Sequence[Outcome] = ()
        #: The lines that decide after the file was written.
        self.after: Optional[Server] = None
        super().__init__(problems)

    def read(self, cursor: Any) -> HbaRulesState:
        return read_state(cursor, [] if self.problems else self.rules)

    def resolve(self, cursor: Any, found: HbaRulesState, locked: bool) -> Tuple[HbaRulesState, List[str]]:
        return found, []

    def check(self, cursor: Any, wanted: HbaRulesState) -> List[str]:
        rules = [] if self.problems else self.rules
        return planning.problems(outcomes(rules, wanted.server), wanted.server, self.position)

    def plan(self, cursor: Any, wanted: HbaRulesState) -> Plan:
        server, text = wanted.server, wanted.text
        self.outcomes = outcomes(self.rules, server)
        added = additions(self.outcomes, server, self.position, text)
        after = with_lines(text, added) if added else text
        return HbaPlan(server.hba_file, text, after, wanted.unread)

    def write(self, connection: Connection, planned: Planned[HbaRulesState]) -> Planned[HbaRulesState]:
        """Write the file and see what PostgreSQL makes of it, under the lock. Nothing in the database changes."""
        with connection.reading() as cursor:
            self._lock(connection, cursor)
            planned = self.planned(cursor, locked=True)
            if not isinstance(planned.plan, HbaPlan) or not planned.plan.changed:
                return planned
            if planned.plan.written:
                self._write(cursor, planned.wanted, planned.plan)
            _reload(cursor)
        return planned

    def result(self, connection: Connection, planned: Planned[HbaRulesState], written: bool) -> Dict[str, Any]:
        deciding = {each.rule: each.admitting for each in outcomes(self.rules, self.after or planned.wanted.server)}
        return {
            "rules": [_returned(each, deciding[each.rule]) for each in self.outcomes],
            "resolved": planning.resolved(self.outcomes, planned.wanted.server),
            "reloaded": written and planned.plan.changed,
            "warnings": [
                *planning.replaced_names(self.outcomes, planned.wanted.server),
                *planning.partial_conflicts(self.outcomes),
                *planning.stricter_lines(self.outcomes),
            ],
        }

    def _lock(self, connection: Connection, cursor: Any) -> None:
        try:
            lock.take(cursor, self._lock_wait)
        except driver.psycopg2.Error as error:
            if error.pgcode != driver.errorcodes.LOCK_NOT_AVAILABLE or not self._lock_wait:
                raise
            connection.raw.rollback()
            raise PowaError(lock.explain(cursor, self._lock_wait)) from error

    def _write(self, cursor: Any, state: HbaRulesState, plan: HbaPlan) -> None:
        """Write the file, and put the old one back at once if PostgreSQL does not let the logins in by the new one."""
        kept, ours = Kept(plan.path, state.text), None
        try:
            try:
                replace_text(plan.path, plan.after)
                ours = plan.after
                self.after = read_lines(cursor, self.rules, state.server)
                why = self._refusal(self.after)
            except BaseException as error:
                _put_back(kept, ours, str(error).strip())
                raise
            if why:
                _put_back(kept, ours, "with the new lines " + why)
                raise PowaError("{0} was restored, because with the new lines {1}".format(plan.path, why), refused=why)
        finally:
            kept.forget()

    def _refusal(self, server: Server) -> str:
        wrong = [line for line in server.lines if planning.is_wrong(line)]
        if wrong:
            # Nothing was wrong before, or nothing would have been written.
            return _REFUSED.format(_errors(wrong))
        missing = [each for each in outcomes(self.rules, server) if each.added]
        if not missing:
            return ""
        useless = [line for line in server.lines if line["error"] and _is_ours(line, missing)]
        if useless:
            return _REFUSED.format(_errors(useless))
        blocking = planning.in_the_way(missing)
        if blocking:
            return "; ".join(blocking)
        return (
            "PostgreSQL does not show them in pg_hba_file_rules: run the task on the host of the server, and see that"
            " nobody else writes the file"
        )


_REFUSED = "PostgreSQL would not load the file or never match them ({0}): correct the type and the method of the rules"


def _put_back(kept: Kept, ours: Optional[str], why: str) -> None:
    """Put the old file back.

    :param why: what went wrong before
    :raises PowaError: when that fails, which says both
    """
    try:
        kept.put_back(ours)
    except PowaError as error:
        raise PowaError(
            "{0}; and the old file could not be put back: {1}; see that its lines are right before PostgreSQL loads"
            " or starts with them".format(why, error)
        ) from error


def _errors(lines: Sequence[Line]) -> str:
    return "; ".join("{0}: {1}".format(planning.place_of(line), line["error"]) for line in lines)


def _is_ours(line: Line, missing: Sequence[Outcome]) -> bool:
    return any(
        (line["type"], line["users"], line["method"]) == (rule.contype, [rule.user], rule.method)
        for each in missing
        for rule in each.added
    )


def _shown(text: str) -> str:
    return without_secrets(text).encode("utf-8", "replace").decode("utf-8")


def _returned(each: Outcome, deciding: Optional[Line]) -> Dict[str, Any]:
    line = None
    if deciding is not None:
        line = {"file": deciding["file"], "line": deciding["line"], "text": planning.text_of(deciding)}
    return dict(each.rule.entry, state="added" if each.added else "present", decided_by=line)


def _reload(cursor: Any) -> None:
    """Have the server load its files, and wait until it has."""
    cursor.execute(sql.RELOAD)
    ((since, _told),) = cursor.fetchall()
    deadline = time.monotonic() + _RELOAD_WAIT
    while True:
        cursor.execute(compose(sql.LOADED, since=literal(since)))
        ((loaded,),) = cursor.fetchall()
        if loaded:
            return
        if time.monotonic() > deadline:
            raise PowaError(
                "PostgreSQL was told to load its files, and has not done so in {0:.0f} seconds: look into its log and"
                " into pg_file_settings for what is wrong, correct it, and run the task again".format(_RELOAD_WAIT)
            )
        time.sleep(0.05)
