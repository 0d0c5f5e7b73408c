# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Libraries that PostgreSQL loads at its next start, and what is collected until then.

Without its library each snapshot of an extension fails. The collector always takes that of pg_stat_statements, so a
new server that has not loaded it is registered, and collected from once it has.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from ansible_collections.pgfleet.powa.plugins.plugin_utils._libraries import ALWAYS_COLLECTED, libraries_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._registered import was_collected
from ansible_collections.pgfleet.powa.plugins.plugin_utils._restarts import was_restarted
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._server_settings import SETTING, libraries_in


def unloaded_libraries(run: Run, host: str) -> List[str]:
    """Return the libraries that a remote needs and that its running server is known to lack."""
    running = (run.seen(host).get("server") or {}).get("settings", {}).get(SETTING)
    if running is None or was_restarted(run, host):
        return []
    loaded = libraries_in(running["value"])
    return [name for name in libraries_of(run, host) if name not in loaded]


def collectable(run: Run, host: str, server: Mapping[str, Any]) -> Dict[str, Any]:
    """Return a server as it can be registered by now, of one as declared.

    One that is collected already stays so: disabled, it would lose a frequency that nobody has declared.
    """
    unloaded = unloaded_libraries(run, host)
    found = dict(server)
    if found.get("extensions"):
        found["extensions"] = [name for name in found["extensions"] if name not in unloaded]
    present = found.get("state", "present") == "present"
    if present and ALWAYS_COLLECTED in unloaded and not was_collected(run, host):
        found.pop("frequency", None)
        found["state"] = "disabled"
    return found
