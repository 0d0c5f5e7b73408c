# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions of datasources as a file of variables, for review in git."""

from __future__ import annotations

import re
from typing import Any, Dict, Sequence

import yaml
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import Problem
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.tokens import tokenize

#: Begins every file that was written here, and so tells it from one that somebody wrote by hand.
MARK = "# Definitions that the playbook pgfleet.powa.import has made from"
_TEMPLATE = re.compile(r"\{[{%#]")
_WIDTH = 120


class _Text(str):
    """A text of a definition."""


class _Dumper(yaml.SafeDumper):
    """Writes lists as ansible-lint wants them, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal values again."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists, too."""
        super().increase_indent(flow, False)


def _represent(dumper: yaml.SafeDumper, text: _Text) -> yaml.ScalarNode:
    # Ansible would evaluate it as a template.
    tag = "!unsafe" if _TEMPLATE.search(text) else "tag:yaml.org,2002:str"
    return dumper.represent_scalar(tag, str(text), style="|" if "\n" in text else "'" if tag == "!unsafe" else None)


_Dumper.add_representer(_Text, _represent)


def definitions_file(source: str, definitions: Sequence[Dict[str, Any]], problems: Sequence[Problem]) -> str:
    """Return the text of a YAML file that sets C(powa_datasources), with what is left out as comments.

    :param source: where the definitions come from: a tool and a file
    """
    lines = ["---", "{0} {1}.".format(MARK, _on_a_line(source))]
    lines += ["# " + _on_a_line(problem.sentence) for problem in problems]
    text = yaml.dump(
        {"powa_datasources": _marked(list(definitions))},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=_WIDTH,
    )
    return "\n".join([*lines, text])


def is_ours(text: str) -> bool:
    """Return whether a file was written by C(definitions_file)."""
    return text.startswith("---\n" + MARK)


def _on_a_line(text: str) -> str:
    """Return a text as a comment of YAML can have it: without line breaks, and without what no file may have."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _marked(value: Any) -> Any:
    if isinstance(value, str):
        return _Text(_without_tabs(str.__str__(value)))
    if isinstance(value, dict):
        return {key: _marked(each) for key, each in value.items()}
    return [_marked(each) for each in value] if isinstance(value, list) else value


def _without_tabs(text: str) -> str:
    """Return a query as YAML can write it in a block: without tabs, and without spaces at the end of a line.

    A text in quotes stays as it is.
    """
    changed = "\n".join(line.expandtabs().rstrip() for line in text.splitlines())
    same = [token[:2] for token in tokenize(changed)] == [token[:2] for token in tokenize(text)]
    return changed if same and "$" not in text else text
