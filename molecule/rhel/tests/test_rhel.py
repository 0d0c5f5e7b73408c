# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is different on the RHEL family."""

import subprocess

REMOTE, REPOSITORY = "pgfleet-rhel-remote", "pgfleet-rhel-repository"
SETTINGS = (
    "SELECT name || ' ' || regexp_replace(sourcefile, '.*/', '') FROM pg_settings"
    " WHERE name IN ('listen_addresses', 'shared_preload_libraries') ORDER BY 1"
)

#: Logs in to powa-web as a browser does, and prints the page of a declared datasource.
BROWSE = """
import http.cookiejar, urllib.parse, urllib.request
jar = http.cookiejar.CookieJar()
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
login = {"user": "powa_web", "password": "demo: web", "server": "pgfleet-rhel-repository"}
opener.open("http://127.0.0.1:8888/login/", urllib.parse.urlencode(login).encode(), timeout=60)
print(opener.open("http://127.0.0.1:8888/server/1/declared/lock_modes/overview/", timeout=60).read().decode())
"""


def shell(host, command):
    return subprocess.check_output(["podman", "exec", host, "sh", "-c", command], text=True).strip()


def running_as(unit):
    """Return the user of a unit's process on the repository."""
    return shell(REPOSITORY, f"ps -o user= -p $(systemctl show --property=MainPID --value {unit})")


def psql(host, port, query):
    return shell(host, f'runuser -u postgres -- psql --no-psqlrc -At --port={port} --command="{query}" postgres')


def test_alter_system_sets_what_a_cluster_without_conf_d_needs():
    assert psql(REMOTE, 5432, SETTINGS).splitlines() == [
        "listen_addresses postgresql.auto.conf",
        "shared_preload_libraries postgresql.auto.conf",
    ]
    assert shell(REMOTE, "cmp /root/postgresql.conf /var/lib/pgsql/17/orders/postgresql.conf; echo $?") == "0"


def test_a_cluster_that_the_role_has_made_reads_conf_d():
    assert psql(REPOSITORY, 5432, SETTINGS).splitlines() == ["listen_addresses powa.conf"]


def test_the_cluster_on_another_port_is_left_alone():
    assert psql(REMOTE, 5434, "SHOW shared_preload_libraries") == ""
    now = "systemctl show --property=ActiveEnterTimestampMonotonic postgresql-17"
    assert shell(REMOTE, now) == shell(REMOTE, "cat /root/started")


def test_the_packages_are_those_that_powa_needs():
    names = shell(REMOTE, "rpm --query --all --queryformat '%{NAME}\\n'").splitlines()
    assert {"powa-archivist_17", "postgresql17-contrib", "pg_qualstats_17"} <= set(names)
    assert "powa_17" not in names


def test_a_user_of_its_own_runs_the_collector():
    assert running_as("powa-collector") == "powa"
    assert "Ignoring invalid environment" not in shell(REPOSITORY, "journalctl --unit=powa-collector")


def test_powa_web_shows_the_page_of_a_datasource():
    assert running_as("powa-web") == "powa-web"
    names = shell(REPOSITORY, "rpm --query --all --queryformat '%{NAME}\\n'").splitlines()
    assert {"python3-tornado", "python3-sqlalchemy", "python3-packaging"} <= set(names)
    page = subprocess.check_output(["podman", "exec", "-i", REPOSITORY, "python3", "-"], input=BROWSE, text=True)
    assert "<title>Lock modes</title>" in page
