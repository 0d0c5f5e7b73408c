# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a PostgreSQL has: its settings, the lines of its files, and what its next start would bring."""

from __future__ import annotations

from typing import Any, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.preload import SETTING, library_name, split_list

_COMMAND_LINE = "command line"


class Line(NamedTuple):
    """A setting in one of PostgreSQL's files.

    :param name: None if PostgreSQL cannot read the line
    """

    name: Optional[str]
    value: str
    file: str
    line: Optional[int]
    error: Optional[str]


class Include(NamedTuple):
    """A line that includes other files.

    :param path: the file or folder
    :param commented: whether the line is a comment, and so includes nothing
    """

    file: str
    line: int
    kind: str
    path: str
    commented: bool


class NextStart(NamedTuple):
    """What PostgreSQL would start with.

    :param error: why it would not start, or an empty text
    """

    settings: Mapping[str, str]
    error: str


class Server(NamedTuple):
    """What a PostgreSQL has.

    :param running: the setting -> its value now
    :param command_line: the settings of its command line, which no file overrides
    :param lines: of its files, in the order in which it reads them, so that the last one of a setting decides
    :param errors: the lines of its files, of any setting, that it has not taken
    :param version: as a number
    :param includes: the lines that include files, or None if they could not be read
    :param library_folder: PostgreSQL's own
    :param libraries: entry of shared_preload_libraries -> the file that PostgreSQL would load, or None if there is none
    :param generated: file -> the program that writes it
    :param next_start: None if it was not asked for
    """

    config_file: str
    running: Mapping[str, str]
    command_line: Sequence[str]
    lines: Sequence[Line]
    errors: Sequence[Line]
    version: int
    includes: Optional[Sequence[Include]]
    library_folder: str
    libraries: Mapping[str, Optional[str]]
    generated: Mapping[str, str]
    next_start: Optional[NextStart]

    def last(self, name: str) -> Optional[int]:
        """Return the index of the line that decides a setting."""
        return max((index for index, line in enumerate(self.lines) if line.name == name), default=None)

    def has_file(self, entry: str) -> bool:
        """Tell whether PostgreSQL would find a library. One that nobody has looked for counts as there."""
        return self.libraries.get(entry, entry) is not None


def server_of(seen: Mapping[str, Any]) -> Server:
    """Return the server in what C(host_info) has returned as C(server)."""
    settings, includes, start = seen["settings"], seen.get("includes"), seen.get("next_start")
    return Server(
        seen["config_file"] or "",
        {name: setting["value"] for name, setting in settings.items()},
        [name for name, setting in settings.items() if setting["source"] == _COMMAND_LINE],
        [_line(line) for line in seen["file_settings"]],
        [_line(line) for line in seen.get("file_errors", seen["file_settings"]) if line["error"]],
        seen["version_num"],
        None if includes is None else [Include(**include) for include in includes],
        seen.get("library_folder", ""),
        seen.get("libraries", {}),
        seen.get("generated", {}),
        NextStart(start["settings"], start["error"]) if start else None,
    )


def loaded_libraries(server: Server) -> List[str]:
    """Return the names of the libraries that PostgreSQL has loaded at its start."""
    return libraries_in(server.running.get(SETTING, ""))


def libraries_in(value: str) -> List[str]:
    """Return the names of the libraries that a value of the setting lists."""
    return [library_name(entry) for entry in split_list(value) or ()]


def _line(line: Mapping[str, Any]) -> Line:
    return Line(line["name"], line.get("value") or "", line["file"] or "", line["line"], line["error"])
