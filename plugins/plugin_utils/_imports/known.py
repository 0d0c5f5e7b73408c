# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PostgreSQL's types, functions, views and tables tell of values."""

from __future__ import annotations

from typing import Dict, Mapping

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import Tokens
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.values import (
    ASSUMED,
    BOOLEAN,
    DATE,
    EXTRACTED,
    INTERVAL,
    LSN,
    NUMBER,
    TEXT,
    TIME,
    UNKNOWN,
    XID,
)

_TYPES = {
    NUMBER: "int int2 int4 int8 integer smallint bigint numeric decimal float float4 float8 real double",
    TIME: "timestamptz timestamp",
    DATE: "date",
    INTERVAL: "interval",
    BOOLEAN: "bool boolean",
    LSN: "pg_lsn",
    XID: "oid xid xid8",
    TEXT: "text varchar name character char bpchar regclass regcollation regconfig regdictionary regnamespace regoper"
    " regoperator regproc regprocedure regrole regtype inet cidr macaddr macaddr8 uuid json jsonb",
}
_FUNCTIONS = {
    EXTRACTED: "extract",
    NUMBER: "array_length array_position ascii bit_length cardinality char_length character_length count date_part"
    " dense_rank length mxid_age octet_length pg_backend_pid pg_column_size pg_database_size pg_indexes_size"
    " pg_relation_size pg_size_bytes pg_table_size pg_tablespace_size pg_total_relation_size pg_wal_lsn_diff position"
    " random rank row_number strpos txid_current",
    TIME: "clock_timestamp now pg_conf_load_time pg_last_xact_replay_timestamp pg_postmaster_start_time"
    " statement_timestamp to_timestamp transaction_timestamp",
    INTERVAL: "justify_days justify_hours justify_interval make_interval",
    BOOLEAN: "bool_and bool_or every exists has_database_privilege has_schema_privilege has_table_privilege"
    " pg_has_role pg_is_in_recovery pg_is_wal_replay_paused starts_with",
    LSN: "pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn pg_last_wal_receive_lsn"
    " pg_last_wal_replay_lsn",
    TEXT: "array_to_string btrim chr col_description concat concat_ws current_catalog current_database current_query"
    " current_role current_schema current_setting current_user encode format format_type host inet_client_addr"
    " inet_server_addr initcap json_agg json_build_array json_build_object json_object_agg jsonb_agg jsonb_build_array"
    " jsonb_build_object jsonb_object_agg left lower lpad ltrim md5 obj_description overlay pg_describe_object"
    " pg_encoding_to_char pg_get_constraintdef pg_get_expr pg_get_function_arguments pg_get_function_result"
    " pg_get_functiondef pg_get_indexdef pg_get_partkeydef pg_get_ruledef pg_get_triggerdef pg_get_userbyid"
    " pg_get_viewdef pg_relation_filepath pg_size_pretty pg_tablespace_location pg_typeof pg_walfile_name quote_ident"
    " quote_literal quote_nullable regexp_replace repeat replace reverse right row_to_json rpad rtrim session_user"
    " shobj_description split_part string_agg substr substring timeofday to_char to_hex to_json to_jsonb translate trim"
    " upper version",
}
#: Columns of PostgreSQL's own views and functions that are no numbers: all of its statistics, and of other views and
#: tables as far as files of metrics return them.
_COLUMNS = {
    TIME: "access backend_start change checkpoint_time checksum_last_failure creation inactive_since last_analyze"
    " last_archived_time last_autoanalyze last_autovacuum last_failed_time last_idx_scan last_msg_receipt_time"
    " last_msg_send_time last_seq_scan last_vacuum latest_end_time minmax_stats_since modification query_start"
    " reply_time state_change stats_reset stats_since xact_start",
    INTERVAL: "flush_lag replay_lag write_lag",
    LSN: "confirmed_flush_lsn flush_lsn flushed_lsn latest_end_lsn receive_start_lsn received_lsn replay_lsn"
    " restart_lsn sent_lsn write_lsn written_lsn",
    XID: "backend_xid backend_xmin catalog_xmin cluster_index_relid current_child_table_relid datfrozenxid datid"
    " datminmxid datoid dbid funcid index_relid indexrelid oid relfrozenxid relid relminmxid subid userid usesysid"
    " xmin",
    TEXT: "application_name backend_type boot_val category cipher client_addr client_dn client_hostname command"
    " conninfo context datname extname funcname indexrelname issuer_dn last_archived_wal last_failed_wal locktype mode"
    " name nspname object phase plugin principal query relname reset_val rolname schemaname sender_host setting"
    " slot_name slot_type spcname state status subname sync_state type unit usename vartype version wait_event"
    " wait_event_type wal_status worker_type",
    BOOLEAN: "active conflicting credentials_delegated do_analyze do_vacuum encrypted failover for_wraparound"
    " full_page_writes granted gss_authenticated indisvalid is_slot_logical isdir pg_is_in_recovery"
    " pg_is_wal_replay_paused ssl subenabled synced temporary toplevel two_phase",
    UNKNOWN: "compression",
}
#: SQL functions that are written like columns.
_WORDS = {
    TIME: "current_timestamp localtimestamp",
    DATE: "current_date",
    TEXT: "current_catalog current_role current_schema current_user session_user user",
    BOOLEAN: "true false",
    UNKNOWN: "current_time localtime null",
}


def _by_name(kinds: Mapping[str, str]) -> Dict[str, str]:
    return {name: value for value, names in kinds.items() for name in names.split()}


_BY_TYPE, _BY_FUNCTION, _BY_COLUMN, BY_WORD = map(_by_name, (_TYPES, _FUNCTIONS, _COLUMNS, _WORDS))
#: How the names of PostgreSQL's own relations begin, and those of pgstattuple's functions, which return no texts.
KNOWN_RELATIONS = ("pg_", "pgstat")
#: The statistics that all of the above is about. An extension's are its own.
_STATISTICS = ("pg_stat_", "pg_statio_")
_OF_EXTENSIONS = ("pg_stat_kcache", "pg_stat_kcache_detail", "pg_stat_monitor")


def value_of_column(relation: str, name: str) -> str:
    """Return what is known of a column of a view, a table or a function, by the name of that."""
    if not relation.startswith(KNOWN_RELATIONS):
        return UNKNOWN
    own = relation.startswith(_STATISTICS) and relation not in _OF_EXTENSIONS
    other = NUMBER if own else ASSUMED
    return _BY_COLUMN.get(name, _BY_FUNCTION.get(name, other))


def value_of_function(name: str) -> str:
    """Return what is known of what a function returns, whatever its arguments are."""
    return _BY_FUNCTION.get(name, UNKNOWN)


def value_of_type(tokens: Tokens) -> str:
    """Return what is known of the values of a type.

    :param tokens: what begins with its name
    """
    if len(tokens) > 2 and tokens[0].is_word("pg_catalog") and tokens[1].is_mark("."):
        tokens = tokens[2:]
    if not tokens or any(token.is_mark("[") or token.is_word("array") for token in tokens):
        return UNKNOWN
    return _BY_TYPE.get(tokens[0].value, UNKNOWN)
