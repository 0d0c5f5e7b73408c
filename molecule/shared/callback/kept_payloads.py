# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps the payloads of modules for the next run of ansible-playbook.

A run finds all that a module imports, and compresses it, once for each module: up to a second each, and the result is
the same as long as nobody changes the code. Tests run ansible-playbook some hundred times.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__

DOCUMENTATION = """
name: kept_payloads
type: aggregate
short_description: Keeps the payloads of modules for the next run
description:
  - Each run begins with the payloads of the runs before it, if the code of the collection has not changed since.
"""

CHECKOUT = Path(__file__).resolve().parents[3]


def kept_in() -> Path:
    """Return the folder for this code and this ansible-core."""
    code = hashlib.sha256(__version__.encode())
    for path in sorted(CHECKOUT.glob("plugins/module*/**/*.py")):
        code.update(b"%s %s" % (str(path.relative_to(CHECKOUT)).encode(), hashlib.sha256(path.read_bytes()).digest()))
    return CHECKOUT / ".cache" / "payloads" / code.hexdigest()


class CallbackModule(CallbackBase):
    """Puts links where ansible-core looks for payloads, and copies what it adds there."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kept_payloads"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._kept = kept_in()
        self._used = Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache")
        self._kept.mkdir(parents=True, exist_ok=True)
        self._used.mkdir(exist_ok=True)
        for payload in self._kept.iterdir():
            if not payload.name.startswith("."):
                (self._used / payload.name).symlink_to(payload)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Keep the new ones; another run may be doing the same."""
        for payload in self._used.iterdir():
            if not payload.is_symlink() and payload.suffix != ".lock":
                mine = self._kept / ".{0}.{1}".format(payload.name, os.getpid())
                shutil.copyfile(payload, mine)
                mine.replace(self._kept / payload.name)
