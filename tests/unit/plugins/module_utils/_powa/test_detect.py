# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which PoWA a database has."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.detect import detect_archivist
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa4 import Archivist4
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.powa5 import Archivist5
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import visible
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


def detected(version, roles=()):
    row = (version, "PoWA", '"PoWA"', 170000, "powa")
    return detect_archivist(Recorder({"pg_extension": [row], "powa_roles": roles}))


@pytest.mark.parametrize(
    ("text", "kind", "version"),
    [
        ("4.0.0", Archivist4, (4, 0, 0)),
        ("4.2.2", Archivist4, (4, 2, 2)),
        ("5.1.2", Archivist5, (5, 1, 2)),
        ("5.0.0devel", Archivist5, (5, 0)),
    ],
)
def test_the_version_decides(text, kind, version):
    found = detected(text)
    assert isinstance(found, kind) and found.version == version
    assert (found.schema, found.quoted_schema, found.server_version_num) == ("PoWA", '"PoWA"', 170000)


def test_powa_5_names_its_roles():
    assert detected("5.0.2", [("powa_snapshot", "snap")]).roles == {"powa_snapshot": "snap"}
    assert detected("4.2.2").roles == {}


def test_a_database_without_powa():
    with pytest.raises(PowaError, match='database "powa" has no extension powa: create it there'):
        detected(None)


@pytest.mark.parametrize("version", ["3.2.0", "6.0.0", "devel"])
def test_a_powa_that_nobody_knows(version):
    with pytest.raises(PowaError, match="has PoWA {0}, expected 4 or 5".format(version)):
        detected(version)


def test_a_reader_who_may_not_read_the_roles():
    seen = visible({"powa_roles": []})
    row = ("5.0.2", "PoWA", '"PoWA"', 170000, "powa")
    assert detect_archivist(Recorder({"pg_extension": [row]}), seen).roles == {}
    assert list(seen.gaps) == ["datasources[].drift"]
