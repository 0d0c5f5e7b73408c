# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which datasources of a host are checked before a run changes anything."""

from __future__ import annotations

from typing import Any, List, TypedDict

from ansible_collections.pgfleet.powa.plugins.plugin_utils._access import (
    Definition,
    is_absent,
    roles_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._archivist import plan_archivist
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import (
    CREATED,
    existing,
    is_standby,
    server_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._refused import checked
from ansible_collections.pgfleet.powa.plugins.plugin_utils._remote import own_datasources, plan_remote
from ansible_collections.pgfleet.powa.plugins.plugin_utils._repository_datasources import declared_datasources
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._settled import is_settled


class Unsettled(TypedDict):
    """What a host has to check."""

    #: Its datasources that are new or changed.
    datasources: List[Definition]
    #: As which kinds of server it runs their queries.
    kinds: List[str]


def unsettled(run: Run, host: str, late: bool = False) -> Unsettled:
    """Return what a host has to check before the run changes anything, or before it makes the datasources.

    At first, the queries are tried as the monitoring role on hosts where this run loads no library, and creates no
    extension and no right. Later they are tried on the others.

    :param late: whether PoWA, its extensions and the role are made by now
    """
    kinds = _kinds(run, host)
    known = checked(run, host)
    found = [
        definition
        for definition in (_declared(run, host) if kinds else [])
        if definition.get("name") not in known and not _is_settled(run, host, definition)
    ]
    if not late:
        extensions = run.seen(host).get("extensions") or {}
        found = [definition for definition in found if definition.get("extension") in (None, "", *extensions)]
    return {"datasources": found if found and _can_check(run, host, kinds, late) else [], "kinds": kinds}


def _kinds(run: Run, host: str) -> List[str]:
    """Return as which kinds of server a host runs queries."""
    local = host in run.fleet["repositories"] and run.variables(host)["powa_mode"] == "local"
    return (["local"] if local else []) + (["remote"] if host in run.fleet["remotes"] else [])


def _declared(run: Run, host: str) -> List[Definition]:
    # A repository makes all its datasources at once, but those whose servers it does not know.
    is_repository = host in run.fleet["repositories"]
    own = declared_datasources(run, host) if is_repository else own_datasources(run.variables(host))
    return [definition for definition in own if not is_absent(definition)]


def _can_check(run: Run, host: str, kinds: List[str], late: bool) -> bool:
    seen = run.seen(host)
    if not seen or is_standby(seen):
        return False
    # In local mode, the module that makes the datasources makes the role.
    has_role = "local" in kinds or run.variables(host)["powa_monitoring_role"] in roles_of(seen)
    has_powa = bool(server_of(seen) and seen["driver"]) and "powa" in seen["extensions"]
    if late:
        # With --tags, the part that makes PoWA may not have run.
        made = run.result(host, CREATED)
        has_powa = has_powa or bool(made and not made.get("skipped"))
        return existing(run, host).powa and has_powa and has_role
    return has_powa and has_role and not _gets_more(run, host)


def _gets_more(run: Run, host: str) -> bool:
    """Return whether a host gets a library, an extension or a right that a query may need."""
    archivist = plan_archivist(run, host)
    extensions = run.seen(host)["extensions"]
    missing = any(extension["name"] not in extensions for extension in archivist.creatable)
    grants = host in run.fleet["remotes"] and bool(plan_remote(run, host)["rights"])
    return archivist.careful or missing or grants


def _is_settled(run: Run, host: str, definition: Definition) -> bool:
    """Return whether a host stores a datasource as declared, or its repository what leaves nothing on the host."""
    by_repository = definition.get("scope") == "database" and host not in run.fleet["repositories"]
    holder: Any = run.fleet["remotes"][host]["repository"] if by_repository else host
    return is_settled(definition, run.seen(holder).get("datasources") or {})
