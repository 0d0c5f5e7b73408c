# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role archivist on a server whose settings are in places that it did not choose: it restarts nothing in vain."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from servers import Database, run_playbook, wait_until

LIBRARIES = "shared_preload_libraries"
#: What prepare-server.sh has PostgreSQL preload.
LOADED = ["pg_stat_statements", "pg_stat_kcache", "pg_qualstats", "pg_wait_sampling", "powa"]


def folder(database: Database) -> str:
    return str(database.value("SELECT regexp_replace(current_setting('config_file'), '/[^/]*$', '')"))


def started(database: Database) -> Any:
    return database.value("SELECT pg_postmaster_start_time()")


def configured(database: Database) -> str:
    """Return what the files say that the next start preloads."""
    statement = "SELECT setting FROM pg_file_settings WHERE name = %s ORDER BY seqno DESC LIMIT 1"
    return str(database.value(statement, (LIBRARIES,)))


def restart(database: Database) -> None:
    database.server.shell("systemctl restart 'postgresql@*'")
    wait_until(lambda: database.server.shell("pg_isready --quiet && echo ready || true"), "PostgreSQL starts")


@pytest.fixture
def settings(database: Database) -> Iterator[str]:
    """The folder of PostgreSQL's configuration, which is restored afterwards."""
    path = folder(database)
    database.server.shell("cp --archive {0}/postgresql.conf /root/".format(path))
    start = started(database)
    yield path
    database.server.shell("cp --archive /root/postgresql.conf {0}/ && rm -f {0}/conf.d/[pz]*.conf".format(path))
    database.sql("ALTER SYSTEM RESET ALL")
    if started(database) != start:
        restart(database)
    database.sql("SELECT pg_reload_conf()")


def play(tmp_path: Path, database: Database, fails: bool = False) -> str:
    """Run the role, and return all that Ansible prints."""
    host = {"ansible_connection": "podman_pipelined", "ansible_python_interpreter": "/usr/bin/python3"}
    host.update(powa_database=database.name, powa_stats_extensions=["pg_qualstats"], powa_restart_postgresql=True)
    group = {"hosts": {database.server.container: host}}
    # Without a collector of its own, the remote is also its repository.
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"powa_remotes": group, "powa_repositories": group}))
    playbook = [{"hosts": "all", "gather_facts": False, "roles": ["pgfleet.powa.archivist"]}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(playbook))
    done = run_playbook("--inventory", str(tmp_path / "hosts.yml"), str(tmp_path / "play.yml"))
    assert (done.returncode != 0) == fails, done.stdout
    return " ".join(done.stdout.split())


def test_a_quoted_list_of_libraries_needs_no_restart(database: Database, settings: str, tmp_path: Path) -> None:
    play(tmp_path, database)
    quoted = ", ".join('"{0}"'.format(name) for name in [*LOADED, "auto_explain"])
    line = "{0} = '{1}'".format(LIBRARIES, quoted)
    database.server.shell("cat > {0}/conf.d/zz.conf".format(settings), input=line + "\n")
    restart(database)
    start = started(database)
    assert database.value("SHOW " + LIBRARIES) == quoted
    assert "changed=0" in play(tmp_path, database)
    assert started(database) == start and configured(database) == quoted


def test_alter_system_is_amended_where_it_decides(database: Database, settings: str, tmp_path: Path) -> None:
    start = started(database)
    database.sql("ALTER SYSTEM SET shared_preload_libraries = auto_explain")
    play(tmp_path, database)
    assert configured(database).replace(" ", "") == "auto_explain,pg_stat_statements,pg_qualstats"
    assert "changed=0" in play(tmp_path, database)
    assert started(database) == start


def test_a_line_that_overrides_powa_conf_is_named(database: Database, settings: str, tmp_path: Path) -> None:
    start = started(database)
    database.server.shell("echo \"shared_preload_libraries = 'auto_explain'\" >> {0}/postgresql.conf".format(settings))
    printed = play(tmp_path, database, fails=True)
    assert "shared_preload_libraries is set in {0}/postgresql.conf, line ".format(settings) in printed
    assert ", which PostgreSQL reads after {0}/conf.d/powa.conf: remove the setting there.".format(settings) in printed
    assert started(database) == start and "changed=0" in printed


def test_powa_conf_that_is_not_read_is_no_reason_to_restart(database: Database, settings: str, tmp_path: Path) -> None:
    start = started(database)
    database.server.shell("sed -i 's/^include_dir/#&/' {0}/postgresql.conf".format(settings))
    for _run in range(2):
        printed = play(tmp_path, database, fails=True)
        assert (
            "PostgreSQL does not read {0}/conf.d/powa.conf: include its folder in {0}/postgresql.conf".format(settings)
            in printed
        )
    assert started(database) == start
