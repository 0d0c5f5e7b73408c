# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import sys
import time

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host import commands


def python(script, text="", variables=None):
    return commands.start([sys.executable, "-c", script], text, variables).finish()


def test_a_program_reads_and_writes():
    answer = python("import sys; print(sys.stdin.read() + '!'); sys.stderr.write('a\\n b'); sys.exit(3)", "é")
    assert answer == (3, "é!\n", "a\n b")
    assert answer.sentence == "a b" and not answer.missing


def test_the_sentence_of_a_program_that_complains_on_its_standard_output():
    assert commands.Answer(1, "no\nway\n", "").sentence == "no way"


def test_bytes_that_are_no_text_end_no_module():
    assert python("import sys; sys.stdout.buffer.write(b'a\\xffb')").out == "a\ufffdb"


def test_a_program_that_the_host_lacks():
    answer = commands.start(["no-such-program"]).finish()
    assert answer.missing and answer.sentence == "no-such-program: No such file or directory"


def test_a_program_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(commands, "TIMEOUT", 0.2)
    answer = python("import time; time.sleep(60)")
    assert answer.status == commands.TOO_LONG and answer.sentence == "no answer within 0.2 seconds"


def wrapped(trap):
    """Run a program that waits for one of its own, as runuser does, and return how long it takes to be given up."""
    began = time.monotonic()
    answer = commands.start(["sh", "-c", trap + "sleep 30 & child=$!; wait $child"]).finish()
    assert answer.status == commands.TOO_LONG
    return time.monotonic() - began


@pytest.mark.parametrize("trap", ["trap 'kill $child' TERM; ", "trap '' TERM; "])
def test_a_program_that_leaves_another_one_behind_ends_no_module(monkeypatch, trap):
    monkeypatch.setattr(commands, "TIMEOUT", 0.3)
    monkeypatch.setattr(commands, "GRACE", 0.3)
    assert wrapped(trap) < 10


@pytest.mark.parametrize("path", ["/opt/own:relative:/bin", ""])
def test_the_environment_has_nothing_of_the_caller_but_the_path(monkeypatch, path):
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    script = "import os; print(os.environ.get('PGHOST'), os.environ['LC_ALL'], os.environ['PGPORT'], os.getcwd())"
    assert python(script, variables={"PGPORT": "1"}).out == "None C 1 /\n"
    folders = python("import os; print(os.environ['PATH'])").out.strip().split(":")
    assert folders[:2] == (["/opt/own", "/bin"] if path else ["/usr/local/bin", "/usr/bin"])
    assert "relative" not in folders and "/usr/sbin" in folders and len(set(folders)) == len(folders)
    assert os.environ["PGHOST"] == "elsewhere"
