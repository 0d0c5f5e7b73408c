# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions of PoWA."""

from __future__ import annotations

import json

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa4 import Archivist4
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa5 import Archivist5
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.versions import (
    MAJOR_VERSIONS_JSON,
    major_version,
    purges_qualstats,
    release,
    version_number,
)


def test_versions_compare_as_numbers():
    assert version_number("5.0.10") == (5, 0, 10) > version_number("5.0.9")
    assert version_number("4.1.2.dev") == (4, 1, 2)


@pytest.mark.parametrize(("version", "expected"), [("5.0.2", "5.0"), ("4.1", "4.1"), ("5.10.1", "5.10")])
def test_a_release_is_major_and_minor(version, expected):
    assert release(version) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [("4.2.2", True), ("5.1.1", True), ("5.1.2", False), ("5.2.0", False), ("5.3.0", False), ("5.3.1", True)],
)
def test_some_versions_cannot_purge_pg_qualstats(version, expected):
    assert purges_qualstats(version) is expected


@pytest.mark.parametrize(
    ("number", "archivist"),
    [(4, Archivist4((4, 2, 2), "public", "public", 150000)), (5, Archivist5((5, 0, 2), "public", "public", 150000))],
)
def test_a_major_version_has_what_its_archivist_says(number, archivist):
    version = major_version(number)
    assert (version.first, version.has_servers, version.has_roles) == (number, True, number == 5)
    assert version.collects_databases is archivist.scope_database
    assert (version.extension_versions,) == archivist.tables_of_versions


@pytest.mark.parametrize(("number", "first"), [(0, 0), (3, 0), (4, 4), (5, 5), (6, 5)])
def test_a_newer_version_counts_as_the_newest_known_one(number, first):
    assert major_version(number).first == first


def test_where_nobody_knows_the_version_nothing_is_relied_on_and_no_login_is_narrowed_down():
    unknown = major_version(0)
    assert not unknown.has_servers and not unknown.has_roles and unknown.collects_databases


def test_queries_get_the_same_versions():
    assert [tuple(version.values()) for version in json.loads(MAJOR_VERSIONS_JSON)] == list(
        map(major_version, (0, 4, 5))
    )
