# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the roles: what each text means, and what a sentence says of a wrong value."""

from __future__ import annotations

from datetime import date
from typing import Any, Dict

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils import _variables
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import (
    ROLES,
    Unevaluated,
    evaluate,
    is_static,
    options_of,
    plain,
    read_variables,
    same_value,
)


class Failing(Dict[str, Any]):
    """Variables whose templates fail when they are read, as hostvars does it."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if isinstance(value, Exception):
            raise value
        return value


def value_of(name: str, value: Any) -> Any:
    found = read_variables({name: value}, ROLES)
    assert not found.problems
    return found.values.get(name, "unset")


def problem_of(name: str, value: Any) -> str:
    (problem,) = read_variables({name: value}, ROLES).problems.values()
    return problem


def test_without_any_variable_there_are_the_defaults_of_the_argument_specs() -> None:
    found = read_variables({})
    assert not found.problems
    assert found.values["powa_port"] == 5432
    assert found.values["powa_stats_extensions"] == ["pg_qualstats", "pg_stat_kcache", "pg_wait_sampling"]
    assert found.values["powa_listen_addresses"] == ""
    assert found.values["powa_doctor_timeout"] == 5
    # Those without a default, those whose default depends on others, and those that nobody may see.
    for name in ("powa_frequency", "powa_repository", "powa_host", "powa_alias", "powa_web_password"):
        assert name not in found.values


@pytest.mark.parametrize("unset", [None, ""])
def test_null_and_an_empty_text_mean_unset(unset: Any) -> None:
    raw = {name: unset for name in options_of() if name != "powa_alias"}
    assert read_variables(raw, ROLES) == read_variables({}, ROLES)


def test_an_empty_alias_is_none() -> None:
    # The inventory plugin has it for a server that is registered without an alias.
    assert value_of("powa_alias", "") == ""
    assert value_of("powa_alias", None) == "unset"


@pytest.mark.parametrize("word", [True, 1, "true", "True", " yes ", "on", "1", "t", "Y"])
def test_what_is_true(word: Any) -> None:
    assert value_of("powa_servers_exact", word) is True


@pytest.mark.parametrize("word", [False, 0, "false", "False", "no", "off", "0", "f", "n"])
def test_what_is_false(word: Any) -> None:
    assert value_of("powa_restart_postgresql", word) is False


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("powa_port", "5433", 5433),
        ("powa_port", " 5433\n", 5433),
        ("powa_port", 5433.0, 5433),
        ("powa_frequency", "-1", -1),
        ("powa_frequency", 5, 5),
        ("powa_coalesce", "5", 5),
        ("powa_postgresql_version", 15, "15"),
        ("powa_retention", "7 days", "7 days"),
        ("powa_retention", "1 day 2 hours 30 mins", "1 day 2 hours 30 mins"),
        ("powa_state", "absent", "absent"),
        ("powa_stats_extensions", "pg_qualstats", ["pg_qualstats"]),
        ("powa_stats_extensions", "pg_qualstats, pg_stat_kcache,", ["pg_qualstats", "pg_stat_kcache"]),
        ("powa_stats_extensions", "pg_qualstats\npg_stat_kcache", ["pg_qualstats", "pg_stat_kcache"]),
        ("powa_stats_extensions", "[pg_qualstats, pg_stat_kcache]", ["pg_qualstats", "pg_stat_kcache"]),
        ("powa_stats_extensions", '["pg_qualstats"]', ["pg_qualstats"]),
        ("powa_stats_extensions", "- pg_qualstats\n- pg_stat_kcache", ["pg_qualstats", "pg_stat_kcache"]),
        ("powa_stats_extensions", ("pg_qualstats", None, ""), ["pg_qualstats"]),
        ("powa_stats_extensions", "[]", []),
        ("powa_report_datasources", 7, ["7"]),
        ("powa_report_datasources", [7], ["7"]),
        ("powa_doctor_ignore", "inventory,powa_absent", ["inventory", "powa_absent"]),
        ("powa_doctor_ignore", [""], []),
        ("powa_datasources", '[{"name": "a"}]', [{"name": "a"}]),
        ("powa_datasources", "- name: a", [{"name": "a"}]),
        ("powa_extension_packages", "hypopg: my-hypopg", {"hypopg": "my-hypopg"}),
        ("powa_extension_packages", {"hypopg": "my-hypopg"}, {"hypopg": "my-hypopg"}),
        ("powa_extension_packages", {"hypopg": None, "pg_x": 1}, {"pg_x": "1"}),
        ("powa_datasources", [{"name": "a", "servers": "x, y"}], [{"name": "a", "servers": ["x", "y"]}]),
        ("powa_datasources", [{"name": "a", "servers": 5}], [{"name": "a", "servers": ["5"]}]),
        ("powa_datasources", [{"name": "a", "servers": []}], [{"name": "a", "servers": []}]),
        ("powa_datasources", [{"name": "a", "servers": ""}], [{"name": "a", "servers": None}]),
        ("powa_datasources", "- {name: a, description: 2024-01-02}", [{"name": "a", "description": "2024-01-02"}]),
        ("powa_renamed_from", {"hostname": "old"}, {"hostname": "old", "port": 5432}),
        ("powa_renamed_from", "{hostname: old, port: '5433'}", {"hostname": "old", "port": 5433}),
    ],
)
def test_what_a_value_means(name: str, raw: Any, value: Any) -> None:
    assert value_of(name, raw) == value


@pytest.mark.parametrize(
    ("name", "raw", "problem"),
    [
        ("powa_port", "abc", "powa_port is abc: set it to a number from 1 to 65535"),
        ("powa_port", 0, "powa_port is 0: set it to a number from 1 to 65535"),
        ("powa_port", 65536, "powa_port is 65536: set it to a number from 1 to 65535"),
        ("powa_pause_timeout", "5 s", "powa_pause_timeout is 5 s: set it to a whole number"),
        ("powa_pause_timeout", 1.5, "powa_pause_timeout is 1.5: set it to a whole number"),
        ("powa_pause_timeout", True, "powa_pause_timeout is True: set it to a whole number"),
        ("powa_pause_timeout", [1], "powa_pause_timeout is [1]: set it to a whole number"),
        (
            "powa_frequency",
            3,
            "powa_frequency is 3: set it to a number of seconds, at least 5, or to -1 for no snapshots",
        ),
        (
            "powa_frequency",
            "often",
            "powa_frequency is often: set it to a number of seconds, at least 5, or to -1 for no snapshots",
        ),
        ("powa_coalesce", 4, "powa_coalesce is 4: set it to a number of snapshots, at least 5"),
        ("powa_retention", 7, 'powa_retention is 7: set it to an interval such as "7 days" or "36 hours"'),
        ("powa_servers_exact", "maybe", "powa_servers_exact is maybe: set it to true or false"),
        ("powa_servers_exact", 2, "powa_servers_exact is 2: set it to true or false"),
        (
            "powa_servers_exact_max",
            "a few",
            'powa_servers_exact_max is a few: set it to a number of servers, or to a share such as "10%"',
        ),
        ("powa_source", True, "powa_source is True: set it to a text, in quotes"),
        ("powa_source", ["a"], "powa_source is ['a']: set it to a text, in quotes"),
        ("powa_mode", "both", "powa_mode is both: set it to remote or local"),
        ("powa_state", "gone", "powa_state is gone: set it to present, disabled or absent"),
        ("powa_stats_extensions", {"a": 1}, "powa_stats_extensions is {'a': 1}: set it to a list"),
        ("powa_stats_extensions", "[a", "powa_stats_extensions is [a: set it to a list"),
        ("powa_stats_extensions", [["a"]], "powa_stats_extensions is [['a']]: set it to a list of texts"),
        ("powa_stats_extensions", True, "powa_stats_extensions is True: set it to a list"),
        ("powa_datasources", "lock_modes", "powa_datasources is lock_modes: set it to a list of dictionaries"),
        ("powa_datasources", ["lock_modes"], "powa_datasources is ['lock_modes']: set it to a list of dictionaries"),
        ("powa_datasources", "{name: a}", "powa_datasources is {name: a}: set it to a list of dictionaries"),
        (
            "powa_web_repositories",
            {"pg": 1},
            "powa_web_repositories is {'pg': 1}: set it to a list of inventory names, such as [pg-repository]",
        ),
        ("powa_extension_packages", "[", "powa_extension_packages is [: set it to a dictionary"),
        ("powa_extension_packages", "hypopg", "powa_extension_packages is hypopg: set it to a dictionary"),
        ("powa_renamed_from", "old", "powa_renamed_from is old: set it to a dictionary"),
        (
            "powa_renamed_from",
            {"port": 5},
            "powa_renamed_from is {'port': 5}: set it to a dictionary with hostname and port",
        ),
        (
            "powa_renamed_from",
            {"hostname": "a", "name": 5},
            "powa_renamed_from is {'hostname': 'a', 'name': 5}: set it to a dictionary with hostname and port",
        ),
        (
            "powa_renamed_from",
            {"hostname": "a", "port": "x"},
            "powa_renamed_from is {'hostname': 'a', 'port': 'x'}: set it to a dictionary whose port is a number from 1"
            " to 65535",
        ),
        (
            "powa_renamed_from",
            {"hostname": "a", "port": 0},
            "powa_renamed_from is {'hostname': 'a', 'port': 0}: set it to a dictionary whose port is a number from 1 to"
            " 65535",
        ),
        ("powa_port", float("inf"), "powa_port is inf: set it to a number from 1 to 65535"),
        ("powa_port", float("nan"), "powa_port is nan: set it to a number from 1 to 65535"),
        ("powa_pause_timeout", "9" * 19, "powa_pause_timeout is 9999999999999999999: set it to a whole number"),
        ("powa_coalesce", 2**31, "powa_coalesce is 2147483648: set it to a number of snapshots, at least 5"),
        (
            "powa_frequency",
            2**31,
            "powa_frequency is 2147483648: set it to a number of seconds, at least 5, or to -1 for no snapshots",
        ),
        (
            "powa_retention",
            "99999999 years",
            'powa_retention is 99999999 years: set it to an interval such as "7 days" or "36 hours"',
        ),
        (
            "powa_host",
            "pg 1",
            "powa_host is pg 1: set it to the name or address by which other hosts reach this one",
        ),
        ("powa_host", " ", "powa_host is : set it to the name or address by which other hosts reach this one"),
        ("powa_stats_extensions", "[2024-99-99]", "powa_stats_extensions is [2024-99-99]: set it to a list"),
        (
            "powa_extension_packages",
            {"a": [1]},
            "powa_extension_packages is {'a': [1]}: set it to a dictionary of texts",
        ),
        (
            "powa_datasources",
            [{"name": "a", "servers": True}],
            "powa_datasources is [{'name': 'a', 'servers': True}]: set it to a list of dictionaries, where servers is a"
            " list of names",
        ),
        (
            "powa_datasources",
            [{"servers": [["a"]]}],
            "powa_datasources is [{'servers': [['a']]}]: set it to a list of dictionaries, where servers is a list of"
            " names",
        ),
    ],
)  # fmt: skip
def test_a_wrong_value_is_one_sentence_and_the_default_stands(name: str, raw: Any, problem: str) -> None:
    assert problem_of(name, raw) == problem
    assert read_variables({name: raw}).values.get(name) == options_of()[name].default


def test_a_wrong_word_of_a_list() -> None:
    problem = problem_of("powa_doctor_ignore", "inventory,nix")
    assert problem.startswith("powa_doctor_ignore is inventory,nix: set it to collection_slow, ")
    assert problem.endswith("snapshot_late or transient_rows")


def test_a_long_value_is_not_shown_whole() -> None:
    problem = problem_of("powa_datasources", "x\n" * 1000)
    assert problem == "powa_datasources is {0}...: set it to a list of dictionaries".format(("x " * 50)[:97])


def test_every_problem_is_said_at_once() -> None:
    raw = {"powa_port": "abc", "powa_mode": "both", "powa_servers_exact": "maybe", "powa_database": "stats"}
    found = read_variables(raw)
    assert list(found.problems) == ["powa_mode", "powa_port", "powa_servers_exact"]
    assert found.values["powa_database"] == "stats"


def test_local_mode_limits_the_frequency() -> None:
    raw = {"powa_mode": "local", "powa_frequency": 2148}
    assert list(read_variables(raw).problems.values()) == [
        "powa_frequency is 2148: set it to at most 2147 seconds in local mode, because PostgreSQL limits powa.frequency"
        " to 2147483 ms"
    ]
    assert not read_variables(dict(raw, powa_frequency=2147)).problems
    assert not read_variables(dict(raw, powa_mode="remote")).problems


def test_only_options_of_the_given_roles_have_problems() -> None:
    raw = {"powa_doctor_timeout": "soon", "powa_port": "abc"}
    assert list(read_variables(raw).problems) == ["powa_port"]
    assert list(read_variables(raw, ["doctor"]).problems) == ["powa_port", "powa_doctor_timeout"]
    assert list(read_variables({"powa_web_wait": "x"}, ["doctor"]).problems) == []


def test_a_template_that_fails_is_one_sentence() -> None:
    raw = Failing(powa_port=ValueError("'nix' is\nundefined"), powa_database="stats")
    found = read_variables(raw)
    assert list(found.problems.values()) == [
        "Ansible cannot evaluate powa_port ('nix' is undefined): define what its template uses, or correct it"
    ]
    assert found.values["powa_port"] == 5432 and found.values["powa_database"] == "stats"


def test_a_password_is_never_shown_and_only_has_to_be_evaluated() -> None:
    found = read_variables({"powa_monitoring_password": "secret"})
    assert "secret" not in str(found) and not found.problems
    raw = Failing(powa_monitoring_password=ValueError("'nix' is undefined"))
    assert list(read_variables(raw).problems.values()) == [
        "Ansible cannot evaluate powa_monitoring_password ('nix' is undefined): define what its template uses,"
        " or correct it"
    ]
    assert not read_variables(raw, secrets=False).problems


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (True, "powa_web_password is not a text: set it to a text, in quotes"),
        ({"secret": 1}, "powa_web_password is not a text: set it to a text, in quotes"),
        (["secret"], "powa_web_password is not a text: set it to a text, in quotes"),
    ],
)
def test_a_password_that_no_file_can_hold_concerns_no_other_host(raw: Any, problem: str) -> None:
    assert problem_of("powa_web_password", raw) == problem
    assert not read_variables({"powa_web_password": 5}).problems


def test_only_an_absent_server_can_lose_its_history() -> None:
    assert not read_variables({"powa_history": "drop", "powa_state": "absent"}).problems
    assert not read_variables({"powa_history": "keep"}).problems
    assert list(read_variables({"powa_history": "drop", "powa_state": "gone"}).problems) == ["powa_state"]
    for state, raw in (("present", {}), ("disabled", {"powa_state": "disabled"})):
        assert read_variables({"powa_history": "drop", **raw}).problems == {
            "powa_history": "powa_history is drop, but powa_state is {0}: set powa_state to absent, or remove"
            " powa_history".format(state)
        }


@pytest.mark.parametrize("name", ["powa_monitoring_password", "powa_collector_password"])
def test_a_password_with_a_line_break_fits_into_no_password_file(name: str) -> None:
    (problem,) = read_variables({name: "secret\n"}).problems.values()
    assert problem == (
        "{0} has a line break, but a password file of libpq holds one line for each login: choose another password,"
        " or remove the line break, such as one at its end".format(name)
    )
    assert not read_variables({name: "secret\n"}, secrets=False).problems
    # powa-web asks its users for this one.
    assert not read_variables({"powa_web_password": "secret\n"}).problems


class Unsafe(str):
    """A text that an old Ansible does not take for a template."""

    __UNSAFE__ = True


def test_an_old_ansible_leaves_templates_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    left = {"powa_datasources": [{"name": "a{{ nix }}"}], "powa_source": "{% if %}", "powa_alias": Unsafe("{{")}
    monkeypatch.setattr(_variables, "LEAVES_TEMPLATES", True)
    found = read_variables(left)
    sentence = (
        "Ansible cannot evaluate {0} (something in its template is undefined): define what its template uses,"
        " or correct it"
    )
    assert sorted(found.problems.values()) == [sentence.format("powa_datasources"), sentence.format("powa_source")]
    assert found.values["powa_alias"] == "{{"
    # It would evaluate what a sentence quotes.
    found = read_variables({"powa_mode": Unsafe("{{ a }}{% b %}")})
    assert found.problems == {"powa_mode": "powa_mode is { { a }}{ % b %}: set it to remote or local"}
    # A newer one evaluates all templates, so that what looks like one is none.
    monkeypatch.setattr(_variables, "LEAVES_TEMPLATES", False)
    assert not read_variables(left).problems


def test_plain_containers_and_what_else_becomes_a_text() -> None:
    class Other:
        def __str__(self) -> str:
            return "decrypted"

    assert plain({"a": ({"b": Other()}, {1})}) == {"a": [{"b": "decrypted"}, [1]]}
    assert plain({date(2024, 1, 2): 1, 5: 2, None: 3}) == {"2024-01-02": 1, 5: 2, "None": 3}


def test_a_failure_of_a_failure_is_said_once() -> None:
    with pytest.raises(Unevaluated, match="^why$"):
        evaluate(Failing(a=Unevaluated("why")), "a")


@pytest.mark.parametrize("value", [None, 1, 1.5, True, "text", ["a", {"b": 1}]])
def test_what_needs_no_evaluation(value: Any) -> None:
    assert is_static(value)


@pytest.mark.parametrize("value", ["{{ a }}", ["{{ a }}"], {"b": "{% c %}"}, object(), (1,)])
def test_what_ansible_has_to_evaluate(value: Any) -> None:
    assert not is_static(value)


def test_values_are_the_same_if_they_mean_the_same() -> None:
    option = options_of()["powa_port"]
    assert same_value(option, "5432", None) and same_value(option, 5433, "5433") and same_value(option, "x", "x")
    assert not same_value(option, 5433, None) and not same_value(option, "x", "y")


def test_roles_that_share_an_option_agree_on_it() -> None:
    for role in ROLES:
        for name, option in options_of((role,)).items():
            assert option == options_of()[name], (role, name)


@pytest.mark.parametrize(("given", "value"), [(None, "10%"), ("", "10%"), (5, "5"), ("25%", "25%"), ("0", "0")])
def test_how_many_servers_may_go(given, value):
    assert value_of("powa_servers_exact_max", given) == value
