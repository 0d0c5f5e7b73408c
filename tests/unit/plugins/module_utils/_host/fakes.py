# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host for tests: a folder that stands for its root, and programs that answer what a test says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import NOT_FOUND, Answer
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host

RECORDED = Path(__file__).with_name("recorded")


class Programs:
    """The programs of a host.

    :param answers: program -> what it prints, or its whole answer, or a list of these for one call after the other
    """

    def __init__(self, **answers: Any) -> None:
        self._answers: Dict[str, Any] = {name.replace("_", "-"): answer for name, answer in answers.items()}
        self.calls: List[Tuple[List[str], str, Dict[str, str]]] = []

    def start(self, command: Any, text: str = "", variables: Any = None) -> Any:
        self.calls.append((list(command), text, dict(variables or {})))
        program = [word for word in command if word.startswith("/") or word in self._answers][:1] or command
        name = program[0].rsplit("/", 1)[-1].replace("_", "-")
        answer = self._answers.get(name, Answer(NOT_FOUND, "", name + ": No such file or directory"))
        if isinstance(answer, list):
            answer = answer.pop(0)
        return _Finished(answer if isinstance(answer, Answer) else Answer(0, answer, ""))

    @property
    def names(self) -> List[str]:
        """What was started."""
        return [command[0] for command, _text, _variables in self.calls]


class _Finished:
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def finish(self) -> Answer:
        return self._answer


def host_of(root: Any, user: str = "root", **answers: Any) -> Any:
    """Return a host and its programs."""
    programs = Programs(**answers)
    return Host(root=str(root), user=user, start=programs.start), programs


def write(root: Path, path: str, text: str = "") -> Path:
    """Write a file of the host."""
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def refuse(monkeypatch: Any, function: str, ending: str) -> None:
    """Have a function of the operating system refuse the paths that end so; the user of the tests may be root."""
    import builtins
    import os

    module = builtins if function == "open" else os
    allowed = getattr(module, function)

    def refusing(path: Any, *arguments: Any, **options: Any) -> Any:
        if str(path).endswith(ending):
            raise PermissionError(13, "Permission denied", str(path))
        return allowed(path, *arguments, **options)

    monkeypatch.setattr(module, function, refusing)


def recorded(suite: str, name: str) -> str:
    """Return what a program has printed on a real host."""
    return (RECORDED / "{0}-{1}.txt".format(suite, name)).read_text(encoding="utf-8")
