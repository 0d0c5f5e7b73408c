# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""powa-web as a browser sees it: the oracle is plain SQL."""

import json
import subprocess

import pytest
from hosts import INVENTORY, ROOT, psql, screenshots
from playwright.sync_api import sync_playwright

LIMIT = 120_000  # ms
NOTHING = {
    "name": "nothing_yet",
    "query": "SELECT 1 AS number, 2::bigint AS grown WHERE false",
    "keys": [{"name": "number", "type": "integer"}],
    "metrics": [{"name": "grown", "type": "bigint"}],
}


@pytest.fixture(scope="module")
def page(collected_fleet, chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        context = browser.new_context(ignore_https_errors=True, viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(LIMIT)
        found = context.new_page()
        base = "https://" + collected_fleet.address
        found.goto(base + "/login/")
        found.locator("input[name=user], input[name=username]").fill("powa_web")
        found.locator("input[type=password]").fill(collected_fleet.password)
        if found.locator("#Login").count():
            found.locator("input[name=server]").fill(collected_fleet.repository)
            found.locator("#Login").click()
        else:
            found.get_by_role("button", name="Login").click()
        found.wait_for_url("**/server/")
        yield found
        browser.close()


@pytest.fixture
def nothing(fleet):
    """A datasource without rows, declared now; the login may see metrics only, as the role repository makes it."""
    _declare({**NOTHING, "state": "present"}, "powa_remotes", "powa_repositories")
    yield NOTHING["name"]
    _declare({"name": NOTHING["name"], "state": "absent", "history": "drop"}, "powa_repositories", "powa_remotes")


def _declare(datasource, *groups):
    """Declare a datasource on groups of hosts, one group after the other: a snapshot may be taken between."""
    arguments = {
        "datasources": [datasource],
        "login_db": "powa",
        "server_kind": "{{ ['repository' if 'powa_repositories' in group_names else 'remote'] }}",
        "monitoring_role": "{{ omit if 'powa_repositories' in group_names else 'powa_monitor' }}",
        "collector_role": "{{ 'powa_collector' if 'powa_repositories' in group_names else omit }}",
        "web_role": "{{ 'powa_web' if 'powa_repositories' in group_names else omit }}",
    }
    command = ["ansible", "--inventory", str(INVENTORY), "--become", "--become-user=postgres"]
    command += ["--module-name=pgfleet.powa.datasources", f"--args={json.dumps(arguments)}"]
    for group in groups:
        subprocess.run([*command, group], cwd=ROOT, check=True)


def alerts(page):
    """Return what a page complains of."""
    found = page.locator(
        ".v-snackbar:visible, .v-alert:visible, #messages .alert-box.alert:visible, #messages .alert-box.error:visible"
    )
    return [text for text in found.all_inner_texts() if text.strip()]


def wait_for_line(page):
    """Wait until a line is drawn: by powa-web 5 or 4."""
    page.wait_for_function(
        "[...document.querySelectorAll('path.line, .graph_container path')].some("
        "path => (path.getAttribute('d') || '').includes('L'))"
    )


def shot(page, fleet, name):
    page.screenshot(path=screenshots(fleet.web) / (name + ".png"), full_page=True)


def url(fleet, path):
    return "https://" + fleet.address + path


def server(fleet):
    return psql(fleet.repository, "SELECT min(id) FROM powa_servers WHERE id > 0")[0]


def test_the_list_of_servers(page, fleet):
    page.goto(url(fleet, "/server/"))
    (alias,) = psql(fleet.repository, f"SELECT alias FROM powa_servers WHERE id = {server(fleet)}")
    page.get_by_text(alias, exact=True).first.wait_for()
    shot(page, fleet, "servers")


def test_the_server_leads_to_its_datasources(page, fleet):
    page.goto(url(fleet, f"/server/{server(fleet)}/overview/"))
    page.locator(".v-tab, .tab-title a").get_by_text("Datasources", exact=True).click()
    shot(page, fleet, "server")
    # They have no sets.
    page.locator("td a").get_by_text("Datasources", exact=True).click()
    for title in ("Commits", "Lock modes", "Sessions by database"):
        page.locator("td a").get_by_text(title, exact=True).wait_for()
    wait_for_line(page)
    shot(page, fleet, "set")
    assert not alerts(page)


def test_a_line_ends_with_what_sql_says(page, fleet):
    srvid = server(fleet)
    with page.expect_response(lambda answer: "/lock_modes/graphs/" in answer.url) as answered:
        page.goto(url(fleet, f"/server/{srvid}/declared/lock_modes/overview/"))
    # The browser may have dropped its own copy.
    rows = page.request.fetch(answered.value.request).json()["data"]
    wait_for_line(page)
    shot(page, fleet, "lock_modes")
    last = rows[-1]
    values = sorted(value for name, value in last.items() if name.startswith("m0_") and value is not None)
    expected = psql(
        fleet.repository,
        f"SELECT held FROM powa_lock_modes_get({srvid}, NULL, NULL)"
        f" WHERE abs(extract(epoch FROM ts) - {last['ts']}) < 0.001 ORDER BY held",
    )
    assert values == [float(value) for value in expected]
    assert values


@pytest.mark.parametrize("path", ["/config/", "/config/{0}/"])
def test_the_configuration_has_no_alert(page, fleet, path):
    page.goto(url(fleet, path.format(server(fleet))))
    page.wait_for_load_state("networkidle")
    shot(page, fleet, "config" if path == "/config/" else "config_server")
    assert not alerts(page)
    assert "No PoWA collector" not in page.locator("body").inner_text()


def test_a_datasource_without_rows_is_an_empty_graph_also_with_metrics_only(page, fleet, nothing):
    with page.expect_response(lambda answer: f"/{nothing}/graphs/" in answer.url) as answered:
        page.goto(url(fleet, f"/server/{server(fleet)}/declared/{nothing}/overview/"))
    # powa-web 4 shows the title of a graph only if there are rows.
    rows = page.request.fetch(answered.value.request).json()["data"]
    assert all(value is None for row in rows for name, value in row.items() if name != "ts")
    page.get_by_text("Grown (per second)").first.wait_for()
    page.wait_for_load_state("networkidle")
    shot(page, fleet, nothing)
    assert not alerts(page)
    page.goto(url(fleet, f"/server/{server(fleet)}/declared/lock_modes/overview/"))
    wait_for_line(page)
    assert not alerts(page)
