# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""History read back with the functions that each datasource has."""

from __future__ import annotations

from typing import Any, Dict

from servers import Database

THINGS: Dict[str, Any] = {
    "name": "things",
    "query": "SELECT 'a'::text AS k, 1::bigint AS c, 1::integer AS g, '0/0'::pg_lsn AS l",
    "keys": [{"name": "k", "type": "text"}],
    "metrics": [
        {"name": "c", "type": "bigint"},
        {"name": "g", "type": "integer", "kind": "gauge"},
        {"name": "l", "type": "pg_lsn"},
    ],
}
START = "2020-01-01 00:00:00+00"
RATE = (
    "SELECT k, extract(epoch FROM ts - '2020-01-01 00:00:00+00')::integer, c, g, l"
    " FROM powa_things_rate(%s, %s, %s) WHERE k = 'a' ORDER BY ts"
)


def test_rates_over_a_gap_and_a_reset(database: Database) -> None:
    (srvid,) = database.register("one")
    database.ok("datasources", server_kind=["repository"], collector_role="powa_collector", datasources=[THINGS])
    for seconds, counter, gauge, lsn in [
        (0, 100, 5, "0/10"),
        (10, 200, 4, "0/20"),
        (40, 500, 3, "0/20"),
        (50, 50, 2, "0/30"),
    ]:
        for key in ("a", "b"):
            database.sql(
                "INSERT INTO powa_things_src_tmp VALUES (%s, %s::timestamptz + %s * interval '1s', %s, %s, %s, %s)",
                (srvid, START, seconds, key, counter, gauge, lsn),
            )
    database.sql("SELECT powa_things_snapshot(%s)", (srvid,))
    expected = [("a", 0, None, 5, None), ("a", 10, 10.0, 4, 1.6), ("a", 40, 10.0, 3, 0.0), ("a", 50, 5.0, 2, 1.6)]
    for _form in ("current", "aggregated"):
        assert database.sql(RATE, (srvid, None, None)) == expected
        between = database.sql(RATE, (srvid, "2020-01-01 00:00:10+00", "2020-01-01 00:00:40+00"))
        assert [row[1] for row in between] == [10, 40]
        assert database.value("SELECT count(*) FROM powa_things_get(%s, NULL, NULL)", (srvid,)) == 8
        assert database.value("SELECT count(*) FROM powa_things_get(%s, NULL, NULL)", (srvid + 1,)) == 0
        database.sql("SELECT powa_things_aggregate(%s)", (srvid,))
    assert database.value("SELECT count(*) FROM powa_things_history") == 2


def test_the_index_is_used(database: Database) -> None:
    database.ok("datasources", server_kind=["repository"], collector_role="powa_collector", datasources=[THINGS])
    with database.server.connect(database.name) as connection, connection.cursor() as cursor:
        # The tables are empty, and reading them whole would cost as little.
        cursor.execute("SET enable_seqscan = off")
        for function in ("get", "rate"):
            cursor.execute("EXPLAIN SELECT * FROM powa_things_{0}(1, now(), NULL)".format(function))
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "powa_things_history_ts" in plan and "powa_things_history_current_srvid" in plan, plan


def test_who_may_read(database: Database) -> None:
    database.ok("datasources", server_kind=["repository"], collector_role="powa_collector", datasources=[THINGS])
    may_call = "SELECT has_function_privilege(%s, 'powa_things_rate(int, timestamptz, timestamptz)', 'EXECUTE')"
    may_read = "SELECT has_table_privilege(%s, 'powa_things_history', 'SELECT')"
    if database.powa == "4":
        # PoWA 4 has no roles: as with its own functions, the tables' rights decide.
        assert database.value(may_call, ("nobody_special",)) and not database.value(may_read, ("nobody_special",))
        return
    # As PoWA 5 does with its own history.
    own = database.sql(
        "SELECT r.rolname FROM powa_roles AS r"
        " WHERE has_table_privilege(r.rolname, 'powa_statements_history', 'SELECT')"
    )
    assert len(own) > 2
    for (role,) in own:
        assert database.value(may_call, (role,)) and database.value(may_read, (role,)), role
    assert not database.value(may_call, ("nobody_special",))
