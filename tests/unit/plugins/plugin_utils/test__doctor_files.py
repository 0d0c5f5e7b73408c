# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that the doctor writes, whose they are, and what the plugin of Nagios makes of one."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.pgfleet.powa.plugins.filter.doctor_files import doctor_files as filtered
from ansible_collections.pgfleet.powa.plugins.plugin_utils import _doctor_files
from ansible_collections.pgfleet.powa.plugins.plugin_utils._doctor_files import doctor_files

PLUGIN = Path(__file__).parents[4] / "roles" / "doctor" / "files" / "check_powa.py"
NOW = 1800000000
LINE = "POWA CRITICAL - 1 servers, 1 problem: 1 snapshot_late"
FINDINGS = {
    "state": {"code": 2, "word": "CRITICAL", "line": LINE},
    "problems": [{"server": "one", "problem": "it is late", "kind": "snapshot_late"}],
    "servers": [],
    "not_visible": [],
    "table": [],
}
VARIABLES = {
    "powa_doctor_json": "/j",
    "powa_doctor_metrics": "/m.prom",
    "powa_doctor_host": "",
    "powa_doctor_group": "",
}


def files(now=NOW, **variables):
    return doctor_files(FINDINGS, {}, {**VARIABLES, **variables}, now)


def test_which_files():
    assert [file["path"] for file in files()] == ["/j", "/m.prom"]
    assert files(powa_doctor_json="", powa_doctor_metrics="") == []
    assert filtered(FINDINGS, {}, VARIABLES, None, NOW) == files()
    assert json.loads(files()[0]["content"]) == {
        "created": "2027-01-15T08:00:00+00:00",
        **{name: FINDINGS[name] for name in ("state", "problems", "servers", "not_visible")},
    }


def test_whose_they_are():
    of_files = [(file["owner"], file["group"], file["mode"]) for file in files(powa_doctor_host="m")]
    assert of_files == [("root", "root", "0640"), ("root", "root", "0644")]
    assert {file["group"] for file in files(powa_doctor_host="m", powa_doctor_group="nagios")} == {"nagios"}
    on_controller = files(powa_doctor_group="nagios")
    assert {(file["owner"], file["group"]) for file in on_controller} == {(getpass.getuser(), "nagios")}


def test_an_account_without_a_name(monkeypatch):
    monkeypatch.setattr(_doctor_files.os, "geteuid", lambda: 4000001)
    assert files()[0]["owner"] == "4000001"


def check(path, *options, **environment):
    done = subprocess.run(
        [sys.executable, str(PLUGIN), *options, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout + done.stderr


def test_the_plugin_prints_the_line_and_the_problems(tmp_path):
    path = tmp_path / "doctor.json"
    path.write_text(files(time.time())[0]["content"])
    assert check(path) == (2, LINE + "\none: it is late (snapshot_late)\n")
    for code in (0, 1):
        path.write_text(path.read_text().replace('"code": {0}'.format(2 - code), '"code": {0}'.format(1 - code)))
        assert check(path)[0] == 1 - code


def test_problems_that_nagios_or_its_encoding_would_not_take(tmp_path):
    path = tmp_path / "doctor.json"
    problem = {"server": "caf\u00e9\udc80", "problem": "no function a||b", "kind": "snapshot_errors"}
    found = dict(FINDINGS, state=dict(FINDINGS["state"], line="POWA | problems=1"), problems=[problem])
    path.write_text(doctor_files(found, {}, VARIABLES, time.time())[0]["content"])
    code, printed = check(path, PYTHONIOENCODING="ascii")
    assert code == 2, printed
    assert printed == "POWA | problems=1\ncaf\\xe9\\udc80: no function a//b (snapshot_errors)\n"


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"created": "x"}'])
def test_a_file_that_cannot_be_read_is_unknown(tmp_path, content):
    path = tmp_path / "doctor.json"
    if content is not None:
        path.write_text(content)
    code, printed = check(path)
    assert (
        code == 3 and printed.startswith("POWA UNKNOWN - cannot read {0}: ".format(path)) and printed.count("\n") == 1
    )


def test_an_old_file_and_wrong_options_are_unknown(tmp_path):
    path = tmp_path / "doctor.json"
    path.write_text(files(time.time() - 100)[0]["content"])
    assert check(path)[0] == 2
    code, printed = check(path, "--max-age", "60")
    assert code == 3 and "s ago, expected at most 60 s: see why it no longer runs" in printed
    assert check(path, "--max-age", "x")[0] == check(path, "--such")[0] == 3
