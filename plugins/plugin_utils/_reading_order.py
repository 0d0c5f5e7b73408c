# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where PostgreSQL reads powa.conf, which lines it reads later, and which program writes its files."""

from __future__ import annotations

from posixpath import basename, dirname
from typing import Iterator, List, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.plugin_utils._server_settings import Include, Line, Server

#: The file that ALTER SYSTEM writes. PostgreSQL reads it last.
ALTERED = "postgresql.auto.conf"
_FOLDER = "include_dir"
_SUFFIX = ".conf"
#: PostgreSQL refuses more includes of includes.
_DEEPEST = 10

#: Where a line is read: for each include on the way to it, and for itself, its number and the name of the file that a
#: folder is read at. Of two lines, the greater one is read later.
_Place = Tuple[Tuple[float, str], ...]
_END: Tuple[float, str] = (float("inf"), "")


def why_unread(server: Server, conf: str) -> Optional[str]:
    """Return why PostgreSQL would not read powa.conf, with the line that has to change, or None if it reads it."""
    if any(line.file == conf for line in server.lines) or _places(server, conf):
        return None
    if server.includes is None:
        return (
            "Ansible cannot read {0} and the files that it includes, and so cannot tell whether PostgreSQL reads {1}:"
            " let it become root".format(server.config_file, conf)
        )
    commented = [include for include in server.includes if include.commented and _covers(include, conf)]
    if commented:
        return "PostgreSQL does not read {0}, because {1}, line {2} is commented out: uncomment it there".format(
            conf, commented[-1].file, commented[-1].line
        )
    return (
        "PostgreSQL does not read {0}: create its folder, and add the line include_dir = '{1}' at the end of {2}"
    ).format(conf, basename(dirname(conf)), server.config_file)


def line_after(server: Server, name: str, conf: str) -> Optional[Line]:
    """Return the line that PostgreSQL reads after powa.conf and that so decides a setting, or None."""
    index = server.last(name)
    if index is None or basename(server.lines[index].file) == ALTERED:
        return None
    line = server.lines[index]
    if line.file == conf:
        return None
    if any(other.file == conf and other.name == name for other in server.lines[:index]):
        return line
    own, others = _places(server, conf), _places(server, line.file)
    if not own or not others:
        return None
    return line if max(others) + ((line.line or 0, ""),) > max(own) + (_END,) else None


def generator(server: Server, conf: str) -> Optional[Tuple[str, str]]:
    """Return the file of PostgreSQL's settings that another program writes, and that program, or None."""
    files = [server.config_file, conf, *(line.file for line in server.lines)]
    files += [include.path for include in server.includes or () if not include.commented]
    return next(((file, server.generated[file]) for file in files if file in server.generated), None)


def is_altered(server: Server, name: str) -> bool:
    """Tell whether ALTER SYSTEM decides a setting."""
    index = server.last(name)
    return index is not None and basename(server.lines[index].file) == ALTERED


def _places(server: Server, path: str) -> List[_Place]:
    """Return where PostgreSQL reads a file, which may be several times, as far as that is known."""
    return list(_find(server.config_file, [one for one in server.includes or () if not one.commented], path, _DEEPEST))


def _find(config_file: str, includes: Sequence[Include], path: str, depth: int) -> Iterator[_Place]:
    if path == config_file:
        yield ()
    elif depth:
        for include in includes:
            if _covers(include, path):
                for place in _find(config_file, includes, include.file, depth - 1):
                    yield place + ((include.line, basename(path)),)


def _covers(include: Include, path: str) -> bool:
    if include.kind != _FOLDER:
        return include.path == path
    name = basename(path)
    return include.path == dirname(path) and name.endswith(_SUFFIX) and not name.startswith(".")
