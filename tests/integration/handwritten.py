# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasources that the tests write by hand, as a user would, and what PoWA's registry says of them."""

from __future__ import annotations

from typing import Any, Dict, List

from servers import Database, statements_sent

#: What is needed on a remote.
SOURCE = """
    CREATE FUNCTION {name}_src(_srvid integer, OUT ts timestamptz, OUT state text, OUT "Orders %" bigint)
    RETURNS SETOF record LANGUAGE plpgsql AS $$
    BEGIN
        IF _srvid = 0 THEN
            RETURN QUERY SELECT now(), 'open'::text, 7::bigint;
        ELSE
            RETURN QUERY SELECT t.ts, t.state, t."Orders %" FROM public.{name}_src_tmp AS t WHERE t.srvid = _srvid;
        END IF;
    END $$;
    CREATE TABLE {name}_cleaned (ts timestamptz);
    CREATE FUNCTION {name}_clean() RETURNS void LANGUAGE sql AS 'INSERT INTO public.{name}_cleaned VALUES (now())'
"""

#: What is needed on a repository beside that and the transient table.
STORE = """
    CREATE TABLE {name}_history (srvid integer, ts timestamptz, state text, "Orders %" bigint);
    CREATE TABLE {name}_called (operation text);
    CREATE FUNCTION {name}_snapshot(_srvid integer) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.{name}_history SELECT _srvid, s.* FROM public.{name}_src(_srvid) AS s;
        IF _srvid <> 0 THEN
            DELETE FROM public.{name}_src_tmp AS t WHERE t.srvid = _srvid;
        END IF;
    END $$;
    CREATE FUNCTION {name}_aggregate(_srvid integer) RETURNS void LANGUAGE sql AS
        $$ INSERT INTO public.{name}_called VALUES ('aggregate') $$;
    CREATE FUNCTION {name}_purge(_srvid integer) RETURNS void LANGUAGE sql AS
        $$ INSERT INTO public.{name}_called VALUES ('purge') $$;
    CREATE FUNCTION {name}_unregister(_srvid integer) RETURNS boolean LANGUAGE sql AS 'SELECT true'
"""

TRANSIENT = """
    CREATE UNLOGGED TABLE {name}_src_tmp (srvid integer NOT NULL, ts timestamptz, state text, "Orders %" bigint)
"""

FUNCTIONS = [
    {"operation": "snapshot", "function_name": "app_orders_snapshot", "query_source": "app_orders_src"},
    {"operation": "aggregate", "function_name": "app_orders_aggregate"},
    {"operation": "purge", "function_name": "app_orders_purge"},
    {"operation": "unregister", "function_name": "app_orders_unregister"},
]
APP_ORDERS: Dict[str, Any] = {"name": "app_orders", "functions": FUNCTIONS}
APP_INVOICES: Dict[str, Any] = {
    "name": "app_invoices",
    "functions": [
        {"operation": "snapshot", "function_name": "app_invoices_snapshot", "query_source": "app_invoices_src"}
    ],
}

TRACK_SOURCES = ["pg_track_settings_{0}_src".format(part) for part in ("settings", "rds", "reboot")]
TRACK_SETTINGS: Dict[str, Any] = {
    "name": "pg_track_settings",
    "functions": [
        {
            "operation": "snapshot",
            "function_name": source.replace("settings_", "settings_snapshot_", 1)[: -len("_src")],
            "query_source": source,
        }
        for source in TRACK_SOURCES
    ]
    + [
        {"operation": "reset", "function_name": "pg_track_settings_reset"},
        {"operation": "unregister", "function_name": "powa_track_settings_unregister"},
    ],
}

_REGISTERED = {
    "4": "SELECT srvid, operation, function_name, enabled FROM powa_functions WHERE module = %s ORDER BY 1, 2, 3",
    "5": "SELECT srvid, operation, function_name, enabled FROM powa_functions WHERE name = %s ORDER BY 1, 2, 3",
}


def write_by_hand(database: Database, *names: str) -> None:
    """Make the functions and history of datasources, but no transient table."""
    for name in names:
        database.sql(SOURCE.replace("{name}", name))
        database.sql(STORE.replace("{name}", name))


def with_transient_tables(database: Database, *names: str) -> None:
    """Make datasources that only have to be registered."""
    write_by_hand(database, *names)
    for name in names:
        database.sql(TRANSIENT.replace("{name}", name))


def registered(database: Database, name: str) -> List[Any]:
    """Return (srvid, operation, function, enabled) as PoWA sees them."""
    return database.sql(_REGISTERED[database.powa], (name,))


def columns(database: Database, table: str) -> List[Any]:
    """Return (name, type, not null) of a table's columns."""
    return database.sql(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (table,),
    )


def statements(database: Database, module: str, **params: Any) -> int:
    """Return how many statements a run that changes nothing sends."""
    database.ok(module, **params)
    result, sent = statements_sent(database, lambda: database.ok(module, **params))
    assert not result.changed
    return sent
