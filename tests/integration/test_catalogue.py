# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue on real servers: queries as the monitoring role, values that were caused, and the real collector."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing
from typing import Any, Dict, Iterator, List

import psycopg2
import pytest
from catalogue_samples import ENTRIES, FOR_MONITORS, sample, sample_all
from servers import PASSWORD, Database, Server, on_every_server, running_collector, wait_until

MAY_BE_EMPTY = {name for name, entry in ENTRIES.items() if entry.definition.get("may_be_empty")}
#: A member of pg_monitor, where the tests' role powa is only one of pg_read_all_stats.
MONITOR = "catalogue_monitor"


@pytest.fixture
def monitor(server: Server) -> Iterator[str]:
    """A monitoring role for those datasources that need more."""
    # PostgreSQL 13 would keep an MD5 sum.
    create = "SET password_encryption = 'scram-sha-256'; CREATE ROLE {0} LOGIN PASSWORD %s IN ROLE pg_monitor"
    server.sql("postgres", create.format(MONITOR), (PASSWORD,))
    yield MONITOR
    server.sql("postgres", "DROP ROLE " + MONITOR)


@on_every_server
def test_every_query_runs_as_the_monitoring_role(monitor: str, database: Database) -> None:
    with closing(database.server.connect(database.name, "powa")) as plain:
        found = sample_all(plain, but=FOR_MONITORS)
        for name in FOR_MONITORS:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                sample(plain, name)
    with closing(database.server.connect(database.name, monitor)) as connection:
        found.update((name, sample(connection, name)) for name in FOR_MONITORS)
    assert found["wal_files"][0]["files"] > 0 and found["standby_replay"] == found["recovery_prefetch"] == []
    assert set(found) == set(ENTRIES)
    assert {name for name, rows in found.items() if not rows} <= MAY_BE_EMPTY


@on_every_server
def test_values_are_those_that_were_caused(monitor: str, database: Database) -> None:
    with ExitStack() as open_connections:

        def connect(user: str) -> Any:
            return open_connections.enter_context(closing(database.server.connect(database.name, user)))

        watching = connect(monitor)

        def one(name: str, **keys: Any) -> Dict[str, Any]:
            """Return the one row of a datasource with these keys."""
            (row,) = rows(name, **keys)
            return row

        def rows(name: str, **keys: Any) -> List[Dict[str, Any]]:
            return [row for row in sample(watching, name) if keys.items() <= row.items()]

        here = {"database": database.name}
        counts = ("role_counts", "table_checks", "index_checks", "sequence_counts", "vacuum_queue", "wal_position")
        before = {name: one(name) for name in counts}
        _cause_objects(database)
        _check_objects(database, one, rows, before)

        # A transaction that is old by seconds, by transactions, and by what waits for it.
        holding = connect("postgres")
        with holding.cursor() as holder:
            holder.execute("SET application_name = 'forgotten'")
            holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            holder.execute("LOCK TABLE caused.plain")
            holder.execute("SELECT pg_current_xact_id()")
            for _number in range(20):
                database.sql("SELECT pg_current_xact_id()")
            waiting = threading.Thread(target=lambda: database.sql("CREATE INDEX CONCURRENTLY ON caused.plain (n)"))
            waiting.start()
            wait_until(lambda: one("lock_waits", **here)["waiting"] == 1, "the index waits for the lock")
            wait_until(lambda: one("long_transactions", **here)["longest_idle"] > 0.5, "the transaction is old")
            assert one("lock_waits", **here)["longest"] > 0
            blocking = one("blocking_sessions", **here)
            assert (blocking["application"], blocking["state"]) == ("forgotten", "idle in transaction")
            assert blocking["role"] == "postgres" and blocking["blocked"] == 1 and blocking["transaction"] > 0.5
            assert sum(row["waiting"] for row in rows("lock_counts", locktype="relation")) >= 1
            assert one("lock_counts", locktype="relation", mode="AccessExclusiveLock")["held"] >= 1
            assert one("xmin_horizon", holder="transaction")["age"] >= 20
            assert one("long_transactions", **here)["open"] >= 2
            assert one("connections", state="idle in transaction", **here)["connections"] == 1
            assert sum(row["idle_in_transaction"] for row in rows("connections_by_client", role="postgres")) == 1
            assert rows("session_waits", wait_type="Lock") and one("connection_room")["used"] >= 3
            holder.execute("COMMIT")
            # Without the lock the index waits for the next transaction, and is a command whose progress is known.
            holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        waiting.join(timeout=30)
        assert not waiting.is_alive()
        with holding.cursor() as holder:
            holder.execute("INSERT INTO caused.plain VALUES (1, 1)")
            building = threading.Thread(target=lambda: database.sql("CREATE INDEX CONCURRENTLY ON caused.plain (m)"))
            building.start()
            built = {**here, "relation": database.value("SELECT 'caused.plain'::regclass::oid::bigint")}
            progress = wait_until(lambda: rows("command_progress", **built), "the index is being built")
            assert progress[0]["command"] == "CREATE INDEX CONCURRENTLY" and progress[0]["longest"] > 0
            holder.execute("COMMIT")
        building.join(timeout=30)
        assert rows("command_progress", **built) == rows("vacuum_progress", **built) == []

        _check_slot(database, one)
        # Sorting more than work_mem, and not at its end yet.
        with holding.cursor() as holder:
            holder.execute("SET work_mem = '64kB'")
            holder.execute("BEGIN")
            holder.execute("DECLARE sorted CURSOR FOR SELECT n FROM generate_series(1, 50000) AS n ORDER BY -n")
            holder.execute("FETCH sorted")
            found = one("temp_files", tablespace="pg_default")
            assert found["files"] >= 1 and found["size"] >= 100_000
            holder.execute("COMMIT")
        _check_archiver(database, one)


def _cause_objects(database: Database) -> None:
    for statement in (
        "CREATE SCHEMA caused",
        "CREATE TABLE caused.plain (n integer, m integer)",
        "CREATE UNLOGGED TABLE caused.unlogged (n bigint PRIMARY KEY)",
        "INSERT INTO caused.plain SELECT 1, n FROM generate_series(1, 20000) AS n",
        "ALTER TABLE caused.plain ADD CHECK (n > 0) NOT VALID",
        "ALTER TABLE caused.plain SET (autovacuum_enabled = off, autovacuum_vacuum_scale_factor = 0)",
        "CREATE INDEX one ON caused.plain (m)",
        "CREATE INDEX same ON caused.plain (m)",
        # This needs neither of the indexes.
        "DELETE FROM caused.plain WHERE m + 0 > 10000",
        # What a failed CREATE INDEX CONCURRENTLY leaves behind.
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'caused.same'::regclass",
        "CREATE SEQUENCE caused.short MAXVALUE 200",
        "SELECT setval('caused.short', 191)",
        "CREATE TABLE caused.numbered (id serial PRIMARY KEY)",
        # So it was made before PostgreSQL 10, and is by hand.
        "ALTER SEQUENCE caused.numbered_id_seq AS bigint",
        "SELECT setval('caused.numbered_id_seq', 2147480000)",
        "CREATE SEQUENCE caused.down INCREMENT -1 MINVALUE -100 MAXVALUE -1",
        "SELECT setval('caused.down', -51)",
        "CREATE SEQUENCE caused.hidden",
        "SELECT nextval('caused.hidden')",
        "GRANT USAGE ON SCHEMA caused TO PUBLIC",
        "GRANT SELECT ON SEQUENCE caused.short, caused.numbered_id_seq, caused.down TO PUBLIC",
        "CREATE ROLE caused_login LOGIN REPLICATION VALID UNTIL '2020-01-01'",
    ):
        database.sql(statement)


def _check_objects(database: Database, one: Any, rows: Any, before: Dict[str, Dict[str, Any]]) -> None:
    def grown(name: str) -> Dict[str, Any]:
        after = one(name)
        return {metric: after[metric] - value for metric, value in before[name].items() if after[metric] != value}

    assert grown("role_counts") == {"logins": 1, "replication": 1, "expired": 1}
    database.sql("DROP ROLE caused_login")
    assert grown("table_checks") == {"tables": 3, "without_primary_key": 1, "unlogged": 1, "not_valid": 1}
    assert grown("index_checks") == {"indexes": 4, "invalid": 1, "duplicate": 1, "unused": 2}
    unused = rows("unused_indexes", schema="caused", relation="plain")
    assert sorted(row["index"] for row in unused) == ["one", "same"]
    assert all(row["size"] == database.value("SELECT pg_relation_size('caused.one')") for row in unused)
    # Reading system catalogs removes dead rows, too.
    wait_until(lambda: grown("vacuum_queue").get("dead_rows", 0) > 9000, "the deleted rows are counted")
    # Tables of PostgreSQL may be due, too.
    due = one("vacuum_queue")["vacuum_due"]
    assert due > before["vacuum_queue"]["vacuum_due"] and grown("vacuum_queue")["switched_off"] == 1
    database.sql("VACUUM ANALYZE caused.plain")
    wait_until(lambda: one("vacuum_queue")["vacuum_due"] < due, "the table is vacuumed")
    largest = one("largest_tables", schema="caused", relation="plain")
    assert largest["heap"] == database.value("SELECT pg_relation_size('caused.plain')")
    assert largest["indexes"] == database.value(
        "SELECT pg_relation_size('caused.one') + pg_relation_size('caused.same')"
    )

    assert [(row["sequence"], row["remaining"]) for row in rows("sequences_near_end", schema="caused")] == [
        ("numbered_id_seq", 3647),
        ("short", 9),
        ("down", 49),
    ]
    assert one("sequences_near_end", sequence="short")["used"] == pytest.approx(95.5, abs=0.1)
    assert grown("sequence_counts") == {"sequences": 4, "readable": 3}
    # A lock on each of so many would leave too few to others.
    locks = "current_setting('max_locks_per_transaction')::bigint * current_setting('max_connections')::bigint"
    loop = "DO $$BEGIN FOR n IN 1 .. {0} / 10 LOOP EXECUTE 'CREATE SEQUENCE many.s' || n; END LOOP; END$$"
    database.sql("CREATE SCHEMA many")
    database.sql(loop.format(locks))
    assert rows("sequences_near_end") == []
    database.sql("DROP SCHEMA many CASCADE")
    written = one("wal_position")["written"] - before["wal_position"]["written"]
    assert 100_000 < written < 100_000_000
    ages = one("database_ages", database=database.name)
    age = database.value("SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()")
    assert ages["xid_age"] == age and ages["used"] == pytest.approx(100 * age / (2**31 - 1))
    size = database.value("SELECT pg_database_size(current_database())")
    assert one("database_sizes", database=database.name)["size"] == pytest.approx(size, rel=0.1)
    database.sql("CHECKPOINT")
    checkpoint = one("checkpoint_age")
    assert checkpoint["age"] < 30 and checkpoint["of_timeout"] == pytest.approx(checkpoint["age"] / 3, abs=0.5)


def _check_slot(database: Database, one: Any) -> None:
    name = "caused_" + database.name
    database.sql("SELECT pg_create_physical_replication_slot(%s, true)", (name,))
    try:
        slots = one("replication_limits")["slots"]
        assert slots == database.value("SELECT count(*) FROM pg_replication_slots")
        start = one("slot_retention", slot=name)["retained"]
        database.sql("SELECT pg_logical_emit_message(true, 'caused', repeat('x', 1000000))")
        found = one("slot_retention", slot=name)
        assert found["active"] == found["lost"] == 0 and found["retained"] - start >= 1_000_000
        by_hand = "SELECT pg_current_wal_lsn() - restart_lsn FROM pg_replication_slots WHERE slot_name = %s"
        assert found["retained"] == pytest.approx(float(database.value(by_hand, (name,))), rel=0.1)
    finally:
        database.sql("SELECT pg_drop_replication_slot(%s)", (name,))


def _check_archiver(database: Database, one: Any) -> None:
    database.sql("SELECT pg_switch_wal()")
    wait_until(lambda: one("archive_lag")["segments"] == 0 and one("archive_lag")["failing"] == 0, "all is archived")
    database.sql("ALTER SYSTEM SET archive_command = 'false'")
    try:
        database.sql("SELECT pg_reload_conf()")
        for _number in range(2):
            database.sql("SELECT pg_logical_emit_message(true, 'caused', 'x')")
            database.sql("SELECT pg_switch_wal()")
        wait_until(lambda: one("archive_lag")["failing"] == 1, "archiving fails")
        assert one("archive_lag")["segments"] >= 2
        queue = one("archive_queue")
        assert queue["ready"] >= 2 and queue["oldest"] > 0
    finally:
        database.sql("ALTER SYSTEM RESET archive_command")
        database.sql("SELECT pg_reload_conf()")


def test_all_of_them_are_declared_and_collected(monitor: str, database: Database) -> None:
    on_powa_4 = database.powa == "4"
    chosen = [
        entry.definition
        for entry in ENTRIES.values()
        if not on_powa_4 or entry.definition.get("scope", "cluster") == "cluster"
    ]
    both = {"server_kind": ["remote", "repository"], "monitoring_role": monitor, "collector_role": "powa_collector"}
    database.ok("datasources", datasources=chosen, **both)
    again = database.ok("datasources", datasources=chosen, **both)
    assert not again.changed, again.diff
    remote = {"hostname": "127.0.0.1", "username": monitor, "dbname": database.name, "frequency": 5}
    database.ok("servers", servers=[remote])
    # What PoWA's own source functions read.
    database.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0}".format(monitor))
    srvid = database.value("SELECT id FROM powa_servers WHERE hostname = '127.0.0.1'")
    # These have rows on every server, whatever it does.
    always = {"server_state", "wal_files", "database_ages", "connections", "xmin_horizon", "archive_queue"}
    always |= set() if on_powa_4 else {"table_checks", "index_checks", "vacuum_queue", "table_ages", "sequence_counts"}
    rows = "SELECT 1 FROM powa_{0}_get(%s, NULL, NULL) LIMIT 1"
    with running_collector(database):
        wait_until(
            lambda: all(database.sql(rows.format(name), (srvid,)) for name in always),
            "samples of what always has rows",
        )
    assert database.errors(srvid) is None
