# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions that read the history of a datasource back: as it is, and per second."""

from __future__ import annotations

from typing import Any, List, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier, joined, raw
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Column
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import GET, RATE
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.objects import (
    SERVER_AND_RANGE,
    Function,
    TableColumn,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._objects.parts import (
    TIMESTAMP,
    Parts,
    comparable,
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
    rate = _rates(parts, keys, metrics)
    samples = (*typed(keys), TableColumn("ts", TIMESTAMP))
    rates = tuple(TableColumn(column.name, RATE_TYPE if column.has_rate else column.type.name) for column in metrics)
    return [
        Function(
            schema=parts.archivist.schema,
            name=parts.name(suffix),
            comment=parts.comment,
            columns=columns,
            returns="SETOF record",
            body=parts.render(body),
            volatility="STABLE",
            search_path=None,
            execute=parts.grantees.readers,
            parameters=SERVER_AND_RANGE,
            language="sql",
        )
        for suffix, body, columns in ((GET, get, (*samples, *typed(metrics))), (RATE, rate, (*samples, *rates)))
    ]


def _rates(parts: Parts, keys: Sequence[Column], metrics: Sequence[Column]) -> Any:
    """Return the body of C(_rate). In it, keys are called k0, k1 ..., metrics m0 ... and their last values b0 ..."""
    inner = ["k{0}".format(position) for position in range(len(keys))]
    rated = [_has_rate(column) for column in metrics]
    named = ["m{0}".format(position) for position in range(len(metrics))]
    numbers = [_as(identifier("g", key.name), name) for key, name in zip(keys, inner)]
    numbers += [raw("g.ts"), *(_as(_number(column), name) for column, name in zip(metrics, named))]
    lagged = [identifier("n", name) for name in [*inner, "ts", *named]]
    lagged += [
        _as(compose("pg_catalog.lag({value}) OVER w", value=identifier("n", name)), _before(name))
        for name, has_rate in zip(named, rated)
        if has_rate
    ]
    if any(rated):
        lagged.append(_as(raw(bodies.SECONDS), "seconds"))
    rates = [identifier("r", name) for name in [*inner, "ts"]]
    rates += [_rate(name) if has_rate else identifier("r", name) for name, has_rate in zip(named, rated)]
    partition = joined(comparable(identifier("n", name), key.type) for key, name in zip(keys, inner))
    return compose(
        bodies.RATE,
        rates=joined(rates),
        lagged=joined(lagged),
        numbers=joined(numbers),
        get=parts.qualified(GET),
        by_keys=compose("PARTITION BY {keys} ", keys=partition) if keys else raw(""),
    )


def _has_rate(column: Column) -> bool:
    return column.has_rate and column.type.number is not None


def _number(column: Column) -> Any:
    value = identifier("g", column.name)
    return compose(column.type.number or "", value=value) if _has_rate(column) else value


def _rate(name: str) -> Any:
    growth = compose(bodies.GROWTH, now=identifier("r", name), before=identifier("r", _before(name)))
    return compose(bodies.RATE_OF_COUNTER, growth=growth)


def _before(name: str) -> str:
    return "b" + name[1:]


def _as(value: Any, name: str) -> Any:
    return compose("{value} AS {name}", value=value, name=identifier(name))
