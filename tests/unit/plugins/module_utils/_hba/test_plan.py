# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.plan import (
    FIRST,
    LAST,
    outcome,
    outcomes,
    partial_conflicts,
    problems,
    replaced_names,
    resolved,
    stricter_lines,
    text_of,
)
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._hba.examples import (
    FILE,
    broken,
    line,
    rule,
    server,
)

REJECT = "host all all 0.0.0.0/0 reject"


def decided(*lines, **changes):
    """Return what becomes of a login: the number of the line that lets it in, or how a new one stands to the others."""
    found = outcome(rule(**changes), server(*lines))
    if not found.added:
        return found.admitting["line"]
    return "blocked by {0}".format(found.before[0]["line"]) if found.before[0] else "added"


@pytest.mark.parametrize(
    ("lines", "result"),
    [
        ([], "added"),
        (["local all all trust"], "added"),
        (["host all all 10.0.0.0/24 scram-sha-256"], 1),
        (["host all all all md5", REJECT], 1),
        ([REJECT], "blocked by 1"),
        ([REJECT, "host all all all scram-sha-256"], "blocked by 1"),
        (["host all all 10.1.0.0/16 reject", "host all all all scram-sha-256"], 2),
        (["host all all all ident", "host all all all scram-sha-256"], "blocked by 1"),
        (["host all all all trust"], 1),
        # A stricter line of the user's is enough, wherever the others stand.
        (["hostssl all all all scram-sha-256"], 1),
        (["hostgssenc all all all scram-sha-256"], 1),
        (["hostnossl all all all reject", "hostssl all all all scram-sha-256"], 2),
        (["hostssl all all all scram-sha-256", REJECT], 1),
        (["hostnossl all all all reject"], "added"),
        # What keeps only clear text out is not in the way.
        (["hostnossl all all all reject", REJECT], "blocked by 2"),
        (["hostssl all all all reject", "hostnossl all all all reject"], "blocked by 1"),
        (["hostnogssenc all all all reject"], "blocked by 1"),
        (["hostssl all all all reject", "hostnossl all all all scram-sha-256"], 2),
        # What a line does not say for sure counts for nothing.
        (["host all all samenet scram-sha-256"], "added"),
        (["host all all c.example.com scram-sha-256"], "added"),
        (["host all all samenet reject"], "added"),
        # Connections with GSSAPI are decided, too.
        (["hostgssenc all all 0.0.0.0/0 reject", "hostgssenc all all all scram-sha-256"], "added"),
        (["hostgssenc all all 0.0.0.0/0 scram-sha-256", "host all all all scram-sha-256"], 2),
        (["hostgssenc all all 0.0.0.0/0 scram-sha-256", REJECT], 1),
        (["hostnogssenc all all all reject", "hostgssenc all all all scram-sha-256"], 2),
    ],
)
def test_the_first_line_that_matches_decides(lines, result):
    assert decided(*lines) == result


@pytest.mark.parametrize(
    ("contype", "lines", "result"),
    [
        ("hostssl", ["host all all all scram-sha-256"], 1),
        ("hostssl", ["hostnossl all all all scram-sha-256"], "added"),
        ("hostssl", ["hostnossl all all all reject"], "added"),
        ("hostssl", ["hostssl all all all reject"], "blocked by 1"),
        ("hostnossl", ["hostssl all all all scram-sha-256"], "added"),
        ("hostnossl", ["hostnogssenc all all all scram-sha-256"], 1),
        ("hostgssenc", ["hostnogssenc all all all reject"], "added"),
        ("hostgssenc", ["hostgssenc all all all scram-sha-256"], 1),
        ("hostgssenc", ["hostnossl all all all reject"], "blocked by 1"),
    ],
)
def test_of_a_type_of_connection(contype, lines, result):
    assert decided(*lines, contype=contype) == result


SUFFIX = ".example.com"


@pytest.mark.parametrize(
    ("address", "lines", "result"),
    [
        *((address, [REJECT, "host all all ::/0 reject"], "blocked by 1") for address in (SUFFIX, "all", "samenet")),
        (SUFFIX, [REJECT, "host all all ::/0 reject", "host all all .com scram-sha-256"], "blocked by 1"),
        (SUFFIX, [REJECT], "added"),
        (SUFFIX, [REJECT, "host all all .com scram-sha-256"], 2),
        (SUFFIX, [REJECT, "host all all all reject"], "blocked by 2"),
        (
            "all",
            ["host all all 0.0.0.0/1 reject", "host all all 128.0.0.0/1 reject", "host all x ::/0 reject"],
            "added",
        ),
        ("all", [REJECT, "hostnossl all all ::/0 reject"], "added"),
        ("all", ["hostssl all all 0.0.0.0/0 scram-sha-256", "hostssl all all ::/0 scram-sha-256"], 1),
        ("10.0.0.0/24", ["host all all 10.0.0.0/25 reject", "host all all 10.0.0.128/25 reject"], "blocked by 1"),
        ("10.0.0.0/24", ["host all all 10.0.0.0/25 reject", "host all all 10.0.0.128/26 reject"], "added"),
        ("10.0.0.0/24", ["host all all 10.0.0.0/25 reject", "host all all 10.0.0.128/25 scram-sha-256"], 2),
        ("10.0.0.0/24", ["host all all 10.0.0.0/25 scram-sha-256", REJECT], "blocked by 2"),
    ],
)
def test_several_lines_decide_together(address, lines, result):
    assert decided(*lines, address=address) == result


def test_a_line_that_asks_for_more_is_kept_and_told():
    strict = "hostssl all all 0.0.0.0/0 scram-sha-256"
    for option in ("clientcert=verify-full", "clientcert=verify-ca", "clientcert=1"):
        found = outcomes([rule(), rule()], server(dict(line(strict), options=["map=x", option])))
        assert [each.added for each in found] == [[], []]
        assert stricter_lines(found) == [
            "{0}, line 1 ({1} map=x {2}) lets in role powa_monitor from 10.0.0.9/32 to database powa only with a client"
            " certificate ({2}), and no line is added beside it: see that the client has that, or add a line before"
            " it".format(FILE, strict, option)
        ]
    certified = dict(line(strict), options=["clientcert=verify-full"])
    (enough,) = outcomes([rule()], server(certified, line("host all all all scram-sha-256", 2)))
    assert enough.admitting["line"] == 2 and stricter_lines([enough]) == []
    for wanted, given in (("cert", "cert"), ("scram-sha-256", "scram-sha-256")):
        options = ["clientcert=verify-full"] if wanted == "cert" else ["clientcert=0"]
        found = server(dict(line("hostssl all all all " + given), options=options))
        assert stricter_lines(outcomes([rule(method=wanted)], found)) == []


def test_a_line_for_gssapi_only_is_told():
    (sentence,) = stricter_lines(outcomes([rule()], server("hostgssenc all all all scram-sha-256")))
    assert "only with encryption by GSSAPI, that is, a ticket of Kerberos, and no line is added beside it" in sentence
    assert stricter_lines(outcomes([rule(contype="hostgssenc")], server("hostgssenc all all all trust"))) == []


def test_all_databases_need_a_line_for_all():
    assert decided("host powa all all scram-sha-256", database=None) == "added"
    assert decided("host all all all scram-sha-256", database=None) == 1
    assert decided("host secret all all reject", "host all all all scram-sha-256", database=None) == 2
    found = outcomes([rule(database=None)], server("host secret all all reject", "host all all all scram-sha-256"))
    assert partial_conflicts(found) == [
        "{0}, line 1 (host secret all all reject) comes first and blocks, or may block, some logins of role"
        " powa_monitor from 10.0.0.9/32 to all databases; the task leaves it alone".format(FILE)
    ]


def test_a_line_that_can_never_match_decides_nothing():
    useless = line("hostssl all all all scram-sha-256", error="hostssl record cannot match because SSL is disabled")
    assert decided(useless) == "added" and decided(dict(useless, method="reject"), contype="hostssl") == "added"
    assert problems(outcomes([rule()], server(useless)), server(useless), LAST) == []


def test_a_name_that_no_line_can_have():
    rules = [rule(user="/x"), rule(database="/y")]
    end = (
        " cannot be named in pg_hba.conf, where PostgreSQL 16 and later take a name with a slash at its beginning for a"
        " regular expression: rename it, or let it in by a line of your own"
    )
    assert problems(outcomes(rules, server()), server(), FIRST) == ["role /x" + end, "database /y" + end]
    for enough in (server("host all all all md5"), server(version_num=150006)):
        assert problems(outcomes(rules, enough), enough, FIRST) == []


def test_all_problems_come_at_once():
    found = server(REJECT, "host all all ::/0 ldap")
    rules = [rule(), rule("10.0.0.8/32", user="powa_web"), rule("fd00::9/128", database=None), rule("nobody")]
    assert problems(outcomes(rules, found), found, LAST) == [
        "this server cannot resolve nobody, from which role powa_monitor logs in: make the name known here, or declare"
        " the address (powa_host of that host, or powa_collector_addresses, powa_web_addresses or"
        " powa_reader_addresses here)",
        "{0}, line 1 (host all all 0.0.0.0/0 reject) decides first and does not let in role powa_monitor from"
        " 10.0.0.9/32 to database powa by scram-sha-256, role powa_web from 10.0.0.8/32 to database powa by"
        " scram-sha-256: set powa_hba_position (option position) to first, which puts the new line before it, or"
        " correct that line".format(FILE),
        "{0}, line 2 (host all all ::/0 ldap) decides first and does not let in role powa_monitor from fd00::9/128 to"
        " all databases by scram-sha-256: set powa_hba_position (option position) to first, which puts the new line"
        " before it, or correct that line".format(FILE),
    ]
    assert len(problems(outcomes(rules, found), found, FIRST)) == 1


def test_a_file_with_an_error_is_never_written():
    found = server("host all all all scram-sha-256", broken('invalid connection type "hots"', 7))
    sentence = (
        '{0}, line 7 has an error (invalid connection type "hots"), and PostgreSQL loads no file with one: correct the'
        " line".format(FILE)
    )
    assert problems(outcomes([rule()], found), found, LAST) == [sentence]
    assert problems([], found, FIRST) == [sentence]


def test_what_a_cluster_manager_writes_is_for_its_configuration():
    found = server(REJECT, generated={FILE: "Patroni"})
    rules = [rule(), rule("fd00::9/128", database=None)]
    assert problems(outcomes(rules, found), found, LAST) == problems(outcomes(rules, found), found, FIRST)
    assert problems(outcomes(rules, found), found, LAST) == [
        "{0} is written by Patroni, which would remove our lines: add to postgresql.pg_hba of Patroni's configuration"
        " before host all all 0.0.0.0/0 reject: host powa powa_monitor 10.0.0.9/32 scram-sha-256; host all powa_monitor"
        " fd00::9/128 scram-sha-256".format(FILE)
    ]
    enough = server("host all all all scram-sha-256", generated={FILE: "Patroni"})
    assert problems(outcomes(rules, enough), enough, LAST) == []
    other = server(generated={FILE: "Stranger"})
    assert "add to its configuration: host powa" in problems(outcomes(rules, other), other, LAST)[0]


CLIENTS = {
    "short": [{"address": "10.0.0.9", "name": "short.example"}],
    "long.example": [{"address": "10.0.0.8", "name": "Long.Example"}],
    "both": [{"address": "10.0.0.7", "name": "both"}, {"address": "fd00::7", "name": None}],
    "nobody": [],
    "10.0.0.9/32": [{"address": "10.0.0.9", "name": "short.example"}],
}


def written(address, *lines):
    return [each.address for each in outcome(rule(address), server(*lines, clients=CLIENTS)).added]


def test_a_name_is_written_where_it_is_the_name_of_its_addresses():
    assert written("long.example") == ["long.example"]
    assert written("short") == ["10.0.0.9/32"]
    assert written("both") == ["10.0.0.7/32", "fd00::7/128"]
    assert written("nobody") == []


def test_a_name_that_nobody_knows_is_let_in_from_everywhere():
    everywhere = server("host all all 0.0.0.0/0 reject", "host all all all scram-sha-256", clients=CLIENTS)
    assert outcome(rule("nobody"), everywhere).admitting["line"] == 2
    assert problems(outcomes([rule("nobody")], everywhere), everywhere, LAST) == []
    for text in ("host all all nobody trust", "host all all 0.0.0.0/0 trust", "host all all all reject"):
        found = server(text, clients=CLIENTS)
        assert "cannot resolve nobody" in problems(outcomes([rule("nobody")], found), found, FIRST)[0]


def test_each_address_of_a_name_has_to_be_let_in():
    assert written("both", "host all all 10.0.0.0/24 scram-sha-256") == ["fd00::7/128"]
    assert written("both", "host all all both scram-sha-256") == ["fd00::7/128"]
    assert written("short", "host all all short scram-sha-256") == ["10.0.0.9/32"]
    assert written("short", "host all all .example scram-sha-256") == []
    assert written("long.example", "host all all LONG.example scram-sha-256") == []
    assert written("10.0.0.9/32", "host all all short.example scram-sha-256") == []
    assert written("10.0.0.9/32", "host all all other.example scram-sha-256") == ["10.0.0.9/32"]


TWO = {"coll": [{"address": address, "name": "coll"} for address in ("10.0.0.9", "fd00::9")]}


def test_of_several_addresses_only_those_that_lack_a_line_are_written():
    found = server("hostssl all all 10.0.0.9/32 scram-sha-256", clients=TWO)
    rules = outcomes([rule("coll")], found)
    assert [each.address for each in rules[0].added] == ["fd00::9/128"]
    assert replaced_names(rules, found) == [
        "coll is written as fd00::9/128, because its other addresses are let in already"
    ]
    assert [each.address for each in outcome(rule("coll"), server(clients=TWO)).added] == ["coll"]


def test_a_name_goes_before_all_that_keeps_one_of_its_addresses_out():
    found = server("host all all ::/0 reject", REJECT, clients=TWO)
    assert [line["line"] for line in outcome(rule("coll"), found).before] == [1]
    apart = server(
        "host all all ::/0 reject", REJECT, clients={"coll": [dict(each, name=None) for each in TWO["coll"]]}
    )
    assert [line["line"] for line in outcome(rule("coll"), apart).before] == [2, 1]
    assert [sentence.split(" (")[0] for sentence in problems([outcome(rule("coll"), found)], found, LAST)] == [
        "{0}, line 2".format(FILE),
        "{0}, line 1".format(FILE),
    ]


def test_what_became_of_names():
    found = server(clients=CLIENTS)
    rules = outcomes([rule(address) for address in ("short", "long.example", "both", "10.0.0.9/32", "nobody")], found)
    assert resolved(rules, found) == {
        "short": ["10.0.0.9/32"],
        "long.example": ["10.0.0.8/32"],
        "both": ["10.0.0.7/32", "fd00::7/128"],
        "nobody": [],
    }
    start = "is written as {0}, because PostgreSQL compares a line with the name that it finds for the client's address"
    assert replaced_names(rules, found) == [
        "short {0}, and on this server 10.0.0.9 is short.example".format(start.format("10.0.0.9/32")),
        "both {0}, and on this server 10.0.0.7 is both, fd00::7 is without a name".format(
            start.format("10.0.0.7/32, fd00::7/128")
        ),
    ]


@pytest.mark.parametrize(
    "text",
    ["host all,powa +a,b 10.0.0.0/8 md5", "host all all fd00::/64 md5", "hostssl all all .example.com cert"],
)
def test_the_text_of_a_line(text):
    assert text_of(line(text)) == text
    assert text_of(dict(line(text), options=["map=x"])) == text + " map=x"


def test_the_text_of_an_odd_line():
    assert text_of(line("local all all peer")) == "local all all peer"
    odd = dict(line("host all all 10.0.0.0/8 md5"), address="nonsense")
    assert text_of(odd) == "host all all nonsense 255.0.0.0 md5"
    assert text_of(dict(odd, address="10.0.7.9", netmask="255.255.255.0")) == "host all all 10.0.7.0/24 md5"
