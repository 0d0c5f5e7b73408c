# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thousand servers with ten datasources each, by one task; the oracle is plain SQL."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from servers import Database, ModuleResult, on_every_server, statements_sent

SERVERS = 1000
DATASOURCES = [
    {
        "name": "many_{0}".format(number),
        "query": "SELECT count(*) AS held FROM pg_locks",
        "metrics": [{"name": "held", "type": "bigint"}],
    }
    for number in range(10)
]
NAMES = [datasource["name"] for datasource in DATASOURCES]
#: Datasource, whether it is enabled, and of how many servers.
REGISTERED = {
    "4": """
        SELECT module, enabled, count(DISTINCT srvid), count(*) FROM powa_functions
        WHERE module LIKE 'many_%' AND srvid > 0 GROUP BY 1, 2 ORDER BY 1, 2
    """,
    "5": """
        SELECT extname, enabled, count(DISTINCT srvid), count(*) FROM powa_extension_config
        WHERE extname LIKE 'many_%' AND srvid > 0 GROUP BY 1, 2 ORDER BY 1, 2
    """,
}
#: Rows of the registry for each server and datasource.
ROWS = {"4": 5, "5": 1}

#: Tables with rows of servers.
TABLES_OF_SERVERS = """
    SELECT c.conrelid::regclass::text, a.attname
    FROM pg_constraint AS c
    JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.confrelid = 'powa_servers'::regclass
    ORDER BY 1
"""


def fleet(count: int, **options: Any) -> List[Dict[str, Any]]:
    return [
        dict({"hostname": "db{0:04}".format(number), "alias": "alias {0}".format(number)}, **options)
        for number in range(count)
    ]


def counted(database: Database, module: str, **params: Any) -> Tuple[ModuleResult, int]:
    """Run a module and return with its result how many statements it sent."""
    return statements_sent(database, lambda: database.ok(module, **params))


def registered(database: Database, enabled: bool, servers: int, names: Any = NAMES) -> List[Any]:
    return [(name, enabled, servers, servers * ROWS[database.powa]) for name in sorted(names)]


def test_a_thousand_servers_take_as_many_statements_as_ten(make_database: Any) -> None:
    few, many = make_database(), make_database()
    for database in (few, many):
        database.ok("datasources", server_kind=["repository"], datasources=DATASOURCES)
    tasks: List[Dict[str, Any]] = [
        {"options": {"datasources": NAMES, "extensions": ["pg_qualstats"]}},
        {"options": {"datasources": NAMES}},
        {"options": {"frequency": 60, "retention": "2 days", "datasources": NAMES[:5], "extensions": []}},
        {"options": {"datasources": NAMES}, "state": "exact"},
    ]
    for task in tasks:
        options = {key: value for key, value in task.items() if key != "options"}
        sent = [
            counted(database, "servers", servers=fleet(count, **task["options"]), **options)[1]
            for database, count in ((few, 10), (many, SERVERS))
        ]
        assert sent[0] == sent[1], task
    assert many.sql(REGISTERED[many.powa]) == registered(many, True, SERVERS)
    assert many.value("SELECT count(*) FROM powa_servers WHERE id > 0 AND frequency = 60") == SERVERS

    # The registry's rows of all of them, by the module that declares datasources.
    changed = [dict(datasource, enabled=False, priority=20) for datasource in DATASOURCES]
    sent = [
        counted(database, "datasources", server_kind=["repository"], datasources=changed)[1] for database in (few, many)
    ]
    assert sent[0] == sent[1]
    assert many.sql(REGISTERED[many.powa]) == registered(many, False, SERVERS)
    again = [
        counted(database, "datasources", server_kind=["repository"], datasources=datasources)
        for database, datasources in ((few, changed), (many, changed), (many, changed[:1]))
    ]
    assert not any(result.changed for result, _count in again)
    assert len({count for _result, count in again}) == 1

    # Half of them go with their history, in one statement each.
    sent = [
        counted(database, "servers", servers=fleet(count // 2), state="exact", history="drop")[1]
        for database, count in ((few, 10), (many, SERVERS))
    ]
    assert sent[0] == sent[1]
    assert many.value("SELECT count(*) FROM powa_servers WHERE id > 0") == SERVERS // 2
    assert many.sql(REGISTERED[many.powa]) == registered(many, False, SERVERS // 2)
    assert many.value("SELECT count(*) FROM powa_declared_servers") == SERVERS // 2


def test_the_same_change_of_many_servers_is_shown_once(database: Database) -> None:
    database.ok("datasources", server_kind=["repository"], datasources=DATASOURCES[:1])
    database.ok("servers", servers=fleet(12, datasources=NAMES[:1]))
    first, *_rest, last = (srvid for (srvid,) in database.sql("SELECT id FROM powa_servers WHERE id > 0 ORDER BY 1"))
    disabled = [dict(DATASOURCES[0], enabled=False)]
    result = database.ok("datasources", server_kind=["repository"], datasources=disabled)
    shown = [line for line in result["changes"] if "srvid=" in line]
    assert shown and all("srvid={0}-{1}".format(first, last) in line for line in shown)
    assert len(shown) == ROWS[database.powa]


def rows_of(database: Database, srvid: int) -> Dict[str, List[str]]:
    """Return all rows of a server, but for its number."""
    found = {}
    for table, column in database.sql(TABLES_OF_SERVERS):
        text = "SELECT (to_jsonb(t) - '{1}')::text FROM {0} AS t WHERE t.{1} = %s ORDER BY 1".format(table, column)
        found[table] = [row for (row,) in database.sql(text, (srvid,))]
    return {table: rows for table, rows in found.items() if rows and table != "powa_declared_servers"}


@on_every_server
def test_each_server_of_a_task_has_the_rows_that_powa_itself_writes(database: Database) -> None:
    extensions = ["pg_qualstats", "pg_stat_kcache", "pg_track_settings", "pg_wait_sampling"]
    (original,) = database.register("original")

    def compare(activated: Any) -> None:
        for name in extensions:
            operation = "activate" if name in activated else "deactivate"
            database.sql("SELECT powa_{0}_extension(%s, %s)".format(operation), (original, name))
        declared = fleet(3, extensions=activated)
        assert database.ok("servers", servers=declared).changed
        assert not database.ok("servers", servers=declared).changed
        wanted = rows_of(database, original)
        assert wanted
        for (srvid,) in database.sql("SELECT id FROM powa_servers WHERE hostname LIKE 'db0%' ORDER BY 1"):
            assert rows_of(database, srvid) == wanted

    compare(extensions[:2])
    # Some were active before, some have rows and are not active any more, and some have none yet.
    compare(extensions[1:])
    compare([])
    compare(extensions)
