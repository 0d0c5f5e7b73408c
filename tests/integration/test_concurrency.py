# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several tasks, and the collector, at work in one repository at the same time."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Dict, List

from datasources import COMMITS, LOCK_MODES
from servers import Database, finish_module, running_collector, wait_until

SERVERS: List[Dict[str, Any]] = [
    {"hostname": "db{0:03}".format(number), "alias": "A{0}".format(number)} for number in range(200)
]
#: The times of all samples, wherever they are.
TIMES = """
    SELECT (record).ts FROM powa_commits_history_current WHERE srvid = {0}
    UNION ALL SELECT r.ts FROM powa_commits_history, unnest(records) AS r WHERE srvid = {0}
"""
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
#: The lock that tasks share.
LOCK = "SELECT pg_advisory_xact_lock(28783, 30465)"


def test_two_controllers_come_to_one_state(database: Database) -> None:
    side = {"server_kind": ["repository"], "datasources": [COMMITS, LOCK_MODES]}
    with closing(database.server.connect(database.name)) as holder, holder.cursor() as cursor:
        holder.autocommit = False
        cursor.execute(LOCK)
        # All have looked and mean to write when the first of them may.
        tasks = [database.start("datasources", **side) for _controller in range(2)]
        tasks += [database.start("servers", servers=SERVERS) for _controller in range(2)]
        wait_until(lambda: database.value(WAITING) == 4, "all tasks wait")
        holder.rollback()
    results = [finish_module(task) for task in tasks]
    assert [result.get("msg") for result in results] == [None] * 4
    assert [sum(result.changed for result in pair) for pair in (results[:2], results[2:])] == [1, 1]
    assert database.value("SELECT count(*) FROM powa_servers WHERE id > 0") == len(SERVERS)
    # Whichever was first, every server has both.
    for module, params in (("datasources", side), ("servers", {"servers": SERVERS})):
        assert not database.ok(module, **params).changed


def test_a_task_that_waits_too_long_says_for_whom(database: Database) -> None:
    with closing(database.server.connect(database.name)) as holder, holder.cursor() as cursor:
        holder.autocommit = False
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
        cursor.execute(LOCK)
        task = database.start("servers", servers=SERVERS[:1], lock_wait=1)
        result = finish_module(task)
    assert result.failed
    assert 'process {0} of role "postgres" from '.format(pid) in result["msg"]
    assert "was writing to this database for more than 1 s" in result["msg"]
    assert "nothing was changed" in result["msg"]
    assert database.value("SELECT count(*) FROM powa_servers WHERE id > 0") == 0


def test_the_collector_goes_on_while_many_servers_are_registered(database: Database) -> None:
    """No snapshot has an error, and none waits longer than a lock may take."""
    side = {"server_kind": ["repository", "remote"], "monitoring_role": "powa", "datasources": [COMMITS]}
    database.ok("datasources", **side)
    collected = {"hostname": "127.0.0.1", "username": "postgres", "dbname": database.name, "frequency": 5}
    database.ok("servers", servers=[collected])
    srvid = database.value("SELECT id FROM powa_servers WHERE hostname = '127.0.0.1'")
    database.sql("CREATE TABLE seen (errors text[])")
    database.sql(
        "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.errors IS NOT NULL THEN INSERT INTO public.seen VALUES (NEW.errors); END IF;"
        " RETURN NEW; END $$"
    )
    database.sql("CREATE TRIGGER see AFTER UPDATE ON powa_snapshot_metas FOR EACH ROW EXECUTE FUNCTION see()")

    def times() -> List[Any]:
        return sorted(time for (time,) in database.sql(TIMES.format(srvid)))

    def longest_gap(found: List[Any]) -> Any:
        return max(later - earlier for earlier, later in zip(found, found[1:]))

    with running_collector(database):
        quiet = wait_until(lambda: len(times()) >= 3 and times(), "three samples", 90)
        disabled = [dict(server, frequency=-1) for server in SERVERS]
        database.ok("servers", servers=disabled)
        database.ok("datasources", **dict(side, datasources=[dict(COMMITS, priority=20), LOCK_MODES]))
        database.ok("servers", servers=[dict(server, state="absent", history="drop") for server in SERVERS])
        busy = wait_until(lambda: len(times()) >= len(quiet) + 2 and times(), "two more samples", 60)
    # The collector sets the pace, and no sample of it is missing. What waits for 2 s is an error there.
    assert longest_gap(busy) < 2 * longest_gap(quiet)
    assert database.sql("SELECT errors FROM seen") == []
