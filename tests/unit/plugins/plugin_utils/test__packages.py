# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The extensions of a host's PoWA database and their packages."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._packages import (
    extensions_of,
    have_candidates,
    is_git,
    is_present,
    lacking,
    packages_of,
)
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._systems import system_of

OF_POWA = ["pg_stat_statements", "btree_gist", "powa"]
SYSTEM = system_of({"version": "17", "cluster": None, "os": {"family": "Debian"}})


def variables(**changes):
    return {
        "powa_mode": "remote",
        "powa_install_method": "package",
        "powa_source": "",
        "powa_extensions": [],
        "powa_stats_extensions": ["pg_qualstats", "pg_track_settings"],
        "powa_extension_packages": {},
        **changes,
    }


def names(groups, remotes=None, **changes):
    fleet = {"hosts": {"hub": {"groups": groups, "variables": variables(**changes)}}, "remotes": remotes or {}}
    return [extension["name"] for extension in extensions_of(Run(fleet, {}), "hub")]


def test_a_remote_and_a_local_host_have_their_stats_extensions():
    assert names(["powa_remotes"]) == [*OF_POWA, "pg_qualstats", "pg_track_settings"]
    assert names(["powa_repositories"], powa_mode="local") == [*OF_POWA, "pg_qualstats", "pg_track_settings"]


def test_a_repository_has_the_extensions_of_its_remotes_that_have_tables():
    def remote(repository, *extensions):
        return {"repository": repository, "server": {"extensions": list(extensions)}}

    remotes = {
        "one": remote("hub", "pg_qualstats", "pg_track_settings"),
        "two": remote("hub", "pg_track_settings"),
        "three": remote("other", "pg_track_settings"),
    }
    assert names(["powa_repositories"], remotes) == [*OF_POWA, "pg_track_settings"]
    assert names(["powa_repositories"], {"three": remotes["three"]}) == OF_POWA


def test_an_entry_takes_precedence_over_a_name():
    declared = [{"name": "powa", "version": "latest"}, {"name": "hstore"}]
    assert names(["powa_repositories"], powa_extensions=declared) == ["powa", "hstore", *OF_POWA[:2]]


def test_the_packages_of_extensions():
    extensions = [{"name": name} for name in [*OF_POWA, "hypopg", "hstore", "mine"]]
    extensions += [{"name": "pg_qualstats", "state": "absent"}, {"name": "pg_wait_sampling", "state": "present"}]
    own = {"mine": "my-package", "hypopg": "postgresql-17", "pg_wait_sampling": ""}
    assert packages_of(SYSTEM, variables(powa_extension_packages=own), extensions) == [
        "postgresql-17",
        "python3-psycopg2",
        "postgresql-17-powa",
        "my-package",
    ]


def test_a_build_replaces_only_the_package_of_powa():
    found = packages_of(SYSTEM, variables(powa_install_method="source"), [{"name": "pg_qualstats"}])
    assert found[:3] == ["postgresql-17", "python3-psycopg2", "postgresql-server-dev-17"]
    assert found[-1] == "postgresql-17-pg-qualstats"


@pytest.mark.parametrize(
    ("source", "git"),
    [
        ("https://example.com/powa.git", True),
        ("git://example.com/powa", True),
        ("git@example.com:powa", True),
        ("https://example.com/powa.tar.gz", False),
        ("/srv/powa.git.tar", False),
        ("", False),
    ],
)
def test_a_git_repository(source, git):
    assert is_git(source) == git


def test_presence():
    assert is_present({"name": "a"}) and is_present({"state": "present"}) and is_present({"state": None})
    assert not is_present({"state": "absent"})


def test_what_is_lacking_and_could_be_installed():
    seen = {
        "packages": {
            "there": {"installed": "1", "candidate": None},
            "known": {"installed": None, "candidate": "1"},
            "unknown": {"installed": None, "candidate": None},
        }
    }
    assert lacking(["there", "known", "unknown", "unasked"], seen) == ["known", "unknown", "unasked"]
    assert have_candidates(["known", "unasked"], seen)
    assert not have_candidates(["known", "unknown"], seen)
