# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills at random moments: of a module's process, its backend, its connection, or the server.

Afterwards everything is as it was before the task, or as a whole run leaves it, and the next run completes it.
"""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import dataclass
from random import Random
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from migrations import REMOTE, REPOSITORY, Step, changed_datasources, fill, random_datasources, random_steps
from proxy import PLAIN, Message, Proxy, Session
from servers import Database, ModuleProcess, ModuleResult, finish_module, start_module
from test_contract import CASES
from world import Broken, Notes, World, compare, pause

KILLS = 4
#: What loses unlogged rows, which PostgreSQL empties after a crash, and what does not.
_CRASHES = ("kill -9 of the backend", "immediate stop of the server", "kill -9 of the server")
_HARMLESS = ("kill -9 of the module", "pg_terminate_backend", "a lost connection")
#: These say so when a task has written nothing.
_NOTHING_CHANGED = "nothing was changed"


@dataclass(frozen=True)
class Moment:
    """When and how to kill.

    :param number: of the message
    :param sent: whether the server gets that message
    :param seconds: after it was sent
    """

    how: str
    number: int
    sent: bool
    seconds: float

    def tell(self, messages: Sequence[Message]) -> str:
        """Return it for people."""
        when = "{0:.1f} ms after".format(self.seconds * 1000) if self.sent else "instead of"
        text = messages[self.number].text
        return "{0}, {1} message {2} of {3}: {4}".format(
            self.how, when, self.number + 1, len(messages), text if len(text) < 200 else text[:200] + " ..."
        )


@dataclass
class Stage:
    """A task, what it begins with, and what a whole run makes of that.

    :param without_times: whether each run leaves other times
    :param settles: whether a second run changes nothing
    """

    step: Step
    template: Database
    before: str
    after: str
    messages: List[Message]
    without_times: bool = False
    settles: bool = True


def kill_round(world: World, random: Random, notes: Notes) -> None:
    """Kill one task at several moments."""
    crashes = random.random() < 0.5
    stage = _random_stage(world, random, crashes, notes)
    try:
        for _kill in range(KILLS):
            moment = _random_moment(random, stage.messages, _CRASHES if crashes else _HARMLESS)
            told = moment.tell(stage.messages)
            notes.done += 1
            try:
                _kill_once(world, stage, moment)
            except Broken as broken:
                task = json.dumps(stage.step.params, ensure_ascii=True)
                raise Broken(
                    "{0}\n  task: {1} of module {2}: {3}\n  killed: {4}".format(
                        broken, stage.step.name, stage.step.module, task, told
                    ),
                    broken.diff,
                ) from broken
    finally:
        world.drop(stage.template)


def _random_stage(world: World, random: Random, crashes: bool, notes: Notes) -> Stage:
    if random.random() < 0.35:
        module = random.choice(sorted(name for name, case in CASES.items() if case.refusal))
        notes.say("a task of module {0}".format(module))
        case, database = CASES[module], world.database()
        case.prepare(database)
        step = Step("the task of test_contract.py", module, case.params)
        # A snapshot has the time when it was taken.
        stage = _stage(world, step, database, without_times=module == "snapshot")
        stage.settles = not case.again
        return stage
    steps, database = _random_migration(world, random, with_transient_rows=not crashes)
    number = random.randrange(len(steps))
    notes.say("step {0} of a migration: {1}".format(number + 1, steps[number].name))
    for step in steps[:number]:
        _run(database, step)
    return _stage(world, steps[number], database)


def _random_migration(world: World, random: Random, with_transient_rows: bool) -> Tuple[List[Step], Database]:
    database = world.database()
    names = ["one", "two", "three"][: random.randint(1, 3)]
    database.register(*names)
    old = random_datasources(random, world.powa)
    new = changed_datasources(random, old)
    for side in (REMOTE, REPOSITORY):
        _run(database, Step("first declaration", "datasources", dict(side, datasources=old)))
    fill(database, old, with_transient_rows)
    return random_steps(random, new, names), database


def _stage(world: World, step: Step, template: Database, without_times: bool = False) -> Stage:
    """Run a task as a whole, once."""
    before = world.state(template, without_times)
    with world.copy(template) as database:
        with Proxy(world.server.address) as proxy:
            result = finish_module(_start(database, step, proxy))
        if result.failed:
            raise Broken("module {0} refuses what it should do: {1}".format(step.module, result["msg"]))
        after = world.state(database, without_times)
    return Stage(step, template, before, after, proxy.messages, without_times)


def _random_moment(random: Random, messages: Sequence[Message], ways: Sequence[str]) -> Moment:
    number, sent = random.randrange(len(messages)), random.random() < 0.8
    # Sometimes after the answer, when the module goes on.
    seconds = random.uniform(0, 1.3) * messages[number].seconds
    return Moment(random.choice(list(ways)), number, sent, seconds if sent else 0)


def _kill_once(world: World, stage: Stage, moment: Moment) -> None:
    with world.copy(stage.template) as database:
        sequences = world.sequences(database)
        result = _run_and_kill(world, database, stage.step, moment)
        world.wait_for_server()
        world.wait_for_sessions(database)
        found = world.state(database, stage.without_times)
        if found not in (stage.before, stage.after):
            nearer = min((stage.before, stage.after), key=lambda state: len(compare(state, found, 100_000)))
            raise Broken("the database is half changed", compare(nearer, found))
        if result and not result.failed and found != stage.after:
            raise Broken("the module says that it succeeded, and has not", compare(stage.after, found))
        if result and result.failed and _NOTHING_CHANGED in result["msg"] and found != stage.before:
            raise Broken("the module says that nothing was changed: {0}".format(result["msg"]))
        if not stage.settles:
            return
        world.set_sequences(database, sequences)
        _run(database, stage.step)
        completed = world.state(database, stage.without_times)
        if completed != stage.after:
            raise Broken("the next run does not complete the task", compare(stage.after, completed))
        if _run(database, stage.step).changed:
            raise Broken("the run after that changes something again")


def _run_and_kill(world: World, database: Database, step: Step, moment: Moment) -> Optional[ModuleResult]:
    """Return the result of the module, if it lived long enough to print one."""
    started = threading.Event()
    processes: List[ModuleProcess] = []

    def act(session: Session, send: Callable[[], None]) -> None:
        started.wait(60)
        if moment.sent:
            send()
            pause(moment.seconds)
        _KILLS[moment.how](world, session, processes[0])

    with Proxy(world.server.address, moment.number, act) as proxy:
        processes.append(_start(database, step, proxy))
        started.set()
        try:
            out, err = processes[0].communicate(120)
        except subprocess.TimeoutExpired:
            processes[0].wait(60)
            raise Broken("the module still runs 120 s after the kill") from None
        if not proxy.acted.wait(60):
            raise Broken("the module ended before the moment came: it sent fewer messages than before")
    if proxy.error:
        raise proxy.error
    return _result(out, err) if out or err else None


def _result(out: str, err: str) -> ModuleResult:
    if "Traceback" in out + err:
        raise Broken("a traceback: {0}".format((out + err)[-1500:]))
    return ModuleResult(json.loads(out))


def _start(database: Database, step: Step, proxy: Proxy) -> ModuleProcess:
    login = dict(database.login, login_host="127.0.0.1", login_port=proxy.port, **PLAIN)
    return start_module(step.module, {**login, **step.params})


def _run(database: Database, step: Step) -> ModuleResult:
    result = database.run(step.module, **step.params)
    if result.failed:
        raise Broken("step {0} of module {1} fails: {2}".format(step.name, step.module, result["msg"]))
    return result


def _kill_module(world: World, session: Session, process: ModuleProcess) -> None:
    process.kill()


def _terminate(world: World, session: Session, process: ModuleProcess) -> None:
    if session.backend:
        world.terminate(session.backend)
    else:
        session.cut()


def _cut(world: World, session: Session, process: ModuleProcess) -> None:
    session.cut()


def _kill_backend(world: World, session: Session, process: ModuleProcess) -> None:
    if session.backend:
        world.kill_backend(session.backend)
    else:
        session.cut()


def _stop_server(world: World, session: Session, process: ModuleProcess) -> None:
    world.restart("QUIT")


def _kill_server(world: World, session: Session, process: ModuleProcess) -> None:
    world.restart("KILL")


_KILLS: Dict[str, Callable[[World, Session, ModuleProcess], None]] = {
    "kill -9 of the module": _kill_module,
    "pg_terminate_backend": _terminate,
    "a lost connection": _cut,
    "kill -9 of the backend": _kill_backend,
    "immediate stop of the server": _stop_server,
    "kill -9 of the server": _kill_server,
}
