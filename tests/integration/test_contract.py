# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every module, one case each: the oracle is pg_dump and plain SQL, never a module."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, ContextManager, Dict, Iterator

import pytest
from datasources import AWKWARD, LOCK_MODES
from handwritten import APP_INVOICES, APP_ORDERS, with_transient_tables, write_by_hand
from servers import ROOT, Database, ModuleResult, run_new_python, running_collector

#: Makes the last write of a task fail, on the server's side.
BREAK = """
    CREATE FUNCTION refuse() RETURNS {kind} LANGUAGE plpgsql AS $$
    BEGIN {condition} RAISE EXCEPTION 'refused by the test'; {end} END $$
"""


@dataclass
class Case:
    """One task of a module.

    :param again: whether a second run changes something, too
    :param beside: what has to run beside the task
    :param refusal: statements after which a late write of the task fails; empty where it writes nothing itself
    """

    params: Dict[str, Any]
    prepare: Callable[[Database], None]
    refusal: Any = ()
    again: bool = False
    beside: Callable[[Database], ContextManager[None]] = lambda database: _nothing()


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _collector_without_the_second_server(database: Database) -> Iterator[None]:
    options = {"username": "postgres", "dbname": database.name, "frequency": 5}
    database.ok("servers", servers=[dict(options, hostname="127.0.0.1")])
    with running_collector(database):
        database.ok("collector", timeout=60)
        database.ok("servers", servers=[dict(options, hostname="localhost")])
        yield


def _on_command(condition: str) -> Any:
    return (
        BREAK.format(
            kind="event_trigger",
            condition="IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE {0}) THEN".format(condition),
            end="END IF;",
        ),
        "CREATE EVENT TRIGGER refuse ON ddl_command_end EXECUTE FUNCTION refuse()",
    )


def _register_and_write(database: Database) -> None:
    database.register("one")
    with_transient_tables(database, "app_orders", "app_invoices")


#: The table of the registry that has rows for each server: PoWA 5 has the name of PoWA 4's for a view.
_ON_REGISTRATION = """
    DO $$ BEGIN EXECUTE pg_catalog.format('CREATE TRIGGER refuse AFTER INSERT ON %s FOR EACH ROW'
        ' WHEN (to_jsonb(NEW)::text LIKE ''%%app_invoices%%'') EXECUTE FUNCTION refuse()',
        coalesce(to_regclass('powa_extension_config'), 'powa_functions')); END $$
"""

CASES = {
    "extensions": Case(
        {"extensions": [{"name": "pg_qualstats"}, {"name": "pg_wait_sampling"}]},
        lambda database: None,
        _on_command("object_identity = 'pg_wait_sampling'"),
    ),
    "datasources": Case(
        {"server_kind": ["repository", "remote"], "monitoring_role": "powa", "datasources": [LOCK_MODES, AWKWARD]},
        lambda database: database.register("one") and None,
        _on_command("object_identity LIKE '%powa_awkward_reset%'"),
    ),
    "servers": Case(
        {"servers": [{"hostname": "new"}, {"hostname": "one", "alias": "other", "extensions": ["pg_qualstats"]}]},
        lambda database: database.register("one") and None,
        (
            BREAK.format(kind="trigger", condition="IF NEW.alias = 'other' THEN", end="END IF; RETURN NEW;"),
            "CREATE TRIGGER refuse AFTER UPDATE ON powa_servers FOR EACH ROW EXECUTE FUNCTION refuse()",
        ),
    ),
    "snapshot": Case(
        {"servers": ["one"]},
        lambda database: database.arrived("one") and None,
        (
            BREAK.format(kind="trigger", condition="", end=""),
            "CREATE TRIGGER refuse AFTER UPDATE ON powa_snapshot_metas FOR EACH ROW EXECUTE FUNCTION refuse()",
        ),
        again=True,
    ),
    "transient_tables": Case(
        {
            "tables": [{"query_source": "app_orders_src"}, {"query_source": "app_invoices_src"}],
            "collector_role": "powa_collector",
        },
        lambda database: write_by_hand(database, "app_orders", "app_invoices"),
        _on_command("object_identity LIKE '%app_invoices_src_tmp'"),
    ),
    "functions": Case(
        {"datasources": [dict(APP_ORDERS, servers=["one", "local"]), APP_INVOICES]},
        _register_and_write,
        (BREAK.format(kind="trigger", condition="", end=""), _ON_REGISTRATION),
    ),
    # No trigger fires for roles. PostgreSQL refuses that two are members of each other.
    "login_roles": Case(
        {
            "roles": [
                {"name": "contract_one", "password": "planted.3Hq1", "member_of": ["refused by the test"]},
                {"name": "refused by the test"},
            ]
        },
        lambda database: database.sql('DROP ROLE IF EXISTS contract_one, "refused by the test"') and None,
        ('CREATE ROLE contract_one; CREATE ROLE "refused by the test"; GRANT contract_one TO "refused by the test"',),
    ),
    "collector": Case({"timeout": 60}, lambda database: None, beside=_collector_without_the_second_server),
}

#: Modules that write nothing in any mode, and the parameters of a task.
READ_ONLY: Dict[str, Dict[str, Any]] = {
    "history_info": {},
    "sample_info": {"monitoring_role": "powa", "datasources": [LOCK_MODES]},
    "server_info": {
        "monitoring_role": "powa",
        "collector_timeout": 1,
        "datasources": [LOCK_MODES],
        "remote_results": [{"server": "one", "datasources": [{"name": "lock_modes", "rows": 8}]}],
    },
}

#: Modules that work on a host and not in a database, each with a file of tests of its own.
WITHOUT_DATABASE = {"files": "test_files.py", "hba_rules": "test_hba_rules.py", "host_info": "test_host_info.py"}


def test_every_module_has_its_case() -> None:
    modules = sorted(path.stem for path in Path(ROOT, "plugins", "modules").glob("*.py"))
    assert sorted([*CASES, *READ_ONLY, *WITHOUT_DATABASE]) == modules
    assert all(Path(__file__).with_name(name).is_file() for name in WITHOUT_DATABASE.values())


def _ok(database: Database, module: str, check: bool = False, **params: Any) -> ModuleResult:
    """Run a module that is to succeed in a new Python, exactly as a host would."""
    result = run_new_python(module, dict(database.login, **params), check)
    assert not result.failed, result["msg"]
    return result


@pytest.mark.parametrize("module", sorted(CASES))
def test_the_contract(database: Database, module: str) -> None:
    case = CASES[module]
    case.prepare(database)
    with case.beside(database):
        writes = bool(case.refusal)
        before = database.dump().read() if writes else None
        checked = _ok(database, module, check=True, **case.params)
        assert checked.changed == (checked.diff["before"] != checked.diff["after"])
        assert checked.changed
        assert not writes or database.dump() == before, "check mode wrote"

        real = _ok(database, module, **case.params)
        assert real.changed and real.diff == checked.diff
        after = database.dump() if writes else None
        assert not writes or after != before

        again = _ok(database, module, **case.params)
        assert again.changed == case.again
        if not case.again:
            assert again.diff == {"before": "", "after": ""}
            assert not writes or database.dump() == after, "a run without changes wrote"


@pytest.mark.parametrize("module", sorted(READ_ONLY))
def test_a_module_that_writes_nothing(database: Database, module: str) -> None:
    _register_and_write(database)
    # server_info asks the collector, and a notification takes a transaction number.
    before = database.dump().read()
    for check in (True, False):
        result = _ok(database, module, check=check, **READ_ONLY[module])
        assert not result.changed and result.get("diff") is None
    assert database.dump() == before


@pytest.mark.parametrize("module", sorted(name for name, case in CASES.items() if case.refusal))
def test_a_failing_write_leaves_nothing(database: Database, module: str) -> None:
    case = CASES[module]
    case.prepare(database)
    for statement in case.refusal:
        database.sql(statement)
    before = database.dump().read()
    result = database.run(module, **case.params)
    assert result.failed and "refused by the test" in result["msg"], result.result
    assert database.dump() == before
