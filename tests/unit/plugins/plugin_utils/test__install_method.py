# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a build from source and packages would overwrite each other's files."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._install_method import method_problems

LIBRARY, CONTROL = "/usr/lib/postgresql/15/lib/powa.so", "/usr/share/postgresql/15/extension/powa.control"
SCRIPTS = ["/usr/share/postgresql/15/extension/powa--{0}.sql".format(version) for version in ("4.1.3", "4.1.4")]
PACKAGE = "postgresql-15-powa"


FOLDER = "/usr/share/postgresql/15/extension"
BEFORE = (
    ", and let the playbook pgfleet.powa.site run before PostgreSQL is restarted, which does not start without a"
    " powa.so that it preloads"
)


def problems(method, files, installed=None, family="Debian"):
    seen = {
        "os": {"name": family, "family": family},
        "version": "15",
        "cluster": None,
        "extension_folder": {"path": FOLDER, "powa": "4.1.4"} if files != {} else None,
        "powa_files": files,
        "packages": {PACKAGE: {"installed": installed, "candidate": None}},
    }
    return list(method_problems({"powa_install_method": method}, seen))


def test_a_build_does_not_overwrite_what_a_package_owns():
    owned = dict.fromkeys([LIBRARY, CONTROL, *SCRIPTS], PACKAGE)
    assert problems("source", owned, "4.1.4-2") == [
        "powa_install_method is source, but the build would overwrite files of package postgresql-15-powa ({0}, {1} and"
        " 2 more), which its next upgrade would put back: set powa_install_method to package, divert each of them"
        " (dpkg-divert --local --no-rename --add FILE), or remove that package, which deletes them".format(
            LIBRARY, CONTROL
        )
        + BEFORE
    ]
    (rhel,) = problems("source", owned, "4.1.4-2", family="RedHat")
    assert "set powa_install_method to package, or remove that package" in rhel
    assert len(problems("source", {LIBRARY: "powa-a", CONTROL: "powa-b", SCRIPTS[0]: None})) == 2


def test_a_package_does_not_overwrite_what_was_built():
    assert problems("package", dict.fromkeys([LIBRARY, CONTROL, *SCRIPTS])) == [
        "powa_install_method is package, but PoWA 4.1.4 is there without a package, as a build from source leaves it"
        " ({0}, {1} and 2 more), and package postgresql-15-powa would overwrite it: set powa_install_method to source,"
        " or remove {0} and {1} and {2}/powa--*.sql".format(LIBRARY, CONTROL, FOLDER)
        + BEFORE
    ]


@pytest.mark.parametrize(("family", "program"), [("Debian", "dpkg-query --search"), ("RedHat", "rpm --query --file")])
def test_files_of_which_nobody_can_tell_whose_they_are(family, program):
    for method in ("source", "package"):
        assert problems(method, None, family=family) == [
            "powa_install_method is {0}, but the host cannot tell which packages own the files of PoWA that are there,"
            " so they might be overwritten: correct what {1} {2} says on it".format(method, program, CONTROL)
        ]
    assert problems("package", None, "4.1.4-2") == []


@pytest.mark.parametrize(
    ("method", "files", "installed"),
    [
        ("source", {}, None),
        ("source", {LIBRARY: None, CONTROL: None}, None),
        ("package", {}, None),
        ("package", {LIBRARY: PACKAGE, SCRIPTS[0]: None}, "4.1.4-2"),
        # It was installed over a build before, or its files are diverted.
        ("package", {LIBRARY: None}, "4.1.4-2"),
    ],
)
def test_nothing_is_overwritten(method, files, installed):
    assert problems(method, files, installed) == []
