# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of site.yml whose inventory has only a part of the fleet, as a slice of a job or without a disabled host.

The hosts of the inventory are one container. Its collector connects to each remote by another name.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence

import pytest
import yaml
from servers import PASSWORD, ROOT, Database, run_playbook, running_server, wait_until

REMOTES = ["db1", "db2", "db3"]
HOSTS = [*REMOTES, "pg"]
GROUPS = {"powa_repositories": ["pg"], "powa_collectors": ["pg"], "powa_remotes": REMOTES}
SCRIPT = "#!/bin/sh\ncat << 'JSON'\n{0}\nJSON\n"
PASSWORD_FILE = "/etc/powa-collector.pgpass"
FREQUENCIES = "SELECT alias, frequency FROM powa_servers WHERE id > 0 ORDER BY 1"
EVERY = [(name, 300) for name in REMOTES]
#: What AWX gives to every job of a workflow, and so to every slice. It marks each text.
JOB = "".join(
    "!unsafe '{0}_{1}': !unsafe '{{{1}}}'\n".format(prefix, name)
    for prefix in ("awx", "tower")
    for name in ("job_template_name", "workflow_job_name")
)


class Run:
    """A run of site.yml."""

    def __init__(self, folder: Path, database: Database, hosts: Sequence[str], *options: str, **variables: Any) -> None:
        inventory = folder / "inventory.sh"
        inventory.write_text(SCRIPT.format(json.dumps(listed(database, hosts, variables))))
        inventory.chmod(0o755)
        done = run_playbook("--inventory", str(inventory), *options, str(ROOT / "playbooks" / "site.yml"))
        self.output = re.sub(r"\s+", " ", done.stdout.replace('\\"', '"'))
        self.failed = done.returncode != 0
        print(done.stdout)


def listed(database: Database, hosts: Sequence[str], variables: Dict[str, Any]) -> Dict[str, Any]:
    """Return an inventory of some hosts with all groups, as a slice has them."""
    shared = {
        "ansible_connection": "podman_pipelined",
        "ansible_host": database.server.container,
        "ansible_python_interpreter": "/usr/bin/python3",
        "powa_database": database.name,
        "powa_stats_extensions": [],
        "powa_monitoring_password": PASSWORD,
        "powa_collector_password": PASSWORD,
        **variables,
    }
    inventory: Dict[str, Any] = {
        group: {"hosts": [name for name in names if name in hosts]} for group, names in GROUPS.items()
    }
    inventory["_meta"] = {"hostvars": {name: dict(shared, powa_host=name) for name in hosts}}
    return inventory


def slice_of(folder: Path, number: int, workflow: str = "Apply PoWA") -> List[Any]:
    """Return the hosts of one of three slices, and the options that name its job."""
    job = folder / "job.yml"
    job.write_text(JOB.format(job_template_name="Apply PoWA", workflow_job_name=workflow))
    return [sorted(HOSTS)[number::3], "--extra-vars", "@{0}".format(job)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A fleet after a run of site.yml."""
    with running_server("5", "-part") as server:
        server.shell("echo 127.0.0.1 {0} >> /etc/hosts".format(" ".join(HOSTS)))
        server.sql("postgres", "CREATE DATABASE powa TEMPLATE powa_template")
        database = Database(server, "powa")
        run = Run(tmp_path_factory.mktemp("first"), database, HOSTS, "--forks", "1")
        assert not run.failed, run.output
        yield database


def passwords(database: Database) -> List[str]:
    """Return the servers whose passwords the collector has."""
    return sorted(re.findall("^(db[0-9]):5432:", database.server.shell("cat " + PASSWORD_FILE), re.MULTILINE))


def has_snapshots(database: Database) -> bool:
    """Return whether each remote has had a snapshot without an error."""
    return not database.value(
        "SELECT count(*) FROM powa_snapshot_metas AS m JOIN powa_servers AS s ON s.id = m.srvid"
        " WHERE s.id > 0 AND s.frequency > 0 AND (m.snapts = '-infinity' OR cardinality(m.errors) > 0)"
    )


@pytest.mark.parametrize(("number", "options"), [(0, []), (1, []), (2, []), (0, ["--tags", "collectors"])])
def test_a_slice_of_a_job_changes_nothing(fleet: Database, number: int, options: List[str], tmp_path: Path) -> None:
    hosts, *job = slice_of(tmp_path, number)
    run = Run(tmp_path, fleet, hosts, *job, *options, powa_servers_exact=True)
    assert run.failed and 'this job is a slice of the job template "Apply PoWA"' in run.output
    assert "the inventory has problems" not in run.output
    assert fleet.sql(FREQUENCIES) == EVERY and passwords(fleet) == REMOTES


def test_a_job_of_a_workflow_is_no_slice(fleet: Database, tmp_path: Path) -> None:
    _hosts, *job = slice_of(tmp_path, 0, workflow="Every night")
    run = Run(tmp_path, fleet, HOSTS, *job, "--tags", "collectors")
    assert not run.failed and "changed=0" in run.output, run.output


def test_a_role_and_a_module_refuse_a_slice(fleet: Database, tmp_path: Path) -> None:
    hosts, *job = slice_of(tmp_path, 0)
    inventory = tmp_path / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": listed(fleet, hosts, {})["_meta"]["hostvars"]}}))
    exact = {"servers": [], "state": "exact", "login_db": fleet.name}
    for play, words in (
        ({"roles": ["pgfleet.powa.remote"]}, "is a slice of the job template"),
        ({"tasks": [{"pgfleet.powa.servers": exact}]}, 'found state "exact" in a slice of the job template'),
    ):
        (tmp_path / "play.yml").write_text(yaml.safe_dump([dict(play, hosts="all", gather_facts=False)]))
        done = run_playbook("--inventory", str(inventory), *job, str(tmp_path / "play.yml"))
        assert done.returncode != 0 and words in done.stdout.replace('\\"', '"'), done.stdout
    assert fleet.sql(FREQUENCIES) == EVERY


def test_a_server_that_the_inventory_lacks_keeps_its_password(fleet: Database, tmp_path: Path) -> None:
    run = Run(tmp_path, fleet, ["db1", "db3", "pg"], "--tags", "repositories,collectors")
    assert not run.failed and fleet.sql(FREQUENCIES) == EVERY, run.output
    assert passwords(fleet) == REMOTES
    checked = Run(tmp_path, fleet, ["db1", "db3", "pg"], "--tags", "repositories,collectors", "--check")
    again = Run(tmp_path, fleet, ["db1", "db3", "pg"], "--tags", "repositories,collectors")
    for run in (checked, again):
        assert not run.failed and not re.search("changed=[1-9]", run.output), run.output
    # Nobody has read the repository.
    alone = Run(tmp_path, fleet, ["db1", "db3", "pg"], "--limit", "pg", "--tags", "collectors")
    assert not alone.failed and passwords(fleet) == REMOTES
    # With the passwords that it has now.
    fleet.sql("UPDATE powa_servers SET frequency = 5 WHERE id > 0")
    fleet.sql("UPDATE powa_snapshot_metas SET snapts = '-infinity'")
    fleet.server.shell("systemctl restart powa-collector")
    wait_until(lambda: has_snapshots(fleet), "each remote has a snapshot")
    fleet.sql("UPDATE powa_servers SET frequency = 300 WHERE id > 0")


def test_exact_disables_only_as_many_servers_as_it_may(fleet: Database, tmp_path: Path) -> None:
    exact = {"powa_servers_exact": True}
    for options in (["--check"], []):
        run = Run(tmp_path, fleet, ["db2", "pg"], *options, **exact)
        assert run.failed and "would disable 2 of 3 servers (db1:5432, db3:5432)" in run.output, run.output
        assert "expected at most 1" in run.output and "powa_servers_exact_max" in run.output
        assert fleet.sql(FREQUENCIES) == EVERY and passwords(fleet) == REMOTES
    # The repository is refused before anything is changed anywhere.
    assert run.output.index("would disable 2 of 3") < run.output.index("Install and configure PoWA")
    run = Run(tmp_path, fleet, ["db1", "db2", "pg"], "--tags", "repositories,collectors", **exact)
    assert not run.failed and fleet.sql(FREQUENCIES) == [*EVERY[:2], ("db3", -1)], run.output
    assert passwords(fleet) == REMOTES[:2]
    run = Run(tmp_path, fleet, ["db1", "db2", "pg"], "--tags", "repositories,collectors", **exact)
    assert not run.failed and not re.search("changed=[1-9]", run.output), run.output
    more = dict(exact, powa_servers_exact_max="2")
    run = Run(tmp_path, fleet, ["pg"], "--tags", "repositories,collectors", **more)
    assert not run.failed and fleet.sql(FREQUENCIES) == [(name, -1) for name in REMOTES], run.output
    assert not passwords(fleet)
