# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the doctor has found as metrics, in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Tuple, Union

from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.plugin_utils._diagnosis import parse_ignored

Number = Union[int, float]


class Sample(NamedTuple):
    """One value of a metric."""

    labels: Mapping[str, str]
    value: Number


#: Metric -> its help.
_HELP = {
    "powa_doctor_last_run_timestamp_seconds": "When the doctor looked at the fleet.",
    "powa_doctor_problems": "How many problems of a kind the doctor has found.",
    "powa_doctor_state": "The state as plugins of Nagios have it: 0 OK, 1 WARNING, 2 CRITICAL.",
    "powa_server_problems": "How many problems of any kind a server has.",
    "powa_server_enabled": "Whether the repository takes snapshots of the server.",
    "powa_server_frequency_seconds": "Seconds from one snapshot of the server to the next.",
    "powa_server_last_snapshot_timestamp_seconds": "When the last snapshot of the server was taken.",
    "powa_database_size_bytes": "Size of PoWA's database on a host.",
    "powa_collector_up": "Whether the collector of a repository answers.",
    "powa_collector_workers": "How many workers of the collector are in a state.",
}


def metrics(findings: Mapping[str, Any], looks: Mapping[str, Mapping[str, Any]], now: float, ignore: Any = None) -> str:
    """Return the text of a file for the textfile collector of node_exporter.

    Each kind of problems has a value, so that an alert can tell none from not looked for. All are gauges.

    :param findings: the result of C(diagnose)
    :param looks: as C(diagnose) takes them
    :param now: seconds since 1970
    :param ignore: the kinds that the doctor has left out, as C(diagnose) takes them
    """
    samples: Dict[str, List[Sample]] = {name: [] for name in _HELP}
    for name, sample in _samples(findings, looks, now, ignore):
        samples[name].append(sample)
    lines = []
    for name, found in samples.items():
        if found:
            lines += ["# HELP {0} {1}".format(name, _HELP[name]), "# TYPE {0} gauge".format(name)]
            lines += ["{0}{1} {2}".format(name, _labels(sample.labels), sample.value) for sample in found]
    return "".join(line + "\n" for line in lines)


def _samples(
    findings: Mapping[str, Any], looks: Mapping[str, Mapping[str, Any]], now: float, ignore: Any
) -> Iterator[Tuple[str, Sample]]:
    yield "powa_doctor_last_run_timestamp_seconds", Sample({}, int(now))
    yield "powa_doctor_state", Sample({}, findings["state"]["code"])
    kinds = Counter(problem["kind"] for problem in findings["problems"])
    ignored = parse_ignored(ignore)
    for kind in Kind:
        if kind not in ignored:
            yield "powa_doctor_problems", Sample({"kind": kind.value}, kinds[kind.value])
    for server in findings["servers"]:
        yield from _of_server(server, now)
    for host, look in looks.items():
        if look["info"].get("collector"):
            yield from _of_collector(host, look["info"]["collector"])


def _of_server(server: Mapping[str, Any], now: float) -> Iterator[Tuple[str, Sample]]:
    name = {"server": str(server["server"])}
    yield "powa_server_problems", Sample(name, server["problems"])
    if server["bytes"] is not None:
        yield "powa_database_size_bytes", Sample(name, server["bytes"])
    if server["repository"] is None:
        return
    registered = {**name, "repository": str(server["repository"])}
    yield "powa_server_enabled", Sample(registered, int(bool(server["enabled"])))
    if server["enabled"]:
        yield "powa_server_frequency_seconds", Sample(registered, server["frequency"])
    if server["age"] is not None:
        yield "powa_server_last_snapshot_timestamp_seconds", Sample(registered, int(now) - server["age"])


def _of_collector(repository: str, collector: Mapping[str, Any]) -> Iterator[Tuple[str, Sample]]:
    yield "powa_collector_up", Sample({"repository": repository}, int(bool(collector["answers"])))
    states = Counter(str(worker["status"]) for worker in collector.get("workers") or ())
    for state, number in sorted(states.items()):
        yield "powa_collector_workers", Sample({"repository": repository, "state": state}, number)


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{{{0}}}".format(",".join('{0}="{1}"'.format(name, _escaped(value)) for name, value in labels.items()))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
