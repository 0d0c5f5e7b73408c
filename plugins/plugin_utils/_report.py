# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the report is arranged: datasources by their sets, and the metrics that every server shows first."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._axis import between, since_when
from ansible_collections.pgfleet.powa.plugins.plugin_utils._quantities import is_share

#: What stands over datasources without a set, beside those that have one.
_OTHERS = "Other datasources"


def arranged(repositories: Sequence[Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """Return of each repository what the report shows of its datasources.

    Beside C(host) and C(msg), why nothing was read, these are C(sets), each with its C(title) (None if no datasource
    has a set) and its C(datasources); C(overview), the servers with their most important metrics; and C(range).
    """
    return [_repository(position, each) for position, each in enumerate(repositories, 1)]


def _repository(position: int, repository: Mapping[str, Any]) -> Dict[str, Any]:
    history = repository["history"]
    found = history.get("datasources")
    registered = {each["name"]: each.get("servers") for each in repository["info"].get("datasources") or ()}
    datasources = [_datasource(position, each, history, registered.get(each["name"]) or ()) for each in found or ()]
    sets = _sets(position, datasources)
    return {
        "host": repository["host"],
        "anchor": "datasources-{0}".format(position),
        "is_read": found is not None,
        "msg": history.get("msg"),
        "range": _range(history) if found is not None else None,
        "sets": sets,
        "overview": _overview(sets),
    }


def _range(history: Mapping[str, Any]) -> Dict[str, Any]:
    shown, asked = ({field: each[field] for field in ("since", "until")} for each in (history, history["asked"]))
    return {"words": between(**shown), "asked": between(**asked), "is_shorter": shown != asked}


def _datasource(
    position: int, datasource: Mapping[str, Any], history: Mapping[str, Any], registered: Sequence[Mapping[str, Any]]
) -> Dict[str, Any]:
    """Return a datasource with its metrics, each with the graph of every server, and what has no samples."""
    seen = {server["srvid"] for server in datasource["servers"]}
    return {
        "name": datasource["name"],
        "anchor": "datasource-{0}-{1}".format(position, datasource["name"]),
        "title": _title(datasource),
        "set": datasource["set"],
        "description": datasource["description"],
        "metrics": [
            {
                **metric,
                "title": _title(metric) + _per(metric),
                "graphs": [_graph(server, number, history) for server in datasource["servers"]],
            }
            for number, metric in enumerate(datasource["metrics"])
        ],
        "without": [
            {"name": server["name"], "why": _why_without(server)}
            for server in registered
            if server["srvid"] not in seen
        ],
    }


def _graph(server: Mapping[str, Any], number: int, history: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the lines of a metric of a server, with C(own_since) if they begin later than those of other servers."""
    is_late = server["since"] != history["since"]
    return {
        "srvid": server["srvid"],
        "server": server["name"],
        "lines": server["metrics"][number]["lines"],
        "since": server["since"],
        "until": history["until"],
        "own_since": since_when(server["since"], history["until"]) if is_late else None,
    }


def _why_without(server: Mapping[str, Any]) -> str:
    if server["paused"]:
        return "paused"
    return "no samples in this period" if server["enabled"] else "disabled"


def _title(entry: Mapping[str, Any]) -> str:
    """Return the title of a datasource or metric, or a name that reads like one."""
    return str(entry["title"] or entry["name"].replace("_", " ").capitalize())


def _per(metric: Mapping[str, Any]) -> str:
    """Return what a graph of a counter shows of it."""
    if is_share(metric["unit"], metric["per_second"]):
        return ", share of the time"
    return " per second" if metric["per_second"] else ""


def _sets(position: int, datasources: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Return the sets by their titles, and last the datasources that have none."""
    titles = sorted({each["set"] for each in datasources if each["set"]}, key=_alphabetical)
    found: List[Dict[str, Any]] = []
    for title in [*titles, None]:
        chosen = [each for each in datasources if (each["set"] or None) == title]
        if chosen:
            found.append(
                {
                    "title": title or (_OTHERS if titles else None),
                    "anchor": "set-{0}-{1}".format(position, len(found) + 1),
                    "datasources": sorted(chosen, key=lambda each: _alphabetical(each["title"])),
                }
            )
    return found


def _alphabetical(text: str) -> Any:
    return text.casefold(), text


def _overview(sets: Sequence[Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """Return each server with its metrics that matter most, in the order in which the report has their datasources."""
    found: Dict[int, Dict[str, Any]] = {}
    for datasource in (datasource for each in sets for datasource in each["datasources"]):
        for metric in datasource["metrics"]:
            for graph in metric["graphs"] if metric["overview"] else ():
                server = found.setdefault(graph["srvid"], {"name": graph["server"], "metrics": []})
                about = {"datasource": datasource["title"], "anchor": datasource["anchor"]}
                server["metrics"].append({**metric, **graph, **about})
    return [found[srvid] for srvid in sorted(found)]
