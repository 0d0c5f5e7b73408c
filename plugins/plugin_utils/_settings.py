# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings that a PostgreSQL should have, which file decides them, and which of them need a restart."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.preload import SETTING as LIBRARIES
from ansible_collections.pgfleet.powa.plugins.module_utils._host.preload import split_list
from ansible_collections.pgfleet.powa.plugins.plugin_utils._reading_order import (
    generator,
    is_altered,
    line_after,
    why_unread,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._server_settings import Server, loaded_libraries
from ansible_collections.pgfleet.powa.plugins.plugin_utils._setting_values import (
    ADDRESSES,
    for_alter_system,
    meaning,
    retention_minutes,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._start_problems import (
    lost_libraries,
    merged_libraries,
    names_in_one,
    refused_start,
    unreadable,
    without_effect,
)


class Settings(NamedTuple):
    """What has to change for the settings.

    :param wanted: every setting of powa.conf, in the order of the file
    :param write: whether powa.conf has to be written
    :param elsewhere: settings for ALTER SYSTEM, which has set them before, or which has to because PostgreSQL does not
        read powa.conf, with the value as the module postgresql_alter_system takes it
    :param problems: why the settings cannot be brought about, one sentence each
    :param restart: settings that PostgreSQL takes only when it starts
    """

    wanted: Dict[str, str]
    write: bool
    elsewhere: Dict[str, str]
    problems: List[str]
    restart: List[str]


#: How to have a program set what it writes into PostgreSQL's files.
_BY_PROGRAM = {"Patroni": "`patronictl edit-config`, below postgresql and parameters"}

#: What holds for a host without a running PostgreSQL.
NOTHING = Settings({}, False, {}, [], [])


def plan_settings(
    server: Server,
    conf: str,
    variables: Mapping[str, Any],
    libraries: Sequence[str],
    local: bool,
    written: bool,
    altered: bool = False,
) -> Settings:
    """Return what has to change.

    :param conf: the path of powa.conf
    :param libraries: those that the host has to preload
    :param local: whether PoWA's background worker collects on this host
    :param written: whether this run has written powa.conf before the host was read
    :param altered: whether this run has changed settings with ALTER SYSTEM before that
    """
    declared = _declared(server, conf, variables, libraries, local)
    differing = [name for name, value in declared.items() if not _is_decided(server, name, value, libraries)]
    overridden = {name: why for name in differing for why in [_why_overridden(server, conf, name)] if why}
    free = {name: declared[name] for name in differing if name not in overridden}
    altered_names = _altered_names(server, conf, free)
    elsewhere = {name: for_alter_system(name, free[name], server.version) for name in altered_names}
    ours = {name: value for name, value in free.items() if name not in elsewhere}
    refused = _refused(server, conf, free, ours)
    problems = [*_wrong_variables(variables, local), *overridden.values(), *refused]
    for name in free if not refused else ():
        if altered if name in elsewhere else written:
            problems += _why_still(server, name, declared[name])
    write = bool(ours) or (_is_left(server, conf, declared) and not generator(server, conf))
    restart = _restart(server, declared, libraries)
    if LIBRARIES in declared or write or elsewhere or restart:
        problems += names_in_one(server, conf)
    if write or elsewhere or restart:
        problems += (unreadable(server) or refused_start(server)) + lost_libraries(server, libraries)
    if restart and not free:
        problems += without_effect(server, {name: declared[name] for name in restart}, libraries)
    if refused:
        write, elsewhere = False, {}
    return Settings({**_kept(server, conf), **declared}, write, elsewhere, problems, restart)


def check_settings(
    server: Server, variables: Mapping[str, Any], libraries: Sequence[str], local: bool, conf: str, why: str
) -> List[str]:
    """Return what a server lacks whose settings the user manages, one sentence each.

    :param conf: the path that powa.conf would have
    :param why: what in the inventory says so
    """
    declared = _declared(server, conf, variables, libraries, local)
    lacking = [name for name in libraries if name not in loaded_libraries(server)]
    problems = _wrong_variables(variables, local)
    if lacking:
        problems.append(
            "{0} lacks {1}, and {2}: {3}".format(
                LIBRARIES, ", ".join(lacking), why, _how(server, LIBRARIES, declared[LIBRARIES], lacking)
            )
        )
    for name, value in declared.items():
        now = server.running.get(name)
        # PostgreSQL knows the settings of PoWA once it has loaded the library.
        if name != LIBRARIES and now is not None and meaning(name, now) != meaning(name, value):
            problems.append(
                '{0} is "{1}", but the inventory asks for "{2}", and {3}: {4}'.format(
                    name, now, value, why, _how(server, name, value)
                )
            )
    return problems


def _how(server: Server, name: str, value: str, lacking: Sequence[str] = ()) -> str:
    """Return how a user gets a setting into effect."""
    needs_restart = name in (LIBRARIES, ADDRESSES, "powa.database")
    activate = "restart PostgreSQL" if needs_restart else "reload PostgreSQL"
    if _is_decided(server, name, value, lacking):
        return "{0}, which has not read the value in its files".format(activate)
    return "set {0} = '{1}' where your configuration sets it, and {2}".format(name, value.replace("'", "''"), activate)


def _declared(
    server: Server, conf: str, variables: Mapping[str, Any], libraries: Sequence[str], local: bool
) -> Dict[str, str]:
    """Return the settings that the inventory asks for."""
    declared = {}
    if libraries:
        declared[LIBRARIES] = merged_libraries(server, conf, libraries)
    if variables["powa_listen_addresses"].strip():
        declared[ADDRESSES] = variables["powa_listen_addresses"]
    if not local:
        return declared
    declared["powa.database"] = variables["powa_database"]
    frequency, coalesce = variables.get("powa_frequency"), variables.get("powa_coalesce")
    if frequency is not None:
        declared["powa.frequency"] = "{0}s".format(frequency) if frequency > 0 else "-1"
    if coalesce is not None:
        declared["powa.coalesce"] = str(coalesce)
    minutes = retention_minutes(variables.get("powa_retention") or "")
    if minutes:
        declared["powa.retention"] = "{0}min".format(minutes)
    return declared


def _kept(server: Server, conf: str) -> Dict[str, str]:
    """Return what powa.conf has beside PoWA's settings, and keeps where the inventory asks for nothing."""
    kept = {line.name: line.value for line in server.lines if line.file == conf and line.name in (LIBRARIES, ADDRESSES)}
    return {name: kept[name] for name in (LIBRARIES, ADDRESSES) if name in kept}


def _is_decided(server: Server, name: str, value: str, libraries: Sequence[str]) -> bool:
    """Tell whether PostgreSQL has this value, or will have it once it reads its files."""
    if name in server.command_line:
        if name == LIBRARIES:
            return set(libraries) <= set(loaded_libraries(server))
        return bool(meaning(name, server.running[name]) == meaning(name, value))
    index = server.last(name)
    return index is not None and meaning(name, server.lines[index].value) == meaning(name, value)


def _is_left(server: Server, conf: str, declared: Mapping[str, str]) -> bool:
    """Tell whether powa.conf has a setting of PoWA that the inventory no longer asks for."""
    names = [line.name for line in server.lines if line.file == conf and line.name]
    return any(name.startswith("powa.") and name not in declared for name in names)


def _altered_names(server: Server, conf: str, names: Iterable[str]) -> List[str]:
    """Return the settings for ALTER SYSTEM, which takes none of a library that PostgreSQL has not loaded."""
    read = why_unread(server, conf) is None
    return [name for name in names if is_altered(server, name) or (not read and name in server.running)]


def _why_overridden(server: Server, conf: str, name: str) -> Optional[str]:
    """Return why a value in powa.conf would not decide the setting."""
    if name in server.command_line:
        return '{0} is "{1}" on the command line of PostgreSQL, which no file overrides: remove it there'.format(
            name, server.running[name]
        )
    line = line_after(server, name, conf)
    if line is None:
        return None
    return "{0} is set in {1}, line {2}, which PostgreSQL reads after {3}: remove the setting there".format(
        name, line.file, line.line, conf
    )


def _refused(server: Server, conf: str, free: Mapping[str, str], ours: Mapping[str, str]) -> List[str]:
    """Return why settings cannot be set where they are decided, whatever their values are."""
    generated = generator(server, conf) if free else None
    if generated:
        file, program = generated
        return [
            "{0} is written by {1}, which would undo what this run sets: have {1} set {2} ({3}),"
            " and run this again".format(
                file,
                program,
                " and ".join("{0} = '{1}'".format(name, value.replace("'", "''")) for name, value in free.items()),
                _BY_PROGRAM.get(program, "in its own configuration"),
            )
        ]
    decided = [name for name in free if is_altered(server, name)]
    unread = why_unread(server, conf) if len(decided) < len(free) else None
    if unread and (ours or server.includes is None or not _allows_alter_system(server)):
        return [unread]
    return _forbidden(server, decided)


def _forbidden(server: Server, names: Sequence[str]) -> List[str]:
    """Return the lines that only ALTER SYSTEM could change, where the server does not allow it."""
    lines = [server.lines[index] for index in map(server.last, names) if index is not None]
    return [
        "{0} is set in {1}, line {2}, which only ALTER SYSTEM writes, and allow_alter_system is off:"
        " remove the line there, or let ALTER SYSTEM in".format(line.name, line.file, line.line)
        for line in lines
        if not _allows_alter_system(server)
    ]


def _allows_alter_system(server: Server) -> bool:
    return server.running.get("allow_alter_system") != "off"


def _why_still(server: Server, name: str, value: str) -> List[str]:
    """Return why a setting that this run has set has another value, which no restart would change."""
    index = server.last(name)
    if index is None:
        return [
            '{0} was set to "{1}", but no file that PostgreSQL reads has it: see what has removed it since, and run the'
            " playbook again".format(name, value)
        ]
    line = server.lines[index]
    return [
        '{0} was set to "{1}", but PostgreSQL reads "{2}" in {3}, line {4}: correct it there'.format(
            name, value, line.value, line.file, line.line
        )
    ]


def _wrong_variables(variables: Mapping[str, Any], local: bool) -> List[str]:
    problems = []
    addresses, retention = variables["powa_listen_addresses"], variables.get("powa_retention")
    if split_list(addresses) is None:
        problems.append(
            'powa_listen_addresses is "{0}", with which PostgreSQL would not start:'
            ' separate addresses with commas, as in "localhost,10.0.0.1"'.format(addresses)
        )
    if local and retention and not retention_minutes(retention):
        problems.append(
            'powa_retention is "{0}", but has to be an interval of a minute or more, such as "7 days"'.format(retention)
        )
    return problems


def _restart(server: Server, declared: Mapping[str, str], libraries: Sequence[str]) -> List[str]:
    restart = [LIBRARIES] if set(libraries) - set(loaded_libraries(server)) else []
    for name in (ADDRESSES, "powa.database"):
        now = server.running.get(name)
        if name in declared and now is not None and meaning(name, declared[name]) != meaning(name, now):
            restart.append(name)
    return restart
