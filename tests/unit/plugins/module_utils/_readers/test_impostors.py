# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of strangers as module server_info returns them."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.impostors import Impostor
from ansible_collections.pgfleet.powa.plugins.module_utils._readers.impostors import returned_impostors


def impostor(name, comment=None, kind="function", takes_name=True):
    return Impostor(name, comment, kind, "public." + name, "mallory", takes_name)


def returned(*impostors):
    return [(entry["object"], entry["datasource"]) for entry in returned_impostors(impostors, ["locks"])]


def test_what_is_returned():
    (found,) = returned_impostors([impostor("powa_locks_history", kind="materialized view")], ["locks"])
    assert found == {
        "object": "materialized view public.powa_locks_history",
        "owner": "mallory",
        "datasource": "locks",
        "drop": "DROP MATERIALIZED VIEW public.powa_locks_history",
    }


def test_a_name_or_a_mark_is_enough():
    assert returned(impostor("powa_locks_rate")) == [("function public.powa_locks_rate", "locks")]
    assert returned(impostor("x", "pgfleet.powa datasource locks: {}")) == [("function public.x", "locks")]
    assert returned(impostor("x", "pgfleet.powa datasource other")) == [("function public.x", None)]
    transient = impostor("x_src_tmp", "pgfleet.powa transient table of public.x_src", "table")
    assert returned(transient) == [("table public.x_src_tmp", None)]
    assert returned(impostor("powa_declared_servers", kind="view")) == [("view public.powa_declared_servers", None)]


def test_what_only_begins_like_ours_is_none():
    assert returned(impostor("powa_report"), impostor("powa_other_rate")) == []
    assert returned(impostor("powa_locks_rate", takes_name=False)) == []
