# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a host before anything is changed, and what check mode skips."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.host_check import host_check
from ansible_collections.pgfleet.powa.plugins.plugin_utils._fleet import build_fleet
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import Inventory
from ansible_collections.pgfleet.powa.plugins.plugin_utils._preflight import check_host, powa_version
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

CLUSTER = {
    "version": "15",
    "name": "main",
    "port": 5432,
    "running": True,
    "data_directory": "/var/lib/postgresql/15/main",
    "unit": "postgresql@15-main",
}
LIBRARIES = "pg_stat_statements,pg_qualstats,pg_stat_kcache,pg_wait_sampling"
CONF = "/etc/postgresql/15/main/conf.d/powa.conf"
SERVER: Dict[str, Any] = {
    "version_num": 150006,
    "config_file": "/etc/postgresql/15/main/postgresql.conf",
    "settings": {
        "listen_addresses": {"value": "*", "source": "configuration file"},
        "shared_preload_libraries": {"value": LIBRARIES, "source": "configuration file"},
    },
    "file_settings": [{"name": "shared_preload_libraries", "value": LIBRARIES, "file": CONF, "line": 3, "error": None}],
    "roles": {},
    "standby": False,
    "unread": False,
    "database": True,
}
#: A host on which everything is there.
SEEN: Dict[str, Any] = {
    "os": {"name": "Debian GNU/Linux 12 (bookworm)", "family": "Debian"},
    "installed": ["15"],
    "clusters": [CLUSTER],
    "unread_clusters": [],
    "cluster": CLUSTER,
    "version": "15",
    "packages": {},
    "driver": True,
    "extension_folder": None,
    "powa_files": {},
    "files": {},
    "server": SERVER,
    "server_error": None,
    "extensions": {"powa": {"version": "4.1.4", "schema": "public", "comment": None}},
    "client_addresses": {name: [{"address": "10.0.0.9", "name": name}] for name in ("pg", "db", "w", "c")},
    "unseen": [],
}
#: A host on which nothing is installed.
BARE = dict(SEEN, installed=[], clusters=[], cluster=None, driver=False, server=None, extensions={})


def run(
    seen: Optional[Dict[str, Any]] = None,
    variables: Optional[Dict[str, Any]] = None,
    host: str = "db",
    check_mode: bool = False,
    others: Optional[Dict[str, Dict[str, Any]]] = None,
    groups: Optional[Dict[str, List[str]]] = None,
) -> Run:
    hostvars: Dict[str, Dict[str, Any]] = {name: {} for name in ("db", "pg", "w", "stranger")}
    hostvars.update(others or {})
    hostvars[host] = dict({"__common_seen": SEEN if seen is None else seen}, **(variables or {}))
    members = {"powa_repositories": ["pg"], "powa_remotes": ["db"], "powa_collectors": ["pg"], "powa_web": ["w"]}
    members.update(groups or {})
    return Run(build_fleet(Inventory(hostvars, members, play=["stranger"])), hostvars, (), check_mode)


def problems(seen: Optional[Dict[str, Any]] = None, host: str = "db", **options: Any) -> List[str]:
    return check_host(run(seen, host=host, **options), host)["problems"]


def skipped(seen: Dict[str, Any], host: str = "db", check_mode: bool = True) -> List[str]:
    return check_host(run(seen, host=host, check_mode=check_mode), host)["skipped"]


@pytest.mark.parametrize("host", ["db", "pg", "w"])
def test_nothing_is_wrong_with_a_host_that_has_everything(host: str) -> None:
    nothing: Dict[str, List[str]] = {"problems": [], "skipped": [], "announced": [], "said": []}
    assert check_host(run(host=host, check_mode=True), host) == nothing
    assert host_check(host, run(host=host).fleet, {host: {"__common_seen": SEEN}}) == nothing


def test_wrong_values_come_first() -> None:
    assert problems(dict(SEEN, os={"name": "Alpine", "family": ""}), variables={"powa_port": "abc"}) == [
        "powa_port is abc: set it to a number from 1 to 65535",
        "this host runs Alpine, but the roles know package names for the Debian and RHEL families only: use a host of"
        " one of these",
    ]


def test_a_host_in_none_of_the_groups() -> None:
    assert problems(host="stranger") == [
        "this host is in none of the groups powa_repositories, powa_remotes, powa_collectors and powa_web: put it into"
        " one of them"
    ]


RED_HAT = {"os": {"name": "Rocky Linux 9", "family": "RedHat"}}


def test_a_cluster_of_the_rhel_family_that_the_roles_do_not_know() -> None:
    cluster = dict(CLUSTER, data_directory="/var/lib/pgsql/data")
    assert problems(dict(SEEN, **RED_HAT, cluster=cluster, installed=["17"])) == [
        "the cluster in /var/lib/pgsql/data has PostgreSQL 15, but /usr/pgsql-15/bin is not there, and the roles know"
        " PGDG's packages only: choose a cluster of these with powa_port"
    ]
    assert problems(dict(SEEN, **RED_HAT, cluster=dict(cluster, unit=""))) == [
        "no unit of systemd that runs only the cluster in /var/lib/pgsql/data is known, so the roles could not restart"
        " it: start it by a unit whose name begins with postgresql and that has this folder as its PGDATA, or set"
        " powa_restart_command"
    ]
    by_command = {"powa_restart_command": "patronictl restart"}
    assert problems(dict(SEEN, **RED_HAT, cluster=dict(cluster, unit="")), variables=by_command) == []
    assert problems(dict(SEEN, **RED_HAT)) == []


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_version_of_a_new_postgresql_of_the_rhel_family(check_mode: bool) -> None:
    bare = dict(BARE, **RED_HAT, version="")
    new: Dict[str, Any] = {"powa_install_postgresql": True}
    assert problems(bare, variables=new, check_mode=check_mode) == [
        "powa_postgresql_version is empty, but the names of PGDG's packages have the version in them: set it to the"
        ' major version to install, such as "17"'
    ]
    new["powa_postgresql_version"] = "17"
    assert problems(dict(bare, version="17"), variables=new, check_mode=check_mode) == []


@pytest.mark.parametrize("installed", [["17"], ["15", "16"]])
def test_an_installed_postgresql_of_the_rhel_family_whose_cluster_is_not_found(installed: List[str]) -> None:
    seen = dict(BARE, **RED_HAT, version="17", installed=installed)
    wanted = {"powa_install_postgresql": True, "powa_postgresql_version": "17"}
    assert problems(seen, variables=wanted) == [
        "PostgreSQL {0} is installed, but no cluster is found in the data directories of its units or in"
        " /var/lib/pgsql, and the roles do not create one beside a cluster that may be elsewhere: mount its data"
        " directory, make a unit whose name begins with postgresql for it, or create a cluster with"
        " /usr/pgsql-17/bin/postgresql-17-setup initdb".format(" ".join(installed))
    ]
    assert problems(dict(seen, os=SEEN["os"]), variables=wanted) == []


OLD_PYTHON = (
    "the Python that Ansible uses there is older than 3.8: install a newer one, and set ansible_python_interpreter to"
    " its path"
)


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({"unreachable": True, "msg": "no\nroute"}, "Ansible cannot reach this host: no route"),
        # Python 3.6, with ansible-core 2.19.
        (
            {
                "module_stderr": '  File "x.py", line 3\n    from __future__ import annotations\n    ^\n'
                "SyntaxError: future feature annotations is not defined\n",
                "msg": "Module result deserialization failed: No start of json char found",
            },
            OLD_PYTHON,
        ),
        # Python 3.7, with ansible-core 2.19.
        (
            {
                "module_stderr": "    def import_controller_module(_module_name: str, /) -> t.Any:\n        ^\n"
                "SyntaxError: invalid syntax\n",
                "msg": "Module result deserialization failed: No start of json char found",
            },
            OLD_PYTHON,
        ),
        # Python 3.7, with ansible-core 2.16.
        (
            {
                "module_stderr": "ImportError: cannot import name 'cached_property' from 'functools'"
                " (/usr/lib/python3.7/functools.py)\n",
                "msg": "MODULE FAILURE\nSee stdout/stderr for the exact error",
            },
            OLD_PYTHON,
        ),
        # Python 2.7, with ansible-core 2.16, which has it as the exception, too.
        ({"exception": 'File "x.py", line 573\n    def main() -> None:\nSyntaxError: invalid syntax'}, OLD_PYTHON),
        (
            {"msg": "ansible-core requires a minimum of Python version 3.9. Current version: 3.8.10 (default)"},
            OLD_PYTHON.replace("3.8", "3.9"),
        ),
        (
            {
                "module_stderr": "/bin/sh: 1: /nope/python: not found\n",
                "msg": "The module interpreter '/nope/python' was not found.",
            },
            "Ansible cannot read this host: The module interpreter '/nope/python' was not found.: /bin/sh: 1:"
            " /nope/python: not found",
        ),
        (
            {"msg": "MODULE FAILURE", "module_stderr": 'File "/usr/lib/python3.11/x.py"\n\nKeyError: 5\n'},
            "Ansible cannot read this host: MODULE FAILURE: KeyError: 5",
        ),
        ({"msg": "Missing sudo password"}, "Ansible cannot read this host: Missing sudo password"),
        ({"msg": "x" * 600}, "Ansible cannot read this host: " + "x" * 497 + "..."),
        ({}, "Ansible cannot read this host: the module host_info returned nothing"),
    ],
)
def test_a_host_that_could_not_be_read(result: Dict[str, Any], problem: str) -> None:
    found = check_host(run(dict(result, changed=False), check_mode=True), "db")
    assert found["problems"] == [problem] and found["said"] == []
    assert problems(result, host="w") == [problem]


def test_postgresql_is_not_installed() -> None:
    assert problems(BARE) == ["PostgreSQL is not installed: install it, or set powa_install_postgresql to true"]
    assert problems(BARE, check_mode=True) == []
    assert problems(BARE, variables={"powa_install_postgresql": True}) == []
    assert problems(BARE, host="w") == []
    kept: Dict[str, Any] = {"powa_install_postgresql": True, "powa_manage_host": False}
    assert "PostgreSQL is not installed, and powa_manage_host is false: install it" in problems(BARE, variables=kept)


def test_no_cluster_has_the_port() -> None:
    seen = dict(SEEN, cluster=None, server=None, installed=["13", "15"])
    variables: Dict[str, Any] = {"powa_port": 5433}
    assert problems(seen, variables=variables) == [
        "PostgreSQL 13 15 is installed, but no cluster uses port 5433 (found: 15/main on port 5432): set powa_port and"
        " powa_postgresql_version"
    ]
    variables["powa_postgresql_version"] = 13
    assert problems(dict(seen, clusters=[]), variables=variables) == [
        "PostgreSQL 13 15 is installed, but no cluster of version 13 uses port 5433 (found: none): set powa_port and"
        " powa_postgresql_version"
    ]
    variables["powa_install_postgresql"] = True
    assert problems(seen, variables=variables) == [
        "no cluster of version 13 uses port 5433 (found: 15/main on port 5432), and the roles do not create a second"
        " cluster: set powa_port and powa_postgresql_version"
    ]
    assert problems(dict(seen, clusters=[]), variables=variables) == [
        "powa_port is 5433, but a new PostgreSQL cluster listens on port 5432: set powa_port to 5432"
    ]


def test_a_cluster_that_cannot_be_read() -> None:
    said = "the cluster 15/main: invalid line 816 in /etc/postgresql/15/main/postgresql.conf: work_mem"
    for variables in ({}, {"powa_install_postgresql": True}):
        seen = dict(SEEN, cluster=None, server=None, clusters=[], unread_clusters=[said])
        assert problems(seen, variables=variables)[:1] == [
            "no cluster uses port 5432 (found: none), and PostgreSQL's tools cannot read {0}: correct that,"
            " or set powa_port and powa_postgresql_version".format(said)
        ]
    # Another cluster is none of ours, unless ours does not run: theirs may have its port.
    assert problems(dict(SEEN, unread_clusters=[said])) == []
    assert problems(dict(SEEN, server=None, unread_clusters=[said])) == [
        "PostgreSQL 15 is installed, but the user postgres cannot log in to it on port 5432: it is not running, and"
        " PostgreSQL's tools cannot read {0}: correct that".format(said)
    ]


def test_a_wrong_port_says_nothing_of_the_cluster() -> None:
    seen = dict(SEEN, cluster=None, server=None)
    assert len(problems(seen)) == 1
    assert problems(seen, variables={"powa_port": "abc"}) == ["powa_port is abc: set it to a number from 1 to 65535"]


def test_the_server_cannot_be_asked() -> None:
    words = "PostgreSQL 15 is installed, but the user postgres cannot log in to it on port 5432: "
    assert problems(dict(SEEN, server=None)) == [words + "it is not running"]
    assert problems(dict(SEEN, server=None, server_error="no pg_hba.conf entry")) == [words + "no pg_hba.conf entry"]


def test_the_server_hides_something() -> None:
    unknown = {"settings": "x", "hba": "permission denied for view y"}
    server = dict(SEEN["server"] or {}, user="postgres", unknown=unknown)
    assert problems(dict(SEEN, server=server)) == [
        "PostgreSQL 15 on port 5432 does not show the user postgres what the roles go by"
        " (hba: permission denied for view y, settings: x):"
        " let that role be a superuser, or correct what is wrong, before anything is changed"
    ]
    assert problems(dict(SEEN, server=dict(server, unknown={}))) == []


def test_the_version_is_unknown() -> None:
    seen = dict(BARE, version="")
    assert problems(seen) == [
        "PostgreSQL is not installed: install it, or set powa_install_postgresql to true",
        "the roles cannot tell the major version of PostgreSQL: set powa_postgresql_version",
    ]
    assert problems(seen, check_mode=True) == problems(seen, variables={"powa_install_postgresql": "yes"}) == []


def test_a_standby_is_no_repository() -> None:
    standby = dict(SEEN, server=dict(SEEN["server"], standby=True))
    sentence = (
        "this host is a standby, which is read-only, but PoWA writes to a repository: make its primary the repository"
    )
    assert problems(standby, host="pg") == [sentence]
    assert problems(standby, variables={"powa_mode": "local"}) == [sentence]
    assert problems(standby) == []


def test_a_source_is_missing() -> None:
    variables = {"powa_install_method": "source"}
    assert problems(variables=variables) == [
        "powa_install_method is source, but powa_source is empty: set it to a tarball or to the URL of a Git repository"
    ]
    assert problems(variables=dict(variables, powa_source="x.git")) == []


def listening(addresses: str) -> Dict[str, Any]:
    settings = {"listen_addresses": {"value": addresses, "source": "configuration file"}}
    return dict(SEEN, server=dict(SEEN["server"], settings=settings))


def test_the_collector_cannot_reach_the_server() -> None:
    words = 'so the collector on pg cannot reach it: set powa_listen_addresses, for example to "*"'
    found = listening("localhost, ::1")
    assert problems(found) == ["PostgreSQL listens only on localhost, ::1, " + words]
    assert problems(listening("")) == ["PostgreSQL listens only on its Unix socket, " + words]
    assert problems(listening("localhost, 10.0.0.1")) == []
    assert problems(found, variables={"powa_listen_addresses": "*"}) == []
    assert problems(found, variables={"powa_host": "127.0.0.1"}) == []
    # The collector is on the repository itself, or elsewhere.
    assert problems(found, host="pg") == []
    assert problems(found, host="pg", groups={"powa_collectors": ["w"]}) == [
        "PostgreSQL listens only on localhost, ::1, " + words.replace("pg", "w")
    ]
    assert problems(found, groups={"powa_collectors": []}) == []
    assert problems(found, variables={"powa_host": "/run/postgresql"}, groups={"powa_collectors": ["w"]}) == []
    assert problems(dict(SEEN, server=dict(SEEN["server"], settings={}))) == []


def test_who_checks_the_servers_name_does_not_connect_to_localhost() -> None:
    words = (
        'PostgreSQL listens only on localhost, so {0} cannot reach it: set powa_listen_addresses, for example to "*"'
    )
    certificates = {"files": {"/ca.crt": {"kind": "file", "owner": "root", "group": "root", "mode": "0644"}}}
    found = {**listening("localhost"), **certificates}

    def own(**variables: Any) -> List[str]:
        return problems(found, host="pg", variables=variables, groups={"powa_web": ["pg", "w"]})

    collector = {"powa_collector_sslmode": "verify-full", "powa_collector_sslrootcert": "/ca.crt"}
    web = {"powa_web_sslmode": "verify-full", "powa_web_sslrootcert": "/ca.crt"}
    assert own(**collector) == [words.format("the collector on pg")]
    assert own(**collector, powa_repository_host="127.0.0.1") == own(powa_web_sslmode="require") == []
    assert own(powa_repository_host="pg.example") == [words.format("the collector on pg")]
    assert own(**web) == [words.format("powa-web on pg")]
    assert own(**web, powa_web_repositories=[]) == []
    assert own(**collector, **web) == [words.format("the collector on pg and powa-web on pg")]


def test_versions_of_powa_differ() -> None:
    five = {"__common_seen": dict(SEEN, extensions={"powa": {"version": "5.0.1"}})}
    assert problems(others={"pg": five}) == [
        "this host has PoWA 4.1, but its repository pg has 5.0: install the same major.minor version on both, because"
        " the collector refuses any other combination"
    ]
    assert problems(others={"pg": {"__common_seen": SEEN}}) == []
    assert problems(others={"pg": {"__common_seen": {"unreachable": True}}}) == []
    assert problems(BARE, check_mode=True, others={"pg": five}) == []
    assert problems(others={"pg": five}, groups={"powa_repositories": []}) == []


def test_which_version_of_powa_a_host_has() -> None:
    def version(seen: Dict[str, Any], **variables: Any) -> str:
        return powa_version(run(seen, variables=variables), "db")

    candidate = dict(BARE, packages={"postgresql-15-powa": {"installed": None, "candidate": "5.0.1-1.pgdg12"}})
    folder = dict(candidate, extension_folder={"powa": "4.2.0"})
    assert version(dict(folder, extensions=SEEN["extensions"])) == "4.1"
    assert version(folder) == "4.2"
    assert version(candidate) == "5.0"
    assert version(candidate, powa_install_method="source", powa_source="x.git") == ""
    assert version(dict(folder, extension_folder={"powa": ""})) == "5.0"
    assert version(BARE) == version({}) == ""
    assert version(dict(candidate, packages={"postgresql-15-powa": {"installed": None, "candidate": None}})) == ""
    assert version(dict(candidate, os={"name": "Alpine", "family": ""})) == ""


def web(seen: Optional[Dict[str, Any]] = None, others: Any = None, groups: Any = None, **variables: Any) -> List[str]:
    return problems(seen, host="w", variables=variables, others=others, groups=groups)


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        (
            {"powa_web_version": "5.0"},
            "powa_web_version is 5.0: set it to a full version, such as 5.0.2, or leave it empty for the newest that"
            " fits",
        ),
        (
            {"powa_web_venv": "/opt"},
            "powa_web_venv is /opt: set it to the absolute path of a folder that powa-web has to itself, such as"
            " /opt/powa-web",
        ),
        (
            {"powa_web_address": "10.0.0.1:80"},
            "powa_web_address is 10.0.0.1:80: set it to an address or a name of this host without a port, such as"
            " 127.0.0.1, and put the port into powa_web_port",
        ),
        ({"powa_web_port": 0}, "powa_web_port is 0: set it to a number from 1 to 65535"),
        ({"powa_web_https_port": 65536}, "powa_web_https_port is 65536: set it to a number from 1 to 65535"),
        (
            {"powa_web_nginx": True, "powa_web_port": 443},
            "powa_web_port and powa_web_https_port are both 443, but powa-web and nginx cannot share a port: change one"
            " of them",
        ),
        (
            {"powa_web_url_prefix": "/a b/"},
            "powa_web_url_prefix is /a b/: set it to a path of letters, digits and . _ ~ -, such as /powa/",
        ),
        (
            {"powa_web_cookie_expires_days": -1},
            "powa_web_cookie_expires_days is -1: set it to a number of days, or to 0 for logins that end when the"
            " browser is closed",
        ),
        ({"powa_web_wait": 0}, "powa_web_wait is 0: set it to a number of seconds, at least 1"),
        (
            {"powa_web_server_name": "a b"},
            "powa_web_server_name is a b: set it to the one name that browsers ask for, such as powa.example.com",
        ),
        (
            {"powa_web_tls_certificate": "/c"},
            "powa_web_tls_certificate and powa_web_tls_key belong together, but powa_web_tls_key is empty: set both, or"
            " neither for a self-signed certificate",
        ),
        (
            {"powa_web_tls_key": "/k"},
            "powa_web_tls_certificate and powa_web_tls_key belong together, but powa_web_tls_certificate is empty: set"
            " both, or neither for a self-signed certificate",
        ),
        (
            {"powa_web_store_login": "true"},
            "powa_web_store_login is true, but pg has no powa_web_password to store: set it, or set"
            " powa_web_store_login to false",
        ),
    ],
)
def test_a_wrong_value_of_a_web_host(variables: Dict[str, Any], problem: str) -> None:
    assert web(**variables) == [problem]
    # It concerns no other host.
    assert problems(variables=variables) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"powa_web_address": "::"},
        {"powa_web_address": "0.0.0.0", "powa_web_url_prefix": "powa/x/", "powa_web_cookie_expires_days": 0},
        {"powa_web_version": "5.0.2", "powa_web_port": 443},
    ],
)
def test_right_values_of_a_web_host(variables: Dict[str, Any]) -> None:
    assert web(**variables) == []


def test_the_certificate_must_be_there() -> None:
    variables = {"powa_web_nginx": True, "powa_web_tls_certificate": "/c", "powa_web_tls_key": "/k"}
    words = "{0} is {1}, but this host has no such file: copy it there first, or correct the path"
    assert web(**variables) == [words.format("powa_web_tls_certificate", "/c"), words.format("powa_web_tls_key", "/k")]
    assert web(dict(SEEN, files={"/c": {}, "/k": {}}), **variables) == []
    variables["powa_web_nginx"] = False
    assert web(**variables) == []


class Undefined:
    def __str__(self) -> str:
        raise ValueError("'nix' is undefined")


def test_a_stored_login_has_a_password() -> None:
    assert web(others={"pg": {"powa_web_password": "x"}}, powa_web_store_login=True) == []
    (problem,) = web(others={"pg": {"powa_web_password": Undefined()}}, powa_web_store_login=True)
    assert problem.startswith("Ansible cannot evaluate powa_web_password of pg ('nix' is undefined): ")


def test_versions_of_powa_web() -> None:
    five = {"__common_seen": dict(SEEN, extensions={"powa": {"version": "5.0.1"}})}
    others: Dict[str, Any] = {"pg": {"__common_seen": SEEN}, "pg5": five}
    groups = {"powa_repositories": ["pg", "pg5"]}
    assert web(others=others, groups=groups) == [
        "powa-web shows repositories of one version of PoWA only, but this host's have several (4.1 on pg; 5.0 on pg5):"
        " list repositories of one version in powa_web_repositories"
    ]
    assert web(others=others, groups=groups, powa_web_repositories="pg5", powa_web_version="5.0.2") == []
    assert web(others=others, groups=groups, powa_web_repositories="pg5", powa_web_version="4.1.4") == [
        "powa_web_version is 4.1.4, but PoWA on pg5 is 5.0: leave powa_web_version empty, or set it to the same"
        " major.minor version, because powa-web refuses all logins otherwise"
    ]


def test_a_web_host_may_run_anything() -> None:
    alpine = dict(SEEN, os={"name": "Alpine", "family": ""})
    assert web(alpine, powa_web_wait=0) == [
        "this host runs Alpine, but the roles know package names for the Debian and RHEL families only: use a host of"
        " one of these",
        "powa_web_wait is 0: set it to a number of seconds, at least 1",
    ]


NO_POWA = (
    "check mode cannot tell which version of PoWA would be installed, so it does not compare it with the repository's"
)


def test_what_check_mode_skips() -> None:
    assert skipped(dict(BARE, version="")) == [
        "PostgreSQL is not installed yet, so check mode skips its settings, databases and roles",
        "check mode cannot tell which version of PostgreSQL would be installed (the package lists may be out of date),"
        " so it skips the packages",
        NO_POWA,
    ]
    assert skipped(dict(SEEN, driver=False)) == [
        "python3-psycopg2 is not installed yet, so check mode skips databases and roles"
    ]
    sentence = "database powa does not exist yet, so check mode skips its contents"
    assert skipped(dict(SEEN, server=dict(SEEN["server"], database=False))) == [sentence]
    assert skipped(dict(SEEN, server=None)) == [sentence]
    assert skipped(dict(SEEN, extensions={})) == [
        "PoWA is not installed in database powa yet, so check mode skips servers and datasources",
        NO_POWA,
    ]
    assert skipped(dict(SEEN, unseen=["a", "a"])) == ["a"]
    assert skipped(dict(BARE, unseen=["a"]), host="w") == ["a"]
    assert skipped(dict(BARE, unseen=["a"]), check_mode=False) == []
