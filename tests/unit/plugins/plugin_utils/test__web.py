# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run does to a host of powa-web, from what was seen there, and what is said of its answers."""

from __future__ import annotations

import copy
import hashlib

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils import _paths, _web
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._web import refused, web_passwords, web_plan
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import seen as seen_of

PAGES = "/opt/powa-web/pages/powa_web_pages"
HUB = {
    "powa_host": "10.0.0.9",
    "powa_port": 5433,
    "powa_database": "powa",
    "powa_web_role": "powa_web",
    "powa_install_method": "package",
}
WEB = {
    **HUB,
    "powa_store_passwords": False,
    "powa_web_version": "",
    "powa_web_venv": "/opt/powa-web",
    "powa_web_address": "127.0.0.1",
    "powa_web_port": 8888,
    "powa_web_url_prefix": "/",
    "powa_web_https_port": 443,
    "powa_web_cookie_expires_days": 30,
    "powa_web_remote_access": True,
    "powa_web_store_login": False,
    "powa_web_wait": 30,
    "powa_web_nginx": False,
    "powa_web_server_name": "web.example.com",
    "powa_web_tls_certificate": "",
    "powa_web_tls_key": "",
}


def fleet_of(repositories=("hub",), remote_access=True, **changes):
    def remote(repository, **server):
        server = {"hostname": "db1", "port": 5432, "username": "powa_monitor", **server}
        return {"repository": repository, "server": server}

    return {
        "hosts": {
            "hub": {"groups": ["powa_repositories"], "variables": dict(WEB, **changes)},
            "far": {"groups": ["powa_repositories"], "variables": dict(HUB, powa_host="10.0.0.8", powa_port=5432)},
            "box": {"groups": ["powa_web"], "variables": dict(WEB, **changes)},
        },
        "collectors": {},
        "web": {
            host: {"repositories": list(repositories), "address": "10.0.0.7", "remote_access": remote_access}
            for host in ("hub", "box")
        },
        "remotes": {
            "one": remote("hub"),
            "two": remote("hub", hostname="db2", allow_ui_connection=False),
            "three": remote("far", hostname="db3", allow_ui_connection=True),
        },
        "run": [],
    }


def sum_of(text):
    return hashlib.sha256(text.encode()).hexdigest()


#: A password file with the wanted text.
PASSWORD_FILE = {"owner": "powa-web", "group": "powa-web", "mode": "0600", "sha256": None, "as_expected": True}


def host_file(text, mode="0644", group="root"):
    return {"owner": "root", "group": group, "mode": mode, "sha256": None if text is None else sum_of(text)}


def rendered(**changes):
    """The texts of configuration, unit and nginx's configuration."""
    found = web_plan(Run(fleet_of(**changes), {"hub": {"powa_web_password": 'plan"ted'}}), "box")
    return (*(entry["content"] for entry in found["files"][1:]), found["proxy"]["configuration"])


CONFIGURATION, UNIT, PROXY = rendered()
RUNS = {"enabled": "enabled", "active": "active", "exists": True}
ABSENT = {"enabled": "", "active": "inactive", "exists": False}
WELL = {
    "os": {"name": "Debian GNU/Linux 12 (bookworm)", "family": "Debian"},
    "version": "15",
    "cluster": None,
    "users": ["powa-web"],
    "packages": {"python3-tornado": {"installed": "6.2.0-3", "candidate": None}},
    "units": {"powa-web": RUNS, "nginx": ABSENT},
    "files": {
        _paths.WEB_CONF: host_file(CONFIGURATION, "0640", "powa-web"),
        _paths.WEB_SECRET: host_file(None, "0640", "powa-web"),
        _paths.WEB_UNIT: host_file(UNIT),
        _paths.WEB_PASSWORDS: PASSWORD_FILE,
    },
    "virtualenvs": {"/opt/powa-web": {"stale": False, "packages": {"powa-web": "5.0.2"}}},
    "folders": {PAGES: {name: sum_of(text) for name, text in _web.read_pages().items()}},
}
BARE = {
    **WELL,
    "users": [],
    "packages": {"python3-tornado": {"installed": None, "candidate": "6.2.0-3"}},
    "units": {"powa-web": ABSENT, "nginx": ABSENT},
    "files": {},
    "virtualenvs": {},
    "folders": {},
}


def repository(version):
    return {
        "os": WELL["os"],
        "version": "15",
        "cluster": None,
        "packages": {},
        "extensions": {"powa": {"version": version}} if version else {},
        "extension_folder": None,
    }


def changed(seen, **changes):
    return {**copy.deepcopy(seen), **changes}


def plan(seen=None, fleet=None, check_mode=False, powa="5.0.2", password=None):
    hostvars = {
        "box": {"__common_seen": WELL if seen is None else seen},
        "hub": {"powa_web_password": password},
        "far": {},
    }
    if powa is not None:
        hostvars["hub"]["__common_seen"] = repository(powa)
    return web_plan(Run(fleet or fleet_of(), hostvars, (), check_mode), "box")


def test_a_powa_web_that_runs_as_configured_needs_nothing():
    found = plan()
    assert not found["todo"] and not found["install"] and not found["pages"]["differ"] and not found["proxy"]["todo"]
    assert found["has_user"] and found["has_unit"] and found["has_secret"]
    assert found["stale"] == []


def test_the_repositories_that_powa_web_shows():
    fleet = fleet_of(["hub", "far"])
    hostvars = {"hub": {"powa_web_password": "p"}, "far": {"powa_web_password": None}}
    assert web_plan(Run(fleet, hostvars), "hub")["repositories"] == [
        {
            "name": "hub",
            "host": "localhost",
            "port": 5433,
            "database": "powa",
            "role": "powa_web",
            "has_password": True,
        },
        {
            "name": "far",
            "host": "10.0.0.8",
            "port": 5432,
            "database": "powa",
            "role": "powa_web",
            "has_password": False,
        },
    ]
    assert plan(fleet=fleet)["repositories"][0]["host"] == "10.0.0.9"
    # No certificate is for localhost.
    fleet["hosts"]["hub"]["variables"]["powa_web_sslmode"] = "verify-full"
    assert web_plan(Run(fleet, hostvars), "hub")["repositories"][0]["host"] != "localhost"


def test_tls_is_in_the_units_environment():
    fleet = fleet_of()
    fleet["hosts"]["box"]["variables"].update(powa_web_sslmode="verify-ca", powa_web_sslrootcert="/tls/ca.crt")
    found = plan(fleet=fleet)
    (unit,) = [file["content"] for file in found["files"] if file["path"] == _paths.WEB_UNIT]
    assert "\nEnvironment=PGSSLMODE=verify-ca\nEnvironment=PGSSLROOTCERT=/tls/ca.crt\nRestart=" in unit
    assert found["todo"]


def test_the_files():
    files = plan()["files"]
    assert [(file["path"], file["owner"], file["group"], file["mode"], file["state"]) for file in files] == [
        ("/etc/powa-web", "root", "powa-web", "0750", "directory"),
        ("/etc/powa-web/powa-web.conf", "root", "powa-web", "0640", "present"),
        ("/etc/systemd/system/powa-web.service", "root", "root", "0644", "present"),
    ]


def test_the_configuration_is_python():
    text = rendered(repositories=["hub", "far"], powa_web_url_prefix="powa", powa_web_remote_access=False)[0]
    assert (
        text
        == """\
# Ansible managed
# powa-web runs this as Python: each value is a literal.
servers = {
    "hub": {
        'host': "10.0.0.9",
        'port': "5433",
        'database': "powa",
    },
    "far": {
        'host': "10.0.0.8",
        'port': "5432",
        'database': "powa",
    },
}
address = "127.0.0.1"
port = 8888
url_prefix = "/powa/"
cookie_expires_days = 30
allow_ui_connection = False
"""
    )


def test_a_stored_login_is_in_the_configuration():
    found = {}
    exec(rendered(powa_web_store_login=True)[0], found)
    assert found["servers"]["hub"] == {
        "host": "10.0.0.9",
        "port": "5433",
        "database": "powa",
        "username": "powa_web",
        "password": 'plan"ted',
    }
    assert "Anyone who reaches powa-web is logged in" in rendered(powa_web_store_login=True)[0]
    assert not any('plan"ted' in text or 'plan\\"ted' in text for text in rendered())


def test_the_unit():
    for line in (
        "# Ansible managed",
        "User=powa-web",
        "WorkingDirectory=/etc/powa-web",
        "ExecStart=/opt/powa-web/bin/python3 -m powa_web_pages --config=/etc/powa-web/cookie_secret.conf",
        "Environment=PYTHONPATH=/opt/powa-web/pages PGPASSFILE=/etc/powa-web/pgpass",
    ):
        assert line in UNIT.splitlines()


@pytest.mark.parametrize(("port", "may_bind"), [(80, True), (1023, True), (1024, False), (8888, False)])
def test_only_a_low_port_needs_the_right_to_bind_it(port, may_bind):
    assert ("AmbientCapabilities=CAP_NET_BIND_SERVICE" in rendered(powa_web_port=port)[1]) is may_bind


def test_the_configuration_of_nginx():
    text = rendered(powa_web_url_prefix="powa", powa_web_address="::", powa_web_https_port=8443)[2]
    for line in (
        "# Ansible managed",
        "    listen [::]:8443 ssl;",
        "    server_name web.example.com;",
        "    ssl_certificate /etc/nginx/powa-web.crt;",
        "    ssl_certificate_key /etc/nginx/powa-web.key;",
        "    location /powa/ {",
        "        proxy_pass http://[::1]:8888;",
    ):
        assert line in text.splitlines()


def test_the_first_line_of_a_file_may_say_something_else():
    found = web_plan(Run(fleet_of(), {}), "box", "ours")
    assert found["files"][1]["content"] == CONFIGURATION.replace("Ansible managed", "ours")
    assert found["proxy"]["configuration"] == PROXY.replace("Ansible managed", "ours")


@pytest.mark.parametrize(
    "seen",
    [
        changed(WELL, units={"powa-web": dict(RUNS, active="failed"), "nginx": ABSENT}),
        changed(WELL, units={"powa-web": dict(RUNS, enabled="disabled"), "nginx": ABSENT}),
        changed(WELL, files={name: file for name, file in WELL["files"].items() if name != _paths.WEB_SECRET}),
        changed(WELL, files={**WELL["files"], _paths.WEB_UNIT: host_file("other\n")}),
        changed(WELL, files={**WELL["files"], _paths.WEB_CONF: host_file("other\n", "0640", "powa-web")}),
        changed(WELL, files={**WELL["files"], _paths.WEB_PASSWORDS: {**PASSWORD_FILE, "as_expected": False}}),
        changed(WELL, folders={}),
    ],
    ids=["failed", "disabled", "no secret", "unit", "configuration", "passwords", "no pages"],
)
def test_what_is_to_be_done_without_an_installation(seen):
    found = plan(seen)
    assert found["todo"] and not found["install"]


@pytest.mark.parametrize(
    ("powa", "installed", "wanted", "version", "install"),
    [
        ("5.0.2", "5.0.1", "", "5.0.*", False),
        ("5.1.0", "5.0.2", "", "5.1.*", True),
        ("5.1", "5.10.0", "", "5.1.*", True),
        ("5.0.2", "5.0.2", "5.0.2", "5.0.2", False),
        ("5.0.2", "5.0.1", "5.0.2", "5.0.2", True),
        ("5.0.2", "", "", "5.0.*", True),
        # No repository was seen, or it has no PoWA: what is there stays.
        (None, "4.2.1", "", "4.2.*", False),
        ("", "4.2.1", "", "4.2.*", False),
        # Nobody knows which version to install.
        (None, "", "", "", False),
    ],
)
def test_the_version_of_powa_web(powa, installed, wanted, version, install):
    packages = {"powa-web": installed} if installed else {}
    seen = changed(WELL, virtualenvs={"/opt/powa-web": {"stale": False, "packages": packages}})
    found = plan(seen, fleet_of(powa_web_version=wanted), powa=powa)
    assert (found["version"], found["install"]) == (version, install)


@pytest.mark.parametrize(
    ("powa", "requirements"),
    [("4.1.4", ["powa-web==4.1.*", "sqlalchemy<1.5"]), ("5.0.2", ["powa-web==5.0.*"])],
)
def test_powa_4_needs_an_old_sqlalchemy(powa, requirements):
    assert plan(powa=powa)["requirements"] == requirements


def test_an_environment_of_another_python_is_made_anew():
    found = plan(changed(WELL, virtualenvs={"/opt/powa-web": {"stale": True, "packages": {}}}))
    assert found["install"] and found["todo"]
    assert found["stale"] == ["/opt/powa-web/" + name for name in ("bin", "lib", "lib64", "pyvenv.cfg")]


def test_a_bare_host():
    found = plan(BARE)
    assert found["install"] and found["refresh"] and found["installable"] and found["todo"]
    assert found["has_user"] and found["has_unit"] and not found["has_secret"]
    assert found["packages"] == [
        "python3-venv",
        "python3-psycopg2",
        "python3-packaging",
        "python3-tornado",
        "python3-sqlalchemy",
    ]


@pytest.mark.parametrize(
    ("family", "tornado", "installable"),
    [
        ("Debian", {"installed": None, "candidate": "6"}, True),
        ("Debian", {"installed": "6", "candidate": None}, True),
        ("Debian", {"installed": None, "candidate": None}, False),
        ("Debian", None, False),
        ("RedHat", None, True),
    ],
)
def test_check_mode_on_a_bare_host(family, tornado, installable):
    packages = {"python3-tornado": tornado} if tornado else {}
    found = plan(changed(BARE, os={"name": "", "family": family}, packages=packages), check_mode=True)
    assert found["installable"] is installable
    assert not found["has_user"] and not found["has_unit"]


def test_a_user_who_was_there_before_the_packages():
    seen = changed(BARE, users=["powa-web"])
    found, check = plan(seen), plan(seen, check_mode=True)
    assert found["install"] and found["refresh"] and found["has_user"]
    assert check["install"] and not check["has_user"]


@pytest.mark.parametrize("seen", [{}, {"unreachable": True}])
def test_a_host_that_was_not_read_has_everything_to_be_done(seen):
    found = plan(seen, check_mode=True)
    assert found["todo"] and found["install"] and not found["has_user"] and found["installable"]


def test_the_pages_are_those_of_the_collection():
    found = plan(BARE)["pages"]
    assert found["differ"]
    folder, package, *pages = found["files"]
    assert (folder["path"], folder["state"], folder["mode"]) == ("/opt/powa-web/pages", "directory", "0755")
    assert (package["path"], package["state"], package["mode"]) == (PAGES, "directory", "0755")
    assert {"__init__.py", "__main__.py", "set_page.py"} <= {page["path"].rpartition("/")[2] for page in pages}
    assert all(page["mode"] == "0644" and page["owner"] == "root" and page["state"] == "present" for page in pages)
    assert all(page["path"].startswith(PAGES + "/") and page["path"].endswith((".py", ".js")) for page in pages)
    assert next(page for page in pages if page["path"].endswith("/set_page.py"))["content"].startswith("# Copyright")


def test_pages_of_another_version_go():
    assert "row_heights.js" in WELL["folders"][PAGES]
    theirs = {
        **WELL["folders"][PAGES],
        "gone.py": "1",
        "gone.js": "1",
        "__init__.py": "2",
        "__pycache__/pages.pyc": "3",
    }
    found = plan(changed(WELL, folders={PAGES: theirs}))["pages"]
    assert found["differ"]
    assert [file["path"] for file in found["files"] if file["state"] == "absent"] == [
        PAGES + "/gone.js",
        PAGES + "/gone.py",
    ]


def test_what_python_has_compiled_is_no_page():
    theirs = {**WELL["folders"][PAGES], "__pycache__/pages.pyc": "3"}
    assert not plan(changed(WELL, folders={PAGES: theirs}))["pages"]["differ"]


@pytest.mark.parametrize(
    ("configuration", "store", "no_diff"),
    [
        (host_file("other\n"), False, False),
        (None, False, False),
        (host_file(None), False, True),
        (host_file("other\n"), True, True),
    ],
    ids=["no password", "no file", "it had one", "it gets one"],
)
def test_a_diff_shows_no_password(configuration, store, no_diff):
    files = {} if configuration is None else {_paths.WEB_CONF: configuration}
    found = plan(changed(WELL, files=files), fleet_of(powa_web_store_login=store))["files"]
    assert [file.get("no_diff", False) for file in found] == [False, no_diff, False]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("::", "[::1]"),
        ("fd00::7", "[fd00::7]"),
        ("web.example.com", "web.example.com"),
    ],
)
def test_where_its_own_host_reaches_powa_web(address, expected):
    assert plan(fleet=fleet_of(powa_web_address=address))["reach"] == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/", "/"), ("", "/"), ("powa", "/powa/"), ("/powa", "/powa/"), ("/powa/", "/powa/"), ("/a/b/", "/a/b/")],
)
def test_the_prefix_is_between_two_slashes(path, expected):
    assert plan(fleet=fleet_of(powa_web_url_prefix=path))["prefix"] == expected


@pytest.mark.parametrize(
    ("wanted", "unit", "files", "todo"),
    [
        (False, ABSENT, {}, False),
        (True, ABSENT, {}, True),
        (True, RUNS, {}, True),
        (True, RUNS, {_paths.WEB_NGINX: host_file("other\n")}, True),
        (True, dict(RUNS, active="failed"), {_paths.WEB_NGINX: host_file(PROXY)}, True),
        (True, RUNS, {_paths.WEB_NGINX: host_file(PROXY)}, False),
    ],
    ids=["unwanted", "absent", "not configured", "changed", "failed", "well"],
)
def test_nginx(wanted, unit, files, todo):
    seen = changed(WELL, units={"powa-web": RUNS, "nginx": unit}, files={**WELL["files"], **files})
    found = plan(seen, fleet_of(powa_web_nginx=wanted))
    assert found["proxy"]["todo"] is found["todo"] is todo
    assert found["proxy"]["installed"] is (unit is not ABSENT)


def test_a_certificate_of_the_role_and_one_that_is_given():
    own = plan()["proxy"]
    assert own["own_certificate"]
    assert (own["certificate"], own["key"]) == ("/etc/nginx/powa-web.crt", "/etc/nginx/powa-web.key")
    given = plan(fleet=fleet_of(powa_web_tls_certificate="/c.crt", powa_web_tls_key="/c.key"))["proxy"]
    assert not given["own_certificate"]
    assert (given["certificate"], given["key"]) == ("/c.crt", "/c.key")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web.example.com", "DNS:web.example.com"),
        ("10.0.0.7", "IP:10.0.0.7"),
        ("fd00::7", "IP:fd00::7"),
        ("7.example.com", "DNS:7.example.com"),
    ],
)
def test_the_name_in_a_certificate(name, expected):
    assert plan(fleet=fleet_of(powa_web_server_name=name))["proxy"]["alternative_name"] == expected


PASSWORDS = {
    "one": {"powa_monitoring_password": "m1"},
    "two": {"powa_monitoring_password": "m2"},
    "three": {"powa_monitoring_password": "m3"},
}


@pytest.mark.parametrize(
    ("fleet", "expected"),
    [
        (fleet_of(["hub", "far"]), [("db1", "m1"), ("db3", "m3")]),
        (fleet_of(["hub"]), [("db1", "m1")]),
        (fleet_of(["hub"], remote_access=False), []),
        (fleet_of(["hub"], powa_store_passwords=True), []),
    ],
    ids=["two repositories", "one", "no access", "stored"],
)
def test_the_passwords_are_those_of_remotes_that_powa_web_may_connect_to(fleet, expected):
    logins = web_passwords(Run(fleet, PASSWORDS), "box")
    assert [(login["host"], login["password"]) for login in logins] == expected
    assert all((login["port"], login["database"], login["user"]) == (5432, "*", "powa_monitor") for login in logins)


def test_the_login_of_powa_web_4_reads_no_stored_password():
    found = {"hub": {"__common_seen": seen_of("4.1.4")}}
    hostvars = {name: {**variables, **found.get(name, {})} for name, variables in {"hub": {}, **PASSWORDS}.items()}
    assert len(web_passwords(Run(fleet_of(["hub"], powa_store_passwords=True), hostvars), "box")) == 1


def test_remotes_without_a_password_are_not_in_the_file():
    assert web_passwords(Run(fleet_of(), {"one": {"powa_monitoring_password": None}}), "box") == []


def test_a_plan_says_only_whether_there_is_a_password():
    found = plan(password="planted")
    assert found["repositories"][0]["has_password"] and "planted" not in str(found)


SILENT = "powa-web does not answer on 127.0.0.1:8888 within 30 seconds (journalctl -u powa-web says why)"


@pytest.mark.parametrize(
    ("password", "answer", "expected"),
    [
        ("p", {"status": 302, "set_cookie": "server=hub; username=powa_web"}, []),
        (None, {"status": 403}, []),
        (None, {"status": 302}, []),
        ("p", {"status": -1}, [SILENT]),
        (None, {"status": 500}, [SILENT]),
        ("p", {"msg": "it failed"}, [SILENT]),
        (
            "p",
            {"status": 403},
            [
                "powa-web cannot log in to hub as powa_web (journalctl -u powa-web says why): check powa_web_password"
                " and the pg_hba.conf of the repository"
            ],
        ),
        (
            "p",
            {"status": 302, "set_cookie": "other=1"},
            [
                "powa-web 5.0.* refuses logins to hub, which has another version of PoWA: install the same major.minor"
                " version of both"
            ],
        ),
        (
            "p",
            {"status": 302},
            [
                "powa-web 5.0.* refuses logins to hub, which has another version of PoWA: install the same major.minor"
                " version of both"
            ],
        ),
    ],
)
def test_what_powa_web_answers(password, answer, expected):
    assert refused(plan(password=password), [answer], WEB) == expected


def test_silence_is_said_once():
    assert refused(plan(fleet=fleet_of(["hub", "far"])), [{"status": -1}, {"status": -1}], WEB) == [SILENT]
