# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SELECT of samples from a user's query."""

from __future__ import annotations

from typing import Any, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import Column, Definition, Query
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import functions as bodies


def sample_query(definition: Definition, query: Query) -> Any:
    """Return the SELECT of the declared columns, with the declared types."""
    return compose(bodies.SAMPLE, columns=cast_columns(definition.columns), query=raw(query.sql))


def cast_columns(columns: Sequence[Column]) -> Any:
    """Return columns of C(q), the user's query, with the declared types."""
    return joined(
        compose("q.{name}::{type}", name=identifier(column.name), type=raw(column.type.name)) for column in columns
    )
