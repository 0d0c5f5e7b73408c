# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever names, columns and types a definition has: it is refused before any write, or all of it works."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from typing import Any, Dict, Iterator, List, Sequence, Set, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import RESERVED_WORDS
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import TYPE_NAMES, declared_type
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.archivist import POWA_NAMES
from column_values import LONG, VALUES, WITHOUT_MINMAX, quoted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import Database, on_every_server

REMOTE = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
LOCAL = {"server_kind": ["local"]}

RESERVED_COLUMNS = (
    "srvid ts coalesce_range record records mins_in_range maxs_in_range _srvid _from _to"
    " tableoid xmin cmin xmax cmax ctid".split()
)

#: What has to be written with care: quotes, parameters, placeholders, comments, dollars, spaces, and of every width.
AWKWARD = "aqA0_ \t\n\"'`.,;:%{}()[]$\\/-+*<>=!?@#&|^~äßżλЖ中🐘\u0301\u200b\u202e"
WORDS = (
    'select table user order null all new old found c h q s t name type "char" %s %(a)s {name} $query$ a.b --'.split()
)
SMALL = {
    name: [value for value in values if LONG not in value and "generate" not in value]
    for name, values in VALUES.items()
}


#: What the names of a datasource's objects end with.
SUFFIXES = (
    "_src _src_tmp _history _history_current _history_record _history_record_minmax _history_ts _history_current_srvid"
    " _snapshot _aggregate _purge _reset _unregister _cleanup _get _rate".split()
)

LEFT_OVER = """
    SELECT o.name
    FROM (
        SELECT relname FROM pg_class
        UNION ALL SELECT proname FROM pg_proc
        UNION ALL SELECT typname FROM pg_type
        UNION ALL SELECT 'powa_' || coalesce(to_jsonb(f) ->> 'module', to_jsonb(f) ->> 'name') || '_'
            FROM powa_functions AS f
    ) AS o (name)
    WHERE EXISTS (SELECT FROM unnest(%s) AS n WHERE starts_with(o.name, 'powa_' || n || '_'))
    ORDER BY 1
"""

#: Changes when anything is made, changed or dropped.
EVERYTHING = """
    SELECT 'pg_class', count(*), max(xmin::text::bigint) FROM pg_class
    UNION ALL SELECT 'pg_proc', count(*), max(xmin::text::bigint) FROM pg_proc
    UNION ALL SELECT 'pg_type', count(*), max(xmin::text::bigint) FROM pg_type
    UNION ALL SELECT 'registry', count(*), NULL FROM powa_functions
    ORDER BY 1
"""

OBJECTS_OF_POWA = """
    SELECT coalesce(c.relname, p.proname, t.typname)
    FROM pg_depend AS d
    JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'powa'
    LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    LEFT JOIN pg_type AS t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
    WHERE d.deptype = 'e' AND coalesce(c.relname, p.proname, t.typname) IS NOT NULL
"""


def some(examples: int) -> Any:
    """Return the settings of a property that makes databases work: the same examples in every run."""
    slow = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=slow)


def in_bytes(least: int, most: int) -> Any:
    return lambda text: least <= len(text.encode()) <= most


#: Names of columns that PostgreSQL takes, some of exactly as many bytes as it takes.
COLUMN_NAMES = (
    st.one_of(
        st.sampled_from(WORDS),
        st.text(AWKWARD, min_size=1, max_size=24),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=63),
        st.builds(lambda letter, rest: letter + "é" * 29 + rest, st.sampled_from("xé"), st.text("ab", min_size=1)),
        st.sampled_from(["x" * 63, "é" * 31 + "x", "中" * 21, "🐘" * 15 + "xyz", '"' * 63, "%" * 63, "{}" * 31]),
    )
    .filter(in_bytes(1, 63))
    .filter(lambda name: name not in RESERVED_COLUMNS and not re.fullmatch("[$][0-9]+", name))
)


@st.composite
def definitions(draw: Any) -> Dict[str, Any]:
    """Return a definition without a name; its query returns one row, in any order of the columns."""
    names = draw(st.lists(COLUMN_NAMES, min_size=1, max_size=8, unique=True))
    keys_wanted = draw(st.integers(0, min(3, len(names) - 1)))
    keys, metrics, columns = [], [], []
    for position, name in enumerate(names):
        is_key = position < keys_wanted
        kind = draw(st.sampled_from([kind for kind in TYPE_NAMES if not (is_key and kind == "json")]))
        nullable = draw(st.booleans()) if is_key else True
        value = draw(st.sampled_from(SMALL[kind] + (["NULL"] if nullable else [])))
        columns.append("({0})::{1} AS {2}".format(value, kind, quoted(name)))
        if is_key:
            keys.append({"name": name, "type": kind, "nullable": nullable})
        else:
            metrics.append({"name": name, "type": kind, "kind": draw(st.sampled_from(["counter", "gauge"]))})
    return {
        "description": draw(st.text(AWKWARD, max_size=40)),
        "query": "SELECT {0}{1}".format(
            ", ".join(draw(st.permutations(columns))),
            draw(st.sampled_from(["", ";", " -- %s {0} $query$", " /* ' */"])),
        ),
        "keys": keys,
        "metrics": metrics,
        "priority": draw(st.integers(1, 100)),
    }


def columns_of(cursor: Any, relation: str) -> List[Tuple[str, str]]:
    """Return (name, type) of the columns of a table, or of the attributes of a type."""
    cursor.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (relation,),
    )
    return list(cursor.fetchall())


def result_of(cursor: Any, function: str) -> List[Tuple[str, str]]:
    """Return (name, type) of the columns that a function returns."""
    cursor.execute(
        "SELECT a.name, format_type(a.type, -1) FROM pg_proc AS p,"
        " unnest(p.proargnames, p.proallargtypes, p.proargmodes) WITH ORDINALITY AS a (name, type, mode, position)"
        " WHERE p.proname = %s AND a.mode = 'o' ORDER BY position",
        (function,),
    )
    return list(cursor.fetchall())


def check_columns(cursor: Any, definition: Dict[str, Any]) -> None:
    """Compare every object with the definition."""
    name = "powa_" + definition["name"]
    keys = [(column["name"], column["type"]) for column in definition["keys"]]
    metrics = [(column["name"], column["type"]) for column in definition["metrics"]]
    minmax = [column for column in metrics if column[1] not in WITHOUT_MINMAX]
    srvid, ts = ("srvid", "integer"), ("ts", "timestamp with time zone")
    minmax_type = name + "_history_record_minmax"
    assert result_of(cursor, name + "_src") == [ts, *keys, *metrics]
    assert columns_of(cursor, name + "_src_tmp") == [srvid, ts, *keys, *metrics]
    assert columns_of(cursor, name + "_history_record") == [ts, *metrics]
    assert columns_of(cursor, minmax_type) == [ts, *minmax]
    assert columns_of(cursor, name + "_history_current") == [srvid, *keys, ("record", name + "_history_record")]
    assert columns_of(cursor, name + "_history") == [
        srvid,
        *keys,
        ("coalesce_range", "tstzrange"),
        ("records", name + "_history_record[]"),
        ("mins_in_range", minmax_type),
        ("maxs_in_range", minmax_type),
    ]


def check_sample(cursor: Any, definition: Dict[str, Any]) -> None:
    """Compare the one row in history with what the query returns."""
    texts = ["{0}::text".format(quoted(column["name"])) for column in definition["keys"]]
    records = ["(record).{0}::text".format(quoted(column["name"])) for column in definition["metrics"]]
    metrics = ["{0}::text".format(quoted(column["name"])) for column in definition["metrics"]]
    cursor.execute("SELECT {0} FROM powa_{1}_history_current".format(", ".join(texts + records), definition["name"]))
    kept = cursor.fetchall()
    query = definition["query"].strip().rstrip(";")
    cursor.execute("SELECT {0} FROM (\n{1}\n) AS original".format(", ".join(texts + metrics), query))
    assert kept == cursor.fetchall()


def left_over(cursor: Any, names: Sequence[str]) -> List[str]:
    """Return what the database has of those datasources."""
    cursor.execute(LEFT_OVER, (list(names),))
    return [row[0] for row in cursor.fetchall()]


@contextmanager
def made(database: Database, datasources: Sequence[Dict[str, Any]], **params: Any) -> Iterator[Any]:
    """Make datasources, yield a cursor, and in the end drop them and see that nothing is left of them."""
    names = [datasource["name"] for datasource in datasources]
    gone = [{"name": name, "state": "absent", "history": "drop"} for name in names]
    with closing(database.server.connect(database.name)) as connection, connection.cursor() as cursor:
        # PoWA itself has powa_delete_and_purge_server, which looks like one of a datasource "delete".
        before = left_over(cursor, names)
        try:
            assert database.ok("datasources", datasources=datasources, **params).changed
            assert left_over(cursor, names) != before
            yield cursor
            again = database.ok("datasources", datasources=datasources, **params)
            assert not again.changed, again.diff
        finally:
            # Also after a failure: the next example has the same names.
            result = database.run("datasources", datasources=gone, **params)
        assert not result.failed, result["msg"]
        assert left_over(cursor, names) == before


def named(found: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
    return [dict(definition, name="d{0}".format(number)) for number, definition in enumerate(found)]


def test_any_definition_works_in_remote_mode(database: Database) -> None:
    (srvid,) = database.register("one")

    @some(examples=8)
    @given(st.lists(definitions(), min_size=4, max_size=4))
    def works(found: List[Dict[str, Any]]) -> None:
        datasources = named(found)
        with made(database, datasources, **REMOTE) as cursor:
            for datasource in datasources:
                check_columns(cursor, datasource)
                database.collect(datasource["name"], srvid)
            database.take_snapshot(srvid)
            for datasource in datasources:
                check_sample(cursor, datasource)

    works()


def test_any_definition_works_in_local_mode(database: Database) -> None:
    @some(examples=3)
    @given(st.lists(definitions(), min_size=8, max_size=8))
    def works(found: List[Dict[str, Any]]) -> None:
        datasources = named(found)
        with made(database, datasources, **LOCAL) as cursor:
            for datasource in datasources:
                check_columns(cursor, datasource)
            database.take_snapshot(0)
            for datasource in datasources:
                check_sample(cursor, datasource)

    works()


def whole(name: str, **changes: Any) -> Dict[str, Any]:
    return dict({"name": name, "query": "SELECT 1 AS n", "metrics": [{"name": "n", "type": "int"}]}, **changes)


def refused(database: Database, datasources: Sequence[Dict[str, Any]]) -> Set[str]:
    """Run datasources that are to be refused, see that nothing was written, and return the names of those at fault."""
    before = database.sql(EVERYTHING)
    result = database.run("datasources", datasources=datasources, **REMOTE)
    assert result.failed, result.result
    assert database.sql(EVERYTHING) == before
    faults = set()
    for problem in result["problems"]:
        names = [datasource["name"] for datasource in datasources]
        # A message is one line for each problem.
        lines = [re.sub("[\0-\x1f]", lambda match: ascii(match.group())[1:-1], name) for name in names]
        starts = ['datasource "{0}", '.format(name) for name in lines]
        starts += ['datasource "number {0} of the list", '.format(number) for number in range(1, len(names) + 1)]
        faults |= {(names * 2)[position] for position, start in enumerate(starts) if problem.startswith(start)}
    return faults


def test_a_name_is_refused_or_names_every_object(database: Database) -> None:
    database.register("one")
    keywords = {word for (word,) in database.sql("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')")}
    other_words = {word for (word,) in database.sql("SELECT word FROM pg_get_keywords() WHERE catcode IN ('U', 'C')")}
    plain = st.from_regex("[a-z_][a-z0-9_]{0,39}", fullmatch=True)
    names = st.one_of(
        plain,
        plain,
        # What could be taken for an object of another one.
        st.builds("".join, st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(SUFFIXES))),
        st.sampled_from(
            ["x" * 36, "_" * 36, "x" * 37, "", " a", "a ", "a\n", "A", "é", "a$", "0a", "a-b", 'a"b', "a.b"]
        ),
        st.text(AWKWARD + "ab_", max_size=12),
        st.sampled_from(sorted(keywords)),
        st.sampled_from(sorted(other_words)),
    )

    @some(examples=8)
    @given(st.lists(names, min_size=8, max_size=12, unique=True))
    def works(found: List[str]) -> None:
        # Words that only another version of PostgreSQL or PoWA has are refused, too.
        found = [name for name in found if name not in (RESERVED_WORDS | POWA_NAMES) - keywords]
        good = [name for name in found if re.fullmatch("[a-z_][a-z0-9_]{0,35}", name) and name not in keywords]
        if good != found:
            assert refused(database, [whole(name) for name in found]) == set(found) - set(good)
        if not good:
            return
        with made(database, [whole(name) for name in good], **REMOTE) as cursor:
            for name in good:
                # PoWA writes these names without quotes.
                cursor.execute(
                    "SELECT to_regclass('powa_{0}_src_tmp'), to_regclass('powa_{0}_history_current'),"
                    " to_regclass('powa_{0}_history'), to_regtype('powa_{0}_history_record'),"
                    " to_regprocedure('powa_{0}_src(integer)'), to_regprocedure('powa_{0}_snapshot(integer)'),"
                    " to_regprocedure('powa_{0}_aggregate(integer)'), to_regprocedure('powa_{0}_purge(integer)'),"
                    " to_regprocedure('powa_{0}_reset(integer)')".format(name)
                )
                assert None not in cursor.fetchone(), name

    works()


@on_every_server
def test_the_names_of_powa_are_refused(database: Database) -> None:
    taken = set()
    for (name,) in database.sql(OBJECTS_OF_POWA):
        for suffix in SUFFIXES:
            if name.startswith("powa_") and name.endswith(suffix) and len(name) > len("powa_" + suffix):
                taken.add(name[len("powa_") : -len(suffix)])
    assert {"user_functions", "statements"} <= taken
    assert refused(database, [whole(name) for name in sorted(taken)]) == taken


#: Columns of which each is refused, whatever is beside it.
BAD_COLUMNS = st.one_of(
    st.builds(
        lambda name, kind: [{"name": name, "type": kind}],
        st.one_of(
            st.sampled_from(["", "$1", "$12", *RESERVED_COLUMNS, "x" * 64, "é" * 32, "中" * 21 + "x", "🐘" * 16]),
            st.text(AWKWARD, min_size=64, max_size=80),
            st.builds("{0}\0{1}".format, st.text(AWKWARD, max_size=9), st.text(AWKWARD, max_size=9)),
        ),
        st.sampled_from(["bigint", "text"]),
    ),
    st.builds(
        lambda name, kind: [{"name": name, "type": kind}],
        COLUMN_NAMES,
        st.one_of(
            st.sampled_from(
                ["json(1)", "varchar(9)", "numeric(3, 1)", "integer); DROP TABLE powa_servers; --", "powa_servers"]
            ),
            st.text(AWKWARD, max_size=12),
        ).filter(lambda kind: declared_type(kind) is None),
    ),
    st.builds(lambda name: [{"name": name, "type": "int"}] * 2, COLUMN_NAMES),
)


def test_bad_columns_are_refused_before_any_write(database: Database) -> None:
    @some(examples=10)
    @given(st.lists(st.tuples(BAD_COLUMNS, st.booleans()), min_size=10, max_size=10))
    def works(found: List[Any]) -> None:
        datasources = [whole("good")]
        for number, (columns, are_keys) in enumerate(found):
            metrics = [{"name": "n", "type": "int"}] if are_keys else columns
            datasources.append(whole("d{0}".format(number), keys=columns if are_keys else [], metrics=metrics))
        assert refused(database, datasources) == {datasource["name"] for datasource in datasources[1:]}

    works()
