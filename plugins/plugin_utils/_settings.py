# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings that a PostgreSQL should have, which file decides them, and which of them need a restart."""

from __future__ import annotations

import re
from posixpath import basename, dirname
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._powa.libraries import join_list, library_name, split_list

LIBRARIES = "shared_preload_libraries"
ADDRESSES = "listen_addresses"

#: Settings that are numbers, and the unit of a number without one.
_NUMBERS = {"powa.frequency": "ms", "powa.coalesce": "", "powa.retention": "min"}
_MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000, "min": 60000, "h": 3600000, "d": 86400000}
_NUMBER = re.compile(r"\s*(-?[0-9]+(?:\.[0-9]*)?)\s*(us|ms|s|min|h|d)?\s*", re.ASCII)

#: The names that PostgreSQL has for the units of an interval, and their seconds.
_SECONDS = {
    1: "s sec secs second seconds",
    60: "m min mins minute minutes",
    3600: "h hr hrs hour hours",
    86400: "d day days",
    604800: "w week weeks",
    2592000: "mon mons month months",
    31557600: "y yr yrs year years",
}
_UNITS = {name: seconds for seconds, names in _SECONDS.items() for name in names.split()}
_PART = re.compile(r"\s*(?:([0-9]+):([0-9]{2})(?::([0-9]{2}))?|([0-9]+(?:\.[0-9]+)?)\s*([a-z]+))\s*", re.ASCII)

#: What pg_file_settings says of a changed setting that needs a restart, or has a value that PostgreSQL refuses.
_NOT_APPLIED = "setting could not be applied"
_COMMAND_LINE = "command line"
#: The file that ALTER SYSTEM writes. PostgreSQL reads it last.
_ALTERED = "postgresql.auto.conf"


class Line(NamedTuple):
    """A setting in one of PostgreSQL's files.

    :param name: None if PostgreSQL cannot read the line
    """

    name: Optional[str]
    value: str
    file: str
    line: Optional[int]
    error: Optional[str]


class Server(NamedTuple):
    """What a PostgreSQL has.

    :param running: the setting -> its value now
    :param command_line: the settings of its command line, which no file overrides
    :param lines: of its files, in the order in which it reads them, so that the last one of a setting decides
    :param errors: the lines of its files, of any setting, that it has not taken
    :param version: as a number
    """

    config_file: str
    running: Mapping[str, str]
    command_line: Sequence[str]
    lines: Sequence[Line]
    errors: Sequence[Line]
    version: int

    def last(self, name: str) -> Optional[int]:
        """Return the index of the line that decides a setting."""
        return max((index for index, line in enumerate(self.lines) if line.name == name), default=None)


class Settings(NamedTuple):
    """What has to change for the settings.

    :param wanted: every setting of powa.conf, in the order of the file
    :param write: whether powa.conf has to be written
    :param elsewhere: settings that ALTER SYSTEM has set, which PostgreSQL reads last, with the value to set there, as
        the module postgresql_alter_system takes it
    :param problems: why powa.conf cannot bring a setting about, one sentence each
    :param restart: settings that PostgreSQL takes only when it starts
    """

    wanted: Dict[str, str]
    write: bool
    elsewhere: Dict[str, str]
    problems: List[str]
    restart: List[str]


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
    elsewhere = {
        name: _for_alter_system(server, name, declared[name])
        for name in differing
        if name not in overridden and _is_altered(server, name)
    }
    problems = [*_wrong_variables(variables, local), *overridden.values()]
    problems += _names_in_one(server, conf) if LIBRARIES in declared else []
    if written and declared and not any(line.file == conf for line in server.lines):
        problems.append(
            "PostgreSQL does not read {0}: include its folder in {1} (include_dir = '{2}')".format(
                conf, server.config_file, basename(dirname(conf))
            )
        )
    for name in differing:
        if (altered if name in elsewhere else written) and name not in overridden:
            problems += _why_still(server, name, declared[name])
    write = any(name not in overridden and name not in elsewhere for name in differing) or _is_left(
        server, conf, declared
    )
    restart = _restart(server, declared, libraries)
    if write or elsewhere or restart:
        problems += _unreadable(server)
    return Settings({**_kept(server, conf), **declared}, write, elsewhere, problems, restart)


def server_of(seen: Mapping[str, Any]) -> Server:
    """Return the server in what C(host_info) has returned as C(server)."""
    settings = seen["settings"]
    return Server(
        seen["config_file"] or "",
        {name: setting["value"] for name, setting in settings.items()},
        [name for name, setting in settings.items() if setting["source"] == _COMMAND_LINE],
        [_line(line) for line in seen["file_settings"]],
        [_line(line) for line in seen.get("file_errors", seen["file_settings"]) if line["error"]],
        seen["version_num"],
    )


def _line(line: Mapping[str, Any]) -> Line:
    return Line(line["name"], line.get("value") or "", line["file"] or "", line["line"], line["error"])


def loaded_libraries(server: Server) -> List[str]:
    """Return the names of the libraries that PostgreSQL has loaded at its start."""
    return [library_name(entry) for entry in split_list(server.running.get(LIBRARIES, "")) or ()]


def retention_minutes(interval: str) -> Optional[int]:
    """Return the minutes of an interval such as C(7 days), or None for any other text and for less than a minute.

    PostgreSQL takes a number without a unit for seconds.
    """
    seconds, position, text = 0.0, 0, interval.strip().lower()
    if text.isascii() and text.isdigit():
        seconds, position = int(text), len(text)
    while position < len(text):
        part = _PART.match(text, position)
        if not part or (part[5] and part[5] not in _UNITS):
            return None
        if part[5]:
            seconds += float(part[4]) * _UNITS[part[5]]
        else:
            seconds += int(part[1]) * 3600 + int(part[2]) * 60 + int(part[3] or 0)
        position = part.end()
    return round(seconds / 60) or None


def _declared(
    server: Server, conf: str, variables: Mapping[str, Any], libraries: Sequence[str], local: bool
) -> Dict[str, str]:
    """Return the settings that the inventory asks for."""
    declared = {}
    if libraries:
        declared[LIBRARIES] = _merged(server, conf, libraries)
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


def _merged(server: Server, conf: str, libraries: Sequence[str]) -> str:
    """Add the libraries to those of powa.conf and those that PostgreSQL would load without it, and remove none."""
    merged: Dict[str, str] = {}
    for line in _merged_lines(server, conf):
        for entry in _entries(line.value):
            merged.setdefault(library_name(entry), entry)
    for name in libraries:
        merged.setdefault(name, name)
    return join_list(list(merged.values()))


def _merged_lines(server: Server, conf: str) -> List[Line]:
    lines = [line for line in server.lines if line.name == LIBRARIES]
    others = [line for line in lines if line.file != conf]
    return others[-1:] + [line for line in lines if line.file == conf]


def _entries(value: str) -> List[str]:
    """Return the entries of a list, also of one that PostgreSQL refuses."""
    entries = split_list(value)
    if entries is None:
        entries = [entry.strip().strip('"') for entry in value.split(",")]
    return [entry for entry in entries if entry]


def _meaning(name: str, value: str) -> Any:
    """Return what a value means, so that 5min equals 300s."""
    if name in (LIBRARIES, ADDRESSES):
        entries = split_list(value)
        if entries is not None:
            return frozenset(map(library_name, entries) if name == LIBRARIES else entries)
    number = _NUMBER.fullmatch(value) if name in _NUMBERS else None
    if not number:
        return value
    if float(number[1]) < 0:
        return -1
    own = _NUMBERS[name]
    return round(float(number[1]) * _MILLISECONDS.get(number[2] or own, 1) / _MILLISECONDS.get(own, 1))


def _is_decided(server: Server, name: str, value: str, libraries: Sequence[str]) -> bool:
    """Tell whether PostgreSQL has this value, or will have it once it reads its files."""
    if name in server.command_line:
        if name == LIBRARIES:
            return set(libraries) <= set(loaded_libraries(server))
        return bool(_meaning(name, server.running[name]) == _meaning(name, value))
    index = server.last(name)
    return index is not None and _meaning(name, server.lines[index].value) == _meaning(name, value)


def _is_altered(server: Server, name: str) -> bool:
    """Tell whether ALTER SYSTEM decides a setting."""
    index = server.last(name)
    return index is not None and basename(server.lines[index].file) == _ALTERED


def _for_alter_system(server: Server, name: str, value: str) -> str:
    """Return a value as the module postgresql_alter_system needs it.

    It quotes the entries of a list. It escapes nothing else, and before PostgreSQL 14 quotes nothing else, where 300s
    or * is a syntax error, and a name loses its capital letters.
    """
    if name in _NUMBERS:
        return str(_meaning(name, value))
    if "," in value:
        return value
    escaped = value.replace("'", "''")
    return escaped if server.version >= 140000 else "'{0}'".format(escaped)


def _is_left(server: Server, conf: str, declared: Mapping[str, str]) -> bool:
    """Tell whether powa.conf has a setting of PoWA that the inventory no longer asks for."""
    names = [line.name for line in server.lines if line.file == conf and line.name]
    return any(name.startswith("powa.") and name not in declared for name in names)


def _why_overridden(server: Server, conf: str, name: str) -> Optional[str]:
    """Return why a value in powa.conf would not decide the setting."""
    if name in server.command_line:
        return '{0} is "{1}" on the command line of PostgreSQL, which no file overrides: remove it there'.format(
            name, server.running[name]
        )
    index = server.last(name)
    if index is None or not _is_read_after(server, index, conf):
        return None
    line = server.lines[index]
    return "{0} is set in {1}, line {2}, which PostgreSQL reads after {3}: remove the setting there".format(
        name, line.file, line.line, conf
    )


def _is_read_after(server: Server, index: int, conf: str) -> bool:
    """Tell whether PostgreSQL reads a line after powa.conf, as far as the order of the lines tells."""
    line, folder = server.lines[index], dirname(conf)
    if basename(line.file) == _ALTERED:
        return False
    if any(other.file == conf and other.name == line.name for other in server.lines[:index]) and line.file != conf:
        return True
    if dirname(line.file) == folder:
        return basename(line.file) > basename(conf)
    # PostgreSQL reads the files of a folder one after the other.
    before = [basename(other.file) for other in server.lines[:index] if dirname(other.file) == folder]
    return any(name >= basename(conf) for name in before) or (bool(before) and line.file == server.config_file)


def _why_still(server: Server, name: str, value: str) -> List[str]:
    """Return why a setting that this run has set has another value, which no restart would change."""
    index = server.last(name)
    if index is None:
        # No file sets it, which is reported for the whole of powa.conf.
        return []
    line = server.lines[index]
    return [
        '{0} was set to "{1}", but PostgreSQL reads "{2}" in {3}, line {4}: correct it there'.format(
            name, value, line.value, line.file, line.line
        )
    ]


def _names_in_one(server: Server, conf: str) -> List[str]:
    """Return the entries that hold several names, as ALTER SYSTEM makes them of a text with commas.

    PostgreSQL looks for one library of that name, and would not start without it.
    """
    return [
        '{0} has the entry "{1}" in {2}, line {3}, and PostgreSQL would not start, because it takes that for the name'
        " of one library: correct it there (ALTER SYSTEM SET {0} = {4})".format(
            LIBRARIES, entry, line.file, line.line, ", ".join(name.strip() for name in entry.split(","))
        )
        for line in _merged_lines(server, conf)
        for entry in split_list(line.value) or ()
        if "," in entry
    ]


def _unreadable(server: Server) -> List[str]:
    """Return the lines that keep PostgreSQL from reading its files, and so from starting.

    An error without a file is about a setting that is gone from the files and has its old value until a restart.
    """
    return [
        "PostgreSQL cannot read {0}, line {1} ({2}): correct it there".format(line.file, line.line, line.error)
        for line in server.errors
        if line.file and line.error != _NOT_APPLIED
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
        if name in declared and now is not None and _meaning(name, declared[name]) != _meaning(name, now):
            restart.append(name)
    return restart
