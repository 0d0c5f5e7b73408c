# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The function that runs queries once, and returns some of their rows as text. It is made as that of describe.py."""

from __future__ import annotations

FUNCTION = "pg_temp.pgfleet_sample(text[], text[], bigint)"

MAKE_FUNCTION = """CREATE FUNCTION pg_temp.pgfleet_sample(texts text[], paths text[], most bigint)
    RETURNS TABLE (number integer, state text, message text, total bigint, rows text, milliseconds double precision)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {body}"""

CALL = """
    SELECT s.number, s.state, s.message, s.total, s.rows, s.milliseconds
    FROM pg_temp.pgfleet_sample({texts}::text[], {paths}::text[], {most}) AS s
"""

# The beginning of application_name while a query runs; its number follows.
PROGRESS = "pgfleet.powa: samples query "

# As where queries are described: what one sets ends with its subtransaction, which always fails, before any other
# statement runs, and nothing in there looks up a name that is not qualified, but the text itself. Opening a cursor
# refuses all but one whole statement, so no text can close our parenthesis. Rows become text in here, with the rights
# of the role, and only those that are returned. coalesce() keeps a column q from taking the place of the row.
BODY = r"""
#variable_conflict error
DECLARE
    portal refcursor;
    statement text;
    path text;
    line text;
    began timestamptz;
    ended timestamptz;
    done boolean;
BEGIN
    FOR place IN 1 .. cardinality(texts) LOOP
        number := place;
        state := NULL; message := NULL; total := NULL; rows := NULL; milliseconds := NULL;
        done := false;
        path := paths[place];
        line := texts[place];
        statement := 'SELECT pg_catalog.count(*), (pg_catalog.json_agg(pg_catalog.row_to_json(x.row) ORDER BY x.place)'
            || ' FILTER (WHERE x.place OPERATOR(pg_catalog.<=) ' || most || '))::pg_catalog.text'
            || ' FROM (SELECT coalesce(q.*) AS row, pg_catalog.row_number() OVER () AS place FROM ('
            || E'\n' || texts[place] || E'\n) AS q) AS x';
        PERFORM set_config('application_name', {progress} || place, true);
        BEGIN
            PERFORM set_config('search_path', path, true);
            OPEN portal FOR EXECUTE line;
            CLOSE portal;
            began := pg_catalog.clock_timestamp();
            EXECUTE statement INTO total, rows;
            ended := pg_catalog.clock_timestamp();
            done := true;
            RAISE EXCEPTION 'sampled';
        EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
            IF NOT done THEN
                GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
            END IF;
        END;
        IF done THEN
            milliseconds := 1000 * date_part('epoch', ended - began);
        END IF;
        RETURN NEXT;
    END LOOP;
END;
"""
