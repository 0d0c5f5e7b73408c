# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The extensions of PoWA's database and the packages that bring them."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import DRIVER, System

#: Stats extensions with tables of their own, which a repository needs as well as its remotes.
_WITH_TABLES = ("pg_track_settings",)
#: What every database with PoWA has.
_OF_POWA = ("pg_stat_statements", "btree_gist", "powa")


def extensions_of(run: Run, host: str) -> List[Dict[str, Any]]:
    """Return the extensions of a host's PoWA database; an entry of powa_extensions takes precedence over a name."""
    variables = run.variables(host)
    declared = [dict(extension) for extension in variables["powa_extensions"]]
    names = [extension["name"] for extension in declared]
    more = [name for name in dict.fromkeys((*_OF_POWA, *_stats_extensions(run, host))) if name not in names]
    return declared + [{"name": name} for name in more]


def is_present(extension: Mapping[str, Any]) -> bool:
    """Tell whether an extension is to be there."""
    return bool((extension.get("state") or "present") == "present")


def packages_of(system: System, variables: Mapping[str, Any], extensions: Sequence[Mapping[str, Any]]) -> List[str]:
    """Return the packages that a host with PostgreSQL and PoWA needs, in the order in which they are installed."""
    names = {**system.extensions, **variables["powa_extension_packages"]}
    packages = [system.server, *system.contrib, DRIVER]
    if variables["powa_install_method"] == "package":
        packages.append(system.powa)
    else:
        packages += system.build + (["git"] if is_git(variables["powa_source"]) else [])
    packages += [names.get(extension["name"]) or "" for extension in extensions if is_present(extension)]
    return [package for package in dict.fromkeys(packages) if package]


def is_git(source: str) -> bool:
    """Tell whether PoWA's source is a Git repository, not a tarball."""
    return source.endswith(".git") or source.startswith("git")


def lacking(packages: Sequence[str], seen: Mapping[str, Any]) -> List[str]:
    """Return the packages that a host does not have, as far as C(host_info) has looked for them."""
    return [package for package in packages if not (seen["packages"].get(package) or {}).get("installed")]


def have_candidates(packages: Sequence[str], seen: Mapping[str, Any]) -> bool:
    """Tell whether the host's package lists have these packages; those that nobody has looked for count as there."""
    found = [seen["packages"].get(package) for package in packages]
    return all(package is None or package["candidate"] for package in found)


def _stats_extensions(run: Run, host: str) -> List[str]:
    variables = run.variables(host)
    if variables["powa_mode"] == "local" or "powa_remotes" in run.groups(host):
        return list(variables["powa_stats_extensions"])
    own = [remote for remote in run.fleet["remotes"].values() if remote["repository"] == host]
    return [name for remote in own for name in remote["server"]["extensions"] if name in _WITH_TABLES]
