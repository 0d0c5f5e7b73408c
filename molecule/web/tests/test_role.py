# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role does with its variables, and when PoWA moves: played against the fleet, and put back."""

import json
import os
import subprocess
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest
from hosts import INVENTORY, ROOT, new_browser, psql, run

SECOND = "second"
CERTIFICATE, KEY = "/etc/ssl/given.crt", "/etc/ssl/given.key"
MAKE_CERTIFICATE = f"openssl req -x509 -newkey rsa:2048 -noenc -days 2 -subj /CN=given -keyout {KEY} -out {CERTIFICATE}"
#: What PyPI has of powa-web after the versions of these distributions.
NEXT = {"4.1": "4.2", "5.0": "5.1"}

#: What no variable may be, whatever else there is.
WRONG = {
    "powa_web_version": "latest",
    "powa_web_venv": "opt",
    "powa_web_address": "127.0.0.1:8888",
    "powa_web_port": 0,
    "powa_web_https_port": 70000,
    "powa_web_url_prefix": "/my powa",
    "powa_web_cookie_expires_days": -1,
    "powa_web_wait": 0,
    "powa_web_server_name": "a b;",
}


def play(*options, limit="powa_web,powa_repositories", **variables):
    """Play the part of powa-web, and return the exit code and what was printed."""
    command = ["ansible-playbook", "--inventory", str(INVENTORY), *options, "--tags=web", "--diff"]
    command += [f"--limit={limit}", f"--extra-vars={json.dumps(variables)}", "playbooks/site.yml"]
    environment = dict(os.environ, ANSIBLE_NOCOLOR="1", ANSIBLE_FORCE_COLOR="0")
    done = subprocess.run(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.returncode, done.stdout


def login(fleet, prefix, server, user, password):
    """Log in as a browser does, and return the answer to the first page: powa-web goes there after the login."""
    form = urlencode({"user": user, "username": user, "password": password, "server": server}).encode()
    try:
        answer = new_browser().open(f"https://{fleet.address}{prefix}login/", data=form, timeout=30)
    except HTTPError as error:
        return f"{error.code} {error.url}"
    return f"{answer.status} {answer.url}"


def state(fleet):
    """Return what is on powa-web's host."""
    folder = "/etc/powa-web"
    dialogue = f"openssl s_client -connect {fleet.address}:443 </dev/null 2>/dev/null | openssl x509 -noout -subject"
    return SimpleNamespace(
        version=run(fleet.web, "sh", "-c", "cd /opt/powa-web/lib/python3*/site-packages && ls -d powa_web-*").strip(),
        secret=run(fleet.web, "sha256sum", f"{folder}/cookie_secret.conf"),
        modes=run(fleet.web, "sh", "-c", f"cd {folder} && stat --format='%n %U:%G %a' *").splitlines(),
        configuration=run(fleet.web, "cat", f"{folder}/powa-web.conf"),
        passwords=run(fleet.web, "cat", f"{folder}/pgpass"),
        subject=run(fleet.web, "sh", "-c", dialogue),
        certificate=run(fleet.web, "sh", "-c", f"cat {CERTIFICATE} {KEY} 2>/dev/null | sha256sum"),
    )


@pytest.fixture(scope="module")
def second(fleet, tmp_path_factory):
    """Make an inventory with the repository under another name, with variables of its own."""

    def inventory(**variables):
        host = {"ansible_host": fleet.repository, "powa_host": fleet.repository_address, **variables}
        remotes = {name: {"powa_repository": fleet.repository} for name in fleet.remotes}
        hosts = {"powa_repositories": {"hosts": {SECOND: host}}, "powa_remotes": {"hosts": remotes}}
        path = tmp_path_factory.mktemp("second") / "hosts.json"
        path.write_text(json.dumps({"all": {"children": hosts}}))
        return f"--inventory={path}"

    return inventory


@pytest.fixture(scope="module")
def moved(fleet, second):
    """The host before, with everything changed, and as before."""
    (version,) = psql(fleet.repository, "SELECT extversion FROM pg_extension WHERE extname = 'powa'")
    following = NEXT[version.rpartition(".")[0]]
    run(fleet.web, "sh", "-c", MAKE_CERTIFICATE + " 2>/dev/null")
    found = SimpleNamespace(version=version, following=following, before=state(fleet))
    given = {"powa_web_tls_certificate": CERTIFICATE, "powa_web_tls_key": KEY, "powa_web_url_prefix": "powa"}
    set_version = "UPDATE pg_extension SET extversion = '{}' WHERE extname = 'powa'"
    psql(fleet.repository, set_version.format(following + ".0"))
    try:
        # The database has no PoWA yet: what would be installed counts.
        lacking = {"powa_web_tls_certificate": "/no/such", "powa_web_store_login": True, "powa_web_password": ""}
        found.refusal = play(second(powa_database="postgres"), **WRONG, **lacking)
        found.refused = state(fleet)
        found.change = play(second(), powa_web_remote_access=False, powa_web_store_login=True, **given)
        found.changed = state(fleet)
        found.anyone = {server: login(fleet, "/powa/", server, "", "") for server in (fleet.repository, SECOND)}
    finally:
        psql(fleet.repository, set_version.format(version))
        found.back = play()
    found.after = state(fleet)
    found.nobody = login(fleet, "/", fleet.repository, "", "")
    found.somebody = login(fleet, "/", fleet.repository, "powa_web", fleet.password)
    return found


def test_powa_web_moves_with_powa(moved):
    assert moved.change[0] == 0, moved.change[1]
    assert moved.back[0] == 0, moved.back[1]
    assert moved.changed.version.startswith(f"powa_web-{moved.following}.")
    assert moved.after.version == moved.before.version
    assert moved.before.version.startswith(f"powa_web-{moved.version.rpartition('.')[0]}.")


def test_the_secret_of_the_cookies_is_kept(moved):
    assert moved.before.secret == moved.changed.secret == moved.after.secret


def test_a_given_certificate_is_used_and_left_alone(moved):
    assert "given" not in moved.before.subject
    assert "given" in moved.changed.subject
    assert moved.before.certificate == moved.changed.certificate == moved.after.certificate
    assert moved.after.subject == moved.before.subject


def test_a_stored_login_lets_anyone_in_until_it_is_removed(moved, fleet):
    assert fleet.password in moved.changed.configuration
    assert "powa-web.conf root:powa-web 640" in moved.changed.modes
    assert moved.anyone == dict.fromkeys((fleet.repository, SECOND), f"200 https://{fleet.address}/powa/server/")
    assert moved.after.configuration == moved.before.configuration
    assert fleet.password not in moved.after.configuration
    assert moved.nobody.startswith("403 ")
    assert moved.somebody == f"200 https://{fleet.address}/server/"


def test_the_passwords_of_the_remotes_are_there_only_with_access(moved, fleet):
    assert fleet.remotes_password in moved.before.passwords
    assert fleet.remotes_password not in moved.changed.passwords
    assert moved.after.passwords == moved.before.passwords


def test_no_password_is_printed(moved, fleet):
    for _code, printed in (moved.change, moved.back):
        assert fleet.password not in printed
        assert fleet.remotes_password not in printed


def test_what_can_not_be_is_refused_before_anything_is_written(moved, fleet):
    code, printed = moved.refusal
    assert code
    assert "powa-web shows repositories of one version of PoWA only" in printed
    assert f"{moved.following} on {fleet.repository}" in printed
    for name, value in WRONG.items():
        assert f"{name} is {value}: set it to " in printed
    assert "powa_web_tls_certificate is /no/such, but this host has no such file" in printed
    assert "but powa_web_tls_key is empty: set both, or neither" in printed
    assert f"powa_web_store_login is true, but {fleet.repository} has no powa_web_password" in printed
    assert moved.refused == moved.before


def test_a_wrong_password_is_found(fleet):
    code, printed = play(limit="powa_web", powa_web_password="not this")
    assert code
    assert f"powa-web cannot log in to {fleet.repository} as powa_web" in printed
