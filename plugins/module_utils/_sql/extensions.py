# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements about the extensions of a database."""

from __future__ import annotations

# An installed extension whose files are gone is no longer available, but can be dropped. The versions of all available
# ones are looked up at once, since PostgreSQL reads every file for that.
AVAILABLE = """
    WITH version AS MATERIALIZED (
        SELECT v.name, v.version, v.installed, v.requires, v.schema
        FROM pg_catalog.pg_available_extension_versions AS v
        WHERE v.name = ANY ({names}::name[])
    )
    SELECT coalesce(a.name, e.extname), coalesce(a.default_version, e.extversion), e.extversion, n.nspname,
        e.extrelocatable,
        (SELECT pg_catalog.jsonb_object_agg(v.version, v.schema) FROM version AS v WHERE v.name = a.name) AS versions,
        (SELECT v.requires::text[] FROM version AS v
            WHERE v.name = a.name ORDER BY v.version = a.default_version DESC, v.installed DESC LIMIT 1) AS requires,
        CASE WHEN a.name IS NOT NULL THEN (
            SELECT pg_catalog.array_agg(u.target::text) FROM pg_catalog.pg_extension_update_paths(a.name) AS u
            WHERE u.source = e.extversion AND u.path IS NOT NULL) END AS targets,
        (SELECT pg_catalog.count(*) FROM pg_catalog.unnest(e.extconfig)) AS tables
    FROM (SELECT x.name, x.default_version FROM pg_catalog.pg_available_extensions AS x
        WHERE x.name = ANY ({names}::name[])) AS a
    FULL JOIN (SELECT x.* FROM pg_catalog.pg_extension AS x WHERE x.extname = ANY ({names}::name[])) AS e
        ON e.extname = a.name
    LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
"""

# What PostgreSQL drops along with these extensions only with CASCADE, by its own rules of dependencies. An edge of type
# n makes an object one that holds the drop up ("held"), and all other edges pass that on. With what is held its owner
# goes, too: the view of a rule, the constraint of a trigger, the extension of a member. Left out is what goes silently
# with something that is dropped: a part of the extensions themselves, or of what is listed.
DEPENDENTS = """
    WITH RECURSIVE dropped (root, classid, objid, objsubid, held, direct) AS (
        SELECT e.extname::text, 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid, e.oid, 0, false, false
        FROM pg_catalog.pg_extension AS e WHERE e.extname = ANY ({names}::name[])
        UNION
        SELECT o.root, n.classid, n.objid, n.objsubid, o.held OR n.held, n.direct
        FROM dropped AS o
        CROSS JOIN LATERAL (
            SELECT d.classid, d.objid, d.objsubid, d.deptype = 'n' AS held, d.deptype = 'n' AS direct
            FROM pg_catalog.pg_depend AS d
            WHERE d.refclassid = o.classid AND d.refobjid = o.objid AND (o.objsubid = 0 OR d.refobjsubid = o.objsubid)
            UNION ALL
            SELECT d.refclassid, d.refobjid, d.refobjsubid, false, true
            FROM pg_catalog.pg_depend AS d
            WHERE o.held AND d.classid = o.classid AND d.objid = o.objid AND d.deptype IN ('i', 'e', 'P')
                AND (o.objsubid = 0 OR d.objsubid = o.objsubid)
        ) AS n
    )
    SELECT DISTINCT o.root, i.type || ' ' || i.identity,
        coalesce((SELECT pg_catalog.cardinality(e.extconfig) FROM pg_catalog.pg_extension AS e
            WHERE o.classid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND e.oid = o.objid), 0)
    FROM dropped AS o
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, o.objsubid) AS i
    WHERE o.held AND o.direct
        AND NOT EXISTS (SELECT FROM dropped AS s WHERE s.classid = o.classid AND s.objid = o.objid
            AND (NOT s.held OR s.objsubid < o.objsubid))
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend AS d
            JOIN dropped AS s ON s.classid = d.refclassid AND s.objid = d.refobjid
                AND s.objsubid IN (0, d.refobjsubid)
            WHERE d.classid = o.classid AND d.objid = o.objid AND d.objsubid = o.objsubid AND d.deptype <> 'n')
    ORDER BY 1, 2
"""

INSTALLED = "SELECT e.extname FROM pg_catalog.pg_extension AS e"

# Beside those asked for, the schemas that PostgreSQL would choose by itself.
SCHEMAS = """
    SELECT n.nspname, n.nspname IN ('public', current_user)
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname = ANY ({names}::name[]) OR n.nspname IN ('public', current_user)
"""

# The view leaves out a setting that the role may not see, where a function would fail.
PRELOADED = """
    SELECT (SELECT s.setting FROM pg_catalog.pg_settings AS s WHERE s.name = 'shared_preload_libraries'),
        pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')
"""
# The libraries in the files, which a restart would load. Even a condition that is false needs the right to call it.
PRELOADED_BY_FILES = """
    SELECT f.setting FROM pg_catalog.pg_show_all_file_settings() AS f
    WHERE f.name = 'shared_preload_libraries' ORDER BY f.seqno DESC LIMIT 1
"""

# Without a schema in the statement, PostgreSQL takes the first of the search path. This is the one of a new server,
# whatever the role, the database or the server has set.
DEFAULT_SEARCH_PATH = 'SET LOCAL search_path TO "$user", public'
CREATE = "CREATE EXTENSION {name}{schema}{version}"
WITH_SCHEMA = " SCHEMA {schema}"
WITH_VERSION = " VERSION {version}"
UPDATE = "ALTER EXTENSION {name} UPDATE TO {version}"
MOVE = "ALTER EXTENSION {name} SET SCHEMA {schema}"
DROP = "DROP EXTENSION {name}"
DROP_CASCADE = "DROP EXTENSION {name} CASCADE"
CREATE_SCHEMA = "CREATE SCHEMA {name}"
