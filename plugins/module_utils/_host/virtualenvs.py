# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python's virtual environments on a host: what is installed in them, and whether they still work."""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass
from typing import Dict, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host


@dataclass(frozen=True)
class Virtualenv:
    """A virtual environment.

    :param stale: whether its Python is gone or newer than its packages, as after an upgrade of the distribution
    :param packages: package -> version; none of a stale one
    """

    stale: bool
    packages: Dict[str, str]


def read_virtualenvs(host: Host, paths: Sequence[str]) -> Dict[str, Virtualenv]:
    """Return path -> virtual environment, for the folders that exist."""
    found = {}
    for path in paths:
        virtualenv = _read(host, path)
        if virtualenv is not None:
            found[path] = virtualenv
    return found


def _read(host: Host, path: str) -> Optional[Virtualenv]:
    try:
        os.listdir(host.path(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        host.unseen.refused("the virtual environment " + path, error)
        return None
    stale = is_stale(host, path)
    return Virtualenv(stale, {} if stale else _packages(host.path(path)))


def is_stale(host: Host, path: str) -> bool:
    """Return whether an environment has a Python that has no pip, or a link to one that is gone."""
    python = host.path(os.path.join(path, "bin", "python3"))
    if not os.path.lexists(python):
        return False
    # The name tells its version without a process: it links to a file such as /usr/bin/python3.11.
    version = re.search(r"/python(\d+\.\d+)$", os.path.realpath(python))
    if version and os.path.exists(python):
        return not os.path.isdir(host.path("{0}/lib/python{1}/site-packages/pip".format(path, version.group(1))))
    return host.start([python, "-c", "import pip"]).finish().status != 0


def _packages(folder: str) -> Dict[str, str]:
    packages = {}
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), "lib/python3*/site-packages/*.dist-info"))):
        name, dash, version = os.path.basename(path)[: -len(".dist-info")].partition("-")
        if dash:
            packages[re.sub(r"[-_.]+", "-", name).lower()] = version
    return packages
