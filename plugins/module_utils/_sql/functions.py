# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bodies of the PL/pgSQL functions of a datasource. Every table and column in them is qualified."""

from __future__ import annotations

# The user's query runs only here, from a quoted literal, so that a name in it can not meet a variable of PL/pgSQL.
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

SAMPLE = """SELECT pg_catalog.now(), {columns}
FROM (
{query}
) AS q"""

SNAPSHOT = """
BEGIN
    PERFORM {schema}.powa_prevent_concurrent_snapshot(_srvid);

    INSERT INTO {current} (srvid, {keys}record)
    SELECT _srvid, {source_keys}ROW(s.ts, {source_metrics})::{record_type}
    FROM {source}(_srvid) AS s;

    IF _srvid <> 0 THEN
        DELETE FROM {transient} AS t WHERE t.srvid = _srvid;
    END IF;
END;
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

# The sub-select is there to ask for the retention once: PoWA's function is volatile, and would be called for each row.
PURGE = """
BEGIN
    PERFORM {schema}.powa_prevent_concurrent_snapshot(_srvid);

    DELETE FROM {history} AS h
    WHERE h.srvid = _srvid
      AND pg_catalog.upper(h.coalesce_range)
          < (SELECT pg_catalog.now() - {schema}.powa_get_server_retention(_srvid));
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
