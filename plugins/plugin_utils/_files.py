# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that a host should have, compared with those that it has."""

from __future__ import annotations

import hashlib
from typing import Any, Dict, List, Mapping, Sequence

#: What the module files takes a file to have that says nothing else.
_DEFAULTS = {"owner": "root", "group": "root", "mode": "0644", "state": "present"}


def changed_files(seen: Mapping[str, Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """Return the files that a host lacks, has otherwise, or has although they should be gone.

    :param seen: path -> file, as C(host_info) has found it; nothing for one that does not exist
    :param wanted: files as the module files takes them
    """
    return [dict(file) for file in wanted if _differs(seen.get(file["path"]), {**_DEFAULTS, **file})]


def has_password_file(seen: Mapping[str, Any], path: str, user: str) -> bool:
    """Return whether a host has a password file with the wanted text, which its user alone can read."""
    found = seen.get("files", {}).get(path) or {}
    return bool(found.get("as_expected")) and (found["owner"], found["group"], found["mode"]) == (user, user, "0600")


def _differs(found: Any, wanted: Mapping[str, Any]) -> bool:
    if not found or wanted["state"] == "absent":
        return bool(found) == (wanted["state"] == "absent")
    if any(found[field] != wanted[field] for field in ("owner", "group")) or _mode(found) != _mode(wanted):
        return True
    # The sum of a file with secrets is not read, so such a file may always differ.
    content = (wanted.get("content") or "").encode()
    return bool(wanted["state"] == "present" and found["sha256"] != hashlib.sha256(content).hexdigest())


def _mode(file: Mapping[str, Any]) -> int:
    return file["mode"] if isinstance(file["mode"], int) else int(str(file["mode"]), 8)
