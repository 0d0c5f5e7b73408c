# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collectors of sql_exporter, alone or in its configuration; what is also called so has jobs instead."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.document import read_mapping
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.fields import (
    SQL_EXPORTER_COLLECTOR,
    SQL_EXPORTER_GLOBAL,
    SQL_EXPORTER_METRIC,
    SQL_EXPORTER_QUERY,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import (
    COUNTER,
    GAUGE,
    KEY,
    CannotTakeError,
    Column,
    Found,
    Metric,
    Problem,
    kind_of,
    mapping,
    text_of,
    texts,
    wrong_format,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.outputs import (
    Outputs,
    known_outputs,
    number_column,
    returned_only,
    variant_of,
    with_stated_unit,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.sql_exporter_jobs import found_jobs, has_jobs
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.targets import addresses_of_collector, scoped
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.values import NUMBER

EXPECTED = "a collector of sql_exporter (collector_name, metrics and queries) or jobs with queries"
_OTHER_FILES = "collectors in other files are not read: give the text of each of these files, too"
_KINDS = {"counter": COUNTER, "gauge": GAUGE}


def read_sql_exporter(text: Any) -> Found:
    """Return the metrics of a file.

    :raises AnsibleFilterError: in one sentence, if it is no such file
    """
    document = read_mapping(text, EXPECTED)
    # A configuration with collectors may have jobs, too, which then have no queries.
    return found_jobs(document) if has_jobs(document) else found_collectors(document, EXPECTED)


def is_collector(document: Mapping[str, Any]) -> bool:
    """Return whether a file holds collectors."""
    return isinstance(document.get("collectors"), list) or isinstance(document.get("metrics"), list)


def found_collectors(document: Mapping[str, Any], expected: str) -> Found:
    """Return the metrics of what a file holds.

    :raises AnsibleFilterError: if it is no such file
    """
    collectors = document["collectors"] if isinstance(document.get("collectors"), list) else [document]
    if (
        not is_collector(document)
        or not collectors
        or not all(isinstance(each, dict) and isinstance(each.get("metrics"), list) for each in collectors)
    ):
        elsewhere = "only names of files with collectors" if document.get("collector_files") else ""
        raise wrong_format(expected, elsewhere or "no collector with a list of metrics")
    for collector in collectors:
        if not isinstance(collector.get("queries") or [], list):
            raise wrong_format(expected, "queries that are {0}".format(kind_of(collector["queries"])))
    metrics: List[Metric] = []
    problems: List[Problem] = []
    sets: Dict[str, List[str]] = {}
    if document.get("collector_files"):
        problems.append(Problem("collector_files", _OTHER_FILES, skipped=False))
    everywhere = document.get("global")
    common = SQL_EXPORTER_GLOBAL.notes(everywhere, "global") if isinstance(everywhere, dict) else []
    for collector in collectors:
        name = str(collector.get("collector_name") or "")
        own: List[Metric] = []
        before = len(problems)
        _read(collector, own, problems)
        skipped = [problem.name for problem in problems[before:] if problem.skipped]
        notes = [*common, *SQL_EXPORTER_COLLECTOR.notes(collector)]
        problems += [Problem(metric.name, note, skipped=False) for note in notes for metric in own]
        metrics += scoped(own, addresses_of_collector(name, document), problems)
        if name:
            sets[name] = [*(metric.name for metric in own), *skipped]
    return Found(metrics, problems, sets)


def _read(collector: Mapping[str, Any], metrics: List[Metric], problems: List[Problem]) -> None:
    """Make a metric of each query: all that the file makes of it."""
    queries: Dict[str, str] = {}
    fields: Dict[str, List[str]] = {}
    groups: Dict[str, List[Mapping[str, Any]]] = {}
    for query in collector.get("queries") or ():
        if isinstance(query, dict):
            queries[str(query.get("query_name"))] = str(query.get("query") or "")
            fields[str(query.get("query_name"))] = SQL_EXPORTER_QUERY.notes(query)
    for entry in collector["metrics"]:
        name = str(entry.get("metric_name") or "a metric without a name") if isinstance(entry, dict) else "a metric"
        try:
            options = mapping(entry, "the metric")
            reference = str(options.get("query_ref") or name)
            if options.get("query_ref") is None:
                queries[reference] = str(options.get("query") or "")
            elif reference not in queries:
                raise CannotTakeError('there is no query "{0}", which its query_ref names'.format(reference))
            _check(options)
            groups.setdefault(reference, []).append(options)
        except CannotTakeError as error:
            problems.append(Problem(name, str(error)))
    for reference, entries in groups.items():
        try:
            notes = list(fields.get(reference, ()))
            metric = _metric(reference, queries[reference], entries, notes)
        except CannotTakeError as error:
            problems.append(Problem(reference, str(error)))
        else:
            problems += [Problem(reference, note, skipped=False) for note in dict.fromkeys(notes)]
            metrics.append(metric)


def _check(entry: Mapping[str, Any]) -> None:
    if str(entry.get("type")).lower() not in _KINDS:
        raise CannotTakeError('its type is "{0}", expected counter or gauge'.format(entry.get("type")))
    if not isinstance(entry.get("values") or [], (list, str)):
        raise CannotTakeError("values is {0}, expected a list".format(kind_of(entry["values"])))


def _metric(name: str, sql: str, entries: List[Mapping[str, Any]], notes: List[str]) -> Metric:
    columns: Dict[str, Column] = {}
    for entry in entries:
        for label in texts(entry.get("key_labels")):
            columns.setdefault(label, Column(label, label, KEY))
    for label, value in _static_labels(entries, notes):
        columns.setdefault(label, Column(None, label, KEY, expression=_text(value)))
    found = known_outputs(sql, notes)
    for entry in entries:
        kind, help_text = _KINDS[str(entry["type"]).lower()], str(entry.get("help") or "")
        notes += SQL_EXPORTER_METRIC.notes(entry)
        for column in _values(entry, kind, help_text, found):
            _add(columns, column, str(entry.get("metric_name")), notes)
        if entry.get("static_value") is not None:
            own = str(entry.get("metric_name"))
            constant = Column(None, own, kind, help_text, expression=_constant(entry["static_value"]), value=NUMBER)
            _add(columns, constant, own, notes)
        if entry.get("timestamp_value"):
            notes.append("timestamp_value is left out, since PoWA stores the time of its snapshot")
    kept = returned_only(list(columns.values()), found, notes)
    return Metric(name, (variant_of(sql, kept, found),))


def _values(entry: Mapping[str, Any], kind: str, help_text: str, found: Optional[Outputs]) -> List[Column]:
    values = texts(entry.get("values"))
    # The exporter calls a single value like the metric, whatever its column is called.
    also_called = [str(entry.get("metric_name"))] if len(values) == 1 else []
    return [with_stated_unit(number_column(value, kind, help_text, found), also_called, help_text) for value in values]


def _add(columns: Dict[str, Column], column: Column, metric: str, notes: List[str]) -> None:
    """Add what a metric has: under the name of the metric, where its column is a label or has another kind or help.

    :param notes: gets a sentence if it is there already
    """
    before = columns.setdefault(column.name, column)
    if before is column:
        return
    if before._replace(unit=column.unit) == column:
        notes.append('"{0}" has the same values as another metric, and is taken once'.format(metric))
        return
    name = metric if metric not in columns else "{0}_{1}".format(metric, column.name)
    if name in columns:
        notes.append('"{0}" is left out, since "{1}" is there already'.format(metric, name))
    columns.setdefault(name, column._replace(name=name))


def _static_labels(entries: List[Mapping[str, Any]], notes: List[str]) -> List[Tuple[str, str]]:
    """Return the labels that all metrics of a query have with the same value: the rest cannot tell rows apart."""
    labels = [mapping(entry.get("static_labels") or {}, "static_labels") for entry in entries]
    same = [
        (label, text_of(value))
        for label, value in labels[0].items()
        if all(each.get(label) == value for each in labels)
    ]
    differing = sorted({label for each in labels for label in each} - {label for label, _value in same})
    if differing:
        notes.append(
            "the static label {0} is left out, since the metrics of the query differ in it".format(", ".join(differing))
        )
    return same


def _text(value: str) -> str:
    return "'{0}'::text".format(value.replace("'", "''"))


def _constant(value: Any) -> str:
    try:
        return "'{0!r}'::double precision".format(float(value))
    except (TypeError, ValueError):
        raise CannotTakeError('its static_value is "{0}", expected a number'.format(value)) from None
