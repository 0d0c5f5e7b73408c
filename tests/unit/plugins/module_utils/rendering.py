# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Composed SQL as text, and cursors and connections that need no server."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

from psycopg2 import sql


def render(part):
    """Return composed SQL as text, without the connection that the driver wants for it."""
    if isinstance(part, sql.Composed):
        return "".join(render(piece) for piece in part.seq)
    if isinstance(part, sql.Identifier):
        return ".".join('"{0}"'.format(name.replace('"', '""')) for name in part.strings)
    if isinstance(part, str):
        return part
    return part.string if isinstance(part, sql.SQL) else repr(part.wrapped)


def rendered(statements):
    """Return several statements as texts, each with single spaces."""
    return [" ".join(render(statement).split()) for statement in statements]


def literals(part):
    """Return the values that composed SQL has as literals, in their order."""
    if isinstance(part, sql.Composed):
        return [value for piece in part.seq for value in literals(piece)]
    return [part.wrapped] if isinstance(part, sql.Literal) else []


class Recorder:
    """A cursor that keeps what it is asked to execute.

    :param answers: for each text that a statement may hold, the rows that it returns, or an exception that it raises
    :param columns: the names of the columns that every answer has
    """

    def __init__(self, answers=None, columns=()):
        self.composed = []
        self.answers = dict(answers or {})
        self.description = [SimpleNamespace(name=name) for name in columns]
        self.connection = SimpleNamespace(closed=False, server_version=150000)
        self.copied = ""
        self._rows = []

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None

    @property
    def statements(self):
        return rendered(self.composed)

    def execute(self, statement):
        self.composed.append(statement)
        self._rows = []
        for text, answer in self.answers.items():
            if text in render(statement):
                if isinstance(answer, Exception):
                    raise answer
                self._rows = list(answer)
                return

    def copy_expert(self, statement, file):
        self.execute(statement)
        self.copied += file.read()

    def fetchall(self):
        rows, self._rows = self._rows, []
        return rows

    def fetchone(self):
        return self._rows.pop(0) if self._rows else None


class Session:
    """The part of a task's connection that its steps use; it notes when a transaction begins."""

    def __init__(self, cursor):
        self.cursor = cursor
        self.read_only = False
        self.transactions = []

    @contextmanager
    def reading(self):
        self.transactions.append("read")
        yield self.cursor

    def read(self, work):
        with self.reading() as cursor:
            return work(cursor)

    def write(self, work):
        self.transactions.append("write")
        return work(self.cursor)

    def write_once(self, work):
        return self.write(work)
