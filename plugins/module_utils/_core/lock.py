# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock that lets one task of this collection at a time write in a database."""

from __future__ import annotations

from typing import Any, Dict

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import lock as texts

#: The option of every module that plans and writes.
LOCK_SPEC: Dict[str, Dict[str, Any]] = {"lock_wait": {"type": "int", "default": 60}}

#: Any two numbers that all tasks share and nobody else is likely to use.
_KEY = {"first": 0x706F, "second": 0x7701}


def take(cursor: Any, wait_seconds: float) -> None:
    """Take the lock until the transaction ends. It comes first, so that a task holds nothing else while it waits.

    :param wait_seconds: the longest wait, or 0 for the session's C(lock_timeout)
    :raises psycopg2.Error: C(lock_not_available)
    """
    if not wait_seconds:
        cursor.execute(compose(texts.TAKE, **_key()))
        return
    cursor.execute(texts.LOCK_TIMEOUT)
    (usual,) = cursor.fetchone()
    cursor.execute(compose(texts.SET_LOCK_TIMEOUT, timeout=literal("{0}s".format(wait_seconds))))
    cursor.execute(compose(texts.TAKE, **_key()))
    cursor.execute(compose(texts.SET_LOCK_TIMEOUT, timeout=literal(usual)))


def explain(cursor: Any, waited_seconds: float) -> str:
    """Return a sentence for the user that says who holds the lock."""
    cursor.execute(compose(texts.HOLDER, **_key()))
    holder = cursor.fetchone()
    who = "it has just ended"
    if holder:
        who = 'process {0} of role "{1}" from {2}, running for {3} s'.format(*holder)
    return (
        "another task of this collection was writing to this database for more than {1} s ({0}), and nothing was"
        " changed: run this task again once the other has ended"
    ).format(who, waited_seconds)


def _key() -> Any:
    return {name: literal(number) for name, number in _KEY.items()}
