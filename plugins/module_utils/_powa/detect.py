# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds out which PoWA a database has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, identifier
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import Archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import archivist as texts

if TYPE_CHECKING:
    from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import Visible


def detect_archivist(cursor: Any, visible: Optional[Visible] = None) -> Archivist:
    """Find the PoWA of the database that the cursor is connected to.

    :param visible: of a reader that does without what its role may not read
    :raises PowaError: when the database lacks the extension, or has a version that this collection does not know
    """
    cursor.execute(texts.FIND_POWA)
    version_text, schema, quoted_schema, server_version_num, database = cursor.fetchone()
    if version_text is None:
        raise PowaError(
            'database "{0}" has no extension powa: create it there (module pgfleet.powa.extensions),'
            " or give the database that has it as login_db".format(database)
        )
    version = tuple(int(part) for part in version_text.split(".") if part.isdigit())
    # A host compiles whatever a task imports, each time, so only the one that it needs.
    if version[:1] == (4,):
        from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa4 import Archivist4

        return Archivist4(version, schema, quoted_schema, server_version_num)
    if version[:1] == (5,):
        from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa5 import Archivist5

        roles = {}
        if visible is None or visible.sees_registry(["powa_roles"]):
            cursor.execute(compose(texts.FIND_ROLES, schema=identifier(schema)))
            roles = dict(cursor.fetchall())
        return Archivist5(version, schema, quoted_schema, server_version_num, roles)
    raise PowaError(
        'database "{0}" has PoWA {1}, expected 4 or 5: use a version of PoWA that this collection supports'.format(
            database, version_text
        )
    )
