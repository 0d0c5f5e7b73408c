# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""State exact: what the list leaves out goes if it is ours, and absence is never taken for removal."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import pytest
import yaml
from datasources import COMMITS, LOCK_MODES
from servers import Database, run_playbook
from test_playbooks import play

FREQUENCIES = "SELECT hostname, frequency FROM powa_servers WHERE id > 0 ORDER BY 1"
FUNCTIONS = "SELECT count(*) FROM pg_proc WHERE proname LIKE 'powa_{0}_%%'"


def test_servers_that_others_registered_are_left_alone_and_named(database: Database) -> None:
    database.register("byhand")
    database.ok("servers", servers=[{"hostname": "a"}, {"hostname": "b"}])
    only = {"servers": [{"hostname": "a"}], "state": "exact"}
    checked = database.ok("servers", check=True, **only)
    assert database.sql(FREQUENCIES) == [("a", 300), ("b", 300), ("byhand", 300)]
    result = database.ok("servers", **only)
    assert result.diff == checked.diff and result["changes"] == ["change server b:5432"]
    assert result["others"] == checked["others"] == ["byhand"]
    assert database.sql(FREQUENCIES) == [("a", 300), ("b", -1), ("byhand", 300)]
    assert not database.ok("servers", **only).changed

    # Who declares it owns it from then on, as the change says.
    declared = database.ok("servers", servers=[{"hostname": "byhand"}])
    assert "declared: no" in declared.diff["before"] and "declared: yes" in declared.diff["after"]
    assert not database.ok("servers", servers=[{"hostname": "byhand"}]).changed
    database.ok("servers", history="drop", **only)
    assert database.sql(FREQUENCIES) == [("a", 300)]


def test_datasources_that_others_made_are_left_alone(database: Database) -> None:
    database.register("one")
    side: Dict[str, Any] = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
    database.ok("datasources", datasources=[LOCK_MODES, COMMITS], **side)
    database.sql("CREATE FUNCTION powa_mine_src(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    only = dict(side, datasources=[COMMITS], state="exact")
    checked = database.ok("datasources", check=True, **only)
    result = database.ok("datasources", **only)
    assert result.changed and result.diff == checked.diff
    assert database.value(FUNCTIONS.format("lock_modes")) == 0
    assert database.value(FUNCTIONS.format("mine")) == 1
    assert database.value("SELECT count(*) FROM pg_class WHERE relname = 'powa_lock_modes_history'") == 1
    assert not database.ok("datasources", **only).changed

    database.ok("datasources", datasources=[LOCK_MODES], **side)
    database.ok("datasources", history="drop", **only)
    assert database.value("SELECT count(*) FROM pg_class WHERE relname = 'powa_lock_modes_history'") == 0


@pytest.mark.parametrize("module", ["servers", "datasources"])
def test_history_is_dropped_only_with_exact(database: Database, module: str) -> None:
    others = {"server_kind": ["repository"]} if module == "datasources" else {}
    message = database.refused(module, history="drop", **{module: []}, **others)
    assert 'history: found "drop" with state "present", which removes nothing' in message


def test_a_run_with_a_limit_is_refused(database: Database, tmp_path: Path) -> None:
    database.ok("servers", servers=[{"hostname": "a"}])
    for task in (
        {"pgfleet.powa.servers": {"servers": [], "state": "exact"}},
        {"pgfleet.powa.datasources": {"datasources": [], "server_kind": ["repository"], "state": "exact"}},
    ):
        tasks: Any = [dict(task, register="refused", ignore_errors=True), {"debug": {"var": "refused.msg"}}]
        printed = play(tmp_path, database, tasks, "--limit", "localhost")
        assert 'found state \\"exact\\" under --limit localhost' in printed
    assert database.sql(FREQUENCIES) == [("a", 300)]
    play(tmp_path, database, [{"pgfleet.powa.servers": {"servers": [], "state": "exact"}}])
    assert database.sql(FREQUENCIES) == [("a", -1)]


def test_a_run_that_has_lost_a_host_is_refused(database: Database, tmp_path: Path) -> None:
    database.ok("servers", servers=[{"hostname": "a"}])
    exact = {"pgfleet.powa.servers": dict(database.login, servers=[], state="exact")}
    playbook = {
        "hosts": "all",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [{"ansible.builtin.fail": {}, "when": "inventory_hostname == 'lost'"}, exact],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([playbook], sort_keys=False))
    done = run_playbook("--inventory", "kept,lost,", str(tmp_path / "play.yml"))
    assert done.returncode == 2
    assert 'found state "exact" after lost failed in this play' in done.stdout.replace('\\"', '"')
    assert database.sql(FREQUENCIES) == [("a", 300)]
