# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as a browser shows it, without scripts: the oracle is plain SQL."""

import json
import os
import subprocess

import pytest
from hosts import INVENTORY, ROOT, psql, screenshots
from playwright.sync_api import sync_playwright

#: What a session may call itself.
NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def report(collected_fleet, tmp_path_factory):
    """Return the path of a report of a fleet, with a key that looks like markup."""
    repository = collected_fleet.repository
    plant = "INSERT INTO powa_lock_modes_history_current SELECT min(id), $${0}$$, ROW(now() - interval '5 min', 9999)"
    psql(repository, plant.format(NASTY) + "::powa_lock_modes_history_record FROM powa_servers WHERE id > 0")
    path = tmp_path_factory.mktemp("report") / "fleet.html"
    variables = {
        "powa_report_file": os.path.relpath(path, ROOT),
        "powa_report_range": "10 minutes",
        "powa_report_title": "Friday's fleet",
    }
    command = ["ansible-playbook", f"--inventory={INVENTORY}", f"--extra-vars={json.dumps(variables)}"]
    printed = subprocess.check_output([*command, "playbooks/report.yml"], cwd=ROOT, text=True)
    yield path
    psql(repository, f"DELETE FROM powa_lock_modes_history_current WHERE mode = $${NASTY}$$")
    assert f"The report is in {path}" in printed


@pytest.fixture(scope="module")
def page(report, fleet, chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        found = browser.new_context(java_script_enabled=False, viewport={"width": 1200, "height": 900}).new_page()
        asked = []
        found.on("request", lambda request: asked.append(request.url))
        found.goto(report.as_uri())
        assert asked == [report.as_uri()], "it loads something from elsewhere"
        yield found
        folder = screenshots(fleet.repository)
        for scheme in ("light", "dark"):
            found.emulate_media(color_scheme=scheme)
            found.screenshot(path=folder / f"report_{scheme}.png", full_page=True)
        found.pdf(path=folder / "report.pdf")
        browser.close()


def test_it_has_every_host_and_each_registered_server_with_its_versions(page, fleet):
    assert page.title().startswith("Friday's fleet - ")
    rows = [row.locator("td").all_inner_texts() for row in page.locator("#servers + table tbody tr").all()]
    shown = {name: (powa, postgresql) for name, powa, postgresql, *_rest in rows}
    servers = {fleet.repository, *fleet.remotes}
    assert set(shown) == {*servers, fleet.web}
    for host in servers:
        (versions,) = psql(
            host,
            "SELECT extversion || ' ' || split_part(current_setting('server_version'), ' ', 1)"
            " FROM pg_extension WHERE extname = 'powa'",
        )
        assert " ".join(shown[host]) == versions
    (remote,) = fleet.remotes
    cells = next(row for row in rows if row[0] == remote)
    assert cells[3] == fleet.repository and cells[4].endswith(" ago") and cells[5] == "5 s"


def test_each_datasource_has_a_graph_of_each_server(page, fleet):
    servers = psql(fleet.repository, "SELECT alias FROM powa_servers WHERE id > 0")
    for title, metrics in (("Commits", 1), ("Lock modes", 1), ("Sessions by database", 3)):
        section = page.locator("section", has=page.locator("h3", has_text=title))
        assert section.locator("h4").count() == metrics
        assert section.locator("figcaption").count() == metrics * len(servers)
        for server in servers:
            graphs = section.locator("figure", has_text=server)
            assert graphs.count() == metrics
            for graph in graphs.all():
                # From one point to another.
                assert graph.locator("svg.graph path:not(.axis)[d*=L]").count() > 0


def test_a_graphs_keys_are_those_with_the_greatest_totals(page, fleet):
    expected = psql(
        fleet.repository,
        "SELECT mode FROM powa_servers AS s, powa_lock_modes_get(s.id, now() - interval '10 minutes', now())"
        f" WHERE s.id > 0 AND mode <> $${NASTY}$$ GROUP BY mode ORDER BY sum(held) DESC LIMIT 1",
    )
    legend = page.locator("section", has=page.locator("h3", has_text="Lock modes")).locator(".legend span")
    names = legend.all_inner_texts()
    # What is planted has one sample, and that one is the greatest there is.
    assert NASTY in names and expected[0] in names
    assert page.locator("section img").count() == 0


def test_sizes_and_retention(page, fleet):
    sizes = page.locator("#sizes ~ table").first.locator("tbody tr")
    names = [row.locator("td").first.inner_text() for row in sizes.all()]
    assert names == ["commits", "lock_modes", "sessions"]
    # Tables grow while the report is looked at: which is the largest now need not be the one that was.
    largest = page.locator("#sizes ~ table").nth(1)
    tables = largest.locator("td:first-child").all_inner_texts()
    assert len(tables) == 10
    assert set(tables) < set(psql(fleet.repository, "SELECT relname FROM pg_class WHERE relname LIKE 'powa%'"))
    widths = [float(drawn.get_attribute("width")) for drawn in largest.locator("rect").all()]
    assert widths[0] == 100 and widths == sorted(widths, reverse=True)
