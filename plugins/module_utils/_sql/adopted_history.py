# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that take the history of a hand-written datasource into that of a declared one.

A superuser's session runs them, so all that they read belongs to nobody who could change it into code: plain tables and
composite types whose owners are trusted, and columns of PostgreSQL's own types.
"""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._sql.owners import (
    runs_functions,
    stranger,
    stranger_of_schema,
)

# A column is a name, a type, whether the type is PostgreSQL's own, whether it is never NULL, its collation if that
# treats different texts as equal, and the composite type of its value or its elements: whether these are elements, the
# type's owner if he is a stranger, and its attributes.
TABLES = """
    SELECT n.nspname AS schema, c.relname AS name, c.relkind = 'r' AND NOT c.relhassubclass AS plain,
        CASE c.relkind WHEN 'r' THEN pg_catalog.pg_total_relation_size(c.oid) ELSE 0 END AS size,
        {stranger} AS stranger, {stranger_of_schema} AS stranger_of_schema, {runs_functions} AS runs_functions,
        c.relrowsecurity AS row_security,
        (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
                a.attname, pg_catalog.format_type(a.atttypid, NULL), {own_type}, a.attnotnull, {collation},
                (SELECT pg_catalog.json_build_array(e.oid IS NOT NULL, {stranger_of_type},
                        (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
                                b.attname, pg_catalog.format_type(b.atttypid, NULL), {own_type_of_attribute}, false,
                                {collation_of_attribute}, NULL) ORDER BY b.attnum)
                            FROM pg_catalog.pg_attribute AS b
                            JOIN pg_catalog.pg_type AS y ON y.oid = b.atttypid
                            WHERE b.attrelid = r.oid AND b.attnum > 0 AND NOT b.attisdropped))
                    FROM pg_catalog.pg_class AS r
                    WHERE r.oid = coalesce(e.typrelid, CASE t.typtype WHEN 'c' THEN t.typrelid END)))
                ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute AS a
            JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            LEFT JOIN pg_catalog.pg_type AS e ON e.typarray = t.oid AND e.typtype = 'c'
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
    FROM pg_catalog.json_to_recordset({names}) AS w (schema text, name text)
    JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind NOT IN ('i', 'I', 'c')
    ORDER BY 1, 2
""".replace("{stranger}", stranger("c.relowner")).replace("{stranger_of_type}", stranger("r.relowner"))
TABLES = TABLES.replace("{stranger_of_schema}", stranger_of_schema("n")).replace(
    "{runs_functions}", runs_functions("c")
)
_OWN_TYPE = """({type}.oid < 16384 AND {type}.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
                    AND {type}.typtype IN ('b', 'r'))"""
TABLES = TABLES.replace("{own_type_of_attribute}", _OWN_TYPE.replace("{type}", "y"))
TABLES = TABLES.replace("{own_type}", _OWN_TYPE.replace("{type}", "t"))
_COLLATION = """(SELECT l.collname FROM pg_catalog.pg_collation AS l
                    WHERE l.oid = {column}.attcollation AND NOT l.collisdeterministic)"""
TABLES = TABLES.replace("{collation_of_attribute}", _COLLATION.replace("{column}", "b"))
TABLES = TABLES.replace("{collation}", _COLLATION.replace("{column}", "a"))

# What an INSERT would cast by itself. Any type becomes text so. A cast that somebody created would run his function.
CASTS = """
    SELECT s.name, t.name
    FROM pg_catalog.unnest({sources}::text[]) AS s (name)
    CROSS JOIN pg_catalog.unnest({targets}::text[]) AS t (name)
    JOIN pg_catalog.pg_type AS f ON f.oid = s.name::pg_catalog.regtype
    JOIN pg_catalog.pg_type AS g ON g.oid = t.name::pg_catalog.regtype
    WHERE (g.typcategory = 'S' OR EXISTS (SELECT FROM pg_catalog.pg_cast AS k
            WHERE k.oid < 16384 AND k.castcontext IN ('a', 'i') AND {is_of_pair}))
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_cast AS k WHERE k.oid >= 16384 AND {is_of_pair})
""".replace(
    "{is_of_pair}",
    """(k.castsource = f.oid AND k.casttarget = g.oid
                OR f.typcategory = 'A' AND g.typcategory = 'A' AND k.castsource = f.typelem
                    AND k.casttarget = g.typelem)""",
)

# Tables with a column srvid that the text of a function mentions. No text is run.
MENTIONED = """
    SELECT DISTINCT n.nspname, c.relname
    FROM pg_catalog.pg_proc AS p
    CROSS JOIN LATERAL pg_catalog.regexp_split_to_table(p.prosrc, '[^[:alnum:]_$]+') AS w (word)
    JOIN pg_catalog.pg_class AS c ON c.relname = w.word AND c.relkind IN ('r', 'p')
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'srvid' AND NOT a.attisdropped
    WHERE p.proname = ANY ({functions}::name[]) AND p.proargtypes::text = '23' AND c.relname NOT LIKE '%\\_tmp'
      AND coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '') NOT LIKE {mark}
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_extension AS x ON x.oid = d.refobjid AND x.extname = 'powa'
          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1, 2
"""

# Tables, indexes and types of these names; a table has a type of its name.
NAMES = """
    SELECT c.relname FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = {schema} AND c.relname = ANY ({names}::name[])
    UNION
    SELECT t.typname FROM pg_catalog.pg_type AS t
    JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
    WHERE n.nspname = {schema} AND t.typname = ANY ({names}::name[])
"""
RENAME_TABLE = "ALTER TABLE {name} RENAME TO {new_name}"
RENAME_TYPE = "ALTER TYPE {name} RENAME TO {new_name}"
RENAME_INDEX = "ALTER INDEX {name} RENAME TO {new_name}"

LOCK_TO_READ = "LOCK TABLE ONLY {table} IN ACCESS SHARE MODE"

# Whoever adds rows waits until the task has ended: rows that come later would stay behind.
LOCK = "LOCK TABLE ONLY {table} IN SHARE MODE"

# In what is inside, keys are called k0, k1 ..., and metrics m0, m1 ..., since a column may have any name.
TAKE = """INSERT INTO {history} (srvid, {keys}coalesce_range, records, mins_in_range, maxs_in_range)
    SELECT s.srvid, {sample_keys}pg_catalog.tstzrange(pg_catalog.min(s.ts), pg_catalog.max(s.ts), '[]'),
        pg_catalog.array_agg(ROW(s.ts{metrics})::{record_type} ORDER BY s.ts),
        ROW(pg_catalog.min(s.ts){mins})::{minmax_type},
        ROW(pg_catalog.max(s.ts){maxs})::{minmax_type}
    FROM (
        SELECT f.*, {part} AS part
        FROM (
            SELECT h.srvid, {ts} AS ts, h.ctid AS origin{columns}
            FROM {samples}
            WHERE {usable}
        ) AS f
    ) AS s
    GROUP BY s.srvid, s.part{group_keys}"""
USABLE = "{ts} IS NOT NULL AND EXISTS (SELECT FROM {servers} AS i WHERE i.id = h.srvid)"

SAMPLES_OF_RECORDS = "ONLY {table} AS h CROSS JOIN LATERAL pg_catalog.unnest(h.{record}) AS r"
SAMPLES = "ONLY {table} AS h"

# One row of history for each row of theirs, or for so many samples as PoWA aggregates by default.
PART_OF_RECORDS = "f.origin"
PART = "(pg_catalog.row_number() OVER (PARTITION BY f.srvid{keys} ORDER BY f.ts) - 1) / 100"

# Each reads all samples, and a cast fails at the first value that cannot become the type.
CAST = "SELECT pg_catalog.count({value}::{type}) FROM {samples} WHERE {usable}"
LACKS_KEY = "SELECT EXISTS (SELECT FROM {samples} WHERE {usable} AND {value} IS NULL)"
UNUSABLE = """SELECT pg_catalog.count(*) FILTER (WHERE {ts} IS NULL),
        coalesce(pg_catalog.array_agg(DISTINCT coalesce(h.srvid::text, 'NULL')) FILTER (WHERE NOT EXISTS (
            SELECT FROM {servers} AS i WHERE i.id = h.srvid)), ARRAY[]::text[])
    FROM {samples}"""
