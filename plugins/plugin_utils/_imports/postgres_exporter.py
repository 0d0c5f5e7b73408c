# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries of postgres_exporter (C(queries.yaml)), and what CloudNativePG and pg_exporter add to that format."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.document import Document, read_mapping
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.exporter_columns import columns_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.fields import EXPORTER
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import (
    CLUSTER,
    DATABASE,
    PRIMARY,
    STANDBY,
    CannotTakeError,
    Found,
    Metric,
    Problem,
    is_true,
    mapping,
    texts,
    wrong_format,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.outputs import known_outputs, variant_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.scope import by_query
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.versions import VersionRange, version_range

EXPECTED = "queries of postgres_exporter (names, each with its query and metrics)"
#: Only pg_exporter has these, and it says by a tag what it does once for all databases.
_OF_PG_EXPORTER = ("tags", "ttl", "min_version", "max_version", "desc", "predicate_queries", "fatal", "skip", "timeout")
_ROLES = {"primary": PRIMARY, "master": PRIMARY, "standby": STANDBY, "replica": STANDBY}
#: Of the tags of pg_exporter that say on which servers a query runs, by how they begin, what happens without them.
_REFUSED = "so a server whose database of PoWA lacks it refuses the query: set powa_skip_refused to go on without it"
_LOST_TAGS = {
    "extension:": _REFUSED,
    "schema:": _REFUSED,
    "username:": "so the monitoring role runs the query",
    "": "so the query runs on all servers",
}
#: PoWA's database has this extension on every server.
_HAS_EVERY_SERVER = "extension:pg_stat_statements"


class _Branch(NamedTuple):
    """An entry of the file, and the name that it shares with those for other versions or roles."""

    shared_name: str
    metric: Metric


def read_postgres_exporter(text: Any) -> Found:
    """Return the metrics of a file.

    :raises AnsibleFilterError: in one sentence, if it is no such file
    """
    return found_queries(read_mapping(text, EXPECTED), EXPECTED)


def found_queries(document: Document, expected: str) -> Found:
    """Return the metrics of what a file holds.

    :raises AnsibleFilterError: if it is no such file
    """
    if not any(isinstance(entry, dict) and {"query", "metrics"} <= set(entry) for entry in document.values()):
        raise wrong_format(expected, "no entry with query and metrics")
    branches: List[_Branch] = []
    problems = document.repeated_problems(document)
    for name, entry in document.items():
        try:
            branches.append(_branch(name, mapping(entry, "the entry"), problems))
        except CannotTakeError as error:
            problems.append(Problem(name, str(error)))
    names: Dict[str, str] = {}
    metrics = [by_query(metric) for metric in _merged(branches, names)]
    # What is said of an entry is said of the metric that it is a part of, once for all of its entries.
    of_metrics = [each._replace(name=names.get(each.name, each.name)) for each in problems]
    return Found(metrics, list(dict.fromkeys(of_metrics)))


def _branch(name: str, entry: Mapping[str, Any], problems: List[Problem]) -> _Branch:
    if is_true(entry.get("skip")):
        raise CannotTakeError("the file has skip: true for it")
    sql = str(entry.get("query") or "")
    if not sql.strip():
        raise CannotTakeError("it has no query")
    notes: List[str] = []
    found = known_outputs(sql, notes)
    columns, grouped = columns_of(entry.get("metrics"), found, notes)
    scope, role, databases = _scope(entry, notes)
    lowest, end = _versions(entry)
    notes += EXPORTER.notes(entry)
    problems += [Problem(name, note, skipped=False) for note in dict.fromkeys(notes)]
    variant = variant_of(sql, columns, found, lowest, end)._replace(grouped=grouped)
    description = str(entry.get("desc") or "")
    metric = Metric(name, (variant,), description, scope, role, databases, _is_once(entry, scope))
    return _Branch(str(entry.get("name") or name), metric)


def _versions(entry: Mapping[str, Any]) -> VersionRange:
    if entry.get("runonserver"):
        return version_range(str(entry["runonserver"]))
    lowest, end = (_number(entry, field) for field in ("min_version", "max_version"))
    return lowest, end or None


def _number(entry: Mapping[str, Any], field: str) -> int:
    try:
        return int(entry.get(field) or 0)
    except (TypeError, ValueError):
        raise CannotTakeError(
            '{0} is "{1}", expected a server_version_num such as 150000'.format(field, entry[field])
        ) from None


def _scope(entry: Mapping[str, Any], notes: List[str]) -> Tuple[str, Optional[str], Tuple[str, ...]]:
    """Return the scope of an entry, the role of the servers that it is for, and its databases."""
    if any(field in entry for field in _OF_PG_EXPORTER):
        return _scope_of_tags(texts(entry.get("tags")), notes)
    databases = texts(entry.get("target_databases"))
    role = PRIMARY if is_true(entry.get("primary")) else None
    patterns = [name for name in databases if name != "*" and not name.replace("_", "").replace("-", "").isalnum()]
    if patterns:
        notes.append("the pattern {0} in target_databases is left out: name the databases".format(", ".join(patterns)))
    named = () if "*" in databases else tuple(name for name in databases if name not in patterns)
    return DATABASE if databases else CLUSTER, role, named


def _is_once(entry: Mapping[str, Any], scope: str) -> bool:
    """Return whether an entry says that it runs in one database only."""
    return scope == CLUSTER and (is_true(entry.get("master")) or "cluster" in texts(entry.get("tags")))


def _scope_of_tags(tags: List[str], notes: List[str]) -> Tuple[str, Optional[str], Tuple[str, ...]]:
    if "pgbouncer" in tags:
        raise CannotTakeError("it is for pgbouncer, which is no PostgreSQL")
    databases = tuple(tag.split(":", 1)[1] for tag in tags if tag.startswith("dbname:"))
    roles = {_ROLES[tag] for tag in tags if tag in _ROLES}
    for tag in tags:
        if tag not in (*_ROLES, "cluster", _HAS_EVERY_SERVER) and not tag.startswith("dbname:"):
            meaning = next(text for begin, text in _LOST_TAGS.items() if tag.startswith(begin))
            notes.append("the tag {0} has no counterpart in PoWA, {1}".format(tag, meaning))
    scope = DATABASE if databases or "cluster" not in tags else CLUSTER
    return scope, roles.pop() if len(roles) == 1 else None, databases


def _merged(branches: List[_Branch], names_of_entries: Dict[str, str]) -> List[Metric]:
    """Make one metric of the entries that share a name, and differ in their versions, or those and their roles.

    :param names_of_entries: gets, by the name of an entry, that of its metric
    """
    shared: Dict[Tuple[Any, ...], List[_Branch]] = {}
    for branch in branches:
        metric = branch.metric
        shared.setdefault((branch.shared_name, metric.scope, metric.databases), []).append(branch)
    groups: List[Tuple[str, Optional[str], List[_Branch]]] = []
    for (name, _scope, _databases), group in shared.items():
        if not _overlap(group):
            groups.append((name, None, _with_own_roles(group)))
            continue
        by_role: Dict[Optional[str], List[_Branch]] = {}
        for branch in group:
            by_role.setdefault(branch.metric.role, []).append(branch)
        groups += [(name, role, same) for role, same in by_role.items()]
    names = [group[0] for group in groups]
    metrics: List[Metric] = []
    for name, role, group in groups:
        if _overlap(group):
            metrics += [branch.metric for branch in group]
            continue
        own = group[0].metric
        if names.count(name) > 1:
            name = own.name if len(group) == 1 else "_".join(filter(None, (name, role)))
        description = next((each.metric.description for each in reversed(group) if each.metric.description), "")
        variants = tuple(variant for branch in group for variant in branch.metric.variants)
        once = any(branch.metric.once for branch in group)
        metrics.append(own._replace(name=name, variants=variants, description=description, once=once))
        names_of_entries.update({branch.metric.name: name for branch in group})
    return metrics


def _with_own_roles(group: List[_Branch]) -> List[_Branch]:
    """Have each version say itself which servers it is for, where not all are for the same."""
    if len({branch.metric.role for branch in group}) == 1:
        return group
    return [
        branch._replace(
            metric=branch.metric._replace(
                role=None, variants=tuple(each._replace(role=branch.metric.role) for each in branch.metric.variants)
            )
        )
        for branch in group
    ]


def _overlap(group: List[_Branch]) -> bool:
    ranges = sorted(
        (variant.min_version, variant.max_version or 10**9) for branch in group for variant in branch.metric.variants
    )
    return any(following[0] < each[1] for each, following in zip(ranges, ranges[1:]))
