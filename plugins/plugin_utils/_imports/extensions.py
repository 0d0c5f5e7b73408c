# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a query names something of an extension without its schema.

Other tools find it through search_path. With scope C(database) the collector searches C(pg_catalog) alone, since
elsewhere the monitoring role could run what another user has created. So the query names the extension instead, as in
C({pg_stat_statements}.pg_stat_statements), and its schema is looked up in each database.
"""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.clauses import AFTER_FROM, begins_clause
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import (
    Tokens,
    closing,
    tokenize,
)

#: By an extension, its views and tables. Those of PoWA itself and of PostgreSQL, as far as one reads them.
RELATIONS = {
    "pg_buffercache": "pg_buffercache pg_buffercache_numa",
    "pg_qualstats": "pg_qualstats pg_qualstats_all pg_qualstats_by_query pg_qualstats_pretty",
    "pg_stat_kcache": "pg_stat_kcache pg_stat_kcache_detail",
    "pg_stat_statements": "pg_stat_statements pg_stat_statements_info",
    "pg_track_settings": "pg_reboot pg_track_db_role_settings_history pg_track_db_role_settings_list"
    " pg_track_settings_history pg_track_settings_list",
    "pg_wait_sampling": "pg_wait_sampling_current pg_wait_sampling_history pg_wait_sampling_profile",
}
#: By an extension, its functions, but for those that change something.
FUNCTIONS = {
    "pg_buffercache": "pg_buffercache_numa_pages pg_buffercache_pages pg_buffercache_summary"
    " pg_buffercache_usage_counts",
    "pg_freespacemap": "pg_freespace",
    "pg_qualstats": "pg_qualstats pg_qualstats_deparse_qual pg_qualstats_example_queries pg_qualstats_example_query"
    " pg_qualstats_get_idx_col pg_qualstats_get_qualnode_rel pg_qualstats_index_advisor pg_qualstats_names",
    "pg_stat_kcache": "pg_stat_kcache",
    "pg_stat_statements": "pg_stat_statements pg_stat_statements_info",
    "pg_track_settings": "pg_track_db_role_settings pg_track_db_role_settings_diff pg_track_db_role_settings_log"
    " pg_track_reboot_log pg_track_settings pg_track_settings_diff pg_track_settings_log",
    "pg_visibility": "pg_check_frozen pg_check_visible pg_visibility pg_visibility_map pg_visibility_map_summary",
    "pg_wait_sampling": "pg_wait_sampling_get_current pg_wait_sampling_get_history pg_wait_sampling_get_profile",
    "pg_walinspect": "pg_get_wal_block_info pg_get_wal_record_info pg_get_wal_records_info"
    " pg_get_wal_records_info_till_end_of_wal pg_get_wal_stats pg_get_wal_stats_till_end_of_wal",
    "pgrowlocks": "pgrowlocks",
    "pgstattuple": "pg_relpages pgstatginindex pgstathashindex pgstatindex pgstattuple pgstattuple_approx",
}
_RELATIONS = {name: extension for extension, names in RELATIONS.items() for name in names.split()}
_FUNCTIONS = {name: extension for extension, names in FUNCTIONS.items() for name in names.split()}


class _Insertion(NamedTuple):
    position: int
    text: str


def naming_extensions(sql: str) -> str:
    """Return a query that names the extension wherever it names something of a known one without a schema."""
    tokens = tokenize(sql)
    if not any(token.is_name and (token.value in _RELATIONS or token.value in _FUNCTIONS) for token in tokens):
        return sql
    own = names_of_with(tokens)
    insertions = [*_of_views(tokens, own), *_of_functions(tokens, own)]
    pieces, begin = [], 0
    for insertion in sorted(insertions, key=lambda each: each.position):
        pieces += [sql[begin : insertion.position], insertion.text]
        begin = insertion.position
    return "".join([*pieces, sql[begin:]])


def names_of_with(tokens: Tokens) -> Set[str]:
    """Return the names that C(WITH) gives to queries."""
    return {
        token.value
        for position, token in enumerate(tokens[1:], start=1)
        if token.is_name
        and (tokens[position - 1].is_word("with", "recursive") or tokens[position - 1].is_mark(","))
        and _is_as_query(tokens, position + 1)
    }


def _is_as_query(tokens: Tokens, position: int) -> bool:
    if position < len(tokens) and tokens[position].is_mark("("):
        position = closing(tokens, position)
    rest = [token for token in tokens[position : position + 4] if not token.is_word("not", "materialized")]
    return len(rest) > 1 and rest[0].is_word("as") and rest[1].is_mark("(")


def _of_views(tokens: Tokens, own: Set[str]) -> Iterator[_Insertion]:
    for position in relations(tokens):
        token = tokens[position]
        following = tokens[position + 1] if position + 1 < len(tokens) else None
        qualifies = following is not None and following.is_mark(".", "(")
        if token.is_name and token.value in _RELATIONS and token.value not in own and not qualifies:
            yield _Insertion(token.start, "{{{0}}}.".format(_RELATIONS[token.value]))


def relations(tokens: Tokens) -> Iterator[int]:
    """Return the positions where C(FROM) expects a relation."""
    expected = within = selects = False
    outer: List[Tuple[bool, bool]] = []
    for position, token in enumerate(tokens):
        if token.is_mark("(", "["):
            outer.append((within, selects))
            # A parenthesis may hold a join, or what a function such as extract takes FROM something.
            within, selects = expected, False
            continue
        if token.is_mark(")", "]"):
            within, selects = outer.pop() if outer else (False, True)
            expected = False
            continue
        selects = selects or token.is_word("select")
        if expected and not token.is_word("only", "lateral"):
            expected = False
            # In a parenthesis stands a join, or another query.
            if token.is_word("select", "with", "values"):
                within = False
            else:
                yield position
        if begins_clause(tokens, position, "join") or (selects and begins_clause(tokens, position, "from")):
            within = expected = True
        elif begins_clause(tokens, position, *AFTER_FROM):
            within = expected = False
        elif token.is_mark(","):
            expected = within


def _of_functions(tokens: Tokens, own: Set[str]) -> Iterator[_Insertion]:
    for position, token in enumerate(tokens[:-1]):
        if not token.is_name or token.value not in _FUNCTIONS or not tokens[position + 1].is_mark("("):
            continue
        before = tokens[position - 1] if position else None
        if before is not None and (before.is_mark(".") or before.is_word("as") or token.value in own):
            continue
        yield _Insertion(token.start, "{{{0}}}.".format(_FUNCTIONS[token.value]))
