# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_templates.py [FOLDER]: fail if a role or playbook computes data in Jinja.

Templates render files, and variables are expressions. What builds a list, loops, compares or parses is Python with a
unit test, which a filter or a module calls.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Iterator, NamedTuple, Pattern, Tuple

ROOT = Path(__file__).resolve().parents[2]


class Rule(NamedTuple):
    """Something that a file must not hold, and what to do instead."""

    pattern: Pattern[str]
    says: str


#: For every file.
EVERYWHERE: Tuple[Rule, ...] = (
    Rule(re.compile(r"\{%[-+]?\s*set\s+_\s*="), "runs code for its effect ({% set _ = ... %})"),
    Rule(re.compile(r"\{%[-+]?\s*do\b"), "runs code for its effect ({% do ... %})"),
    Rule(re.compile(r"\bnamespace\s*\("), "keeps a value from one turn of a loop to the next (namespace)"),
    Rule(re.compile(r"\.(append|extend|insert|update|setdefault|pop|remove)\s*\("), "changes a list or dict in place"),
    Rule(re.compile(r"\{%[-+]?\s*set\s+(\w+)\s*=[^%]*(?<![.'\w])\1\b"), "adds to a variable"),
    Rule(
        re.compile(r"""ansible\.builtin\.template'[^{}]*\)[^{}]*(from_json|from_yaml|\.split|\bselect\b)"""),
        "parses what a template prints",
    ),
)
#: For what is not a template, too.
IN_YAML: Tuple[Rule, ...] = (
    Rule(re.compile(r"\{%"), "holds a statement ({% ... %}); a value is one expression ({{ ... }})"),
)
CURE = "compute it in a function of plugins/plugin_utils with a unit test, and call it by a filter"


def problems_of(text: str, is_template: bool) -> Iterator[Tuple[int, str]]:
    """Return the line and the sentence of each thing that is wrong with a file."""
    # A statement that is wrong for more than one reason has one sentence.
    found = {}
    for rule in EVERYWHERE if is_template else EVERYWHERE + IN_YAML:
        for match in rule.pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.setdefault(line, "{0}: {1}".format(rule.says, CURE))
    yield from sorted(found.items())


def files_of(folder: Path) -> Iterator[Tuple[Path, bool]]:
    """Return the files of the roles and playbooks below a folder, and whether each is a template."""
    for path in sorted([*folder.glob("roles/*/**/*"), *folder.glob("playbooks/**/*")]):
        if path.suffix in (".yml", ".j2") and path.is_file():
            yield path, path.suffix == ".j2"


def main(folder: Path = ROOT) -> int:
    """Print what is wrong, and return 1 if there is anything."""
    broken = 0
    for path, is_template in files_of(folder):
        for line, sentence in problems_of(path.read_text(encoding="utf-8"), is_template):
            print("{0}:{1}: {2}".format(path.relative_to(folder), line, sentence))
            broken = 1
    return broken


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
