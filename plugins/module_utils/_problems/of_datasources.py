# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the declared datasources of a server, and with the rows that snapshots leave behind."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import NOT_TRUSTED
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_errors import shown
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.problem import (
    LATE_AFTER,
    SITE,
    Found,
    Problem,
    is_hidden,
)


def impostor_problems(found: Found) -> Iterator[Problem]:
    """Return the objects of strangers, those of one role and datasource together: there may be very many."""
    together: Dict[Tuple[str, Optional[str]], List[Mapping[str, Any]]] = {}
    for entry in found["impostors"]:
        together.setdefault((entry["owner"], entry["datasource"]), []).append(entry)
    for (owner, datasource), entries in together.items():
        one = len(entries) == 1
        yield Problem(
            Kind.IMPOSTOR,
            '{0} with a name or mark of this collection {1} to role "{2}"'.format(
                "an object" if one else "{0} objects".format(len(entries)), "belongs" if one else "belong", owner
            ),
            "{0}: the role is {1}, so no module reads, calls or replaces {2}".format(
                ", ".join(_some([entry["object"] for entry in entries])), NOT_TRUSTED, "it" if one else "them"
            ),
            'see what {0}; then {1}, take CREATE on schema "{2}" from that role and PUBLIC, and {3};'
            " give an object of your own to a superuser instead (ALTER ... OWNER TO)".format(
                "it does" if one else "they do",
                "; ".join(_some([entry["drop"] for entry in entries])),
                found["powa_schema"],
                SITE,
            ),
            datasource=datasource,
            subject=owner,
        )


def datasource_problems(found: Found) -> Iterator[Problem]:
    """Return datasources whose definition is damaged, that differ from it, are paused or have no samples."""
    servers = {server["srvid"]: server for server in found["servers"]}
    for datasource in found["datasources"]:
        name = datasource["name"]
        if datasource["damaged"]:
            yield Problem(
                Kind.DEFINITION_DAMAGED,
                "its stored definition is damaged",
                datasource["damaged"],
                "declare the datasource again, which repairs the comment ({0})".format(SITE),
                datasource=name,
            )
        if datasource["refused"]:
            yield Problem(
                Kind.DATASOURCE_REFUSED,
                "it cannot be compared with its definition",
                "; ".join(datasource["refused"]),
                "cure what the cause names, and declare the datasource again",
                datasource=name,
            )
        if datasource["drift"]:
            changes = ["{action} {object}".format(**change) for change in datasource["drift"]]
            yield Problem(
                Kind.DATASOURCE_DRIFT,
                "it differs from its definition in {0} place{1}".format(len(changes), "s" if len(changes) > 1 else ""),
                "changed by hand, or a run has not finished: to {0}".format(", ".join(_some(changes))),
                "{0}, which repairs it and keeps its history".format(SITE),
                datasource=name,
            )
        yield from _datasource_of_servers(datasource, servers)


def _datasource_of_servers(
    datasource: Mapping[str, Any], servers: Mapping[int, Mapping[str, Any]]
) -> Iterator[Problem]:
    for entry in datasource["servers"]:
        server = servers[entry["srvid"]]
        if entry["paused"]:
            yield Problem(
                Kind.DATASOURCE_PAUSED,
                "it is inactive for the server",
                "it is new or has changed, and no run has verified yet that the server has its objects as declared",
                "{0} when the server can be reached".format(SITE),
                entry["name"],
                datasource["name"],
            )
        elif (
            entry["enabled"]
            and server["enabled"]
            and entry["has_samples"] is False
            and server["snapshots"]["last"] is not None
        ):
            name = datasource["name"]
            mentioned = [
                shown(error)
                for error in server["errors"]
                if object_name(name, "_") in error or "datasource data {0}:".format(name) in error
            ]
            if not mentioned and (datasource["definition"] or {}).get("may_be_empty"):
                continue
            yield Problem(
                Kind.DATASOURCE_WITHOUT_SAMPLES,
                "it has no samples of the server",
                "its snapshot fails: {0}".format(mentioned[0])
                if mentioned
                else "its query has returned no rows there since it was declared, or no snapshot was taken since",
                "run its query on the server; module pgfleet.powa.snapshot shows the errors of a snapshot",
                entry["name"],
                name,
            )


def transient_row_problems(found: Found) -> Iterator[Problem]:
    """Return rows that no snapshot takes."""
    servers = {server["srvid"]: server for server in found["servers"]}
    for entry in found["transient_rows"]:
        server = servers.get(entry["srvid"])
        delete = 'DELETE FROM {0}."{1}" WHERE srvid = {2}'.format(found["powa_schema"], entry["table"], entry["srvid"])
        if server is None and is_hidden(found, "servers"):
            continue
        if server is None:
            cause, cure = "the server was removed", delete
        elif not server["enabled"]:
            cause, cure = "the server is disabled, so that no snapshot takes them", "enable it, or {0}".format(delete)
        elif entry["oldest_age"] <= LATE_AFTER * server["frequency"]:
            continue
        elif server["errors"]:
            cause = "the snapshot function that takes them fails"
            cure = "cure the errors of its snapshots; the next one that succeeds takes the rows"
        else:
            cause = "their datasource or module was deactivated, or the collector was stopped, during a snapshot"
            cure = "if the next snapshot leaves them, their datasource or module is no longer active: {0}".format(
                delete
            )
        yield Problem(
            Kind.TRANSIENT_ROWS,
            "{0} rows of the server wait in {1}, the oldest for {2} seconds".format(
                entry["rows"], entry["table"], entry["oldest_age"]
            ),
            cause,
            cure,
            server["name"] if server else str(entry["srvid"]),
            subject=entry["table"],
        )


def _some(texts: Sequence[str], count: int = 3) -> List[str]:
    more = len(texts) - count
    return list(texts[:count]) + (["{0} more".format(more)] if more > 0 else [])
