# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of pgMonitor: queries for postgres_exporter up to its version 4, and collectors for sql_exporter since then."""

from __future__ import annotations

import re
from bisect import bisect
from typing import Any, Dict, List, Mapping, Optional

from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.document import Document, read_mapping
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.extensions import relations
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import (
    CLUSTER,
    DATABASE,
    KEY,
    Column,
    Found,
    Metric,
    Problem,
    Variant,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.postgres_exporter import found_queries
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.scope import by_query
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.sql_exporter import found_collectors, is_collector
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import tokenize
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.values import ASSUMED, NUMBER, TEXT, number_sql

_EXPECTED = "a file of pgMonitor (queries_*.yml or crunchy_*_collector.yml)"
#: What pgMonitor runs in each database is in files of their own.
_PER_DATABASE = re.compile(r"per_db|bloat|table_stats")
_NEEDS = {
    CLUSTER: "it needs the schema {0} of pgMonitor, which has to be on each server that collects it",
    DATABASE: "it needs the schema {0} of pgMonitor, and each snapshot of a database without that has an error: name"
    " the others in databases of the definition",
}
#: What its set-up writes a number instead of.
_PLACEHOLDER = re.compile(r"#[A-Z_]+#")
#: Its set-up puts several files into one, each between such lines.
_BOUND = re.compile(r"#\s*(Begin|End) File:\s*(.+)")
#: What pgMonitor creates on each server: its extension since version 5, its set-up before.
_OWN_SCHEMAS = ("pgmonitor_ext", "monitor")
#: Numbers that its views return as texts.
_TEXTS = ("backrest_repo_version", "repo_backup_size_bytes", "repo_total_size_bytes")


def read_pgmonitor(text: Any) -> Found:
    """Return the metrics of a file, or of a mapping of versions of PostgreSQL to files.

    :raises AnsibleFilterError: in one sentence, if it is no such file
    """
    if not isinstance(text, Mapping):
        return _read(text)
    if not text:
        raise AnsibleFilterError("found an empty mapping, expected {0} for each version".format(_EXPECTED))
    by_version = {_version(version): each for version, each in text.items()}
    versions = sorted(by_version)
    found = [_read(by_version[version]) for version in versions]
    metrics = _merged([each.metrics for each in found], versions)
    problems = list(dict.fromkeys(problem for each in found for problem in each.problems))
    sets: Dict[str, List[str]] = {}
    for each in found:
        for name, names in each.sets.items():
            sets[name] = list(dict.fromkeys([*sets.get(name, ()), *names]))
    return Found(metrics, problems, sets)


def _version(value: Any) -> int:
    try:
        return int(value) * 10000
    except (TypeError, ValueError):
        raise AnsibleFilterError(
            'found "{0}" as a version of PostgreSQL, expected a number such as 16'.format(value)
        ) from None


def _read(text: Any) -> Found:
    document = read_mapping(text, _EXPECTED)
    if is_collector(document):
        found = found_collectors(document, _EXPECTED)
        origins = {name: collector for collector, names in found.sets.items() for name in names}
    else:
        found = found_queries(document, _EXPECTED)
        origins = _files(document)
    scoped = [_scoped(_with_numbers(metric), origins.get(metric.name)) for metric in found.metrics]
    return _with_needs(_complete(found._replace(metrics=scoped)))


def _files(document: Document) -> Dict[str, str]:
    """Return the file of pgMonitor that each entry comes from, as far as the text says."""
    lines = [_BOUND.match(line) for line in document.text.splitlines()]
    bounds = [(number, bound) for number, bound in enumerate(lines) if bound]
    starts = [number for number, _bound in bounds]
    files: Dict[str, str] = {}
    for name, line in document.lines.items():
        before = bisect(starts, line)
        if before and bounds[before - 1][1].group(1) == "Begin":
            files[name] = bounds[before - 1][1].group(2)
    return files


def _with_numbers(metric: Metric) -> Metric:
    """Return a metric that makes numbers of the texts of pgMonitor's views, as the exporter does."""
    variants = (each._replace(columns=tuple(map(_as_number, each.columns))) for each in metric.variants)
    return metric._replace(variants=tuple(variants))


def _as_number(column: Column) -> Column:
    if column.source not in _TEXTS or column.kind == KEY or column.value != ASSUMED:
        return column
    return column._replace(expression=number_sql("{0}", TEXT), value=NUMBER)


def _scoped(metric: Metric, origin: Optional[str]) -> Metric:
    """Return a metric with the scope that its file or collector has, or that its query lets one guess."""
    if metric.once:
        return metric
    if origin and _PER_DATABASE.search(origin):
        return metric._replace(scope=DATABASE, guessed=False)
    if origin:
        return metric._replace(scope=CLUSTER, databases=(), guessed=False)
    return by_query(metric, always_told=True)


def _complete(found: Found) -> Found:
    """Leave out queries that the set-up of pgMonitor has not filled in."""
    missing = {
        metric.name: placeholder.group()
        for metric in found.metrics
        for placeholder in map(_PLACEHOLDER.search, (variant.sql for variant in metric.variants))
        if placeholder
    }
    problems = (
        Problem(name, "its query has {0}, which the set-up of pgMonitor replaces: replace it in the file".format(text))
        for name, text in missing.items()
    )
    metrics = [metric for metric in found.metrics if metric.name not in missing]
    return found._replace(metrics=metrics, problems=[*found.problems, *problems])


def _with_needs(found: Found) -> Found:
    """Name the queries that need what pgMonitor itself creates."""
    problems = [
        Problem(metric.name, _NEEDS[metric.scope].format(schema), skipped=False)
        for metric in found.metrics
        for schema in _OWN_SCHEMAS
        if any(_uses(variant.sql, schema) for variant in metric.variants)
    ]
    return found._replace(problems=[*found.problems, *problems])


def _uses(sql: str, schema: str) -> bool:
    """Return whether a query names a function or a view of a schema."""
    tokens = tokenize(sql)
    views = set(relations(tokens))
    return any(
        token.is_name
        and token.value == schema
        and tokens[position + 1].is_mark(".")
        # Otherwise it may be an alias.
        and (position in views or any(each.is_mark("(") for each in tokens[position + 3 : position + 4]))
        for position, token in enumerate(tokens[:-1])
    )


def _merged(lists: List[Any], versions: List[int]) -> List[Metric]:
    """Make one metric of those with the same name: each version has its query up to the next version of the list."""
    merged: Dict[str, Metric] = {}
    ends: List[Optional[int]] = [*versions[1:], None]
    for metrics, version, end in zip(lists, versions, ends):
        for metric in metrics:
            variants = tuple(_limited(variant, version, end) for variant in metric.variants)
            before = merged.get(metric.name)
            if before and metric.guessed:
                metric = metric._replace(scope=before.scope, guessed=before.guessed)
            merged[metric.name] = metric._replace(variants=(*(before.variants if before else ()), *variants))
    return [metric._replace(variants=_joined(metric.variants)) for metric in merged.values()]


def _limited(variant: Variant, version: int, end: Optional[int]) -> Variant:
    return variant._replace(min_version=version, max_version=end)


def _joined(variants: Any) -> Any:
    """Leave out a query that only repeats that of the version before."""
    found: List[Variant] = []
    for variant in variants:
        last = found[-1] if found else None
        if last and last.max_version == variant.min_version and last[:2] == variant[:2]:
            found[-1] = last._replace(max_version=variant.max_version)
        else:
            found.append(variant)
    return tuple(found)
