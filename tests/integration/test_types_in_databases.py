# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types that a query casts in each database, where the collector itself runs the SELECT, and no function of ours."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List

import pytest
from cast_values import kept_as, make_originals, originals, texts
from servers import Database, running_collector, wait_until
from test_extension_names import on_powa_5
from test_types_of_others import THINGS
from types_of_others import CASES, NAMES, OTHER, SUPERUSER, has_run, make_types

BOTH: Dict[str, Any] = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
#: Never true, and so each database looks up the schema of an extension.
WITH_EXTENSION = " WHERE NULL::{btree_gist}.gbtreekey4 IS NULL"


@pytest.fixture
def other(database: Database) -> Iterator[Database]:
    """Another database of the same server, with types of other numbers."""
    name = database.name + "_other"
    database.server.sql("postgres", "CREATE DATABASE {0} TEMPLATE template0".format(name))
    database.server.sql(name, "CREATE EXTENSION btree_gist SCHEMA public")
    yield Database(database.server, name)
    database.server.sql("postgres", "DROP DATABASE {0} WITH (FORCE)".format(name))


def in_databases(datasource: Dict[str, Any], databases: List[Database], with_extension: bool) -> Dict[str, Any]:
    return dict(
        datasource,
        name=datasource["name"] + ("_with" if with_extension else ""),
        query=datasource["query"] + (WITH_EXTENSION if with_extension else ""),
        scope="database",
        databases=[database.name for database in databases],
    )


@on_powa_5
def test_each_database_casts_its_own_types(database: Database, other: Database) -> None:
    databases = [database, other]
    for each in databases:
        make_types(each)
        columns = make_originals(each)
    other.sql("UPDATE app.things SET id = id + 10")
    other.sql("UPDATE public.originals SET n = n + 10")
    metrics = [{"name": name, "kind": "gauge"} for name in columns]
    casts = {"name": "casts", "query": "SELECT * FROM public.originals", "keys": [{"name": "n"}], "metrics": metrics}
    datasources = [
        in_databases(datasource, databases, with_extension)
        for datasource in (*THINGS, casts)
        for with_extension in (False, True)
    ]
    database.ok("datasources", datasources=datasources, **BOTH)
    assert not database.ok("datasources", datasources=datasources, **BOTH).changed
    for each in databases:
        has_run(each, SUPERUSER), has_run(each, OTHER)

    server = {"hostname": "127.0.0.1", "username": "powa", "dbname": database.name, "frequency": 5}
    database.ok("servers", servers=[server])
    srvid = database.value("SELECT id FROM powa_servers WHERE id > 0")
    with running_collector(database):
        taken = "SELECT count(DISTINCT (dbid, ts)) FROM powa_{0}_get(%s, NULL, NULL)".format(datasources[-1]["name"])
        wait_until(lambda: database.value(taken, (srvid,)) >= 2, "a snapshot")
    assert database.errors(srvid) is None
    for datasource in datasources:
        database.sql("SELECT powa_{0}_aggregate(%s)".format(datasource["name"]), (srvid,))
    for each in databases:
        assert not has_run(each, SUPERUSER) and has_run(each, OTHER)

    kept = {name: kept_as(of) for name, of in columns.items()}
    wanted = [{name: case.text for name, case in zip(NAMES, CASES)}, dict.fromkeys(NAMES)]
    for each in databases:
        dbid = database.value("SELECT oid FROM pg_database WHERE datname = %s", (each.name,))
        for datasource in datasources:
            rows = "(SELECT DISTINCT ON ({2}) * FROM powa_{0}_get({1}, NULL, NULL) WHERE dbid = {3} ORDER BY {2}) AS g"
            is_own = datasource["name"].startswith("casts")
            one_sample = rows.format(datasource["name"], srvid, "n" if is_own else "id", dbid)
            if is_own:
                assert texts(database, kept, one_sample) == originals(each, columns)
            else:
                read = ", ".join("{0}::text".format(name) for name in NAMES)
                found = database.sql("SELECT {0} FROM {1} ORDER BY id".format(read, one_sample))
                assert [dict(zip(NAMES, row)) for row in found] == wanted, datasource["name"]
