# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with the pg_hba.conf of a host, for all its roles."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba_check import host_hba_left, host_hba_problems
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import Unevaluated
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import fleet, host, line, run, seen

REJECT = line("all", "0.0.0.0", "0.0.0.0", method="reject")


def problems(of, found, wrong=(), registered=None, ask=host_hba_problems, **variables):
    hosts = {"one": host("hub", **variables), "hub": host(None, "10.0.0.9", ["powa_repositories"], **variables)}
    declared = fleet(hosts, collectors=[("hub", "hub", "10.0.0.9")], web=[("w", ["hub"], "10.0.0.8", False)])
    declared["hosts"][of]["wrong"] = list(wrong)
    return ask(run(declared, {of: found}, **{of: registered or {}}), of)


def test_a_remote_and_a_repository():
    (remote,) = problems("one", seen(hba=[dict(REJECT, databases=["all"])]))
    assert "role powa_monitor from 10.0.0.9/32 to all databases" in remote
    (repository,) = problems("hub", seen(hba=[REJECT]), registered={"powa_web_password": "x"})
    assert "role powa_collector from 10.0.0.9/32 to database powa" in repository
    assert "role powa_collector from 127.0.0.1/32" in repository and "role powa_web from 10.0.0.8/32" in repository
    assert problems("hub", seen(hba=[REJECT]), powa_hba_position="first") == problems("one", seen()) == []


def test_a_file_with_an_error():
    wrong = dict.fromkeys(("type", "address", "netmask", "method"))
    broken = dict(line("x", None), databases=[], users=[], error="bad", **wrong)
    assert "line 1 has an error (bad), and PostgreSQL loads no file with one" in problems("one", seen(hba=[broken]))[0]


def test_what_is_wrong_otherwise_is_not_told_twice():
    found = seen(hba=[REJECT])
    assert problems("hub", found, wrong=["powa_hba_method"]) == []
    found["server"]["unknown"] = {"hba": "permission denied"}
    assert problems("hub", found) == []
    found["server"]["unknown"] = {"roles": "permission denied"}
    assert problems("hub", found) == problems("hub", found, ask=host_hba_left) == []


def test_a_role_has_its_groups_when_it_logs_in():
    lines = [line("+pg_read_all_stats", "10.0.0.0", "255.0.0.0"), dict(REJECT, line=2)]
    lines = [dict(each, databases=["all"]) for each in lines]
    assert problems("one", seen(hba=lines)) == []
    # Nobody can grant anything on a standby.
    standby = seen(hba=lines)
    standby["server"]["standby"] = True
    assert "line 2" in problems("one", standby)[0]


def test_a_line_that_asks_for_more_is_told():
    certified = dict(line("all", "all"), type="hostssl", databases=["all"], options=["clientcert=verify-full"])
    (sentence,) = problems("one", seen(hba=[certified]), ask=host_hba_left)
    assert "lets in role powa_monitor" in sentence and "only with a client certificate" in sentence
    assert problems("one", seen(hba=[certified])) == problems("one", seen(), ask=host_hba_left) == []


def test_a_password_that_ansible_cannot_evaluate(monkeypatch):
    def refuse(*_arguments):
        raise Unevaluated("undefined")

    monkeypatch.setattr("ansible_collections.pgfleet.powa.plugins.plugin_utils._run.evaluate", refuse)
    (problem,) = problems("hub", seen(), registered={"powa_web_password": "{{ x }}"})
    assert problems("hub", seen(), registered={"powa_web_password": "{{ x }}"}, ask=host_hba_left) == []
    assert problem.startswith("Ansible cannot evaluate powa_web_password of hub (undefined)")


@pytest.mark.parametrize("of", ["one", "hub"])
def test_nothing_is_wrong_before_postgresql_runs(of):
    assert problems(of, seen(server=None, client_addresses={})) == []
