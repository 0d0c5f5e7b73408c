# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statement that begins every session of ours, so that no setting of the server, a database or a role decides what
a statement means, what a result looks like, or how long a read of the catalog takes.

The statement itself is parsed with the search_path of the database: it has no operator, and all its functions are
qualified. The costs of the planner, memory for maintenance and synchronous_commit are left alone: they describe the
server, and hold for everybody.
"""

from __future__ import annotations

from typing import Dict, List, Mapping

#: What every supported version has.
_SETTINGS: Dict[str, str] = {
    # First of all: with another role, some of the rest may be refused.
    "role": "none",
    "search_path": "pg_catalog, pg_temp",
    "application_name": "pgfleet.powa",
    # Transactions and how long they may take.
    "default_transaction_read_only": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    # What a statement means.
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "escape_string_warning": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "row_security": "on",
    "check_function_bodies": "on",
    "plpgsql.extra_errors": "none",
    "plpgsql.extra_warnings": "none",
    "exit_on_error": "off",
    "client_min_messages": "warning",
    # How values are read and written.
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "timezone_abbreviations": "Default",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    "xmlbinary": "base64",
    "xmloption": "content",
    # What new objects are like.
    "default_tablespace": "",
    "default_table_access_method": "heap",
    "temp_tablespaces": "",
    # How long a statement takes. JIT would compile a read of the catalog for longer than it runs.
    "jit": "off",
    "work_mem": "16MB",
    "max_parallel_workers_per_gather": "0",
    "cursor_tuple_fraction": "0.1",
    "plan_cache_mode": "auto",
    "from_collapse_limit": "8",
    "join_collapse_limit": "8",
    "geqo": "on",
    "geqo_threshold": "12",
    "constraint_exclusion": "partition",
    "enable_bitmapscan": "on",
    "enable_gathermerge": "on",
    "enable_hashagg": "on",
    "enable_hashjoin": "on",
    "enable_incremental_sort": "on",
    "enable_indexonlyscan": "on",
    "enable_indexscan": "on",
    "enable_material": "on",
    "enable_mergejoin": "on",
    "enable_nestloop": "on",
    "enable_parallel_append": "on",
    "enable_parallel_hash": "on",
    "enable_partition_pruning": "on",
    "enable_seqscan": "on",
    "enable_sort": "on",
    "enable_tidscan": "on",
}

#: What only some of them have, or only some of their minor releases.
_NEWER: Dict[str, str] = {
    "default_toast_compression": "pglz",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
    "restrict_nonsystem_relation_kind": "",
    "createrole_self_grant": "",
    "enable_async_append": "on",
    "enable_distinct_reordering": "on",
    "enable_group_by_reordering": "on",
    "enable_memoize": "on",
    "enable_presorted_aggregate": "on",
    "enable_self_join_elimination": "on",
}

#: What only a superuser may set. Of another role's session, only messages in another language are lost, and keys and
#: triggers that a superuser has turned off stay so.
_OF_SUPERUSERS: Dict[str, str] = {
    "session_replication_role": "origin",
    "plpgsql.variable_conflict": "error",
    "lc_messages": "C",
}

#: Sent before it in the same message: a statement with so many functions can itself be compiled, time out, or wait for
#: a snapshot that is safe to read. None of these needs a snapshot.
FIRST = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, NOT DEFERRABLE; SET jit = off; SET statement_timeout = 0; "

_SET = "pg_catalog.set_config({name}, {value}, false)"
_SET_IF_THERE = "CASE WHEN pg_catalog.current_setting({name}, true) IS NOT NULL THEN {set} END"
_SET_AS_SUPERUSER = "CASE WHEN pg_catalog.texteq(pg_catalog.current_setting('is_superuser'), 'on') THEN {set} END"


def pinned(differing: Mapping[str, str], others: str = "") -> str:
    """Return the statement.

    :param differing: settings of a session that differ from the usual ones
    :param others: SQL that is selected last, in the role that has logged in
    """
    settings = dict(_SETTINGS, **differing)
    parts: List[str] = [_set(name, value) for name, value in settings.items()]
    parts += [_SET_IF_THERE.format(name=_quoted(name), set=_set(name, value)) for name, value in _NEWER.items()]
    parts += [_SET_AS_SUPERUSER.format(set=_set(name, value)) for name, value in _OF_SUPERUSERS.items()]
    return "SELECT {0}".format(",\n    ".join(parts + ([others] if others else [])))


def _set(name: str, value: str) -> str:
    return _SET.format(name=_quoted(name), value=_quoted(value))


def _quoted(text: str) -> str:
    """Quote a text of ours. It means the same with any setting only without a backslash."""
    if "\\" in text or "{" in text:
        raise ValueError(text)
    return "'{0}'".format(text.replace("'", "''"))
