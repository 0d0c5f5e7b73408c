# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why PostgreSQL would not start, or would start without what a restart is for. Such a server is not restarted."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.preload import (
    SETTING,
    entries_of,
    join_list,
    library_name,
    split_list,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._server_settings import Line, Server, loaded_libraries
from ansible_collections.pgfleet.powa.plugins.plugin_utils._setting_values import meaning

#: What pg_file_settings says of a changed setting that needs a restart, or has a value that PostgreSQL refuses.
_NOT_APPLIED = "setting could not be applied"


def merged_libraries(server: Server, conf: str, libraries: Sequence[str]) -> str:
    """Add the libraries to those of powa.conf and those that PostgreSQL would load without it, and remove none."""
    merged: Dict[str, str] = {}
    for line in _merged_lines(server, conf):
        for entry in entries_of(line.value):
            merged.setdefault(library_name(entry), entry)
    for name in libraries:
        merged.setdefault(name, name)
    return join_list(list(merged.values()))


def names_in_one(server: Server, conf: str) -> List[str]:
    """Return the entries that hold several names, as ALTER SYSTEM makes them of a text with commas.

    PostgreSQL looks for one library of that name, and would not start without it.
    """
    return [
        '{0} has the entry "{1}" in {2}, line {3}, and PostgreSQL would not start, because it takes that for the name'
        " of one library: correct it there (ALTER SYSTEM SET {0} = {4})".format(
            SETTING, entry, line.file, line.line, ", ".join(name.strip() for name in entry.split(","))
        )
        for line in _merged_lines(server, conf)
        for entry in split_list(line.value) or ()
        if "," in entry
    ]


def unreadable(server: Server) -> List[str]:
    """Return the lines that keep PostgreSQL from reading its files, and so from starting.

    An error without a file is about a setting that is gone from the files and has its old value until a restart.
    """
    return [
        "PostgreSQL cannot read {0}, line {1} ({2}): correct it there".format(line.file, line.line, line.error)
        for line in server.errors
        if line.file and line.error != _NOT_APPLIED
    ]


def start_problems(server: Server, conf: str, libraries: Sequence[str]) -> List[str]:
    """Return why PostgreSQL would not start with its files as they are."""
    return (
        names_in_one(server, conf) + (unreadable(server) or refused_start(server)) + lost_libraries(server, libraries)
    )


def lost_libraries(server: Server, libraries: Sequence[str]) -> List[str]:
    """Return the entries of the files that have no file, but those of C(missing_libraries), which a package brings."""
    index = server.last(SETTING)
    if index is None:
        return []
    line, to_come = server.lines[index], set(libraries) - set(loaded_libraries(server))
    return [
        '{0} names "{1}" in {2}, line {3}, but PostgreSQL finds no such file (its own folder is {4}), and would not'
        " start: install the package of that library, or remove its name there".format(
            SETTING, entry, line.file, line.line, server.library_folder
        )
        for entry in split_list(line.value) or ()
        # What holds a comma is another problem.
        if "," not in entry and entry not in to_come and not server.has_file(entry)
    ]


def missing_libraries(server: Server, libraries: Sequence[str]) -> List[str]:
    """Return those of these libraries that PostgreSQL has not loaded, and that have no file."""
    loaded = loaded_libraries(server)
    return [
        "{0} is to be preloaded, but {1} has no {0}.so, and PostgreSQL would not start without the library:"
        " install its package, and name it in powa_extension_packages".format(name, server.library_folder)
        for name in libraries
        if name not in loaded and not server.has_file(name)
    ]


def refused_start(server: Server) -> List[str]:
    """Return why PostgreSQL would not start, by what it says itself, with the lines that it names."""
    error = server.next_start.error if server.next_start else ""
    if not error:
        return []
    lines = ["{0}, line {1}".format(line.file, line.line) for line in server.errors if _is_named(line, error)]
    return [
        "PostgreSQL would not start with its files as they are ({0}): correct {1}".format(
            error, ", ".join(lines) or "them"
        )
    ]


def without_effect(server: Server, wanted: Mapping[str, str], libraries: Sequence[str]) -> List[str]:
    """Return why a restart would not bring these settings, by what PostgreSQL itself says of its next start."""
    start = server.next_start.settings if server.next_start else {}
    return [
        'PostgreSQL would start with {0} = "{1}", so a restart would not bring "{2}": find out what sets it'
        " (`postgres -C {0}` with the arguments in postmaster.opts shows it)".format(name, start[name], value)
        for name, value in wanted.items()
        if name in start and not _brings(name, start[name], value, libraries)
    ]


def _is_named(line: Line, error: str) -> bool:
    return bool(line.file and line.name) and '"{0}"'.format(line.name) in error


def _brings(name: str, found: str, wanted: str, libraries: Sequence[str]) -> bool:
    if name == SETTING:
        return set(libraries) <= {library_name(entry) for entry in split_list(found) or ()}
    return bool(meaning(name, found) == meaning(name, wanted))


def _merged_lines(server: Server, conf: str) -> List[Line]:
    lines = [line for line in server.lines if line.name == SETTING]
    others = [line for line in lines if line.file != conf]
    return others[-1:] + [line for line in lines if line.file == conf]
