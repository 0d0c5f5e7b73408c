# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of strangers as module server_info returns them."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.impostors import Impostor, names_of
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import ANY_MARK
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import DECLARED_TABLE


def returned_impostors(impostors: Iterable[Impostor], datasources: Sequence[str]) -> List[Dict[str, Any]]:
    """Return those that bear a mark of this collection, or stand where an object of ours would be.

    :param datasources: those of which the server has anything that is ours
    """
    taken = {name: datasource for datasource in datasources for name in names_of(datasource)}
    returned = []
    for impostor in sorted(impostors, key=lambda entry: entry.text):
        datasource = _datasource(impostor, taken, datasources)
        is_marked = (impostor.comment or "").startswith(ANY_MARK)
        if datasource or is_marked or impostor.name == DECLARED_TABLE:
            returned.append(
                {
                    "object": impostor.text,
                    "owner": impostor.owner,
                    "datasource": datasource,
                    "drop": "DROP {0} {1}".format(impostor.kind.upper(), impostor.identity),
                }
            )
    return returned


def _datasource(impostor: Impostor, taken: Dict[str, str], datasources: Sequence[str]) -> Optional[str]:
    """Return the datasource whose object it pretends to be, if the server has anything else of it."""
    if impostor.takes_name and impostor.name in taken:
        return taken[impostor.name]
    return impostor.marked_as if impostor.marked_as in datasources else None
