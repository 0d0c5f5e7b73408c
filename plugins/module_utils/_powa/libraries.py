# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Libraries that PostgreSQL loads when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.preload import entries_of, library_name
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import extensions as texts


@dataclass(frozen=True)
class Libraries:
    """Libraries of C(shared_preload_libraries).

    :param loaded: those that the running server has
    :param configured: those that the configuration files name now, and a restart would load
    """

    loaded: Sequence[str]
    configured: Sequence[str]


def read_libraries(cursor: Any) -> Libraries:
    """Read them. A role without the right to read the files sees the loaded ones as configured, or none of them."""
    cursor.execute(texts.PRELOADED)
    loaded, may_read_files = cursor.fetchone()
    in_files = None
    if may_read_files:
        cursor.execute(texts.PRELOADED_BY_FILES)
        (in_files,) = cursor.fetchone() or (None,)
    return Libraries(_names(loaded), _names(in_files) or _names(loaded))


def _names(setting: Optional[str]) -> List[str]:
    # PostgreSQL loads nothing of a list that it refuses, and says so in its log. The names are returned all the same.
    return [library_name(entry) for entry in entries_of(setting or "")]
