# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where sql_exporter runs a query: the addresses in its configuration, which may be several databases of a server."""

from __future__ import annotations

import fnmatch
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple
from urllib.parse import parse_qs, unquote, urlsplit

from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import DATABASE, Metric, texts

#: One exporter takes it for all databases.
_ALL = "*"
#: What stands for a name that only another program fills in.
_TEMPLATE = frozenset("${}<>")


def databases_of(addresses: Sequence[str]) -> Optional[Tuple[str, ...]]:
    """Return the databases of addresses if they are several of one server: an empty list for all, otherwise None."""
    by_server: Dict[str, Set[str]] = {}
    for server, database in filter(None, map(_target, addresses)):
        by_server.setdefault(server, set()).add(database)
    names = {name for databases in by_server.values() for name in databases}
    if _ALL in names:
        return ()
    return tuple(sorted(names)) if any(len(databases) > 1 for databases in by_server.values()) else None


def addresses_of_collector(name: str, document: Mapping[str, Any]) -> List[str]:
    """Return the addresses that a configuration has for a collector."""
    return [address for wanted, address in _targets(document) if fnmatch.fnmatchcase(name, wanted)]


def scoped(metrics: Sequence[Metric], addresses: Sequence[str]) -> List[Metric]:
    """Return metrics with the scope that the addresses tell."""
    databases = databases_of(addresses)
    if databases is None:
        return list(metrics)
    return [metric._replace(scope=DATABASE, databases=databases) for metric in metrics]


def _targets(document: Mapping[str, Any]) -> Iterator[Tuple[str, str]]:
    """Return each collector, or the pattern of some, with each of its addresses."""
    jobs = document.get("jobs")
    for job in jobs if isinstance(jobs, list) else ():
        configs = job.get("static_configs") if isinstance(job, dict) else None
        for config in configs if isinstance(configs, list) else ():
            targets = config.get("targets") if isinstance(config, dict) else None
            for address in targets.values() if isinstance(targets, dict) else ():
                for collector in texts(job.get("collectors")):
                    yield collector, str(address)


def _target(address: str) -> Optional[Tuple[str, str]]:
    """Return the server and the database of an address, or None if it does not name a database of PostgreSQL."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    database = unquote(parts.path.lstrip("/"))
    if not ("postgres" in parts.scheme or parts.scheme.startswith("pg")) or _TEMPLATE & set(database) or not database:
        return None
    options = parse_qs(parts.query)
    server = [parts.netloc.rpartition("@")[2], *options.get("host", ()), *options.get("port", ())]
    return " ".join(server), database
