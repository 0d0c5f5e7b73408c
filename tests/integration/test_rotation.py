# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the password of a remote can change, by what its repository says."""

from __future__ import annotations

from contextlib import closing

from ansible_collections.pgfleet.powa.plugins.module_utils._sql.rotation import DUE
from servers import Database

SESSION = "PoWA collector - repo_conn for worker one:5432"


def due(database: Database) -> bool:
    given = {"hostname": "one", "port": 5432, "sessions": "another\n" + SESSION}
    ((count,),) = database.sql(DUE, given)
    return bool(count)


def test_only_a_session_in_a_transaction_is_a_running_snapshot(database: Database) -> None:
    (one,) = database.register("one")
    database.sql("UPDATE powa_servers SET frequency = 300 WHERE id = %s", (one,))
    database.sql("UPDATE powa_snapshot_metas SET snapts = '-infinity' WHERE srvid = %s", (one,))
    assert not due(database)
    with closing(database.server.connect(database.name)) as connection, connection.cursor() as cursor:
        cursor.execute("SET application_name = %s", (SESSION,))
        # As after a start of the collector, until the first snapshot.
        assert not due(database)
        cursor.execute("BEGIN")
        assert due(database)
        with closing(database.server.connect(database.name)) as other, other.cursor() as look:
            # What a role without pg_read_all_stats sees.
            look.execute("SET ROLE pg_signal_backend")
            look.execute("SELECT xact_start, state FROM pg_stat_activity WHERE application_name = %s", (SESSION,))
            assert look.fetchall() == [(None, None)]
        cursor.execute("COMMIT")
        assert not due(database)


def test_a_snapshot_that_is_due_soon(database: Database) -> None:
    (one,) = database.register("one")
    database.sql("UPDATE powa_servers SET frequency = 300 WHERE id = %s", (one,))
    for seconds, expected in ((0, False), (270, False), (290, True), (305, True), (320, False)):
        database.sql(
            "UPDATE powa_snapshot_metas SET snapts = clock_timestamp() - %s * interval '1 s' WHERE srvid = %s",
            (seconds, one),
        )
        assert due(database) is expected, seconds
