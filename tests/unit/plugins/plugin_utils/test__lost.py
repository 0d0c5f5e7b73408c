# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a run leaves hosts out."""

from __future__ import annotations

from typing import Any, Dict, Sequence

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.lost import lost
from ansible_collections.pgfleet.powa.plugins.plugin_utils._lost import Failure, failed, unreached
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

FLEET = {"run": ["pg", "db1", "db2", "nowhere"], "repositories": ["pg"]}
DOWN = {"unreachable": True, "msg": "Task failed: Failed to connect:\n no route"}
SENTENCE = "Ansible cannot reach this host: Failed to connect: no route"


def run(hostvars: Dict[str, Any], lost_hosts: Sequence[str] = ()) -> Run:
    return Run(FLEET, dict({"pg": {}, "db1": {}, "db2": {}}, **hostvars), lost_hosts)


def said(result: Dict[str, Any]) -> str:
    return failed(run({}), "db1", Failure("Write pg_hba.conf", result))


@pytest.mark.parametrize("name", ["__common_seen", "__archivist_created", "__remote_made", "__web_answer"])
def test_a_host_that_a_task_could_not_reach(name: str) -> None:
    assert unreached(run({"db1": {name: DOWN}})) == {"db1": SENTENCE}


def test_a_host_of_which_one_item_could_not_be_reached() -> None:
    result = {"unreachable": True, "msg": "One or more items", "results": [{"msg": "fine"}, DOWN]}
    assert unreached(run({"db1": {"__remote_logged_in": result}})) == {"db1": SENTENCE}


def test_nothing_is_said_of_others() -> None:
    hostvars = {
        "pg": {"__common_seen": DOWN},
        "db1": {"__common_seen": {"os": {}}, "__web_answer": "no result", "__doctor_info": DOWN, "other": DOWN},
        # A task that was delegated to the repository did not reach that.
        "db2": {"__repository_registered": DOWN},
    }
    assert unreached(run(hostvars, ["pg"])) == {}
    assert unreached(run({"pg": {"__repository_registered": DOWN}})) == {"pg": SENTENCE}


def test_a_host_that_no_task_began_to_read() -> None:
    broken = {"failed": True, "msg": "Error processing keyword\n 'remote_addr'"}
    found = unreached(run({"pg": {"__common_seen": {"os": {}, "failed": False}}, "db1": {"__common_seen": broken}}))
    assert found == {"db1": "Ansible cannot read this host: Error processing keyword 'remote_addr'"}


def test_each_problem_of_a_module_is_named() -> None:
    problems = ['datasource "number_{0}": it is\n wrong'.format(number) for number in range(200)]
    message = said({"failed": True, "msg": "200 problems in the datasources", "problems": problems})
    assert message.startswith('Write pg_hba.conf: datasource "number_0": it is wrong; ')
    assert message.count("it is wrong") == 200


def test_what_a_failed_task_said() -> None:
    assert said({"failed": True, "msg": "it is\n full"}) == "Write pg_hba.conf: it is full"
    assert said({"failed": True, "msg": "db1: PostgreSQL is down"}) == "Write pg_hba.conf: PostgreSQL is down"
    assert said({"failed": True, "msg": "non-zero", "stderr": "boom"}) == "Write pg_hba.conf: non-zero: boom"
    assert said({"failed": True, "msg": "failure", "module_stderr": "x"}) == "Write pg_hba.conf: failure: x"
    assert said({"failed": True, "censored": "it is hidden"}) == "Write pg_hba.conf: it is hidden"
    assert said({"failed": True}) == "Write pg_hba.conf: the task failed without a message"
    assert said({}) == "Write pg_hba.conf: the task failed without a message"


def test_what_the_items_of_a_failed_loop_said() -> None:
    items = [{"failed": True, "msg": word} for word in ("a", "b", "a")] + [{"failed": False, "msg": "fine"}]
    assert said({"failed": True, "msg": "One or more items failed", "results": items}) == "Write pg_hba.conf: a; b"


def test_a_long_message_is_cut() -> None:
    words = said({"failed": True, "msg": "x" * 2000})
    assert words == "Write pg_hba.conf: " + "x" * 997 + "..."


def test_a_host_that_failed_because_it_is_unreachable() -> None:
    failure = Failure("Check this host", {"failed": True, "msg": "x"})
    assert failed(run({"db1": {"__common_seen": DOWN}}), "db1", failure) == SENTENCE
    assert failed(run({}), "nowhere", failure) == "Check this host: x"


def test_the_filter() -> None:
    hostvars = {"pg": {}, "db1": {"__common_seen": DOWN}, "db2": {}}
    assert lost(FLEET, hostvars) == {"db1": SENTENCE}
    assert lost(FLEET, hostvars, ["db1"]) == {}
    assert lost(FLEET, hostvars, host="db2", task="Read", result={"failed": True, "msg": "x"}) == {"db2": "Read: x"}
