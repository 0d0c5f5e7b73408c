# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that run at the same time in one repository, beside the real powa-collector.

No task fails, no snapshot has an error, snapshots go on, and in the end everything is as the last tasks want it.
"""

from __future__ import annotations

import contextlib
import io
import json
import threading
import time
from random import Random
from typing import Any, Dict, Iterator, List, Sequence

from handwritten import APP_ORDERS, write_by_hand
from migrations import REMOTE, REPOSITORY, Step, careful_steps, changed_datasources, names_of, random_datasources
from servers import Database, ModuleResult, running_collector, wait_until
from world import Broken, Notes, World, compare

#: The shortest time between two snapshots.
FREQUENCY = 5
SAMPLES = 3
LOCAL_SERVERS = ["db1", "db2", "db3"]
COMMITS: Dict[str, Any] = {
    "name": "commits",
    "query": "SELECT sum(xact_commit)::bigint AS commits FROM pg_stat_database",
    "metrics": [{"name": "commits", "type": "bigint"}],
}
_WATCH = """
    CREATE TABLE public.seen (ts timestamptz DEFAULT clock_timestamp(), srvid integer, errors text[]);
    CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO public.seen (srvid, errors) VALUES (NEW.srvid, NEW.errors); RETURN NEW; END $$;
    CREATE TRIGGER see AFTER UPDATE ON powa_snapshot_metas FOR EACH ROW EXECUTE FUNCTION public.see();
    -- Its trigger runs with the rights of whoever takes the snapshot.
    GRANT ALL ON public.seen TO PUBLIC;
"""
# PoWA's own query returns no size for a table or an index that is dropped meanwhile, and its table takes no NULL.
_ERRORS = r"""
    SELECT s.ts, array_agg(e.error)
    FROM public.seen AS s, pg_catalog.unnest(s.errors) AS e (error)
    WHERE e.error !~ 'null value in column "(idx|tbl)_size" of relation "powa_all_(indexes|tables)_src_tmp"'
    GROUP BY s.ts ORDER BY s.ts
"""
_TIMES = "SELECT extract(epoch FROM ts)::float8 FROM public.seen WHERE srvid = %s ORDER BY ts"


class _Worker(threading.Thread):
    """Runs tasks one after the other, and keeps what went wrong.

    :param steps: never ends
    """

    def __init__(self, database: Database, name: str, steps: Iterator[Step], end: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.runs: List[str] = []
        self.failure = ""
        self._database, self._steps, self._ended = database, steps, end

    def run(self) -> None:
        try:
            for step in self._steps:
                if self._ended.is_set():
                    return
                self.runs.append(step.name)
                result = self._database.run(step.module, **step.params)
                if result.failed:
                    self.failure = "{0}: {1}".format(self._told(step), result["msg"])
                    return
        except BaseException as error:
            self.failure = "{0}: {1!r}".format(self._told(step), error)

    def _told(self, step: Step) -> str:
        return "{0} fails in run {1}, {2} of module {3} with {4}".format(
            self.name, len(self.runs), step.name, step.module, json.dumps(step.params)[:1500]
        )


def together_round(world: World, random: Random, notes: Notes) -> None:
    """Run tasks for some snapshots."""
    database = world.database()
    log = io.StringIO()
    try:
        final = _declare(database, random)
        (srvid,) = [row[0] for row in database.sql("SELECT id FROM powa_servers WHERE hostname = '127.0.0.1'")]
        workers = _workers(database, random, final[0])
        notes.say("tasks of {0} users at once, during {1} snapshots".format(len(workers), SAMPLES + 1))
        with contextlib.redirect_stdout(log), running_collector(database):
            wait_until(lambda: len(database.sql(_TIMES, (srvid,))) >= 1, "a first snapshot", 60)
            notes.done = _work(database, workers, srvid)
            last = time.time()
            wait_until(lambda: _times(database, srvid)[-1] > last, "a snapshot after the tasks", 60)
        _check(database, workers)
        _settle(world, database, random)
    except Broken as broken:
        ran = "\n".join(log.getvalue().splitlines()[-40:])
        raise Broken("{0}\n  the collector's log:\n{1}".format(broken, ran), broken.diff) from broken
    except AssertionError as error:
        raise Broken("{0}\n  the collector's log:\n{1}".format(error, log.getvalue()[-4000:])) from error
    finally:
        world.drop(database)


def _times(database: Database, srvid: int) -> List[float]:
    return [when for (when,) in database.sql(_TIMES, (srvid,))]


def _declare(database: Database, random: Random) -> List[List[Dict[str, Any]]]:
    collected = {"hostname": "127.0.0.1", "username": "postgres", "dbname": database.name, "frequency": FREQUENCY}
    database.ok("servers", servers=[collected])
    datasources = random_datasources(random, database.powa)
    for side in (REMOTE, REPOSITORY):
        database.ok("datasources", **dict(side, datasources=datasources))
    write_by_hand(database, "app_orders")
    database.sql(_WATCH)
    return [datasources]


def _workers(database: Database, random: Random, datasources: List[Dict[str, Any]]) -> List[_Worker]:
    end = threading.Event()
    streams = {
        "the user who changes columns": _migrate(Random(random.random()), datasources),
        "the first user who registers servers": _register(Random(random.random())),
        "the second user who registers servers": _register(Random(random.random())),
        "the user who adds a datasource": _add(Random(random.random())),
        "the user with functions of his own": _hand_write(Random(random.random())),
        "the reader": _read(Random(random.random())),
    }
    return [_Worker(database, name, steps, end) for name, steps in streams.items()]


def _work(database: Database, workers: Sequence[_Worker], srvid: int) -> int:
    """Let the workers work until there are enough snapshots."""
    before = len(_times(database, srvid))
    for worker in workers:
        worker.start()
    try:
        wait_until(
            lambda: len(_times(database, srvid)) >= before + SAMPLES or any(worker.failure for worker in workers),
            "{0} snapshots".format(SAMPLES),
            120,
        )
    finally:
        for worker in workers:
            worker._ended.set()
        for worker in workers:
            worker.join(120)
    return sum(len(worker.runs) for worker in workers)


def _check(database: Database, workers: Sequence[_Worker]) -> None:
    """See that nothing failed; a snapshot that waits for a lock of ours for 2 s has an error."""
    failures = [worker.failure for worker in workers if worker.failure]
    failures += ["{0} does not end".format(worker.name) for worker in workers if worker.is_alive()]
    if failures:
        raise Broken("\n".join(failures))
    ran = "; ".join("{0}: {1}".format(worker.name, ", ".join(worker.runs)) for worker in workers)
    errors = database.sql(_ERRORS)
    if errors:
        raise Broken("snapshots have errors: {0}\n  tasks: {1}".format(errors, ran))


def _settle(world: World, database: Database, random: Random) -> None:
    """See that tasks without others beside them come to what they want, and then change nothing."""
    last = [
        Step("servers", "servers", {"servers": [{"hostname": name, "frequency": -1} for name in LOCAL_SERVERS]}),
        Step("remote", "datasources", dict(REMOTE, datasources=[COMMITS])),
        Step("repository", "datasources", dict(REPOSITORY, datasources=[COMMITS])),
        Step("functions", "functions", {"datasources": [APP_ORDERS]}),
    ]
    for step in last:
        _ok(database, step)
    settled = world.state(database)
    for step in last:
        if _ok(database, step).changed:
            raise Broken("{0}: a second run changes something again".format(step.name))
    if world.state(database) != settled:
        raise Broken("a run without changes wrote", compare(settled, world.state(database)))
    found = [name for (name,) in database.sql("SELECT hostname FROM powa_servers WHERE id > 0 ORDER BY 1")]
    if found != ["127.0.0.1", *LOCAL_SERVERS]:
        raise Broken("other servers than those of the last task are registered: {0}".format(found))


def _ok(database: Database, step: Step) -> ModuleResult:
    result = database.run(step.module, **step.params)
    if result.failed:
        raise Broken("{0} fails: {1}".format(step.name, result["msg"]))
    return result


def _migrate(random: Random, datasources: List[Dict[str, Any]]) -> Iterator[Step]:
    used = names_of(datasources)
    while True:
        datasources = changed_datasources(random, datasources, sorted(used))
        used |= names_of(datasources)
        # Those that come later are others' concern.
        datasources = [datasource for datasource in datasources if datasource["name"] == "things"]
        yield from careful_steps(datasources, ["127.0.0.1:5432"])
        # It was renamed, and is so now.
        datasources = [_without_former_names(datasource) for datasource in datasources]


def _without_former_names(datasource: Dict[str, Any]) -> Dict[str, Any]:
    columns = {
        kind: [{key: value for key, value in column.items() if key != "renamed_from"} for column in datasource[kind]]
        for kind in ("keys", "metrics")
    }
    return {**datasource, **columns}


def _register(random: Random) -> Iterator[Step]:
    while True:
        servers = []
        for name in random.sample(LOCAL_SERVERS, random.randint(1, len(LOCAL_SERVERS))):
            state = random.choice(["present", "present", "disabled", "absent"])
            server = {"hostname": name, "state": state, "frequency": -1}
            if state == "present":
                server["retention"] = random.choice(["1 day", "2 days"])
            if state == "absent":
                server["history"] = random.choice(["keep", "drop"])
            servers.append(server)
        yield Step("servers", "servers", {"servers": servers})


def _add(random: Random) -> Iterator[Step]:
    while True:
        changed = dict(COMMITS, priority=random.randint(1, 30), description="of {0}".format(random.randint(1, 9)))
        yield Step("remote", "datasources", dict(REMOTE, datasources=[changed]))
        yield Step("repository", "datasources", dict(REPOSITORY, datasources=[changed]))


def _hand_write(random: Random) -> Iterator[Step]:
    tables = {"tables": [{"query_source": "app_orders_src"}], "collector_role": "powa_collector"}
    while True:
        yield Step("transient table", "transient_tables", tables)
        yield Step("functions", "functions", {"datasources": [dict(APP_ORDERS, priority=random.randint(1, 30))]})
        yield Step("no functions", "functions", {"datasources": [{"name": "app_orders", "state": "absent"}]})


def _read(random: Random) -> Iterator[Step]:
    while True:
        yield Step("server_info", "server_info", {"collector_timeout": 2})
        yield Step("history_info", "history_info", {"range": "1 hour", "servers": ["127.0.0.1:5432"]})
