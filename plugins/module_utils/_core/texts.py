# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of any kind and length: which of them a server cannot store, and how a message shows them."""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Iterator, List, Mapping, Sequence, Tuple

#: How much of a sentence is shown, of its beginning and of its end, where the advice is.
_BEGINNING, _END = 1400, 600
#: How many names a sentence lists.
_NAMES = 30
#: How many problems a message lists, and how many a result.
LISTED, RETURNED = 100, 1000

UNSTORABLE = "but PostgreSQL can store neither a zero byte nor a lone surrogate: remove it"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_ZERO_IN_JSON = json.dumps("\0")[1:-1]
#: What would end a line, or confuse a terminal.
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
#: Options that hold secrets, at any depth.
_SECRETS = ("password", "login_password", "connect_params", "content")

#: PostgreSQL cuts longer identifiers (NAMEDATALEN - 1).
MAX_IDENTIFIER_BYTES = 63


def shown(sentence: str) -> str:
    """Return a sentence as one line, without the middle of one that is very long."""
    if len(sentence) > _BEGINNING + _END:
        cut = len(sentence) - _BEGINNING - _END
        sentence = "{0} [{1} characters cut] {2}".format(sentence[:_BEGINNING], cut, sentence[-_END:])
    return _CONTROL.sub(lambda match: ascii(match.group())[1:-1], sentence)


def listed(problems: Sequence[str], most: int) -> List[str]:
    """Return the first problems, and how many others there are."""
    found = [shown(problem) for problem in problems[:most]]
    return found + (["and {0} more".format(len(problems) - most)] if len(problems) > most else [])


def some(names: Sequence[str]) -> str:
    """Return names for a sentence: the first ones, and how many others there are."""
    return ", ".join(names[:_NAMES]) + (" and {0} more".format(len(names) - _NAMES) if len(names) > _NAMES else "")


def unstorable_texts(value: Any, field: str = "") -> Iterator[Tuple[str, str]]:
    """Find texts that no server can store, at any depth, and yield each with the name of its field."""
    # One look at all of it takes a fraction of the time that a thousand servers take, each of their texts by itself.
    whole = json.dumps(value, ensure_ascii=False, default=str)
    if _ZERO_IN_JSON in whole or _NO_TEXT.search(whole):
        yield from _texts(value, field, lambda text: _NO_TEXT.search(text) is not None)


def unstorable_in(value: Any, codec: str) -> Iterator[Tuple[str, str]]:
    """Find texts that an encoding cannot express.

    :param codec: Python's name of the encoding
    """
    return _texts(value, "", lambda text: not _is_in(text, codec))


def found_text(field: str, text: str) -> str:
    """Return how a message shows what a field has."""
    secret = not set(_SECRETS).isdisjoint(re.split(r"[.\[]", field))
    return "a value that is hidden here" if secret else ascii(text)


def character_not_in(text: str, codec: str) -> str:
    """Return the first character that an encoding does not have."""
    return next(character for character in text if not _is_in(character, codec))


def _is_in(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _texts(value: Any, field: str, is_wrong: Callable[[str], bool]) -> Iterator[Tuple[str, str]]:
    if isinstance(value, str):
        if is_wrong(value):
            yield field, value
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            if is_wrong(str(key)):
                yield "{0} (a name in it)".format(field), str(key)
            yield from _texts(entry, "{0}.{1}".format(field, key) if field else str(key), is_wrong)
    elif isinstance(value, (list, tuple)):
        for position, entry in enumerate(value):
            yield from _texts(entry, "{0}[{1}]".format(field, position), is_wrong)
