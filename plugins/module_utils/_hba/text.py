# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of pg_hba.conf: where new lines go, and what a diff may show of it."""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._hba.match import Line, Server
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.plan import FIRST, Outcome

_MASK = "********"
#: An option that holds secrets, up to the end of its line, and the login of a URL.
_SECRETS = (
    re.compile(r"((?:passw|secret)\w*\"?\s*=).+", re.IGNORECASE),
    re.compile(r"(://)[^/@\s]*(?=@)"),
)
_INCLUDE = re.compile(r'"?(include|include_if_exists|include_dir)"?\s')


class Addition(NamedTuple):
    """A new line.

    :param before: the number of the line before which it goes, or None for the end of the file
    """

    before: Optional[int]
    text: str


def additions(found: Sequence[Outcome], server: Server, position: str, text: str) -> List[Addition]:
    """Return the lines that are missing, each once, at the first of its places."""
    placed: Dict[str, Optional[int]] = {}
    for each in found:
        for rule, line in zip(each.added, each.before):
            numbers = [_before(line, server, position, text)]
            numbers += [placed[rule.line]] if rule.line in placed else []
            placed[rule.line] = min((number for number in numbers if number is not None), default=None)
    return [Addition(number, line) for line, number in placed.items()]


def with_lines(text: str, added: Sequence[Addition]) -> str:
    """Return a text with new lines. All others keep their text and order, and the last one gets its end."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    before: Dict[int, List[str]] = {}
    for addition in added:
        before.setdefault(addition.before or len(lines) + 1, []).append(addition.text)
    ending = before.get(len(lines) + 1, [])
    if ending and lines and lines[-1].rstrip("\r").endswith("\\"):
        # A backslash joins a line to the next one.
        ending.insert(0, "")
    result: List[str] = []
    for number, line in enumerate(lines, 1):
        result += [*before.get(number, []), line]
    return "".join(line + "\n" for line in [*result, *ending])


def without_secrets(text: str) -> str:
    """Return what a diff may show of a file."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\1" + _MASK, text)
    return text


def _before(blocking: Optional[Line], server: Server, position: str, text: str) -> Optional[int]:
    if position != FIRST or blocking is None:
        return None
    if blocking["file"] == server.hba_file:
        return int(blocking["line"])
    return _include_before(blocking, server, text)


def _include_before(conflict: Line, server: Server, text: str) -> int:
    """Return the number of the line that includes the file of another line.

    The lines of that file come after those of the main file that stand before it. So it is the first that includes
    anything after them, or an even earlier one, whose file has nothing to say of the login.
    """
    last = 0
    for line in server.lines:
        if line is conflict:
            break
        if line["file"] == server.hba_file:
            last = int(line["line"])
    lines = text.split("\n")
    numbers = [number for number, each in enumerate(lines, 1) if number > last and _INCLUDE.match(each.lstrip())]
    return numbers[0] if numbers else 1
