# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Libraries that PostgreSQL loads when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._sql import extensions as texts

#: Extensions whose library works only if PostgreSQL loaded it when it started.
PRELOADED = ("pg_stat_statements", "pg_qualstats", "pg_stat_kcache", "pg_wait_sampling")


@dataclass(frozen=True)
class Libraries:
    """Libraries of C(shared_preload_libraries).

    :param loaded: those that the running server has
    :param configured: those that the configuration files name now, and a restart would load
    """

    loaded: Sequence[str]
    configured: Sequence[str]


def read_libraries(cursor: Any) -> Libraries:
    """Read them in one statement; a role without the right to read the files sees the loaded ones as configured."""
    cursor.execute(texts.PRELOADED)
    loaded, in_files = cursor.fetchone()
    return Libraries(_names(loaded), _names(in_files) or _names(loaded))


def _names(setting: Optional[str]) -> List[str]:
    names = (entry.strip().strip('"').rsplit("/", 1)[-1] for entry in (setting or "").split(","))
    return [name[:-3] if name.endswith(".so") else name for name in names if name]
