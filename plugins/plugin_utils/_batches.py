# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many hosts a part of C(site.yml) works on at a time."""

from __future__ import annotations

import re
from typing import Any, List, Union

import yaml
from ansible.errors import AnsibleFilterError

#: A number of hosts, or a share of them.
_SIZE = re.compile(r"[1-9][0-9]*|([1-9][0-9]?|100)%")
#: Ansible's C(serial) takes 0 for all hosts.
_UNSET = ("", "0", "null", "~", "none")
#: So that a fault shows on one host, and then on few.
_CAREFUL: List[Union[int, str]] = [1, "25%", "100%"]


def batches(value: Any, careful: bool = False) -> List[Union[int, str]]:
    """Return what Ansible's C(serial) takes for a value of C(powa_serial); an empty list means all hosts at once.

    :param value: a number, a share such as C(25%), a list of them, or a text of any of these, as surveys pass it
    :param careful: whether to begin with few hosts if the value is unset
    :raises AnsibleFilterError: for anything else, in one sentence
    """
    if careful and value in (None, "", []):
        return _CAREFUL
    sizes = [_size(item) for item in _items(value)]
    if None in sizes:
        raise AnsibleFilterError(
            "powa_serial is {0!r}, but must be a number of hosts such as 5, a share of them such as '25%', or a list of"
            " these: correct it, or leave it empty to work on all hosts at once".format(value)
        )
    return [size for size in sizes if size is not None]


def _items(value: Any) -> List[Any]:
    """Return the single sizes of a value."""
    if isinstance(value, (list, tuple)):
        return list(value)
    text = "" if value is None else str(value).strip()
    if text.lower() in _UNSET:
        return []
    listed = _yaml(text)
    return listed if isinstance(listed, list) else re.split(r"[,\s]+", text.rstrip(","))


def _yaml(text: str) -> Any:
    """Return what a text is in YAML, or None if it is none."""
    try:
        return yaml.safe_load(text)
    # What looks like a date may be none.
    except (yaml.YAMLError, ValueError):
        return None


def _size(item: Any) -> Union[int, str, None]:
    """Return one size as C(serial) takes it, or None if it is none."""
    text = str(item).strip()
    if not _SIZE.fullmatch(text):
        return None
    return text if text.endswith("%") else int(text)
