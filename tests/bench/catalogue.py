# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""catalogue.py: measure each query of the catalogue, for docs/catalogue.md, and write catalogue_costs.json beside it.

A query is called as the monitoring role, in a database with many tables, and its rows are fetched.
"""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any, Dict

from catalogue_samples import ENTRIES, query_of
from measured import RUNS, seconds
from servers import Server, running_server

COSTS = Path(__file__).with_name("catalogue_costs.json")
TABLES = 1000
#: So many of them have one. With the usual settings, sequences_near_end has rows up to 640 of them.
SEQUENCES = 500
DATABASE = "many_tables"
#: It has an index on its key, which is used, and one that is not.
TABLE = """
CREATE TABLE table_{0} (id integer PRIMARY KEY, number integer);
CREATE INDEX ON table_{0} (number);
INSERT INTO table_{0} SELECT n, n FROM generate_series(1, 100) AS n;
"""
SEQUENCE = """
CREATE SEQUENCE sequence_{0} OWNED BY table_{0}.id;
SELECT setval('sequence_{0}', 100);
"""


def measure(server: Server) -> Dict[str, Any]:
    """Return what each query costs on a server."""
    server.sql("postgres", "CREATE DATABASE " + DATABASE)
    server.sql(DATABASE, "GRANT pg_monitor TO powa")
    tables = [(TABLE + SEQUENCE * (number < SEQUENCES)).format(number) for number in range(TABLES)]
    for first in range(0, TABLES, 100):
        server.sql(DATABASE, "".join(tables[first : first + 100]))
    server.sql(DATABASE, "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO powa")
    server.sql(DATABASE, "VACUUM ANALYZE")
    (databases,) = server.sql(DATABASE, "SELECT count(*) FROM pg_database WHERE datallowconn")
    with closing(server.connect(DATABASE, "powa")) as connection:
        about = {
            "version": connection.server_version // 10000,
            "databases": databases[0],
            "tables": TABLES,
            "sequences": SEQUENCES,
        }
        return {"server": about, "datasources": {name: _cost(connection, name) for name in sorted(ENTRIES)}}


def _cost(connection: Any, name: str) -> Dict[str, Any]:
    with connection.cursor() as cursor:

        def call() -> None:
            cursor.execute(query_of(name, connection.server_version))
            cursor.fetchall()

        taken = [seconds(call) for _run in range(RUNS)]
        return {"ms": round(1000 * median(taken), 1), "rows": cursor.rowcount}


if __name__ == "__main__":
    with running_server("5", "-catalogue") as running:
        COSTS.write_text(json.dumps(measure(running), indent=2) + "\n", encoding="utf-8")
