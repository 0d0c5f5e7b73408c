# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with how the collector and powa-web would use TLS."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._fleet import build_fleet
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import Inventory
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._tls_problems import client_problems, server_problems
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils import fleets

CA, CERTIFICATE, KEY = "/tls/ca.crt", "/tls/client.crt", "/tls/client.key"
TLS = {
    "powa_collector_sslmode": "verify-full",
    "powa_collector_sslrootcert": CA,
    "powa_collector_sslcert": CERTIFICATE,
    "powa_collector_sslkey": KEY,
}
FILE = {"kind": "file", "owner": "root", "group": "root", "mode": "0644"}
#: What host_info returns where everything is right.
WELL: Dict[str, Any] = {
    "os": {"name": "Debian GNU/Linux 12 (bookworm)", "family": "Debian"},
    "files": {CA: FILE, CERTIFICATE: FILE, KEY: {**FILE, "owner": "powa", "group": "powa", "mode": "0600"}},
    "certificates": {"powa": {"unreadable": [], "problems": {}, "dates": {}, "common_name": "powa_monitor"}},
}


class Undefined:
    """What Ansible cannot evaluate."""

    def __str__(self) -> str:
        raise ValueError("'nix' is undefined")


def line(user: str, **changes: Any) -> Dict[str, Any]:
    """A line of pg_hba.conf for the collector's host."""
    return fleets.line(user, "10.0.0.9", "255.255.255.255", "all", **changes)


def run(
    seen: Optional[Dict[str, Any]] = None,
    ssl: str = "on",
    lines: Any = (),
    here: Any = (),
    remotes: Sequence[str] = ("db",),
    **variables: Any,
) -> Run:
    """A remote, a repository and a host with the collector and powa-web, whose variables are given.

    :param here: variables of the remote and the repository
    """
    found = fleets.seen(hba=lines, client_addresses={"c": [{"address": "10.0.0.9", "name": "c"}]})
    found["server"]["settings"] = {"ssl": {"value": ssl}} if ssl else {}
    hostvars: Dict[str, Any] = {host: {"__common_seen": found, **dict(here)} for host in ("db", "pg")}
    hostvars["c"] = {"__common_seen": WELL if seen is None else seen, **variables}
    groups = {"powa_repositories": ["pg"], "powa_remotes": remotes, "powa_collectors": ["c"], "powa_web": ["c"]}
    return Run(build_fleet(Inventory(hostvars, groups)), hostvars)


def problems(seen: Optional[Dict[str, Any]] = None, **variables: Any) -> List[str]:
    found = run(seen, **variables)
    return [*found.fleet["hosts"]["c"]["problems"], *client_problems(found, "c")]


def having(files: Any = (), **certificates: Any) -> Dict[str, Any]:
    """What host_info returns, with other files, or other facts of them."""
    powa = {**WELL["certificates"]["powa"], **certificates}
    return {**WELL, "files": {**WELL["files"], **dict(files)}, "certificates": {"powa": powa}}


def test_nothing_is_wrong_where_nothing_is_set_or_everything_is_right() -> None:
    assert problems() == problems(**TLS) == problems(powa_collector_sslmode="require") == []
    assert problems(having(unreadable=None), **TLS) == []
    assert list(server_problems(run(), "db")) == list(server_problems(run(**TLS), "db")) == []
    assert list(server_problems(run(ssl="", **TLS), "pg")) == list(server_problems(run(ssl="off"), "db")) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"powa_collector_sslmode": "verify"},
            "powa_collector_sslmode is verify: set it to disable, allow, prefer, require, verify-ca or verify-full",
        ),
        (
            {"powa_collector_sslrootcert": "ca.crt"},
            "powa_collector_sslrootcert is ca.crt: set it to the absolute path of a file on this host, without spaces,"
            " quotes, backslashes and percent signs",
        ),
        (
            {"powa_collector_sslrootcert": ""},
            "powa_collector_sslmode is verify-full, but powa_collector_sslrootcert is empty: set it to the file of the"
            " authority that has signed the servers' certificates, such as /etc/ssl/certs/ca-certificates.crt for those"
            " that this host trusts",
        ),
        (
            {"powa_collector_sslmode": ""},
            "powa_collector_sslrootcert is set, but powa_collector_sslmode is unset, with which libpq goes on without"
            " TLS where the certificate is wrong: set powa_collector_sslmode to verify-full, or leave"
            " powa_collector_sslrootcert empty",
        ),
        (
            {"powa_collector_sslkey": None},
            "powa_collector_sslcert and powa_collector_sslkey belong together, but powa_collector_sslkey is empty: set"
            " both, or neither",
        ),
        (
            {"powa_collector_sslkey": CERTIFICATE},
            "powa_collector_sslcert and powa_collector_sslkey are both /tls/client.crt: put the certificate into a file"
            " of its own, which is not secret, so that a run notices when it is renewed",
        ),
        (
            {"powa_collector_sslmode": "disable", "powa_collector_sslrootcert": ""},
            "powa_collector_sslcert is set, but powa_collector_sslmode is disable, so it is never shown: set"
            " powa_collector_sslmode to verify-full, or leave powa_collector_sslcert and powa_collector_sslkey empty",
        ),
    ],
)
def test_variables_that_do_not_fit(changes: Dict[str, Any], problem: str) -> None:
    assert problem in problems(**{**TLS, **changes})


@pytest.mark.parametrize(
    ("seen", "problem"),
    [
        (
            having({CA: None}),
            "powa_collector_sslrootcert is /tls/ca.crt, but this host has no such file: copy it there first, or correct"
            " the path",
        ),
        (
            having({CA: {**FILE, "kind": "directory"}}),
            "powa_collector_sslrootcert is /tls/ca.crt, but that is a directory: give the path of the file itself",
        ),
        (
            having({CERTIFICATE: {**FILE, "kind": "directory"}}, unreadable=[CERTIFICATE]),
            "powa_collector_sslcert is /tls/client.crt, but that is a directory: give the path of the file itself",
        ),
        (
            having({KEY: {**FILE, "kind": "other"}}),
            "powa_collector_sslkey is /tls/client.key, but that is no ordinary file: give the path of the file itself",
        ),
        (
            having({CERTIFICATE: {**FILE, "mode": "0600"}}, unreadable=[CERTIFICATE]),
            "powa_collector_sslcert is /tls/client.crt, which the user powa cannot read (found owner root, group root,"
            " mode 0600): let everybody read it",
        ),
        (
            having(unreadable=[KEY]),
            "powa_collector_sslkey is /tls/client.key, which the user powa cannot read (found owner powa, group powa,"
            " mode 0600): give it to powa with mode 0600, or to root and the group powa with mode 0640",
        ),
        (
            having({KEY: {**FILE, "owner": "powa", "group": "powa", "mode": "0640"}}),
            "powa_collector_sslkey is /tls/client.key, which libpq refuses because others can read or change it (found"
            " owner powa, group powa, mode 0640): set its mode to 0600, or to 0640 if it belongs to root",
        ),
        (
            having(problems={CERTIFICATE: "expired"}, dates={CERTIFICATE: "2026-11-29 10:00:00 UTC"}),
            "powa_collector_sslcert is /tls/client.crt, which expired on 2026-11-29 10:00:00 UTC: renew it",
        ),
        (
            having(problems={CERTIFICATE: "not yet valid"}, dates={CERTIFICATE: "2036-11-29 10:00:00 UTC"}),
            "powa_collector_sslcert is /tls/client.crt, which is not valid before 2036-11-29 10:00:00 UTC: correct this"
            " host's clock, or wait",
        ),
        (
            having(problems={CA: "no certificate"}),
            "powa_collector_sslrootcert is /tls/ca.crt, which holds no certificate in PEM format: give the path of one"
            " that does",
        ),
        (
            having(problems={KEY: "no key"}),
            "powa_collector_sslkey is /tls/client.key, which holds no private key in PEM format: give the path of one"
            " that does",
        ),
        (
            having(problems={KEY: "passphrase"}),
            "powa_collector_sslkey is /tls/client.key, which needs a passphrase that nobody can type for a unit: store"
            " the key without one",
        ),
        (
            having(problems={KEY: "other key"}),
            "powa_collector_sslkey is /tls/client.key, which does not belong to the certificate /tls/client.crt: give"
            " the key of that certificate",
        ),
        (
            having(problems={KEY: "ee key too small"}),
            "powa_collector_sslkey is /tls/client.key, which OpenSSL refuses (ee key too small): give another file",
        ),
    ],
)
def test_files_that_cannot_be_used(seen: Dict[str, Any], problem: str) -> None:
    seen["files"] = {path: file for path, file in seen["files"].items() if file}
    assert problems(seen, **TLS) == [problem]


def test_a_key_of_root_may_be_read_by_a_group() -> None:
    assert problems(having({KEY: {**FILE, "group": "powa", "mode": "0640"}}), **TLS) == []
    assert len(problems(having({KEY: {**FILE, "group": "powa", "mode": "0660"}}), **TLS)) == 1


def test_powa_webs_unit_does_not_see_every_folder() -> None:
    assert problems(powa_web_sslmode="verify-full", powa_web_sslrootcert="/root/ca.crt") == [
        "powa_web_sslrootcert is /root/ca.crt, which powa-web's unit does not see: copy the file to /etc/powa-web, for"
        " example"
    ]


@pytest.mark.parametrize("client", ["collector", "web"])
@pytest.mark.parametrize("host", ["db", "pg"])
def test_a_server_without_tls(client: str, host: str) -> None:
    mode = "powa_{0}_sslmode".format(client)
    assert list(server_problems(run(ssl="off", **{mode: "require"}), host)) == [
        "{0} of c, which connects to this server, is require, but PostgreSQL's setting ssl is off here: turn ssl on,"
        " with a certificate for this server, or set {0} to prefer".format(mode)
    ]
    assert list(server_problems(run(ssl="off", **{mode: "prefer"}), host)) == []


def test_who_does_not_connect_needs_no_tls() -> None:
    assert list(server_problems(run(ssl="off", powa_web_sslmode="require", powa_web_remote_access=False), "db")) == []
    closed = {"powa_allow_ui_connection": False}
    assert list(server_problems(run(ssl="off", here=closed, powa_web_sslmode="require"), "db")) == []
    socket = {"powa_collector_sslmode": "require", "powa_repository_host": "/run/postgresql"}
    assert list(server_problems(run(ssl="off", **socket), "pg")) == []
    # That is no way of powa-web's.
    assert len(list(server_problems(run(ssl="off", powa_web_sslmode="require", **socket), "pg"))) == 1


@pytest.mark.parametrize("client", ["collector", "web"])
def test_a_socket_has_no_tls(client: str) -> None:
    mode = {"powa_{0}_sslmode".format(client): "require"}
    found = run(ssl="off", here={"powa_host": "/run/postgresql"}, **mode)
    assert list(server_problems(found, "db")) == list(server_problems(found, "pg")) == []


@pytest.mark.parametrize("state", ["absent", "disabled"])
@pytest.mark.parametrize("client", ["collector", "web"])
def test_nobody_collects_from_a_remote_that_is_absent_or_disabled(state: str, client: str) -> None:
    mode = {"powa_{0}_sslmode".format(client): "require"}
    assert list(server_problems(run(ssl="off", here={"powa_state": state}, **mode), "db")) == []


@pytest.mark.parametrize(("mode", "contype"), [("require", "hostnossl"), ("disable", "hostssl")])
def test_lines_of_pg_hba_conf_for_other_connections(mode: str, contype: str) -> None:
    assert list(server_problems(run(here={"powa_hba_contype": contype}, powa_collector_sslmode=mode), "db")) == [
        "powa_collector_sslmode of c, which connects to this server, is {0}, but powa_hba_contype is {1}, so the lines"
        " that are added to pg_hba.conf do not let it in: change one of them".format(mode, contype)
    ]
    # A line that is there decides, of whatever type it is.
    there = run(here={"powa_hba_contype": contype}, lines=[line("powa_monitor")], powa_collector_sslmode=mode)
    assert list(server_problems(there, "db")) == []
    other = {"hostssl": "hostnossl", "hostnossl": "hostssl"}[contype]
    assert list(server_problems(run(here={"powa_hba_contype": other}, powa_collector_sslmode=mode), "db")) == []


def test_the_common_name_is_that_of_the_role() -> None:
    cert = {"powa_hba_contype": "hostssl", "powa_hba_method": "cert"}
    assert list(server_problems(run(here=cert, **TLS), "db")) == []
    assert list(server_problems(run(here=cert, **TLS), "pg")) == [
        "powa_hba_method is cert, with which PostgreSQL compares the certificate's common name with the role, but"
        " powa_collector_sslcert of c has the common name powa_monitor, and powa_collector_role is powa_collector: make"
        " a certificate for powa_collector, or give the role that name"
    ]
    assert list(server_problems(run(here={**cert, "powa_collector_role": "powa_monitor"}, **TLS), "pg")) == []
    assert list(server_problems(run(having(common_name=""), here=cert, **TLS), "pg")) == []
    for options, count in (([], 1), (["map=powa"], 0), (["clientname=DN", "map=powa"], 0)):
        there = [line("powa_collector", type="hostssl", method="cert", options=options)]
        assert len(list(server_problems(run(here=cert, lines=there, **TLS), "pg"))) == count
    trusted = [line("powa_collector", method="trust")]
    assert list(server_problems(run(here=cert, lines=trusted, **TLS), "pg")) == []
    # Without its password a role is none of the run's.
    unknown = {**cert, "powa_web_password": Undefined()}
    assert list(server_problems(run(here=unknown, **TLS), "pg")) == []


def test_who_logs_in_as_which_role() -> None:
    """A repository that is a remote of its own: each role is compared only with what logs in with it."""
    web = {name.replace("collector", "web"): value for name, value in TLS.items()}
    cert = {"powa_hba_contype": "hostssl", "powa_hba_method": "cert"}

    def roles(certificate: Dict[str, Any], here: Any = (), **variables: Any) -> List[str]:
        seen = having(common_name="stranger")
        seen["certificates"]["powa-web"] = seen["certificates"]["powa"]
        found = run(seen, here={**cert, **dict(here)}, remotes=["db", "pg"], **certificate, **variables)
        return [problem.split(", and ")[1].split(" ")[0] for problem in server_problems(found, "pg")]

    password = {"powa_web_password": "planted"}
    assert roles(TLS) == ["powa_monitoring_role", "powa_collector_role"]
    assert roles(TLS, powa_repository_host="/run/postgresql") == ["powa_monitoring_role"]
    assert roles(TLS, {"powa_state": "disabled"}) == ["powa_collector_role"]
    assert roles(web) == ["powa_monitoring_role"]
    assert roles(web, password) == ["powa_web_role", "powa_monitoring_role"]
    assert roles(web, password, powa_web_remote_access=False) == ["powa_web_role"]
    assert roles(web, {**password, "powa_allow_ui_connection": False}) == ["powa_web_role"]
    assert roles(web, powa_web_remote_access=False) == []


def test_people_who_use_powa_web_have_a_password() -> None:
    web = {name.replace("collector", "web"): value for name, value in TLS.items()}
    here = {"powa_hba_contype": "hostssl", "powa_hba_method": "cert", "powa_web_password": "planted"}
    seen = {**WELL, "certificates": {"powa-web": WELL["certificates"]["powa"]}}
    assert list(server_problems(run(seen, here=here, **web), "pg")) == [
        "powa_hba_method is cert, with which PostgreSQL compares the certificate's common name with the role, but"
        " powa_web_sslcert of c has the common name powa_monitor, and powa_web_role is powa_web: set powa_hba_method to"
        " scram-sha-256 here, so that everybody logs in with a password"
    ]
