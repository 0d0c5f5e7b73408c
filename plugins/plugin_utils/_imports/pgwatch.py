# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics of pgwatch: C(metrics.yaml) of version 3."""

from __future__ import annotations

import re
from typing import Any, Collection, Dict, List, Mapping

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.columns import UnknownColumnsError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.definition import notes_on_numbers
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.document import read_mapping
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.fields import PGWATCH
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import (
    CLUSTER,
    COUNTER,
    DATABASE,
    GAUGE,
    KEY,
    PRIMARY,
    STANDBY,
    CannotTakeError,
    Column,
    Found,
    Metric,
    Problem,
    Variant,
    is_true,
    kind_of,
    mapping,
    texts,
    wrong_format,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.outputs import Outputs, outputs, variant_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import tokenize
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.values import EXTRACTED, NUMBER, number_sql

_EXPECTED = "pgwatch's metrics.yaml (metrics, each with its sqls)"
_INTERVALS = "the intervals of a preset have no counterpart in PoWA, so its queries run at every snapshot"
_TIME, _TAG = "epoch_ns", "tag_"
_ROLES = {"primary": PRIMARY, "standby": STANDBY}
_MAKES_FUNCTION = re.compile(r'\bcreate\s+(?:or\s+replace\s+)?function\s+(?:"?\w+"?\s*\.\s*)?"?(\w+)"?', re.IGNORECASE)


def read_pgwatch(text: Any) -> Found:
    """Return the metrics of a file.

    :raises AnsibleFilterError: in one sentence, if it is no such file
    """
    document = read_mapping(text, _EXPECTED)
    entries = document.get("metrics", None if "presets" in document else document)
    if not isinstance(entries, dict) or not any(
        isinstance(entry, dict) and "sqls" in entry for entry in entries.values()
    ):
        found = "no metric with sqls" if isinstance(entries, dict) else "metrics that are {0}".format(kind_of(entries))
        raise wrong_format(_EXPECTED, found)
    metrics: List[Metric] = []
    problems = document.repeated_problems(map(str, entries))
    for name, entry in ((str(key), value) for key, value in entries.items()):
        try:
            metrics.append(_metric(name, mapping(entry, "the metric"), problems))
        except (CannotTakeError, UnknownColumnsError) as error:
            problems.append(Problem(name, str(error)))
    presets = document.get("presets")
    named = presets if isinstance(presets, dict) else {}
    problems += [
        Problem(str(name), _INTERVALS, skipped=False) for name, preset in named.items() if _has_intervals(preset)
    ]
    return Found(metrics, problems, _presets(named))


def _has_intervals(preset: Any) -> bool:
    metrics = preset.get("metrics") if isinstance(preset, dict) else None
    return isinstance(metrics, dict) and any(metrics.values())


def _presets(presets: Mapping[str, Any]) -> Dict[str, List[str]]:
    return {
        str(name): [str(metric) for metric in preset["metrics"]]
        for name, preset in presets.items()
        if isinstance(preset, dict) and isinstance(preset.get("metrics"), (dict, list))
    }


def _metric(name: str, entry: Mapping[str, Any], problems: List[Problem]) -> Metric:
    gauges = texts(entry.get("gauges"))
    queries = {_version(version): str(sql or "") for version, sql in mapping(entry.get("sqls"), "sqls").items()}
    queries = {version: sql for version, sql in queries.items() if sql.strip()}
    if not any(map(_has_statement, queries.values())):
        raise CannotTakeError("it has no SQL, since pgwatch itself collects it")
    notes: List[str] = []
    found = {version: _returned(sql, notes) for version, sql in sorted(queries.items())}
    # A label has one name in all versions.
    names = {name for returned in found.values() for name in returned.values}
    variants = [_variant(queries[version], version, returned, names, gauges) for version, returned in found.items()]
    _check_helpers(name, entry, queries.values(), problems)
    role = entry.get("node_status") or None
    if role is not None and role not in _ROLES:
        raise CannotTakeError('its node_status is "{0}", expected primary or standby'.format(role))
    notes += PGWATCH.notes(entry) + notes_on_numbers(variants)
    problems += [Problem(name, note, skipped=False) for note in dict.fromkeys(notes)]
    once = is_true(entry.get("is_instance_level"))
    return Metric(
        name,
        tuple(variants),
        str(entry.get("description") or ""),
        CLUSTER if once else DATABASE,
        _ROLES[role] if role else None,
        once=once,
    )


def _version(text: str) -> int:
    """Return the C(server_version_num) of a version such as 14 or 9.6."""
    match = re.match(r"([0-9]+)(?:\.([0-9]+))?\Z", text)
    if match is None:
        raise CannotTakeError('found "{0}" as a version, expected one such as 14'.format(text))
    major, minor = int(match.group(1)), int(match.group(2) or 0)
    return major * 10000 + (minor * 100 if major < 10 else minor)


def _check_helpers(name: str, entry: Mapping[str, Any], queries: Any, problems: List[Problem]) -> None:
    init = str(entry.get("init_sql") or "")
    helpers = {match.group(1).lower() for match in _MAKES_FUNCTION.finditer(init)}
    used = sorted(helpers & {token.value for sql in queries for token in tokenize(sql) if token.is_name})
    if used:
        raise CannotTakeError("it needs the function {0}, which its init_sql creates".format(", ".join(used)))
    if init.strip():
        problems.append(Problem(name, "its init_sql is not run: do what it does by hand", skipped=False))


def _has_statement(sql: str) -> bool:
    return any(not token.is_mark(";") for token in tokenize(sql))


def _returned(sql: str, notes: List[str]) -> Outputs:
    """Return what a query returns: nothing if it has no statement."""
    if not _has_statement(sql):
        return Outputs({})
    found = outputs(sql, notes)
    if _TAG in found.values:
        raise CannotTakeError('its column "{0}" has no name'.format(_TAG))
    return found


def _variant(sql: str, version: int, found: Outputs, names: Collection[str], gauges: List[str]) -> Variant:
    if not found.values:
        return Variant("", (), version)
    columns = [_column(name, value, names, gauges) for name, value in found.values.items() if name != _TIME]
    return variant_of(sql, columns, found, version)


def _column(source: str, value: str, names: Collection[str], gauges: List[str]) -> Column:
    if source.startswith(_TAG):
        short = source[len(_TAG) :]
        return Column(source, source if short in names else short, KEY)
    kind = GAUGE if "*" in gauges or source in gauges else COUNTER
    if value == EXTRACTED:
        return Column(source, source, kind, expression=number_sql("{0}", EXTRACTED), value=NUMBER)
    return Column(source, source, kind, value=value)
