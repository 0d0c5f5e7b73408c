# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What datasources would collect on a server: their queries run once, and nothing is declared."""

from __future__ import annotations

import json
import math
import time
from functools import partial
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import connected
from ansible_collections.pgfleet.powa.plugins.module_utils._core.driver import compose, literal
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.column_types import too_powerful
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.cost import (
    Load,
    bytes_per_row,
    cost,
    sample_width,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.state import DatasourcesState, read_state
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import Definition
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.describe import Describer
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.described_texts import (
    CANCELED,
    DescribingSession,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.extension_names import with_schemas
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.options import check_options
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.users_session import (
    StuckError,
    TemporaryFunction,
    UsersSession,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.intervals import read_intervals
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.server_kind import REMOTE, Side
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import describe as describe_texts
from ansible_collections.pgfleet.powa.plugins.module_utils._sql import samples as texts

_SUBJECT = "the datasources"
#: More would fill the output of Ansible.
_MOST_ROWS = 1000
#: What the role remote gives to the monitoring role.
_GROUP = "pg_read_all_stats"
_FUNCTION = TemporaryFunction(texts.FUNCTION, texts.MAKE_FUNCTION, texts.BODY, texts.PROGRESS)


class _Sample(NamedTuple):
    """What a query has returned.

    :param found: how many rows
    :param rows: the first of them
    """

    found: int
    rows: List[Dict[str, Any]]
    milliseconds: float


def read_samples(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Return what module sample_info returns. Nothing is changed in any mode.

    :raises PowaError: for what is wrong with a datasource, or if the server can run none
    """
    for option, least, most in (("rows", 0, _MOST_ROWS), ("frequency", 1, 2**31 - 1)):
        if not least <= params[option] <= most:
            raise PowaError("{0}: found {1}, expected {2} to {3}".format(option, params[option], least, most))
    definitions, problems = _parse(params["datasources"])
    checked = ("datasources",)
    with connected(params, True, _SUBJECT, problems, checked) as connection, connection.reading() as cursor:
        _raise(problems)
        side = Side((REMOTE,), params["monitoring_role"], None)
        state = read_state(cursor, [definition.name for definition in definitions], definitions, side)
        kept = _retentions(cursor, params["retention"], definitions, state)
        role = _role(cursor, params["monitoring_role"], state)
        connect = partial(connected, params, read_only=False, checked_texts=checked)
        seconds = max(1, params["timeout"])
        began = time.monotonic()
        describer = Describer(
            cursor,
            DescribingSession(connect, seconds, _GROUP),
            state.archivist.server_version_num,
            role,
            state.query_path,
            state.named_schemas,
            _GROUP,
        )
        describer.describe(definitions)
        _raise(describer.problems)
        untried = tuple(name for name in (definition.name for definition in definitions) if name not in describer.types)
        asked = [definition for definition in definitions if definition.name not in untried]
        session = UsersSession(connect, max(1, seconds - (time.monotonic() - began)), _GROUP)
        samples = _run(cursor, session, role, asked, state, params["rows"])
        return {
            "changed": False,
            "datasources": [
                _result(
                    definition.with_types(describer.types[definition.name]),
                    sample,
                    params["frequency"],
                    kept.get(definition.name, kept[None]),
                )
                for definition, sample in zip(asked, samples)
            ],
            "warnings": [*_other_role(params["monitoring_role"], role, state), *describer.untried],
        }


def _parse(declared: Sequence[Mapping[str, Any]]) -> Tuple[List[Definition], List[str]]:
    checked, wrong = check_options({"datasources": declared})
    if wrong:
        return [], wrong
    present = [each for each in checked["datasources"] if each["state"] == "present"]
    definitions, _removals, problems = collect_definitions(present)
    return definitions, problems


def _raise(problems: Sequence[str]) -> None:
    if problems:
        raise ProblemsError(_SUBJECT, problems)


def _retentions(
    cursor: Any, given: str, definitions: Sequence[Definition], state: DatasourcesState
) -> Dict[Optional[str], float]:
    """Return the seconds for which the datasources are kept that have a retention of their own. C(None) is for others.

    :raises PowaError: if what the task gives is no interval
    """
    own = {entry.name: entry.retention for entry in definitions if entry.retention and state.archivist.own_retention}
    intervals, wrong = read_intervals(cursor, sorted({given, *own.values()}))
    if given in wrong:
        raise PowaError("retention: {0}".format(wrong[given]))
    retentions: Dict[Optional[str], float] = {None: intervals[given][1]}
    retentions.update((name, intervals[text][1]) for name, text in own.items() if text in intervals)
    return retentions


def _role(cursor: Any, wanted: Optional[str], state: DatasourcesState) -> Optional[str]:
    """Return the role whose rights the queries get, or None for one that is made for that.

    :raises PowaError: if there is none
    """
    cursor.execute(compose(describe_texts.ROLE, role=literal(wanted if wanted in state.roles else None)))
    is_standby, name, is_superuser, way_up = cursor.fetchone()
    if is_standby:
        raise PowaError(
            "the server is a standby, where no query can be tried, since PostgreSQL makes no temporary function there:"
            " run the task on its primary"
        )
    if wanted not in state.roles and is_superuser:
        return None
    refusal = too_powerful(name, is_superuser, way_up)
    if refusal:
        raise PowaError(refusal)
    return str(name)


def _other_role(wanted: Optional[str], role: Optional[str], state: DatasourcesState) -> List[str]:
    """Return a warning if the queries do not get the rights of the role that the task names."""
    if not wanted or wanted in state.roles:
        return []
    used = 'role "{0}", which the task is logged in as'.format(role) if role else "a new role with only " + _GROUP
    return [
        'monitoring_role: there is no role "{0}", so the queries ran with the rights of {1}: correct it if it is'
        " misspelt".format(wanted, used)
    ]


def _run(
    cursor: Any,
    session: UsersSession,
    role: Optional[str],
    definitions: Sequence[Definition],
    state: DatasourcesState,
    most: int,
) -> List[_Sample]:
    """Run the query of each definition once.

    :raises PowaError: for those that PostgreSQL refuses or does not finish
    """
    if not definitions:
        return []
    queries = [definition.query_for(state.archivist.server_version_num) for definition in definitions]
    call = compose(
        texts.CALL,
        texts=literal([with_schemas(query.sql, state.named_schemas) if query else "" for query in queries]),
        paths=literal([state.query_path(definition) for definition in definitions]),
        most=literal(most),
    )
    try:
        answers = session.call(cursor, role, _FUNCTION, call)
    except StuckError as stuck:
        known = stuck.position is not None and stuck.position < len(definitions)
        raise PowaError(_too_slow(definitions[stuck.position or 0].name if known else "?")) from stuck
    answers.sort(key=lambda answer: int(answer[0]))
    _raise(
        [
            _too_slow(definition.name) if sqlstate == CANCELED else _stopped(definition.name, message)
            for definition, (_number, sqlstate, message, *_rest) in zip(definitions, answers)
            if sqlstate is not None
        ]
    )
    return [_sample(answer) for answer in answers]


def _stopped(name: str, message: str) -> str:
    reason = " ".join(message.split("\n", 1)[0].split())
    return 'datasource "{0}": its query failed ({1}): correct it'.format(name, reason)


def _too_slow(name: str) -> str:
    return (
        'datasource "{0}": its query did not end within the timeout, and was stopped: make it faster, or set timeout to'
        " more seconds"
    ).format(name)


def _sample(answer: Tuple[Any, ...]) -> _Sample:
    _number, _state, _message, found, rows, milliseconds = answer
    return _Sample(found, json.loads(rows) if rows else [], milliseconds)


def _result(definition: Definition, sample: _Sample, frequency: int, retention: float) -> Dict[str, Any]:
    row = bytes_per_row(sample_width(definition.metrics), None, ())
    is_endless = not math.isfinite(retention)
    estimated = cost([Load(sample.found, frequency, 0 if is_endless else retention)], row)
    return {
        "name": definition.name,
        "types": {column.name: column.type.name for column in definition.columns},
        "row_count": sample.found,
        "milliseconds": round(sample.milliseconds, 1),
        "bytes_per_day": estimated.bytes_per_day,
        "bytes_at_retention": None if is_endless else estimated.bytes_at_retention,
        "rows": sample.rows,
    }
