# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may create objects in PoWA's schema, and could have others run them."""

from __future__ import annotations

from typing import Any, List, NamedTuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import local_mode as texts


class Creator(NamedTuple):
    """A role that may create objects in a schema and is no superuser.

    :param schema: the schema
    :param role: its name, or an empty text for PUBLIC
    :param owns: whether that is because it owns the schema
    :param owns_database: whether it owns the schema as the owner of the database
    :param superuser: who should own it instead
    """

    schema: str
    role: str
    owns: bool
    owns_database: bool
    superuser: str

    @property
    def name(self) -> str:
        """The role as messages name it."""
        return 'role "{0}"'.format(self.role) if self.role else "PUBLIC"

    def cure(self, database: str) -> str:
        """Return the statement after which it may no longer."""
        if self.owns_database:
            return "ALTER DATABASE {0} OWNER TO {1}".format(_quoted(database), _quoted(self.superuser))
        if self.owns:
            return "ALTER SCHEMA {0} OWNER TO {1}".format(_quoted(self.schema), _quoted(self.superuser))
        role = _quoted(self.role) if self.role else "PUBLIC"
        return "REVOKE CREATE ON SCHEMA {0} FROM {1}".format(_quoted(self.schema), role)


def read_creators(cursor: Any, schema: str) -> List[Creator]:
    """Return the roles other than superusers that can create objects in a schema."""
    cursor.execute(compose(texts.CREATORS, schema=literal(schema)))
    return [Creator(schema, *row) for row in cursor.fetchall()]


def _quoted(name: str) -> str:
    return '"{0}"'.format(name.replace('"', '""'))
