# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of any kind, number of any size, and entries by the thousand: a module answers in sentences, one line each."""

from __future__ import annotations

import copy
import importlib
import json
import random
import re
from typing import Any, Dict, Iterator, List, Tuple

import pytest
import yaml
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import LOGIN_SPEC
from datasources import LOCK_MODES
from powa_web import running_powa_web
from servers import Database, ModuleResult, start_module
from test_contract import CASES, READ_ONLY
from test_host_info import read

MODULES = "ansible_collections.pgfleet.powa.plugins.modules."
LONG = "x" * 10_000_000
#: What no option expects.
TEXTS = [
    "", " ", "\0", "a\0b", "\ud800", "a\udc80b", "é€\u2028", "a\nb\r\n", "'; DROP TABLE x; --", '"', "\\", "$$", "{0}{",
    "%s %(x)s", "-1", "{{ 1 }}", LONG, "pg_catalog.int4", "NaN",
]  # fmt: skip
NUMBERS = [0, -1, -(2**31) - 1, 2**31, 2**63, 99999999999, 10**400]
OTHERS: List[Any] = [None, True, [], {}, [None], ["a\0"], [["x"] * 3], {"a\0": "b"}, ["name"] * 10_000, 0.5]
#: A task that is right, for modules that have no case in test_contract.
RIGHT: Dict[str, Dict[str, Any]] = {
    **{module: case.params for module, case in CASES.items()},
    **READ_ONLY,
    "files": {"files": [{"path": "/nowhere/x", "content": "x"}]},
    "host_info": {"database": "powa"},
}
#: What would only wait.
WAITING = {"timeout", "collector_timeout", "connect_params"}

Path = Tuple[Any, ...]


def options_of(module: str) -> Dict[str, Any]:
    """Return the options of a module, those of its login among them, as its documentation has them."""
    loaded = importlib.import_module(MODULES + module)
    documented = yaml.safe_load(loaded.DOCUMENTATION)
    options: Dict[str, Any] = dict(documented.get("options") or {})
    for fragment in documented.get("extends_documentation_fragment") or ():
        name = fragment.split(".")[-1]
        found = importlib.import_module("ansible_collections.pgfleet.powa.plugins.doc_fragments." + name)
        options.update(yaml.safe_load(found.ModuleDocFragment.DOCUMENTATION).get("options") or {})
    return options


def places(options: Dict[str, Any], before: Path = ()) -> Iterator[Path]:
    """Return the place of each option, those within lists and dictionaries included."""
    for name, option in options.items():
        yield (*before, name)
        if option.get("suboptions"):
            inside = (0,) if option["type"] == "list" else ()
            yield from places(option["suboptions"], (*before, name, *inside))


def put(params: Dict[str, Any], place: Path, value: Any) -> None:
    """Have a value at a place of the parameters."""
    at: Any = params
    for step, following in zip(place, place[1:]):
        new: Any = [{}] if isinstance(following, int) else {}
        if isinstance(at, list):
            at = at[step]
        else:
            if not at.get(step):
                at[step] = new
            at = at[step]
    at[place[-1]] = value


def hostile(module: str) -> Iterator[Tuple[Path, Any]]:
    """Return for each option the values that it is to have, always the same ones."""
    chance = random.Random(15)
    for place in places(options_of(module)):
        # All modules log in by the same code.
        if place[-1] in WAITING or (place[0] in LOGIN_SPEC and module != "history_info"):
            continue
        # This one starts programs on the host of the tests.
        if module == "host_info":
            yield place, chance.choice(["\0", "\ud800", LONG, "a\n-b", "{0}", OTHERS[-2]])
            continue
        for value in chance.sample(TEXTS, 2) + chance.sample(NUMBERS, 1) + chance.sample(OTHERS, 1):
            yield place, value


#: What Ansible itself says of a value that has the wrong type or is missing.
_OF_ANSIBLE = re.compile(
    r"argument '|Elements value for option|value of |missing required|state is|Unsupported|parameters are|one of the"
    r"|.* of type |Ansible cannot read the options|Failed to validate|dictionary requested"
)


def wrong(result: ModuleResult) -> str:
    """Return what is wrong with the message of a failure, which is a few sentences, one line each."""
    message = result["msg"] if result.failed else ""
    if not message or _OF_ANSIBLE.match(message):
        return ""
    lines = message.split("\n")
    if len(message) > 300_000 or max(map(len, lines)) > 2_200:
        return "too long"
    if re.search("[\0-\x08\x0b-\x1f\x7f\ud800-\udfff]", message):
        return "control characters"
    if len(lines) > 1 and not (
        re.match(r"[0-9]+ problems in ", lines[0]) and all(line.startswith("- ") for line in lines[1:])
    ):
        return "several lines"
    vague = r"Error\(|Exception|psycopg2|refused a statement of the task[^(]*$"
    return "no sentence for users" if re.search(vague, message) else ""


@pytest.mark.parametrize("module", sorted(RIGHT))
@pytest.mark.parametrize("server", ["5"], ids=["powa5"], indirect=True, scope="session")
def test_every_option_of_every_module(database: Database, module: str) -> None:
    if module in CASES:
        CASES[module].prepare(database)
    before = database.dump().read()
    login = {} if module in ("files", "host_info") else dict(database.login, connect_params={"connect_timeout": 2})
    found = []
    for place, value in hostile(module):
        params = dict(login, **copy.deepcopy(RIGHT[module]))
        if module == "collector":
            params["timeout"] = 1
        put(params, place, value)
        out, err = start_module(module, params, check=True).communicate()
        said = "a traceback" if "Traceback" in out + err else wrong(ModuleResult(json.loads(out)))
        if said:
            found.append("{0} = {1}: {2}: {3}".format(place, ascii(value)[:99], said, (out + err)[-700:]))
    assert not found, "\n".join(found)
    assert database.dump() == before


@pytest.mark.parametrize(
    ("encoded", "stored", "other"),
    [
        ("LATIN1", "à 5 £", "\u20ac"),
        ("WIN1252", "à 5 €", "\u0142"),
        ("KOI8R", "да", "\u20ac"),
    ],
    indirect=["encoded"],
)
def test_what_the_encoding_of_a_database_can_not_store(encoded: Database, stored: str, other: str) -> None:
    encoding, one = encoded.name[3:].upper(), {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
    message = encoded.refused("datasources", datasources=[dict(LOCK_MODES, title="5 " + other)], **one)
    assert message == (
        "datasources[0].title: found {0}, but the encoding {1} of the database cannot store {2}:"
        " leave that out, or use a database with encoding UTF8".format(ascii("5 " + other), encoding, ascii(other))
    )
    message = encoded.refused("servers", servers=[{"hostname": "one", "password": other + ".planted"}])
    assert "servers[0].password: found a value that is hidden here" in message and "planted" not in message
    storable = [dict(LOCK_MODES, title=stored)]
    assert encoded.ok("datasources", datasources=storable, **one).changed
    assert not encoded.ok("datasources", datasources=storable, **one).changed
    assert encoded.value(
        "SELECT obj_description('powa_lock_modes_src(int)'::regprocedure) LIKE %s", ("%" + stored + "%",)
    )


@pytest.mark.parametrize("encoded", ["EUC_JP"], indirect=True)
def test_what_an_encoding_of_several_bytes_can_not_store(encoded: Database) -> None:
    one = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
    message = encoded.refused("datasources", datasources=[dict(LOCK_MODES, title="5 €")], **one)
    assert 'in encoding "UTF8" has no equivalent in encoding "EUC_JP"' in message
    assert "leave out what the encoding of the database cannot store" in message
    # Python's codec does not know the numeral.
    storable = [dict(LOCK_MODES, title="東京 Ⅳ")]
    assert encoded.ok("datasources", datasources=storable, **one).changed
    assert not encoded.ok("datasources", datasources=storable, **one).changed
    assert encoded.value(
        "SELECT position(convert_from(%s, 'UTF8') IN obj_description('powa_lock_modes_src(int)'::regprocedure)) > 0",
        ("東京 Ⅳ".encode(),),
    )


@pytest.mark.parametrize("encoded", ["SQL_ASCII"], indirect=True)
def test_a_database_without_an_encoding(encoded: Database) -> None:
    one = {"server_kind": ["repository", "remote"], "monitoring_role": "powa"}
    storable = [dict(LOCK_MODES, title="5 € each")]
    assert encoded.ok("datasources", datasources=storable, **one).changed
    assert not encoded.ok("datasources", datasources=storable, **one).changed
    encoded.sql("SELECT powa_register_server(hostname => 'one', alias => convert_from('\\xe9'::bytea, 'SQL_ASCII'))")
    for module, params in (
        ("server_info", {"collector_timeout": 1}),
        ("servers", {"servers": [{"hostname": "two"}]}),
        ("history_info", {}),
    ):
        result = encoded.run(module, **params)
        assert result.failed and 'invalid byte sequence for encoding "UTF8": 0xe9' in result["msg"]
        assert "correct that text in the database, whose encoding is SQL_ASCII" in result["msg"]
    # What is no text has a sign in its place, and the rest is read.
    for statement in (
        "COMMENT ON EXTENSION powa IS {0}",
        "ALTER DATABASE {1} SET search_path = public, {0}",
        "COMMENT ON FUNCTION public.powa_lock_modes_src(int) IS {0}",
    ):
        encoded.sql(
            "DO $do$ BEGIN EXECUTE format($${0}$$, quote_literal(convert_from('\\xe974'::bytea, 'SQL_ASCII')));"
            " END $do$".format(statement.format("%s", encoded.name)).replace("%", "%%"),
            (),
        )
    seen = read(encoded.server.container, database=encoded.name, collector_role="powa_collector", repository=True)
    assert seen["unseen"] == [] and seen["extensions"]["powa"]["comment"] == "\ufffdt"
    assert [server["alias"] for server in seen["repository"]["servers"]] == ["\ufffd"]
    assert "\ufffdt" in seen["repository"]["search_paths"]["powa_collector"]


@pytest.mark.parametrize("encoded", ["SQL_ASCII"], indirect=True)
def test_powa_web_shows_text_of_a_database_without_an_encoding(encoded: Database) -> None:
    alias = "convert_from('\\x5ac3bc72696368', 'SQL_ASCII')"
    encoded.sql("SELECT powa_register_server(hostname => 'one', alias => {0})".format(alias))
    with running_powa_web(encoded) as get:
        # powa-web 4 reads the server's alias for it.
        assert "<html" in get("/server/1/overview/")


def test_thousands_of_problems_are_counted(database: Database) -> None:
    wrong = [dict(LOCK_MODES, name="No {0} {1}".format(number, "x" * 5000)) for number in range(10_000)]
    result = database.run("datasources", server_kind=["repository"], datasources=wrong)
    lines = result["msg"].split("\n")
    assert lines[0] == "10000 problems in the datasources:" and lines[-1] == "- and 9900 more" and len(lines) == 102
    assert len(result["problems"]) == 1001 and result["problems"][-1] == "and 9000 more"
    assert max(map(len, result["problems"])) < 2_200 and "characters cut]" in lines[1]
