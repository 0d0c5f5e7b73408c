# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The play that ends a run in which no host of the four groups takes part."""

from __future__ import annotations

from typing import Any, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import GROUPS
from ansible_collections.pgfleet.powa.plugins.plugin_utils._parts import NOBODY
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import FLEET


def unmatched_hosts(groups: Mapping[str, Sequence[str]], hostvars: Mapping[str, Any]) -> List[str]:
    """Return the hosts of the play that fails if the play before it, which reads the fleet, had no hosts."""
    members = (host for group in GROUPS for host in groups.get(group, ()))
    if any(FLEET in hostvars[host] for host in members if host in hostvars):
        return [NOBODY]
    # An empty inventory has only the implicit localhost. Under a limit, Ansible itself fails then.
    return ["all"] if groups.get("all") else ["localhost"]
