# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of a file as YAML."""

from __future__ import annotations

from typing import Any, Dict

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import kind_of, wrong_format

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


def read_mapping(text: Any, expected: str) -> Dict[str, Any]:
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
        found = yaml.load(str.__str__(text), Loader=_Loader)
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
    return {str(key): value for key, value in found.items()}
