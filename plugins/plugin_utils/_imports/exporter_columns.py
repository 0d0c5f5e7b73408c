# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The columns of a query of postgres_exporter, by their usage."""

from __future__ import annotations

import math
from typing import Any, List, Mapping

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import (
    COUNTER,
    GAUGE,
    KEY,
    CannotTakeError,
    Column,
    kind_of,
    mapping,
)

_KINDS = {"LABEL": KEY, "COUNTER": COUNTER, "GAUGE": GAUGE, "MAPPEDMETRIC": GAUGE, "DURATION": GAUGE}
_IGNORED = ("DISCARD", "")


def columns_of(metrics: Any, notes: List[str]) -> List[Column]:
    """Return the columns that become keys and metrics.

    :param metrics: a list of mappings, each with one column
    :param notes: gets a sentence for each column that is left out
    :raises CannotTakeError: if it is no such list
    """
    if not isinstance(metrics, list):
        raise CannotTakeError("metrics is {0}, expected a list of columns".format(kind_of(metrics)))
    columns: List[Column] = []
    for entry in metrics:
        for source, value in mapping(entry, "an entry of metrics").items():
            options = mapping(value or {}, 'column "{0}"'.format(source))
            usage = str(options.get("usage") or "").strip().upper()
            if usage in _KINDS:
                columns.append(_column(source, usage, options))
            elif usage not in _IGNORED:
                notes.append('column "{0}" is left out, since PoWA has nothing like {1}'.format(source, usage))
    return columns


def _column(source: str, usage: str, options: Mapping[str, Any]) -> Column:
    expression, unit = "{0}", ""
    if usage == "MAPPEDMETRIC":
        expression = _mapped(source, options.get("metric_mapping") or options.get("mapping"))
    elif usage == "DURATION":
        # The exporter reads a text such as 10ms, and counts in milliseconds.
        expression, unit = "extract(epoch FROM {0}::text::interval)::double precision * 1000", "ms"
    if usage != "LABEL" and options.get("scale") not in (None, 1):
        expression = "{0} * {1}".format(expression, _number(source, "scale", options["scale"]))
    if usage != "LABEL" and options.get("default") is not None:
        expression = "coalesce({0}, {1})".format(expression, _number(source, "default", options["default"]))
    name = str(options.get("rename") or options.get("name") or source)
    return Column(source, name, _KINDS[usage], str(options.get("description") or ""), unit, expression)


def _mapped(source: str, values: Any) -> str:
    if not isinstance(values, dict) or not values:
        raise CannotTakeError('column "{0}" is a MAPPEDMETRIC without metric_mapping'.format(source))
    cases = (
        "WHEN '{0}' THEN {1}".format(str(text).replace("'", "''"), _number(source, "metric_mapping", number))
        for text, number in values.items()
    )
    return "(CASE {{0}}::text {0} END)::double precision".format(" ".join(cases))


def _number(source: str, field: str, value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise CannotTakeError('{0} of column "{1}" is "{2}", expected a number'.format(field, source, value))
    return repr(int(number) if number.is_integer() and abs(number) < 10**15 else number)
