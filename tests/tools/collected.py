# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""collected.py INVENTORY: wait until every declared datasource is aggregated for every server, and print what there is.

It reads the inventory and the repositories' tables, and nothing of the collection itself.
"""

import json
import subprocess
import sys
import time

LIMIT = 240  # seconds; PoWA's shortest way into history is 5 snapshots of 5 seconds

# One row for each server and datasource; a history table that is not there counts as empty.
QUERY = """
SELECT coalesce(json_agg(found ORDER BY found.server, found.datasource), '[]')
FROM (
  SELECT coalesce(s.alias, s.hostname || ':' || s.port) AS server, datasource, m.coalesce_seq AS snapshots,
    CASE WHEN to_regclass('powa_' || datasource || '_history') IS NULL THEN 0
      ELSE (xpath('/row/rows/text()', query_to_xml(
        format('SELECT count(*) AS rows FROM powa_%s_history WHERE srvid = %s', datasource, s.id), true, true, '')))[1]::text::int
    END AS history,
    to_char(m.snapts, 'YYYY-MM-DD HH24:MI:SS') AS "last snapshot", coalesce(array_to_string(m.errors, '; '), '') AS errors
  FROM powa_servers s JOIN powa_snapshot_metas m ON m.srvid = s.id
    CROSS JOIN unnest('{%s}'::text[]) AS datasource
  WHERE %s
) AS found
"""


def read(inventory):
    """Return the hosts' variables and the groups' hosts."""
    data = json.loads(subprocess.check_output(["ansible-inventory", "--inventory", str(inventory), "--list"]))
    groups = {name: group.get("hosts", []) for name, group in data.items() if name != "_meta"}
    return data["_meta"]["hostvars"], groups


def psql(host, query):
    command = ["podman", "exec", "--user=postgres", host, "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
    return subprocess.run([*command, "--dbname=powa", f"--command={query}"], check=True, capture_output=True, text=True).stdout


def repositories(inventory):
    """Return, for each repository, the servers whose history it must hold."""
    hostvars, groups = read(inventory)
    names = groups["powa_repositories"]
    expected = {name: {"<local>"} if hostvars[name].get("powa_mode") == "local" else set() for name in names}
    for remote in groups.get("powa_remotes", []):
        expected[hostvars[remote].get("powa_repository", names[0])].add(hostvars[remote].get("powa_alias", remote))
    return expected


def collected(inventory):
    """Return one row for each server and declared datasource of all repositories."""
    hostvars = read(inventory)[0]
    rows = []
    for host, servers in repositories(inventory).items():
        datasources = ",".join(datasource["name"] for datasource in hostvars[host]["powa_datasources"])
        which = "s.id = 0" if servers == {"<local>"} else "s.id > 0"
        rows += json.loads(psql(host, QUERY % (datasources, which)))
    return rows


def wait(inventory):
    """Return the rows as soon as each has history and no error, or as they are when the limit is over."""
    wanted = sum(
        len(servers) * len(read(inventory)[0][host]["powa_datasources"]) for host, servers in repositories(inventory).items()
    )
    limit = time.monotonic() + LIMIT
    while True:
        rows = collected(inventory)
        if complete(rows) and len(rows) == wanted:
            return rows
        if time.monotonic() > limit:
            return rows
        time.sleep(1)
