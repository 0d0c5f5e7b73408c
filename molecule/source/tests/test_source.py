# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a build to packages and back: refused before anything is changed, until somebody has done what the run says."""

import os
import re
import subprocess
import time
from pathlib import Path

INVENTORY = Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent
PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
SERVER = "pgfleet-source-server"
PACKAGE = "postgresql-17-powa"
#: PoWA's files, all configuration, all packages, and what PostgreSQL runs with.
STATE = """
find /usr/lib/postgresql/*/lib/powa.so /usr/share/postgresql/*/extension/powa[.-]* /etc/postgresql \\
  /etc/systemd/system -type f -exec sha256sum {} + | sort
dpkg-query --show
runuser -u postgres -- psql -XAt --dbname=powa \\
  --command='SELECT pg_postmaster_start_time(), extversion FROM pg_extension WHERE extname = $$powa$$'
"""


def shell(script):
    command = ["podman", "exec", "--interactive", SERVER, "bash", "-e", "-s"]
    return subprocess.run(command, input=script, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def run(method):
    """Run site.yml, and return why the host is not finished, or an empty text, and whether the run has changed it."""
    done = subprocess.run(
        ["ansible-playbook", "--inventory", str(INVENTORY), "--extra-vars", "powa_install_method=" + method]
        + [str(PROJECT / "playbooks" / "site.yml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(PROJECT / ".collections"),
            ANSIBLE_FORCE_COLOR="0",
            ANSIBLE_NOCOLOR="1",
        ),
    )
    causes = re.findall(r'"msg": "\S+ is not finished: (.*)"\}$', done.stdout, re.MULTILINE)
    (changed,) = re.findall(r"^\S+\s+: ok=\d+\s+changed=(\d+)", done.stdout, re.MULTILINE)
    assert (done.returncode != 0) == bool(causes), done.stdout
    return "".join(causes), changed != "0"


def refused(method):
    before = shell(STATE)
    cause, changed = run(method)
    assert not changed and shell(STATE) == before
    return cause


def owner():
    """Return the package that owns powa.control, or an empty text."""
    return shell(
        "dpkg-query --search /usr/share/postgresql/17/extension/powa.control 2> /dev/null | cut -d: -f1 || true"
    )


def snapshots():
    """Return when the background worker took its last snapshot, if that had no errors."""
    query = "SELECT snapts FROM powa_snapshot_metas WHERE srvid = 0 AND errors IS NULL"
    return shell('runuser -u postgres -- psql -XAt --dbname=powa --command="{0}"'.format(query))


def test_a_build_and_a_package_never_overwrite_each_other():
    assert owner() == ""
    cause = refused("package")
    assert "powa_install_method is package, but PoWA 5.0.2 is there without a package" in cause, cause
    # The user does what the message says.
    patterns = re.search("or remove (.*), and let the playbook", cause).group(1).split(" and ")
    assert len(patterns) == 3, cause
    shell("rm " + " ".join(patterns))
    assert run("package") == ("", True) and owner() == PACKAGE
    assert run("package") == ("", False)

    cause = refused("source")
    assert "the build would overwrite files of package " + PACKAGE in cause, cause
    assert "divert each of them (dpkg-divert --local --no-rename --add FILE)" in cause
    shell(
        "for file in $(dpkg-query --listfiles {0} | grep '/powa[.-]'); do".format(PACKAGE)
        + " dpkg-divert --quiet --local --no-rename --add $file; done"
    )
    assert run("source") == ("", True)
    assert run("source") == ("", False)
    last, deadline = snapshots(), time.monotonic() + 60
    while snapshots() <= last:
        assert time.monotonic() < deadline
        time.sleep(0.5)
