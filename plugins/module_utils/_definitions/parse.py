# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parsing of declared datasources, and every error message that needs no database."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, List, Mapping, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import (
    UNSTORABLE,
    found_text,
    unstorable_texts,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.definition import (
    CLUSTER,
    DBID,
    MAX_KEYS,
    SHOWN,
    Column,
    Definition,
    Kind,
    Query,
    Removal,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.extension_names import names_of_extensions
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import (
    LONGEST_SUFFIX,
    MAX_IDENTIFIER_BYTES,
    MAX_NAME_LENGTH,
    object_name,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.sql_text import clean_sql
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import (
    EXPECTED,
    UNDECLARED,
    Typed,
    declared_type,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import POWA_EXTENSIONS, POWA_NAMES

#: Columns of our own tables, the parameter of our functions, and PostgreSQL's system columns.
RESERVED_COLUMNS = frozenset(
    "srvid ts coalesce_range record records mins_in_range maxs_in_range _srvid _from _to"
    " tableoid xmin cmin xmax cmax ctid".split()
)

#: PostgreSQL's reserved words (categories R and T of its kwlist.h): as a name they need quoting.
RESERVED_WORDS = frozenset(
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate"
    " collation column concurrently constraint create cross current_catalog current_date current_role"
    " current_schema current_time current_timestamp current_user default deferrable desc distinct do else end"
    " except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into"
    " is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on"
    " only or order outer overlaps placing primary references returning right select session_user similar some"
    " symmetric system_user table tablesample then to trailing true union unique user using variadic verbose when"
    " where window with".split()
)

#: A datasource without any of these says nothing of what it is.
_CONTENTS = ("query", "queries", "keys", "metrics", "paused_on")

_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")
_PARAMETER = re.compile(r"\$[0-9]+\Z")


class _Problems:
    """Collects sentences about one datasource."""

    def __init__(self, datasource: str, found: List[str]) -> None:
        self._datasource = datasource
        self._found = found

    def add(self, field: str, sentence: str) -> None:
        self._found.append('datasource "{0}", {1}: {2}'.format(self._datasource, field, sentence))


def collect_definitions(
    parameters: Iterable[Mapping[str, Any]],
) -> Tuple[List[Definition], List[Removal], List[str]]:
    """Parse what can be parsed, and return it with the problems of the rest."""
    definitions: List[Definition] = []
    removals: List[Removal] = []
    found: List[str] = []
    seen: Dict[str, int] = {}
    for position, parameter in enumerate(parameters):
        name = str(parameter.get("name") or "")
        before = len(found)
        problems = _Problems(name or "number {0} of the list".format(position + 1), found)
        unstorable = list(unstorable_texts(parameter))
        for field, text in unstorable:
            problems.add(field, "found {0}, {1}".format(found_text(field, text), UNSTORABLE))
        if unstorable:
            continue
        _check_name(name, problems)
        if name in seen:
            problems.add("name", "number {0} of the list has the same name: give each its own".format(seen[name]))
        seen.setdefault(name, position + 1)
        if parameter.get("state") == "absent":
            if len(found) == before:
                removals.append(Removal(name, parameter.get("history") == "drop"))
            continue
        if parameter.get("history") == "drop":
            problems.add(
                "history",
                'found "drop" with state "{0}": only state "absent" can drop history'.format(
                    parameter.get("state") or "present"
                ),
            )
        if parameter.get("paused_on") and parameter.get("state") != "paused":
            problems.add(
                "paused_on",
                'found servers with state "{0}", which pauses nothing: leave it out, or use state "paused"'.format(
                    parameter.get("state") or "present"
                ),
            )
        if parameter.get("state") == "paused" and not any(parameter.get(field) for field in _CONTENTS):
            if len(found) == before:
                removals.append(Removal(name, drop_history=False, unregister=True))
            continue
        definition = _parse(name, parameter, problems)
        if len(found) == before:
            definitions.append(definition)
    return definitions, removals, found


def _check_name(name: str, problems: _Problems) -> None:
    if not name:
        problems.add("name", "it is empty: give a plain lower-case name, such as lock_modes")
    elif not _PLAIN_NAME.match(name):
        problems.add(
            "name",
            'found "{0}", expected lower-case letters, digits and underscores, not beginning with a digit,'
            " since PoWA uses it unquoted".format(name),
        )
    elif len(name) > MAX_NAME_LENGTH:
        problems.add(
            "name",
            "it has {0} characters, and powa_{1}{2} would have {3}, while PostgreSQL allows {4}:"
            " use at most {5} characters".format(
                len(name),
                name,
                LONGEST_SUFFIX,
                len(object_name(name, LONGEST_SUFFIX)),
                MAX_IDENTIFIER_BYTES,
                MAX_NAME_LENGTH,
            ),
        )
    elif name in RESERVED_WORDS:
        problems.add("name", "it is a reserved word of SQL, and would need quoting: choose another")
    elif name in POWA_NAMES:
        problems.add("name", "PoWA itself uses this name: choose another")


def _parse(name: str, parameter: Mapping[str, Any], problems: _Problems) -> Definition:
    queries = _parse_queries(parameter, problems)
    keys = _parse_columns("keys", parameter.get("keys"), problems)
    metrics = _parse_columns("metrics", parameter.get("metrics"), problems)
    if not parameter.get("metrics"):
        problems.add("metrics", "found none, and a datasource without metrics has no history: declare at least one")
    _check_column_names(keys, metrics, problems)
    priority = parameter.get("priority")
    if priority is not None and not -(2**31) <= priority < 2**31:
        problems.add("priority", "found {0}, expected {1} to {2}".format(priority, -(2**31), 2**31 - 1))
    definition = Definition(
        name=name,
        description=(parameter.get("description") or "").strip(),
        queries=queries,
        keys=keys,
        metrics=metrics,
        extension=parameter.get("extension"),
        scope=parameter.get("scope") or CLUSTER,
        servers=_parse_names("servers", parameter, problems),
        databases=_parse_names("databases", parameter, problems),
        enabled=parameter.get("enabled"),
        priority=10 if priority is None else priority,
        retention=parameter.get("retention"),
        query_cleanup=clean_sql(parameter.get("query_cleanup") or "") or None,
        security_definer=bool(parameter.get("security_definer")),
        search_path=_parse_names("search_path", parameter, problems) or (),
        adopt=bool(parameter.get("adopt")),
        adopt_history=parameter.get("adopt_history") or None,
        adopt_history_without=_parse_names("adopt_history_without", parameter, problems) or (),
        pause=parameter.get("state") == "paused",
        pause_on=tuple(parameter.get("paused_on") or ()),
        title=(parameter.get("title") or "").strip() or None,
        set_title=(parameter.get("set") or "").strip() or None,
        may_be_empty=bool(parameter.get("may_be_empty")),
    )
    _check_number_of_keys(definition, problems)
    _check_adopted_history(definition, problems)
    _check_extension(definition, problems)
    _check_scope(definition, problems)
    return definition


def _parse_names(field: str, parameter: Mapping[str, Any], problems: _Problems) -> Any:
    names = parameter.get(field)
    if names is None:
        return None
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        problems.add(field, 'found "{0}" more than once: give each once'.format('", "'.join(repeated)))
    if not all(names):
        problems.add(field, "found an empty name: remove it")
    return tuple(names)


def _check_number_of_keys(definition: Definition, problems: _Problems) -> None:
    number = len(definition.stored_keys)
    if number > MAX_KEYS:
        problems.add(
            "keys",
            "found {0}{1}, expected at most {2}, which is what an index of PostgreSQL has room for: make metrics of"
            " some, or have the query return fewer columns".format(
                number, " with dbid" if definition.scope != CLUSTER else "", MAX_KEYS
            ),
        )


def _check_adopted_history(definition: Definition, problems: _Problems) -> None:
    if definition.adopt_history and not definition.adopt:
        problems.add("adopt_history", "it has no effect without adopt: give adopt: true, or leave it out")
    if definition.adopt_history_without and not definition.adopt_history:
        problems.add("adopt_history_without", "it has no effect without adopt_history: give that, or leave it out")


def _check_extension(definition: Definition, problems: _Problems) -> None:
    if definition.extension is None:
        return
    if not definition.extension or len(definition.extension.encode("utf-8")) > MAX_IDENTIFIER_BYTES:
        problems.add("extension", 'found "{0}", expected the name of an extension'.format(definition.extension))
    elif definition.extension in POWA_EXTENSIONS:
        problems.add(
            "extension",
            'PoWA itself has datasources for "{0}": leave it out to register the datasource under its own name'.format(
                definition.extension
            ),
        )


def _check_scope(definition: Definition, problems: _Problems) -> None:
    if definition.scope == CLUSTER:
        if definition.databases is not None:
            problems.add("databases", 'it works only with scope "database": set that scope, or leave it out')
        for name in dict.fromkeys(name for query in definition.queries for name in names_of_extensions(query.sql)):
            problems.add(
                "query",
                'it names an extension as {{{0}}}, which works only with scope "database": set that scope, or leave'
                " {{{0}}}. out, and give search_path".format(name),
            )
        return
    for query in definition.queries:
        for name, objects in names_of_extensions(query.sql).items():
            if "" in objects:
                problems.add(
                    "query",
                    "found {{{0}}} without a name behind it, expected {{{0}}}.NAME for something of that extension:"
                    " write its name, or leave {{{0}}} out".format(name),
                )
    for field, given in (
        ("extension", definition.extension),
        ("query_cleanup", definition.query_cleanup),
        ("security_definer", definition.security_definer),
        ("search_path", definition.search_path),
    ):
        if given:
            problems.add(field, 'scope "database" installs nothing on the remote that could use it: leave it out')
    for field, columns in (("keys", definition.keys), ("metrics", definition.metrics)):
        for position, column in enumerate(columns):
            if column.name == DBID.name:
                problems.add(
                    "{0}[{1}].name".format(field, position),
                    'with scope "database", the collector itself adds a column "dbid": leave it out',
                )
            if column.renamed_from == DBID.name:
                problems.add(
                    "{0}[{1}].renamed_from".format(field, position),
                    'with scope "database", "dbid" is the collector\'s own column: leave it out',
                )


#: What may stand before the first word of a query.
_BEFORE_SQL = re.compile(r"(\s|--[^\n]*(\n|$)|/\*.*?\*/|\()*", re.DOTALL)
#: What a sub-select begins with.
_SELECTS = ("select", "with", "values", "table")


def _check_query(field: str, sql: str, problems: _Problems) -> None:
    if not sql:
        problems.add(field, "it is empty: give a SELECT")
        return
    first = re.match(r"[a-zA-Z]+", _BEFORE_SQL.sub("", sql, count=1))
    if first and first.group().lower() not in _SELECTS:
        problems.add(
            field,
            'it begins with "{0}", expected a query that returns rows:'
            " write one that begins with SELECT, WITH, VALUES or TABLE".format(first.group()),
        )


def _parse_queries(parameter: Mapping[str, Any], problems: _Problems) -> Tuple[Query, ...]:
    query, queries = parameter.get("query"), parameter.get("queries")
    if query is not None and queries is not None:
        problems.add("query", "found both query and queries: give one of the two")
        return ()
    if query is not None:
        _check_query("query", clean_sql(query), problems)
        return (Query(0, clean_sql(query)),)
    if not queries:
        problems.add("query", "found neither query nor queries: give the SELECT that returns the samples")
        return ()
    parsed = []
    versions: List[int] = []
    for position, entry in enumerate(queries):
        field = "queries[{0}]".format(position)
        sql = clean_sql(str(entry.get("query") or ""))
        _check_query(field + ".query", sql, problems)
        min_version = entry.get("min_version") or 0
        if min_version and not 90000 <= min_version < 1000000:
            problems.add(
                field + ".min_version",
                "found {0}, expected a server_version_num such as 150000 for PostgreSQL 15".format(min_version),
            )
        if min_version in versions:
            problems.add(field + ".min_version", "found {0} twice: give each query its own".format(min_version))
        versions.append(min_version)
        parsed.append(Query(min_version, sql))
    return tuple(sorted(parsed, key=lambda entry: entry.min_version))


def _parse_columns(field: str, entries: Any, problems: _Problems) -> Tuple[Column, ...]:
    columns = []
    for position, entry in enumerate(entries or ()):
        where = "{0}[{1}]".format(field, position)
        name = str(entry.get("name") or "")
        if not name:
            problems.add(where + ".name", "it is empty: give the name of a column of the query")
        elif len(name.encode("utf-8")) > MAX_IDENTIFIER_BYTES:
            problems.add(
                where + ".name",
                '"{0}" has {1} bytes, and PostgreSQL allows {2}: shorten it'.format(
                    name, len(name.encode("utf-8")), MAX_IDENTIFIER_BYTES
                ),
            )
        elif name in RESERVED_COLUMNS:
            problems.add(
                where + ".name",
                '"{0}" is a column of PoWA\'s tables or of PostgreSQL itself:'
                " give the column another name in the query (AS ...)".format(name),
            )
        elif _PARAMETER.match(name):
            problems.add(
                where + ".name",
                '"{0}" is what PL/pgSQL calls a parameter: give the column another name in the query (AS ...)'.format(
                    name
                ),
            )
        typed = declared_type(str(entry["type"])) if entry.get("type") is not None else Typed(UNDECLARED)
        if typed is None:
            problems.add(where + ".type", 'found "{0}", expected {1}'.format(entry["type"], EXPECTED))
            typed = Typed(UNDECLARED)
        elif field == "keys" and not typed.type.groupable:
            problems.add(where + ".type", "found {0}, which GROUP BY cannot use: use jsonb".format(typed.type.name))
        renamed_from = entry.get("renamed_from")
        if renamed_from is not None and renamed_from in ("", name):
            problems.add(
                where + ".renamed_from", 'found "{0}", expected its former name: correct it'.format(renamed_from)
            )
        elif renamed_from in RESERVED_COLUMNS:
            problems.add(
                where + ".renamed_from",
                '"{0}" is a column of PoWA\'s tables or of PostgreSQL itself, and was never a key or a metric:'
                " give the column's former name, or leave it out".format(renamed_from),
            )
        if field == "keys":
            column = Column(name, typed.type, Kind.KEY, bool(entry.get("nullable")), renamed_from)
        else:
            kind = Kind(entry.get("kind") or Kind.COUNTER)
            overview = bool(entry.get("overview"))
            column = Column(name, typed.type, kind, True, renamed_from, _parse_shown(entry), overview=overview)
        columns.append(column._replace(cast_from=typed.cast_from))
    return tuple(columns)


def _parse_shown(entry: Mapping[str, Any]) -> Tuple[Tuple[str, str], ...]:
    texts = ((field, str(entry.get(field) or "").strip()) for field in SHOWN)
    return tuple((field, text) for field, text in texts if text)


def _check_column_names(keys: Tuple[Column, ...], metrics: Tuple[Column, ...], problems: _Problems) -> None:
    seen: Dict[str, str] = {}
    for field, columns in (("keys", keys), ("metrics", metrics)):
        for position, column in enumerate(columns):
            where = "{0}[{1}]".format(field, position)
            if column.name and column.name in seen:
                problems.add(
                    where + ".name", '"{0}" is also {1}: give each column once'.format(column.name, seen[column.name])
                )
            seen.setdefault(column.name, where)
    sources: Dict[str, str] = {}
    for column in keys + metrics:
        if column.renamed_from is None:
            continue
        where = seen[column.name] + ".renamed_from"
        # A column with its own name has a sentence of its own.
        if column.renamed_from in seen and column.renamed_from != column.name:
            problems.add(
                where,
                'a column "{0}" is declared, too ({1}): remove renamed_from once the rename is done'.format(
                    column.renamed_from, seen[column.renamed_from]
                ),
            )
        if column.renamed_from in sources:
            problems.add(
                where,
                '{1} has the same "{0}": give it once'.format(column.renamed_from, sources[column.renamed_from]),
            )
        sources.setdefault(column.renamed_from, seen[column.name])
