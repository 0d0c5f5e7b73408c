# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module servers, in the order: check, plain SQL, run, plain SQL, run again, plain SQL."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from datasources import COMMITS, LOCK_MODES
from servers import Database

ROWS = """
    SELECT hostname, port, alias, username, dbname, frequency, powa_coalesce, extract(epoch FROM retention)::integer,
        allow_ui_connection
    FROM powa_servers WHERE id > 0 ORDER BY hostname
"""
ACTIVE = {
    "4": "SELECT DISTINCT module FROM powa_functions WHERE srvid = %s AND enabled ORDER BY 1",
    "5": "SELECT extname FROM powa_extension_config WHERE srvid = %s AND enabled ORDER BY 1",
}


def active(database: Database, srvid: int) -> List[str]:
    return [row[0] for row in database.sql(ACTIVE[database.powa], (srvid,))]


def srvid_of(database: Database, hostname: str) -> int:
    return int(database.value("SELECT id FROM powa_servers WHERE hostname = %s", (hostname,)))


def test_servers_are_registered_as_powa_does_and_changed_where_given(database: Database) -> None:
    full = {
        "hostname": "b", "port": 5433, "alias": "B", "username": "u", "dbname": "d", "frequency": 60, "coalesce": 50,
        "retention": "7 days", "allow_ui_connection": False,
    }  # fmt: skip
    servers: List[Dict[str, Any]] = [{"hostname": "a"}, full]
    assert database.ok("servers", check=True, servers=servers).changed
    assert database.sql(ROWS) == []

    result = database.ok("servers", servers=servers)
    assert result["collector_action"] == "reload"
    assert database.sql(ROWS) == [
        ("a", 5432, None, "powa", "powa", 300, 100, 86400, True),
        ("b", 5433, "B", "u", "d", 60, 50, 7 * 86400, False),
    ]
    assert [server["srvid"] for server in result["servers"]] == [srvid_of(database, "a"), srvid_of(database, "b")]
    assert database.sql("SELECT srvid FROM powa_snapshot_metas WHERE srvid > 0 ORDER BY 1") == [
        (server["srvid"],) for server in result["servers"]
    ]

    before = database.dump()
    again = database.ok("servers", servers=[{"hostname": "a"}, dict(full, retention="168 hours")])
    assert not again.changed and again["collector_action"] == "none"
    assert database.dump() == before

    changed = database.ok("servers", servers=[{"hostname": "a", "retention": "2 days", "alias": "A"}])
    assert changed["collector_action"] == "none"
    assert database.sql(ROWS)[0] == ("a", 5432, "A", "powa", "powa", 300, 100, 2 * 86400, True)


@pytest.mark.parametrize(
    ("change", "action"),
    [
        ({"frequency": 120}, "restart"),
        ({"state": "disabled"}, "restart"),
        ({"state": "absent"}, "restart"),
        ({"state": "absent", "history": "drop"}, "restart"),
        ({"hostname": "b", "renamed_from": {"hostname": "a"}}, "restart"),
        ({"username": "other"}, "reload"),
        ({"password": "another"}, "reload"),
        ({"coalesce": 7}, "none"),
    ],
    ids=["frequency", "disabled", "absent", "dropped", "address", "username", "password", "coalesce"],
)
def test_what_the_collector_needs(database: Database, change: Dict[str, Any], action: str) -> None:
    database.ok("servers", servers=[{"hostname": "a", "frequency": 60}])
    server = dict({"hostname": "a"}, **change)
    checked = database.ok("servers", check=True, servers=[server])
    assert (checked.changed, checked["collector_action"]) == (True, action)
    assert database.ok("servers", servers=[server])["collector_action"] == action
    again = database.ok("servers", servers=[server])
    assert (again.changed, again["collector_action"]) == (False, "none")


def test_two_servers_swap_their_aliases(database: Database) -> None:
    first, second = {"hostname": "a", "alias": "A"}, {"hostname": "b", "alias": "B"}
    database.ok("servers", servers=[first, second])
    swapped = [dict(first, alias="B"), dict(second, alias="A")]
    database.ok("servers", servers=swapped)
    assert [row[:3] for row in database.sql(ROWS)] == [("a", 5432, "B"), ("b", 5432, "A")]
    assert not database.ok("servers", servers=swapped).changed


def test_a_new_server_takes_the_alias_of_one_that_goes(database: Database) -> None:
    database.ok("servers", servers=[{"hostname": "a", "alias": "A"}])
    database.ok(
        "servers", servers=[{"hostname": "a", "state": "absent", "history": "drop"}, {"hostname": "b", "alias": "A"}]
    )
    assert [row[:3] for row in database.sql(ROWS)] == [("b", 5432, "A")]


def test_a_new_address_keeps_the_number_and_so_the_history(database: Database) -> None:
    database.ok("servers", servers=[{"hostname": "a", "alias": "A"}])
    srvid = srvid_of(database, "a")
    moved = {"hostname": "b", "port": 5433, "renamed_from": {"hostname": "a"}}
    database.ok("servers", servers=[moved])
    assert srvid_of(database, "b") == srvid
    assert not database.ok("servers", servers=[moved]).changed
    database.ok("servers", servers=[{"hostname": "a"}])
    assert "are both registered" in database.refused("servers", servers=[moved])


def test_removing_disables_and_only_drop_deletes_with_transient_rows(database: Database) -> None:
    database.ok("datasources", server_kind=["repository"], datasources=[COMMITS])
    database.ok("servers", servers=[{"hostname": "a"}, {"hostname": "b"}])
    srvid = srvid_of(database, "a")
    for statement in (
        "INSERT INTO powa_commits_src_tmp VALUES (%s, now(), 1)",
        "INSERT INTO powa_commits_history_current VALUES (%s, ROW(now(), 1)::powa_commits_history_record)",
        "INSERT INTO powa_databases_src_tmp (srvid, oid, datname) VALUES (%s, 1, 'x')",
    ):
        database.sql(statement, (srvid,))
    database.ok("servers", servers=[{"hostname": "a", "state": "absent"}])
    assert database.value("SELECT frequency FROM powa_servers WHERE id = %s", (srvid,)) == -1
    assert database.value("SELECT count(*) FROM powa_commits_history_current") == 1

    database.ok("servers", servers=[{"hostname": "a", "state": "absent", "history": "drop"}])
    assert database.sql(ROWS)[0][0] == "b"
    for table in ("powa_commits_src_tmp", "powa_commits_history_current", "powa_databases_src_tmp"):
        assert database.value("SELECT count(*) FROM {0}".format(table)) == 0


def test_present_enables_what_was_disabled(database: Database) -> None:
    database.ok("servers", servers=[{"hostname": "a", "state": "disabled"}])
    assert database.value("SELECT frequency FROM powa_servers WHERE hostname = 'a'") == -1
    assert database.ok("servers", servers=[{"hostname": "a"}])["collector_action"] == "reload"
    assert database.value("SELECT frequency FROM powa_servers WHERE hostname = 'a'") == 300


def test_exact_disables_what_the_list_leaves_out(database: Database) -> None:
    database.ok("servers", servers=[{"hostname": "a"}, {"hostname": "b"}])
    assert not database.ok("servers", servers=[{"hostname": "a"}]).changed
    result = database.ok("servers", servers=[{"hostname": "a"}], state="exact")
    assert result["collector_action"] == "restart"
    assert [row[5] for row in database.sql(ROWS)] == [300, -1]
    assert not database.ok("servers", servers=[{"hostname": "a"}], state="exact").changed


def test_extensions_and_datasources_of_a_server(database: Database) -> None:
    database.ok("datasources", server_kind=["repository"], datasources=[COMMITS, LOCK_MODES])
    server = {"hostname": "a", "extensions": ["pg_qualstats"], "datasources": ["commits"]}
    database.ok("servers", servers=[server])
    srvid = srvid_of(database, "a")
    found = active(database, srvid)
    assert "pg_qualstats" in found and "commits" in found and "lock_modes" not in found
    assert not database.ok("servers", servers=[server]).changed

    other = dict(server, extensions=["pg_wait_sampling"], datasources=["lock_modes"])
    database.ok("servers", servers=[other])
    found = active(database, srvid)
    assert {"pg_wait_sampling", "lock_modes", "pg_stat_statements"} <= set(found)
    assert not {"pg_qualstats", "commits"} & set(found)
    assert not database.ok("servers", servers=[other]).changed
    # What is not said stays as it is.
    assert not database.ok("servers", servers=[{"hostname": "a"}]).changed


def test_a_new_server_gets_the_datasources_that_are_for_all(database: Database) -> None:
    database.ok("servers", servers=[{"hostname": "a", "alias": "A"}])
    limited = dict(COMMITS, servers=["A"])
    database.ok("datasources", server_kind=["repository"], datasources=[limited, LOCK_MODES])
    database.ok("servers", servers=[{"hostname": "b"}])
    found = active(database, srvid_of(database, "b"))
    assert "lock_modes" in found and "commits" not in found
    assert not database.ok("datasources", server_kind=["repository"], datasources=[limited, LOCK_MODES]).changed


def test_a_password_is_compared_and_never_shown(database: Database) -> None:
    server = {"hostname": "a", "password": "geheim-4711"}
    result = database.ok("servers", servers=[server])
    assert database.value("SELECT password FROM powa_servers WHERE hostname = 'a'") == "geheim-4711"
    assert not database.ok("servers", servers=[server]).changed
    changed = database.ok("servers", servers=[dict(server, password="geheim-4712")])
    assert changed.changed and changed.diff["before"] != changed.diff["after"]
    removed = database.ok("servers", servers=[dict(server, password="")])
    assert database.value("SELECT password FROM powa_servers WHERE hostname = 'a'") is None
    for shown in (result, changed, removed):
        assert "geheim" not in str({key: value for key, value in shown.result.items() if key != "invocation"})
        assert "geheim" not in str(shown.get("invocation"))


BAD = [
    ({"frequency": 4}, 'server "a:5432", frequency: found 4, expected at least 5 seconds'),
    ({"coalesce": 4}, "coalesce: found 4, expected at least 5"),
    ({"port": 70000}, "port: found 70000, expected 1 to 65535"),
    ({"hostname": " "}, "hostname: it is empty"),
    ({"retention": "a week"}, 'retention: invalid input syntax for type interval: "a week"'),
    ({"retention": "0"}, "expected a positive interval"),
    ({"retention": "10000 years"}, "reaches back beyond PostgreSQL's first timestamp"),
    ({"alias": "taken"}, 'alias: "taken" is the alias of other:5432'),
    ({"extensions": ["nix"]}, "extensions: found nix, which this repository does not know"),
    ({"datasources": ["nix"]}, "datasources: found nix, which this repository does not know"),
    ({"history": "drop"}, 'history: found "drop" with state "present"'),
    ({"state": "disabled", "frequency": 60}, 'frequency: found 60 with state "disabled"'),
    ({"renamed_from": {"hostname": "a"}}, "renamed_from: it is the same address"),
]


@pytest.mark.parametrize(("wrong", "words"), BAD, ids=[words for _wrong, words in BAD])
def test_a_wrong_server_is_refused(database: Database, wrong: Dict[str, Any], words: str) -> None:
    database.register("other")
    database.sql("UPDATE powa_servers SET alias = 'taken' WHERE hostname = 'other'")
    good = {"hostname": "good"}
    assert words in database.refused("servers", servers=[good, dict({"hostname": "a"}, **wrong)])


def test_the_same_address_or_alias_twice_is_refused(database: Database) -> None:
    message = database.refused(
        "servers", servers=[{"hostname": "a", "alias": "x"}, {"hostname": "a"}, {"hostname": "b", "alias": "x"}]
    )
    assert "hostname and port: number 1 of the list has the same" in message
    assert "alias: number 1 of the list has the same" in message
