# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A datasource is active for a server once its side was seen there."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources import arrival
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.arrival import EVERYTHING, Seen, Waiting
from ansible_collections.pgfleet.powa.plugins.module_utils._datasources.registry import registry_rows
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.digest import digest_of
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.rows import Row
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.servers import Names, RegisteredServer
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    ALPHA,
    BETA,
    POWA_4,
    POWA_5,
    catalog_of,
    definition,
    state,
    wanted,
)

BOTH = frozenset([1, 2])
NOBODY = frozenset()
FIRST = definition(extension="app")
SECOND = definition(name="others", extension="app")


def there(*registered, archivist=POWA_4, servers=(1, 2), enabled=(1, 2), made=None):
    """A repository that has made these datasources and registered them for servers."""
    rows = {
        row.place: row
        if row.srvid is None
        else Row(row.table, row.key, {**row.values, "enabled": row.srvid in enabled})
        for declared in registered
        for row in registry_rows(None, declared, archivist, list(servers), None)
    }
    entries = [wanted(declared, archivist=archivist) for declared in (registered if made is None else made)]
    return state(archivist, catalog_of(*entries, registry=list(rows.values())))


def seen(ready, *answers):
    results = [{"server": server, "datasources": list(told)} for server, told in answers]
    return Seen.of([ALPHA, BETA], ready, results)


def told(declared, **changes):
    return {"name": declared.name, "digest": digest_of(declared), **changes}


def test_without_the_option_every_side_counts_as_made():
    assert seen(None) == EVERYTHING
    assert EVERYTHING.lacking(definition(), BOTH) == NOBODY


@pytest.mark.parametrize(
    ("found", "lacking"),
    [
        (seen([]), {1, 2}),
        (seen(["first", "unknown"]), {2}),
        (seen(["first", "beta:5432"], ("alpha:5432", [told(definition())])), set()),
        (seen(["first", "beta:5432"], ("alpha:5432", [])), {1}),
        (seen(["first", "beta"], ("first", [told(definition(), digest="other")]), ("unknown", [])), {1}),
        (seen(["first", "beta"], ("first", [{"name": "locks"}])), set()),
        (seen(["beta"], ("alpha:5432", [told(definition())])), {1}),
        (seen(["first", "beta"], ("first", [{"name": ["locks"]}, {}])), {1}),
    ],
)
def test_which_servers_lack_their_side(found, lacking):
    assert found.lacking(definition(), BOTH) == lacking
    assert found.lacking(definition(), frozenset([1])) == lacking & {1}


def test_thousands_of_answers_are_compared_once(monkeypatch):
    counted = []
    monkeypatch.setattr(arrival, "digest_of", lambda declared: counted.append(1) or digest_of(declared))
    monkeypatch.setattr(arrival, "Names", lambda servers: counted.append(2) or Names(servers))
    servers = [RegisteredServer(number, dict(ALPHA.values, alias="s%d" % number)) for number in range(1, 3001)]
    names = [server.alias for server in servers]
    results = [{"server": name, "datasources": [told(definition())]} for name in names[:-1]]
    found = Seen.of(servers, names, [*results, {"server": names[-1], "datasources": []}])
    assert found.lacking(definition(), frozenset(range(1, 3001))) == {3000}
    assert sorted(counted) == [1, 2]


def test_a_datasource_of_databases_has_no_side():
    assert seen([]).lacking(definition(scope="database"), BOTH) == NOBODY


@pytest.mark.parametrize("archivist", [POWA_4, POWA_5], ids=["4", "5"])
def test_a_registration_is_new(archivist):
    assert arrival.new_servers(definition(), state(archivist)) == BOTH
    assert arrival.new_servers(definition(), there(definition(), archivist=archivist)) == NOBODY
    assert arrival.new_servers(definition(), there(definition(), archivist=archivist, servers=[2])) == {1}
    assert arrival.new_servers(definition(servers=["first"]), state(archivist)) == {1}
    # It changes its name in the registry.
    assert arrival.new_servers(FIRST, there(definition(), archivist=archivist)) == NOBODY


def test_a_second_datasource_of_an_extension_is_new_although_its_servers_have_rows():
    assert arrival.new_servers(SECOND, there(FIRST, archivist=POWA_5)) == BOTH
    # An earlier task has kept it back.
    assert arrival.new_servers(SECOND, there(FIRST, archivist=POWA_5, made=[FIRST, SECOND])) == NOBODY


def test_who_waits():
    registered = there(definition(), servers=[1])
    assert arrival.waiting(definition(), registered, NOBODY, EVERYTHING).now == NOBODY
    assert arrival.waiting(definition(), registered, NOBODY, seen([])).now == {2}
    assert arrival.waiting(definition(), registered, frozenset([1]), seen([])) == (definition(), {1}, {1, 2})
    assert arrival.waiting(definition(), registered, frozenset([1]), seen(["first", "beta"])).now == NOBODY


def held(found, *entries):
    return arrival.held_back([Waiting(declared, frozenset(), frozenset(now)) for declared, now in entries], found)


def test_a_second_datasource_of_an_extension_waits_for_all_servers_where_the_first_is_active():
    found = there(FIRST, archivist=POWA_5)
    assert held(found, (FIRST, []), (SECOND, [2])) == {"others": {2}}
    assert held(found, (SECOND, [2])) == {"others": {2}}
    assert held(found, (FIRST, []), (SECOND, [])) == {}
    assert held(found, (FIRST, [2]), (SECOND, [2])) == {}
    assert held(there(FIRST, archivist=POWA_5, enabled=[1]), (FIRST, []), (SECOND, [2])) == {}
    assert held(there(FIRST, archivist=POWA_4), (FIRST, []), (SECOND, [2])) == {}


def test_new_datasources_of_one_extension():
    found = state(POWA_5)
    assert held(found, (FIRST, [2]), (SECOND, [2])) == {}
    assert held(found, (FIRST, []), (SECOND, [2])) == {"others": {2}}
    assert held(found, (FIRST, [2]), (SECOND, [])) == {}
    assert held(found, (definition(), []), (definition(name="others"), [2])) == {}
    off = definition(extension="app", enabled=False)
    assert held(found, (off, []), (SECOND, [2])) == {}
