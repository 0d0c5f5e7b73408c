# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario's hosts, and what is asked of them by hand. Screenshots go to .cache/screenshots."""

import json
import os
import ssl
import subprocess
from http.cookiejar import CookieJar
from pathlib import Path
from types import SimpleNamespace
from urllib.request import HTTPCookieProcessor, HTTPSHandler, build_opener

INVENTORY = Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent
ROOT = Path(__file__).resolve().parents[3]


def run(host, *command, user="root"):
    return subprocess.check_output(["podman", "exec", f"--user={user}", host, *command], text=True)


def psql(host, query):
    """Return the lines of a query's result."""
    return run(host, "psql", "-qAtX", "--dbname=powa", f"--command={query}", user="postgres").splitlines()


def read_fleet():
    """Return the hosts of the inventory and their variables."""
    data = json.loads(subprocess.check_output(["ansible-inventory", "--inventory", str(INVENTORY), "--list"]))
    (web,) = data["powa_web"]["hosts"]
    (repository,) = data["powa_repositories"]["hosts"]
    variables = data["_meta"]["hostvars"]
    return SimpleNamespace(
        web=web,
        address=variables[web]["powa_host"],
        password=variables[web]["powa_web_password"],
        remotes_password=variables[web]["powa_monitoring_password"].replace(":", "\\:"),
        repository=repository,
        repository_address=variables[repository]["powa_host"],
        remotes=data["powa_remotes"]["hosts"],
    )


def new_browser():
    """Return what opens pages, keeps cookies, and trusts every certificate."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return build_opener(HTTPSHandler(context=trusting), HTTPCookieProcessor(CookieJar()))


def screenshots(host):
    """Return the folder of the screenshots of a host."""
    folder = ROOT / ".cache" / "screenshots" / host
    folder.mkdir(parents=True, exist_ok=True)
    return folder
