# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The datasources of a host: those of sets, and the user's own ones."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._catalogue.read import definitions_of_sets, set_names
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import SITE_ROLES, Values, options_of

_SETS, _DATASOURCES = "powa_datasource_sets", "powa_datasources"


def add_declared(found: Values, checked: Sequence[str] = SITE_ROLES) -> None:
    """Put the datasources of sets into C(powa_datasources), where nothing tells them from those written there.

    :param checked: the roles whose options may have problems
    """
    sets = found.values[_SETS]
    unknown = [name for name in sets if name not in set_names()]
    if unknown and _SETS in options_of(tuple(checked)):
        found.problems[_SETS] = "{0} lists {1}, but the sets are {2}: correct it".format(
            _SETS, ", ".join(unknown), ", ".join(set_names())
        )
    if sets:
        found.values[_DATASOURCES] = merged(definitions_of_sets(tuple(sets)), found.values[_DATASOURCES])


def merged(found: Mapping[Any, Dict[str, Any]], own: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Return ready-made datasources and the user's own ones, which win.

    One of the same name that has no query changes the fields that it gives, and leaves the others as they are.

    :param found: the ready-made ones by their names
    """
    taken = [definition.get("name") for definition in own]
    return [
        *(definition for name, definition in found.items() if name not in taken),
        *(_completed(definition, found) for definition in own),
    ]


def _completed(own: Dict[str, Any], found: Mapping[Any, Dict[str, Any]]) -> Dict[str, Any]:
    name = own.get("name")
    if not isinstance(name, str) or name not in found or own.get("query") or own.get("queries"):
        return own
    if own.get("state") not in (None, "", "present"):
        # To be removed or paused, it needs no more than its name.
        return own
    return {**found[name], **{field: value for field, value in own.items() if value is not None}}
