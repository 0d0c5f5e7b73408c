# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration of the other exporter called sql_exporter, that of JustWatch: jobs, each with its queries."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.fields import JOB, JOB_QUERY
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import (
    GAUGE,
    KEY,
    CannotTakeError,
    Column,
    Found,
    Metric,
    Problem,
    kind_of,
    mapping,
    texts,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.outputs import (
    known_outputs,
    number_column,
    returned_only,
    variant_of,
    with_stated_unit,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.targets import scoped
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import tokenize


def has_jobs(document: Mapping[str, Any]) -> bool:
    """Return whether a file holds jobs with queries."""
    jobs = document.get("jobs")
    return isinstance(jobs, list) and any(isinstance(job, dict) and job.get("queries") for job in jobs)


def found_jobs(document: Mapping[str, Any]) -> Found:
    """Return the metrics of all jobs of a file."""
    queries_by_name = document.get("queries")
    shared = {str(name): sql for name, sql in queries_by_name.items()} if isinstance(queries_by_name, dict) else {}
    metrics: List[Metric] = []
    problems: List[Problem] = []
    sets: Dict[str, List[str]] = {}
    for job in document["jobs"]:
        own: List[Metric] = []
        skipped: List[str] = []
        queries = job.get("queries") if isinstance(job, dict) else None
        for entry in queries if isinstance(queries, list) else ():
            name = str(entry.get("name") or "a query without a name") if isinstance(entry, dict) else "a query"
            notes: List[str] = []
            try:
                options = mapping(entry, "the query")
                own.append(_metric(name, options, shared, notes))
            except CannotTakeError as error:
                problems.append(Problem(name, str(error)))
                skipped.append(name)
            problems += [Problem(name, note, skipped=False) for note in notes]
        if isinstance(job, dict):
            for note in JOB.notes(job):
                problems += [Problem(metric.name, note, skipped=False) for metric in own]
            metrics += scoped(own, texts(job.get("connections")), problems)
            if job.get("name"):
                sets[str(job["name"])] = [*(metric.name for metric in own), *skipped]
    return Found(_merged(metrics), problems, sets)


def _merged(metrics: Sequence[Metric]) -> List[Metric]:
    """Make one metric of those that jobs for several servers or databases have in common."""
    merged: Dict[Any, Metric] = {}
    for metric in metrics:
        # The same query, in whatever lines.
        queries = tuple((each.columns, tuple(token[:2] for token in tokenize(each.sql))) for each in metric.variants)
        same = (metric.name, metric.scope, queries)
        before = merged.setdefault(same, metric)
        if before is not metric:
            # Without a name it is for all databases.
            named = (before.databases, metric.databases)
            databases = tuple(sorted({name for names in named for name in names})) if all(named) else ()
            merged[same] = before._replace(databases=databases, guessed=before.guessed and metric.guessed)
    return list(merged.values())


def _metric(name: str, options: Mapping[str, Any], shared: Mapping[str, Any], notes: List[str]) -> Metric:
    for field in ("labels", "values"):
        if not isinstance(options.get(field) or [], list):
            raise CannotTakeError("{0} is {1}, expected a list".format(field, kind_of(options[field])))
    reference = options.get("query_ref")
    sql = str(options.get("query") or shared.get(str(reference)) or "")
    if not sql.strip():
        missing = 'there is no query "{0}", which its query_ref names'.format(reference)
        raise CannotTakeError(missing if reference else "it has no query")
    if options.get("iterator"):
        raise CannotTakeError("it has an iterator, and PoWA runs no query once for each row of another one")
    if options.get("timestamp"):
        notes.append("timestamp is left out, since PoWA stores the time of its snapshot")
    notes += JOB_QUERY.notes(options)
    found = known_outputs(sql, notes)
    help_text = str(options.get("help") or "")
    labels = [Column(label, label, KEY) for label in texts(options.get("labels"))]
    values = [number_column(value, GAUGE, "", found) for value in texts(options.get("values"))]
    if len(values) == 1:
        values = [with_stated_unit(values[0], [name], help_text)]
    kept = returned_only([*labels, *values], found, notes)
    return Metric(name, (variant_of(sql, kept, found),), help_text)
