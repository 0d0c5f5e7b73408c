# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The types that a datasource may use, and which of them are numbers."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions import types
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.types import (
    declared_type,
    find_type,
    is_same_type,
    type_of_oid,
)

ALL = [find_type(name) for name in types.TYPE_NAMES]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("int", "integer"),
        ("INT8", "bigint"),
        (" Double   Precision ", "double precision"),
        ("float", "double precision"),
        ("decimal", "numeric"),
        ("varchar", "character varying"),
        ("varchar[]", "character varying[]"),
        ("bool", "boolean"),
        ("timestamp", "timestamp without time zone"),
        ("timetz", "time with time zone"),
        ("bit", '"bit"'),
        ("INT4[]", "integer[]"),
        ("timestamptz[]", "timestamp with time zone[]"),
        ('"char"', '"char"'),
    ],
)
def test_a_type_by_any_of_its_names(written, name):
    assert find_type(written).name == name


@pytest.mark.parametrize("written", ["", "money", "char", "varchar(3)", "json[]", "bit[]", "text []", "hstore"])
def test_no_type_of_ours(written):
    assert find_type(written) is None


@pytest.mark.parametrize(
    ("written", "name", "cast_from"),
    [
        ("int", "integer", None),
        ("money", "numeric", "money"),
        ("money[]", "numeric[]", "money[]"),
        ("RegClass", "text", "regclass"),
        ("regtype[]", "text[]", "regtype[]"),
        ("char", "text", "character"),
        ("json[]", "text[]", "json[]"),
        ("int4multirange[]", "text[]", "int4multirange[]"),
        ("refcursor", "text", "refcursor"),
        ("pg_catalog.timestamptz", "timestamp with time zone", None),
        ("pg_catalog.INT8[]", "bigint[]", None),
        ("pg_catalog.text", "text", None),
        ("pg_catalog.char", '"char"', None),
        ('pg_catalog."char"', '"char"', None),
        ("pg_catalog.bpchar", "text", "character"),
        ("pg_catalog.money", "numeric", "money"),
        ("pg_catalog.unknown", "", "pg_catalog.unknown"),
        ("app.mood", "", "app.mood"),
        (' "My app"."A mood"[]', "", '"My app"."A mood"[]'),
    ],
)
def test_what_a_column_of_a_declared_type_becomes(written, name, cast_from):
    found = declared_type(written)
    assert (found.type.name, found.cast_from) == (name, cast_from)


@pytest.mark.parametrize("written", ["", "mood", "bigit", "varchar(3)", "app.mood(3)", "a.b.c", "app.mood; SELECT 1"])
def test_no_name_of_a_type(written):
    assert declared_type(written) is None


@pytest.mark.parametrize(
    ("declared", "returned", "same"),
    [
        ("app.mood", "app.mood", True),
        ("APP.Mood", 'app."Mood"', True),
        ("pg_catalog.point", "point", True),
        ("app.mood", "app.mood[]", False),
        ("app.mood", "mood", False),
    ],
)
def test_a_declared_name_means_a_type(declared, returned, same):
    assert is_same_type(declared, returned) is same


@pytest.mark.parametrize("column_type", ALL, ids=lambda column_type: column_type.name)
def test_each_type_by_its_name_and_its_number(column_type):
    assert find_type(column_type.name) is column_type is type_of_oid(column_type.oid)


def test_no_two_types_have_one_number():
    assert len({column_type.oid for column_type in ALL}) == len(ALL)
    assert types.BECOMES_BY_OID == {790: 1700}
    assert all(type_of_oid(oid) is None and type_of_oid(target) for oid, target in types.BECOMES_BY_OID.items())


def test_numbers_and_their_units():
    assert {column_type.name: column_type.unit for column_type in types.NUMBERS if column_type.unit} == {
        "interval": "s",
        "pg_lsn": "bytes",
    }
    assert {column_type.name for column_type in types.NUMBERS} == {
        "smallint",
        "integer",
        "bigint",
        "real",
        "double precision",
        "numeric",
        "boolean",
        "interval",
        "pg_lsn",
        "xid8",
    }


def test_every_number_but_a_truth_value_has_a_rate():
    assert [column_type.name for column_type in types.NUMBERS if not column_type.has_rate] == ["boolean"]
    assert not any(column_type.has_rate for column_type in ALL if column_type.number is None)


def test_only_json_can_not_be_grouped():
    assert [column_type.name for column_type in ALL if not column_type.groupable] == ["json"]


def test_a_number_and_a_hash_are_sql_of_one_value():
    for column_type in ALL:
        assert column_type.hashed.count("{name}") == 1
        assert column_type.number is None or "{value}" in column_type.number
