# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps what Python compiles of the payloads of Ansible's modules.

Python compiles what it imports from an archive each time, and does so twice. A payload has up to 190 files, and tests
send some thousand payloads. With this a source is compiled once for each user of a container.
"""

from __future__ import annotations

import functools
import marshal
import os
import sys
import zipimport
from types import CodeType

_compile = zipimport._compile_source  # type: ignore[attr-defined]
_FOLDER = "/var/tmp/kept-code-{0}-{1}".format(os.getuid(), sys.implementation.cache_tag)


@functools.lru_cache(maxsize=None)
def _kept(path: str, source: bytes) -> CodeType:
    # Not above: every Python of the container starts with this file, and few need it.
    import hashlib

    kept = os.path.join(_FOLDER, hashlib.sha256(source).hexdigest())
    try:
        with open(kept, "rb") as file:
            code: CodeType = marshal.load(file)
            return code
    except OSError:
        pass
    code = _compile(path, source)
    try:
        os.makedirs(_FOLDER, mode=0o700, exist_ok=True)
        mine = "{0}.{1}".format(kept, os.getpid())
        with open(mine, "wb") as file:
            marshal.dump(code, file)
        os.replace(mine, kept)
    except OSError:
        pass
    return code


zipimport._compile_source = _kept  # type: ignore[attr-defined]
