# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.plugin_utils._groups import groups_of
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import LOGIN, fleet, host, run, seen


def groups(found, of="hub", **variables):
    hosts = {"one": host("hub", **variables), "hub": host("hub", groups=["powa_repositories"], **variables)}
    return groups_of(run(fleet(hosts), {of: found}), of)


MONITOR = {"powa_monitor": ["pg_read_all_stats"]}
WEB = ["pg_read_all_stats"]


def test_what_the_run_grants():
    assert groups(seen(), "one") == MONITOR
    assert groups(seen()) == {
        **MONITOR,
        "powa_collector": ["powa_snapshot"],
        "powa_web": [*WEB, "powa_read_all_metrics"],
        "powa_reader": ["pg_monitor", "powa_read_all_metrics"],
    }
    of_4 = {"powa_collector": [], "powa_web": WEB, "powa_reader": ["pg_monitor"]}
    assert groups(seen("4.2.2")) == {**MONITOR, **of_4}
    renamed = seen(repository={"powa_roles": {"powa_snapshot": "snap"}})
    assert groups(renamed)["powa_collector"] == ["snap"] and len(groups(renamed)["powa_web"]) == 2
    more = {"powa_roles": {"powa_read_all_data": "data"}, "granted_roles": {"powa_web": ["data"]}}
    assert groups(seen(repository=more))["powa_web"] == WEB
    assert len(groups(seen(repository=more), powa_web_rights_exact=True)["powa_web"]) == 2


def test_what_roles_have():
    roles = {"powa_monitor": dict(LOGIN, member_of=["readers", "pg_read_all_stats"]), "powa_web": LOGIN}
    found = groups(seen("4.2.2", roles=roles))
    assert found["powa_monitor"] == ["readers", "pg_read_all_stats"] and found["powa_web"] == WEB
    assert groups(seen(roles={"powa_monitor": dict(LOGIN, superuser=True)}), "one") == {"powa_monitor": []}
    assert groups({}, "one") == {}


def test_one_role_for_all():
    names = ("powa_monitoring_role", "powa_collector_role", "powa_web_role", "powa_reader_role")
    found = groups(seen(), **dict.fromkeys(names, "powa"))
    assert found == {"powa": ["pg_read_all_stats", "powa_snapshot", "powa_read_all_metrics", "pg_monitor"]}


def test_nothing_is_granted_on_a_standby():
    standby = seen(roles={"powa_monitor": dict(LOGIN, member_of=["readers"])})
    standby["server"]["standby"] = True
    assert groups(standby) == {"powa_monitor": ["readers"]}
