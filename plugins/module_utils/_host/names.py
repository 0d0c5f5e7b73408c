# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that a host has to resolve."""

from __future__ import annotations

import socket
from typing import List, Sequence

#: How many names are asked for at once: an answer of a name server that is down takes seconds.
_AT_ONCE = 16


def read_unresolved(names: Sequence[str]) -> List[str]:
    """Return the names that do not resolve. A name that begins with a slash is the folder of a socket."""
    asked = [name for name in dict.fromkeys(names) if name and not name.startswith("/")]
    if not asked:
        return []
    # Only the doctor asks, so only it pays for this import.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return [name for name, known in zip(asked, threads.map(_resolves, asked)) if not known]


def _resolves(name: str) -> bool:
    try:
        return bool(socket.getaddrinfo(name, None))
    except (OSError, UnicodeError):
        return False
