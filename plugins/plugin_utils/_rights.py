# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that the roles of monitoring, the collector and powa-web lack, as the statements that grant them."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import server_of

READ_STATISTICS = "pg_read_all_stats"
SNAPSHOT = "powa_snapshot"
READ_DATA = "powa_read_all_data"

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
        *(
            "GRANT UPDATE (version) ON {0} TO {1}".format(column["table"], quote_ident(role))
            for column in repository["version_columns"]
            # The collector records the versions that it finds, and warns each time it lacks the right to.
            if not column["may_update"].get(role)
        ),
    ]


def web_rights(seen: Mapping[str, Any], role: str) -> List[str]:
    """Return what powa-web's role lacks to show everything."""
    repository = seen["repository"]
    # Without this right powa-web does not see the collector's connection, and says that no collector is running.
    statements = _membership(seen, role, READ_STATISTICS) + _powa_role(seen, role, READ_DATA)
    statements += _schema_usage(repository, role)
    if repository["major"] > 4:
        return statements
    schema, name = quote_ident(repository["schema"]), quote_ident(role)
    if repository["schema_relations_unread"].get(role, True):
        statements.append("GRANT SELECT ON ALL TABLES IN SCHEMA {0} TO {1}".format(schema, name))
    if role not in repository["default_select"]:
        # This covers the tables of datasources that are declared later.
        statements.append("ALTER DEFAULT PRIVILEGES IN SCHEMA {0} GRANT SELECT ON TABLES TO {1}".format(schema, name))
    return statements


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
    if group in _groups_of(seen, role):
        return []
    return ["GRANT {0} TO {1}".format(quote_ident(group), quote_ident(role))]


def _powa_role(seen: Mapping[str, Any], role: str, powa_role: str) -> List[str]:
    """Return what a role lacks to be a member of one of PoWA 5's roles, which may have other names. PoWA 4 has none."""
    repository = seen["repository"]
    if repository["major"] == 4:
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


def _is_registry(relation: Mapping[str, Any]) -> bool:
    return relation["extension"] == "powa" and (relation["kind"] == "v" or relation["name"] in _REGISTRY)


def _groups_of(seen: Mapping[str, Any], role: str) -> List[str]:
    return list((server_of(seen).get("roles") or {}).get(role, {}).get("member_of", ()))


def _schema_of(seen: Mapping[str, Any], extension: str) -> str:
    return str(seen["extensions"][extension]["schema"])
