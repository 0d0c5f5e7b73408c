# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer
from ansible_collections.pgfleet.powa.plugins.module_utils._host.virtualenvs import read_virtualenvs
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, refuse, write

VENV = "/opt/powa-web"
PACKAGES = VENV + "/lib/python3.11/site-packages"


@pytest.fixture
def environment(tmp_path):
    write(tmp_path, "/usr/bin/python3.11").chmod(0o755)
    write(tmp_path, "/usr/bin/python3.13").chmod(0o755)
    write(tmp_path, PACKAGES + "/pip/__init__.py")
    write(tmp_path, PACKAGES + "/powa_web-4.2.1.dist-info/METADATA")
    write(tmp_path, PACKAGES + "/Zope.Interface-5.0.dist-info/METADATA")
    write(tmp_path, PACKAGES + "/odd.dist-info/METADATA")
    (tmp_path / VENV.lstrip("/") / "bin").mkdir()
    python = tmp_path / VENV.lstrip("/") / "bin" / "python3"
    python.symlink_to(tmp_path / "usr/bin/python3.11")
    return python


@pytest.mark.usefixtures("environment")
def test_a_working_environment_needs_no_process(tmp_path):
    host, programs = host_of(tmp_path)
    found = read_virtualenvs(host, [VENV, "/opt/none", "/usr/bin/python3.11"])
    assert list(found) == [VENV]
    assert not found[VENV].stale
    assert found[VENV].packages == {"powa-web": "4.2.1", "zope-interface": "5.0"}
    assert programs.calls == [] and host.unseen.sentences == ()


@pytest.mark.parametrize("target", ["python3.13", "python3.9"])
def test_after_an_upgrade_it_is_stale(tmp_path, environment, target):
    """Either the link's Python is newer, or it is gone."""
    environment.unlink()
    environment.symlink_to(tmp_path / "usr/bin" / target)
    host, _programs = host_of(tmp_path, python3=Answer(127, "", ""))
    found = read_virtualenvs(host, [VENV])[VENV]
    assert found.stale and found.packages == {}


@pytest.mark.parametrize(("status", "stale"), [(0, False), (1, True)])
def test_a_python_whose_name_tells_no_version_is_asked(tmp_path, environment, status, stale):
    environment.unlink()
    write(tmp_path, VENV + "/bin/python3").chmod(0o755)
    host, programs = host_of(tmp_path, python3=Answer(status, "", ""))
    assert read_virtualenvs(host, [VENV])[VENV].stale == stale
    assert programs.calls[0][0][1:] == ["-c", "import pip"]


def test_a_folder_without_python_is_not_stale(tmp_path):
    write(tmp_path, VENV + "/readme")
    host, _programs = host_of(tmp_path)
    assert not read_virtualenvs(host, [VENV])[VENV].stale


def test_what_cannot_be_read(tmp_path, monkeypatch, environment):
    host, _programs = host_of(tmp_path)
    refuse(monkeypatch, "listdir", VENV)
    assert read_virtualenvs(host, [VENV]) == {}
    assert host.unseen.sentences == ("the virtual environment /opt/powa-web: permission denied (run as root)",)
