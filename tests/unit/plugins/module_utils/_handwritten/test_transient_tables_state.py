# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions and transient tables of a task as a server has them."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables import TransientTablesTask
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.transient_tables_state import needed_rights
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._handwritten.tables import (
    APP,
    found,
    server,
)


def needs(there, role="coll", monitoring=None, **changes):
    """Return the objects on which roles need rights, each with its role."""
    made = TransientTablesTask(
        {"tables": [dict(APP, **changes)], "collector_role": role, "monitoring_role": monitoring}
    )
    (spec,) = made.specs
    return [(need.role, str(need.object)) for need in needed_rights(spec, there, made.roles)]


def test_the_rights_on_what_others_made():
    function = [("coll", "schema PoWA"), ("coll", "function PoWA.app_src(integer)")]
    theirs = [("coll", "schema PoWA"), ("coll", "table PoWA.app_src_tmp")]
    assert needs(server()) == needs(server(found())) == function
    assert needs(server(found(comment=None))) == function + theirs
    # A table that is adopted gets the grants of the module's own.
    assert needs(server(found(comment=None)), adopt=True) == function
    assert needs(server(functions={})) == []
    assert needs(server(), None, "mon") == [("mon", "schema PoWA"), ("mon", "function PoWA.app_src(integer)")]
