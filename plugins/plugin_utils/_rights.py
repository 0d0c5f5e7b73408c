# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that PoWA's roles lack on a host, as the statements that grant them."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._powa.versions import major_version
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.visible import Table, hidden_of, read_of_powa
from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import server_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._left_alone import roles_of

READ_STATISTICS = "pg_read_all_stats"
MONITOR = "pg_monitor"
SNAPSHOT = "powa_snapshot"
READ_DATA = "powa_read_all_data"
READ_METRICS = "powa_read_all_metrics"
SERVERS = "powa_servers"
PASSWORD = "password"
#: Where powa-web 4 finds the servers without their passwords.
WEB_SCHEMA = "pgfleet_powa_web"

#: The PostgreSQL whose memberships have this option.
_OWN_INHERITANCE = 160000
_READ = ("SELECT",)
_WRITE = ("SELECT", "INSERT", "UPDATE", "DELETE")
#: The tables in which PoWA 4 registers servers, extensions and functions. The collector only reads them.
_REGISTRY = ("powa_servers", "powa_extensions", "powa_functions", "powa_modules")


def monitoring_rights(seen: Mapping[str, Any], role: str, resets_qualstats: bool) -> List[str]:
    """Return what the monitoring role lacks.

    :param seen: the result of C(host_info), read when the role and the extensions existed
    :param resets_qualstats: whether the collector reads pg_qualstats, which it resets afterwards
    """
    found = seen["monitoring"]
    statements = _membership(seen, role, READ_STATISTICS)
    statements += [_usage(schema, role) for schema, may_use in sorted(found.get("schemas", {}).items()) if not may_use]
    # The source functions of PoWA and of the stats extensions read these tables to find databases that were dropped.
    tables = [name for name, may_read in found.get("tables", {}).items() if not may_read]
    if tables:
        schema = _schema_of(seen, "powa")
        statements += [_usage(schema, role), _grant(_READ, schema, sorted(tables), role)]
    resets_qualstats = resets_qualstats and "pg_qualstats" in seen["extensions"]
    if resets_qualstats and found.get("functions", {}).get("pg_qualstats_reset") is False:
        schema = _schema_of(seen, "pg_qualstats")
        function = qualified(schema, "pg_qualstats_reset")
        statements += [
            _usage(schema, role),
            "GRANT EXECUTE ON FUNCTION {0}() TO {1}".format(function, quote_ident(role)),
        ]
    return unique(statements)


def collector_rights(seen: Mapping[str, Any], role: str) -> List[str]:
    """Return what the collector's role lacks: the rights that powa_grant() of PoWA 5 gives to the role powa_snapshot.

    PoWA 5 grants those on its own tables itself. Those on the tables of pg_track_settings are granted here.
    """
    repository = seen["repository"]
    return [
        *_powa_role(seen, role, SNAPSHOT),
        *_schema_usage(repository, role),
        *_table_rights(repository["relations"], role),
        *_version_rights(repository["version_columns"], role),
    ]


def web_rights(seen: Mapping[str, Any], role: str, database: str, exact: bool, alter: bool = True) -> List[str]:
    """Return what powa-web's role lacks to show everything.

    :param exact: whether to take what an earlier version of this collection granted, and no page needs
    :param alter: whether the role may get a setting of its own
    """
    repository = seen["repository"]
    # Without this right powa-web does not see the collector's connection, and says that no collector is running.
    statements = _membership(seen, role, READ_STATISTICS)
    taken = _taken(repository, role) if exact else []
    if _has_roles(repository):
        keeps_more = reads_data(repository, role) and not exact
        statements += [] if keeps_more else _powa_role(seen, role, READ_METRICS)
        return statements + taken + _schema_usage(repository, role)
    return [
        *statements,
        *taken,
        *_schema_usage(repository, role),
        *_page_tables(repository, role),
        *_server_columns(repository, role, exact),
        *_web_view(repository, role, database if alter else None),
    ]


def reader_rights(seen: Mapping[str, Any], role: str) -> List[str]:
    """Return what the role that only reads lacks to see what the modules and the inventory plugin read.

    On PoWA 4 these are not the passwords of servers, and of transient tables only the times of their rows.
    """
    repository = seen["repository"]
    schema, name = repository["schema"], quote_ident(role)
    statements = [*_membership(seen, role, MONITOR), *_powa_role(seen, role, READ_METRICS)]
    statements += _schema_usage(repository, role)
    found = repository.get("reader") or {"hidden": {}, "transient": []}
    tables: Dict[Tuple[str, ...], List[Table]] = {}
    for table in hidden_of(read_of_powa(_has_roles(repository), found["transient"]), found["hidden"]):
        tables.setdefault(table.columns, []).append(table)
    for columns, lacking in tables.items():
        what = " ({0})".format(", ".join(map(quote_ident, columns))) if columns else ""
        listed = ", ".join(qualified(schema, table.name) for table in lacking)
        statements.append("GRANT SELECT{0} ON {1} TO {2}".format(what, listed, name))
    return statements


def web_left(seen: Mapping[str, Any], role: str, exact: bool, alter: bool = True) -> List[str]:
    """Return what powa-web's role has beyond what the pages need, or what keeps a page from it, one sentence each."""
    repository = seen["repository"]
    sentences = []
    more = _more(repository, role)
    if more and not exact:
        sentences.append(_KEPT.format(role, ", ".join(more)))
    if _has_roles(repository):
        return sentences
    schema, path = repository.get("web_schema"), repository.get("search_paths", {}).get(role)
    if schema and not schema["ours"]:
        sentences.append(_FOREIGN_SCHEMA.format(WEB_SCHEMA))
    if path and WEB_SCHEMA not in path:
        sentences.append(_OTHER_PATH.format(role, path, WEB_SCHEMA))
    if not path and not alter:
        sentences.append(_NO_PATH.format(role, WEB_SCHEMA, repository["schema"]))
    return sentences


_KEPT = (
    "role {0} of powa-web has more rights than the pages need, which an earlier version of this collection granted"
    " ({1}): set powa_web_rights_exact to revoke them"
)
_FOREIGN_SCHEMA = (
    "schema {0} or its view powa_servers belongs to a role that is not a superuser, so powa-web does not use it and"
    " some of its pages fail: drop it"
)
_OTHER_PATH = (
    "role {0} has search_path set to {1}, so some pages of powa-web 4 fail, which read powa_servers without passwords"
    " in schema {2}: reset it, or put that schema first"
)
_NO_PATH = (
    "role {0} is left as it is, so some pages of powa-web 4 fail, which read powa_servers without passwords in schema"
    " {1}: set its search_path to {1}, {2} in PoWA's database"
)


def _has_roles(repository: Mapping[str, Any]) -> bool:
    """Return whether PoWA has roles of its own, and grants them the rights on its tables."""
    return major_version(repository["major"]).has_roles


def reads_data(repository: Mapping[str, Any], role: str) -> bool:
    """Return whether a role was made a member of the role that also reads the constants of users' queries."""
    name = repository["powa_roles"].get(READ_DATA) or READ_DATA
    return name in repository.get("granted_roles", {}).get(role, ())


def _more(repository: Mapping[str, Any], role: str) -> List[str]:
    """Return what an earlier version granted, as a sentence names it."""
    if _has_roles(repository):
        return ["member of {0}".format(READ_DATA)] if reads_data(repository, role) else []
    found = _unneeded_tables(repository, role)
    more = ["SELECT on {0}".format(", ".join(found))] if found else []
    if role in repository["default_select"]:
        more.append("SELECT on all tables to come")
    return more


def _taken(repository: Mapping[str, Any], role: str) -> List[str]:
    """Return the statements that revoke what an earlier version granted."""
    name = quote_ident(role)
    if _has_roles(repository):
        group = repository["powa_roles"].get(READ_DATA) or READ_DATA
        return ["REVOKE {0} FROM {1}".format(quote_ident(group), name)] if reads_data(repository, role) else []
    schema, tables = repository["schema"], _unneeded_tables(repository, role)
    statements = []
    if tables:
        listed = ", ".join(qualified(schema, table) for table in tables)
        statements.append("REVOKE SELECT ON {0} FROM {1}".format(listed, name))
    if role in repository["default_select"]:
        statements.append(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {0} REVOKE SELECT ON TABLES FROM {1}".format(quote_ident(schema), name)
        )
    return statements


def _unneeded_tables(repository: Mapping[str, Any], role: str) -> List[str]:
    granted = repository.get("granted_select", {}).get(role, ())
    return [name for name in granted if not _is_shown(name)]


def _is_shown(relation: str) -> bool:
    """Return whether pages read a relation: of C(powa_servers) they read some columns only."""
    return relation != SERVERS and not relation.endswith("_src_tmp")


def _page_tables(repository: Mapping[str, Any], role: str) -> List[str]:
    lacking: Dict[str, List[str]] = {}
    for relation in repository["relations"]:
        if _is_shown(relation["name"]) and "SELECT" not in relation["privileges"].get(role, ()):
            lacking.setdefault(relation["schema"], []).append(relation["name"])
    return [_grant(_READ, schema, sorted(names), role) for schema, names in lacking.items()]


def _server_columns(repository: Mapping[str, Any], role: str, exact: bool) -> List[str]:
    """Return what a role lacks to read all columns of C(powa_servers) but the password."""
    # A right on the whole table that is revoked takes those on its columns along.
    revoked = exact and SERVERS in repository.get("granted_select", {}).get(role, ())
    lacking = [
        quote_ident(column["name"])
        for column in repository["server_columns"]
        if column["name"] != PASSWORD and (revoked or not column["may_read"].get(role))
    ]
    if not lacking:
        return []
    table = qualified(repository["schema"], SERVERS)
    return ["GRANT SELECT ({0}) ON {1} TO {2}".format(", ".join(lacking), table, quote_ident(role))]


def _web_view(repository: Mapping[str, Any], role: str, database: Optional[str]) -> List[str]:
    """Return what lacks for powa-web 4 to find a C(powa_servers) without passwords before PoWA's own.

    One of its pages, and each of its connections to a remote, reads all columns and fails without a right on one.

    :param database: where the role gets a search_path, or None if it gets none
    """
    schema, columns = repository.get("web_schema"), [column["name"] for column in repository["server_columns"]]
    if schema and not schema["ours"]:
        return []
    view, name = qualified(WEB_SCHEMA, SERVERS), quote_ident(role)
    statements = []
    if not schema:
        statements.append("CREATE SCHEMA {0}".format(quote_ident(WEB_SCHEMA)))
    replaced = not schema or schema["columns"] != columns
    if replaced:
        statements += ["DROP VIEW IF EXISTS {0}".format(view), _create_view(view, repository["schema"], columns)]
    if replaced or not (schema and schema["may_read"].get(role)):
        statements += [_usage(WEB_SCHEMA, role), "GRANT SELECT ON {0} TO {1}".format(view, name)]
    if database is not None and not repository.get("search_paths", {}).get(role):
        statements.append(
            "ALTER ROLE {0} IN DATABASE {1} SET search_path = {2}, {3}".format(
                name, quote_ident(database), quote_ident(WEB_SCHEMA), quote_ident(repository["schema"])
            )
        )
    return statements


def _create_view(view: str, schema: str, columns: Sequence[str]) -> str:
    shown = [
        "NULL::pg_catalog.text AS {0}".format(quote_ident(column))
        if column == PASSWORD
        else "s.{0}".format(quote_ident(column))
        for column in columns
    ]
    return "CREATE VIEW {0} AS SELECT {1} FROM {2} AS s".format(view, ", ".join(shown), qualified(schema, SERVERS))


def unique(statements: Iterable[str]) -> List[str]:
    """Return statements in their order, each once: two roles may need the same one."""
    return list(dict.fromkeys(statements))


def quote_ident(name: str) -> str:
    """Return a name as SQL writes it, whatever it contains."""
    return '"{0}"'.format(name.replace('"', '""'))


def qualified(schema: str, name: str) -> str:
    """Return the name of an object with that of its schema."""
    return "{0}.{1}".format(quote_ident(schema), quote_ident(name))


def _usage(schema: str, role: str) -> str:
    """Return the statement without which no right on an object counts."""
    return "GRANT USAGE ON SCHEMA {0} TO {1}".format(quote_ident(schema), quote_ident(role))


def _schema_usage(repository: Mapping[str, Any], role: str) -> List[str]:
    """Return what a role lacks to use PoWA's schema: PoWA 5 does not even grant it to its own roles."""
    if repository.get("schema_usage", {}).get(role, True):
        return []
    return [_usage(repository["schema"], role)]


def _grant(privileges: Sequence[str], schema: str, names: Iterable[str], role: str) -> str:
    tables = ", ".join(qualified(schema, name) for name in names)
    return "GRANT {0} ON {1} TO {2}".format(", ".join(privileges), tables, quote_ident(role))


def _membership(seen: Mapping[str, Any], role: str, group: str) -> List[str]:
    """Return what a role lacks to have the rights of another.

    Since PostgreSQL 16 each membership says whether it brings them, whatever the role's own attribute is. Before, a
    role with NOINHERIT has none of them, and nothing but that attribute could change it.
    """
    found, grant = roles_of(seen).get(role, {}), "GRANT {0} TO {1}".format(quote_ident(group), quote_ident(role))
    if server_of(seen).get("version_num", 0) >= _OWN_INHERITANCE:
        return [] if group in found.get("uses", ()) else [grant + " WITH INHERIT TRUE"]
    return [] if group in found.get("member_of", ()) else [grant]


def _powa_role(seen: Mapping[str, Any], role: str, powa_role: str) -> List[str]:
    """Return what a role lacks to be a member of one of PoWA 5's roles, which may have other names. PoWA 4 has none."""
    repository = seen["repository"]
    if not _has_roles(repository):
        return []
    name = repository["powa_roles"].get(powa_role)
    return ([] if name else [_setup(repository["schema"])]) + _membership(seen, role, name or powa_role)


def _setup(schema: str) -> str:
    """Return the statement that makes PoWA 5's roles, or takes those over that another database's PoWA has made."""
    exist = "EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{0}')".format(SNAPSHOT)
    return "SELECT {0}({1})".format(qualified(schema, "setup_powa_roles"), exist)


def _table_rights(relations: Sequence[Mapping[str, Any]], role: str) -> List[str]:
    """Return one statement for all tables of a schema that lack the same rights."""
    lacking: Dict[Tuple[Sequence[str], str], List[str]] = {}
    for relation in relations:
        wanted = _READ if _is_registry(relation) else _WRITE
        if not set(wanted) <= set(relation["privileges"].get(role, ())):
            lacking.setdefault((wanted, relation["schema"]), []).append(relation["name"])
    return [_grant(wanted, schema, sorted(names), role) for (wanted, schema), names in lacking.items()]


def _version_rights(tables: Iterable[Mapping[str, Any]], role: str) -> List[str]:
    """Return what a role lacks to record versions as the collector does, which warns each time it may not.

    It updates the version of a server and of an extension that it finds. Of hypopg, which need not be in PoWA's
    database of the remote, it also inserts a row, and deletes it where the remote does not offer the extension.
    """
    statements = []
    for table in tables:
        lacking = [] if table["may_update"].get(role) else ["UPDATE (version)"]
        if table.get("may_register", {}).get(role) is False:
            lacking += ["INSERT (srvid, extname, version)", "DELETE"]
        if lacking:
            statements.append("GRANT {0} ON {1} TO {2}".format(", ".join(lacking), table["table"], quote_ident(role)))
    return statements


def _is_registry(relation: Mapping[str, Any]) -> bool:
    return relation["extension"] == "powa" and (relation["kind"] == "v" or relation["name"] in _REGISTRY)


def _schema_of(seen: Mapping[str, Any], extension: str) -> str:
    return str(seen["extensions"][extension]["schema"])
