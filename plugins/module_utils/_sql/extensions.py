# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements about the extensions of a database."""

from __future__ import annotations

# An installed extension whose files are gone is no longer available, but can be dropped. The versions of all available
# ones are looked up at once, since PostgreSQL reads every file for that.
AVAILABLE = """
    WITH version AS MATERIALIZED (
        SELECT v.name, v.version, v.installed, v.requires FROM pg_catalog.pg_available_extension_versions AS v
        WHERE v.name = ANY ({names}::name[])
    )
    SELECT coalesce(a.name, e.extname), coalesce(a.default_version, e.extversion), e.extversion, n.nspname,
        (SELECT pg_catalog.array_agg(v.version::text) FROM version AS v WHERE v.name = a.name) AS versions,
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

INSTALLED = "SELECT e.extname FROM pg_catalog.pg_extension AS e"

SCHEMAS = "SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY ({names}::name[])"

# The libraries in the files, which a restart would load, for roles with the right to read the files.
PRELOADED = """
    SELECT pg_catalog.current_setting('shared_preload_libraries'),
        CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE') THEN (
            SELECT f.setting FROM pg_catalog.pg_show_all_file_settings() AS f
            WHERE f.name = 'shared_preload_libraries' ORDER BY f.seqno DESC LIMIT 1) END
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
