# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that the roles get are enough for the real collector: it logs in as plain roles, and nothing fails."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, Iterator, List

import pytest
import yaml
from ansible_collections.pgfleet.powa.plugins.plugin_utils._rights import collector_rights, monitoring_rights
from handwritten import APP_ORDERS, SOURCE, with_transient_tables, write_by_hand
from servers import PASSWORD, ROOT, Database, Server, running_collector, wait_until
from test_functions import keep_errors, remote_of
from test_host_info import read, version_of

COLLECTOR, MONITOR, OTHER = "rights_collector", "rights_monitor", "rights_other"
#: What PoWA needs, in PoWA's database.
NEEDED = [{"name": "btree_gist"}, {"name": "pg_stat_statements"}]
STATS = ["pg_qualstats", "pg_stat_kcache", "pg_wait_sampling"]
TAKEN = "SELECT coalesce_seq FROM {0}powa_snapshot_metas WHERE srvid = %s"
CONTROL = "comment = 'for a test'\ndefault_version = '1.4.9'\n"
#: Where PoWA and the stats extensions are. PoWA 4 finds both only in schema public.
SCHEMAS = {"4": ("public", "public"), "5": ("monitoring", "stats")}

on_4_and_both_5 = pytest.mark.parametrize(
    "server", ["4", "5", "5-pg18"], ids="powa{0}".format, indirect=True, scope="session"
)


@pytest.fixture
def roles(server: Server) -> Iterator[None]:
    """Roles that somebody made, of which none has a right. They go after the databases, so it is the first fixture."""
    for name in (COLLECTOR, MONITOR, OTHER):
        server.sql("postgres", "CREATE ROLE {0} LOGIN PASSWORD %s".format(name), (PASSWORD,))
    yield
    server.sql("postgres", "DROP ROLE {0}, {1}, {2}".format(COLLECTOR, MONITOR, OTHER))


def lacking(database: Database, repository: bool = True) -> List[str]:
    """Return the statements of the roles, by what the module host_info reads."""
    seen = read(
        database.server.container,
        database=database.name,
        repository=repository,
        collector_role=COLLECTOR,
        monitoring_role=MONITOR,
    )
    assert seen["unseen"] == []
    rights = collector_rights(seen, COLLECTOR) if repository else []
    return rights + monitoring_rights(seen, MONITOR, True)


def grant(database: Database) -> None:
    """Grant what the roles lack in one go, as one run does."""
    for statement in lacking(database):
        database.sql(statement)
    assert lacking(database) == []


@contextmanager
def collecting(database: Database, srvid: int, schema: str = "public") -> Iterator[None]:
    """Run the collector until it has taken more snapshots, and see that it has complained of nothing."""
    taken = TAKEN.format(schema + ".")
    with running_collector(database, COLLECTOR):
        first = database.value(taken, (srvid,))
        wait_until(lambda: database.value(taken, (srvid,)) > first + 1, "snapshots are taken")
        yield
    log = database.server.shell("cat /root/collector-{0}/log".format(database.name))
    complaints = [line for line in log.splitlines() if any(word in line for word in ("WARNING", "ERROR", "CRITICAL"))]
    assert complaints == []


@pytest.mark.parametrize("role", ["remote", "repository"])
def test_a_run_grants_what_lacks_after_it_has_made_the_roles(role: str) -> None:
    tasks = yaml.safe_load((ROOT / "roles" / role / "tasks" / "access.yml").read_text())
    files = [task.get("ansible.builtin.include_role", {}).get("tasks_from") for task in tasks]
    (granting,) = [place for place, task in enumerate(tasks) if "community.postgresql.postgresql_query" in task]
    assert files.index("login") < files.index("again") < granting
    assert tasks[granting]["community.postgresql.postgresql_query"]["query"] == "{{ __%s.rights }}" % role


@on_4_and_both_5
def test_the_collector_needs_no_more_than_it_gets_wherever_powa_is(roles: None, bare_database: Database) -> None:
    database, (schema, stats) = bare_database, SCHEMAS[bare_database.powa]
    extensions = [*NEEDED, {"name": "powa", "schema": schema}, *({"name": name, "schema": stats} for name in STATS)]
    database.ok("extensions", extensions=extensions)
    # The schemas of the others are closed to all that have no right on them.
    database.sql("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    server: Dict[str, Any] = {"hostname": "127.0.0.1", "username": MONITOR, "dbname": database.name, "frequency": 5}
    srvid = database.ok("servers", servers=[dict(server, extensions=STATS)])["servers"][0]["srvid"]
    grant(database)

    table = "{0}.{1}".format(schema, "powa_extensions" if database.powa == "4" else "powa_extension_config")
    hypopg = "SELECT version FROM {0} WHERE srvid = %s AND extname = 'hypopg'".format(table)
    # It does not exist on this remote, so the collector deletes the row.
    database.sql("INSERT INTO {0} (srvid, extname, version) VALUES (%s, 'hypopg', '1')".format(table), (srvid,))
    with collecting(database, srvid, schema):
        assert database.sql(hypopg, (srvid,)) == []
        assert database.value("SELECT version FROM {0}.powa_servers WHERE id = %s".format(schema), (srvid,))
        assert database.value("SELECT count(*) FROM {0}.powa_statements WHERE srvid = %s".format(schema), (srvid,))
    metas = "SELECT errors FROM {0}.powa_snapshot_metas WHERE srvid = %s".format(schema)
    assert database.value(metas, (srvid,)) is None

    control = "/usr/share/postgresql/{0}/extension/hypopg.control".format(version_of(database.server))
    database.server.shell("cat > " + control, input=CONTROL)
    try:
        with collecting(database, srvid, schema):
            assert database.sql(hypopg, (srvid,)) == [("1.4.9",)]
    finally:
        database.server.shell("rm " + control)
    assert database.value(metas, (srvid,)) is None


def closed(database: Database, name: str) -> None:
    """Take from PUBLIC what a careful user takes."""
    database.sql("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    for function in ("src", "snapshot", "aggregate", "purge", "unregister"):
        database.sql(
            "DO $$ BEGIN IF to_regprocedure('{0}_{1}(integer)') IS NOT NULL THEN"
            " REVOKE ALL ON FUNCTION {0}_{1}(integer) FROM PUBLIC; END IF; END $$".format(name, function)
        )


def rights_of(database: Database, role: str, name: str) -> List[bool]:
    """Return whether a role may use the schema, call all functions and write to all tables of a datasource."""
    row = database.sql(
        "SELECT has_schema_privilege(%(role)s, 'public', 'USAGE'),"
        " (SELECT bool_and(has_function_privilege(%(role)s, p.oid, 'EXECUTE')) FROM pg_proc AS p"
        "  WHERE p.proname ~ %(functions)s AND p.pronargs = 1),"
        " (SELECT bool_and(has_table_privilege(%(role)s, c.oid, p)) FROM pg_class AS c,"
        "  unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p"
        "  WHERE c.relname ~ %(tables)s AND c.relkind = 'r')",
        {
            "role": role,
            "functions": "^{0}_({1})$".format(
                name, "src|snapshot|aggregate|purge" + ("|unregister" if database.powa == "4" else "")
            ),
            "tables": "^{0}_(src_tmp|history|called)$".format(name),
        },
    )[0]
    return list(row)


HISTORY = ["app_orders_history", "public.app_orders_called"]


def test_a_hand_written_datasource_is_collected_by_plain_roles(
    roles: None, bare_database: Database, make_database: Any
) -> None:
    database, remote = bare_database, make_database()
    database.ok("extensions", extensions=[*NEEDED, {"name": "powa"}])
    remote.sql(SOURCE.replace("{name}", "app_orders"))
    with_transient_tables(database, "app_orders")
    for each in (remote, database):
        closed(each, "app_orders")
    srvid = remote_of(database, remote)
    database.sql("UPDATE powa_servers SET username = %s WHERE id = %s", (MONITOR, srvid))
    grant(database)
    for statement in lacking(remote, repository=False):
        remote.sql(statement)
    # Without the module, the roles may do nothing with it.
    assert rights_of(database, COLLECTOR, "app_orders")[1:] == [False, False]
    on_remote = "SELECT has_function_privilege(%s, 'app_orders_src(integer)', 'EXECUTE')"
    assert not remote.value(on_remote, (MONITOR,))

    declared = dict(APP_ORDERS, tables=HISTORY)
    task: Dict[str, Any] = {"datasources": [declared], "collector_role": COLLECTOR}
    checked = database.ok("functions", check=True, **task)
    assert rights_of(database, COLLECTOR, "app_orders")[1:] == [False, False]
    made = database.ok("functions", **task)
    assert made.diff == checked.diff
    assert "change rights of role {0} on table public.app_orders_history".format(COLLECTOR) in made["changes"]
    assert rights_of(database, COLLECTOR, "app_orders") == [True, True, True]
    assert not database.ok("functions", **task).changed

    there: Dict[str, Any] = {"datasources": [APP_ORDERS], "server_kind": "remote", "monitoring_role": MONITOR}
    assert remote.ok("functions", **there)["changes"] == [
        "change rights of role {0} on function public.app_orders_src(integer)".format(MONITOR)
    ]
    assert remote.value(on_remote, (MONITOR,)) and not remote.ok("functions", **there).changed

    keep_errors(database)
    with collecting(database, srvid):
        wait_until(
            lambda: database.value("SELECT count(*) FROM app_orders_history WHERE srvid = %s", (srvid,)),
            "samples arrive",
        )
    assert database.sql("SELECT errors FROM seen") == [] and database.errors(srvid) is None

    # The role gets another name: the new one has every right, and the old one keeps its own.
    assert database.ok("functions", **dict(task, collector_role=OTHER)).changed
    assert rights_of(database, OTHER, "app_orders") == rights_of(database, COLLECTOR, "app_orders") == [True] * 3


def test_a_table_that_somebody_made_is_granted_without_being_taken_over(roles: None, bare_database: Database) -> None:
    database = bare_database
    database.ok("extensions", extensions=[*NEEDED, {"name": "powa"}])
    with_transient_tables(database, "app_orders")
    write_by_hand(database, "app_invoices")
    closed(database, "app_orders")
    task: Dict[str, Any] = {
        "tables": [{"query_source": "app_orders_src"}, {"query_source": "app_invoices_src"}],
        "collector_role": COLLECTOR,
        "monitoring_role": MONITOR,
    }
    assert database.ok("transient_tables", **task).changed and not database.ok("transient_tables", **task).changed
    for role, may_write in ((COLLECTOR, True), (MONITOR, False)):
        assert database.value("SELECT has_schema_privilege(%s, 'public', 'USAGE')", (role,))
        assert database.value("SELECT has_function_privilege(%s, 'app_orders_src(integer)', 'EXECUTE')", (role,))
        writes = "SELECT has_table_privilege(%s, 'app_orders_src_tmp', 'INSERT')"
        assert database.value(writes, (role,)) == may_write
    assert database.value("SELECT obj_description('app_orders_src_tmp'::regclass)") is None


def test_what_is_wrong_with_roles_and_tables(roles: None, database: Database) -> None:
    with_transient_tables(database, "app_orders")
    missing = dict(APP_ORDERS, tables=["gone", "nowhere.app_orders_history", ""])
    message = database.refused("functions", datasources=[missing], collector_role="nix")
    assert "tables[2]: it is empty or contains a zero byte" in message
    missing["tables"] = ["gone", "nowhere.app_orders_history"]
    message = database.refused("functions", datasources=[missing], collector_role=COLLECTOR)
    assert "tables[0]: found no table public.gone: create it, or correct the name" in message
    assert "tables[1]: found no table nowhere.app_orders_history" in message
    message = database.refused("functions", datasources=[APP_ORDERS], collector_role="nix", monitoring_role="nox")
    assert 'collector_role: role "nix" does not exist' in message
    assert 'monitoring_role: role "nox" does not exist' in message
    # A login that is no owner of the tables.
    closed(database, "app_orders")
    database.sql("GRANT USAGE ON SCHEMA public TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + OTHER)
    message = database.refused(
        "functions",
        datasources=[dict(APP_ORDERS, tables=HISTORY)],
        collector_role=COLLECTOR,
        login_user=OTHER,
    )
    assert (
        'collector_role: role "{0}" lacks DELETE, INSERT, SELECT, UPDATE on table public.app_orders_history, which'
        ' belongs to role "postgres", and the login may not grant that: log in as that role'.format(COLLECTOR)
    ) in message
