# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions that read the history of a datasource back: as it is, and per second."""

from __future__ import annotations

from typing import Any, List

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.definition import Column
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.names import GET, RATE
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.objects import (
    SERVER_AND_RANGE,
    Function,
    TableColumn,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.parts import (
    TIMESTAMP,
    Parts,
    for_each,
    listed,
    typed,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import functions as bodies

#: The type of a rate per second.
RATE_TYPE = "double precision"


def reading_functions(parts: Parts) -> List[Function]:
    """Return the functions. They set no search_path, so that the planner can inline them."""
    keys = parts.layout.keys
    metrics = [column for column in parts.layout.metrics if column.name not in {key.name for key in keys}]
    get = compose(
        bodies.GET,
        keys=for_each(keys, "h.{name}, "),
        metrics=listed("r", metrics),
        current_keys=for_each(keys, "c.{name}, "),
        current_metrics=joined(compose("(c.record).{name}", name=identifier(column.name)) for column in metrics),
        **parts.tables,
    )
    rate = compose(
        bodies.RATE,
        keys=for_each(keys, "g.{name}, "),
        rates=joined(_rate(column) for column in metrics),
        get=parts.qualified(GET),
        by_keys=compose("PARTITION BY {keys} ", keys=listed("g", keys)) if keys else raw(""),
    )
    samples = (*typed(keys), TableColumn("ts", TIMESTAMP))
    rates = tuple(TableColumn(column.name, RATE_TYPE if column.has_rate else column.type.name) for column in metrics)
    return [
        Function(
            schema=parts.archivist.schema,
            name=parts.name(suffix),
            comment=parts.comment,
            columns=columns,
            returns="SETOF record",
            body=body,
            volatility="STABLE",
            search_path=None,
            execute=parts.grantees.readers,
            parameters=SERVER_AND_RANGE,
            language="sql",
        )
        for suffix, body, columns in ((GET, get, (*samples, *typed(metrics))), (RATE, rate, (*samples, *rates)))
    ]


def _rate(column: Column) -> Any:
    value = identifier("g", column.name)
    number = column.type.number
    if not column.has_rate or number is None:
        return value
    before = compose("pg_catalog.lag({value}) OVER w", value=value)
    return compose(
        bodies.RATE_OF_COUNTER,
        value=value,
        before=before,
        now=compose(number, value=value),
        then=compose(number, value=compose("({before})", before=before)),
    )
