# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks need to know that change the password of a remote: where it is kept, and when it can change."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List

from ansible_collections.pgfleet.powa.plugins.module_utils._sql import rotation
from ansible_collections.pgfleet.powa.plugins.plugin_utils._collector import USER
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import is_standby
from ansible_collections.pgfleet.powa.plugins.plugin_utils._kept_passwords import (
    ROTATED,
    has_another_password,
    replicated,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import manages
from ansible_collections.pgfleet.powa.plugins.plugin_utils._paths import COLLECTOR_PASSWORDS, WEB_PASSWORDS
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rotation import (
    repository_of,
    rotated_by,
    working_collectors,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._unloaded import collectable
from ansible_collections.pgfleet.powa.plugins.plugin_utils._web import web_passwords

_SESSION = "PoWA collector - repo_conn for worker "
#: In bytes: PostgreSQL cuts longer ones, but no character in the middle.
_LONGEST_NAME = 63


def rotating(run: Run, collector: str) -> List[Dict[str, Any]]:
    """Return the remotes whose passwords a collector changes: the host, and what the tasks need to know of it.

    :param collector: its host, or C(OUTSIDE)
    """
    return [
        _rotation(run, host)
        for host in run.fleet["remotes"]
        if _takes_part(run, host) and not run.result(host, ROTATED) and rotated_by(run, host) == collector
    ]


def _rotation(run: Run, host: str) -> Dict[str, Any]:
    repository, variables = repository_of(run, host), run.variables(host)
    servers = [_server(run, name) for name in (host, *_standbys(run, host))]
    stores = bool(run.variables(repository)["powa_store_passwords"])
    return {
        "host": host,
        "repository": repository,
        "hostname": servers[0]["hostname"],
        "port": servers[0]["port"],
        "role": variables["powa_monitoring_role"],
        "due": rotation.DUE,
        "sessions": "\n".join(_sessions(servers)),
        "search_path": ["pg_catalog", _schema(run, repository), "pg_temp"],
        "files": list(_files(run, host)),
        "servers": servers,
        "stores": stores,
    }


def _sessions(servers: List[Dict[str, Any]]) -> List[str]:
    """Return the names of the collector's sessions while it takes a snapshot of one of these servers."""
    names = [name for server in servers for name in ("{hostname}:{port}".format(**server), server.get("alias")) if name]
    return [(_SESSION + name).encode("utf-8")[:_LONGEST_NAME].decode("utf-8", "ignore") for name in names]


def _server(run: Run, host: str) -> Dict[str, Any]:
    """Return a remote as the repository registers it. Nothing is deleted here."""
    server = collectable(run, host, run.fleet["remotes"][host]["server"])
    return {option: value for option, value in server.items() if option != "history"}


def _standbys(run: Run, host: str) -> List[str]:
    """Return the standbys that get the same password by replication."""
    primary, repository = replicated(run, host), repository_of(run, host)
    return [
        name
        for name, remote in run.fleet["remotes"].items()
        if remote["repository"] == repository
        and _takes_part(run, name)
        and is_standby(run.seen(name))
        and has_another_password(run, name)
        and replicated(run, name) == primary
    ]


def _files(run: Run, host: str) -> Iterator[Dict[str, str]]:
    """Return the password files that hold the password of a remote. That of powa-web exists, or is not written yet."""
    repository = repository_of(run, host)
    if not run.variables(repository)["powa_store_passwords"]:
        for name in working_collectors(run, host):
            yield {"host": name, "path": COLLECTOR_PASSWORDS, "user": USER}
    server = _server(run, host)
    for name in run.fleet["web"]:
        if not _takes_part(run, name) or not manages(run.variables(name)):
            continue
        if (run.seen(name).get("files") or {}).get(WEB_PASSWORDS):
            logins = [(login["host"], login["port"]) for login in web_passwords(run, name)]
            if (server["hostname"], server["port"]) in logins:
                yield {"host": name, "path": WEB_PASSWORDS, "user": ""}


def _schema(run: Run, repository: str) -> str:
    extensions = run.seen(repository).get("extensions") or {}
    return str((extensions.get("powa") or {}).get("schema") or "public")


def _takes_part(run: Run, host: str) -> bool:
    return host in run.fleet["run"] and host not in run.lost
