# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a repository was seen to have registered before a run."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: The frequency of a server that has no snapshots.
NEVER = -1


def was_collected(run: Run, host: str) -> bool:
    """Return whether the repository of a remote has taken snapshots of it before this run."""
    remote = run.fleet["remotes"].get(host) or {}
    server = remote.get("server") or {}
    addresses = [(each["hostname"], each["port"]) for each in (server, server.get("renamed_from")) if each]
    found = (run.seen(str(remote.get("repository") or "")).get("repository") or {}).get("servers") or []
    return any(
        (each["hostname"], each["port"]) in addresses and each.get("frequency", NEVER) != NEVER for each in found
    )
