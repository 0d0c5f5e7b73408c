# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that ask a server what queries return, without running them and without a way up to this session's rights.

PostgreSQL plans a query in order to describe it, and planning runs code of others: functions, also those inside views,
and the checks of domains. SET ROLE would not hold that code back, since it can reset the role. So a temporary function
with SECURITY DEFINER, which belongs to the role that will run the queries, describes them: inside it, PostgreSQL lets
nobody change the role. It must not stay, because its owner could turn it into one with SECURITY INVOKER.
"""

from __future__ import annotations

# Whether this is a standby, the role itself, and through which other role its queries could become superuser.
ROLE = """
    SELECT pg_catalog.pg_is_in_recovery(), r.rolname, r.rolsuper, (
        SELECT pg_catalog.min(p.rolname::text) FROM pg_catalog.pg_roles AS p
        WHERE (p.rolsuper OR p.rolname IN ('pg_execute_server_program', 'pg_write_server_files'))
          AND p.oid <> r.oid AND pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER'))
    FROM pg_catalog.pg_roles AS r WHERE r.rolname = coalesce({role}, current_user::text)
"""

# A role of this transaction, for a superuser's task that names no monitoring role.
MAKE_ROLE = "CREATE ROLE {role} NOLOGIN IN ROLE {group}"

FUNCTION = "pg_temp.pgfleet_describe(text[], text[], boolean[])"

MAKE_FUNCTION = """CREATE FUNCTION pg_temp.pgfleet_describe(texts text[], paths text[], cleanups boolean[])
    RETURNS TABLE (number integer, state text, message text, names text[], types bigint[], type_names text[],
        casts boolean[], foreigners boolean[], expected_rows double precision)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {body}"""
REVOKE_FUNCTION = "REVOKE ALL ON FUNCTION {function} FROM PUBLIC"
GRANT_FUNCTION = "GRANT EXECUTE ON FUNCTION {function} TO current_user"
GIVE_FUNCTION = "ALTER FUNCTION {function} OWNER TO {role}"
READ_ONLY = "SET TRANSACTION READ ONLY"

DESCRIBE = """
    SELECT d.number, d.state, d.message, d.names, d.types, d.type_names, d.casts, d.foreigners, d.expected_rows
    FROM pg_temp.pgfleet_describe({texts}::text[], {paths}::text[], {cleanups}::boolean[]) AS d
"""

# The beginning of application_name while a query is described; its number follows.
PROGRESS = "pgfleet.powa: describes query "

# What one query sets ends with its subtransaction, which always fails, before any other statement runs. Nothing between
# set_config and the end of that subtransaction looks up a name that is not qualified, but the text itself.
# * Opening a cursor refuses all but one whole statement, so no text can close our parenthesis.
# * The right side of a LEFT JOIN ... ON false is never run. A line break ends a comment at the end of the text.
# * Columns get names of ours before they are asked for their types: two may have the same name.
# * A domain becomes its base type, and an array of domains an array of that; any other type becomes text. The
#   query will cast it, and a cast may be a function that the role may not call.
# * How many rows a query returns is what the planner expects; EXPLAIN runs nothing.
# * EXPLAIN with a list of options refuses text that brings a list of its own, or the word ANALYZE.
BODY = r"""
#variable_conflict error
DECLARE
    portal refcursor;
    row_of_nulls json;
    plan json;
    oids oid[];
    statement text;
    explained text;
    aliases text;
    source text;
    path text;
    line text;
    done boolean;
BEGIN
    FOR place IN 1 .. cardinality(texts) LOOP
        number := place;
        state := NULL; message := NULL; names := NULL; types := NULL; type_names := NULL; expected_rows := NULL;
        casts := NULL; foreigners := NULL;
        row_of_nulls := NULL; plan := NULL; oids := NULL; done := false;
        path := paths[place];
        source := E'(SELECT) AS nothing LEFT JOIN (\n' || texts[place] || E'\n) AS q';
        PERFORM set_config('application_name', {progress} || place, true);
        BEGIN
            IF cleanups[place] THEN
                statement := 'EXPLAIN (ANALYZE false) ' || texts[place];
                PERFORM set_config('search_path', path, true);
                OPEN portal FOR EXECUTE statement;
                FETCH portal INTO line;
            ELSE
                statement := 'SELECT pg_catalog.row_to_json(x.*) FROM (SELECT q.* FROM ' || source || ' ON false) AS x';
                explained := E'EXPLAIN (ANALYZE false, FORMAT json) SELECT q.* FROM (\n' || texts[place] || E'\n) AS q';
                line := texts[place];
                PERFORM set_config('search_path', path, true);
                OPEN portal FOR EXECUTE line;
                CLOSE portal;
                EXECUTE statement INTO row_of_nulls;
                EXECUTE explained INTO plan;
            END IF;
            done := true;
            RAISE EXCEPTION 'described';
        EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
            IF NOT done THEN
                GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
            END IF;
        END;
        IF done AND NOT cleanups[place] THEN
            names := ARRAY(SELECT k.name FROM json_object_keys(row_of_nulls) WITH ORDINALITY AS k (name, place)
                ORDER BY k.place);
        END IF;
        IF done AND plan IS NOT NULL THEN
            expected_rows := plan -> 0 -> 'Plan' ->> 'Plan Rows';
        END IF;
        IF cardinality(names) > 0 THEN
            SELECT string_agg('c' || c.place, ', ' ORDER BY c.place),
                string_agg(format('pg_catalog.pg_typeof(q.c%s)::pg_catalog.oid', c.place), ', ' ORDER BY c.place)
                INTO aliases, line FROM generate_series(1, cardinality(names)) AS c (place);
            statement := format('SELECT ARRAY[%s] FROM %s (%s) ON false', line, source, aliases);
            done := false;
            BEGIN
                PERFORM set_config('search_path', path, true);
                EXECUTE statement INTO oids;
                done := true;
                RAISE EXCEPTION 'described';
            EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
                IF NOT done THEN
                    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
                END IF;
            END;
            WITH RECURSIVE step (place, returned, type, arrays, number) AS (
                SELECT u.place, u.oid, u.oid, 0, 0 FROM unnest(oids) WITH ORDINALITY AS u (oid, place)
                UNION ALL
                SELECT s.place, s.returned, coalesce(e.oid, t.typbasetype),
                    s.arrays + (e.oid IS NOT NULL)::integer, s.number + 1
                FROM step AS s
                JOIN pg_type AS t ON t.oid = s.type
                LEFT JOIN pg_type AS e ON e.oid = t.typelem AND e.typarray = t.oid
                WHERE e.oid IS NOT NULL OR t.typtype = 'd'
            ), base AS (
                SELECT DISTINCT ON (s.place) s.*, bool_or(t.typtype <> 'd'
                        AND t.typnamespace <> 'pg_catalog'::regnamespace) OVER (PARTITION BY s.place) AS is_foreign
                FROM step AS s
                JOIN pg_type AS t ON t.oid = s.type
                ORDER BY s.place, s.number DESC
            ), stored AS (
                SELECT b.place, b.returned, b.is_foreign,
                    CASE WHEN w.type = ANY ({kept}::oid[]) THEN w.type
                        WHEN b.arrays = 1 THEN 'text[]'::regtype::oid ELSE 'text'::regtype::oid END AS type
                FROM base AS b
                LEFT JOIN unnest({sources}::oid[], {targets}::oid[]) AS r (source, target) ON r.source = b.type
                JOIN pg_type AS e ON e.oid = coalesce(r.target, b.type)
                CROSS JOIN LATERAL (SELECT CASE b.arrays WHEN 0 THEN e.oid WHEN 1 THEN e.typarray END) AS w (type)
            )
            SELECT array_agg(s.type::bigint ORDER BY s.place),
                array_agg(format_type(s.returned, NULL) ORDER BY s.place),
                array_agg(s.type <> s.returned ORDER BY s.place), array_agg(s.is_foreign ORDER BY s.place),
                string_agg(format('q.c%s::%s', s.place, format_type(s.type, -1)), ', ' ORDER BY s.place)
                    FILTER (WHERE s.type <> s.returned)
                INTO types, type_names, casts, foreigners, line FROM stored AS s;
            IF line IS NOT NULL THEN
                statement := format('EXPLAIN (ANALYZE false) SELECT %s FROM %s (%s) ON true', line, source, aliases);
                done := false;
                BEGIN
                    PERFORM set_config('search_path', path, true);
                    EXECUTE statement INTO line;
                    done := true;
                    RAISE EXCEPTION 'described';
                EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
                    IF NOT done THEN
                        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
                    END IF;
                END;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END;
"""

# Ends a session that goes on after it was asked to stop, and says what it was at.
SAVEPOINT = "SAVEPOINT stuck"
END_SESSION = """
    SELECT a.application_name, pg_catalog.pg_terminate_backend(a.pid)
    FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = {pid}
"""
ROLLBACK = "ROLLBACK TO SAVEPOINT stuck"
