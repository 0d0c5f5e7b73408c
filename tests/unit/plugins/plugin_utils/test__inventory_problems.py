# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the structure of an inventory."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.inventories import problems


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            {"remotes": {}, "groups": {"powa_remote": ["db1", "db2"]}},
            "group powa_remote contains db1, db2, but none of the groups powa_repositories, powa_remotes,"
            " powa_collectors and powa_web does: correct the name of the group",
        ),
        (
            {"remotes": {"db1": {"powa_serial": ValueError("'nix' is undefined")}, "db2": {}}},
            "Ansible cannot evaluate powa_serial ('nix' is undefined): define what its template uses, or correct it",
        ),
        (
            {"groups": {"ungrouped": ["db1", "localhost", "127.0.0.1"]}},
            "db1 is in no group: put it into powa_repositories, powa_remotes, powa_collectors or powa_web",
        ),
        (
            {"remotes": {"db1": {}}, "repositories": {}},
            "db1 has no repository: put a host into group powa_repositories",
        ),
        (
            {"repositories": {"a": {}, "b": {}}, "collectors": {"c": {}}},
            "c does not say which of several repositories is its own (a, b): set powa_repository",
        ),
        (
            {"remotes": {"db1": {"powa_repository": "x"}}, "repositories": {"a": {}, "b": {}}},
            "db1 has powa_repository x, which is not in group powa_repositories: set it to one of a, b",
        ),
        (
            {"repositories": {}, "web": {"w": {}}},
            "w is in group powa_web, but has no repository to show: put a host into group powa_repositories",
        ),
        (
            {"web": {"w": {"powa_web_repositories": "pg, x, y"}}},
            "w lists x, y in powa_web_repositories: list only hosts of group powa_repositories there",
        ),
        (
            {"repositories": {"pg": {"powa_servers_exact": "true"}}, "limit": "db1"},
            "pg has powa_servers_exact, which would disable the servers that --limit db1 leaves out: run without"
            " --limit, or set powa_servers_exact to false for this run",
        ),
        (
            {"collectors": {"a": {}, "b": {}}},
            "pg has several collectors (a, b), and each of them would collect from every remote: keep only one",
        ),
        (
            {"remotes": {"db1": {"powa_alias": "x"}, "db2": {"powa_alias": "x"}}},
            "db1, db2 have the same alias x on pg: give each its own powa_alias",
        ),
        (
            {"remotes": {"db1": {"powa_host": "x"}, "db2": {"powa_host": "x"}}},
            "db1, db2 have the same address x:5432 on pg: give each its own powa_host or powa_port",
        ),
        (
            {"repositories": {"pg": {"powa_datasources": [{"name": "a", "servers": ["x", "local", "h:5432"]}]}}},
            "datasource a lists the server x, but no remote has this alias: correct its servers",
        ),
        (
            {"repositories": {"pg": {"powa_datasources": [{"servers": "x"}]}}},
            "datasource without a name lists the server x, but no remote has this alias: correct its servers",
        ),
        (
            {"remotes": {"db1": {"powa_mode": "local"}}},
            "db1 has powa_mode local, so it is its own repository: put it into group powa_repositories",
        ),
    ],
)
def test_what_is_wrong_with_an_inventory(found: Dict[str, Any], sentence: str) -> None:
    assert problems(**found) == [sentence]


def test_what_is_right() -> None:
    every = [{"name": "a", "servers": ["db1"]}, {"name": "b", "servers": None}, {"name": "c"}]
    assert not problems(
        {"db1": {"powa_repository": "a"}, "db2": {"powa_repository": "b", "powa_host": "db1"}, "a": {}},
        {"a": {"powa_datasources": every}, "b": {"powa_datasources": every, "powa_servers_exact": True}},
        {"a": {}, "b": {}},
        groups={"powa_version_5_0": ["other"], "powa_state_enabled": ["other"], "x": ["other"], "powa_remote": ["db1"]},
    )
    # Servers without an alias.
    assert not problems({"db1": {"powa_alias": ""}, "db2": {"powa_alias": ""}})
