# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a host: owner, group, mode, and the checksum of each file that holds no secret."""

from __future__ import annotations

import grp
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from typing import Dict, Mapping, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host, user_name

_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory"}
#: How configuration files of Python, JSON or systemd name a secret that they hold, and where a connection string has a
#: password.
_PASSWORD = re.compile(
    rb"""(?i)['"]\w*(?:password|passwd|secret)['"]|(?:password|passwd|secret)\s*=|://[^/@\s]*:[^/@\s]+@"""
)


@dataclass(frozen=True)
class File:
    """A file, or what its path names.

    :param kind: C(file), C(directory), or C(other)
    :param mode: as in C(0640)
    :param size: in bytes
    :param sha256: the sum of its content; none of a file that holds a password, of a folder, and where the content
        cannot be read
    :param as_expected: whether its content is the expected one; None where none is, or where the content cannot be read
    """

    kind: str
    owner: str
    group: str
    mode: str
    size: int
    sha256: Optional[str]
    as_expected: Optional[bool]


def read_files(
    host: Host, paths: Sequence[str], secret_paths: Sequence[str], expected: Mapping[str, str]
) -> Dict[str, File]:
    """Return path -> file, for those that exist.

    :param secret_paths: files whose sums would help somebody to guess what they hold
    :param expected: path -> the content that a file should have
    """
    found = {}
    for path in sorted({*paths, *secret_paths}):
        file = _read(host, path, path in secret_paths, expected.get(path))
        if file is not None:
            found[path] = file
    return found


def read_folders(host: Host, paths: Sequence[str]) -> Dict[str, Dict[str, str]]:
    """Return folder -> name -> the sum of each file right in it, for the folders that exist."""
    found = {}
    for path in paths:
        try:
            names = os.listdir(host.path(path))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            host.unseen.refused("the folder " + path, error)
            continue
        sums = {name: _sum(_content(host, path + "/" + name)) for name in sorted(names) if _is_file(host, path, name)}
        found[path] = {name: total for name, total in sums.items() if total is not None}
    return found


def _is_file(host: Host, path: str, name: str) -> bool:
    return os.path.isfile(host.path(os.path.join(path, name)))


def _read(host: Host, path: str, secret: bool, expected: Optional[str]) -> Optional[File]:
    try:
        state = os.stat(host.path(path))
    except PermissionError as error:
        host.unseen.refused("the files below " + os.path.dirname(path), error)
        return None
    except OSError:
        return None
    kind = _KINDS.get(stat.S_IFMT(state.st_mode), "other")
    content = _content(host, path) if kind == "file" and (not secret or expected is not None) else None
    wanted = None if expected is None else str(expected).encode("utf-8", "surrogatepass")
    return File(
        kind=kind,
        owner=user_name(state.st_uid),
        group=_group_name(state.st_gid),
        mode="{0:04o}".format(stat.S_IMODE(state.st_mode)),
        size=state.st_size,
        sha256=None if secret else _sum(content),
        as_expected=None if wanted is None or content is None else content == wanted,
    )


def _content(host: Host, path: str) -> Optional[bytes]:
    try:
        with open(host.path(path), "rb") as file:
            return file.read()
    except OSError as error:
        host.unseen.refused("the content of " + path, error)
        return None


def _sum(content: Optional[bytes]) -> Optional[str]:
    return None if content is None or holds_password(content) else hashlib.sha256(content).hexdigest()


def holds_password(content: bytes) -> bool:
    """Return whether the text of a file seems to hold a password."""
    return _PASSWORD.search(content) is not None


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
