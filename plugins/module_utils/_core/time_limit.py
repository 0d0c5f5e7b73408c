# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A limit for statements that run code of others: such code can catch statement_timeout and go on."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from typing import Any, Callable

from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver

#: Seconds that each step has before a harder one follows.
_GRACE = 5.0


class TimeLimit:
    """While it is entered, ends what runs on a connection after some seconds: asks, has the session ended, hangs up.

    :param raw: the driver's connection
    :param terminate: has another session end the one with the process number that it is given; it must not raise
    """

    def __init__(
        self, raw: Any, seconds: float, terminate: Callable[[int], None], grace_seconds: float = _GRACE
    ) -> None:
        self.exceeded = False
        self._raw = raw
        self._process = raw.get_backend_pid()
        self._terminate = terminate
        self._steps = ((seconds, self._cancel), (grace_seconds, self._end_session), (grace_seconds, self._hang_up))
        self._done = threading.Event()
        self._socket = -1
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "TimeLimit":
        # The driver closes its own descriptor as soon as the connection breaks.
        self._socket = os.dup(self._raw.fileno())
        self._thread.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self._done.set()
        self._thread.join()
        os.close(self._socket)

    def _watch(self) -> None:
        for seconds, step in self._steps:
            if self._done.wait(seconds):
                return
            self.exceeded = True
            step()

    def _cancel(self) -> None:
        # If it fails, the next step does without.
        with suppress(driver.psycopg2.Error):
            self._raw.cancel()

    def _end_session(self) -> None:
        self._terminate(self._process)

    def _hang_up(self) -> None:
        # It fails if the other end was faster.
        with suppress(OSError), socket.socket(fileno=os.dup(self._socket)) as ours:
            ours.shutdown(socket.SHUT_RDWR)
