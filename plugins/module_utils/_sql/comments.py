# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL that reads the comment of an object."""

from __future__ import annotations


def comment(oid: str, catalog: str) -> str:
    """Return SQL for the comment of an object.

    C(obj_description) says the same. It runs a statement of its own for each object, which takes longer than the rest
    of a statement that reads hundreds of them.

    :param oid: SQL for the object's oid
    :param catalog: the catalog that has the object, such as C(pg_class)
    """
    return (
        "(SELECT des.description FROM pg_catalog.pg_description AS des WHERE des.objoid = {0}"
        " AND des.classoid = 'pg_catalog.{1}'::pg_catalog.regclass AND des.objsubid = 0)"
    ).format(oid, catalog)
