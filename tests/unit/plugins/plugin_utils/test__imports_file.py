# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of variables that definitions become."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.file import definitions_file, is_ours
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.metric import Problem


class Loader(yaml.SafeLoader):
    """Reads what Ansible reads."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def written(*queries: str, problems: Any = ()) -> str:
    return definitions_file("x.yml of pgwatch", [{"name": "n", "query": query} for query in queries], problems)


def test_it_sets_the_variable_and_is_known_again() -> None:
    text = written("SELECT 1")
    assert yaml.safe_load(text) == {"powa_datasources": [{"name": "n", "query": "SELECT 1"}]}
    assert is_ours(text) and not is_ours("---\npowa_datasources: []\n") and not is_ours("")


def test_what_is_left_out_is_a_comment_on_one_line() -> None:
    text = written("SELECT 1", problems=[Problem("m", "it has\nno SQL"), Problem("p", "a column", skipped=False)])
    assert "\n# m: skipped: it has no SQL\n# p: taken over in part: a column\npowa_datasources:\n" in text


def test_comments_have_no_characters_that_yaml_refuses() -> None:
    definitions = [{"name": "n"}]
    text = definitions_file("a\nb: [\x1b.yml of pgwatch", definitions, [Problem("m\x00\ud800\x85x", "it is\u2028odd")])
    assert yaml.safe_load(text) == {"powa_datasources": definitions} and is_ours(text)
    assert "made from a b: [ .yml of pgwatch.\n# m x: skipped: it is odd\n" in text


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1\nFROM x",
        "SELECT 1 \n\tFROM x  ",
        "SELECT 'two  \n\tlines'\nFROM x",
        "SELECT $$ a \n b $$",
        "SELECT '{{ x }}'\nFROM y",
        "SELECT '{% x %}'",
        "SELECT '{# ü'",
        "  SELECT 1\n-- a comment: with a colon",
        "- no list",
        "yes",
        "!unsafe x",
    ],
)
def test_a_query_comes_back(query: str) -> None:
    (found,) = yaml.load(written(query), Loader=Loader)["powa_datasources"]
    lines = found["query"].splitlines()
    assert [line.rstrip() for line in lines] == [line.expandtabs().rstrip() for line in query.splitlines()] or (
        found["query"] == query
    )


def test_what_looks_like_a_template_is_none() -> None:
    text = written("SELECT '{{ x }}'\nFROM y", "SELECT '{% x %}'", "SELECT '{}'")
    assert text.count("!unsafe") == 2 and "query: !unsafe |-\n" in text


def test_spaces_in_a_quoted_text_stay() -> None:
    (found,) = yaml.load(written("SELECT 'a \n\tb' \nFROM x"), Loader=Loader)["powa_datasources"]
    assert "'a \n\tb'" in found["query"]


def test_queries_are_blocks() -> None:
    text = written("SELECT 1 \n\tAS a\nFROM x \n")
    assert "\n    query: |-\n      SELECT 1\n              AS a\n      FROM x\n" in text


def test_equal_values_are_written_twice() -> None:
    same = {"min_version": 130000}
    text = definitions_file("x of pgwatch", [{"name": "n", "queries": [same, same]}], [])
    assert "&" not in text and text.count("130000") == 2
