# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of the objects of a datasource: C(powa_), the datasource's name, and a suffix for each object.

The comments of these objects begin with a mark.
"""

from __future__ import annotations

from typing import List

from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import MAX_IDENTIFIER_BYTES

#: The beginning of the comments of all that this collection makes.
ANY_MARK = "pgfleet.powa "
#: The same of the objects of datasources, which tells them from other objects of the same name.
MARK = ANY_MARK + "datasource "

SOURCE = "_src"
CLEANUP = "_cleanup"
#: In local mode these run the query and its cleanup with the rights of the monitoring role.
RUN, RUN_CLEANUP = "_run", "_run_cleanup"
SNAPSHOT = "_snapshot"
#: The functions whose comment may hold a definition.
HOLDERS = (SOURCE, SNAPSHOT)
OPERATION_SUFFIXES = (SNAPSHOT, "_aggregate", "_purge", "_reset", "_unregister")
GET, RATE = "_get", "_rate"
READ_SUFFIXES = (GET, RATE)
FUNCTION_SUFFIXES = (SOURCE, CLEANUP, RUN, RUN_CLEANUP, *OPERATION_SUFFIXES, *READ_SUFFIXES)

TRANSIENT, CURRENT, HISTORY = "_src_tmp", "_history_current", "_history"
TABLE_SUFFIXES = (TRANSIENT, CURRENT, HISTORY)
#: The tables that hold history, which stay when a datasource is removed.
HISTORY_TABLES = (HISTORY, CURRENT)

RECORD, MINMAX = "_history_record", "_history_record_minmax"
TYPE_SUFFIXES = (RECORD, MINMAX)
INDEX_SUFFIXES = ("_history_current_srvid", "_history_ts")

LONGEST_SUFFIX = MINMAX
MAX_NAME_LENGTH = MAX_IDENTIFIER_BYTES - len("powa_") - len(LONGEST_SUFFIX)


def object_name(datasource: str, suffix: str) -> str:
    """Return the name of one object of a datasource, such as C(powa_lock_modes_history)."""
    return "powa_" + datasource + suffix


def function_names(datasource: str) -> List[str]:
    """Return the names that functions of a datasource may have in PoWA's registry."""
    return [object_name(datasource, suffix) for suffix in OPERATION_SUFFIXES]
