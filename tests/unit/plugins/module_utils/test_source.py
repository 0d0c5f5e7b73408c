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


#: A word of Ansible's markup with its content. Only in O, V, RV and E can a closing parenthesis be part of that.
MARKUP = re.compile(r"(?<!\w)(?:(?:O|V|RV|E)\(((?:\\.|[^\\)])*)\)|(?:C|I|B|U|L|R|M|P)\(([^)]*)\))")


def cut(text):
    """Return the markup that ends before the last parenthesis of its content, as ``C(f(x))`` does."""
    return [
        match.group()
        for match in MARKUP.finditer(text)
        if (match.group(1) or "").count("(") != (match.group(1) or "").count("\\)") or "(" in (match.group(2) or "")
    ]


def documentation(path):
    if path.suffix == ".yml":
        return path.read_text(encoding="utf-8")
    assigned = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign)]
    return "\n".join(
        node.value.value
        for node in assigned
        if isinstance(node.value, ast.Constant) and getattr(node.targets[0], "id", "") != "EXAMPLES"
    )


DOCUMENTED = [
    path for path in FILES if path.parent.name in ("action", "doc_fragments", "filter", "inventory", "modules")
]
SPECIFIED = sorted((ROOT / "roles").glob("*/meta/argument_specs.yml"))


@pytest.mark.parametrize("path", DOCUMENTED + SPECIFIED, ids=lambda path: str(path.relative_to(ROOT)))
def test_documentation_is_not_cut_at_a_parenthesis(path):
    assert cut(documentation(path)) == []


def test_what_would_be_cut_is_found():
    assert cut(r"C(f), V(f(x\)), RV(a.b), M(x.y.z) (C(g)) and NULLIF(a, C(b)) or SAV(f(x))") == []
    assert cut("C(f(x)) and V(g(x)), O(a)") == ["C(f(x)", "V(g(x)"]


MODULE_UTILS = ROOT / "plugins" / "module_utils"
PLUGIN_UTILS = ROOT / "plugins" / "plugin_utils"
TESTS = Path(__file__).resolve().parents[1]

#: Files and folders of module_utils and plugin_utils that need no test file of the same name, each with its reason.
UNTESTED = {
    "module_utils/_sql": "texts only: the integration tests run each of them on every PostgreSQL and PoWA",
    "plugin_utils/_imports": "one way from a file to definitions: test__imports_*.py compare what comes of each format",
}


def _code(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*.py") if path.name != "__init__.py")


def _test_of(path):
    """Return the test file of a file; those of the packages of plugin_utils stand in one folder."""
    folder, *names = path.parts
    if folder == "plugin_utils":
        return TESTS / folder / "test_{0}".format("_".join(names))
    return TESTS / path.parent / "test_{0}".format(path.name)


@pytest.mark.parametrize(
    "path",
    [folder.name / path for folder in (MODULE_UTILS, PLUGIN_UTILS) for path in _code(folder)],
    ids=str,
)
def test_every_file_has_a_test_file_of_the_same_name(path):
    reasons = {str(part) for part in (path, *path.parents)} & set(UNTESTED)
    assert _test_of(path).is_file() or reasons, "{0} needs a test file, or UNTESTED a reason".format(path)


def test_every_reason_is_about_files_without_tests():
    for name in UNTESTED:
        path = ROOT / "plugins" / name
        files = [path] if path.is_file() else [path / file for file in _code(path)]
        assert [file for file in files if not _test_of(file.relative_to(ROOT / "plugins")).is_file()], name


def test_only_what_quotes_the_sql_of_users_may_ask_for_it():
    asking = {
        str(path)
        for path in _code(MODULE_UTILS)
        for node in ast.walk(ast.parse((MODULE_UTILS / path).read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and any(alias.name == "user_sql" for alias in node.names))
        or (isinstance(node, ast.Attribute) and node.attr == "user_sql")
    }
    assert asking == {"_objects/source.py"}


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
    [
        Path(part) / path
        for part in ("_datasources", "_definitions", "_handwritten", "_objects")
        for path in _code(MODULE_UTILS / part)
    ],
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
