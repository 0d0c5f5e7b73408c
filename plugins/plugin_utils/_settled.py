# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host has stored of the declared datasources, by what C(host_info) has read there."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Mapping, Optional

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import DATABASE, Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.digest import digest_of
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import SNAPSHOT, SOURCE, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.options import DATASOURCES
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import Stored, read_comments

_VALIDATOR = ArgumentSpecValidator({"datasources": DATASOURCES})

#: The comments of the functions of a host that hold definitions, by the name of the function.
Comments = Mapping[str, str]


def is_settled(declared: Mapping[str, Any], comments: Comments) -> bool:
    """Return whether a host stores a datasource with the declared queries and columns.

    What is wrong with a declaration is for the module to say, so a wrong one is not settled.
    """
    definition = _definition(declared)
    stored = stored_of(definition.name, comments) if definition else None
    return stored is not None and definition is not None and stored.covers(definition)


def is_stored(declared: Mapping[str, Any], comments: Comments) -> bool:
    """Return whether a host stores a datasource as it is declared, in every field that is stored."""
    definition = _definition(declared)
    stored = stored_of(definition.name, comments) if definition else None
    if stored is None or definition is None:
        return False
    return definition.with_types(stored.types()).as_dict() == stored.definition.as_dict()


def stored_of(name: str, comments: Comments) -> Optional[Stored]:
    """Return what a host stores of a datasource, or None if that is nothing or cannot be read."""
    source, snapshot = (comments.get(object_name(name, suffix)) for suffix in (SOURCE, SNAPSHOT))
    return _read(name, None if source is None else str(source), None if snapshot is None else str(snapshot))


def holds(name: str, comments: Comments) -> bool:
    """Return whether a host has stored anything of a datasource, which may be damaged."""
    return any(object_name(name, suffix) in comments for suffix in (SOURCE, SNAPSHOT))


def stored_digest(name: str, comments: Comments) -> Optional[str]:
    """Return the digest of the definition that a host stores of a datasource, or None."""
    stored = stored_of(name, comments)
    return digest_of(stored.definition) if stored else None


def paused_servers(name: str, comments: Comments) -> int:
    """Return the number of servers on which a repository has paused a datasource."""
    stored = stored_of(name, comments)
    return len(stored.paused) if stored else 0


def lacks_side(name: str, remote: Comments, repository: Comments) -> bool:
    """Return whether snapshots of a remote fail, because it does not have what its repository expects."""
    expected = stored_of(name, repository)
    if expected is None or expected.definition.scope == DATABASE:
        return False
    found = stored_of(name, remote)
    return found is None or digest_of(found.definition) != digest_of(expected.definition)


# All remotes of a fleet may have the same comments.
@lru_cache(maxsize=4096)
def _read(name: str, source: Optional[str], snapshot: Optional[str]) -> Optional[Stored]:
    found = read_comments(name, "", {SOURCE: source, SNAPSHOT: snapshot})
    return found if isinstance(found, Stored) else None


def _definition(declared: Mapping[str, Any]) -> Optional[Definition]:
    try:
        # Plain values: a copy of one of Ansible's own takes what it was made by along, and the validator copies all.
        return _parsed(json.dumps(dict(declared), default=str))
    except (TypeError, ValueError, OverflowError):
        # Ansible itself fails on some values, such as a key that is a number.
        return None


# A run asks for each part of site.yml, and all hosts of a fleet may have the same declarations.
@lru_cache(maxsize=4096)
def _parsed(declared: str) -> Optional[Definition]:
    """Return what the module would read from a datasource in JSON, or nothing if it would refuse it."""
    validated = _VALIDATOR.validate({"datasources": [json.loads(declared)]})
    if validated.error_messages:
        return None
    definitions, _removals, problems = collect_definitions(validated.validated_parameters["datasources"])
    return definitions[0] if definitions and not problems else None
