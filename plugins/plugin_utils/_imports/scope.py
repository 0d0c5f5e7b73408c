# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scope of a metric by its queries, where the file does not say whether they run in each database."""

from __future__ import annotations

import re

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.extensions import relations
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import CLUSTER, DATABASE, Metric
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import find, outside, tokenize

#: What shows each database something else. With what else does, such as pg_namespace, a query has one of them, too.
_OF_ONE_DATABASE = re.compile(
    r"pg_stat(io)?_(xact_)?(all|sys|user)_\w+|pg_(class|index|indexes|sequences|stats|tables)\Z"
)


def by_query(metric: Metric, always_told: bool = False) -> Metric:
    """Return a metric with the scope that its queries let one guess, unless the file says where it runs.

    :param always_told: whether a guess is named as such even if the query names nothing that only one database has
    """
    if metric.once or metric.scope == DATABASE:
        return metric
    queries = [variant.sql for variant in metric.variants]
    if any(map(_returns_database, queries)):
        return metric._replace(scope=DATABASE, guessed=False)
    return metric._replace(scope=CLUSTER, guessed=always_told or any(map(_reads_one_database, queries)))


def _returns_database(sql: str) -> bool:
    """Return whether a query has the name of its database among its columns."""
    tokens = tokenize(sql)
    columns = tokens[: find(tokens, "from")]
    return any(token.is_word("current_database", "current_catalog") for _position, token in outside(columns))


def _reads_one_database(sql: str) -> bool:
    """Return whether a query names a relation that has other contents in each database."""
    tokens = tokenize(sql)
    named = (
        # With pg_catalog in front, or without.
        tokens[position + 2] if position + 2 < len(tokens) and tokens[position + 1].is_mark(".") else tokens[position]
        for position in relations(tokens)
    )
    return any(token.is_name and _OF_ONE_DATABASE.match(token.value) for token in named)
