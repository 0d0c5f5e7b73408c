# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules about the source itself."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]
FILES = sorted((ROOT / "plugins").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_sql_is_pasted_together(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "execute"):
            continue
        for argument in node.args:
            pasted = isinstance(argument, (ast.JoinedStr, ast.BinOp))
            pasted = pasted or (isinstance(argument, ast.Call) and getattr(argument.func, "attr", "") == "format")
            assert not pasted, "{0}, line {1}".format(path.name, node.lineno)


def test_every_module_that_logs_in_is_in_the_action_group():
    """Its login options would make any other module fail."""
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    modules = (ROOT / "plugins" / "modules").glob("*.py")
    logging_in = [path.stem for path in modules if "- pgfleet.powa._login\n" in path.read_text(encoding="utf-8")]
    assert runtime["action_groups"]["powa"] == sorted(logging_in)


MODULE_UTILS = ROOT / "plugins" / "module_utils"
TESTS = Path(__file__).resolve().parent

#: Files of module_utils without a test file of the same name, each with its reason.
UNTESTED = {
    "_sql": "texts only: the integration tests run each of them on every PostgreSQL and PoWA",
}


def _code(folder):
    return sorted(path.relative_to(MODULE_UTILS) for path in folder.rglob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("path", _code(MODULE_UTILS), ids=str)
def test_every_file_has_a_test_file_of_the_same_name(path):
    test = TESTS / path.parent / "test_{0}".format(path.name)
    reasons = {str(part) for part in (path, *path.parents)} & set(UNTESTED)
    assert test.is_file() != bool(reasons), "{0} needs a test file, or UNTESTED a reason".format(path)


def test_every_reason_is_about_a_file():
    assert [name for name in UNTESTED if not (MODULE_UTILS / name).exists()] == []


def test_only_what_quotes_the_sql_of_users_may_ask_for_it():
    asking = {
        str(path)
        for path in _code(MODULE_UTILS)
        for node in ast.walk(ast.parse((MODULE_UTILS / path).read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and any(alias.name == "user_sql" for alias in node.names))
        or (isinstance(node, ast.Attribute) and node.attr == "user_sql")
    }
    assert asking == {"_datasources/source.py"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_named_tuple_has_no_other_base(path):
    """Python 3.8 to 3.10 refuse or ignore the other bases, and hosts may have those."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
        assert "NamedTuple" not in bases or len(bases) == 1, node.name


@pytest.mark.parametrize("path", sorted((MODULE_UTILS / "_host").glob("*.py")), ids=lambda path: path.name)
def test_host_info_works_where_no_driver_is_installed(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
        assert "psycopg2" not in names + [getattr(node, "module", None)]


#: How code names PoWA's major version or its whole version, in Python and in SQL.
_POWA_VERSION = re.compile(r"major\b|powa_version\b|archivist\.version\b|extversion\b")
_COMPARED_IN_SQL = re.compile(
    r"powa_major'?(::\w+)?\s*([=<>]|IN\b)|[=<>]\s*:'powa_major|CASE\s+:'powa_major|extversion[^\n]*::\w+\s*[=<>]"
)


def _of_one_powa(node):
    """Whether a value is the number of a major version of PoWA, or a version as a tuple. PostgreSQL's are higher."""
    numbers = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
    return bool(numbers) and str(numbers[0]) in ("3", "4", "5", "6") and not isinstance(node, ast.Subscript)


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.parent != MODULE_UTILS / "_powa"], ids=lambda path: path.name
)
def test_only_the_package_powa_compares_versions_of_powa(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            compared = any(_POWA_VERSION.search(ast.unparse(side)) for side in sides)
            assert not (compared and any(map(_of_one_powa, sides))), "{0}, line {1}".format(path.name, node.lineno)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not _COMPARED_IN_SQL.search(node.value), "{0}, line {1}".format(path.name, node.lineno)


@pytest.mark.parametrize(
    "text", ["x['major'] > 4", "powa_major(run, host) == 4", "archivist.version < (5,)", "major in (4, 5)"]
)
def test_such_a_comparison_is_found(text):
    compared = ast.parse(text, mode="eval").body
    sides = [compared.left, *compared.comparators]
    assert _POWA_VERSION.search(text) and any(map(_of_one_powa, sides))


@pytest.mark.parametrize(
    "text",
    [
        "WHERE :'powa_major' = '4'",
        "CASE :'powa_major' WHEN '4' THEN 'powa_extensions' END",
        "substring(e.extversion FROM '^[0-9]+')::integer >= 4",
    ],
)
def test_such_a_comparison_is_found_in_sql(text):
    assert _COMPARED_IN_SQL.search(text)


#: Files about the parts of a text of SQL, whose kinds are words.
_ABOUT_TOKENS = ("sql_text.py", "extension_names.py")


@pytest.mark.parametrize(
    "path",
    [path for part in ("_datasources", "_handwritten") for path in _code(MODULE_UTILS / part)],
    ids=str,
)
def test_no_code_asks_an_object_for_its_kind(path):
    """An object of a class of its own does what differs by itself; what the catalog says has a name of its own."""
    for node in ast.walk(ast.parse((MODULE_UTILS / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Eq, ast.NotEq, ast.In, ast.NotIn)):
            names = {getattr(side, "attr", getattr(side, "id", "")) for side in (node.left, *node.comparators)}
            assert path.name in _ABOUT_TOKENS or "kind" not in names, "{0}, line {1}".format(path, node.lineno)
        if isinstance(node, ast.Subscript):
            assert getattr(node.slice, "attr", "") != "kind", "{0}, line {1}".format(path, node.lineno)
