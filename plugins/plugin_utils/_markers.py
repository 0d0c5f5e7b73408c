# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marker extensions: empty extensions by which PoWA's web interface sees that a server has a datasource."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set

from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import manages
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run

#: How the comment of a marker extension begins. Other extensions were made by somebody else, and stay.
_COMMENT = "pgfleet.powa marker"
#: The name becomes a part of a path. The module refuses any other name, with the definition's other problems.
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_VERSION = "1.0"

_CONTROL = """\
# pgfleet.powa marker: no file of a package, and written anew when it is changed.
comment = 'pgfleet.powa marker of a PoWA datasource'
default_version = '1.0'
relocatable = false
schema = pg_catalog
superuser = false
"""
_SCRIPT = "-- Empty: that the extension {0} is there is all that PoWA and its web interface look for.\n"


class Markers(NamedTuple):
    """What has to change.

    :param write: files to write before the extensions are created, for the module files
    :param remove: files to remove after the extensions were dropped, for the module files
    :param extensions: to create or to drop, for the module extensions
    :param missing: names of extensions whose files Ansible cannot write
    """

    write: List[Dict[str, Any]]
    remove: List[Dict[str, Any]]
    extensions: List[Dict[str, Any]]
    missing: List[str]

    @property
    def todo(self) -> bool:
        """Whether there is anything to do or to report."""
        return any(self)

    def to_do(self, managing: bool) -> bool:
        """Whether tasks have anything to do. What only somebody else can do is said before."""
        return self.todo if managing else bool(self.extensions)

    def as_dict(self) -> Dict[str, Any]:
        """Return it as tasks read it."""
        return {**self._asdict(), "todo": self.todo}


NOTHING = Markers([], [], [], [])

#: What the tasks return that create and remove datasources, on a repository and on a remote.
_OF_REPOSITORY, _OF_REMOTE = "__repository_made", "__remote_made"


def plan_markers(
    datasources: Sequence[Mapping[str, Any]], seen: Mapping[str, Any], state: str, variables: Mapping[str, Any]
) -> Markers:
    """Return what has to change for the marker extensions of datasources.

    :param datasources: every definition that concerns the host, also those with state absent
    :param seen: the result of C(host_info), or nothing if the host was not read
    :param state: C(present) to create what should be there, C(absent) to remove what should not
    :param variables: those of the host, which say whether its files may change
    """
    if not datasources or "extension_folder" not in seen:
        return NOTHING
    folder = seen["extension_folder"]
    writable = manages(variables) and bool(folder and folder["writable"])
    present = _names(datasources, seen, "present")
    if state == "present":
        return _created(list(present), seen, writable)
    return _removed([name for name in _names(datasources, seen, "absent") if name not in present], seen, writable)


class Cleanup(NamedTuple):
    """What the removal of a host's marker extensions goes by.

    :param datasources: definitions that concern the host
    """

    datasources: Sequence[Mapping[str, Any]] = ()
    todo: bool = False


def plan_cleanup(run: Run, host: str) -> Cleanup:
    """Return what the removed datasources of a host leave behind, once their objects are gone.

    :param host: of the groups powa_repositories and powa_remotes
    """
    seen = run.seen(host)
    variables = run.variables(host) if seen else {}
    if not seen or not variables["powa_marker_extensions"] or not _is_finished(run, host, seen):
        return Cleanup()
    datasources = list(variables["powa_datasources"])
    return Cleanup(datasources, plan_markers(datasources, seen, "absent", variables).to_do(manages(variables)))


def _is_finished(run: Run, host: str, seen: Mapping[str, Any]) -> bool:
    """Tell whether this run has removed the objects of a host's removed datasources by now."""
    server = seen["server"]
    if server is None or server["standby"] or (run.check_mode and "powa" not in seen["extensions"]):
        return False
    in_repository = "powa_repositories" in run.groups(host)
    # With tags, the run may have left that task out.
    if "changes" not in run.result(host, _OF_REPOSITORY if in_repository else _OF_REMOTE):
        return False
    if in_repository:
        has_remotes = any(remote["repository"] == host for remote in run.fleet["remotes"].values())
        return has_remotes or run.variables(host)["powa_mode"] == "local"
    remote = run.fleet["remotes"].get(host)
    if remote is None or remote["repository"] in run.lost:
        return False
    return not run.check_mode or run.variables(host)["powa_monitoring_role"] in server["roles"]


def _names(datasources: Iterable[Mapping[str, Any]], seen: Mapping[str, Any], state: str) -> Dict[str, None]:
    """Return the names of the marker extensions of datasources with this state, in their order."""
    folder = seen["extension_folder"]
    theirs: Set[str] = set(folder["controls"] if folder else ())
    names = (
        str(definition.get("extension") or definition.get("name") or "")
        for definition in datasources
        if (definition.get("scope") or "cluster") != "database"
        and ((definition.get("state") or "present") == "absent") == (state == "absent")
    )
    return dict.fromkeys(name for name in names if _NAME.fullmatch(name) and name not in theirs)


def _created(names: Sequence[str], seen: Mapping[str, Any], writable: bool) -> Markers:
    folder = seen["extension_folder"]
    plan = Markers([], [], [], [])
    for name in names:
        there = _sum_there(folder, name) == _sum(name)
        if not there and not writable:
            plan.missing.append(name)
            continue
        if not there:
            plan.write.extend(_files(folder["path"], name))
        found = seen["extensions"].get(name)
        if not there or not found or found["version"] != _VERSION:
            plan.extensions.append({"name": name, "version": _VERSION, "files_pending": not there})
    return plan


def _removed(names: Sequence[str], seen: Mapping[str, Any], writable: bool) -> Markers:
    folder = seen["extension_folder"]
    plan = Markers([], [], [], [])
    for name in names:
        if _is_ours(name, seen["extensions"]):
            plan.extensions.append({"name": name, "state": "absent"})
        if writable and _sum_there(folder, name) is not None:
            # The control file goes first, because it makes the extension available.
            plan.remove.extend(
                {"path": file["path"], "state": "absent"} for file in reversed(_files(folder["path"], name))
            )
    return plan


def _is_ours(name: str, extensions: Mapping[str, Any]) -> bool:
    """Whether an extension is a marker that this collection has created: a comment alone, anybody may write."""
    found = extensions.get(name) or {}
    powa = extensions.get("powa") or {}
    trusted = bool(found.get("owner_superuser")) or (found.get("owner") or "") == (powa.get("owner") or None)
    return trusted and (found.get("comment") or "").startswith(_COMMENT)


def _files(folder: str, name: str) -> List[Dict[str, Any]]:
    """Return the two files of a marker. The control file comes last, because it makes the extension available."""
    return [
        {"path": "{0}/{1}--{2}.sql".format(folder, name, _VERSION), "content": _SCRIPT.format(name)},
        {"path": "{0}/{1}.control".format(folder, name), "content": _CONTROL},
    ]


def _sum(name: str) -> str:
    return hashlib.sha256((_CONTROL + _SCRIPT.format(name)).encode()).hexdigest()


def _sum_there(folder: Optional[Mapping[str, Any]], name: str) -> Optional[str]:
    return folder["markers"].get(name) if folder else None
