# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects that have the name or the mark of one of ours, and belong to somebody who could not have made it."""

from __future__ import annotations

from typing import Iterable, List, NamedTuple, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    FUNCTION_SUFFIXES,
    INDEX_SUFFIXES,
    TABLE_SUFFIXES,
    TYPE_SUFFIXES,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.stored import marked_datasource
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import NOT_TRUSTED

_SUFFIXES = (*FUNCTION_SUFFIXES, *TABLE_SUFFIXES, *TYPE_SUFFIXES, *INDEX_SUFFIXES)

#: What they may be, and what to do then.
ADVICE = "drop them, or, if they are yours, check what they do and give them to a superuser (ALTER ... OWNER TO)"


class Impostor(NamedTuple):
    """An object that a stranger owns.

    :param kind: what PostgreSQL calls such objects, in lower case
    :param identity: its name with the schema, quoted, and the parameters of a function, as DROP wants it
    :param takes_name: whether an object of ours of that name would be in its place
    """

    name: str
    comment: Optional[str]
    kind: str
    identity: str
    owner: str
    takes_name: bool

    @property
    def text(self) -> str:
        """The object in a sentence."""
        identity = "".join(character if character.isprintable() else "?" for character in self.identity)
        return "{0} {1}".format(self.kind, identity)

    @property
    def marked_as(self) -> Optional[str]:
        """The datasource that its mark names, or None."""
        return marked_datasource(self.comment) if self.comment else None


def names_of(datasource: str) -> List[str]:
    """Return the names of all objects that a datasource may have."""
    return [object_name(datasource, suffix) for suffix in _SUFFIXES]


def refusal(datasource: str, objects: Iterable[str], owners: Iterable[str]) -> str:
    """Return why nothing of a datasource is read or written, in one sentence."""
    roles = set(owners)
    which = "which is" if len(roles) == 1 else "each of which is"
    return (
        'datasource "{0}", name: the server has objects of that name that belong to {1}, {2} {3}, so this collection'
        " did not make them, whatever their comments say ({4}): {5}"
    ).format(datasource, of_roles(roles), which, NOT_TRUSTED, _listed(objects), ADVICE)


def of_roles(owners: Iterable[str]) -> str:
    """Return roles as a sentence names them."""
    return " and ".join('role "{0}"'.format(owner) for owner in sorted(set(owners)))


def _listed(objects: Iterable[str], count: int = 20) -> str:
    found = list(objects)
    more = len(found) - count
    return ", ".join(found[:count] + (["{0} more".format(more)] if more > 0 else []))
