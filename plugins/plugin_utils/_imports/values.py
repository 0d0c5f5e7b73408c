# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the text of an expression tells of its values, and SQL that makes numbers of them.

An exporter turns whatever a query returns into a number, a time into seconds since 1970. PoWA keeps it as it is, and
draws only numbers.
"""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import (
    Token,
    Tokens,
    closing,
    outside,
    split,
    unwrapped,
)

#: C(XID) is a number that is none for PostgreSQL, also an C(oid). C(UNKNOWN) is whatever only the server knows, and
#: C(ASSUMED) most likely a number. C(EXTRACTED) is a number that C(extract) returns: C(numeric), and before PostgreSQL
#: 14 C(double precision).
NUMBER, ASSUMED, EXTRACTED, TIME, TEXT, XID, UNKNOWN = "number", "assumed", "extracted", "time", "text", "xid", ""
#: A text in quotes is of the type that its place asks for.
_LITERAL = "literal"
#: Returns what is known of a column, by what stands before its name, and its name.
Resolver = Callable[[Optional[str], str], str]

_BY_TYPE = {
    **dict.fromkeys(("int", "int2", "int4", "int8", "integer", "smallint", "bigint", "numeric", "decimal"), NUMBER),
    **dict.fromkeys(("float", "float4", "float8", "real", "double"), NUMBER),
    **dict.fromkeys(("timestamptz", "timestamp", "date"), TIME),
    **dict.fromkeys(("text", "varchar", "name"), TEXT),
    **dict.fromkeys(("oid", "xid"), XID),
}
_BY_FUNCTION = {
    "extract": EXTRACTED,
    **dict.fromkeys(
        "count date_part ascii pg_size_bytes pg_wal_lsn_diff pg_database_size pg_relation_size pg_table_size"
        " pg_total_relation_size pg_indexes_size pg_tablespace_size".split(),
        NUMBER,
    ),
    **dict.fromkeys(
        "now clock_timestamp statement_timestamp transaction_timestamp to_timestamp date_trunc pg_postmaster_start_time"
        " pg_conf_load_time pg_last_xact_replay_timestamp".split(),
        TIME,
    ),
    **dict.fromkeys(
        "array_to_string concat concat_ws current_database current_setting format format_type initcap left lower lpad"
        " ltrim md5 pg_get_constraintdef pg_get_expr pg_get_functiondef pg_get_indexdef pg_get_userbyid pg_get_viewdef"
        " pg_size_pretty quote_ident quote_literal regexp_replace repeat replace right rpad rtrim split_part string_agg"
        " substr substring to_char to_hex translate upper version".split(),
        TEXT,
    ),
}
#: Those that return one of their arguments, or a number where that is one.
_CALCULATING = tuple("sum avg abs round ceil ceiling floor trunc".split())
_CHOOSING = ("coalesce", "max", "min", "greatest", "least", "nullif", *_CALCULATING)
#: Columns of PostgreSQL's own views and functions that are no numbers: all of its statistics, and of other views and
#: tables as far as files of metrics return them.
_OF_POSTGRESQL = {
    **dict.fromkeys(
        "access backend_start change checkpoint_time checksum_last_failure creation inactive_since last_analyze"
        " last_archived_time last_autoanalyze last_autovacuum last_failed_time last_idx_scan last_msg_receipt_time"
        " last_msg_send_time last_seq_scan last_vacuum latest_end_time minmax_stats_since modification query_start"
        " reply_time state_change stats_reset stats_since xact_start".split(),
        TIME,
    ),
    **dict.fromkeys(
        "backend_xid backend_xmin catalog_xmin cluster_index_relid current_child_table_relid datfrozenxid datid"
        " datminmxid datoid dbid funcid index_relid indexrelid oid relfrozenxid relid relminmxid subid userid usesysid"
        " xmin".split(),
        XID,
    ),
    **dict.fromkeys(
        "application_name backend_type boot_val category cipher client_dn client_hostname command conninfo context"
        " datname funcname indexrelname issuer_dn last_archived_wal last_failed_wal locktype mode name object phase"
        " plugin principal query relname reset_val schemaname sender_host setting slot_name slot_type state status"
        " subname sync_state type unit usename vartype version wait_event wait_event_type wal_status"
        " worker_type".split(),
        TEXT,
    ),
    **dict.fromkeys(
        "active client_addr compression confirmed_flush_lsn conflicting credentials_delegated do_analyze do_vacuum"
        " encrypted failover flush_lag flush_lsn flushed_lsn for_wraparound full_page_writes granted gss_authenticated"
        " indisvalid is_slot_logical isdir latest_end_lsn pg_is_in_recovery pg_is_wal_replay_paused receive_start_lsn"
        " received_lsn replay_lag replay_lsn restart_lsn sent_lsn ssl subenabled synced temporary toplevel two_phase"
        " write_lag write_lsn written_lsn".split(),
        UNKNOWN,
    ),
}
#: The statistics that all of the above is about. An extension's are its own.
_STATISTICS, _OF_EXTENSIONS = ("pg_stat_", "pg_statio_"), ("pg_stat_monitor",)
_ARITHMETIC = ("+", "-", "*", "/")
_NUMBER_TEXT = r"^\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*$"


def number_sql(expression: str, value: str) -> str:
    """Return SQL of a number, as an exporter makes one of a value. One that is no number becomes NULL."""
    if value == TIME:
        return "extract(epoch FROM {0})::double precision".format(expression)
    if value == EXTRACTED:
        # Remotes of all versions are to return the same type.
        return "{0}::double precision".format(expression)
    if value == XID:
        return "{0}::text::bigint".format(expression)
    if value == TEXT:
        return "substring({0} FROM '{1}')::double precision".format(expression, _NUMBER_TEXT)
    return expression


def float_sql(expression: str, value: str) -> str:
    """Return SQL of a C(double precision), of a value of any type."""
    if value in (NUMBER, XID):
        return "{0}::double precision".format(number_sql(expression, value))
    if value in (UNKNOWN, ASSUMED):
        return "CASE {0}::text WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE {1} END".format(
            expression, number_sql(expression + "::text", TEXT)
        )
    return number_sql(expression, value)


def value_of_column(relation: str, name: str) -> str:
    """Return what is known of a column of a view, a table or a function, by the name of that."""
    if not relation.startswith("pg_"):
        return UNKNOWN
    own = relation.startswith(_STATISTICS) and relation not in _OF_EXTENSIONS
    other = NUMBER if own else ASSUMED
    return _OF_POSTGRESQL.get(name, _BY_FUNCTION.get(name, other))


def value_of(tokens: Tokens, resolve: Resolver) -> str:
    """Return what is known of the values of an expression."""
    value = _value_of(tokens, resolve)
    return TEXT if value == _LITERAL else value


def _value_of(tokens: Tokens, resolve: Resolver) -> str:
    tokens = unwrapped(tokens)
    if tokens and tokens[0].is_word("case") and tokens[-1].is_word("end"):
        return _first_known([_value_of(result, resolve) for result in _results(tokens)])
    top = [token for _position, token in outside(tokens)]
    if any(first.is_mark("|") and second.is_mark("|") for first, second in zip(top, top[1:])):
        return TEXT
    if any(_is_operator(token) for token in top):
        calculated = all(token.is_mark(*_ARITHMETIC) for token in top if _is_operator(token))
        return _value_of_sum(tokens, resolve) if calculated else UNKNOWN
    cast = next((position for position, token in reversed(list(outside(tokens))) if token.is_mark("::")), None)
    if cast is not None:
        return _BY_TYPE.get(tokens[cast + 1].value, UNKNOWN)
    if not tokens:
        return UNKNOWN
    return _value_of_operand(tokens, resolve)


def _first_known(values: Sequence[str]) -> str:
    """Return what is known of values that have one type, which a literal takes on."""
    known = [value for value in values if value not in (UNKNOWN, _LITERAL)]
    if known:
        return EXTRACTED if EXTRACTED in known else known[0]
    return _LITERAL if values and UNKNOWN not in values else UNKNOWN


def _results(case: Tokens) -> List[Tokens]:
    """Return the expressions that a C(CASE) chooses from."""
    results: List[Tokens] = []
    depth, begin = 0, None
    for position, token in outside(case):
        depth += token.is_word("case") - token.is_word("end")
        if begin is not None and (depth == 0 or (depth == 1 and token.is_word("when", "else"))):
            results.append(case[begin:position])
            begin = None
        if depth == 1 and token.is_word("then", "else"):
            begin = position + 1
    return [result for result in results if not (len(result) == 1 and result[0].is_word("null"))]


def _value_of_sum(tokens: Tokens, resolve: Resolver) -> str:
    """Return what is known of a calculation, which has the type of C(extract) if its operands are numbers."""
    operands = [operand for operand in split(tokens, _is_operator) if operand]
    if any(operand[0].is_word("interval", "make_interval") for operand in operands):
        return UNKNOWN
    values = [_value_of(operand, resolve) for operand in operands]
    # What is calculated from the first one is hardly ever anything else.
    known = values[0] == EXTRACTED or all(value in (NUMBER, ASSUMED, EXTRACTED) for value in values)
    return EXTRACTED if EXTRACTED in values and known and TIME not in values else UNKNOWN


def _is_operator(token: Token) -> bool:
    return token.kind == "other" and not token.is_mark("(", ")", "[", "]", ".", ",")


def _value_of_operand(tokens: Tokens, resolve: Resolver) -> str:
    first = tokens[0]
    if len(tokens) == 1:
        return _value_of_token(first, resolve)
    if len(tokens) == 3 and tokens[1].is_mark(".") and tokens[2].is_name:
        return resolve(first.value, tokens[2].value)
    called = 2 if tokens[1].is_mark(".") else 0
    if len(tokens) < called + 3 or not tokens[called].is_name or not tokens[called + 1].is_mark("("):
        return UNKNOWN
    end = closing(tokens, called + 1)
    name = tokens[called].value
    if end < len(tokens) and not tokens[end].is_word("filter", "over", "within"):
        return UNKNOWN
    if name in _CHOOSING:
        arguments = split(tokens[called + 2 : end - 1], lambda token: token.is_mark(","))
        value = _first_known([_value_of(each, resolve) for each in arguments])
        return NUMBER if value == ASSUMED and name in _CALCULATING else value
    return _BY_FUNCTION.get(name, UNKNOWN)


def _value_of_token(token: Token, resolve: Resolver) -> str:
    if token.kind in ("number", "text"):
        return NUMBER if token.kind == "number" else _LITERAL
    if token.is_word("current_timestamp", "current_date"):
        return TIME
    if not token.is_name or token.is_word("true", "false", "null"):
        return UNKNOWN
    return resolve(None, token.value)
