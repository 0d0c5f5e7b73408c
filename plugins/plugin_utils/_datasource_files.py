# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions of datasources in files on the controller, each checked, and what is wrong with file and line."""

from __future__ import annotations

import glob
import os
import re
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import some
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.options import DATASOURCES
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.parse import collect_definitions
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.untemplated import untemplated
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import plain

#: The tag of the key C(<<).
_MERGE = "tag:yaml.org,2002:merge"
#: The variable that a file may set, as those do that the playbook import has written.
_VARIABLE = "powa_datasources"
_EXPECTED = "expected a list of datasources, or {0} with one".format(_VARIABLE)
_SPEC: Dict[str, Any] = {"datasources": DATASOURCES}
_VALIDATOR = ArgumentSpecValidator(_SPEC)
#: How a file begins that is encrypted, and the tag of a value that is.
_VAULT, _VAULT_TAG = "$ANSIBLE_VAULT;", "!vault"
_DECRYPT = "decrypt it with ansible-vault, for these files are read without passwords"
#: How much of a text a message shows.
_SHOWN = 60
#: How a sentence of the module begins.
_OF_DATASOURCE = re.compile(r'datasource "(?P<name>[^"]*)", (?P<field>[^:]+): (?P<rest>.*)\Z', re.DOTALL)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads what Ansible marks as no template as any other text, for none of these are templates."""


class _Encrypted(Exception):
    """A value is encrypted."""


def _refuse_encrypted(_loader: Any, node: Any) -> None:
    raise _Encrypted(node.start_mark.line + 1)


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
_Loader.add_constructor(_VAULT_TAG, _refuse_encrypted)


class FileDefinition(NamedTuple):
    """A definition, and the file and line where it begins.

    :param place: returns the file and line of a field, such as C(metrics[0].type)
    """

    definition: Dict[str, Any]
    where: str
    place: Callable[[str], str]


class Files(NamedTuple):
    """What files hold.

    :param problems: what is wrong, a sentence each
    """

    definitions: List[FileDefinition]
    problems: List[str]


def read_files(patterns: Sequence[str]) -> Files:
    """Return the definitions of files.

    :param patterns: paths; those that name no file may have wildcards; relative ones start where Ansible was started
    """
    found = Files([], [])
    paths: Dict[str, None] = {}
    for pattern in patterns:
        given = os.path.expanduser(pattern)
        # The name of a folder may have what a wildcard has.
        matching = (
            [given] if os.path.isfile(given) else sorted(filter(os.path.isfile, glob.glob(given, recursive=True)))
        )
        paths.update(dict.fromkeys(map(os.path.abspath, matching)))
        if not matching:
            found.problems.append("{0}: {1}".format(pattern, _why_none(given)))
    for path in paths:
        read = _read(path, os.stat(path).st_mtime_ns, os.stat(path).st_size)
        found.definitions.extend(read.definitions)
        found.problems.extend(read.problems)
    found.problems.extend(_given_twice(found.definitions))
    return found


def _why_none(given: str) -> str:
    if os.path.isdir(given):
        return "it is a folder: name its files, as with {0}".format(os.path.join(given, "*.yml"))
    return "there is no such file where Ansible runs: correct the path, which starts at {0} if it is relative".format(
        os.getcwd()
    )


def _given_twice(definitions: Sequence[FileDefinition]) -> Iterator[str]:
    first: Dict[str, str] = {}
    for definition, where, _place in definitions:
        name = str(definition["name"])
        if name in first:
            yield '{0}: datasource "{1}" is in {2}, too: give each its own name'.format(where, name, first[name])
        first.setdefault(name, where)


# All hosts of a fleet usually have the same files.
@lru_cache(maxsize=256)
def _read(path: str, _changed: int, _size: int) -> Files:
    shown = os.path.relpath(path) if path.startswith(os.getcwd() + os.sep) else path
    try:
        text = Path(path).read_text(encoding="utf-8")
        if text.startswith(_VAULT):
            return Files([], ["{0}: it is encrypted: {1}".format(shown, _DECRYPT)])
        loader = _Loader(text)
        node = loader.get_single_node()
        # Before what is merged counts as given here.
        lines, repeated = dict(_lines(node, "") if node else ()), list(_repeated(node, "") if node else ())
        content = plain(loader.construct_document(node)) if node else None
    except OSError as error:
        return Files([], ["{0}: Ansible cannot read it ({1}): correct its rights".format(shown, error.strerror)])
    except UnicodeDecodeError:
        return Files([], ["{0}: it is not UTF-8: save it as such".format(shown)])
    except _Encrypted as error:
        return Files([], ["{0}:{1}: the value is encrypted: {2}".format(shown, error, _DECRYPT)])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        said = [getattr(error, part, None) for part in ("context", "problem")]
        why = " ".join(filter(None, said)) or str(error).split("\n", maxsplit=1)[0]
        line = ":{0}".format(mark.line + 1) if mark else ""
        return Files([], ["{0}{1}: it is not YAML ({2}): correct it".format(shown, line, why)])
    return _File(shown, lines, repeated, content).read()


class _File:
    """A file that is YAML."""

    def __init__(self, path: str, lines: Mapping[str, int], repeated: Sequence[str], content: Any) -> None:
        """Take what the file holds.

        :param lines: by the path of a value within the file, such as C([0].metrics[1].type), its line
        :param repeated: the paths of keys that are given twice
        """
        self._path, self._lines, self._content = path, lines, content
        self._problems: List[str] = [
            "{0}: {1} is given twice: remove one".format(self._where(place), place.rsplit(".", 1)[-1])
            for place in repeated
        ]

    def read(self) -> Files:
        """Return its definitions, and what is wrong with them."""
        listed, prefix = self._content, ""
        if isinstance(listed, dict) and list(listed) == [_VARIABLE]:
            listed, prefix = listed[_VARIABLE], _VARIABLE
        if not isinstance(listed, list):
            found = "the keys " + some(list(map(str, listed))) if isinstance(listed, dict) else _kind(listed)
            return Files([], [*self._problems, "{0}: found {1}, {2}".format(self._where(""), found, _EXPECTED)])
        definitions = []
        for position, value in enumerate(listed):
            place = "{0}[{1}]".format(prefix, position)
            problems = list(self._wrong(value, place))
            self._problems += problems
            if not problems:
                within = partial(self._where_in, place)
                definitions.append(FileDefinition(untemplated(value), self._where(place), within))
        return Files(definitions, self._problems)

    def _where(self, place: str) -> str:
        """Return the file and the line of a value, or of what holds it."""
        while place and place not in self._lines:
            place = re.sub(r"(\.[^.\[\]]+|\[[0-9]+\])\Z", "", place) if re.search(r"[.\[]", place) else ""
        return "{0}:{1}".format(self._path, self._lines.get(place, 1))

    def _where_in(self, place: str, field: str) -> str:
        return self._where("{0}.{1}".format(place, field) if field else place)

    def _wrong(self, value: Any, place: str) -> Iterator[str]:
        """Return what is wrong with a definition."""
        if not isinstance(value, dict):
            yield "{0}: found {1}, expected a datasource with its fields".format(self._where(place), _kind(value))
            return
        name = value.get("name")
        if not isinstance(name, str) or not name:
            yield "{0}: a datasource has no name: give it a plain lower-case one".format(self._where(place))
            return
        sentence = '{0}: datasource "{1}", {2}: {3}'
        fields = list(_wrong_fields(value, _SPEC["datasources"]["options"], ""))
        for field, rest in fields:
            yield sentence.format(self._where("{0}.{1}".format(place, field)), name, field, rest)
        if fields:
            return
        yield from wrong_definition(value, partial(self._where_in, place), is_whole=not is_change(value))


def is_change(definition: Mapping[str, Any]) -> bool:
    """Return whether a definition needs another one of its name. To be removed or paused, it needs none."""
    return not (definition.get("query") or definition.get("queries")) and definition.get("state") in (
        None,
        "",
        "present",
    )


def wrong_definition(value: Mapping[str, Any], place: Callable[[str], str], is_whole: bool = True) -> Iterator[str]:
    """Return what is wrong with a definition of which each field has the right kind of value.

    :param place: that of a C(FileDefinition)
    :param is_whole: whether it has all that it needs
    """
    validated = _VALIDATOR.validate({"datasources": [plain(value)]})
    for message in validated.error_messages:
        yield '{0}: datasource "{1}": {2}'.format(place(""), value["name"], message)
    if validated.error_messages or not is_whole:
        return
    for problem in collect_definitions(validated.validated_parameters["datasources"])[2]:
        match = _OF_DATASOURCE.match(problem)
        yield "{0}: {1}".format(place(match.group("field") if match else ""), problem)


def _wrong_fields(value: Mapping[str, Any], options: Mapping[str, Any], prefix: str) -> Iterator[Tuple[str, str]]:
    """Return the fields of a mapping that there are not, that lack, or that have another kind of value."""
    for field, given in value.items():
        spec = options.get(field)
        if spec is None:
            yield prefix + str(field), "there is no such field, expected one of {0}".format(", ".join(sorted(options)))
        elif "options" in spec and given is not None:
            yield from _wrong_elements(given, spec["options"], prefix + field)
        elif spec["type"] in ("str", "int", "bool") and isinstance(given, (list, dict)):
            yield prefix + field, "found {0}, expected one value".format(_kind(given))
    for field, spec in options.items():
        if spec.get("required") and value.get(field) in (None, ""):
            yield prefix + field, "it is missing: give it"


def _wrong_elements(given: Any, options: Mapping[str, Any], field: str) -> Iterator[Tuple[str, str]]:
    if not isinstance(given, list):
        yield field, "found {0}, expected a list".format(_kind(given))
        return
    for position, each in enumerate(given):
        place = "{0}[{1}]".format(field, position)
        if isinstance(each, dict):
            yield from _wrong_fields(each, options, place + ".")
        else:
            yield place, "found {0}, expected fields with values".format(_kind(each))


def _kind(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "a list" if isinstance(value, list) else "a mapping"
    if value is None:
        return "nothing"
    text = " ".join(str(value).split())
    return '"{0}"'.format(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def _lines(node: Any, place: str) -> Iterator[Tuple[str, int]]:
    yield place, node.start_mark.line + 1
    for inner, key, value in _inner(node, place):
        # Of a text in several lines, the line of its key.
        yield inner, (key or value).start_mark.line + 1
        yield from ((deeper, line) for deeper, line in _lines(value, inner) if deeper != inner)


def _repeated(node: Any, place: str) -> Iterator[str]:
    seen = set()
    for inner, key, value in _inner(node, place):
        if inner in seen and key:
            yield inner
        seen.add(inner)
        yield from _repeated(value, inner)


def _inner(node: Any, place: str) -> Iterator[Tuple[str, Any, Any]]:
    """Return the values within a value: where, the key if it has one, and the value."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.tag == _MERGE:
                continue
            yield "{0}.{1}".format(place, key.value) if place else str(key.value), key, value
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield "{0}[{1}]".format(place, position), None, value
