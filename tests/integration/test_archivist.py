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
    database.server.shell("cp --archive {0}/postgresql.conf {0}/conf.d/tests.conf /root/".format(path))
    start = started(database)
    yield path
    database.server.shell("cp --archive /root/postgresql.conf {0}/ && rm -f {0}/conf.d/[pz]*.conf".format(path))
    database.server.shell("cp --archive /root/tests.conf {0}/conf.d/ && systemctl start postgresql".format(path))
    wait_until(lambda: database.server.shell("pg_isready --quiet && echo ready || true"), "PostgreSQL starts")
    database.sql("ALTER SYSTEM RESET ALL")
    if started(database) != start:
        restart(database)
    database.sql("SELECT pg_reload_conf()")


def play(tmp_path: Path, database: Database, fails: bool = False, **variables: Any) -> str:
    """Run the role where it may restart PostgreSQL, and return all that Ansible prints."""
    host = {"ansible_connection": "podman_pipelined", "ansible_python_interpreter": "/usr/bin/python3"}
    host.update(powa_database=database.name, powa_stats_extensions=["pg_qualstats"], powa_restart_postgresql=True)
    host.update(variables)
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


@pytest.fixture
def lacking(database: Database, settings: str) -> Database:
    """A database of a running server that has not loaded what PoWA needs."""
    database.server.shell("sed -i '/^{0}/d' {1}/conf.d/tests.conf".format(LIBRARIES, settings))
    restart(database)
    assert database.value("SHOW " + LIBRARIES) == ""
    return database


def loaded(database: Database) -> str:
    return str(database.value("SHOW " + LIBRARIES))


def test_a_running_server_is_restarted_by_its_owner(lacking: Database, tmp_path: Path) -> None:
    start = started(lacking)
    pending = (
        "shared_preload_libraries needs a restart of PostgreSQL, but powa_restart_postgresql is not true: restart it"
    )
    assert pending in play(tmp_path, lacking, powa_restart_postgresql=None)
    assert configured(lacking) == "pg_stat_statements,pg_qualstats"
    again = play(tmp_path, lacking, powa_restart_postgresql=None)
    assert pending in again and "changed=0" in again
    assert started(lacking) == start and loaded(lacking) == ""
    restart(lacking)
    start = started(lacking)
    assert "needs a restart" not in play(tmp_path, lacking, powa_restart_postgresql=None)
    assert "changed=0" in play(tmp_path, lacking, powa_restart_postgresql=None)
    assert started(lacking) == start and loaded(lacking) == "pg_stat_statements,pg_qualstats"


def test_one_restart_by_the_command_that_the_user_names(lacking: Database, tmp_path: Path) -> None:
    command = "sh -c 'echo restarted >> /root/restarts; systemctl restart postgresql'"
    lacking.server.shell("rm -f /root/restarts")
    play(tmp_path, lacking, powa_restart_command=command)
    assert loaded(lacking) == "pg_stat_statements,pg_qualstats"
    start = started(lacking)
    assert "changed=0" in play(tmp_path, lacking, powa_restart_command=command)
    assert started(lacking) == start and lacking.server.shell("cat /root/restarts") == "restarted"


def test_a_server_that_does_not_come_back_fails_with_the_end_of_its_log(lacking: Database, tmp_path: Path) -> None:
    printed = play(tmp_path, lacking, fails=True, powa_restart_command="systemctl stop postgresql", powa_restart_wait=4)
    assert "PostgreSQL did not come back from its restart as it should" in printed
    assert "LOG: database system is shut down" in printed and "No further server is restarted in this run" in printed
    lacking.server.shell("systemctl start postgresql")


def test_a_restart_without_effect_fails(lacking: Database, tmp_path: Path) -> None:
    printed = play(tmp_path, lacking, fails=True, powa_restart_command="true")
    assert "PostgreSQL was restarted, and still does not have what needed it: shared_preload_libraries" in printed
