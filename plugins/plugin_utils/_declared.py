# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The datasources of a host: those of sets, those in files, and the user's own ones."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._catalogue.read import definitions_of_sets, set_names
from ansible_collections.pgfleet.powa.plugins.plugin_utils._datasource_files import (
    FileDefinition,
    is_change,
    read_files,
    wrong_definition,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import (
    SITE_ROLES,
    Values,
    as_no_template,
    options_of,
)

_SETS, _FILES, _DATASOURCES = "powa_datasource_sets", "powa_datasource_files", "powa_datasources"
#: How many problems of files a message names.
_NAMED = 20


def add_declared(found: Values, checked: Sequence[str] = SITE_ROLES) -> None:
    """Put the datasources of sets and files into C(powa_datasources), where nothing tells them from others.

    :param checked: the roles whose options may have problems
    """
    sets, files = found.values[_SETS], read_files(found.values[_FILES])
    unknown = [name for name in sets if name not in set_names()]
    if unknown and _SETS in options_of(tuple(checked)):
        found.problems[_SETS] = "{0} lists {1}, but the sets are {2}: correct it".format(
            _SETS, ", ".join(unknown), ", ".join(set_names())
        )
    of_sets = definitions_of_sets(tuple(sets))
    problems = [*files.problems, *wrong_changes(files.definitions, of_sets, found.values[_DATASOURCES])]
    if problems and _FILES in options_of(tuple(checked)):
        more = len(problems) - _NAMED
        named = [*problems[:_NAMED], *(["and {0} more".format(more)] if more > 0 else [])]
        found.problems[_FILES] = as_no_template("{0}: {1}".format(_FILES, "; ".join(named)))
    if sets or files.definitions:
        ready = merged(of_sets, [each.definition for each in files.definitions])
        by_name = {definition.get("name"): definition for definition in ready}
        found.values[_DATASOURCES] = merged(by_name, found.values[_DATASOURCES])


def wrong_changes(
    definitions: Sequence[FileDefinition], of_sets: Mapping[str, Dict[str, Any]], own: Sequence[Mapping[str, Any]] = ()
) -> Iterator[str]:
    """Return what is wrong with datasources of files that take their query from a set.

    :param own: the user's own ones; a whole one takes the place of that of a file
    """
    replaced = {definition.get("name") for definition in own if not is_change(definition)}
    for definition, where, place in definitions:
        name = definition["name"]
        if not is_change(definition) or name in replaced:
            continue
        if name in of_sets:
            yield from wrong_definition(_completed(definition, of_sets), place)
        else:
            yield (
                '{0}: datasource "{1}" has neither query nor queries, and no set of {2} has it:'
                " give the SELECT that returns the samples".format(where, name, _SETS)
            )


def merged(found: Mapping[Any, Dict[str, Any]], own: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Return datasources that are there already and the user's own ones, which win.

    One of the same name that has no query changes the fields that it gives, and leaves the others as they are.

    :param found: those that are there, by their names
    """
    taken = [definition.get("name") for definition in own]
    return [
        *(definition for name, definition in found.items() if name not in taken),
        *(_completed(definition, found) for definition in own),
    ]


def _completed(own: Dict[str, Any], found: Mapping[Any, Dict[str, Any]]) -> Dict[str, Any]:
    name = own.get("name")
    if not isinstance(name, str) or name not in found or not is_change(own):
        return own
    return {**found[name], **{field: value for field, value in own.items() if value is not None}}
