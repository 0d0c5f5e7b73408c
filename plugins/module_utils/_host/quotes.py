# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words of pg_hba.conf in quotes, such as "all", which are mere names. pg_hba_file_rules shows them without."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

#: A line as module host_info returns it -> the columns of words, and which field of a line each is.
_FIELDS = {"databases": 1, "users": 2}
_BLANKS = " \t\r"
#: What means more than a name where it has no quotes.
_MORE = re.compile(r"all|sameuser|samerole|samegroup|replication|\+.*", re.DOTALL)

#: A word, and whether it stands in quotes.
Word = Tuple[str, bool]


def with_quotes(lines: Sequence[Mapping[str, Any]], path_of: Callable[[str], str] = str) -> List[Dict[str, Any]]:
    """Return lines in which a word in quotes that would mean more without them has them.

    Words that come from a file of their own, or from a file that cannot be read, stay as they are.

    :param path_of: returns where a file of the server is
    """
    texts = {path: _text_of(path_of(path)) for path in dict.fromkeys(line["file"] for line in lines)}
    raw = {path: text.split("\n") for path, text in texts.items() if '"' in text}
    return [_with_quotes(line, raw.get(line["file"], ())) for line in lines]


def _text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except OSError:
        return ""


def without_quotes(word: str) -> str:
    """Return the name that a word of such a line is."""
    return word[1:-1] if word[:1] == word[-1:] == '"' and _MORE.fullmatch(word[1:-1]) else word


def _with_quotes(line: Mapping[str, Any], raw: Sequence[str]) -> Dict[str, Any]:
    fields = fields_of(_joined(raw, line["line"]))
    found = dict(line)
    for column, position in _FIELDS.items():
        words = fields[position] if len(fields) > position else []
        if [word for word, _quoted in words] == list(line[column]):
            found[column] = ['"' + word + '"' if quoted and _MORE.fullmatch(word) else word for word, quoted in words]
    return found


def _joined(raw: Sequence[str], number: int) -> str:
    """Return a line with those that a backslash joins to it."""
    parts: List[str] = []
    for text in raw[number - 1 :]:
        text = text.rstrip("\r")
        parts.append(text[:-1] if text.endswith("\\") else text)
        if not text.endswith("\\"):
            break
    return "".join(parts)


def fields_of(text: str) -> List[List[Word]]:
    """Return the fields of a line, each a list of words, as C(next_token) of PostgreSQL's hba.c parts them."""
    fields: List[List[Word]] = []
    at, goes_on = 0, False
    while True:
        while at < len(text) and text[at] in _BLANKS + ",":
            at += 1
        if at == len(text) or text[at] == "#":
            return fields
        word, at = _word(text, at)
        if goes_on:
            fields[-1].append(word)
        else:
            fields.append([word])
        goes_on = text[at : at + 1] == ","


def _word(text: str, at: int) -> Tuple[Word, int]:
    """Return the word that begins somewhere, and where it ends. Two quotes within quotes are one of the word."""
    found, inside, doubled, quoted = "", False, False, False
    while at < len(text) and (inside or text[at] not in _BLANKS + ",#"):
        char = text[at]
        if char != '"' or doubled:
            found += char
        doubled = inside and char == '"' and not doubled
        if char == '"':
            inside = not inside
            quoted = quoted or not found
        at += 1
    return (found, quoted), at
