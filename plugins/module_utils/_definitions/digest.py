# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The digest by which a repository recognizes that a remote's side fits its tables.

It has what a snapshot depends on: the columns that the remote returns, in their order, and whether the remote has a
function that cleans up. The text of the query does not count. It may be another on each host, as it is anyway while it
changes on one remote after the other.
"""

from __future__ import annotations

import hashlib
import json

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition


def digest_of(definition: Definition) -> str:
    """Return the same text for definitions with which the snapshots of a repository succeed."""
    shape = {
        "name": definition.name,
        "scope": definition.scope,
        "columns": [[column.name, column.type.name, column.is_key] for column in definition.columns],
        "query_cleanup": bool(definition.query_cleanup),
    }
    text = json.dumps(shape, sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
