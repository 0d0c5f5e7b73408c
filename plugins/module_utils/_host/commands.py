# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the programs of a host, several at a time, each with a timeout and with messages in English."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import IO, Mapping, NamedTuple, Optional, Sequence

#: Seconds after which a program is ended, and how many more it has to end in.
TIMEOUT, GRACE = 60, 5
#: The exit status of a shell for a program that does not exist, and that of a program that took too long.
NOT_FOUND, TOO_LONG = 127, 124
#: An ordinary user's path often lacks the last four.
_FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")


class Answer(NamedTuple):
    """What a program wrote."""

    status: int
    out: str
    error: str

    @property
    def missing(self) -> bool:
        """Whether the host does not have the program."""
        return self.status == NOT_FOUND

    @property
    def sentence(self) -> str:
        """What the program complained about, on one line."""
        return " ".join((self.error or self.out).split())


class Running:
    """A program that runs meanwhile."""

    def __init__(self, process: Optional["subprocess.Popen[bytes]"], text: str, refusal: str) -> None:
        self._process = process
        self._text = text
        self._refusal = refusal

    def finish(self) -> Answer:
        """Wait for the program and return what it wrote."""
        if self._process is None:
            return Answer(NOT_FOUND, "", self._refusal)
        try:
            out, error = self._process.communicate(self._text.encode("utf-8"), timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            _end(self._process)
            return Answer(TOO_LONG, "", "no answer within {0} seconds".format(TIMEOUT))
        return Answer(self._process.returncode, out.decode("utf-8", "replace"), error.decode("utf-8", "replace"))


def start(command: Sequence[str], text: str = "", variables: Optional[Mapping[str, str]] = None) -> Running:
    """Start a program.

    :param text: its standard input
    :param variables: variables of its environment, beside those that every program has
    """
    try:
        # run_command would wait for each program, and several run at the same time.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # The caller's folder may be closed to the cluster's owner.
            cwd="/",
            env=_environment(variables or {}),
        )
    except OSError as error:
        return Running(None, "", "{0}: {1}".format(command[0], error.strerror))
    return Running(process, text, "")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program, and those that it has started.

    A program such as runuser passes SIGTERM on to its own, but not SIGKILL. What outlives both may hold the pipes open,
    so nothing waits for their end.
    """
    for end in (process.terminate, process.kill):
        end()
        try:
            process.communicate(timeout=GRACE)
            return
        except subprocess.TimeoutExpired:
            continue
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            _close(pipe)


def _close(pipe: IO[bytes]) -> None:
    # It may hold what the program has not read.
    with contextlib.suppress(OSError):
        pipe.close()


def _environment(variables: Mapping[str, str]) -> Mapping[str, str]:
    """Return an environment without the caller's settings, such as those of libpq."""
    path = [folder for folder in os.environ.get("PATH", "").split(":") if folder.startswith("/")]
    path += [folder for folder in _FOLDERS if folder not in path]
    return dict({"PATH": ":".join(path), "LC_ALL": "C", "HOME": os.environ.get("HOME", "/")}, **variables)
