# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the report is arranged."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.pgfleet.powa.plugins.plugin_utils._html import render
from ansible_collections.pgfleet.powa.plugins.plugin_utils._report import arranged

TEMPLATE = Path(__file__).resolve().parents[4] / "roles" / "report" / "templates" / "report.html.j2"
SINCE, LATER, UNTIL = "2026-03-01T12:00:00Z", "2026-03-01T12:13:00Z", "2026-03-01T12:14:00Z"
DAY = {"since": "2026-02-28T12:15:00Z", "until": "2026-03-01T12:15:00Z"}
NASTY = '</h2><script>"&'


def metric(name, **changes):
    about = {"title": None, "unit": None, "description": None, "per_second": False, "overview": False}
    return {"name": name, **about, **changes}


def datasource(name, metrics, servers=("one",), **changes):
    lines = [{"key": {}, "points": [1.0, 2.0]}]
    found = [
        {
            "srvid": srvid,
            "name": server,
            "since": LATER if server == "new" else SINCE,
            "metrics": [{"name": each["name"], "lines": lines} for each in metrics],
        }
        for srvid, server in enumerate(servers)
    ]
    about = {"title": None, "set": None, "description": "", "metrics": metrics, "servers": found}
    return {"name": name, **about, **changes}


def repository(*datasources, host="hub", asked=None, registered=()):
    history = {"since": SINCE, "until": UNTIL, "asked": asked or DAY, "datasources": list(datasources)}
    info = {"datasources": [{"name": each["name"], "servers": list(registered)} for each in datasources]}
    return {"host": host, "info": info, "history": history}


def titles(found):
    return [(each["title"], [datasource["name"] for datasource in each["datasources"]]) for each in found["sets"]]


def test_datasources_stand_in_their_sets_and_those_without_one_at_the_end():
    found = [
        datasource("z_own", []),
        datasource("waits", [], set="Locks", title="Waiting"),
        datasource("counts", [], set="Locks", title="By mode"),
        datasource("wal", [], set="archive"),
        datasource("a_own", []),
    ]
    (arrangement,) = arranged([repository(*found)])
    assert titles(arrangement) == [
        ("archive", ["wal"]),
        ("Locks", ["counts", "waits"]),
        ("Other datasources", ["a_own", "z_own"]),
    ]
    anchors = [each["anchor"] for each in arrangement["sets"]]
    anchors += [each["anchor"] for group in arrangement["sets"] for each in group["datasources"]]
    assert len(set(anchors)) == 8


def test_where_no_datasource_has_a_set_there_are_none():
    (arrangement,) = arranged([repository(datasource("locks", []))])
    assert titles(arrangement) == [(None, ["locks"])]


def test_names_stand_in_for_titles():
    metrics = [
        metric("held_now"),
        metric("x", title="Y z", per_second=True),
        metric("read_time", unit="ms", per_second=True),
    ]
    (arrangement,) = arranged([repository(datasource("lock_modes", metrics))])
    ((found,),) = (each["datasources"] for each in arrangement["sets"])
    titles_of_metrics = [each["title"] for each in found["metrics"]]
    assert found["title"] == "Lock modes"
    assert titles_of_metrics == ["Held now", "Y z per second", "Read time, share of the time"]


def test_each_server_shows_the_metrics_that_matter_most():
    found = [
        datasource("waits", [metric("sessions", overview=True)], ("one", "two"), set="Waits"),
        datasource("locks", [metric("held"), metric("waiting", overview=True)], ("one",), set="Locks"),
    ]
    (arrangement,) = arranged([repository(*found)])
    assert [
        (server["name"], [(each["datasource"], each["title"]) for each in server["metrics"]])
        for server in arrangement["overview"]
    ] == [("one", [("Locks", "Waiting"), ("Waits", "Sessions")]), ("two", [("Waits", "Sessions")])]
    assert arranged([repository(datasource("locks", [metric("held")]))])[0]["overview"] == []


def test_why_a_server_has_no_graph():
    registered = [
        {"srvid": 0, "name": "one", "paused": False, "enabled": True},
        {"srvid": 7, "name": "idle", "paused": False, "enabled": True},
        {"srvid": 8, "name": "off", "paused": False, "enabled": False},
        {"srvid": 9, "name": "waits", "paused": True, "enabled": True},
    ]
    (arrangement,) = arranged([repository(datasource("locks", [metric("held")]), registered=registered)])
    assert [(each["name"], each["why"]) for each in arrangement["sets"][0]["datasources"][0]["without"]] == [
        ("idle", "no samples in this period"),
        ("off", "disabled"),
        ("waits", "paused"),
    ]


def test_the_range_says_whether_it_is_the_one_that_was_asked_for():
    whole, shorter = arranged([repository(asked={"since": SINCE, "until": UNTIL}), repository()])
    assert (whole["range"]["words"], whole["range"]["is_shorter"]) == ("2026-03-01 12:00 to 12:14 UTC", False)
    assert shorter["range"] == {
        "words": "2026-03-01 12:00 to 12:14 UTC",
        "asked": "2026-02-28 12:15 to 2026-03-01 12:15 UTC",
        "is_shorter": True,
    }


def test_a_repository_that_could_not_be_read():
    (arrangement,) = arranged([{"host": "hub", "info": {}, "history": {"msg": "no"}}])
    assert (arrangement["is_read"], arrangement["msg"], arrangement["range"]) == (False, "no", None)


def page(*repositories, servers=()):
    variables = {"title": "Fleet", "created": "now", "range": "1 day", "servers": list(servers), "problems": []}
    return render({**variables, "repositories": list(repositories)}, str(TEMPLATE))


def test_the_page_groups_by_set_and_says_what_its_graphs_show():
    found = [
        datasource("locks", [metric("held", unit="locks", overview=True)], ("one", "new"), set="Locks"),
        datasource("own", [metric("written", unit="bytes", per_second=True)]),
    ]
    written = page(repository(*found))
    assert "The graphs show 2026-03-01 12:00 to 12:14 UTC, the part of 1 day (2026-02-28 12:15 to" in written
    # The overview and two sets.
    assert written.count("<details") == 3 and '<a href="#set-1-1"><b>Locks</b></a>' in written
    assert "since 12:13 UTC" in written and "<b>2 bytes/s</b>" in written and "<b>2 locks</b>" in written
    assert '<span style="left:35.7%">12:05</span>' in written
    # Every link has its place.
    for anchor in {part.split('"')[0] for part in written.split('href="#')[1:]}:
        assert 'id="{0}"'.format(anchor) in written


def test_servers_are_counted_wherever_they_are_known_from():
    unknown = dict.fromkeys(("alias", "powa", "postgresql", "repository", "enabled", "age", "bytes"))
    about = {**unknown, "frequency": 300, "retention": "1 day", "problems": 0}
    web = {**about, "server": "web"}
    hub = {**about, "server": "hub", "postgresql": "17.2"}
    never_seen = {**about, "server": "db", "enabled": True}
    assert "<b>2</b>servers" in page(repository(), servers=[web, hub, never_seen])
    assert "<b>1</b>server<" in page(repository(), servers=[web, hub])


def test_the_overview_follows_the_problems_and_is_closed_for_a_large_fleet():
    metrics = [metric("held", overview=True)]
    few, many = (page(repository(datasource("locks", metrics, map(str, range(count))))) for count in (10, 11))
    assert 'id="overview" open>' in few and 'id="overview">' in many and "of 11 servers" in many
    assert few.index('id="problems"') < few.index('id="overview"') < few.index('id="servers"')
    assert "overview" not in page(repository(datasource("locks", [metric("held")]))).split("</style>")[1]


def test_the_overview_shows_the_greatest_line():
    found = datasource("locks", [metric("held", unit="locks", overview=True)])
    found["servers"][0]["metrics"][0]["lines"] = [
        {"key": {"mode": "Row"}, "points": [30.0, 20.0]},
        {"key": {"mode": "Share"}, "points": [3.0, 2.0]},
        {"key": None, "points": [1.0, 1.0]},
    ]
    written = page(repository(found))
    overview = written[written.index('id="overview"') : written.index('id="servers"')]
    assert "<b>20 locks</b>" in overview and "Row and 2 more" in overview and overview.count('class="line') == 1


def test_titles_and_sets_are_any_text():
    own = [metric("m", title=NASTY, unit=NASTY, description=NASTY, overview=True)]
    written = page(
        repository(datasource("locks", own, (NASTY,), set=NASTY, title=NASTY, description=NASTY), host=NASTY)
    )
    assert NASTY not in written and "<script" not in written and "&lt;script&gt;" in written


def test_without_sets_nothing_is_grouped_and_each_repository_has_its_part():
    written = page(repository(datasource("locks", [metric("held")])), repository(host="other"))
    assert "<details" not in written and "Datasources on hub" in written
    assert "On other the graphs show" in written and "other has no declared datasource." in written
