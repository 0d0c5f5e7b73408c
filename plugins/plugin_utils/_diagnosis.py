# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a fleet: the problems of each host, and what only several hosts together tell."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple, Union

from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import SOURCE, object_name
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.versions import release
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_collection import version_problem
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.problem import (
    RESTART,
    SITE,
    Identity,
    Problem,
    cure_of_missing,
    is_hidden,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._state import state_of

#: Registered for every server, whatever else is active.
_ALWAYS = "pg_stat_statements"
#: Extensions that need not be in PoWA's database.
_ELSEWHERE = ("hypopg",)

_COLLECTOR = "powa-collector"
_ACTIVE = "active"
#: What Ansible says where there is no account postgres, and what it does not say.
_BECOMING = "becoming an unprivileged user"
_NO_ACCOUNT = (
    "Ansible cannot become the user postgres there: either there is no PostgreSQL, or Ansible needs the package acl"
)
#: What is said of each server. Without a snapshot, C(age) is None, and without a repository all after it are.
_FIELDS = ("groups", "powa", "postgresql", "bytes", "repository", "alias", "enabled", "frequency", "retention", "age")

Look = Mapping[str, Any]
Looks = Mapping[str, Look]


class Found(NamedTuple):
    """A problem, and the host on which it was seen. One of the inventory itself was seen on none."""

    host: Optional[str]
    problem: Problem


def parse_ignored(ignore: Union[None, str, Sequence[str]]) -> Set[Kind]:
    """Return the kinds that a user leaves out: a list of words, or one text with commas between them.

    :raises PowaError: when a word is no kind
    """
    words = ignore.split(",") if isinstance(ignore, str) else ignore or ()
    named = {str(word).strip(): None for word in words}
    known = {kind.value: kind for kind in Kind}
    unknown = [word for word in named if word and word not in known]
    if unknown:
        raise PowaError(
            "powa_doctor_ignore: found {0}, expected any of {1}: correct the word, or leave it out".format(
                ", ".join('"{0}"'.format(word) for word in unknown), ", ".join(sorted(known))
            )
        )
    return {known[word] for word in named if word}


def diagnose(
    looks: Looks,
    fleet: Mapping[str, Any],
    inventory_problems: Sequence[str] = (),
    ignore: Union[None, str, Sequence[str]] = (),
) -> Dict[str, Any]:
    """Return the C(problems) and C(servers) of a fleet, and both as lines of C(text) and of a C(table).

    C(state) is the whole in one line. What the logins could not see is no problem: it is in C(not_visible), and in
    lines of C(not_visible_text).

    :param looks: of each host its C(groups), the result of module server_info (C(info)), and that of
        module host_info (C(host))
    :param fleet: which host serves which
    :param ignore: kinds of problems that are left out
    :raises PowaError: when C(ignore) names a kind that does not exist
    """
    ignored = parse_ignored(ignore)
    names = _ServerNames(fleet)
    found = [Found(host, problem) for host, look in looks.items() for problem in _of_host(host, look, looks, fleet)]
    # The error of a snapshot leaves open which side lacks something. A comparison of both sides says it, so it goes
    # last and replaces what was found before.
    found += [Found(host, problem) for host in fleet["remotes"] for problem in _of_remote(host, looks, fleet)]
    unique: Dict[Identity, Found] = {}
    for host, problem in found:
        named = problem._replace(server=names.of(host, problem.server))
        unique[named.identity] = Found(host, named)
    # Together by server, in the order of the inventory; what is found on its repository is about the server, too.
    order = {server: position for position, server in enumerate(looks)}
    entries = sorted(unique.values(), key=lambda entry: order.get(entry.problem.server or "", len(order)))
    # The inventory says each thing once.
    entries += [Found(None, _of_inventory(problem)) for problem in inventory_problems]
    listed = [{"host": host, **problem.as_dict()} for host, problem in entries if problem.kind not in ignored]
    servers = _servers(looks, names, listed)
    hidden = [
        {"host": host, **entry} for host, look in looks.items() for entry in look["info"].get("not_visible") or ()
    ]
    return {
        "problems": listed,
        "state": state_of(listed, servers),
        "servers": servers,
        "not_visible": hidden,
        "table": _table(servers),
        "text": _text(listed),
        "not_visible_text": ["{host}: {part}, for lack of {0}".format(", ".join(e["lacks"]), **e) for e in hidden],
    }


class _ServerNames:
    """The host of the inventory that a repository has registered, by the name that the repository has for it."""

    def __init__(self, fleet: Mapping[str, Any]) -> None:
        self._hosts: Dict[Tuple[str, str], str] = {}
        for host, remote in fleet["remotes"].items():
            server = remote["server"]
            for name in (_address(server), server.get("alias")):
                if name:
                    self._hosts[remote["repository"], name] = host

    def of(self, host: Optional[str], server: Optional[str]) -> Optional[str]:
        """Return what a problem is about that was seen on a host: a host of the inventory where there is one."""
        return self._hosts.get((host or "", server), server) if server else host


def _address(server: Mapping[str, Any]) -> str:
    return "{hostname}:{port}".format(**server)


def _of_inventory(problem: str) -> Problem:
    return Problem(Kind.INVENTORY, problem, "the inventory says so", "change the inventory or its variables")


def _of_host(host: str, look: Look, looks: Looks, fleet: Mapping[str, Any]) -> Iterator[Problem]:
    info, seen = look["info"], look["host"]
    unreachable = [result for result in (info, seen) if result.get("unreachable")]
    if unreachable:
        yield Problem(
            Kind.HOST_UNREACHABLE,
            "Ansible cannot reach the host",
            _line(unreachable[0].get("msg")),
            "start it, and check ansible_host and how Ansible logs in (ansible -m ping {0})".format(host),
        )
        return
    if "problems" in info:
        for problem in map(Problem.from_dict, info["problems"]):
            if problem.kind is Kind.COLLECTOR_DOWN and _told_by_its_host(host, looks, fleet):
                continue
            yield problem
    elif info.get("msg"):
        yield Problem(
            Kind.DATABASE_UNREACHABLE,
            "Ansible cannot look at PoWA's database",
            _NO_ACCOUNT if _BECOMING in info["msg"] else _line(info["msg"]),
            "start PostgreSQL (systemctl start postgresql), check powa_port and powa_database, or {0}".format(SITE),
        )
    if "units" in seen:
        yield from _of_collector_or_web(host, look, looks, fleet)
    elif seen.get("msg") and not seen.get("skipped"):
        yield Problem(
            Kind.HOST_UNREACHABLE,
            "Ansible cannot look at the host itself",
            _line(seen["msg"]),
            "check ansible_become and how Ansible becomes root there (ansible -b -m ping {0})".format(host),
        )


def _unit(look: Look) -> Tuple[str, str, bool]:
    """Return the state of the collector's unit, the last that its log says of a connection, and if it is installed."""
    unit = look["host"]["units"].get(_COLLECTOR, {})
    return unit.get("active") or "unknown", look["host"]["collector_log"], bool(unit.get("exists"))


def _told_by_its_host(repository: str, looks: Looks, fleet: Mapping[str, Any]) -> bool:
    """Whether the host of a repository's collector tells why it does not answer."""
    return any(
        collector["repository"] == repository and host in looks and any(_of_collector(host, looks, fleet))
        for host, collector in fleet["collectors"].items()
    )


def _of_collector_or_web(host: str, look: Look, looks: Looks, fleet: Mapping[str, Any]) -> Iterator[Problem]:
    is_collector = "powa_collectors" in look["groups"]
    if is_collector:
        yield from _of_collector(host, looks, fleet)
    for name in look["host"]["unresolved"]:
        problem = 'the {0} host cannot resolve "{1}"'.format("collector's" if is_collector else "web", name)
        # The errors of snapshots say the same of the collector's host. Each web host has to resolve the name by itself.
        subject = name if is_collector else "{0} on {1}".format(name, host)
        unknown = "neither DNS nor /etc/hosts of {0} knows it".format(host)
        servers = list(_registered_as(name, looks, fleet))
        for server in servers:
            yield Problem(
                Kind.HOSTNAME_UNRESOLVED,
                problem,
                "the name is registered for the server, and {0}".format(unknown),
                "make the name known there (DNS or /etc/hosts), or register an address: powa_host",
                server,
                subject=subject,
            )
        if not servers:
            yield Problem(
                Kind.HOSTNAME_UNRESOLVED,
                problem,
                "the name is that of a repository, and {0}".format(unknown),
                "make the name known there (DNS or /etc/hosts), or set powa_host of the repository to an address",
                subject=subject,
            )


def _of_collector(host: str, looks: Looks, fleet: Mapping[str, Any]) -> Iterator[Problem]:
    if "units" not in looks[host]["host"]:
        return
    state, log, installed = _unit(looks[host])
    no_login = "authentication failed" in log or "no password" in log or "pg_hba.conf" in log
    asked = looks.get(fleet["collectors"][host]["repository"], {}).get("info", {}).get("collector")
    # Its main thread ends when it cannot connect again, and the service goes on.
    hangs = state == _ACTIVE and no_login and asked is not None and not asked["answers"]
    if state == _ACTIVE and not hangs:
        return
    if not installed:
        yield Problem(Kind.COLLECTOR_DOWN, "powa-collector is not installed", "its unit is not there", SITE)
    elif no_login:
        yield Problem(
            Kind.COLLECTOR_LOGIN,
            "the collector cannot log in to its repository",
            "its log says: {0}".format(log),
            "set powa_collector_password as the role powa_collector_role has it, {0}and {1}".format(
                RESTART + ", " if hangs else "", SITE
            ),
        )
    else:
        yield Problem(
            Kind.COLLECTOR_DOWN,
            "powa-collector does not run",
            "its unit is {0}{1}".format(state, ", and its log says: " + log if log else ""),
            "start it (systemctl start powa-collector), or {0}".format(SITE),
        )


def _registered_as(name: str, looks: Looks, fleet: Mapping[str, Any]) -> Iterator[str]:
    """Return the servers that are registered under a host name: hosts of the inventory, where it has them."""
    names = _ServerNames(fleet)
    for repository in fleet["repositories"]:
        for row in looks.get(repository, {}).get("info", {}).get("servers", ()):
            if row["hostname"] == name:
                yield str(names.of(repository, row["name"]))


def _of_remote(host: str, looks: Looks, fleet: Mapping[str, Any]) -> Iterator[Problem]:
    """Return what is wrong between a remote and its repository, as far as both could be looked at."""
    repository = fleet["remotes"][host]["repository"]
    theirs = looks.get(repository, {}).get("info", {})
    if "problems" not in theirs or theirs["powa_version"] is None or host == repository:
        return
    if is_hidden(theirs, "servers"):
        return
    server = fleet["remotes"][host]["server"]
    rows = [row for row in theirs["servers"] if row["srvid"] and _address(row) == _address(server)]
    if not rows:
        if server.get("state", "present") == "present":
            yield Problem(
                Kind.SERVER_UNREGISTERED,
                "it is not registered in its repository {0}".format(repository),
                "no server there has the address {0}".format(_address(server)),
                "{0} without a limit".format(SITE),
            )
        return
    own = looks.get(host, {}).get("info", {})
    if "problems" not in own or own["powa_version"] is None:
        return
    if release(own["powa_version"]) != release(theirs["powa_version"]):
        yield version_problem(own["powa_version"], theirs["powa_version"], host)
    installed = {extension["name"] for extension in own["extensions"]}
    for name in [_ALWAYS, *rows[0]["extensions"]]:
        if name not in installed and name not in _ELSEWHERE:
            yield Problem(
                Kind.EXTENSION_MISSING,
                "extension {0} is active for the server and not installed there".format(name),
                'repository {0} has it in its registry, and database "{1}" of the server does not have it'.format(
                    repository, own["database"]
                ),
                cure_of_missing(name),
                subject=name,
            )
    yield from _sides(repository, rows[0], own, theirs)


def _sides(
    repository: str, row: Mapping[str, Any], own: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Iterator[Problem]:
    """Return the active datasources whose two sides do not fit."""
    here = {entry["name"]: entry for entry in own["datasources"]}
    for entry in theirs["datasources"]:
        name, wanted = entry["name"], entry["definition"]
        if not row["datasources"].get(name) or wanted is None or wanted.get("scope") == "database":
            continue
        side = here.get(name, {})
        if side.get("damaged"):
            # That is a problem of its own, and what the definition was is not known.
            continue
        found = side.get("definition")
        if found is None:
            cause = "repository {0} collects it, and the server has no source function for it".format(repository)
        elif _columns(found) != _columns(wanted):
            cause = "the server returns ({0}), and repository {1} takes ({2})".format(
                _columns(found), repository, _columns(wanted)
            )
        else:
            continue
        yield Problem(
            Kind.DATASOURCE_DRIFT,
            "its two sides do not fit",
            cause,
            "{0}, for the server and its repository".format(SITE),
            datasource=name,
            # The drift of the server alone is about the datasource as a whole.
            subject=object_name(name, SOURCE),
        )


def _columns(definition: Mapping[str, Any]) -> str:
    return ", ".join("{name} {type}".format(**column) for column in [*definition["keys"], *definition["metrics"]])


def _line(text: Any) -> str:
    return " ".join(str(text or "no reason was given").split())


def _servers(looks: Looks, names: _ServerNames, problems: Sequence[Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """Return each host, and each registered server that the inventory does not have."""
    servers: Dict[str, Dict[str, Any]] = {host: {"groups": look["groups"]} for host, look in looks.items()}
    for host, look in looks.items():
        info = look["info"]
        servers[host]["powa"] = info.get("powa_version")
        servers[host]["postgresql"] = (info.get("postgresql_version") or "").split(" ")[0] or None
        servers[host]["bytes"] = info.get("size")
        for row in info.get("servers", ()):
            if row["srvid"] or row["enabled"]:
                server = servers.setdefault(names.of(host, row["name"] if row["srvid"] else None) or host, {})
                server.update({field: row[field] for field in ("alias", "enabled", "frequency", "retention")})
                server.update({"repository": host, "age": row["snapshots"]["age"]})
                server.setdefault("postgresql", row["postgresql_version"])
                server.setdefault("powa", row["powa_version"])
    return [
        {
            "server": name,
            **{field: server.get(field) for field in _FIELDS},
            "problems": sum(problem["server"] == name for problem in problems),
        }
        for name, server in servers.items()
    ]


def _table(servers: Sequence[Mapping[str, Any]]) -> List[str]:
    cells = [("server", "PoWA", "PostgreSQL", "last snapshot", "problems")]
    for server in servers:
        if server["enabled"] is None:
            age = "-"
        elif not server["enabled"]:
            age = "disabled"
        else:
            age = "never" if server["age"] is None else "{0} s ago".format(server["age"])
        cells.append(
            (server["server"], server["powa"] or "-", server["postgresql"] or "-", age, str(server["problems"] or "-"))
        )
    widths = [max(map(len, column)) for column in zip(*cells)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells]


def _text(problems: Sequence[Mapping[str, Any]]) -> List[str]:
    lines = []
    for problem in problems:
        about = problem["server"] or "inventory"
        if problem["datasource"]:
            about += ", datasource " + problem["datasource"]
        lines += [
            "{0}: {1} ({2})".format(
                about,
                problem["problem"],
                ": ".join(filter(None, (problem["kind"], problem["subject"]))),
            ),
            "    because {0}".format(problem["cause"]),
            "    cure: {0}".format(problem["cure"]),
        ]
    return lines
