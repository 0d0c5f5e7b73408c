# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of a repository as hosts of an inventory."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._readers import inventory

FLEET = {"repository": "hub", "version": "5.0.2", "servers": []}


def server(srvid=1, hostname="alpha", alias=None, **changes):
    parts = {
        "srvid": srvid,
        "hostname": hostname,
        "port": 5432,
        "alias": alias,
        "dbname": "powa",
        "username": "mon",
        "frequency": 300,
        "coalesce": 100,
        "retention": "1 day",
        "allow_ui_connection": True,
        "extensions": {"pg_qualstats": "2.1"},
        "powa_version": "5.1.0",
        "postgresql_version": "17.2",
        "datasources": ["locks"],
        "last_snapshot": None,
        "errors": [],
    }
    return dict(parts, **changes)


def names(preferences, *servers):
    return {name: found["srvid"] for name, found in inventory.name_hosts(servers, preferences).items()}


@pytest.mark.parametrize(
    ("preferences", "servers", "named"),
    [
        (["alias"], [], {}),
        (["alias", "hostname"], [server(1, alias="a"), server(2, "beta")], {"a": 1, "beta": 2}),
        (["hostname"], [server(1, alias="a")], {"alpha": 1}),
        (["hostname", "alias"], [server(1, alias="a"), server(2, alias="b")], {"a": 1, "b": 2}),
        (
            ["hostname", "hostname_port"],
            [server(1), server(2, port=5433), server(3, "beta")],
            {"alpha_5432": 1, "alpha_5433": 2, "beta": 3},
        ),
        (["alias", "hostname"], [server(1, alias="alpha")], {"alpha": 1}),
    ],
)
def test_each_server_has_the_first_name_that_is_its_own(preferences, servers, named):
    assert names(preferences, *servers) == named


@pytest.mark.parametrize(
    "alias", ["all", "ungrouped", "localhost", "127.0.0.1", "::1", "powa_web", "powa_state_enabled", "mine"]
)
def test_a_name_that_means_something_else_is_skipped(alias):
    named = inventory.name_hosts([server(1, alias=alias)], ["alias", "hostname"], {"mine"})
    assert list(named) == ["alpha"]


@pytest.mark.parametrize(
    ("servers", "number"), [([server(1), server(2)], "2 of 2"), ([server(1, None), server(2, "beta")], "1 of 2")]
)
def test_a_server_without_a_name_of_its_own(servers, number):
    with pytest.raises(PowaError) as caught:
        names(["hostname"], *servers)
    assert str(caught.value).startswith("hostnames: {0} servers, such as ".format(number))
    assert str(caught.value).endswith(
        "get no name of their own from hostname: add hostname_port to the list, which is different for every server"
    )


def test_the_variables_of_a_host():
    found = inventory.host_variables(server(alias="a"), FLEET, "hub")
    assert found["ansible_host"] == found["powa_host"] == "alpha"
    assert (found["powa_alias"], found["powa_stats_extensions"]) == ("a", ["pg_qualstats"])
    assert found["powa_server_enabled"] and found["powa_server_extensions"] == {"pg_qualstats": "2.1"}
    assert (found["powa_server_repository"], found["powa_server_repository_version"]) == ("hub", "5.0.2")


def test_variables_that_are_not_visible():
    assert inventory.host_variables(server(), FLEET, "hub")["powa_server_not_visible"] == []
    hidden = [{"part": part, "lacks": ["x"]} for part in ("powa_server_extensions", "powa_stats_extensions")]
    found = inventory.host_variables(server(extensions={}), dict(FLEET, not_visible=hidden), "hub")
    assert found["powa_server_not_visible"] == ["powa_server_extensions", "powa_stats_extensions"]
    # Otherwise the roles would take all extensions from the server.
    assert "powa_stats_extensions" not in found and found["powa_server_extensions"] == {}


def test_a_server_without_alias_has_an_empty_one():
    assert inventory.host_variables(server(), FLEET, "hub")["powa_alias"] == ""


def test_the_folder_of_a_socket_is_no_address():
    assert "ansible_host" not in inventory.host_variables(server(hostname="/run/postgresql"), FLEET, "hub")


@pytest.mark.parametrize(
    ("changes", "groups"),
    [
        ({}, ["powa_repository_hub", "powa_version_5.1", "powa_extension_pg_qualstats", "powa_state_enabled"]),
        (
            {"powa_version": None, "extensions": {}, "frequency": -1},
            ["powa_repository_hub", "powa_version_5.0", "powa_state_disabled"],
        ),
    ],
)
def test_the_groups_of_a_host(changes, groups):
    found = inventory.host_groups(server(**changes), FLEET, "hub")
    assert found == groups
    assert [inventory.is_about_one_repository(group) for group in found] == [False] + (len(found) - 1) * [True]


@pytest.mark.parametrize(
    ("host", "port", "dbname", "name"),
    [
        ("hub", 5432, "powa", "hub"),
        ("/run/postgresql", 5432, "powa", "local"),
        ("hub", 5433, "powa", "hub_5433"),
        ("hub", 5432, "metrics", "hub_metrics"),
        ("hub", 5433, "metrics", "hub_5433_metrics"),
    ],
)
def test_a_repository_has_a_short_name(host, port, dbname, name):
    assert inventory._repository_name(SimpleNamespace(host=host, port=port, dbname=dbname)) == name


def test_without_a_server_the_reason_is_told():
    params = {"login_unix_socket": "/nonexistent", "login_port": 1, "login_user": "x", "login_db": "powa"}
    with pytest.raises(PowaError, match="cannot be reached as x"):
        inventory.read_fleet(params)


def test_an_alias_that_is_another_servers_hostname_names_nobody():
    servers = [server(1, "h", "a"), server(2, "h", "b", port=5433), server(3, "k", "h"), server(4, "k", "d", port=5433)]
    named = inventory.name_hosts(servers, ["hostname", "alias", "hostname_port"])
    assert {name: host["srvid"] for name, host in named.items()} == {"a": 1, "b": 2, "k_5432": 3, "d": 4}
