# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module files as the roles run it: by ansible-playbook, on this machine."""

from __future__ import annotations

import grp
import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import yaml
from servers import PYTHONPATH, run_playbook
from test_playbooks import examples

OWNER = {"owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}
SECRET = "planted.5Ty1"


def play(folder: Path, tasks: List[Dict[str, Any]], *options: str, fails: bool = False) -> str:
    """Run tasks on this machine, and return all that Ansible prints."""
    playbook = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    playbook[0]["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    (folder / "play.yml").write_text(yaml.safe_dump(playbook, sort_keys=False))
    done = run_playbook("--inventory", "localhost,", *options, str(folder / "play.yml"))
    assert (done.returncode != 0) == fails, done.stdout
    return done.stdout


def file(path: Path, content: str, **changes: Any) -> Dict[str, Any]:
    return {"path": str(path), "content": content, "mode": "0600", **OWNER, **changes}


def task(*files: Dict[str, Any], **keywords: Any) -> List[Dict[str, Any]]:
    return [{"pgfleet.powa.files": {"files": list(files)}, **keywords}]


def contents(folder: Path) -> Dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir()) if path.is_file()}


def test_the_examples_of_the_documentation_run(tmp_path: Path) -> None:
    try:
        printed = play(tmp_path, examples("modules", "files"), "--diff")
        assert "write /tmp/pgfleet-example/powa.conf" in printed
        assert "+powa.frequency = '300s'" in printed and "db1.example.com" not in printed
        assert list(Path("/tmp/pgfleet-example").iterdir()) == []
    finally:
        subprocess.run(["rm", "-rf", "/tmp/pgfleet-example"], check=True)


def test_check_mode_shows_the_same_diff_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    tasks = task(
        dict(file(folder, ""), state="directory", mode="0755"),
        file(folder / "first", "one\ntwo\n"),
        file(folder / "second", "ä\n"),
        file(tmp_path / "old", "", state="absent"),
        file(tmp_path / "mode", "kept text\n"),
    )
    (tmp_path / "old").write_text("three\n")
    (tmp_path / "mode").write_text("kept text\n")
    (tmp_path / "mode").chmod(0o644)

    checked = play(tmp_path, tasks, "--check", "--diff")
    assert not folder.exists() and (tmp_path / "old").exists()
    for line in ("+one", "+ä", "-three", "+++ after: {0}/first".format(folder)):
        assert line in checked
    assert "-{owner}:{group} 0644".format(**OWNER) in checked and "+{owner}:{group} 0600".format(**OWNER) in checked
    assert "kept text" not in checked

    assert play(tmp_path, tasks, "--diff") == checked
    assert contents(folder) == {"first": "one\ntwo\n", "second": "ä\n"}
    assert not (tmp_path / "old").exists() and (tmp_path / "mode").stat().st_mode & 0o777 == 0o600
    again = play(tmp_path, tasks, "--diff")
    assert "changed=0" in again and "+++" not in again


def test_a_secret_is_in_no_diff_and_no_output(tmp_path: Path) -> None:
    path = tmp_path / "pgpass"
    quiet = file(path, SECRET, no_diff=True)
    shown = file(tmp_path / "other", "shown\n")
    printed = play(tmp_path, task(quiet, shown), "--diff", "-vvv")
    assert SECRET not in printed and "+shown" in printed
    assert path.read_text() == SECRET
    path.write_text(SECRET + "old")
    assert SECRET not in play(tmp_path, task(quiet), "--diff", "-vvv")
    path.write_text(SECRET + "old")
    assert SECRET not in play(tmp_path, task(file(path, SECRET), diff=False), "--diff", "-vvv")
    assert path.read_text() == SECRET


def test_nothing_is_written_if_one_file_is_wrong(tmp_path: Path) -> None:
    wrong = task(file(tmp_path / "good", "x"), file(tmp_path / "no" / "a", "x"), {"path": "b", "content": "x", **OWNER})
    printed = play(tmp_path, wrong, fails=True)
    assert "2 problems in the files:" in printed
    assert "/no does not exist: list it with state directory before the file" in printed
    assert 'file \\"b\\": the path is relative: give one that begins with a slash' in printed
    assert not (tmp_path / "good").exists()
    printed = play(tmp_path, task(file(tmp_path / "no" / "a", "x")), "--check")
    assert "check mode takes for granted that an earlier task of the run creates it" in " ".join(printed.split())


def test_a_hundred_files_are_one_task(tmp_path: Path) -> None:
    files = [file(tmp_path / "f{0}".format(number), str(number)) for number in range(100)]
    printed = play(tmp_path, task(*files))
    assert "ok=1 " in printed and "changed=1 " in printed
    assert (tmp_path / "f99").read_text() == "99"


#: Runs the module, and writes to a file what Ansible would write into the host's log.
LOGGED = """
import runpy, sys
from ansible.module_utils.basic import AnsibleModule
AnsibleModule.log = lambda self, msg, log_args=None: open({0!r}, "a").write(str(msg) + str(log_args))
runpy.run_module("ansible_collections.pgfleet.powa.plugins.modules.files", run_name="__main__")
"""


def run(folder: Path, task: Dict[str, Any]) -> Dict[str, Any]:
    """Run the module itself."""
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": dict(task, _ansible_remote_tmp=str(folder))})
    done = subprocess.run(
        [sys.executable, "-c", LOGGED.format(str(folder / "log"))],
        input=arguments,
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ, PYTHONPATH=PYTHONPATH),
    )
    result: Dict[str, Any] = json.loads(done.stdout)
    return result


def test_what_the_module_returns(tmp_path: Path) -> None:
    files = [file(tmp_path / "a", "x")]
    assert run(tmp_path, {"files": files}) == {
        "changed": True,
        "changes": ["write {0}/a".format(tmp_path)],
        "invocation": {"module_args": {}},
    }
    assert run(tmp_path, {"files": files, "_ansible_diff": True})["diff"] == []
    failed = run(tmp_path, {"files": [{"path": "a", "content": "x"}]})
    assert failed["problems"] == [failed["msg"]] and failed["failed"]
    assert failed["invocation"] == {"module_args": {}}


def test_the_hosts_log_has_no_content(tmp_path: Path) -> None:
    secret = file(tmp_path / "pgpass", SECRET + "\n", no_diff=True)
    result = run(tmp_path, {"files": [secret, file(tmp_path / "shown", "shown\n")], "_ansible_diff": True})
    assert result["changes"] == ["write {0}/{1}".format(tmp_path, name) for name in ("pgpass", "shown")]
    assert [diff["after"] for diff in result["diff"]] == ["shown\n"]
    wrong = run(tmp_path, {"files": [dict(secret, state="gone")]})
    assert wrong["failed"] and SECRET not in json.dumps(wrong)
    assert "Invoked" in (tmp_path / "log").read_text() and SECRET not in (tmp_path / "log").read_text()
