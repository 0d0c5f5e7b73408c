# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile and malformed input for every option of every module.

A module refuses it and has written nothing, or does what is asked, and nothing the next time. It never ends with a
traceback, and nothing in a text runs.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
import time
from random import Random
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from hostile import Hostile
from options import Option, OptionPath, documented, modules, options, values_at, words
from servers import PASSWORD, Database, ModuleResult, module_arguments, start_module
from test_contract import CASES, READ_ONLY, WITHOUT_DATABASE
from test_host_info import LIBRARY, install
from world import Broken, Notes, World, compare

INPUTS = 15
#: Longer than any list of problems that somebody reads.
_LONGEST_MESSAGE = 100_000
#: Longer than any task here has to do.
_SECONDS = 30
_SLOW = 5
_FOLDER = "/srv/torture"
_FILES = """
    find /etc /root /srv /opt /usr/local /home /tmp /var/spool -name __pycache__ -prune -o -xdev \
        -printf '%y %m %u %g %s %C@ %i %p -> %l\\n' 2> /dev/null | grep -v ' /opt/host_info' | LC_ALL=C sort
"""
_PREPARE = """
    find /tmp -mindepth 1 -maxdepth 1 ! -name 'systemd-*' -exec rm -rf {{}} +
    rm -rf {0}; mkdir {0} && echo old > {0}/old && ln -s loop {0}/loop
""".format(_FOLDER)
#: Usual parameters of the modules that work on a host, where tests/integration has none to share.
_ON_A_HOST: Dict[str, Dict[str, Any]] = {
    "files": {
        "files": [
            {"path": _FOLDER + "/a.conf", "content": "one\n", "mode": "0600"},
            {"path": _FOLDER + "/folder", "state": "directory", "mode": "0755"},
            {"path": _FOLDER + "/old", "state": "absent"},
        ]
    },
    "host_info": {"files": [_FOLDER + "/old"], "units": ["cron"], "database": "postgres", "monitoring_role": "powa"},
}


class Input(NamedTuple):
    """The parameters of one run."""

    option: Option
    params: Dict[str, Any]
    check: bool

    def tell(self) -> str:
        """Return it for people, and for a copy into a test."""
        text = json.dumps(self.params, ensure_ascii=True)
        cut = text if len(text) < 2000 else "{0} ... ({1} characters)".format(text[:2000], len(text))
        return "module {0}, option {1}{2}: {3}".format(
            self.option.module, ".".join(self.option.path), ", check mode" if self.check else "", cut
        )


class Inputs:
    """Databases in which a task of each module has something to do, and all options in a random order."""

    def __init__(self, world: World, seed: str) -> None:
        self._world = world
        self._templates: Dict[str, Database] = {}
        self._databases: Dict[str, Database] = {}
        self._order = [option for module in modules() for option in options(module)]
        Random(seed).shuffle(self._order)

    def round(self, number: int, random: Random, notes: Notes) -> None:
        """Try the next options."""
        first = number * INPUTS
        chosen = [self._order[place % len(self._order)] for place in range(first, first + INPUTS)]
        notes.say("{0} inputs, from {1} to {2} of {3} options".format(INPUTS, chosen[0], chosen[-1], len(self._order)))
        broken: List[Broken] = []
        for option in chosen:
            begin = time.monotonic()
            notes.done += 1
            try:
                self._try(random_input(random, option))
            except Broken as one:
                broken.append(one)
            seconds = time.monotonic() - begin
            if seconds > _SLOW:
                notes.say("{0} took {1:.0f} s".format(option, seconds))
        if broken:
            raise Broken("\n".join("{0}\n{1}".format(one, one.diff).rstrip() for one in broken))

    def close(self) -> None:
        """Drop the databases."""
        self._world.drop(*self._databases.values(), *self._templates.values())

    def _try(self, tried: Input) -> None:
        try:
            if tried.option.module in WITHOUT_DATABASE:
                self._try_on_host(tried)
            else:
                self._try_in_database(tried)
        except Broken as broken:
            raise Broken("{0}\n  input: {1}".format(broken, tried.tell()), broken.diff) from broken

    def _try_in_database(self, tried: Input) -> None:
        module, world = tried.option.module, self._world
        database = self._database(module)
        before = world.state(database)
        try:
            result = _run(module, {**database.login, **tried.params}, tried.check)
            if result is None:
                return
            world.wait_for_sessions(database)
            after = world.state(database)
            world.check_canary(database)
            _check_result(result, tried)
            writes = module in CASES and bool(CASES[module].refusal)
            _check_effect(result, tried, before, after, writes)
            if writes and result.get("changed") and not tried.check and not CASES[module].again:
                self._run_again(database, tried)
        finally:
            if world.state(database) != before:
                self._world.drop(self._databases.pop(module))

    def _run_again(self, database: Database, tried: Input) -> None:
        again = _run(tried.option.module, {**database.login, **tried.params}, False)
        if again is None or again.failed:
            raise Broken("the second run fails: {0}".format(again and again["msg"]))
        if again.changed:
            raise Broken("the second run changes something again", json.dumps(again.get("diff"))[:3000])

    def _try_on_host(self, tried: Input) -> None:
        module, world = tried.option.module, self._world
        install(world.server.container)
        world.shell(_PREPARE)
        before = world.shell(_FILES)
        script = "cd / && PYTHONPATH={0} timeout {1} python3 -m {2} 2>&1 || true".format(
            LIBRARY, _SECONDS, "ansible_collections.pgfleet.powa.plugins.modules." + module
        )
        printed = world.server.shell(script, input=module_arguments(tried.params, tried.check))
        result = _read(printed, "")
        after = world.shell(_FILES)
        world.check_commands()
        _check_result(result, tried)
        # Files have no transaction, and a failure that only the write shows says what it leaves.
        if not (result.failed and "has left alone what follows" in result["msg"]):
            _check_effect(result, tried, before, after, module == "files")

    def _database(self, module: str) -> Database:
        if module not in self._templates:
            database = self._world.database()
            if module in CASES:
                CASES[module].prepare(database)
            self._templates[module] = database
        if module not in self._databases:
            self._databases[module] = self._world.database(self._templates[module])
        return self._databases[module]


def random_input(random: Random, option: Option) -> Input:
    """Return parameters of which one option, or some more, are hostile."""
    params = copy.deepcopy(random.choice(_usual(option.module, option.path)))
    others = [option]
    # A login may lead anywhere if more than one thing is wrong with it.
    while random.random() < 0.15 and not option.path[0].startswith("login_"):
        others.append(random.choice([one for one in options(option.module) if not one.path[0].startswith("login_")]))
    hostile = Hostile(random, words(option.module))
    for one in others:
        usual = [value for known in _all_usual(option.module) for value in values_at(known, one.path)]
        put(random, params, one.path, hostile.value(one.spec, usual))
    if random.random() < 0.03:
        params[hostile.text()[:60]] = hostile.text()
    return Input(option, params, random.random() < 0.35)


def put(random: Random, params: Dict[str, Any], path: OptionPath, value: Any) -> None:
    """Set an option, in one element of each list on the way."""
    if len(path) == 1:
        params[path[0]] = value
        return
    below = params.get(path[0])
    if isinstance(below, list):
        elements = [element for element in below if isinstance(element, dict)]
        if not elements:
            elements = [{}]
            params[path[0]] = [*below, *elements]
        put(random, random.choice(elements), path[1:], value)
        return
    if not isinstance(below, dict):
        # A dict for a list of them is refused by Ansible, so that one of two is a list.
        below = {}
        params[path[0]] = random.choice([below, [below], [below]])
    put(random, below, path[1:], value)


def _usual(module: str, path: OptionPath) -> List[Dict[str, Any]]:
    """Return parameters in which the option means something."""
    case = CASES[module].params if module in CASES else READ_ONLY.get(module, _ON_A_HOST.get(module, {}))
    # Nothing runs here that would be worth a wait.
    case = {name: 1 if name.endswith("timeout") else value for name, value in case.items()}
    fitting = [params for params in documented(module) if path[0] in params and "timeout" not in params]
    return [case, case, *fitting[:2]]


def _all_usual(module: str) -> List[Dict[str, Any]]:
    return [*_usual(module, ("",)), *documented(module)]


def _run(module: str, params: Mapping[str, Any], check: bool) -> Optional[ModuleResult]:
    """Return the result of a run, or nothing if it has been told to wait for longer than this does."""
    process = start_module(module, dict(params), check)
    try:
        out, err = process.communicate(_SECONDS)
    except subprocess.TimeoutExpired:
        # It was killed; module_server.py would not survive that nobody reads its report.
        process.wait(_SECONDS)
        if any(_is_long(value) for name, value in params.items() if name.endswith("timeout")):
            return None
        raise Broken("the module still runs after {0} s".format(_SECONDS)) from None
    return _read(out, err)


def _is_long(value: Any) -> bool:
    try:
        return float(value) >= _SECONDS
    except (TypeError, ValueError, OverflowError):
        return False


def _read(out: str, err: str) -> ModuleResult:
    if "Traceback" in out + err:
        # A number that is none, such as Infinity, ends Ansible before it has called anything of the module.
        if re.search(
            r'File "[^"]*/ansible/module_utils/common/\w+\.py", line \d+, in \w+\n(?! *File)[^"]*\Z', out + err
        ):
            return ModuleResult({"failed": True, "changed": False, "msg": "argument refused by a traceback of Ansible"})
        raise Broken("a traceback: ... {0}".format((out + err)[-1200:]))
    try:
        result = json.loads(out)
    except ValueError:
        raise Broken("the module printed no JSON: {0}".format(ascii((out + err)[-1200:]))) from None
    return ModuleResult(result)


def _check_result(result: ModuleResult, tried: Input) -> None:
    told = json.dumps({name: value for name, value in result.result.items() if name != "invocation"})
    if PASSWORD in json.dumps(result.result):
        raise Broken("the result shows the password of the login: {0}".format(told[:1500]))
    if not result.failed:
        return
    message = result["msg"]
    if not isinstance(message, str) or not message.strip():
        raise Broken("the failure has no message: {0}".format(told[:1500]))
    if _is_of_ansible(message):
        return
    if len(message) > _LONGEST_MESSAGE:
        raise Broken("the message has {0} characters: {1} ...".format(len(message), ascii(message[:500])))
    # Where it is no query of the user's, which may have an error of its own.
    if re.search("syntax error|unterminated quoted|zero-length delimited", message) and not re.search(
        "query|dsn", message
    ):
        raise Broken("a text has become a part of SQL: {0}".format(ascii(message[:1500])))
    if len(re.split(r"[\r\n]+", message)) != _lines(result.get("problems")):
        raise Broken("the message has not one line for each problem: {0}".format(ascii(message[:1500])))
    if re.search(r"[\0-\x09\x0b-\x1f\ud800-\udfff]", message):
        raise Broken("the message has control characters: {0}".format(ascii(message[:1500])))


def _lines(problems: Optional[Sequence[str]]) -> int:
    """Return how many lines a message has: of several problems a headline, the first hundred, and how many more."""
    if not problems or len(problems) == 1:
        return 1
    return 1 + min(len(problems), 101)


def _is_of_ansible(message: str) -> bool:
    """Tell whether Ansible has refused the parameters before the module saw them."""
    return bool(
        re.match(
            r"argument |Elements value for option |value of |missing required arguments|Unsupported parameters"
            r"|parameters are mutually|one of the following|.* is required|dictionary requested|.*unable to convert",
            message,
        )
    )


def _check_effect(result: ModuleResult, tried: Input, before: str, after: str, writes: bool) -> None:
    if before == after:
        if writes and not result.failed and result.get("changed") and not tried.check:
            raise Broken("the module says that it changed something, and has not")
        return
    what = "a refused task wrote" if result.failed else "check mode wrote" if tried.check else ""
    if not what and not writes:
        what = "a module that only reads wrote"
    if not what and not result.get("changed"):
        what = "the module says that it changed nothing, and has"
    if what:
        message = ": " + ascii(str(result.get("msg"))[:300]) if result.failed else ""
        raise Broken(what + message, compare(before, after))
