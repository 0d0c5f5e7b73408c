# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/benchmarks.md, from the results."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import time
from importlib.metadata import version
from typing import Any, Mapping

from measured import Subject, shown
from servers import CONTAINERS, ROOT, SUITES

_WANTED = re.compile(r"(postgresql-\d+(-powa)?|powa-collector) ")

_TEXT = """\
# Benchmarks

<!-- Written by tests/bench/report.py: `make bench` does it when everything is measured. -->

    make bench                          # everything, into .bench/results.json and this page
    make bench BENCH=bulk_vs_loop       # one of them, into .bench/results.json

A ratio is ours divided by what it is compared with, both measured in the same run, in turns: below 1 ours is faster,
or smaller. What has a unit has nothing to compare with. Each is the median of its runs, and `make bench` fails when one
is over its limit. No test looks at a time.

| benchmark | median | limit | runs from - to | what is measured |
|---|---|---|---|---|
{rows}

The playbooks that ours is compared with are in `tests/bench`: `bulk_loop.yml`, `fleet_community.yml` and
`site_facts.yml`. What both sides of `bulk_*` and `fleet20_*` have written, rows and rights, has to be the same.

- Date: {date}
- Machine: {machine}
- Tools: {tools}
- Containers: {packages}
- `fleet300_first` and `fleet300_nochange` are what grows with the fleet, with Ansible's five forks. Installing
  packages and restarting PostgreSQL come on top, and depend on the hosts; so do a few tasks of each repository,
  collector and host of powa-web, which take what `site_nochange_vs_facts` takes
- The servers of `fleet20_*`, `remotes20_*` and `fleet300_remotes_*` are clusters of the host, with the packages of its
  container
"""


def document(subjects: Mapping[str, Subject], results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page, with a row for each subject."""
    return _TEXT.format(
        rows="\n".join(_row(name, subject, results[name]) for name, subject in subjects.items()),
        date=time.strftime("%Y-%m-%d", time.gmtime()),
        machine=_machine(),
        tools=_tools(),
        packages="; ".join(_packages(suite) for suite in SUITES.values()),
    )


def _row(name: str, subject: Subject, result: Mapping[str, Any]) -> str:
    unit = " " + subject.unit if subject.is_amount else ""
    number = len(result["runs"])
    runs = "{0} - {1} ({2} {3})".format(
        shown(min(result["runs"])), shown(max(result["runs"])), number, "run" if number == 1 else "runs"
    )
    limit = "" if subject.limit is None else "{0:g}".format(subject.limit)
    cells = ["`{0}`".format(name), shown(result["ratio"]) + unit, limit, runs, subject.what]
    return "| {0} |".format(" | ".join(cells))


def _machine() -> str:
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return "{0} cores ({1}) and {2:.0f} GiB of memory, {3}".format(os.cpu_count(), platform.machine(), memory, system)


def _tools() -> str:
    manifest = ROOT / ".collections" / "ansible_collections" / "community" / "postgresql" / "MANIFEST.json"
    return "Python {0}, ansible-core {1} and community.postgresql {2}".format(
        platform.python_version(),
        version("ansible-core"),
        json.loads(manifest.read_text())["collection_info"]["version"],
    )


def _packages(suite: str) -> str:
    """Return what a container of the tests has of PostgreSQL and PoWA."""
    image = _output(str(CONTAINERS / "image"), suite, "powa")
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${Version}\\n", "postgresql-[1-9]*", "powa-collector"]
    packages = _output(str(CONTAINERS / "podman"), "run", "--rm", image, *query).splitlines()
    return ", ".join(package for package in packages if _WANTED.match(package))


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
