# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The definition that a server keeps as JSON in the comment of a function. This is its only writer and reader."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple, TypeVar, Union

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import (
    CLUSTER,
    DATABASE,
    SHOWN,
    Column,
    Definition,
    Kind,
    Query,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import MARK, SNAPSHOT, SOURCE, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import (
    UNDECLARED,
    ColumnType,
    Typed,
    find_type,
    is_same_type,
)

Value = TypeVar("Value")


def mark(datasource: str) -> str:
    """Return the comment of an object of a datasource."""
    return MARK + datasource


@dataclass(frozen=True)
class Stored:
    """What a server has stored about a datasource.

    :param kept_keys: keys that are no longer declared, whose columns stay
    :param kept_metrics: metrics that are no longer declared, whose values stay
    :param paused: servers whose snapshots wait until their side has the declared columns
    :param fields: the definition's fields as they are stored, those of later versions of this collection included
    """

    definition: Definition
    kept_keys: Tuple[Column, ...] = ()
    kept_metrics: Tuple[Column, ...] = ()
    paused: FrozenSet[int] = frozenset()
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keys(self) -> Tuple[Column, ...]:
        """All keys of its history: those declared, of the database, and those that are kept."""
        return (*self.definition.stored_keys, *self.kept_keys)

    @property
    def metrics(self) -> Tuple[Column, ...]:
        """All metrics of its history."""
        return (*self.definition.metrics, *self.kept_metrics)

    def comment(self) -> str:
        """Return the comment that holds it."""
        kept = {
            field: [column.as_dict() for column in columns]
            for field, columns in (("keys", self.kept_keys), ("metrics", self.kept_metrics))
            if columns
        }
        stored = dict(self.definition.as_dict(), kept=kept, paused=sorted(self.paused))
        text = json.dumps(stored, sort_keys=True, ensure_ascii=False)
        return "{0}: {1}".format(mark(self.definition.name), text)

    def covers(self, definition: Definition) -> bool:
        """Whether the server has described the queries of a definition, with these columns."""
        before = self.definition
        types = self.types()
        return (
            [(column.name, column.kind, column.nullable) for column in definition.columns]
            == [(column.name, column.kind, column.nullable) for column in before.columns]
            and all(column.type in (UNDECLARED, types[column.name].type) for column in definition.columns)
            and all(
                column.cast_from is None or is_same_type(column.cast_from, types[column.name].cast_from or "")
                for column in definition.columns
            )
            and all(
                getattr(definition, field) == getattr(before, field)
                for field in ("queries", "query_cleanup", "search_path", "security_definer", "scope", "extension")
            )
        )

    def types(self) -> Dict[str, Typed]:
        """Return the types of the declared columns, by name."""
        return {column.name: Typed(column.type, column.cast_from) for column in self.definition.columns}


def marked_datasource(comment: str) -> Optional[str]:
    """Return the datasource that the mark of a comment names, or None."""
    if not comment.startswith(MARK):
        return None
    return comment[len(MARK) :].partition(": ")[0]


class Damaged(NamedTuple):
    """A comment that bears our mark, but was not written by this collection.

    :param object: the function that has the comment
    :param found: what is wrong with it
    """

    datasource: str
    object: str
    found: str

    @property
    def problem(self) -> str:
        """What is wrong and what to do, in one sentence."""
        return self._sentence("", "")

    @property
    def left_alone(self) -> str:
        """The same where the datasource would be removed if anybody knew what it is."""
        return self._sentence(', so state "exact" leaves it alone', ", or list it with state absent to remove it")

    def _sentence(self, consequence: str, other_cure: str) -> str:
        return (
            'datasource "{0}": the comment of {1} should hold its definition, found {2}{3}:'
            " declare the datasource again, which repairs the comment{4}"
        ).format(self.datasource, self.object, self.found, consequence, other_cure)


def read_comments(
    datasource: str, schema: str, comments: Mapping[str, Optional[str]], scope_database: bool = True
) -> Union[None, Stored, Damaged]:
    """Return what a server has stored about a datasource, or None where nothing bears our mark.

    :param comments: those of its functions, by suffix
    :param scope_database: whether its PoWA has datasources of databases
    """
    damaged: Optional[Damaged] = None
    for suffix in (SOURCE, SNAPSHOT):
        comment = comments.get(suffix)
        if not comment or not comment.startswith(MARK):
            continue
        if suffix == SNAPSHOT and comment == mark(datasource):
            # With scope cluster, the source function holds the definition.
            continue
        try:
            return _parse(datasource, comment, scope_database)
        except _NotOurs as error:
            identity = "function {0}.{1}".format(schema, object_name(datasource, suffix))
            damaged = damaged or Damaged(datasource, identity, str(error))
    return damaged


class _NotOurs(Exception):
    """Says what is wrong with a comment, as the end of "found ..."."""


def _parse(datasource: str, comment: str, scope_database: bool) -> Stored:
    name, colon, text = comment[len(MARK) :].partition(": ")
    if name != datasource:
        raise _NotOurs('that of a datasource "{0}"'.format(_short(name)))
    if not colon:
        raise _NotOurs("none")
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _NotOurs("text that is not JSON ({0})".format(_short(str(error)))) from None
    if _is_deep(stored, _LEVELS):
        raise _NotOurs("JSON of more than {0} levels".format(_LEVELS))
    fields = _Fields(stored)
    if fields.get("name", _text) != datasource:
        raise _NotOurs('the name "{0}" in it'.format(_short(str(stored["name"]))))
    kept = _Fields(stored.get("kept", {}), "kept.")
    paused = fields.get("paused", _list_of(_number), ())
    definition = Definition(
        name=datasource,
        description=fields.get("description", _text),
        queries=fields.get("queries", _list_of(_query)),
        keys=fields.get("keys", _list_of(_key)),
        metrics=fields.get("metrics", _list_of(_metric)),
        extension=fields.get("extension", _or_none(_text), None),
        scope=fields.get("scope", _one_of(CLUSTER, DATABASE), CLUSTER),
        servers=fields.get("servers", _or_none(_list_of(_text))),
        databases=fields.get("databases", _or_none(_list_of(_text)), None),
        enabled=fields.get("enabled", _or_none(_flag)),
        priority=fields.get("priority", _number),
        retention=fields.get("retention", _or_none(_text), None),
        query_cleanup=fields.get("query_cleanup", _or_none(_text), None),
        security_definer=fields.get("security_definer", _flag, False),
        search_path=fields.get("search_path", _list_of(_text), ()),
        title=fields.get("title", _or_none(_text), None) or None,
        set_title=fields.get("set", _or_none(_text), None) or None,
        may_be_empty=fields.get("may_be_empty", _flag, False),
    )
    if not definition.queries or not definition.metrics:
        raise _NotOurs("no {0} in it".format("metrics" if definition.queries else "query"))
    if definition.scope == DATABASE and not scope_database:
        raise _NotOurs('the scope "{0}" in it, which this PoWA does not have'.format(DATABASE))
    return Stored(
        definition=definition,
        kept_keys=kept.get("keys", _list_of(_kept(_key)), ()),
        kept_metrics=kept.get("metrics", _list_of(_kept(_metric)), ()),
        paused=frozenset(paused),
        fields={field: value for field, value in stored.items() if field not in ("kept", "paused")},
    )


_REQUIRED: Any = object()
#: How many lists and objects may be inside of each other: a definition has 4, and later versions may have more.
#: Neither Python nor Ansible can write or return hundreds.
_LEVELS = 20
#: How PostgreSQL writes a type, with or without its schema, each at most 63 letters long.
_TYPE_NAME = re.compile(
    r"""(?: (?:"(?:[^"\0\n]|""){1,63}"|[^\W\d][\w$]{0,62}) \. )?
    (?: "(?:[^"\0\n]|""){1,63}" | [^\W\d][\w$ ]{0,62} ) (?:\[\])?""",
    re.VERBOSE,
)


class _Fields:
    """The fields of a JSON object, each read as a type.

    :param where: what precedes a field's name in a sentence
    """

    def __init__(self, stored: Any, where: str = "") -> None:
        if not isinstance(stored, dict):
            field = '{0} in field "{1}"'.format(_short(json.dumps(stored)), where.rstrip("."))
            raise _NotOurs("{0} that is not an object".format(field if where else "JSON"))
        self._stored = stored
        self._where = where

    def get(self, name: str, read: Callable[[Any], Any], default: Any = _REQUIRED) -> Any:
        if name not in self._stored:
            if default is _REQUIRED:
                raise _NotOurs('no field "{0}{1}" in it'.format(self._where, name))
            return default
        try:
            return read(self._stored[name])
        except TypeError:
            shown = _short(json.dumps(self._stored[name]))
            raise _NotOurs('{0} as field "{1}{2}" in it'.format(shown, self._where, name)) from None


def _is_deep(value: Any, levels: int) -> bool:
    """Whether a value has more levels of lists and objects than these."""
    inside = list(value.values()) if isinstance(value, dict) else value
    return isinstance(inside, list) and (not levels or any(_is_deep(each, levels - 1) for each in inside))


def _text(value: Any) -> str:
    # JSON can hold these, but PostgreSQL's text cannot.
    if not isinstance(value, str) or "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise TypeError
    return value


def _type_name(value: Any) -> str:
    # A task that declares the type of the column cannot correct it, so it is not believed if no server wrote it.
    if not _TYPE_NAME.fullmatch(_text(value)):
        raise TypeError
    return str(value)


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**31) <= value < 2**31:
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in words:
            raise TypeError
        return str(value)

    return read


def _or_none(read: Callable[[Any], Value]) -> Callable[[Any], Optional[Value]]:
    return lambda value: None if value is None else read(value)


def _list_of(read: Callable[[Any], Value]) -> Callable[[Any], Tuple[Value, ...]]:
    def read_all(value: Any) -> Tuple[Value, ...]:
        if not isinstance(value, list):
            raise TypeError
        return tuple(read(entry) for entry in value)

    return read_all


def _query(value: Any) -> Query:
    fields = _Fields(value, "queries.")
    return Query(fields.get("min_version", _number), fields.get("query", _text))


def _key(value: Any) -> Column:
    fields = _Fields(value, "keys.")
    return Column(
        fields.get("name", _text),
        find_type(fields.get("type", _text)) or UNDECLARED,
        Kind.KEY,
        fields.get("nullable", _flag, True),
        shown=_shown(fields),
        cast_from=fields.get("cast_from", _or_none(_type_name), None),
    )


def _metric(value: Any) -> Column:
    fields = _Fields(value, "metrics.")
    return Column(
        fields.get("name", _text),
        find_type(fields.get("type", _text)) or UNDECLARED,
        Kind(fields.get("kind", _one_of(Kind.COUNTER, Kind.GAUGE), Kind.COUNTER)),
        True,
        shown=_shown(fields),
        cast_from=fields.get("cast_from", _or_none(_type_name), None),
        overview=fields.get("overview", _flag, False),
    )


def _kept(read: Callable[[Any], Column]) -> Callable[[Any], Column]:
    """Keep the name of a type that no column may be declared with: tables made by hand may have it."""

    def read_kept(value: Any) -> Column:
        column = read(value)
        return column._replace(type=ColumnType(value["type"], 0, minmax=False)) if column.type is UNDECLARED else column

    return read_kept


def _shown(fields: _Fields) -> Tuple[Tuple[str, str], ...]:
    texts: List[Tuple[str, Optional[str]]] = [(name, fields.get(name, _text, None)) for name in SHOWN]
    return tuple((name, text) for name, text in texts if text is not None)


def _short(text: str) -> str:
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= 60 else shown[:57] + "..."
