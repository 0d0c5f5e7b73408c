# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of a file as YAML."""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, Iterable, List, Mapping, Sequence

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import Problem, kind_of, wrong_format

_BOOLEAN, _TIMESTAMP = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Takes names such as C(off), and what looks like a date, for texts, as the other tools do."""

    yaml_implicit_resolvers = {
        letter: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag != _TIMESTAMP and (tag != _BOOLEAN or letter in ("t", "T", "f", "F"))
        ]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.repeated: List[str] = []

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Note the keys that a mapping has twice, of which YAML takes the last one."""
        # A tag can call something else a mapping, which is refused.
        counts = Counter(str(key.value) for key, _value in node.value) if isinstance(node, yaml.MappingNode) else {}
        self.repeated += [name for name, count in counts.items() if count > 1]
        return super().construct_mapping(node, deep)


class Document(Dict[str, Any]):
    """What a file holds.

    :ivar repeated: names that one of its mappings has twice
    :ivar text: its text; of a ConfigMap, that of the file in it
    :ivar lines: by the name of an entry, the line of the text where it begins, counted from 0
    """

    repeated: Sequence[str] = ()
    text: str = ""
    lines: Mapping[str, int] = {}

    def repeated_problems(self, names: Iterable[str]) -> List[Problem]:
        """Return what is to be said of those of these names that are repeated."""
        return [
            Problem(name, "the file has it more than once, of which the last one is taken", skipped=False)
            for name in names
            if name in self.repeated
        ]


def read_mapping(text: Any, expected: str) -> Document:
    """Return the mapping that a text holds.

    :param expected: the format that it should have, for the message
    :raises AnsibleFilterError: in one sentence, for what is no mapping
    """
    if not isinstance(text, str):
        raise wrong_format(expected, kind_of(text))
    if not text.strip():
        raise wrong_format(expected, "an empty text")
    try:
        # The loader in C takes none of Ansible's own kinds of text.
        loader = _Loader(str.__str__(text))
        node = loader.get_single_node()
        found = loader.construct_document(node) if node is not None else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = " in line {0}".format(mark.line + 1) if mark else ""
        why = getattr(error, "problem", None) or str(error).split("\n", maxsplit=1)[0]
        raise AnsibleFilterError(
            "the text is no YAML{0} ({1}), expected {2}: correct it, or give the text of another file".format(
                where, why, expected
            )
        ) from None
    if not isinstance(found, dict) or not found:
        raise wrong_format(expected, kind_of(found) if found else "no content")
    if found.get("kind") == "ConfigMap":
        return read_mapping(_only_file(found, expected), expected)
    document = Document({str(key): value for key, value in found.items()})
    document.repeated = loader.repeated
    document.text = str.__str__(text)
    document.lines = {str(key.value): key.start_mark.line for key, _value in node.value}
    return document


def _only_file(config_map: Mapping[str, Any], expected: str) -> str:
    """Return the one file that a ConfigMap of Kubernetes holds, such as the queries of CloudNativePG."""
    data = config_map.get("data")
    files = {str(name): file for name, file in data.items() if isinstance(file, str)} if isinstance(data, dict) else {}
    if len(files) != 1:
        raise wrong_format(expected, "a ConfigMap with {0} files".format(len(files)))
    return next(iter(files.values()))
