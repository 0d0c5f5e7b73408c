# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy between a module and PostgreSQL that counts the messages of the module, and acts when one of them passes.

With it a moment can be named: the 17th message, 3 ms after it was sent. It passes again in a later run.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import Callable, Iterator, List, Optional

#: Keeps libpq from encrypting, as the proxy has to read what passes.
PLAIN = {"ssl_mode": "disable", "connect_params": {"gssencmode": "disable"}}
_LENGTH = struct.Struct("!I")
#: Types of messages from the server: its process id and key, and that it waits for a statement.
_BACKEND_KEY, _READY = b"K", b"Z"
#: Ends a connection at once, with a reset.
_RESET = struct.pack("ii", 1, 0)


class Framer:
    """Cuts a stream of the protocol into its messages.

    :param typed: whether the first message has a type, as all have but the first one of a client
    """

    def __init__(self, typed: bool) -> None:
        self._typed = typed
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that are complete."""
        self._rest += data
        while True:
            head = 1 if self._typed else 0
            if len(self._rest) < head + 4:
                return
            (length,) = _LENGTH.unpack_from(self._rest, head)
            if len(self._rest) < head + length:
                return
            message, self._rest = self._rest[: head + length], self._rest[head + length :]
            self._typed = True
            yield message


@dataclass
class Message:
    """A message of the module.

    :param seconds: until the server was ready for the next one
    """

    text: str
    seconds: float = 0


class Session:
    """One connection of the module."""

    def __init__(self, proxy: "Proxy", client: socket.socket, server: socket.socket) -> None:
        self.backend: Optional[int] = None
        self._proxy, self._client, self._server = proxy, client, server
        self._sent = time.monotonic()
        self._last: Optional[Message] = None
        for pump in (self._to_server, self._to_client):
            threading.Thread(target=pump, daemon=True).start()

    def cut(self) -> None:
        """End the connection on both sides without a word, as a router does."""
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def send(self, message: bytes) -> None:
        """Pass a message on to the server."""
        self._server.sendall(message)

    def _to_server(self) -> None:
        framer = Framer(typed=False)
        with contextlib.suppress(OSError):
            while True:
                data = self._client.recv(65536)
                if not data:
                    break
                for message in framer.feed(data):
                    self._last, self._sent = Message(_text(message)), time.monotonic()
                    self._proxy.passing(self, message, self._last)
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_WR)

    def _to_client(self) -> None:
        framer = Framer(typed=True)
        with contextlib.suppress(OSError):
            while True:
                data = self._server.recv(65536)
                if not data:
                    break
                for message in framer.feed(data):
                    if message[:1] == _BACKEND_KEY:
                        (self.backend,) = _LENGTH.unpack_from(message, 5)
                    elif message[:1] == _READY and self._last:
                        self._last.seconds = time.monotonic() - self._sent
                self._client.sendall(data)
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_WR)


#: Called with the session and a function that sends the message, when the one with the given number passes.
Act = Callable[[Session, Callable[[], None]], None]


class Proxy:
    """Listens on this machine, and connects to a server for each that connects.

    :param number: of the message at which to act, from 0
    :param act: what to do then; it sends the message, or does not
    """

    def __init__(self, address: str, number: int = -1, act: Optional[Act] = None) -> None:
        self.messages: List[Message] = []
        self.acted = threading.Event()
        #: What went wrong in C(act).
        self.error: Optional[BaseException] = None
        self._address, self._number, self._act = address, number, act
        self._guard = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def passing(self, session: Session, raw: bytes, message: Message) -> None:
        """Count a message and pass it on."""
        with self._guard:
            number = len(self.messages)
            self.messages.append(message)
        if number != self._number or not self._act:
            session.send(raw)
            return
        try:
            self._act(session, lambda: session.send(raw))
        except BaseException as error:
            self.error = error
        finally:
            self.acted.set()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                try:
                    server = socket.create_connection((self._address, 5432), timeout=10)
                except OSError:
                    client.close()
                    continue
                server.settimeout(None)
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                Session(self, client, server)


def _text(message: bytes) -> str:
    """Return a message for people: the statement, or the type of what is none."""
    if message[:1] == b"Q":
        return " ".join(message[5:-1].decode("utf-8", "replace").split())
    kinds = {b"p": "(password)", b"X": "(end of the session)", b"\0": "(startup)"}
    return kinds.get(message[:1], "(message of type {0!r})".format(message[:1]))
