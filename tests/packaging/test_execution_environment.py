# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs of the example project in the execution environment, which reach a fleet by SSH and by a remote's PostgreSQL.

ansible-builder makes the environment of execution-environment.yml as it is, but on a base image and with collections
that need neither a registry nor Galaxy.
"""

from __future__ import annotations

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from typing import Any, Dict, Iterator, List, Sequence

import pytest
import yaml
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import ROLES, Option, options_of
from awx_jobs import ENVIRONMENT, Project
from datasources import LOCK_MODES
from servers import CONTAINERS, NETWORK, PASSWORD, ROOT, Server, podman, running_server, wait_until

IMAGE = "localhost/pgfleet/execution-environment:{0}".format(NETWORK)
#: Other collections, and what is left out of them.
OTHERS: Dict[str, Sequence[str]] = {
    "community.postgresql": ["changelogs"],
    "community.general": ["changelogs", "plugins"],
    "awx.awx": ["images", "plugins", "test"],
}
INSTALLED = ROOT / ".collections" / "ansible_collections"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
INSTALL_SSH = """
set -e
export DEBIAN_FRONTEND=noninteractive
install='apt-get --quiet=2 install --yes --no-install-recommends openssh-server'
# The image has apt's lists, which may be old.
$install || { apt-get --quiet=2 update && $install; }
"""
#: A user as teams have one, with a key and sudo.
LET_IN = """
set -e
useradd --create-home --shell /bin/bash deploy
echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/deploy
install --directory --owner=deploy --mode=0700 ~deploy/.ssh
echo '{key}' > ~deploy/.ssh/authorized_keys
echo '{addresses}' >> /etc/hosts
"""


def tarballs(folder: Path) -> List[str]:
    """Return what to build collections from: the checkout, and copies of those of PyPI, which lack some files.

    Those whose plugins no job uses are without them, since a thousand files take long.
    """
    sources = [str(ROOT)]
    for name, unused in OTHERS.items():
        installed = INSTALLED.joinpath(*name.split("."))
        copytree(installed, folder / name, ignore=ignore_patterns("MANIFEST.json", "FILES.json", *unused))
        described = json.loads((installed / "MANIFEST.json").read_text())["collection_info"]
        galaxy = {field: value for field, value in described.items() if value}
        (folder / name / "galaxy.yml").write_text(yaml.safe_dump(galaxy))
        sources.append(str(folder / name))
    return sources


def build(folder: Path) -> None:
    """Build the execution environment."""
    (folder / "sources").mkdir()
    copy(ROOT / "execution-environment.yml", folder)
    run("ansible-galaxy", "collection", "build", "--output-path", str(folder), *tarballs(folder / "sources"))
    base = run(str(CONTAINERS / "image"), "trixie", "base").strip()
    # pip trusts whom this machine trusts.
    (folder / "pip.conf").write_text("[global]\ncert = /etc/pip.crt\n")
    volumes = ["--volume={0}:/etc/pip.crt:ro".format(CERTIFICATES)]
    volumes.append("--volume={0}:/etc/pip.conf:ro".format(folder / "pip.conf"))
    run(
        *("ansible-builder", "build", "--tag", IMAGE, "--context", str(folder / "context")),
        *("--file", str(folder / "execution-environment.yml"), "--verbosity", "3"),
        *("--build-arg", "EE_BASE_IMAGE=" + base),
        *("--build-arg", "ANSIBLE_GALAXY_CLI_COLLECTION_OPTS=--offline"),
        "--extra-build-cli-args=--layers=false " + " ".join(volumes),
    )


def run(*command: str) -> str:
    """Run a command that is to succeed, and return what it prints."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@dataclass
class Fleet:
    """A repository with the collector, a remote, and the key that opens both."""

    repository: Server
    remote: Server
    key: str

    @property
    def addresses(self) -> Dict[str, str]:
        """The addresses of the hosts by their names."""
        return {server.container: server.address for server in (self.repository, self.remote)}

    def sql(self, statement: str) -> List[Any]:
        """Return the rows of a statement on the repository."""
        return self.repository.sql("powa", statement)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two hosts with PostgreSQL and no database of PoWA, and the environment."""
    with ExitStack() as running, ThreadPoolExecutor() as threads:
        running.callback(podman, "rmi", "--ignore", IMAGE)
        building = threads.submit(build, tmp_path_factory.mktemp("build"))
        repository, remote = (running.enter_context(running_server("5", name)) for name in ("-repository", "-remote"))
        for server in (repository, remote):
            server.shell(INSTALL_SSH)
        key = repository.shell("ssh-keygen -q -t ed25519 -N '' -f /root/key && cat /root/key") + "\n"
        found = Fleet(repository, remote, key)
        addresses = "\n".join("{1} {0}".format(*each) for each in found.addresses.items())
        for server in (repository, remote):
            server.shell(LET_IN.format(key=repository.shell("cat /root/key.pub"), addresses=addresses))
        building.result()
        yield found


def as_text(option: Option) -> str:
    """Return the default of an option as a survey would pass it."""
    if isinstance(option.default, str):
        return option.default
    return "" if option.default is None else json.dumps(option.default)


#: The address of a host is its own, and passwords come with a credential.
NOT_GIVEN = {"powa_host", "powa_monitoring_password", "powa_collector_password"}
GIVEN = {
    name: option
    for roles in (ROLES, ("import", "awx", "try"))
    for name, option in options_of(roles).items()
    if name not in NOT_GIVEN
}
SECRETS = {
    "secret_powa_monitoring_password": PASSWORD,
    "secret_powa_collector_password": PASSWORD,
    # A field of the credential that nobody has filled in.
    "secret_powa_web_password": "",
}


@pytest.fixture
def project(fleet: Fleet, tmp_path: Path) -> Project:
    """The example project with variables of its own, and the remote as a new server."""
    made = Project(tmp_path / "job", IMAGE, fleet.key, fleet.addresses)
    inventory = made.folder / "inventory"
    (inventory / "hosts").write_text((inventory / "hosts").read_text() + fleet.remote.container + "\n")
    (inventory / "group_vars").mkdir()
    (inventory / "group_vars" / "all.yml").write_text("ansible_user: deploy\npowa_frequency: 20\n")
    (inventory / "group_vars" / "powa_remotes.yml").write_text("powa_pause_timeout: 59\n")
    return made


def test_jobs_of_the_example_project(fleet: Fleet, project: Project) -> None:
    # There is no repository to log in to before the first apply.
    plugin = project.folder / "inventory" / "fleet.powa.yml"
    kept = plugin.rename(project.folder / "fleet.powa.yml")
    found = json.loads(project.inventory().stdout)
    assert found["powa_remotes"]["hosts"] == [fleet.remote.container]
    # The answers of a survey are texts.
    answers = {**{name: as_text(option) for name, option in GIVEN.items()}, "powa_stats_extensions": "[]"}
    answers["powa_datasources"] = yaml.safe_dump([LOCK_MODES])
    answers["powa_frequency"] = "20"
    answers["powa_doctor_ignore"] = "inventory\nsnapshot_late"
    job = project.run("site.yml", found, **answers, **SECRETS)
    assert job.rc == 0, job.output
    assert fleet.sql("SELECT alias, frequency FROM powa_servers WHERE id > 0") == [(fleet.remote.container, 20)]
    made = "SELECT count(*) FROM pg_proc WHERE proname = 'powa_lock_modes_src'"
    assert fleet.remote.sql("powa", made) == fleet.sql(made) == [(1,)]

    kept.rename(plugin)
    found = updated(fleet, project)
    assert fleet.remote.container in found["powa_remotes"]["hosts"]
    assert found["powa_collectors"]["hosts"] == [fleet.repository.container]
    # Everything that a survey can ask, and nobody has answered.
    empty = {**dict.fromkeys(GIVEN, ""), "powa_stats_extensions": "[]", "powa_frequency": "20"}
    for options in (["--check", "--diff"], []):
        job = project.run("site.yml", found, *options, **empty, **SECRETS)
        assert job.rc == 0 and not re.search("changed=[1-9]", job.output), job.output
        assert job.artifacts["powa_lost"] == {}
    stored = "SELECT count(*) > 0 FROM powa_lock_modes_history_current"
    wait_until(lambda: fleet.sql(stored) == [(True,)], "a sample of the remote")
    job = project.run("doctor.yml", found, **empty, **SECRETS)
    assert job.rc == 0 and job.artifacts["powa_doctor"]["servers"] == 2, job.output
    assert job.artifacts["powa_doctor"]["kinds"] == {}
    job = project.run("report.yml", found, **empty, **SECRETS)
    assert job.rc == 0 and job.artifacts["powa_report"]["file"] == "/runner/project/powa-report.html", job.output
    report = (project.folder / "powa-report.html").read_text()
    assert all(name in report for name in fleet.addresses)

    # A remote without SSH takes psql and psycopg2 of the environment.
    fleet.remote.sql("postgres", "CREATE DATABASE cloud TEMPLATE powa_template")
    cloud = {"powa_managed": True, "powa_host": fleet.remote.address, "powa_login_password": PASSWORD}
    found["powa_remotes"]["hosts"].append("cloud")
    found["_meta"]["hostvars"]["cloud"] = {**cloud, "powa_database": "cloud", "powa_stats_extensions": []}
    job = project.run("site.yml", found, "--limit", "cloud", **SECRETS)
    assert job.rc == 0, job.output
    registered = fleet.sql("SELECT hostname, dbname FROM powa_servers WHERE alias = 'cloud'")
    assert registered == [(fleet.remote.address, "cloud")]
    assert PASSWORD not in project.printed() + report


def updated(fleet: Fleet, project: Project) -> Dict[str, Any]:
    """Return the inventory that AWX has after an update."""
    certificates = project.folder / "credential.pem"
    certificates.write_text("")
    login = {"POWA_LOGIN_HOST": fleet.repository.address, "POWA_LOGIN_PORT": "", "POWA_LOGIN_DB": ""}
    login.update(POWA_LOGIN_USER="postgres", POWA_LOGIN_PASSWORD=PASSWORD)
    login.update(POWA_LOGIN_CA_CERT="/runner/project/" + certificates.name)
    done = project.inventory(**login)
    assert done.returncode == 0, done.stderr
    # The host's own certificate, which is for another name.
    certificates.write_text(fleet.repository.shell("cat /etc/ssl/certs/ssl-cert-snakeoil.pem"))
    refused = project.inventory(**login)
    assert refused.returncode != 0 and "server certificate for" in refused.stderr, refused.stderr
    found: Dict[str, Any] = json.loads(done.stdout)
    assert found["powa_remotes"]["vars"] == {"powa_pause_timeout": 59}
    return found
