# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of PostgreSQL's extensions: marker extensions, those of others, and the version of PoWA."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from typing import Dict, List, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host

#: How the control file of a marker extension begins.
MARK = b"# pgfleet.powa marker"
_FOLDERS = ("/usr/share/postgresql/{0}/extension", "/usr/pgsql-{0}/share/extension")
_SUFFIX = ".control"


@dataclass(frozen=True)
class ExtensionFolder:
    """The folder of one major version.

    :param writable: whether the user who reads could write there
    :param controls: extensions that are no markers of this collection, sorted
    :param markers: marker -> the sum of its control file and its script, which shows whether somebody changed them
    :param powa: the version of PoWA whose files are there, or an empty text
    """

    path: str
    writable: bool
    controls: List[str]
    markers: Dict[str, str]
    powa: str


def read_extension_folder(host: Host, version: str) -> Optional[ExtensionFolder]:
    """Return the folder of a major version, or nothing if the host has none."""
    paths = [path.format(version) for path in _FOLDERS if version and os.path.isdir(host.path(path.format(version)))]
    return _read(host, paths[0]) if paths else None


def _read(host: Host, path: str) -> ExtensionFolder:
    folder = host.path(path)
    controls: List[str] = []
    markers: Dict[str, str] = {}
    powa = ""
    for name in _names(host, path):
        try:
            text = _content(os.path.join(folder, name + _SUFFIX))
        except OSError as error:
            host.unseen.refused("the file {0}/{1}{2}".format(path, name, _SUFFIX), error)
            text = b""
        if text.startswith(MARK):
            markers[name] = hashlib.sha256(text + _script(folder, name)).hexdigest()
        else:
            controls.append(name)
        if name == "powa":
            powa = parse_default_version(text.decode("utf-8", "replace"))
    return ExtensionFolder(path, os.access(folder, os.W_OK), controls, markers, powa)


def parse_default_version(control: str) -> str:
    """Return the version that a control file names."""
    match = re.search(r"^\s*default_version\s*=\s*'([^']*)'", control, re.MULTILINE)
    return match.group(1) if match else ""


def _names(host: Host, path: str) -> List[str]:
    try:
        files = os.listdir(host.path(path))
    except OSError as error:
        host.unseen.refused("the folder " + path, error)
        return []
    return sorted(name[: -len(_SUFFIX)] for name in files if name.endswith(_SUFFIX))


def _script(folder: str, name: str) -> bytes:
    try:
        return _content(os.path.join(folder, name + "--1.0.sql"))
    except OSError:
        return b""


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
