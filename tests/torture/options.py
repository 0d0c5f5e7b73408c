# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of every module as Ansible gets them, and values that users write for them.

Nothing here names a module or an option: one that is new is walked at once.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Tuple
from unittest import mock

import yaml
from ansible.module_utils.basic import AnsibleModule
from servers import ROOT

_MODULES = "ansible_collections.pgfleet.powa.plugins.modules."

#: The names that lead to an option; within a list of dicts it is an option of each element.
OptionPath = Tuple[str, ...]


class Option(NamedTuple):
    """An option of a module, or of a dict in a list of it."""

    module: str
    path: OptionPath
    spec: Mapping[str, Any]

    @property
    def type(self) -> str:
        """Its type, as an argument spec has it."""
        return str(self.spec.get("type", "str"))

    def __str__(self) -> str:
        return ".".join((self.module, *self.path))


class _Seen(BaseException):
    """Ends a module as soon as it has handed in its argument spec."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        super().__init__()
        self.spec = spec


def modules() -> List[str]:
    """Return the names of all modules."""
    return sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")


@functools.lru_cache(maxsize=None)
def argument_spec(module: str) -> Mapping[str, Any]:
    """Return the argument spec with which a module calls Ansible."""

    def see(_self: Any, argument_spec: Mapping[str, Any], *_more: Any, **_options: Any) -> None:
        raise _Seen(argument_spec)

    with mock.patch.object(AnsibleModule, "__init__", see):
        try:
            importlib.import_module(_MODULES + module).main()
        except _Seen as seen:
            return seen.spec
    raise AssertionError("module {0} never asks Ansible for its parameters".format(module))


def options(module: str) -> List[Option]:
    """Return every option of a module, those of dicts within lists included."""
    return list(_walk(module, (), argument_spec(module)))


def _walk(module: str, above: OptionPath, spec: Mapping[str, Any]) -> Iterator[Option]:
    for name, option in spec.items():
        path = (*above, name)
        yield Option(module, path, option)
        yield from _walk(module, path, option.get("options") or {})


@functools.lru_cache(maxsize=None)
def documented(module: str) -> List[Dict[str, Any]]:
    """Return the parameters of the examples in a module's documentation."""
    tasks = yaml.safe_load(importlib.import_module(_MODULES + module).EXAMPLES) or []
    found = [task.get("pgfleet.powa." + module) for task in tasks if isinstance(task, dict)]
    return [params for params in found if isinstance(params, dict)]


@functools.lru_cache(maxsize=None)
def words(module: str) -> List[str]:
    """Return the names that a module knows: those of its options, and of what it returns."""
    names = {option.path[-1] for option in options(module)}
    returned = yaml.safe_load(importlib.import_module(_MODULES + module).RETURN) or {}
    return sorted(names | set(_returned(returned)))


def _returned(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, field in fields.items():
        yield name
        yield from _returned(field.get("contains") or {})


def values_at(value: Any, path: OptionPath) -> Iterator[Any]:
    """Yield what parameters have at a path, which may lead through lists."""
    if isinstance(value, list):
        for element in value:
            yield from values_at(element, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        if len(path) == 1:
            yield value[path[0]]
        else:
            yield from values_at(value[path[0]], path[1:])
