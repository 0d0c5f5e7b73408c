# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The columns of a query of postgres_exporter, by their usage."""

from __future__ import annotations

import math
from typing import Any, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.fields import EXPORTER_COLUMN
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import (
    COUNTER,
    GAUGE,
    KEY,
    CannotTakeError,
    Column,
    kind_of,
    mapping,
    text_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.outputs import (
    Outputs,
    number_column,
    only_labels,
    returned_only,
    with_stated_unit,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.units import unit_in
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.values import NUMBER, float_sql

_KINDS = {"LABEL": KEY, "COUNTER": COUNTER, "GAUGE": GAUGE, "MAPPEDMETRIC": GAUGE, "DURATION": GAUGE}
_HISTOGRAM, _IGNORED = "HISTOGRAM", ("DISCARD", "")
_OF_HISTOGRAM = "of the histogram {0} only the sum and the count are taken, since PoWA has nothing like its buckets"
_UNKNOWN_USAGE = 'column "{0}" is left out, since its usage is "{1}", expected one of {2}'
_NO_HISTOGRAM = "the histogram {0} is left out, since PoWA has nothing like it"


class Columns(NamedTuple):
    """The columns of an entry that become keys and metrics.

    :param grouped: whether the metrics are aggregates of the rows with the same labels
    """

    columns: Sequence[Column]
    grouped: bool = False


class _Listed(NamedTuple):
    """A column as the file lists it."""

    source: str
    usage: str
    options: Mapping[str, Any]

    @property
    def description(self) -> str:
        return str(self.options.get("description") or "")

    @property
    def name(self) -> str:
        """What the exporter calls it."""
        return str(self.options.get("rename") or self.options.get("name") or self.source)


def columns_of(metrics: Any, found: Optional[Outputs], notes: List[str]) -> Columns:
    """Return the columns of an entry.

    :param metrics: a list of mappings, each with one column
    :param found: what the query returns, or None where its text does not tell
    :param notes: gets a sentence for each column that is left out
    :raises CannotTakeError: if it is no such list
    """
    listed = _listed(metrics)
    columns = [_column(each, found) for each in listed if each.usage in _KINDS]
    histograms = [each for each in listed if each.usage == _HISTOGRAM]
    # Those of pg_exporter count rows, and the query returns nothing but the values to count.
    grouped = bool(columns) and only_labels(columns) and any("bucket" in each.options for each in histograms)
    for each in histograms:
        parts = _counted(each, found) if grouped else _aggregates(each, found)
        columns += parts
        notes.append((_OF_HISTOGRAM if parts else _NO_HISTOGRAM).format(each.name))
    usages = (*_KINDS, _HISTOGRAM, *_IGNORED)
    for each in listed:
        if each.usage not in usages:
            notes.append(_UNKNOWN_USAGE.format(each.source, each.usage, ", ".join(filter(None, usages))))
    listed_columns, columns = columns, returned_only(columns, found, notes)
    # A number that the query returns under another name than the file has is not lost.
    if found is not None and (only_labels(columns) or len(columns) < len(listed_columns)):
        columns += _unlisted(listed, found, notes)
    if only_labels(columns) and notes:
        raise CannotTakeError("it has no column with a number ({0})".format("; ".join(notes)))
    for each in listed:
        notes += EXPORTER_COLUMN.notes(each.options, 'column "{0}"'.format(each.source))
    return Columns(columns, grouped and any(column.kind == KEY for column in columns))


def _listed(metrics: Any) -> List[_Listed]:
    if not isinstance(metrics, list):
        raise CannotTakeError("metrics is {0}, expected a list of columns".format(kind_of(metrics)))
    listed: List[_Listed] = []
    for entry in metrics:
        for source, value in mapping(entry, "an entry of metrics").items():
            options = mapping(value or {}, 'column "{0}"'.format(source))
            listed.append(_Listed(source, str(options.get("usage") or "").strip().upper(), options))
    return listed


def _column(listed: _Listed, found: Optional[Outputs]) -> Column:
    source, usage, options = listed
    column = number_column(source, _KINDS[usage], listed.description, found, listed.name)
    if usage == "LABEL":
        return column._replace(expression="{0}")
    expression, unit = column.expression, _unit(listed, column)
    if usage == "MAPPEDMETRIC":
        expression, unit = _mapped(source, options.get("metric_mapping") or options.get("mapping")), None
    elif usage == "DURATION":
        # The exporter reads a text such as 10ms, and counts in milliseconds.
        expression, unit = "extract(epoch FROM {0}::text::interval)::double precision * 1000", "ms"
    scaled, default = options.get("scale") not in (None, 1), options.get("default")
    if (scaled or default is not None) and expression == "{0}" and column.value != NUMBER:
        # Of a boolean there is no product, and what is no number becomes the default.
        expression = float_sql(expression, column.value)
    if scaled:
        expression = "{0} * {1}".format(expression, _number(source, "scale", options["scale"]))
    if default is not None:
        expression = "coalesce({0}, {1})".format(expression, _number(source, "default", default))
    return column._replace(unit=unit, expression=expression, value=column.value if expression == "{0}" else NUMBER)


def _unit(listed: _Listed, column: Column) -> Optional[str]:
    """Return the unit of a column by its name and its description, or None if only the name can tell."""
    if column.unit == "" or listed.usage not in ("COUNTER", "GAUGE"):
        return column.unit
    # Of a number with a scale, the description may be PostgreSQL's own, of what was there before: milliseconds.
    scaled = listed.options.get("scale") not in (None, 1)
    description = "" if scaled and unit_in(listed.description) != "s" else listed.description
    return with_stated_unit(column._replace(unit=None) if scaled else column, [], description).unit


def _aggregates(listed: _Listed, found: Optional[Outputs]) -> List[Column]:
    """Return the sum and the number of observations, which the query returns beside the buckets."""
    columns = [
        number_column(
            "{0}_{1}".format(listed.source, part),
            GAUGE,
            listed.description,
            found,
            "{0}_{1}".format(listed.name, part),
        )
        for part in ("sum", "count")
    ]
    return [column for column in columns if found is None or column.source in found.values]


def _counted(listed: _Listed, found: Optional[Outputs]) -> List[Column]:
    """Return the sum and the number of what the rows with the same labels have."""
    if found is not None and listed.source not in found.values:
        return []
    column = number_column(listed.source, GAUGE, listed.description, found)
    # Nothing sums up booleans.
    number = column.expression if column.value == NUMBER else float_sql(column.expression, column.value)
    return [
        Column(
            listed.source,
            "{0}_{1}".format(listed.name, part),
            GAUGE,
            listed.description,
            expression="{0}({1})".format(part, number),
            value=NUMBER,
        )
        for part in ("sum", "count")
    ]


def _unlisted(listed: Sequence[_Listed], found: Outputs, notes: List[str]) -> List[Column]:
    """Return columns that the query returns and the file does not list, which the exporter takes as well."""
    names = [name for name in found.values if name not in {each.source for each in listed}]
    for name in names:
        notes.append('column "{0}" is taken as a gauge, though metrics does not list it'.format(name))
    return [number_column(name, GAUGE, "", found) for name in names]


def _mapped(source: str, values: Any) -> str:
    if not isinstance(values, dict) or not values:
        raise CannotTakeError('column "{0}" is a MAPPEDMETRIC without metric_mapping'.format(source))
    cases = (
        "WHEN '{0}' THEN {1}".format(text_of(text).replace("'", "''"), _number(source, "metric_mapping", number))
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
