# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a query returns, with names that tell its columns apart."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.columns import UnknownColumnsError, returned_columns
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import KEY, Column, Variant
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.units import (
    describes_moment,
    stated_unit,
    unit_in,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.values import (
    ASSUMED,
    LSN,
    NUMBER,
    UNITS,
    UNKNOWN,
    number_sql,
)


class Outputs(NamedTuple):
    """The columns of a query.

    :param values: by a column's name, in the query's order, what is known of its values
    :param aliases: names for all columns, where the query's own are not unique
    """

    values: Dict[str, str]
    aliases: Tuple[str, ...] = ()


def outputs(sql: str, notes: List[str]) -> Outputs:
    """Return what a query returns. Of several columns of one name, the last one counts, as for the other tools.

    :param notes: gets a sentence for each such name
    :raises UnknownColumnsError: where the text of the query does not tell
    """
    returned = returned_columns(sql)
    names = [output.name for output in returned]
    last = {name: position for position, name in enumerate(names)}
    for name in last:
        if names.count(name) > 1:
            notes.append('its query returns several columns called "{0}", of which the last one is taken'.format(name))
    values = {output.name: output.value for position, output in enumerate(returned) if last[output.name] == position}
    if len(last) == len(names):
        return Outputs(values)
    aliases = (name if last[name] == number else "unused_{0}".format(number) for number, name in enumerate(names))
    return Outputs(values, tuple(aliases))


def known_outputs(sql: str, notes: List[str]) -> Optional[Outputs]:
    """Return what a query returns, or None where its text does not tell."""
    try:
        return outputs(sql, notes)
    except UnknownColumnsError:
        return None


def number_column(
    source: str, kind: str, description: str, found: Optional[Outputs], name: Optional[str] = None
) -> Column:
    """Return a metric, as a number, which an exporter makes of whatever the query returns.

    :param found: what the query returns, or None where its text does not tell
    """
    value = found.values.get(source, UNKNOWN) if found else UNKNOWN
    expression = number_sql("{0}", value)
    unit = UNITS.get(value) if value != LSN else None
    value = (value or ASSUMED) if expression == "{0}" else NUMBER
    return Column(source, name or source, kind, description, unit, expression, value)


def with_stated_unit(column: Column, also_called: Sequence[str], description: str) -> Column:
    """Return a metric with the unit that its names and a description agree on, unless its unit is known."""
    if column.unit is not None:
        return column
    if describes_moment(description):
        return column._replace(unit="")
    return column._replace(unit=stated_unit([column.name, *also_called], unit_in(description)))


def variant_of(
    sql: str,
    columns: Sequence[Column],
    found: Optional[Outputs],
    min_version: int = 0,
    max_version: Optional[int] = None,
) -> Variant:
    """Return a query with its columns."""
    exact = found is not None and not found.aliases and list(found.values) == [column.source for column in columns]
    aliases = found.aliases if found else ()
    return Variant(sql, tuple(columns), min_version, max_version, exact, aliases)


def returned_only(columns: Sequence[Column], found: Optional[Outputs], notes: List[str]) -> List[Column]:
    """Return those columns that a query returns.

    :param notes: gets a sentence for each column that is left out
    """
    if found is None:
        return list(columns)
    kept = [column for column in columns if column.source is None or column.source in found.values]
    for column in columns:
        if column not in kept:
            notes.append('column "{0}" is left out, since the query does not return it'.format(column.source))
    return kept


def only_labels(columns: Sequence[Column]) -> bool:
    """Return whether no column holds a number."""
    return all(column.kind == KEY for column in columns)
