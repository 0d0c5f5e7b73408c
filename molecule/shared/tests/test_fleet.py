# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every scenario must have come to; `molecule verify` runs it."""

import json
import os
import subprocess
from pathlib import Path

import collected

INVENTORY = Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent


def test_every_datasource_of_every_server_is_aggregated_without_errors():
    rows, complete = collected.wait(INVENTORY)
    assert complete, "\n" + collected.table(rows)


def inventory():
    return json.loads(subprocess.check_output(["ansible-inventory", "--inventory", str(INVENTORY), "--list"]))


def psql(host, query):
    command = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--dbname=powa", f"--command={query}"]
    return subprocess.check_output(["podman", "exec", "--user=postgres", host, *command], text=True).split()


def test_every_datasource_has_its_marker_on_remotes_and_repositories():
    data = inventory()
    for group in ("powa_repositories", "powa_remotes"):
        for host in data.get(group, {}).get("hosts", []):
            names = [datasource["name"] for datasource in data["_meta"]["hostvars"][host]["powa_datasources"]]
            assert names
            found = psql(host, "SELECT extname FROM pg_extension WHERE extversion = '1.0' AND extnamespace = 11")
            assert set(names) <= set(found), host


def test_nothing_is_active_for_a_local_server_that_nobody_declared():
    data = inventory()
    for host in data["powa_repositories"]["hosts"]:
        variables = data["_meta"]["hostvars"][host]
        names = [datasource["name"] for datasource in variables["powa_datasources"]]
        # The columns differ: PoWA 4 says module, PoWA 5 name.
        registered = (
            "SELECT DISTINCT coalesce(j->>'module', j->>'name') FROM powa_functions f, to_jsonb(f) j WHERE srvid = 0"
        )
        local = set(names) & set(psql(host, registered))
        assert local == (set(names) if variables.get("powa_mode") == "local" else set()), host
