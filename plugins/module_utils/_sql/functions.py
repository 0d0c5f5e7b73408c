# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bodies of the functions of a datasource. Every table and column in them is qualified.

Those with a search_path of C(pg_catalog, pg_temp) find operators and functions in C(pg_catalog) only. The others would
find them in schemas where somebody may have made some that fit better, so they name the schema.
"""

from __future__ import annotations

# The user's query runs only here, from a quoted literal, so that no name in it can clash with a variable of PL/pgSQL.
SOURCE = """
BEGIN
    IF _srvid OPERATOR(pg_catalog.<>) 0 THEN
        RETURN QUERY
        SELECT t.ts, {columns}
        FROM {transient} AS t
        WHERE t.srvid OPERATOR(pg_catalog.=) _srvid;
        RETURN;
    END IF;
{branches}
END;
"""

SOURCE_ONE_QUERY = """    RETURN QUERY EXECUTE {query};"""

SOURCE_BY_VERSION = """    CASE
{branches}
        ELSE
            RAISE EXCEPTION 'datasource % has no query for PostgreSQL %',
                {name}, pg_catalog.current_setting('server_version');
    END CASE;"""

SOURCE_VERSION_BRANCH = """        WHEN (pg_catalog.current_setting('server_version_num')::integer)
            OPERATOR(pg_catalog.>=) {min_version} THEN
            RETURN QUERY EXECUTE {query};"""

TIMED_SAMPLE = """SELECT pg_catalog.now(), {columns}
FROM (
{query}
) AS q"""

# With scope database, the collector adds the time.
SAMPLE = """SELECT {columns}
FROM (
{query}
) AS q"""

# The schema of an extension may be another in each database, and there is no function of ours to look it up. So the
# query is a text that query_to_xml runs, with the schemas filled in. One value holds all rows, without a character that
# XML would escape. In a database that lacks an extension, its schema is NULL, and so is the text: there are no rows.
# Nor are there any where somebody else has created something with a name that the query takes from the extension.
SAMPLE_WITH_EXTENSIONS = """SELECT {columns}
FROM (
    SELECT s.fields::pg_catalog.text[] AS fields
    FROM pg_catalog.unnest((
        SELECT pg_catalog.convert_from(pg_catalog.decode(nullif(pg_catalog.split_part(pg_catalog.split_part(
            pg_catalog.query_to_xml({query}, false, false, '')::pg_catalog.text,
            '<all_rows>', 2), '</all_rows>', 1), ''), 'base64'), pg_catalog.getdatabaseencoding())
        FROM (SELECT {schemas}) AS e
    )::pg_catalog.text[]) AS s (fields)
    OFFSET 0
) AS q"""

SCHEMA_OF_EXTENSION = """(
            SELECT pg_catalog.quote_ident(n.nspname)
            FROM pg_catalog.pg_extension AS x
            JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) x.extnamespace
            WHERE x.extname OPERATOR(pg_catalog.=) {name} AND NOT EXISTS (
                SELECT
                FROM (
                    SELECT p.tableoid, p.oid, p.proname, p.pronamespace
                    FROM pg_catalog.pg_proc AS p
                    UNION ALL
                    SELECT c.tableoid, c.oid, c.relname, c.relnamespace
                    FROM pg_catalog.pg_class AS c
                    WHERE c.relkind OPERATOR(pg_catalog.<>) 'c'
                    UNION ALL
                    SELECT t.tableoid, t.oid, t.typname, t.typnamespace
                    FROM pg_catalog.pg_type AS t
                    LEFT JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) t.typrelid
                    WHERE c.relkind IS NULL OR c.relkind OPERATOR(pg_catalog.=) 'c'
                ) AS o (kind, id, name, schema)
                WHERE o.schema OPERATOR(pg_catalog.=) x.extnamespace
                AND o.name OPERATOR(pg_catalog.=) ANY ({objects}::pg_catalog.name[])
                AND NOT EXISTS (
                    SELECT
                    FROM pg_catalog.pg_depend AS d
                    WHERE d.classid OPERATOR(pg_catalog.=) o.kind AND d.objid OPERATOR(pg_catalog.=) o.id
                    AND d.refclassid OPERATOR(pg_catalog.=) x.tableoid AND d.refobjid OPERATOR(pg_catalog.=) x.oid
                    AND d.deptype OPERATOR(pg_catalog.=) 'e'
                )
            )
        ) AS {alias}"""

ALL_ROWS = """SELECT pg_catalog.encode(pg_catalog.convert_to(
    pg_catalog.array_agg(ARRAY[{columns}]::pg_catalog.text)::pg_catalog.text,
    pg_catalog.getdatabaseencoding()), 'base64') AS all_rows
FROM (
{query}
) AS q"""

CLEANUP = """
BEGIN
    EXECUTE {cleanup};
END;
"""

# In local mode a superuser calls this, and it runs as its owner, who is none. A restore without that role would make a
# superuser the owner; and the owner, as whom the query runs, may turn the function into one that runs as its caller.
RUN = """
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_roles AS r
        WHERE r.rolname OPERATOR(pg_catalog.=) CURRENT_USER AND NOT r.rolsuper
    ) THEN
        RAISE EXCEPTION 'datasource %: its query would run as superuser %: declare it again for the local server',
            {name}, CURRENT_USER;
    END IF;
{branches}
END;
"""

RUN_AS_OWNER = """
BEGIN
{branches}
END;
"""

# PL/pgSQL looks up the types of a function's variables when a session first calls it, and keeps what it found. A query
# with a search_path or temporary types of its own would choose those types, so what PoWA calls as a superuser is
# compiled before any query runs, once in a transaction. No query can set the mark: its settings are undone.
COMPILE_FUNCTIONS = """
    IF pg_catalog.current_setting('pgfleet.compiled', true) IS DISTINCT FROM pg_catalog.now()::text THEN
        PERFORM pg_catalog.set_config('check_function_bodies', 'on', true),
            pg_catalog.set_config('plpgsql.extra_errors', 'none', true),
            pg_catalog.set_config('plpgsql.extra_warnings', 'none', true);
        FOR compiled IN
            SELECT p.oid, coalesce(
                (SELECT pg_catalog.substr(c.setting, 13) || ', pg_temp'
                    FROM pg_catalog.unnest(p.proconfig) AS c (setting)
                    WHERE c.setting LIKE 'search_path=%'),
                pg_catalog.format('pg_catalog, %I, %I, pg_temp', n.nspname, {schema_name})) AS search_path
            FROM pg_catalog.pg_proc AS p
            JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
            JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
            JOIN pg_catalog.pg_roles AS r ON r.oid = p.proowner
            LEFT JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid
                AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
            LEFT JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
            WHERE (r.rolsuper
                OR r.oid IN (SELECT x.extowner FROM pg_catalog.pg_extension AS x WHERE x.extname = 'powa'))
              AND (e.extname = 'powa'
                OR p.proargtypes::text = '23' AND (n.nspname = {schema_name} OR e.oid IS NOT NULL) AND p.proname IN (
                    SELECT u.name FROM {schema}.powa_functions AS f
                    CROSS JOIN LATERAL (VALUES (f.function_name::text), (f.query_source::text)) AS u (name)
                    WHERE f.srvid = 0 AND f.enabled))
        LOOP
            BEGIN
                PERFORM pg_catalog.set_config('search_path', compiled.search_path, true);
                PERFORM pg_catalog.plpgsql_validator(compiled.oid);
            EXCEPTION WHEN OTHERS THEN
                RAISE EXCEPTION 'PoWA calls function %, which cannot be compiled with the search_path % (%):'
                    ' give it one of its own (ALTER FUNCTION ... SET search_path)',
                    compiled.oid::pg_catalog.regprocedure, compiled.search_path, SQLERRM;
            END;
        END LOOP;
        PERFORM pg_catalog.set_config('search_path', {own_path}, true),
            pg_catalog.set_config('pgfleet.compiled', pg_catalog.now()::text, true);
    END IF;"""

# What a cleanup does has to stay, so it cannot be rolled back. While PostgreSQL refreshes a materialized view, it runs
# the query as the view's owner, refuses deferred triggers, held cursors and the like, which would run later as the
# superuser who commits, and takes back all settings.
RUN_CLEANUP = """
BEGIN
    CREATE MATERIALIZED VIEW {view} AS SELECT NULL::integer AS done FROM {cleanup}(0) AS c WITH NO DATA;
    ALTER MATERIALIZED VIEW {view} OWNER TO {role};
    REFRESH MATERIALIZED VIEW {view};
    DROP MATERIALIZED VIEW {view};
    -- A temporary domain would be found instead of a type of that name.
    IF EXISTS (
        SELECT FROM pg_catalog.pg_type AS t
        WHERE t.typnamespace = pg_catalog.pg_my_temp_schema()
          AND t.typtype <> 'c' AND NOT (t.typtype = 'b' AND t.typcategory = 'A')
    ) THEN
        RAISE EXCEPTION 'datasource %: its query_cleanup must not create temporary types', {name};
    END IF;
END;
"""

SNAPSHOT = """
DECLARE
    compiled record;
    taken record;
BEGIN
    {lock}

    IF _srvid <> 0 THEN
        INSERT INTO {current} (srvid, {keys}record)
        SELECT _srvid, {sample_keys}ROW(s.ts, {sample_metrics})::{record_type}
        FROM {transient} AS s
        WHERE s.srvid = _srvid;

        DELETE FROM {transient} AS t WHERE t.srvid = _srvid;
        RETURN;
    END IF;

    {compile_functions}

    -- Whatever the query sets or changes is rolled back, before any other statement. Only its rows stay.
    SELECT false AS ran INTO taken;
    BEGIN
        SELECT true AS ran, pg_catalog.array_agg(ROW(r.ts, {run_columns})) AS samples
        INTO taken
        FROM {run}(_srvid) AS r;
        RAISE EXCEPTION USING ERRCODE = 'PWROW';
    EXCEPTION
        WHEN SQLSTATE 'PWROW' THEN
            IF NOT taken.ran THEN
                RAISE;
            END IF;
    END;

    INSERT INTO {current} (srvid, {keys}record)
    SELECT _srvid, {sample_keys}ROW(s.ts, {sample_metrics})::{record_type}
    FROM pg_catalog.unnest(taken.samples) AS s (ts timestamp with time zone, {typed_columns});
{cleanup}END;
"""

# For remotes the collector does the cleanup; in local mode this function has to.
LOCAL_CLEANUP = """
    PERFORM {function}(_srvid);
"""

# With scope database there are remotes only.
SNAPSHOT_OF_DATABASES = """
BEGIN
    {lock}

    INSERT INTO {current} (srvid, {keys}record)
    SELECT _srvid, {sample_keys}ROW(s.ts, {sample_metrics})::{record_type}
    FROM {transient} AS s
    WHERE s.srvid = _srvid;

    DELETE FROM {transient} AS t WHERE t.srvid = _srvid;
END;
"""

AGGREGATE = """
BEGIN
    {lock}

    INSERT INTO {history} (srvid, {keys}coalesce_range, records, mins_in_range, maxs_in_range)
    SELECT c.srvid, {current_keys}pg_catalog.tstzrange(min((c.record).ts), max((c.record).ts), '[]'),
        pg_catalog.array_agg(c.record),
        ROW({mins})::{minmax_type},
        ROW({maxs})::{minmax_type}
    FROM {current} AS c
    WHERE c.srvid = _srvid
    GROUP BY c.srvid{group_keys};

    DELETE FROM {current} AS c WHERE c.srvid = _srvid;
END;
"""

# The retention is read once, since that is not cheap. The variable has a label, since a column may have any name.
PURGE = """
<<purge>>
DECLARE
    oldest timestamp with time zone := pg_catalog.now() - {retention};
BEGIN
    {lock}

    DELETE FROM {history} AS h
    WHERE h.srvid = _srvid
      AND pg_catalog.upper(h.coalesce_range) < purge.oldest;
END;
"""

RESET = """
BEGIN
    DELETE FROM {history} AS h WHERE h.srvid = _srvid;
    DELETE FROM {current} AS c WHERE c.srvid = _srvid;
    DELETE FROM {transient} AS t WHERE t.srvid = _srvid;
END;
"""

# PoWA 4 calls this with 0 when an extension of the module's name is dropped.
UNREGISTER = """
BEGIN
    DELETE FROM {schema}.powa_functions AS f WHERE f.module = {name};
    RETURN true;
END;
"""

# A range without a bound is open at that end. It is compared twice, since the index has only the ranges of whole rows.
GET = """
SELECT {keys}r.ts, {metrics}
FROM {history} AS h
CROSS JOIN LATERAL pg_catalog.unnest(h.records) AS r
WHERE h.srvid OPERATOR(pg_catalog.=) _srvid
  AND h.coalesce_range OPERATOR(pg_catalog.&&) pg_catalog.tstzrange(_from, _to, '[]'::pg_catalog.text)
  AND r.ts OPERATOR(pg_catalog.<@) pg_catalog.tstzrange(_from, _to, '[]'::pg_catalog.text)
UNION ALL
SELECT {current_keys}(c.record).ts, {current_metrics}
FROM {current} AS c
WHERE c.srvid OPERATOR(pg_catalog.=) _srvid
  AND (c.record).ts OPERATOR(pg_catalog.<@) pg_catalog.tstzrange(_from, _to, '[]'::pg_catalog.text)
"""

# The columns of what is inside have names of our own, since a metric may have any name.
RATE = """
SELECT {rates}
FROM (
    SELECT {lagged}
    FROM (
        SELECT {numbers}
        FROM {get}(_srvid, _from, _to) AS g
    ) AS n
    WINDOW w AS ({by_keys}ORDER BY n.ts)
) AS r
"""
SECONDS = """(extract(epoch FROM n.ts OPERATOR(pg_catalog.-) pg_catalog.lag(n.ts) OVER w))::double precision"""

# A counter below its last value was reset, and has counted from 0 since. The first sample has no rate, nor has one of
# the same moment.
RATE_OF_COUNTER = """CASE WHEN r.seconds OPERATOR(pg_catalog.>) '0'::double precision
    THEN {growth} OPERATOR(pg_catalog./) r.seconds END"""
GROWTH = """CASE WHEN {now} OPERATOR(pg_catalog.<) {before} THEN {now}
    ELSE {now} OPERATOR(pg_catalog.-) {before} END"""
