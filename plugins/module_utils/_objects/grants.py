# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Grants on an object: which roles have which privileges, and the statements that give what is missing."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import (
    compose,
    identifier,
    joined,
    raw,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import objects as texts

#: Privileges as C(aclexplode) names them.
Privileges = Tuple[str, ...]
EXECUTE: Privileges = ("EXECUTE",)


class Grants(NamedTuple):
    """The privileges of roles on one object.

    :param privileges: by role, C("") for PUBLIC
    """

    privileges: Mapping[str, Privileges]

    def describe(self) -> List[str]:
        """Return the grants as the lines of a diff."""
        return [
            "grant {0} to {1}".format(", ".join(privileges), role or "public")
            for role, privileges in sorted(self.privileges.items())
        ]

    def merged(self, found: Mapping[str, Privileges]) -> Dict[str, Privileges]:
        """Return these grants and those that the server has: we do not revoke what others granted."""
        merged = dict(found)
        for role, privileges in self.privileges.items():
            merged[role] = tuple(sorted(set(privileges) | set(merged.get(role, ()))))
        return merged

    def grant(self, target: Any, found: Mapping[str, Privileges]) -> List[Any]:
        """Return the statements that grant what is missing, and revoke PUBLIC's right to call a function.

        :param target: the object as GRANT ... ON names it, composed
        :param found: the grants that the server has
        """
        statements = []
        if found.get("") == EXECUTE and "" not in self.privileges:
            statements.append(compose(texts.REVOKE_PUBLIC, target=target))
        for role, privileges in self.privileges.items():
            missing = sorted(set(privileges) - set(found.get(role, ())))
            if missing:
                statements.append(
                    compose(
                        texts.GRANT,
                        privileges=joined(raw(privilege) for privilege in missing),
                        target=target,
                        role=identifier(role) if role else raw("PUBLIC"),
                    )
                )
        return statements
