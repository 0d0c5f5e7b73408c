# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL that tells our objects from those of strangers.

Whoever may create objects in a schema can give them our names and our comments. So an object counts as ours only if its
owner could have changed PoWA itself: a superuser, or the owner of the extension powa.
"""

from __future__ import annotations

# Each list is read once in a statement, since it depends on no row.
_STRANGER = """CASE
        WHEN {owner} IN (
            SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolsuper
            UNION ALL SELECT x.extowner FROM pg_catalog.pg_extension AS x WHERE x.extname = 'powa') THEN NULL{queries}
        ELSE pg_catalog.pg_get_userbyid({owner}) END"""

#: Functions that run a user's query belong to this role in local mode. It counts only while nobody can become it.
_QUERIES = """
        WHEN {name} ~ '_(src|cleanup|run)$' AND {owner} IN (
            SELECT r.oid FROM pg_catalog.pg_roles AS r
            WHERE r.rolname = 'powa_queries' AND NOT r.rolcanlogin
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m WHERE m.roleid = r.oid)) THEN NULL"""


def stranger(owner: str) -> str:
    """Return SQL for the name of an owner who is a stranger, and NULL for any other.

    :param owner: SQL for the owner's oid
    """
    return _STRANGER.replace("{queries}", "").replace("{owner}", owner)


def stranger_of_function(function: str) -> str:
    """Return the same for a function.

    :param function: the alias of its row of C(pg_proc)
    """
    queries = _QUERIES.replace("{name}", function + ".proname")
    return _STRANGER.replace("{queries}", queries).replace("{owner}", function + ".proowner")


def stranger_of_schema(schema: str) -> str:
    """Return the same for a schema, whose owner can replace what is in it. The owner of the database may own it.

    :param schema: the alias of its row of C(pg_namespace)
    """
    owner = """CASE WHEN pg_catalog.pg_get_userbyid({schema}.nspowner) = 'pg_database_owner'
            THEN (SELECT o.datdba FROM pg_catalog.pg_database AS o WHERE o.datname = pg_catalog.current_database())
            ELSE {schema}.nspowner END"""
    return stranger("({0})".format(owner.replace("{schema}", schema)))


#: Planning a read evaluates the expressions of indexes, of statistics and of CHECK constraints. Those of PostgreSQL's
#: own functions depend on no function that the catalog could name.
_RUNS_FUNCTIONS = """EXISTS (
        SELECT FROM pg_catalog.pg_depend AS dep
        WHERE dep.refclassid NOT IN (
                'pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_constraint'::pg_catalog.regclass,
                'pg_catalog.pg_namespace'::pg_catalog.regclass, 'pg_catalog.pg_collation'::pg_catalog.regclass,
                'pg_catalog.pg_extension'::pg_catalog.regclass, 'pg_catalog.pg_opclass'::pg_catalog.regclass)
          AND (dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND dep.objid IN (
                  SELECT ind.indexrelid FROM pg_catalog.pg_index AS ind WHERE ind.indrelid = {table}.oid)
              OR dep.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass AND dep.objid IN (
                  SELECT sta.oid FROM pg_catalog.pg_statistic_ext AS sta WHERE sta.stxrelid = {table}.oid)
              OR dep.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND dep.objid IN (
                  SELECT con.oid FROM pg_catalog.pg_constraint AS con
                  WHERE con.conrelid = {table}.oid AND con.contype = 'c')))"""


def runs_functions(table: str) -> str:
    """Return SQL for whether to read a table could run functions that are not PostgreSQL's own.

    :param table: the alias of its row of C(pg_class)
    """
    return _RUNS_FUNCTIONS.replace("{table}", table)
