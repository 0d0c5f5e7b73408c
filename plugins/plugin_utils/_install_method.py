# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a build from source and packages would overwrite each other's files of PoWA."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from typing import Any, Dict, Iterator, List, Mapping, Sequence

from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import system_of

#: How many files a sentence lists. PoWA has one for each of its versions.
_LISTED = 2
#: What follows if these files are removed.
_BEFORE_RESTART = (
    "let the playbook pgfleet.powa.site run before PostgreSQL is restarted, which does not start without a powa.so that"
    " it preloads"
)


def method_problems(variables: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[str]:
    """Return why PoWA cannot be installed as C(powa_install_method) says, one sentence each.

    :param seen: the result of C(host_info)
    """
    files, method, system = seen["powa_files"], variables["powa_install_method"], system_of(seen)
    installed = bool(system and seen["packages"].get(system.powa, {}).get("installed"))
    if files is None:
        if method == "source" or not installed:
            yield (
                "powa_install_method is {0}, but the host cannot tell which packages own the files of PoWA that are"
                " there, so they might be overwritten: correct what {1} {2} says on it".format(
                    method,
                    "rpm --query --file" if seen["os"]["family"] == "RedHat" else "dpkg-query --search",
                    os.path.join((seen["extension_folder"] or {}).get("path", ""), "powa.control"),
                )
            )
        return
    if method == "source":
        divert = "divert each of them (dpkg-divert --local --no-rename --add FILE), "
        for package, owned in _by_package(files).items():
            yield (
                "powa_install_method is source, but the build would overwrite files of package {0} ({1}), which its"
                " next upgrade would put back: set powa_install_method to package, {2}or remove that package, which"
                " deletes them, and {3}".format(
                    package, _listed(owned), divert if seen["os"]["family"] == "Debian" else "", _BEFORE_RESTART
                )
            )
        return
    if files and system and not any(files.values()) and not installed:
        yield (
            "powa_install_method is package, but PoWA {0} is there without a package, as a build from source leaves it"
            " ({1}), and package {2} would overwrite it:"
            " set powa_install_method to source, or remove {3}, and {4}".format(
                (seen["extension_folder"] or {}).get("powa") or "of an unknown version",
                _listed(list(files)),
                system.powa,
                " and ".join(_patterns(list(files))),
                _BEFORE_RESTART,
            )
        )


def _by_package(files: Mapping[str, Any]) -> Dict[str, List[str]]:
    found: Dict[str, List[str]] = defaultdict(list)
    for path, package in files.items():
        if package:
            found[package].append(path)
    return found


def _listed(paths: Sequence[str]) -> str:
    more = len(paths) - _LISTED
    return ", ".join(paths[:_LISTED]) + (" and {0} more".format(more) if more > 0 else "")


def _patterns(paths: Sequence[str]) -> List[str]:
    """Return paths as somebody would write them who removes them; the scripts of all versions are one."""
    return list(dict.fromkeys(re.sub(r"/powa--[^/]*[.]sql$", "/powa--*.sql", path) for path in paths))
