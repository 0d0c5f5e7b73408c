# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets on their way into the database: no statement, log, statistic or process title has them.

A secret is never in the text of a statement. It goes to a temporary table as data of COPY, and a statement takes it
from there. While that runs, the logs and the extensions that keep statements are off, as far as the role may do that.
"""

from __future__ import annotations

import io
from typing import Any, Dict, List, Mapping, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import secrets as texts

_SERVER_VERSION_15 = 150000
#: Settings that have a statement, or what it is about, kept somewhere, and the value with which they do not.
_HUSHED: Dict[str, str] = {
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_min_error_statement": "panic",
    # A warning, or a message about a lock, brings the statement of a function along as its context.
    "log_min_messages": "panic",
    "log_lock_waits": "off",
    "md5_password_warnings": "off",
    "log_error_verbosity": "terse",
    "track_activities": "off",
    "debug_print_raw_parse": "off",
    "debug_print_parse": "off",
    "debug_print_rewritten": "off",
    "debug_print_plan": "off",
    "pg_stat_statements.track_utility": "off",
    "pg_stat_statements.track": "none",
    "pg_stat_monitor.pgsm_track_utility": "off",
    "pg_stat_monitor.pgsm_track": "none",
    "auto_explain.log_min_duration": "-1",
    "pgaudit.log": "none",
    "pg_qualstats.enabled": "off",
}
_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def hush(cursor: Any) -> Dict[str, str]:
    """Turn off, until the transaction ends, what would keep statements.

    It is a statement of its own, because a log decides as a statement begins.

    :returns: the settings that the role may not change, and their values
    """
    may_set = cursor.connection.server_version >= _SERVER_VERSION_15
    cursor.execute(
        compose(
            texts.HUSH,
            may_set=raw(texts.MAY_SET if may_set else texts.MAY_NOT_SET),
            names=literal(list(_HUSHED)),
            values=literal(list(_HUSHED.values())),
        )
    )
    return {name: found for name, found, now in cursor.fetchall() if now is None}


def keepers(settings: Mapping[str, str]) -> List[str]:
    """Return which settings keep even the statements that a function runs, where only utility commands have secrets.

    :param settings: those that C(hush) could not change
    """
    kept = []
    for extension, track in (("pg_stat_statements", "track"), ("pg_stat_monitor", "pgsm_track")):
        names = ["{0}.{1}".format(extension, name) for name in (track, track + "_utility")]
        if settings.get(names[0]) == "all" and settings.get(names[1]) == "on":
            kept.append("{0} = all".format(names[0]))
    if "pgaudit.log" in settings:
        kept.append("pgaudit.log = {0}".format(settings["pgaudit.log"]))
    return kept


def put(cursor: Any, secrets: Mapping[int, Optional[str]]) -> None:
    """Create the temporary table C(powa_secrets) with a row for each secret; it lives until the transaction ends.

    :param secrets: by place, a number by which the statement that takes them knows them; None is NULL
    """
    cursor.execute(texts.CREATE)
    lines = "".join("{0}\t{1}\n".format(place, _escaped(secret)) for place, secret in secrets.items())
    cursor.copy_expert(texts.COPY, io.StringIO(lines))


def unwritable(text: str) -> Optional[str]:
    """Return why no PostgreSQL can store a text, or nothing."""
    if "\x00" in text:
        return "it has a zero byte"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "it has a lone surrogate, which is not a character"
    return None


def _escaped(secret: Optional[str]) -> str:
    if secret is None:
        return "\\N"
    return "".join(_ESCAPED.get(character, character) for character in secret)
