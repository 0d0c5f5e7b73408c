# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarts by the role archivist, by whom and how often. test_layouts.py has what keeps it from a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from servers import Database, run_playbook, wait_until

LIBRARIES = "shared_preload_libraries"


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


def test_a_build_and_a_package_do_not_overwrite_each_other(database: Database, tmp_path: Path) -> None:
    shell = database.server.shell
    version = shell("pg_lsclusters --no-header | awk '{print $1; exit}'")
    package, library = "postgresql-{0}-powa".format(version), "/usr/lib/postgresql/{0}/lib/powa.so".format(version)
    source = {"powa_install_method": "source", "powa_source": "/nowhere/powa.tar.gz"}
    printed = play(tmp_path, database, fails=True, **source)
    assert "the build would overwrite files of package {0} ({1}".format(package, library) in printed, printed
    assert "changed=0" in printed

    # As a build leaves them: the files are there, and dpkg knows nothing of them.
    shell("cp --archive /var/lib/dpkg /root/dpkg && dpkg-query --listfiles {0} > /root/files".format(package))
    shell("tar --create --file=/root/powa.tar --no-recursion --files-from=/root/files 2> /root/tar")
    shell("dpkg --force-depends --remove {0} && tar --extract --file=/root/powa.tar --directory=/".format(package))
    try:
        printed = play(tmp_path, database, fails=True)
        assert "is there without a package, as a build from source leaves it ({0}".format(library) in printed, printed
        assert "package {0} would overwrite it".format(package) in printed and "changed=0" in printed
    finally:
        shell("rm --recursive /var/lib/dpkg && mv /root/dpkg /var/lib/dpkg")
    assert "changed=0" not in play(tmp_path, database) and "changed=0" in play(tmp_path, database)
