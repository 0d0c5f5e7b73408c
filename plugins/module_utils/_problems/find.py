# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a server, as far as its own database tells: each problem with its cause and its cure.

Everything here works on what module server_info returns, and asks no server.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_collection import (
    collector_problems,
    extension_problems,
    password_problems,
    qualstats_problems,
    snapshot_problems,
    version_problems,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_datasources import (
    datasource_problems,
    impostor_problems,
    transient_row_problems,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_errors import error_problems
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_server import (
    library_problems,
    powa_problems,
    role_problems,
    schema_problems,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_sizes import (
    disk_problems,
    duplicate_key_problems,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_slow_snapshots import slow_collection_problems
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.problem import Found, Problem

_LOOKS: Tuple[Callable[[Found], Iterator[Problem]], ...] = (
    powa_problems,
    library_problems,
    role_problems,
    schema_problems,
    collector_problems,
    error_problems,
    version_problems,
    snapshot_problems,
    slow_collection_problems,
    extension_problems,
    qualstats_problems,
    impostor_problems,
    datasource_problems,
    duplicate_key_problems,
    disk_problems,
    transient_row_problems,
    password_problems,
)


def find_problems(found: Found) -> List[Dict[str, Any]]:
    """Return the problems of a server, each kind together.

    :param found: what module server_info returns of it
    """
    # Several looks may find the same problem. The last one has compared, and knows more than a recorded error.
    unique = {problem.identity: problem for look in _LOOKS for problem in look(found)}
    return [problem.as_dict() for problem in unique.values()]
