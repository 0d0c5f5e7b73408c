# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cannot work says so in one sentence, and what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from datasources import COMMITS
from servers import ROOT, Database

MODULES = {
    "datasources": {"server_kind": ["repository"], "datasources": [COMMITS]},
    "servers": {"servers": [{"hostname": "a"}]},
    "extensions": {"extensions": [{"name": "btree_gist", "schema": "elsewhere"}]},
    "transient_tables": {"tables": [{"query_source": "app_src", "state": "absent"}]},
    "functions": {"datasources": [{"name": "app", "state": "absent"}]},
    "snapshot": {"servers": ["local"]},
    "collector": {"timeout": 2},
}


def one_sentence(message: str) -> None:
    assert "\n" not in message and len(message) < 400, message


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_server_there(database: Database, module: str) -> None:
    result = database.run(module, login_port=1, **MODULES[module])
    one_sentence(result["msg"])
    assert "port 1 cannot be reached as postgres" in result["msg"] and "check that PostgreSQL runs" in result["msg"]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_such_database(database: Database, module: str) -> None:
    result = database.run(module, login_db="nix", **MODULES[module])
    one_sentence(result["msg"])
    assert 'database "nix"' in result["msg"] and "create the database first" in result["msg"]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_wrong_password(database: Database, module: str) -> None:
    result = database.run(module, login_password="wrong.99", **MODULES[module])
    one_sentence(result["msg"])
    assert "check login_user, login_password" in result["msg"] and "wrong.99" not in result["msg"]


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"extensions"}))
def test_no_powa(bare_database: Database, module: str) -> None:
    result = bare_database.run(module, **MODULES[module])
    one_sentence(result["msg"])
    assert "has no extension powa: create it there (module pgfleet.powa.extensions)" in result["msg"]


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"collector"}))
def test_a_role_without_rights(database: Database, module: str) -> None:
    before = database.dump()
    result = database.run(module, login_user="nobody_special", **MODULES[module])
    assert database.dump() == before
    one_sentence(result["msg"])
    assert (
        'role "nobody_special" lacks a right that the task needs' in result["msg"]
        and "log in as a superuser" in result["msg"]
    )


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_driver(module: str) -> None:
    hidden = "import sys; sys.modules['psycopg2'] = None; import runpy; runpy.run_module({0!r}, run_name='__main__')"
    name = "ansible_collections.pgfleet.powa.plugins.modules." + module
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": MODULES[module]})
    done = subprocess.run(
        [sys.executable, "-c", hidden.format(name)],
        input=arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=dict(os.environ, PYTHONPATH=str(ROOT / ".collections")),
    )
    assert "the Python library psycopg2 is missing on this host: install it" in done.stdout, done.stderr
