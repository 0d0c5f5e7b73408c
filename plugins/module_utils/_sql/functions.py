# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bodies of the PL/pgSQL functions of a datasource. Every table and column in them is qualified."""

from __future__ import annotations

# The user's query runs only here, from a quoted literal, so that no name in it can clash with a variable of PL/pgSQL.
SOURCE = """
BEGIN
    IF _srvid <> 0 THEN
        RETURN QUERY
        SELECT t.ts, {columns}
        FROM {transient} AS t
        WHERE t.srvid = _srvid;
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

SOURCE_VERSION_BRANCH = """        WHEN pg_catalog.current_setting('server_version_num')::integer >= {min_version} THEN
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

CLEANUP = """
BEGIN
    EXECUTE {cleanup};
END;
"""

SNAPSHOT = """
BEGIN
    PERFORM {schema}.powa_prevent_concurrent_snapshot(_srvid);

    INSERT INTO {current} (srvid, {keys}record)
    SELECT _srvid, {sample_keys}ROW(s.ts, {sample_metrics})::{record_type}
    {samples};

    IF _srvid <> 0 THEN
        DELETE FROM {transient} AS t WHERE t.srvid = _srvid;
    {cleanup}END IF;
END;
"""

SAMPLES_OF_SOURCE = "FROM {source}(_srvid) AS s"
SAMPLES_OF_TRANSIENT = "FROM {transient} AS s WHERE s.srvid = _srvid"

# For remotes the collector does the cleanup; in local mode this function has to.
LOCAL_CLEANUP = """ELSE
        PERFORM {function}(_srvid);
    """

AGGREGATE = """
BEGIN
    PERFORM {schema}.powa_prevent_concurrent_snapshot(_srvid);

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
    PERFORM {schema}.powa_prevent_concurrent_snapshot(_srvid);

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
WHERE h.srvid = _srvid
  AND h.coalesce_range && pg_catalog.tstzrange(_from, _to, '[]')
  AND r.ts <@ pg_catalog.tstzrange(_from, _to, '[]')
UNION ALL
SELECT {current_keys}(c.record).ts, {current_metrics}
FROM {current} AS c
WHERE c.srvid = _srvid
  AND (c.record).ts <@ pg_catalog.tstzrange(_from, _to, '[]')
"""

RATE = """
SELECT {keys}g.ts, {rates}
FROM {get}(_srvid, _from, _to) AS g
WINDOW w AS ({by_keys}ORDER BY g.ts)
"""

# A counter below its last value was reset, and has counted from 0 since. The first sample has no rate.
RATE_OF_COUNTER = """((CASE WHEN {value} < {before} THEN {now} ELSE {now} - {then} END)
    / nullif(extract(epoch FROM g.ts - pg_catalog.lag(g.ts) OVER w), 0))::double precision"""
