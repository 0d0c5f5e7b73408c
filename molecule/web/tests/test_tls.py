# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collector and powa-web trust only servers with the right certificate, and show theirs, as the servers tell it."""

import os
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hosts import INVENTORY, ROOT, new_browser, psql, run

TLS = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "tls"
AUTHORITIES = "/etc/tls/authority.crt"
SESSIONS = """
    SELECT DISTINCT a.usename, a.client_addr, s.ssl, s.client_dn
    FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a USING (pid) WHERE a.application_name LIKE 'PoWA collector%'
"""


def collectors(*options):
    """Play the part of the collector, and return the exit code and what was printed, on one line."""
    command = ["ansible-playbook", f"--inventory={INVENTORY}", *options, "--tags=collectors", "--diff"]
    environment = dict(os.environ, ANSIBLE_NOCOLOR="1", ANSIBLE_FORCE_COLOR="0")
    done = subprocess.run(
        [*command, "playbooks/site.yml"],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    # Older versions of ansible-core print a message as JSON.
    return done.returncode, " ".join(done.stdout.replace('\\"', '"').split())


def put(host, source, path):
    """Replace what is in a file of a host, and have PostgreSQL read it there."""
    command = ["podman", "exec", "--interactive", host, "tee", path]
    subprocess.run(command, input=source, check=True, stdout=subprocess.DEVNULL)
    psql(host, "SELECT pg_reload_conf()")


def test_the_collector_logs_in_with_its_certificate(collected_fleet):
    (remote,) = collected_fleet.remotes
    address = collected_fleet.repository_address
    assert psql(remote, SESSIONS) == [f"powa_monitor|{address}|t|/CN=powa_monitor"]
    assert psql(collected_fleet.repository, SESSIONS) == [f"powa_collector|{address}|t|/CN=powa_monitor"]


def test_powa_web_logs_in_with_its_certificate(collected_fleet):
    (remote,) = collected_fleet.remotes
    (srvid,) = psql(collected_fleet.repository, "SELECT id FROM powa_servers WHERE id > 0")
    base = f"https://{collected_fleet.address}"
    browser = new_browser()
    form = {"user": "powa_web", "username": "powa_web", "server": collected_fleet.repository}
    browser.open(f"{base}/login/", data=urlencode({**form, "password": collected_fleet.password}).encode())
    assert b"DateStyle" in browser.open(f"{base}/config/{srvid}/pg_settings/").read()
    log = run(remote, "sh", "-c", "cat /var/log/postgresql/*.log")
    came_in = [line for line in log.splitlines() if "user=powa_monitor" in line and "connection authorized" in line]
    assert came_in and all("SSL enabled" in line for line in came_in)
    assert f"host={collected_fleet.address}" in log


@pytest.fixture(scope="module")
def renewed(collected_fleet):
    """What runs say when the authorities have changed, while the remote has a certificate for another name."""
    (remote,) = collected_fleet.remotes
    both = (TLS / "authority.crt").read_bytes() + (TLS / "another.crt").read_bytes()
    put(collected_fleet.repository, both, AUTHORITIES)
    for kind in ("crt", "key"):
        put(remote, (TLS / f"elsewhere.{kind}").read_bytes(), f"/etc/tls/server.{kind}")
    refused = collectors()
    for kind in ("crt", "key"):
        put(remote, (TLS / f"{remote}.{kind}").read_bytes(), f"/etc/tls/server.{kind}")
    return refused, collectors(), collectors("--check")


def test_other_authorities_restart_the_collector_and_a_wrong_name_is_said(renewed, collected_fleet):
    (remote,) = collected_fleet.remotes
    (code, printed), again, check = renewed
    assert code
    assert f"+# The collector has read {AUTHORITIES}, whose SHA-256 sum is " in printed
    assert f"powa-collector on {collected_fleet.repository} is not connected to {remote} " in printed
    assert 'server certificate for "elsewhere.example.com"' in printed and " does not match host name " in printed
    for code, printed in (again, check):
        assert not code, printed
        assert "The collector has read" not in printed
    assert "changed=0" in check[1]
