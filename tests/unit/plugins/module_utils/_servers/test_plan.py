# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From declared servers to changes of their rows, and of what is active on each."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.row_changes import INSERT, UPDATE
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.catalog import Active
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.plan import Planner, ServersPlan
from ansible_collections.pgfleet.powa.plugins.module_utils._servers.writes import (
    ChangeServer,
    ChangeUnique,
    ClearAlias,
    DeclareServer,
    DeleteServer,
    RegisterServer,
    SetExtension,
    SetPassword,
    WriteRow,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._servers.repository import repository, specs
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    ALPHA,
    BETA,
    POWA_4,
    POWA_5,
    definition,
    server,
)

RETENTIONS = {"1 day": ("1 day", 86400.0), "24 hours": ("24:00:00", 86400.0), "7 days": ("7 days", 604800.0)}
DISABLED = server(1, "alpha", frequency=-1)
NEW = {"hostname": "new"}


def planned(*servers, exact=False, drop_history=False, register_datasources=True, **state):
    planner = Planner(None, repository(**state), RETENTIONS, register_datasources)
    return planner.plan(specs(*servers), exact, drop_history)


def writes(plan):
    return [write for change in plan.changes for write in change.writes]


def of_kind(plan, kind):
    return [write for write in writes(plan) if isinstance(write, kind)]


def differing(change):
    """Return the lines of a change that are not the same before and after."""
    before, after = (change.before or "").splitlines(), (change.after or "").splitlines()
    return [line for line in before if line not in after], [line for line in after if line not in before]


def test_the_collector_does_the_strongest_of_what_is_required():
    plan = ServersPlan()
    assert plan.collector_action == "none"
    for action, strongest in (("reload", "reload"), ("restart", "restart"), ("reload", "restart")):
        plan.require(action)
        assert plan.collector_action == strongest


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"alias": "first", "frequency": 300, "retention": "24 hours", "allow_ui_connection": True},
        {"extensions": [], "datasources": []},
        {"renamed_from": {"hostname": "old", "port": 5432}},
    ],
)
def test_what_is_as_declared_needs_no_change(given):
    plan = planned(dict(given, hostname="alpha"), {"hostname": "beta"})
    assert not plan.changed and (plan.others, plan.collector_action) == ([], "none")


def test_a_new_server_is_registered_with_defaults():
    plan = planned(dict(NEW, alias="third", password="secret", retention="7 days"))
    register, declare, password = writes(plan)
    assert password == SetPassword(POWA_5, ("new", 5432), "secret") and "secret" not in repr(password)
    assert register.values == {
        "hostname": "new",
        "port": 5432,
        "alias": "third",
        "username": "powa",
        "dbname": "powa",
        "frequency": 300,
        "powa_coalesce": 100,
        "retention": "7 days",
        "allow_ui_connection": True,
    }
    assert declare == DeclareServer(POWA_5, ("new", 5432), False)
    assert plan.summary() == ["create server new:5432"] and plan.collector_action == "reload"


def test_a_password_is_never_shown():
    plan = planned(dict(NEW, password="secret"), {"hostname": "alpha", "password": "secret"})
    assert "secret" not in str(plan.diff())
    assert differing(plan.changes[0]) == (["password: not set"], ["password: set to another"])
    assert "password: set\n" in plan.changes[1].after


def test_a_password_is_taken_away():
    plan = planned({"hostname": "alpha", "password": ""}, servers=[server(1, "alpha", password="secret")])
    assert differing(plan.changes[0]) == (["password: set"], ["password: not set"])
    assert writes(plan) == [SetPassword(POWA_5, 1, None)]
    plan = planned({"hostname": "alpha", "password": "x", "dbname": "y"}, servers=[server(1, "alpha")])
    assert writes(plan) == [ChangeServer(POWA_5, 1, {"dbname": "y"}), SetPassword(POWA_5, 1, "x")]


def test_a_new_server_that_is_disabled_needs_no_collector():
    plan = planned(dict(NEW, state="disabled"))
    assert of_kind(plan, RegisterServer)[0].values["frequency"] == -1 and plan.collector_action == "none"


def test_the_first_declared_server_makes_the_table_for_them():
    assert of_kind(planned(NEW, declared=None), DeclareServer)[0].create_table


@pytest.mark.parametrize(
    ("given", "values", "action"),
    [
        ({"coalesce": 50}, {"powa_coalesce": 50}, "none"),
        ({"retention": "7 days"}, {"retention": "7 days"}, "none"),
        ({"allow_ui_connection": False}, {"allow_ui_connection": False}, "none"),
        ({"username": "x"}, {"username": "x"}, "reload"),
        ({"dbname": "x"}, {"dbname": "x"}, "reload"),
        ({"frequency": 60}, {"frequency": 60}, "restart"),
        ({"state": "disabled"}, {"frequency": -1}, "restart"),
    ],
)
def test_a_changed_column_and_what_the_collector_has_to_do(given, values, action):
    plan = planned(dict(given, hostname="alpha"))
    assert writes(plan) == [ChangeServer(POWA_5, 1, values)]
    assert plan.summary() == ["change server alpha:5432"] and plan.collector_action == action


@pytest.mark.parametrize(("given", "frequency"), [({}, 300), ({"frequency": 60}, 60)])
def test_a_disabled_server_is_enabled_again(given, frequency):
    plan = planned(dict(given, hostname="alpha"), servers=[DISABLED])
    assert writes(plan) == [ChangeServer(POWA_5, 1, {"frequency": frequency})] and plan.collector_action == "reload"


def test_a_server_at_another_address_is_the_same_server():
    plan = planned({"hostname": "gamma", "port": 1, "renamed_from": {"hostname": "alpha", "port": 5432}})
    assert writes(plan) == [ChangeUnique(POWA_5, 1, {"hostname": "gamma", "port": 1})]
    assert plan.summary() == ["change server alpha:5432"] and plan.collector_action == "restart"


def test_a_server_that_a_task_declares_for_the_first_time():
    plan = planned({"hostname": "alpha"}, declared=frozenset([2]))
    assert writes(plan) == [DeclareServer(POWA_5, 1, False)]
    assert differing(plan.changes[0]) == (["declared: no"], ["declared: yes"])


def test_an_alias_is_cleared_before_it_is_another():
    plan = planned({"hostname": "alpha", "alias": "x"})
    assert writes(plan) == [ClearAlias(POWA_5, 1), ChangeUnique(POWA_5, 1, {"alias": "x"})]


def test_two_servers_swap_their_aliases():
    servers = [server(1, "alpha", alias="a"), server(2, "beta", alias="b")]
    plan = planned({"hostname": "alpha", "alias": "b"}, {"hostname": "beta", "alias": "a"}, servers=servers)
    assert [write.srvid for write in of_kind(plan, ClearAlias)] == [1, 2]
    assert [write.values for write in of_kind(plan, ChangeUnique)] == [{"alias": "b"}, {"alias": "a"}]


def test_a_new_server_gets_an_alias_once_it_is_free():
    plan = planned({"hostname": "alpha", "alias": "x"}, dict(NEW, alias="first"))
    assert of_kind(plan, RegisterServer)[0].values["alias"] is None
    assert ChangeUnique(POWA_5, ("new", 5432), {"alias": "first"}) in writes(plan)


def test_removals_are_planned_first():
    plan = planned(NEW, {"hostname": "beta", "state": "absent", "history": "drop"})
    assert plan.summary() == ["remove server beta:5432", "create server new:5432"]


def test_a_removed_server_keeps_its_history_unless_the_task_says_so():
    plan = planned({"hostname": "beta", "state": "absent"})
    assert writes(plan) == [ChangeServer(POWA_5, 2, {"frequency": -1})] and plan.collector_action == "restart"
    plan = planned({"hostname": "beta", "state": "absent", "history": "drop"})
    assert writes(plan) == [DeleteServer(POWA_5, 2)] and plan.collector_action == "restart"


def test_there_is_nothing_to_remove():
    assert not planned({"hostname": "x", "state": "absent"}).changed
    assert not planned({"hostname": "alpha", "state": "absent"}, servers=[DISABLED]).changed


def test_what_the_list_leaves_out_stays():
    plan = planned({"hostname": "alpha"})
    assert not plan.changed and plan.others == []


def test_exact_disables_declared_servers_that_the_list_leaves_out():
    plan = planned({"hostname": "alpha"}, exact=True)
    assert writes(plan) == [ChangeServer(POWA_5, 2, {"frequency": -1})]
    assert writes(planned({"hostname": "alpha"}, exact=True, drop_history=True)) == [DeleteServer(POWA_5, 2)]


def test_exact_only_names_servers_that_no_task_has_declared():
    plan = planned({"hostname": "alpha"}, exact=True, drop_history=True, declared=frozenset([1]))
    assert not plan.changed and plan.others == ["beta:5432"]


def test_extensions_are_those_of_the_list():
    active = Active([("pg_qualstats", True, [1]), ("pg_wait_sampling", False, [1])])
    plan = planned({"hostname": "alpha", "extensions": ["pg_wait_sampling"]}, extensions=active)
    assert writes(plan) == [
        SetExtension(POWA_5, 1, "pg_wait_sampling", True),
        SetExtension(POWA_5, 1, "pg_qualstats", False),
    ]
    assert differing(plan.changes[0]) == (["extensions: pg_qualstats"], ["extensions: pg_wait_sampling"])


def rows_of(plan):
    return [(write.operation, write.row.table, write.row.values.get("enabled")) for write in of_kind(plan, WriteRow)]


@pytest.mark.parametrize(
    ("archivist", "table", "number"), [(POWA_4, "powa_functions", 5), (POWA_5, "powa_extension_config", 1)]
)
def test_a_datasource_becomes_active_on_a_server(archivist, table, number):
    definitions = [definition()]
    plan = planned({"hostname": "alpha", "datasources": ["locks"]}, archivist=archivist, definitions=definitions)
    assert rows_of(plan) == number * [(INSERT, table, True)]
    registered = Active([("locks", False, [1])])
    again = planned(
        {"hostname": "alpha", "datasources": ["locks"]},
        archivist=archivist,
        definitions=definitions,
        datasources=registered,
    )
    assert rows_of(again) == number * [(UPDATE, table, True)]


def test_a_datasource_becomes_inactive():
    active = Active([("locks", True, [1])])
    plan = planned({"hostname": "alpha", "datasources": []}, definitions=[definition()], datasources=active)
    assert rows_of(plan) == [(UPDATE, "powa_extension_config", False)]
    assert differing(plan.changes[0]) == (["datasources: locks"], ["datasources: "])


def test_what_is_active_stays_where_the_task_does_not_say():
    active = Active([("locks", True, [1])])
    assert not planned({"hostname": "alpha"}, definitions=[definition()], datasources=active).changed


def test_a_new_server_gets_the_datasources_that_are_for_all():
    definitions = [definition(), definition(name="waits", servers=["first"]), definition(name="off", enabled=False)]
    plan = planned(NEW, definitions=definitions)
    rows = of_kind(plan, WriteRow)
    assert [(write.row.module, write.row.values.get("enabled"), write.target) for write in rows] == [
        ("locks", None, ("new", 5432)),
        ("off", False, ("new", 5432)),
    ]
    assert "datasources: locks\n" in plan.changes[0].after
    assert rows_of(planned(NEW, register_datasources=False, definitions=definitions)) == []
    asked_for = dict(NEW, datasources=["locks"])
    assert rows_of(planned(asked_for, register_datasources=False, definitions=definitions)) == [
        (INSERT, "powa_extension_config", True)
    ]


def test_a_datasource_that_the_task_names_is_active_though_it_is_declared_as_disabled():
    plan = planned(dict(NEW, datasources=["off"]), definitions=[definition(name="off", enabled=False)])
    assert rows_of(plan) == [(INSERT, "powa_extension_config", True)]
    assert "datasources: off\n" in plan.changes[0].after


def test_a_datasource_of_databases(offline_driver):
    sizes = definition(name="sizes", scope="database", databases=["app"])
    plan = planned({"hostname": "alpha", "datasources": ["sizes"]}, definitions=[sizes])
    (write,) = of_kind(plan, WriteRow)
    assert (write.row.table, write.row.values["dbnames"]) == ("powa_db_module_config", ["app"])
    active = Active([("sizes", True, [1])])
    plan = planned({"hostname": "alpha", "datasources": []}, definitions=[sizes], datasources=active)
    assert of_kind(plan, WriteRow)[0].row.values == {"enabled": False, "dbnames": []}


def test_servers_by_their_names():
    assert (ALPHA.name, BETA.name) == ("first", "beta:5432")


def test_an_alias_that_is_taken_away_is_free_for_another_server():
    plan = planned({"hostname": "beta", "alias": "first"}, {"hostname": "alpha", "alias": ""})
    cleared = [write.srvid for change in plan.changes for write in change.writes if isinstance(write, ClearAlias)]
    assert 1 in cleared
