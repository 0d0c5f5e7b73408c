# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where PostgreSQL reads powa.conf, and what it reads later."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._reading_order import (
    generator,
    is_altered,
    line_after,
    why_unread,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.test__settings import (
    ALTERED,
    CONF,
    FOLDER,
    INCLUDE,
    MAIN,
    line,
    server,
)

COMMON = "/etc/postgresql/common.conf"
LISTEN = "listen_addresses"


def include(path, number, kind="include", file=MAIN, commented=False):
    return {"file": file, "line": number, "kind": kind, "path": path, "commented": commented}


def found(*lines, includes=(INCLUDE,)):
    return server(*lines, facts={"includes": includes if includes is None else list(includes)})


@pytest.mark.parametrize(
    "includes",
    [
        [INCLUDE],
        [include(CONF, 3)],
        [include(COMMON, 3), include(FOLDER + "/conf.d", 1, "include_dir", COMMON)],
    ],
    ids=["folder", "file", "of an included file"],
)
def test_powa_conf_is_read(includes):
    assert why_unread(found(includes=includes), CONF) is None


def test_powa_conf_is_not_read():
    add = "PostgreSQL does not read {0}: create its folder, and add the line include_dir = '{1}' at the end of {2}"
    assert why_unread(found(includes=[]), CONF) == add.format(CONF, "conf.d", MAIN)
    # The file that would include it is included by none.
    lonely = include(FOLDER + "/conf.d", 1, "include_dir", COMMON)
    assert why_unread(found(includes=[lonely]), CONF) == add.format(CONF, "conf.d", MAIN)
    commented = [include(FOLDER + "/conf.d", number, "include_dir", commented=True) for number in (790, 810)]
    assert why_unread(found(includes=commented), CONF) == (
        "PostgreSQL does not read {0}, because {1}, line 810 is commented out: uncomment it there".format(CONF, MAIN)
    )
    # PostgreSQL has read it, however it is included.
    assert why_unread(found(line(LISTEN, "*"), includes=[]), CONF) is None


def test_nobody_can_tell_without_the_includes():
    assert why_unread(found(includes=None), CONF) == (
        "Ansible cannot read {0} and the files that it includes, and so cannot tell whether PostgreSQL reads {1}:"
        " let it become root".format(MAIN, CONF)
    )
    assert line_after(found(line(LISTEN, "a", MAIN, 800), includes=None), LISTEN, CONF) is None


@pytest.mark.parametrize(
    ("file", "number", "later"),
    [
        (MAIN, 789, False),
        (MAIN, 791, True),
        (FOLDER + "/conf.d/00.conf", 9, False),
        (FOLDER + "/conf.d/zz.conf", 1, True),
        (COMMON, 1, True),
        (ALTERED, 1, False),
        ("/etc/unknown.conf", 1, False),
        (CONF, 1, False),
    ],
)
def test_what_is_read_after_powa_conf(file, number, later):
    one = line(LISTEN, "a", file, number)
    assert (line_after(found(one, includes=[INCLUDE, include(COMMON, 800)]), LISTEN, CONF) is not None) == later


def test_the_last_line_counts_and_the_last_include():
    lines = [line(LISTEN, "a", MAIN, 700), line(LISTEN, "b", COMMON, 1)]
    both = [include(COMMON, 10), INCLUDE, include(COMMON, 800)]
    assert line_after(found(*lines, includes=both), LISTEN, CONF).value == "b"
    assert line_after(found(*lines, includes=both[:2]), LISTEN, CONF) is None
    again = [INCLUDE, include(COMMON, 800), include(CONF, 900)]
    assert line_after(found(*lines, includes=again), LISTEN, CONF) is None
    assert line_after(found(), LISTEN, CONF) is None


def test_files_that_include_themselves_end():
    itself = [include(COMMON, 1, file=COMMON), include(COMMON, 5)]
    assert why_unread(found(includes=itself), CONF).startswith("PostgreSQL does not read")


def test_who_writes_the_files():
    def by(generated, *lines):
        return generator(server(*lines, facts={"generated": generated}), CONF)

    assert by({}) is None
    assert by({MAIN: "Patroni", "/etc/pg_hba.conf": "x"}) == (MAIN, "Patroni")
    assert by({"/etc/postgresql/15/main/pg_hba.conf": "Patroni"}) is None
    assert by({COMMON: "a tool"}, line(LISTEN, "a", COMMON)) == (COMMON, "a tool")


def test_what_alter_system_decides():
    altered = line(LISTEN, "a", ALTERED)
    assert is_altered(found(altered), LISTEN)
    assert not is_altered(found(line(LISTEN, "a")), LISTEN) and not is_altered(found(), LISTEN)
