# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions of a datasource that PoWA calls."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils.examples import (
    LATER_POWA_5,
    LOCAL,
    POWA_4,
    POWA_5,
    REPOSITORY,
    catalog_of,
    definition,
    wanted,
)


def functions(side=REPOSITORY, archivist=POWA_4, before=None, **changes):
    catalog = catalog_of(wanted(definition(**before), side, archivist)) if before is not None else None
    entry = wanted(definition(**changes), side, archivist, catalog)
    return {made.name[len("powa_locks_") :]: made for made in entry.objects if made.kind == "function"}


def body(operation, **changes):
    return " ".join(functions(**changes)[operation].body.split())


def test_a_function_for_each_operation_of_this_powa():
    assert list(functions())[1:6] == ["snapshot", "aggregate", "purge", "reset", "unregister"]
    assert list(functions(archivist=POWA_5))[1:5] == ["snapshot", "aggregate", "purge", "reset"]


def test_only_unregister_returns_something():
    returned = {name: made.returns for name, made in list(functions().items())[1:6]}
    assert returned.pop("unregister") == "boolean" and set(returned.values()) == {"void"}


def test_they_look_up_names_where_nobody_else_makes_any_and_the_collector_may_call_them():
    snapshot = functions()["snapshot"]
    assert (snapshot.search_path, snapshot.execute) == ("pg_catalog, pg_temp", ("coll",))


def test_a_snapshot():
    insert = (
        ' INSERT INTO "public"."powa_locks_history_current" (srvid, "mode", record)'
        ' SELECT _srvid, s."mode", ROW(s.ts, "s"."held")::"public"."powa_locks_history_record" FROM'
    )
    text = body("snapshot")
    assert insert + ' "public"."powa_locks_src_tmp" AS s WHERE s.srvid = _srvid;' in text
    assert (
        insert + ' pg_catalog.unnest(taken.samples) AS s (ts timestamp with time zone, "mode" text, "held" bigint);'
        in text
    )


def test_a_snapshot_keeps_only_the_rows_of_a_query_that_it_runs():
    assert (
        'ROW(r.ts, "r"."mode", "r"."held")) AS samples INTO taken FROM "public"."powa_locks_run"(_srvid) AS r;'
        " RAISE EXCEPTION USING ERRCODE = 'PWROW';" in body("snapshot")
    )


def test_two_snapshots_do_not_run_at_once():
    for operation in ("snapshot", "aggregate", "purge"):
        assert 'FROM "public".powa_snapshot_metas AS m WHERE m.srvid = _srvid FOR UPDATE NOWAIT' in body(operation)
        assert 'PERFORM "PoWA".powa_prevent_concurrent_snapshot(_srvid);' in body(operation, archivist=POWA_5)


def test_a_snapshot_of_databases_takes_what_the_collector_has_copied():
    text = body("snapshot", archivist=POWA_5, scope="database")
    assert 'SELECT _srvid, s."dbid", s."mode", ROW' in text
    assert 'FROM "PoWA"."powa_locks_src_tmp" AS s WHERE s.srvid = _srvid' in text


def test_a_metric_that_is_no_longer_declared_is_null():
    two = [{"name": "held", "type": "bigint"}, {"name": "gone", "type": "integer"}]
    assert 'ROW(s.ts, "s"."held", NULL::integer)' in body("snapshot", before={"metrics": two})


def test_only_a_local_snapshot_cleans_up_itself():
    assert 'PERFORM "public"."powa_locks_run_cleanup"(_srvid);' in body(
        "snapshot", side=LOCAL, query_cleanup="SELECT 1"
    )
    assert "cleanup" not in body("snapshot", side=LOCAL)


def test_an_aggregate_groups_by_all_keys():
    assert body("aggregate").count('c."mode"') == 2
    assert "GROUP BY c.srvid;" in body("aggregate", keys=[])


def test_an_aggregate_groups_by_the_text_of_what_it_can_only_hash_beside_what_it_can_only_sort():
    xid, bit = {"name": "x", "type": "xid"}, {"name": "b", "type": "bit"}
    assert 'GROUP BY c.srvid, c."x";' in body("aggregate", keys=[xid])
    assert 'GROUP BY c.srvid, c."b";' in body("aggregate", keys=[bit])
    text = body("aggregate", keys=[xid, bit])
    assert 'SELECT c.srvid, (c."x"::pg_catalog.text)::xid, c."b", pg_catalog.tstzrange(' in text
    assert 'GROUP BY c.srvid, c."x"::pg_catalog.text, c."b";' in text


def test_the_extremes_are_those_of_metrics_that_have_them():
    text = body("aggregate", metrics=[{"name": "held", "type": "bigint"}, {"name": "on", "type": "boolean"}])
    assert 'ROW(min((c.record).ts), min((c.record)."held"))' in text
    assert 'ROW(max((c.record).ts), max((c.record)."held"))' in text


def test_a_datasource_of_an_extension_is_kept_as_long_as_the_extension():
    assert "_retention( _srvid, 'x'::pg_catalog.text, 'extension'" in body(
        "purge", archivist=LATER_POWA_5, extension="x"
    )
    assert "( _srvid, 'locks'::pg_catalog.text, 'db_module'" in body("purge", archivist=LATER_POWA_5, scope="database")


def test_unregister_takes_the_name_of_the_registry():
    assert "WHERE f.module = 'x'" in body("unregister", extension="x")


def test_a_reset_empties_all_three_tables():
    assert body("reset").count("DELETE FROM") == 3


def test_the_definition_is_in_one_comment():
    for scope, holder in (("cluster", "src"), ("database", "snapshot")):
        made = functions(archivist=POWA_5, scope=scope)
        assert [name for name, function in made.items() if "{" in function.comment] == [holder]
