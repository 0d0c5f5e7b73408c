# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused of a task about transient tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._handwritten.found import SRVID, FoundFunction
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._handwritten.tables import (
    APP,
    COLUMNS,
    NAME,
    SOURCE,
    found,
    refused,
    server,
    task,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import POWA_4
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.rendering import Recorder


def test_what_can_be_made_is_not_refused():
    assert refused(server()) == [] and refused(server(found())) == [] and refused(server(), state="absent") == []


@pytest.mark.parametrize(
    ("changes", "there", "problem"),
    [
        (
            {"schema": "ext"},
            server(archivist=POWA_4),
            'schema: found "ext", but with PoWA 4.1.4 the collector looks only in public: create the function there',
        ),
        (
            {"schema": "x"},
            server(),
            'schema: found "x", which holds no extension, but the collector looks only in PoWA\'s schema',
        ),
        (
            {},
            server(functions={}),
            "query_source: found no function PoWA.app_src(integer), nor one in any other schema: create the function",
        ),
        (
            {},
            server(functions={("ext", "app_src"): SOURCE}),
            "query_source: found no function PoWA.app_src(integer), but one in schema ext: give that schema",
        ),
        (
            {},
            server(functions={NAME: FoundFunction(COLUMNS, "pgfleet.powa datasource app", None)}),
            "query_source: PoWA.app_src belongs to a datasource of the module pgfleet.powa.datasources, which makes",
        ),
        (
            {},
            server(functions={NAME: replace(SOURCE, stranger="mallory")}),
            'query_source: PoWA.app_src(integer) belongs to role "mallory", which is neither a superuser nor the owner'
            " of the extension powa, and which could change it at any time into code that PoWA runs with the rights of"
            " other roles: check what it does, and give it to a superuser (ALTER ... OWNER TO), or drop it",
        ),
        (
            {"adopt": True},
            server(replace(found(comment=None), stranger="mallory")),
            'query_source: PoWA.app_src_tmp belongs to role "mallory", which is neither',
        ),
        (
            {"state": "absent"},
            server(replace(found(), stranger="mallory")),
            'state: PoWA.app_src_tmp belongs to role "mallory", which is neither a superuser nor the owner of the'
            " extension powa, and this module drops only tables that it made",
        ),
        (
            {},
            server(functions={NAME: FoundFunction((), None, "returns void")}),
            "query_source: PoWA.app_src(integer) returns void",
        ),
        (
            {},
            server(found(is_table=False)),
            "query_source: PoWA.app_src_tmp exists, but is not a plain table: rename or drop it",
        ),
        (
            {"adopt": True},
            server(found("ext")),
            "adopt: PoWA.app_src_tmp belongs to the extension ext, which maintains it: leave adopt out",
        ),
        (
            {},
            server(found(comment=None, columns=(SRVID,))),
            "query_source: PoWA.app_src_tmp has no mark of this module and has the columns (srvid integer),"
            " but the function's result needs (srvid integer, ts date, n integer): change or drop the table",
        ),
        (
            {"state": "absent"},
            server(found(comment=None)),
            "state: PoWA.app_src_tmp has no mark of this module, and this module drops only tables that it made",
        ),
        (
            {"state": "absent"},
            server(found(comment="pgfleet.powa datasource app")),
            "state: PoWA.app_src_tmp belongs to a datasource of the module pgfleet.powa.datasources, and this",
        ),
        (
            {"state": "absent"},
            server(found(unlogged=False)),
            "state: PoWA.app_src_tmp is logged, so someone keeps data in it, and this module drops only"
            " unlogged tables",
        ),
        (
            {"state": "absent"},
            server(found(), registered=[("app", False, "app_src"), ("x", True, "app_src"), ("y", False, "other")]),
            "state: the datasource app is registered with this query_source, and its snapshots would fail without",
        ),
    ],
)
def test_every_refusal(changes, there, problem):
    (sentence,) = refused(there, **changes)
    assert sentence.startswith('table of "app_src", ' + problem)


def test_powas_schema_may_be_named_or_left_out_but_not_both():
    assert task(APP, dict(APP, schema="PoWA")).check(Recorder(), server()) == [
        'table of "app_src", schema: without it, this is PoWA.app_src, which the list has already: give it once'
    ]
