# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The channel on which the running powa-collector takes commands and answers them."""

from __future__ import annotations

import json
import select
import time
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Sequence, Set

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import Connection
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError

#: The channel that powa-collector listens to.
_CHANNEL = "powa_collector"
#: How long to wait before asking again while a worker is still starting.
_PAUSE_SECONDS = 0.5
#: The collector may sleep for up to 10 s after a message that came while its session did something else.
_WAKE_SECONDS = 1.0
#: Wakes it. Without a channel to answer on, the collector does nothing more.
_WAKE = "WORKERS_STATUS -"
#: A collector that is only starting does not hear a question. It is asked again after this time, and then twice, four
#: times as late, and so on.
_REPEAT_SECONDS = 2.0
_REPEATABLE = "WORKERS_STATUS"
RUNNING = "running"
#: A worker that has ended, such as for a server without PoWA, runs again only after a reload.
_ENDED = "stopped"

_LISTEN = "UNLISTEN *; LISTEN {channel}"
_NOTIFY = "SELECT pg_catalog.pg_notify({channel}, message) FROM pg_catalog.unnest({messages}::text[]) AS m (message)"
_BACKEND = "SELECT pg_catalog.pg_backend_pid()"


class Answer(NamedTuple):
    """The collector's answer to a command.

    :param status: C(OK), C(ERROR), or C(UNKNOWN) for a command that it does not know
    """

    status: str
    text: str


class NoAnswerError(PowaError):
    """The collector has not answered in time."""


def at_work(workers: Mapping[int, str]) -> Set[int]:
    """Return the servers whose worker has not ended."""
    return {srvid for srvid, status in workers.items() if status != _ENDED}


class Collector:
    """Sends commands, and waits for the answers to each on a channel of its own."""

    def __init__(self, connection: Connection, timeout: int) -> None:
        self._connection = connection.raw
        self._deadline = time.monotonic() + timeout
        self.timeout = timeout
        self._connection.rollback()
        self._connection.set_session(autocommit=True)
        #: Each of its statements is a transaction of its own.
        self.cursor = self._connection.cursor()
        self.cursor.execute(_BACKEND)
        (self._backend,) = self.cursor.fetchone()
        self._exchanges = 0

    def __enter__(self) -> "Collector":
        return self

    def __exit__(self, *_error: Any) -> None:
        """Leave the session as a task can go on with it."""
        self._connection.set_session(autocommit=False)

    @property
    def remaining(self) -> float:
        """Seconds until the timeout."""
        return self._deadline - time.monotonic()

    def reload(self) -> None:
        """Have the collector read its list of servers again."""
        self._ask("RELOAD", [""])

    def workers(self, srvids: Iterable[int]) -> Dict[int, str]:
        """Return the status of the workers of these servers.

        It asks about each server by its number: an answer about many does not fit into a notification.
        """
        found: Dict[int, str] = {}
        for answer in self._ask("WORKERS_STATUS", [str(srvid) for srvid in srvids]):
            found.update({int(srvid): str(status) for srvid, status in json.loads(answer).items()})
        return found

    def wait_for(self, srvids: Set[int], known: Sequence[int]) -> Dict[int, str]:
        """Wait until the worker of each of these servers runs or has ended, or until the timeout: one may be down.

        :param known: the servers whose workers are returned
        """
        workers = self.workers(known)
        while any(workers.get(srvid) not in (RUNNING, _ENDED) for srvid in srvids) and self.remaining > 1:
            time.sleep(_PAUSE_SECONDS)
            try:
                workers = self.workers(known)
            except NoAnswerError:
                # The time is up, and what was answered before still holds.
                break
        return workers

    def force_snapshot(self, srvid: int) -> Answer:
        """Have the collector take a snapshot of a server now, and return its answer: it may refuse."""
        (answer,) = self._exchange("FORCE_SNAPSHOT", [str(srvid)])
        return answer

    def _ask(self, command: str, arguments: Sequence[str]) -> List[str]:
        """Send a command with each of these arguments and return the answers.

        :raises PowaError: when an answer does not come in time, or is a refusal
        """
        answers = self._exchange(command, arguments)
        for answer in answers:
            if answer.status != "OK":
                raise PowaError(
                    "powa-collector refused {0} ({1} {2}): log in as a superuser or as a member of pg_signal_backend,"
                    " or restart the collector".format(command, answer.status, answer.text)
                )
        return [answer.text for answer in answers]

    def _exchange(self, command: str, arguments: Sequence[str]) -> List[Answer]:
        """Send a command with each of these arguments and return the answers.

        The session stays open, since the collector checks who asked.

        :raises NoAnswerError: when an answer does not come in time
        """
        # An answer that comes late must not be taken for one to the next question.
        self._exchanges += 1
        channel = "pgfleet_powa_{0}_{1}".format(self._backend, self._exchanges)
        self.cursor.execute(compose(_LISTEN, channel=identifier(channel)))
        messages = ["{0} {1} {2}".format(command, channel, argument).rstrip() for argument in arguments]
        self._send(messages)
        pause = _REPEAT_SECONDS
        repeat = time.monotonic() + pause
        answers: List[Answer] = []
        while True:
            # Answers may have come together with the result of the statement above.
            self._connection.poll()
            answers += self._answers(channel)
            if len(answers) >= len(messages):
                # Those to questions that were repeated may come after them.
                return answers[: len(messages)]
            if self.remaining <= 0:
                raise NoAnswerError(
                    "no powa-collector answered {0} within {1} s: check that its service runs, and that its repository"
                    " is this database".format(command, self.timeout)
                )
            if select.select([self._connection], [], [], min(self.remaining, _WAKE_SECONDS))[0]:
                continue
            if command == _REPEATABLE and not answers and time.monotonic() >= repeat:
                self._send(messages)
                pause *= 2
                repeat += pause
            else:
                self._send([_WAKE])

    def _send(self, messages: Sequence[str]) -> None:
        self.cursor.execute(compose(_NOTIFY, channel=literal(_CHANNEL), messages=literal(list(messages))))

    def _answers(self, channel: str) -> List[Answer]:
        answers = []
        while self._connection.notifies:
            notify = self._connection.notifies.pop(0)
            if notify.channel == channel:
                _command, status, text = (notify.payload.split(" ", 2) + ["", ""])[:3]
                answers.append(Answer(status, text))
        return answers
