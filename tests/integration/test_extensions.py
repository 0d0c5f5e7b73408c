# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module extensions, in the order: check, plain SQL, run, plain SQL, run again, plain SQL."""

from __future__ import annotations

from typing import Dict, List

from servers import Database, wait_until

POWA = [{"name": "powa"}, {"name": "pg_stat_statements"}, {"name": "btree_gist"}]


def installed(database: Database) -> Dict[str, str]:
    return dict(database.sql("SELECT extname, extversion FROM pg_extension WHERE extname <> 'plpgsql'"))


def versions(database: Database, name: str) -> str:
    found = database.sql("SELECT default_version FROM pg_available_extensions WHERE name = %s", (name,))
    return str(found[0][0])


def test_in_the_order_of_dependencies(bare_database: Database) -> None:
    assert bare_database.ok("extensions", check=True, extensions=POWA).changed
    assert installed(bare_database) == {}

    result = bare_database.ok("extensions", extensions=POWA)
    assert installed(bare_database)["powa"] == versions(bare_database, "powa")
    assert set(installed(bare_database)) == {"powa", "pg_stat_statements", "btree_gist"}
    assert (
        bare_database.value("SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'powa'")
        == "public"
    )
    assert result["preload"] == ["pg_stat_statements"]
    assert not bare_database.ok("extensions", extensions=POWA).changed


def test_a_schema_is_made_and_an_extension_moved(bare_database: Database) -> None:
    schema_of = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'btree_gist'"
    bare_database.ok("extensions", extensions=[{"name": "btree_gist", "schema": "tools"}])
    assert bare_database.value(schema_of) == "tools"
    bare_database.ok("extensions", extensions=[{"name": "btree_gist", "schema": "public"}])
    assert bare_database.value(schema_of) == "public"


def test_a_database_without_the_schema_public(bare_database: Database) -> None:
    bare_database.sql("DROP SCHEMA public")
    for check in (True, False):
        result = bare_database.run("extensions", check=check, extensions=POWA)
        # The control file of PoWA 4 names the schema, and PostgreSQL makes it.
        without = ["pg_stat_statements", "btree_gist", *(["powa"] if bare_database.powa == "5" else [])]
        assert result.failed and sorted(result["problems"]) == sorted(
            'extension "{0}", schema: the database has no schema public, where PostgreSQL would create it:'
            " give a schema, which is created if it does not exist".format(name)
            for name in without
        )
    assert installed(bare_database) == {} and not bare_database.value("SELECT to_regnamespace('public')")
    with_schema = [dict(extension, schema="stats") for extension in POWA]
    if bare_database.powa == "4":
        message = bare_database.refused("extensions", extensions=with_schema)
        assert (
            'found "stats", and version {0} can be created in the schema "public" only'.format(
                versions(bare_database, "powa")
            )
            in message
        )
        with_schema[0]["schema"] = "public"
    assert bare_database.ok("extensions", extensions=with_schema).changed
    assert not bare_database.ok("extensions", extensions=with_schema).changed
    result = bare_database.run("extensions", extensions=[{"name": "powa", "schema": "elsewhere"}])
    assert result.failed and 'extension "powa", schema: found "elsewhere", but it is in the schema' in result["msg"]
    definition = {"name": "one", "query": "SELECT 1 AS n", "metrics": [{"name": "n", "type": "integer"}]}
    both = {"server_kind": ["repository", "remote"], "monitoring_role": "powa", "datasources": [definition]}
    bare_database.ok("servers", servers=[{"hostname": "one"}])
    assert bare_database.ok("datasources", **both).changed and not bare_database.ok("datasources", **both).changed
    bare_database.ok("history_info")
    bare_database.ok("server_info", monitoring_role="powa", collector_timeout=0)


def test_a_version_is_pinned_updated_and_otherwise_left(bare_database: Database) -> None:
    old = "4.1.3" if bare_database.powa == "4" else "5.0.1"
    pinned = [dict(extension, version=old) if extension["name"] == "powa" else extension for extension in POWA]
    bare_database.ok("extensions", extensions=pinned)
    assert installed(bare_database)["powa"] == old
    assert not bare_database.ok("extensions", extensions=POWA).changed
    latest = [{"name": "powa", "version": "latest"}]
    assert bare_database.ok("extensions", check=True, extensions=latest).changed
    assert installed(bare_database)["powa"] == old
    bare_database.ok("extensions", extensions=latest)
    assert installed(bare_database)["powa"] == versions(bare_database, "powa")
    message = bare_database.refused("extensions", extensions=[{"name": "powa", "version": old}])
    assert "there is no update path from it to {0}".format(old) in message


def test_from_powa_4_to_5_there_is_no_path(database: Database) -> None:
    found = installed(database)["powa"]
    other = "5.9.9" if database.powa == "4" else "6.0.0"
    folder = "$(pg_config --sharedir 2>/dev/null || ls -d /usr/share/postgresql/1?)/extension"
    database.server.shell("echo 'SELECT 1;' > {0}/powa--{1}.sql".format(folder, other))
    try:
        message = database.refused("extensions", extensions=[{"name": "powa", "version": other}])
    finally:
        database.server.shell("rm {0}/powa--{1}.sql".format(folder, other))
    assert "{0} is installed, and there is no update path from it to {1}".format(found, other) in message
    assert "history: drop" in message and "pg_dump" in message


def test_dropping(database: Database) -> None:
    message = database.refused("extensions", extensions=[{"name": "powa", "state": "absent"}])
    assert "dropping it would lose the data of its" in message
    absent = [{"name": "powa", "state": "absent", "history": "drop"}, {"name": "btree_gist", "state": "absent"}]
    database.ok("extensions", extensions=absent)
    assert set(installed(database)) == {"pg_stat_statements"}
    assert not database.ok("extensions", extensions=absent).changed


USERS = """
CREATE SCHEMA own;
CREATE VIEW own.servers AS SELECT id, hostname FROM powa_servers;
CREATE VIEW own.names AS SELECT hostname FROM own.servers;
CREATE TABLE own.notes (srvid integer, note text);
ALTER TABLE own.notes ADD CONSTRAINT of_a_server FOREIGN KEY (srvid) REFERENCES powa_servers (id);
CREATE FUNCTION own.count(powa_servers) RETURNS integer LANGUAGE sql AS 'SELECT 1';
"""
#: What of it goes with PoWA, in the words of pg_identify_object.
GOES = ["function own.count(public.powa_servers)", "table constraint of_a_server on own.notes", "view own.names"]


def objects(database: Database) -> List[str]:
    """Return what users have made, by plain SQL."""
    rows = database.sql(
        "SELECT 'view own.' || relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'own'::regnamespace"
        " UNION ALL SELECT format('table constraint %s on %s', conname, conrelid::regclass) FROM pg_constraint"
        " WHERE contype = 'f' AND connamespace = 'own'::regnamespace"
        " UNION ALL SELECT 'function own.count(public.powa_servers)' FROM pg_proc"
        " WHERE pronamespace = 'own'::regnamespace ORDER BY 1"
    )
    return [str(row[0]) for row in rows]


def test_what_a_cascade_takes_along(database: Database) -> None:
    database.sql(USERS)
    there = objects(database)
    assert there == [*GOES, "view own.servers"]
    absent = {"name": "powa", "state": "absent", "history": "drop"}
    message = database.refused("extensions", extensions=[absent])
    assert message.endswith(
        'extension "powa": other objects depend on it ({0}): drop these first, or give cascade: true to drop them as'
        " well".format(", ".join(there))
    )
    assert database.run("extensions", check=True, extensions=[absent])["msg"] == message

    absent["cascade"] = True
    checked = database.ok("extensions", check=True, extensions=[absent])
    assert objects(database) == there and "powa" in installed(database)
    done = database.ok("extensions", extensions=[absent])
    assert (checked["changes"], checked["diff"]) == (done["changes"], done["diff"])
    assert done["changes"] == ["remove " + name for name in there] + ["remove extension powa"]
    assert objects(database) == [] and "powa" not in installed(database)
    assert database.value("SELECT count(*) FROM own.notes") == 0
    assert not database.ok("extensions", extensions=[absent]).changed


def test_an_extension_that_another_one_requires_takes_its_history(database: Database) -> None:
    absent = {"name": "btree_gist", "state": "absent", "cascade": True}
    message = database.refused("extensions", extensions=[absent])
    assert "dropping it with cascade would lose the data of extension powa (" in message
    checked = database.ok("extensions", check=True, extensions=[dict(absent, history="drop")])
    done = database.ok("extensions", extensions=[dict(absent, history="drop")])
    assert checked["changes"] == done["changes"] == ["remove extension powa", "remove extension btree_gist"]
    assert set(installed(database)) == {"pg_stat_statements"}


def test_libraries_to_preload_and_a_pending_restart(bare_database: Database) -> None:
    database = bare_database
    stats = [{"name": "pg_stat_kcache"}, {"name": "pg_stat_statements"}]
    result = database.ok("extensions", extensions=stats)
    assert result["preload"] == ["pg_stat_statements", "pg_stat_kcache"]
    assert (result["preload_missing"], result["restart_required"]) == ([], False)
    path = database.value("SELECT current_setting('data_directory')")
    database.sql("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
    try:
        assert database.ok("extensions", extensions=stats)["preload_missing"] == ["pg_stat_kcache"], path
    finally:
        database.sql("ALTER SYSTEM RESET shared_preload_libraries")
        wait_until(lambda: database.value("SELECT pg_reload_conf()"), "the configuration is read again")


def test_what_the_server_does_not_have(bare_database: Database) -> None:
    wrong = [
        {"name": "nix"},
        {"name": "btree_gist", "version": "99"},
        {"name": "powa"},
        {"name": "powa"},
    ]
    message = bare_database.refused("extensions", extensions=wrong)
    assert 'extension "nix": this server does not have it' in message
    assert 'extension "btree_gist", version: found "99"' in message
    assert 'extension "powa": it is in the list twice' in message
    message = bare_database.refused("extensions", extensions=[{"name": "powa"}])
    assert "it requires pg_stat_statements, btree_gist, which this database would not have" in message
