# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""collected.py INVENTORY: wait until each declared datasource of each server has aggregated history, and print a table.

What there must be comes from the inventory, and what there is from the repositories' tables: nothing of the collection
is used.
"""

import json
import subprocess
import sys
import time

LIMIT = 240  # seconds. PoWA's shortest way into history takes about 30: 5 snapshots, one each 5 seconds.

# A history table that is not there counts as empty.
QUERY = """
SELECT coalesce(json_agg(found ORDER BY server, datasource), '[]')
FROM (
  SELECT coalesce(s.alias, s.hostname || ':' || s.port) AS server, datasource, m.coalesce_seq AS snapshots,
    CASE WHEN to_regclass('powa_' || datasource || '_history') IS NULL THEN 0
      ELSE (xpath('//n/text()', query_to_xml(
        format('SELECT count(*) AS n FROM powa_%s_history WHERE srvid = %s', datasource, s.id),
        true, false, '')))[1]::text::int
    END AS history,
    to_char(m.snapts, 'YYYY-MM-DD HH24:MI:SS') AS last_snapshot, array_to_string(m.errors, '; ') AS errors
  FROM powa_servers s JOIN powa_snapshot_metas m ON m.srvid = s.id, unnest('{DATASOURCES}'::text[]) AS datasource
) AS found
"""


def repositories(inventory):
    """Return for each repository its datasources, and the names of the servers whose history it must hold."""
    data = json.loads(subprocess.check_output(["ansible-inventory", "--inventory", str(inventory), "--list"]))
    hosts = data["_meta"]["hostvars"]
    found = {}
    for host in data["powa_repositories"]["hosts"]:
        datasources = [datasource["name"] for datasource in hosts[host]["powa_datasources"]]
        servers = ["<local>"] if hosts[host].get("powa_mode") == "local" else []
        found[host] = (datasources, servers)
    for remote in data.get("powa_remotes", {}).get("hosts", []):
        repository = hosts[remote].get("powa_repository", next(iter(found)))
        found[repository][1].append(hosts[remote].get("powa_alias", remote))
    return found


def look(host, datasources, servers):
    """Return what a repository holds: a row for each of these servers and datasources, and whether all is there."""
    query = QUERY.replace("DATASOURCES", ",".join(datasources))
    psql = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--dbname=powa", f"--command={query}"]
    rows = json.loads(subprocess.check_output(["podman", "exec", "--user=postgres", host, *psql]))
    rows = [row for row in rows if row["server"] in servers]
    good = [row for row in rows if row["history"] and not row["errors"]]
    return rows, len(good) == len(servers) * len(datasources) > 0


def wait(inventory):
    """Return the rows of all repositories, and whether all was there before the limit."""
    expected = repositories(inventory)
    limit = time.monotonic() + LIMIT
    while True:
        found = [look(host, *what) for host, what in expected.items()]
        done = all(complete for _rows, complete in found)
        if done or time.monotonic() > limit:
            return [row for rows, _complete in found for row in rows], done
        time.sleep(1)


def table(rows):
    """Return the rows as aligned text."""
    heads = ["server", "datasource", "snapshots", "history", "last_snapshot", "errors"]
    cells = [[str(row[head] if row[head] is not None else "-") for head in heads] for row in rows]
    cells.insert(0, ["server", "datasource", "snapshots", "history rows", "last snapshot", "errors"])
    widths = [max(map(len, column)) for column in zip(*cells)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells)


if __name__ == "__main__":
    rows, complete = wait(sys.argv[1])
    print(table(rows))
    if not complete:
        sys.exit(f"After {LIMIT} s the aggregated history is not complete, or there were errors.")
