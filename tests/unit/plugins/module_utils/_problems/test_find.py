# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All problems of a server together."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.find import _LOOKS, find_problems

from .samples import collecting, collector, datasource, found, of_server, recent, role, server

NOT_ON_REPOSITORY = "Extension pg_track_settings is not installed on the the repository server"


def test_a_well_server_has_none():
    assert find_problems(found()) == []


def test_they_are_returned_as_plain_texts():
    (problem,) = find_problems(found(servers=[server(password_stored=True)]))
    assert list(problem) == ["kind", "problem", "cause", "cure", "server", "datasource", "subject"]
    assert problem["kind"].__class__ is str and problem["kind"] == "password_stored"
    assert (problem["server"], problem["datasource"], problem["subject"]) == ("one", None, None)


def test_what_two_looks_find_is_one_problem_and_a_comparison_says_more_than_an_error():
    behind = server(extensions={"pg_track_settings": None}, errors=[NOT_ON_REPOSITORY])
    (problem,) = find_problems(found(servers=[behind]))
    assert problem["kind"] == "extension_missing"
    assert problem["subject"] == "pg_track_settings on the repository"
    assert 'database "powa" does not have it' in problem["cause"]
    older = server(
        powa_version="4.1.2", errors=["Incompatible PoWA version between the repository server (5.0.X) and (4.1.X)"]
    )
    (problem,) = find_problems(found(servers=[older]))
    assert problem["kind"] == "powa_version" and "the server has PoWA 4.1.2" in problem["cause"]


def test_those_of_one_kind_are_told_apart_by_what_they_are_about():
    problems = find_problems(
        found(
            libraries={"loaded": [], "configured": []},
            extensions=[{"name": "powa"}, {"name": "pg_qualstats"}, {"name": "pg_stat_kcache"}],
            datasources=[datasource("a", damaged="broken"), datasource("b", damaged="broken")],
            servers=[],
            collector=None,
        )
    )
    assert [(problem["kind"], problem["datasource"], problem["subject"]) for problem in problems] == [
        ("library_not_preloaded", None, "pg_qualstats"),
        ("library_not_preloaded", None, "pg_stat_kcache"),
        ("definition_damaged", "a", None),
        ("definition_damaged", "b", None),
    ]


def test_a_database_without_powa():
    nothing = {"servers": [], "datasources": [], "transient_rows": [], "collector": None, "server_kind": []}
    bare = found(powa_version=None, powa_schema=None, roles=[role(present=False)], **nothing)
    assert [problem["kind"] for problem in find_problems(bare)] == ["powa_absent"]


class Counted(list):
    """A list that a few looks may go over, but no look for each server or datasource.

    :param times: how often anybody may do it
    """

    def __init__(self, items, times):
        super().__init__(items)
        self.left = times * len(self)

    def __iter__(self):
        for item in super().__iter__():
            self.left -= 1
            assert self.left >= 0, "a look goes over all of them for each server or datasource"
            yield item


#: A look may go over something twice.
TIMES = 2 * len(_LOOKS)


def fleet(servers, datasources, late, status="running", **changes):
    """Return a repository with servers that have equal datasources, of which the first is of their databases.

    :param late: how many servers have no snapshot lately
    :param status: what the collector says of their workers
    """
    rows = [
        server(srvid, str(srvid), snapshots={"age": 999999 if srvid <= late else 7, "last": "2026-03-01T12:00:05Z"})
        for srvid in range(1, servers + 1)
    ]
    cost = {"rows": 8, "bytes_per_day": 1, "bytes_at_retention": 100}
    entries = [
        of_server(srvid=row["srvid"], name=row["name"], recent=recent(databases=2), cost=cost, has_samples=False)
        for row in rows
    ]
    workers = collector(*((row["srvid"], row["name"], status if row["srvid"] <= late else "running") for row in rows))
    return found(
        servers=Counted(rows, TIMES),
        datasources=[
            datasource(
                "d{0}".format(position),
                definition={"scope": "cluster" if position else "database", "may_be_empty": True},
                servers=Counted(entries, TIMES),
                cost=dict(cost, bytes_at_retention=100 * servers),
            )
            for position in range(datasources)
        ],
        collector={**workers, "workers": Counted(workers["workers"], TIMES)},
        **changes,
    )


def test_a_large_fleet_is_gone_over_a_few_times():
    problems = find_problems(fleet(10_000, 50, late=1_000))
    assert Counter(problem["kind"] for problem in problems) == {"snapshot_late": 1_000}
    assert all("or a snapshot that cannot be seen still runs" in problem["cause"] for problem in problems)


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, {"snapshot_late": 200}),
        ({"status": "not connected"}, {"snapshot_late": 200, "collector_not_connected": 200}),
        ({"status": "stopped", "roles": collecting(statement_timeout="1s")}, {"snapshot_late": 200}),
        ({"roles": collecting(default_transaction_read_only="on")}, {"snapshot_late": 200}),
        # Those of all servers, and of all datasources.
        ({"disk_free": 900}, {"snapshot_late": 200, "history_too_large": 220}),
    ],
)
def test_what_is_wrong_with_all_servers_takes_no_more_looks(changes, kinds):
    problems = Counter(problem["kind"] for problem in find_problems(fleet(200, 20, late=200, **changes)))
    assert kinds.items() <= problems.items()
