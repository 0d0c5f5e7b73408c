# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.plan import FIRST, LAST, outcomes
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.text import (
    Addition,
    additions,
    with_lines,
    without_secrets,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._hba.examples import line, rule, server

REJECT = "host all all 0.0.0.0/0 reject"
NEW = rule().line
TWO = [{"address": address, "name": "coll"} for address in ("10.0.0.9", "fd00::9")]


@pytest.mark.parametrize(
    ("text", "before", "result"),
    [
        ("", None, "new\n"),
        ("a\n", None, "a\nnew\n"),
        ("a", None, "a\nnew\n"),
        ("a\n\n", None, "a\n\nnew\n"),
        ("a\r\nb", None, "a\r\nb\nnew\n"),
        ("# a\nb\n", 2, "# a\nnew\nb\n"),
        ("a\nb", 1, "new\na\nb\n"),
        # The end of the file would become a part of a line that goes on.
        ("a \\\n", None, "a \\\n\nnew\n"),
        ("a \\", None, "a \\\n\nnew\n"),
    ],
)
def test_other_lines_keep_their_text_and_order(text, before, result):
    assert with_lines(text, [Addition(before, "new")]) == result


def test_several_lines():
    added = [Addition(2, "one"), Addition(None, "two"), Addition(2, "three")]
    assert with_lines("a\nb\n", added) == "a\none\nthree\nb\ntwo\n"


def test_a_line_is_added_once_and_first_only_where_another_is_in_its_way():
    found = server("local all all peer", REJECT)
    rules = [rule(), rule("fd00::9/128"), rule()]
    last = outcomes(rules, server("local all all peer"))
    assert additions(last, found, LAST, "") == [Addition(None, NEW), Addition(None, rule("fd00::9/128").line)]
    assert additions(last, found, FIRST, "") == additions(last, found, LAST, "")
    first = outcomes(rules, found)
    assert additions(first, found, FIRST, "") == [Addition(2, NEW), Addition(None, rule("fd00::9/128").line)]


def test_a_line_goes_before_the_first_line_in_its_way():
    found = server("host all all ::/0 reject", REJECT, clients={"coll": [TWO[0], TWO[1]], "ten": TWO[:1]})
    assert additions(outcomes([rule("coll")], found), found, FIRST, "") == [Addition(1, rule("coll").line)]
    # A name without a line of its own, of which a later rule says the same.
    apart = server(REJECT, clients={"ten": [dict(TWO[0], name=None)]})
    assert additions(outcomes([rule("ten"), rule()], apart), apart, FIRST, "") == [Addition(1, NEW)]


def test_a_stricter_line_is_not_overtaken():
    strict = server("hostnossl all all 0.0.0.0/0 reject")
    assert additions(outcomes([rule()], strict), strict, FIRST, "") == [Addition(None, NEW)]


def test_a_line_of_an_included_file_is_in_the_way():
    own, theirs = line("local all all peer", 2), line(REJECT, 1, file="/etc/other.conf")
    found = server(own, theirs)
    text = "include early.conf\nlocal all all peer\n# include x\n  include_dir more\ninclude_if_exists y\n"
    assert additions(outcomes([rule()], found), found, FIRST, text) == [Addition(4, NEW)]
    alone = server(theirs)
    assert additions(outcomes([rule()], alone), alone, FIRST, text) == [Addition(1, NEW)]
    assert additions(outcomes([rule()], alone), alone, FIRST, "# nothing\n") == [Addition(1, NEW)]


def test_a_diff_shows_no_secret():
    text = (
        'host all all all ldap ldapserver=x ldapbindpasswd="a b" ldapprefix=y\n'
        "host all all all radius radiussecrets=x,y\n"
        'host all all all ldap "ldapbindpasswd=a b"\n'
        "host all all all ldap ldapurl=ldap://user:secret@host/dc=x\n"
        "host all all all password\n"
    )
    assert without_secrets(text) == (
        "host all all all ldap ldapserver=x ldapbindpasswd=********\n"
        "host all all all radius radiussecrets=********\n"
        'host all all all ldap "ldapbindpasswd=********\n'
        "host all all all ldap ldapurl=ldap://********@host/dc=x\n"
        "host all all all password\n"
    )
