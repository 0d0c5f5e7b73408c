# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the roles: from raw values of the inventory, a playbook or a survey to typed ones with defaults."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Sequence, Set, Tuple

import yaml
from ansible.release import __version__ as CORE

#: The roles that C(site.yml) runs.
SITE_ROLES = ("archivist", "remote", "repository", "collector", "web")
ROLES = (*SITE_ROLES, "doctor", "report")

#: Before 2.19, Ansible leaves a template as it stands if something in it is undefined, where it is read by hostvars.
LEAVES_TEMPLATES = tuple(int(number) for number in CORE.split(".")[:2]) < (2, 19)

#: The one written in C is many times as fast, but not everywhere.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: How much of a wrong value, or of Ansible's message, a sentence shows.
_SHOWN = 100
#: What a required value is, by its type.
_A = {"str": "a text", "path": "a path"}
_TRUE = ("true", "yes", "on", "1", "t", "y")
_FALSE = ("false", "no", "off", "0", "f", "n")
_INTERVAL = re.compile(
    r"[0-9]{1,7} *(minute|min|hour|day|week|month|mon|year)s?"
    r"( +[0-9]{1,7} *(minute|min|hour|day|week|month|mon|year)s?)*"
)

#: Empty means something else than unset: a server without an alias.
_MAY_BE_EMPTY = ("powa_alias",)
#: libpq reads these from a password file.
_IN_PASSWORD_FILES = ("powa_monitoring_password", "powa_collector_password")
#: PoWA's setting powa.frequency is an int of milliseconds.
_MOST_SECONDS = 2147


class Unevaluated(Exception):
    """Ansible cannot evaluate the template of a value."""


class Wrong(Exception):
    """A value of another kind than expected. The text says what to set it to."""


class Option(NamedTuple):
    """One option of the roles, from their argument specs.

    :param type: what Ansible calls it: str, int, bool, list, dict or path
    :param elements: the type of a list's elements
    :param default: None if there is none, or if it depends on other variables
    :param secret: whether nobody may see the value
    :param options: those of a dict, by name
    """

    name: str
    type: str
    elements: str
    choices: Sequence[str]
    default: Any
    required: bool
    secret: bool
    options: Mapping[str, Option]


#: Which servers a datasource is for.
_SERVERS = Option("servers", "list", "str", (), None, False, False, {})


class Values(NamedTuple):
    """The variables of one host: typed values, and what is wrong, as a sentence for each variable."""

    values: Dict[str, Any]
    problems: Dict[str, str]


class _Rule(NamedTuple):
    """What a value must be beyond its type."""

    expected: str
    holds: Callable[[Any], bool]


#: systemd would read some characters of it as more than themselves.
_CLIENT_FILE = _Rule(
    "the absolute path of a file on this host, without spaces, quotes, backslashes and percent signs",
    lambda value: re.fullmatch(r"/[^\s\"'\\%]+", value) is not None,
)
_PORT = _Rule("a number from 1 to 65535", lambda value: 1 <= value <= 65535)
#: What the module C(servers) refuses has to be found here, because it refuses all servers of the repository then.
_RULES = {
    "powa_port": _PORT,
    "powa_login_port": _PORT,
    "powa_mail_port": _PORT,
    # That of powa_renamed_from.
    "port": _PORT,
    "powa_host": _Rule(
        "the name or address by which other hosts reach this one",
        lambda value: re.fullmatch(r"\S+", value) is not None,
    ),
    "powa_frequency": _Rule(
        "a number of seconds, at least 5, or to -1 for no snapshots", lambda value: value == -1 or 5 <= value < 2**31
    ),
    "powa_coalesce": _Rule("a number of snapshots, at least 5", lambda value: 5 <= value < 2**31),
    "powa_retention": _Rule(
        'an interval such as "7 days" or "36 hours"', lambda value: _INTERVAL.fullmatch(value) is not None
    ),
    "powa_collector_sslrootcert": _CLIENT_FILE,
    "powa_collector_sslcert": _CLIENT_FILE,
    "powa_collector_sslkey": _CLIENT_FILE,
    "powa_web_sslrootcert": _CLIENT_FILE,
    "powa_web_sslcert": _CLIENT_FILE,
    "powa_web_sslkey": _CLIENT_FILE,
    "powa_servers_exact_max": _Rule(
        'a number of servers, or to a share such as "10%"',
        lambda value: re.fullmatch("[0-9]{1,9}%?", value) is not None,
    ),
    "powa_web_repositories": _Rule("a list of inventory names, such as [pg-repository]", lambda _value: True),
}


@lru_cache(maxsize=None)
def options_of(roles: Tuple[str, ...] = ROLES) -> Mapping[str, Option]:
    """Return the options of some roles by name."""
    folder = Path(__file__).resolve().parents[2] / "roles"
    found: Dict[str, Option] = {}
    for role in roles:
        text = (folder / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
        (spec,) = yaml.load(text, Loader=_LOADER)["argument_specs"].values()
        found.update(_options(spec["options"]))
    return found


def _options(specs: Mapping[str, Mapping[str, Any]]) -> Dict[str, Option]:
    return {name: _option(name, spec) for name, spec in specs.items()}


def _option(name: str, spec: Mapping[str, Any]) -> Option:
    default = spec.get("default")
    return Option(
        name,
        spec["type"],
        spec.get("elements", "str"),
        spec.get("choices", ()),
        # It is a template where it depends on other variables, for whoever reads the documentation.
        None if isinstance(default, str) and "{{" in default else default,
        spec.get("required", False),
        spec.get("no_log", False),
        _options(spec.get("options", {})),
    )


def read_variables(raw: Mapping[str, Any], checked: Sequence[str] = SITE_ROLES, secrets: bool = True) -> Values:
    """Return the variables of a host, typed, with those defaults that depend on nothing, and without secrets.

    :param raw: the host's variables, whose templates are evaluated when they are read
    :param checked: the roles whose options may have problems; others silently have their defaults
    :param secrets: whether to find out if Ansible can evaluate what nobody may see
    """
    found = Values({}, {})
    for option in options_of(ROLES).values():
        if not option.secret:
            _read(option, raw, found)
        elif secrets:
            _try_secret(option, raw, found)
    _check_local_frequency(found)
    _check_history(found)
    known = options_of(tuple(checked))
    for name in [name for name in found.problems if name not in known]:
        del found.problems[name]
    return found


def read_role(role: str, raw: Mapping[str, Any]) -> Values:
    """Return the variables of a role that works on no host of the fleet, and what is wrong with them.

    :param raw: as C(read_variables) takes them
    """
    found = Values({}, {})
    for option in options_of((role,)).values():
        _read(option, raw, found)
        if option.required and option.name not in found.values:
            expected = _listed(option.choices, "or") if option.choices else _A[option.type]
            found.problems.setdefault(option.name, "{0} is empty: set it to {1}".format(option.name, expected))
    return found


def read_some(names: Sequence[str], raw: Mapping[str, Any]) -> Values:
    """Return some variables of a host that may be none of the fleet, and what is wrong with them.

    :param raw: as C(read_variables) takes them
    """
    found = Values({}, {})
    for name in names:
        _read(options_of(ROLES)[name], raw, found)
    return found


def _read(option: Option, raw: Mapping[str, Any], found: Values) -> None:
    value = option.default
    try:
        given = evaluate(raw, option.name)
        try:
            value = _typed(option, given)
        except Wrong as error:
            found.problems[option.name] = "{0} is {1}: set it to {2}".format(option.name, _short(given), error)
    except Unevaluated as error:
        found.problems[option.name] = _unevaluated(option.name, error)
    if value is not None:
        found.values[option.name] = value


def _try_secret(option: Option, raw: Mapping[str, Any], found: Values) -> None:
    try:
        given = evaluate(raw, option.name)
    except Unevaluated as error:
        found.problems[option.name] = _unevaluated(option.name, error)
        return
    # A sentence about it does not show it.
    if isinstance(given, (bool, list, dict)):
        found.problems[option.name] = "{0} is not a text: set it to a text, in quotes".format(option.name)
    elif option.name in _IN_PASSWORD_FILES and re.search("[\r\n]", str(given)):
        found.problems[option.name] = (
            "{0} has a line break, but a password file of libpq holds one line for each login: choose another password,"
            " or remove the line break, such as one at its end".format(option.name)
        )


def _unevaluated(name: str, error: Unevaluated) -> str:
    return "Ansible cannot evaluate {0} ({1}): define what its template uses, or correct it".format(name, error)


def _check_local_frequency(found: Values) -> None:
    frequency = found.values.get("powa_frequency", -1)
    if found.values["powa_mode"] == "local" and frequency > _MOST_SECONDS:
        found.problems["powa_frequency"] = (
            "powa_frequency is {0}: set it to at most {1} seconds in local mode,"
            " because PostgreSQL limits powa.frequency to 2147483 ms".format(frequency, _MOST_SECONDS)
        )


def _check_history(found: Values) -> None:
    state = found.values.get("powa_state", "present")
    if found.values.get("powa_history") == "drop" and state != "absent" and "powa_state" not in found.problems:
        found.problems.setdefault(
            "powa_history",
            "powa_history is drop, but powa_state is {0}: set powa_state to absent, or remove powa_history".format(
                state
            ),
        )


def evaluate(raw: Mapping[str, Any], name: str) -> Any:
    """Return a variable as plain lists and dicts, or None if there is none.

    :raises Unevaluated: when Ansible cannot evaluate its template
    """
    try:
        value = plain(raw[name]) if name in raw else None
    except Unevaluated:
        raise
    # Which class it is depends on Ansible's version, and on what the template calls.
    except Exception as error:
        raise Unevaluated(_short(error)) from error
    if LEAVES_TEMPLATES and _has_template(value):
        raise Unevaluated("something in its template is undefined")
    return value


def plain(value: Any) -> Any:
    """Return a value of Ansible with plain containers. Texts stay as they are, for some are marked as no templates."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        # What looks like a date is one in YAML, also as a key.
        return {key if isinstance(key, (str, int)) else str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(each) for each in value]
    return str(value)


def is_static(value: Any) -> bool:
    """Return whether a raw value of Ansible is what it is: it holds no template, and nothing to decrypt."""
    if value is None or isinstance(value, (bool, int, float)):
        return True
    if isinstance(value, str):
        return "{" not in value
    if isinstance(value, dict):
        return all(is_static(each) for each in value.values())
    return isinstance(value, list) and all(is_static(each) for each in value)


def _has_template(value: Any) -> bool:
    """Return whether a text in a value still is a template."""
    if isinstance(value, str):
        return not getattr(value, "__UNSAFE__", False) and ("{{" in value or "{%" in value)
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(_has_template(part) for part in parts)


def _typed(option: Option, value: Any) -> Any:
    """Return the typed value of an option, or its default if it is unset.

    :raises Wrong: with what is expected
    """
    if value is None or (value == "" and option.name not in _MAY_BE_EMPTY):
        return option.default
    rule = _RULES.get(option.name)
    try:
        typed = _parse(option, value)
    except Wrong as error:
        raise Wrong(rule.expected if rule else str(error)) from error
    if rule and not rule.holds(typed):
        raise Wrong(rule.expected)
    return typed


def same_value(option: Option, one: Any, other: Any) -> bool:
    """Return whether two raw values mean the same."""
    try:
        return bool(_typed(option, one) == _typed(option, other))
    except Wrong:
        return str(one) == str(other)


def _parse(option: Option, value: Any) -> Any:
    if option.type == "list":
        return [_element(option, each) for each in _as_list(option, value)]
    if option.type == "dict":
        return _suboptions(option, _as_dict(value))
    return _chosen(option, _SCALARS[option.type](value))


def _as_str(value: Any) -> str:
    if isinstance(value, (bool, list, dict)):
        raise Wrong("a text, in quotes")
    return value if isinstance(value, str) else str(value)


def _as_int(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value):
        return int(value)
    # YAML also has infinite numbers, and some that are not numbers.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value % 1 != 0:
        raise Wrong("a whole number")
    return int(value)


def _as_bool(value: Any) -> bool:
    if isinstance(value, (bool, int, float)) and value in (True, False):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _TRUE + _FALSE:
        raise Wrong("true or false")
    return word in _TRUE


_SCALARS: Mapping[str, Callable[[Any], Any]] = {"str": _as_str, "path": _as_str, "int": _as_int, "bool": _as_bool}


def _as_list(option: Option, value: Any) -> List[Any]:
    expected = "a list" if option.elements == "str" else "a list of dictionaries"
    if isinstance(value, str):
        text = value.strip()
        if text[:1] in ("[", "-", "{"):
            value = _yaml(text)
        elif option.elements == "str":
            value = [word.strip() for word in re.split("[,\n]", text)]
    if isinstance(value, (int, float)) and not isinstance(value, bool) and option.elements == "str":
        value = [value]
    if not isinstance(value, list):
        raise Wrong(expected)
    # Left over from a comma at the end, or from an empty answer of a survey.
    return [each for each in value if each not in (None, "")]


def _element(option: Option, value: Any) -> Any:
    if option.elements == "dict":
        if not isinstance(value, dict):
            raise Wrong("a list of dictionaries")
        return _definition(value) if option.name == "powa_datasources" else value
    if isinstance(value, (list, dict)):
        raise Wrong("a list of texts")
    return _chosen(option, value if isinstance(value, str) else str(value))


def _definition(value: Dict[str, Any]) -> Dict[str, Any]:
    """Return a datasource with the servers that it lists as a list, as its module reads it."""
    if value.get("servers") is None:
        return value
    try:
        return {**value, "servers": _typed(_SERVERS, value["servers"])}
    except Wrong as error:
        raise Wrong("a list of dictionaries, where servers is a list of names") from error


def _as_dict(value: Any) -> Dict[str, Any]:
    if isinstance(value, str):
        value = _yaml(value)
    if not isinstance(value, dict):
        raise Wrong("a dictionary")
    return value


def _yaml(text: str) -> Any:
    """Return what a text means as YAML or JSON, or None if it is neither."""
    try:
        return plain(yaml.safe_load(text))
    # What looks like a date or a number may be none, and lists in lists may have no end.
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _suboptions(option: Option, value: Dict[str, Any]) -> Dict[str, Any]:
    if not option.options:
        if any(isinstance(each, (list, dict)) for each in value.values()):
            raise Wrong("a dictionary of texts")
        return {name: str(each) for name, each in value.items() if each not in (None, "")}
    unknown: Set[str] = set(value) - set(option.options)
    missing = [each for each in option.options.values() if each.required and value.get(each.name) in (None, "")]
    if unknown or missing:
        raise Wrong("a dictionary with {0}".format(_listed(list(option.options), "and")))
    typed = {}
    for name, each in option.options.items():
        try:
            typed[name] = _typed(each, value.get(name))
        except Wrong as error:
            raise Wrong("a dictionary whose {0} is {1}".format(name, error)) from error
    return {name: each for name, each in typed.items() if each is not None}


def _chosen(option: Option, value: Any) -> Any:
    if option.choices and value not in option.choices:
        raise Wrong(_listed([choice for choice in option.choices if choice], "or"))
    return value


def _listed(words: Sequence[str], last: str) -> str:
    return " {0} ".format(last).join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _short(value: Any) -> str:
    """Return a value on one line, and not the whole of a long one."""
    text = re.sub(r"\s+", " ", str(value)).strip()
    if LEAVES_TEMPLATES:
        # Such an Ansible takes any text for a template, even that of a sentence.
        text = text.replace("{{", "{ {").replace("{%", "{ %")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
