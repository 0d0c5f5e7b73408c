# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why powa-collector or powa-web could not log in to PostgreSQL with TLS, known before anything is changed."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._existing import server_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba import CERTIFICATE
from ansible_collections.pgfleet.powa.plugins.plugin_utils._hba_check import host_hba_roles
from ansible_collections.pgfleet.powa.plugins.plugin_utils._inventory import COLLECTORS, WEB
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._tls import (
    CHECKING,
    COLLECTOR_CLIENT,
    DEMANDING,
    DISABLE,
    WEB_CLIENT,
    Client,
    is_socket,
)

#: The variables of the roles that log in.
MONITORING, COLLECTOR, PEOPLE = "powa_monitoring_role", "powa_collector_role", "powa_web_role"

#: What can be wrong with what a file holds, as host_info has it -> what was found, and what to do.
_CONTENTS = {
    "no certificate": "which holds no certificate in PEM format: give the path of one that does",
    "no key": "which holds no private key in PEM format: give the path of one that does",
    "expired": "which expired on {date}: renew it",
    "not yet valid": "which is not valid before {date}: correct this host's clock, or wait",
    "passphrase": "which needs a passphrase that nobody can type for a unit: store the key without one",
    "other key": "which does not belong to the certificate {certificate}: give the key of that certificate",
}
#: What powa-web's unit does not see: ProtectHome and PrivateTmp.
_HIDDEN_FROM_WEB = ("/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/")
#: Bits of a key's mode that libpq refuses: of a file of root, and of any other.
_SHARED = {True: 0o037, False: 0o077}


def client_problems(run: Run, host: str) -> Iterator[str]:
    """Return what is wrong with the certificates of a collector and of powa-web on their host, one sentence each."""
    for group, client in ((COLLECTORS, COLLECTOR_CLIENT), (WEB, WEB_CLIENT)):
        if group in run.groups(host):
            yield from _setting_problems(client, run.variables(host))
            yield from _file_problems(client, run.variables(host), run.seen(host))


def server_problems(run: Run, host: str) -> Iterator[str]:
    """Return why clients cannot log in to a server because of how they use TLS, one sentence each."""
    ssl = (server_of(run.seen(host)).get("settings") or {}).get("ssl", {}).get("value")
    contype = run.variables(host)["powa_hba_contype"]
    for client, where, role in _clients(run, host):
        mode = client.mode(run.variables(where))
        which = "{0} of {1}, which connects to this server, is {2}".format(client.variable("sslmode"), where, mode)
        if mode in DEMANDING and ssl == "off":
            yield (
                "{0}, but PostgreSQL's setting ssl is off here: turn ssl on, with a certificate for this server,"
                " or set {1} to prefer".format(which, client.variable("sslmode"))
            )
        conflict = (mode in DEMANDING and contype == "hostnossl") or (mode == DISABLE and contype == "hostssl")
        if conflict and run.variables(host)[role] in host_hba_roles(run, host):
            yield (
                "{0}, but powa_hba_contype is {1}, so the lines that are added to pg_hba.conf do not let it in:"
                " change one of them".format(which, contype)
            )
        yield from _name_problems(run, host, client, where, role)


def _setting_problems(client: Client, variables: Mapping[str, Any]) -> Iterator[str]:
    mode, files = client.mode(variables), client.files(variables)
    names = {ending: client.variable(ending) for ending in ("sslmode", "sslrootcert", "sslcert", "sslkey")}
    if mode in CHECKING and "sslrootcert" not in files:
        yield (
            "{sslmode} is {mode}, but {sslrootcert} is empty: set it to the file of the authority that has signed the"
            " servers' certificates, such as /etc/ssl/certs/ca-certificates.crt for those that this host trusts".format(
                mode=mode, **names
            )
        )
    if "sslrootcert" in files and mode not in DEMANDING:
        yield (
            "{sslrootcert} is set, but {sslmode} is {mode}, with which libpq goes on without TLS where the certificate"
            " is wrong: set {sslmode} to verify-full, or leave {sslrootcert} empty".format(
                mode=mode or "unset", **names
            )
        )
    if ("sslcert" in files) != ("sslkey" in files):
        yield "{sslcert} and {sslkey} belong together, but {0} is empty: set both, or neither".format(
            names["sslkey" if "sslcert" in files else "sslcert"], **names
        )
    elif "sslcert" in files and files["sslcert"] == files["sslkey"]:
        yield (
            "{sslcert} and {sslkey} are both {0}: put the certificate into a file of its own, which is not secret, so"
            " that a run notices when it is renewed".format(files["sslcert"], **names)
        )
    elif "sslcert" in files and mode == DISABLE:
        yield (
            "{sslcert} is set, but {sslmode} is disable, so it is never shown: set {sslmode} to verify-full,"
            " or leave {sslcert} and {sslkey} empty".format(**names)
        )


def _file_problems(client: Client, variables: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[str]:
    files, theirs = client.files(variables), seen.get("files", {})
    found = seen.get("certificates", {}).get(client.user) or {}
    for ending, path in files.items():
        begin = "{0} is {1}, ".format(client.variable(ending), path)
        file, content = theirs.get(path), (found.get("problems") or {}).get(path)
        if client is WEB_CLIENT and path.startswith(_HIDDEN_FROM_WEB):
            yield begin + "which powa-web's unit does not see: copy the file to /etc/powa-web, for example"
        elif file is None:
            yield begin + "but this host has no such file: copy it there first, or correct the path"
        elif file["kind"] != "file":
            what = "a directory" if file["kind"] == "directory" else "no ordinary file"
            yield begin + "but that is {0}: give the path of the file itself".format(what)
        elif path in (found.get("unreadable") or ()):
            yield begin + "which the user {0} cannot read ({1}): {2}".format(
                client.user, _owner(file), _READING[ending].format(user=client.user)
            )
        elif ending == "sslkey" and int(file["mode"], 8) & _SHARED[file["owner"] == "root"]:
            yield begin + (
                "which libpq refuses because others can read or change it ({0}): set its mode to 0600,"
                " or to 0640 if it belongs to root".format(_owner(file))
            )
        elif content:
            date = (found.get("dates") or {}).get(path)
            unknown = "which OpenSSL refuses ({0}): give another file".format(content)
            yield begin + _CONTENTS.get(content, unknown).format(date=date, certificate=files.get("sslcert"))


#: What to do about a file that a user cannot read.
_READING = {
    "sslrootcert": "let everybody read it",
    "sslcert": "let everybody read it",
    "sslkey": "give it to {user} with mode 0600, or to root and the group {user} with mode 0640",
}


def _owner(file: Mapping[str, Any]) -> str:
    return "found owner {owner}, group {group}, mode {mode}".format(**file)


def _clients(run: Run, host: str) -> Iterator[Tuple[Client, str, str]]:
    """Return what logs in to a host over the network, from where, and the variable of the role with which it does."""
    remote = run.fleet["remotes"].get(host) or {"repository": "", "server": {}}
    collected = remote["server"].get("state") not in ("absent", "disabled")
    # Whatever collects from a remote connects as its repository has registered it.
    repository = "" if not collected or is_socket(run.variables(host)["powa_host"]) else remote["repository"]
    for name, collector in run.fleet["collectors"].items():
        if repository and collector["repository"] == repository:
            yield COLLECTOR_CLIENT, name, MONITORING
        if collector["repository"] == host and not _by_socket(run, COLLECTOR_CLIENT, name, host):
            yield COLLECTOR_CLIENT, name, COLLECTOR
    shown = remote["server"].get("allow_ui_connection", True)
    for name, web in run.fleet["web"].items():
        if host in web["repositories"] and not _by_socket(run, WEB_CLIENT, name, host):
            yield WEB_CLIENT, name, PEOPLE
        if repository in web["repositories"] and web["remote_access"] and shown:
            yield WEB_CLIENT, name, MONITORING


def _by_socket(run: Run, client: Client, where: str, repository: str) -> bool:
    address = run.variables(repository)["powa_host"]
    return is_socket(client.address(run.variables(where), address, where == repository))


def _name_problems(run: Run, host: str, client: Client, where: str, role: str) -> Iterator[str]:
    """Return whether PostgreSQL would compare a role with a certificate of another name."""
    variables = run.variables(host)
    found = run.seen(where).get("certificates", {}).get(client.user) or {}
    shows = client.files(run.variables(where)).get("sslcert")
    name = found.get("common_name")
    if variables["powa_hba_method"] != CERTIFICATE or not shows or not name or variables[role] == name:
        return
    if variables[role] in host_hba_roles(run, host, certificate=True):
        yield (
            "powa_hba_method is cert, with which PostgreSQL compares the certificate's common name with the role,"
            " but {0} of {1} has the common name {2}, and {3} is {4}: {5}".format(
                client.variable("sslcert"), where, name, role, variables[role], _NAMING[role].format(variables[role])
            )
        )


_OTHER_NAME = "make a certificate for {0}, or give the role that name"
#: What to do about a certificate of another name. People who use powa-web have a password.
_NAMING = {
    MONITORING: _OTHER_NAME,
    COLLECTOR: _OTHER_NAME,
    PEOPLE: "set powa_hba_method to scram-sha-256 here, so that everybody logs in with a password",
}
