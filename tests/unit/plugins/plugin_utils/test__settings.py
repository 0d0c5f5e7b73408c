# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which settings a PostgreSQL should have, and what has to change for them."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._server_settings import loaded_libraries, server_of
from ansible_collections.pgfleet.powa.plugins.plugin_utils._settings import check_settings, plan_settings

FOLDER = "/etc/postgresql/15/main"
NOT_READ = "PostgreSQL does not read {0}: create its folder, and add the line include_dir = 'conf.d' at the end of {1}"
MAIN = FOLDER + "/postgresql.conf"
CONF = FOLDER + "/conf.d/powa.conf"
ALTERED = "/var/lib/postgresql/15/main/postgresql.auto.conf"
LIBRARIES = ["pg_stat_statements", "pg_qualstats"]
BOTH = "pg_stat_statements,pg_qualstats"


#: What includes powa.conf.
INCLUDE = {"file": MAIN, "line": 790, "kind": "include_dir", "path": FOLDER + "/conf.d", "commented": False}


def line(name, value, file=CONF, number=3, error=None):
    return {"name": name, "value": value, "file": file, "line": number, "applied": error is None, "error": error}


def server(*lines, command_line=(), version_num=150006, facts=None, **running):
    """Return a server with these lines in its files, and these values of its settings."""
    running = {"shared_preload_libraries": BOTH, "listen_addresses": "localhost", **running}
    settings = {
        name.replace("powa_", "powa."): {
            "value": value,
            "source": "command line" if name in command_line else "configuration file",
            "file": None,
            "line": None,
            "pending_restart": False,
        }
        for name, value in running.items()
    }
    found = {"config_file": MAIN, "settings": settings, "file_settings": list(lines), "version_num": version_num}
    return server_of({**found, "includes": [INCLUDE], **(facts or {})})


def plan(server, libraries=tuple(LIBRARIES), local=False, written=False, altered=False, **variables):
    variables = {"powa_listen_addresses": "", "powa_database": "powa", **variables}
    return plan_settings(server, CONF, variables, libraries, local, written, altered)


def test_a_new_server_gets_powa_conf_and_a_restart():
    planned = plan(server(shared_preload_libraries=""))
    assert planned.wanted == {"shared_preload_libraries": BOTH}
    assert planned.write and planned.restart == ["shared_preload_libraries"]
    assert planned.elsewhere == {} and planned.problems == []


def test_nothing_changes_where_all_is_as_wanted():
    planned = plan(server(line("shared_preload_libraries", BOTH)))
    assert (planned.write, planned.elsewhere, planned.problems, planned.restart) == (False, {}, [], [])


def test_a_repository_preloads_nothing_and_has_no_file():
    planned = plan(server(shared_preload_libraries=""), libraries=[])
    assert planned.wanted == {} and not planned.write and planned.restart == []


def test_libraries_of_other_files_stay():
    lines = [line("shared_preload_libraries", '"$libdir/pg_qualstats", "auto_explain"', MAIN)]
    planned = plan(server(*lines))
    assert planned.wanted == {"shared_preload_libraries": "$libdir/pg_qualstats,auto_explain,pg_stat_statements"}
    assert planned.write and planned.restart == []


def test_only_the_last_of_the_other_files_counts_beside_powa_conf():
    lines = [
        line("shared_preload_libraries", "first", MAIN),
        line("shared_preload_libraries", "second", FOLDER + "/conf.d/00.conf"),
        line("shared_preload_libraries", "third"),
    ]
    assert plan(server(*lines)).wanted == {"shared_preload_libraries": "second,third," + BOTH}


def test_a_list_that_postgresql_refuses_is_made_right():
    lines = [line("shared_preload_libraries", "auto_explain,,", MAIN)]
    planned = plan(server(*lines, shared_preload_libraries="auto_explain,,"))
    assert planned.wanted == {"shared_preload_libraries": "auto_explain," + BOTH}
    assert planned.write and planned.restart == ["shared_preload_libraries"]


def test_libraries_that_alter_system_has_quoted_need_no_restart():
    quoted = '"pg_stat_statements", "pg_qualstats", "auto_explain"'
    found = server(line("shared_preload_libraries", quoted, ALTERED), shared_preload_libraries=quoted)
    planned = plan(found)
    assert (planned.write, planned.elsewhere, planned.restart) == (False, {}, [])
    assert loaded_libraries(found) == ["pg_stat_statements", "pg_qualstats", "auto_explain"]


def test_alter_system_is_changed_where_it_decides():
    lines = [line("shared_preload_libraries", BOTH), line("shared_preload_libraries", "auto_explain", ALTERED)]
    planned = plan(server(*lines))
    assert planned.elsewhere == {"shared_preload_libraries": "auto_explain," + BOTH}
    assert not planned.write and planned.problems == []


@pytest.mark.parametrize(
    ("variables", "older", "newer"),
    [
        ({"powa_frequency": 300}, "300000", "300000"),
        ({"powa_frequency": -1}, "-1", "-1"),
        ({"powa_coalesce": 50}, "50", "50"),
        ({"powa_retention": "7 days"}, "10080", "10080"),
        ({"powa_database": "Powa's"}, "'Powa''s'", "Powa''s"),
        ({"powa_listen_addresses": "*"}, "'*'", "*"),
        ({"powa_listen_addresses": "localhost,10.0.0.1"}, "localhost,10.0.0.1", "localhost,10.0.0.1"),
    ],
)
def test_a_value_is_what_the_module_for_alter_system_takes(variables, older, newer):
    (variable,) = variables
    name = "listen_addresses" if variable == "powa_listen_addresses" else variable.replace("powa_", "powa.")
    for version, wanted in ((130021, older), (150006, newer)):
        found = server(line(name, "x", ALTERED), version_num=version)
        assert plan(found, local=True, **variables).elsewhere == {name: wanted}


@pytest.mark.parametrize(
    ("name", "value", "variables"),
    [
        ("listen_addresses", "10.0.0.1 , localhost", {"powa_listen_addresses": "localhost,10.0.0.1"}),
        ("powa.frequency", "5min", {"powa_frequency": 300}),
        ("powa.frequency", "300000", {"powa_frequency": 300}),
        ("powa.frequency", " 300 s ", {"powa_frequency": 300}),
        ("powa.frequency", "300000000us", {"powa_frequency": 300}),
        ("powa.frequency", "-5", {"powa_frequency": -1}),
        ("powa.coalesce", " 50", {"powa_coalesce": 50}),
        ("powa.retention", "10080", {"powa_retention": "7 days"}),
        ("powa.retention", "168.0h", {"powa_retention": "1 week"}),
    ],
)
def test_values_are_compared_by_what_they_mean(name, value, variables):
    lines = [line("powa.database", "powa"), line("shared_preload_libraries", BOTH), line(name, value)]
    assert not plan(server(*lines), local=True, **variables).write


@pytest.mark.parametrize(
    ("name", "value", "variables", "wanted"),
    [
        ("powa.frequency", "5", {"powa_frequency": 300}, "300s"),
        ("powa.frequency", "x", {"powa_frequency": 300}, "300s"),
        ("powa.frequency", "1.2.3", {"powa_frequency": 300}, "300s"),
        ("powa.frequency", "300s", {"powa_frequency": -1}, "-1"),
        ("powa.coalesce", "100", {"powa_coalesce": 5}, "5"),
        ("powa.retention", "1 d", {"powa_retention": "7 days"}, "10080min"),
        ("powa.database", "powa", {"powa_database": "Powa"}, "Powa"),
        ("listen_addresses", "*", {"powa_listen_addresses": "localhost"}, "localhost"),
    ],
)
def test_another_value_is_written(name, value, variables, wanted):
    lines = [line("powa.database", "powa"), line("shared_preload_libraries", BOTH), line(name, value)]
    planned = plan(server(*lines), local=True, **variables)
    assert planned.write and planned.wanted[name] == wanted and planned.elsewhere == {}


def test_settings_of_powa_are_for_local_mode_only():
    options = {"powa_frequency": 60, "powa_coalesce": 5, "powa_retention": "2 hours"}
    assert list(plan(server(), **options).wanted) == ["shared_preload_libraries"]
    assert plan(server(), local=True, **options).wanted == {
        "shared_preload_libraries": BOTH,
        "powa.database": "powa",
        "powa.frequency": "60s",
        "powa.coalesce": "5",
        "powa.retention": "120min",
    }
    assert list(plan(server(), local=True).wanted) == ["shared_preload_libraries", "powa.database"]


def test_a_setting_of_powa_that_is_no_longer_declared_leaves_powa_conf():
    lines = [line("shared_preload_libraries", BOTH), line("powa.frequency", "60s")]
    planned = plan(server(*lines))
    assert planned.write and planned.wanted == {"shared_preload_libraries": BOTH}
    lines = [line("shared_preload_libraries", BOTH), line("powa.frequency", "60s", MAIN)]
    assert not plan(server(*lines)).write


def test_powa_conf_keeps_libraries_and_addresses_that_are_no_longer_declared():
    lines = [line("shared_preload_libraries", "powa"), line("listen_addresses", "*"), line("powa.database", "powa")]
    planned = plan(server(*lines), libraries=[])
    assert planned.write and planned.wanted == {"shared_preload_libraries": "powa", "listen_addresses": "*"}
    assert planned.restart == []


def test_addresses_need_a_restart():
    planned = plan(server(line("shared_preload_libraries", BOTH)), powa_listen_addresses="*")
    assert planned.write and planned.restart == ["listen_addresses"]
    lines = [line("shared_preload_libraries", BOTH), line("listen_addresses", "*")]
    assert plan(server(*lines), powa_listen_addresses="*").restart == ["listen_addresses"]
    assert plan(server(*lines, listen_addresses="*"), powa_listen_addresses="*").restart == []


def test_another_database_of_powa_needs_a_restart_once_powa_is_loaded():
    assert plan(server(powa_database="other"), local=True).restart == ["powa.database"]
    assert plan(server(), local=True).restart == []


def test_a_later_file_of_the_same_folder_is_a_problem():
    later = FOLDER + "/conf.d/zz.conf"
    planned = plan(server(line("shared_preload_libraries", "a", later, 7)))
    assert planned.problems == [
        "shared_preload_libraries is set in {0}, line 7, which PostgreSQL reads after {1}:"
        " remove the setting there".format(later, CONF)
    ]
    assert not planned.write and planned.elsewhere == {}
    assert plan(server(line("shared_preload_libraries", BOTH, later))).problems == []
    earlier = FOLDER + "/conf.d/00.conf"
    planned = plan(server(line("shared_preload_libraries", "a", earlier)))
    assert planned.problems == [] and planned.write


def test_a_line_below_the_include_is_a_problem():
    below = line("shared_preload_libraries", "a", MAIN, 800)
    above = line("shared_preload_libraries", "a", MAIN, 700)
    ours = line("shared_preload_libraries", BOTH)
    sentence = "shared_preload_libraries is set in {0}, line 800, which PostgreSQL reads after {1}: ".format(MAIN, CONF)
    for lines in ([ours, below], [below], [above, below]):
        planned = plan(server(*lines))
        assert planned.problems == [sentence + "remove the setting there"] and not planned.write
    assert plan(server(below, ours)).problems == []
    planned = plan(server(above))
    assert planned.problems == [] and planned.write


def test_alter_system_sets_what_a_file_that_postgresql_does_not_read_cannot_set():
    found = server(facts={"includes": []}, shared_preload_libraries="")
    planned = plan(found, powa_listen_addresses="*")
    assert planned.elsewhere == {"shared_preload_libraries": BOTH, "listen_addresses": "*"}
    assert planned.problems == [] and not planned.write
    assert planned.restart == ["shared_preload_libraries", "listen_addresses"]
    assert plan(found, libraries=[]).problems == []
    own = server(line("shared_preload_libraries", "auto_explain", MAIN), facts={"includes": []})
    assert plan(own).elsewhere == {"shared_preload_libraries": "auto_explain," + BOTH}
    # As on a host whose PostgreSQL does.
    assert plan(server(shared_preload_libraries="")).elsewhere == {}


def test_alter_system_takes_no_setting_of_a_library_that_is_not_loaded():
    unknown = server(facts={"includes": []}, shared_preload_libraries="")
    planned = plan(unknown, local=True, powa_frequency=300)
    assert planned.problems == [NOT_READ.format(CONF, MAIN)]
    assert not planned.write and planned.elsewhere == {}
    known = server(facts={"includes": []}, powa_database="powa", powa_frequency="300000")
    planned = plan(known, local=True, powa_frequency=60)
    assert planned.elsewhere["powa.frequency"] == "60000" and planned.problems == []


def test_where_nothing_can_set_a_setting_the_host_is_refused():
    lines = [line("listen_addresses", "localhost", MAIN)]
    found = server(*lines, facts={"includes": []}, version_num=170005, allow_alter_system="off")
    planned = plan(found, powa_listen_addresses="*")
    assert planned.problems == [NOT_READ.format(CONF, MAIN)] and planned.elsewhere == {}
    assert not planned.write
    (problem,) = plan(server(facts={"includes": None})).problems
    assert problem.startswith("Ansible cannot read ")


def test_a_file_that_postgresql_does_not_read_may_have_nothing_to_set():
    # ALTER SYSTEM decides, and so does a file that has the value.
    altered = line("shared_preload_libraries", "a", ALTERED)
    assert plan(server(altered, facts={"includes": []})).elsewhere
    assert plan(server(line("shared_preload_libraries", BOTH, MAIN), facts={"includes": []})).problems == []


def test_settings_that_another_program_writes_are_left_to_it():
    generated = {"generated": {MAIN: "Patroni"}}
    altered = line("shared_preload_libraries", "a", ALTERED)
    for lines in ([], [altered]):
        planned = plan(server(*lines, facts=generated), libraries=["pg_qualstats"], powa_listen_addresses="*")
        assert planned.problems == [
            "{0} is written by Patroni, which would undo what this run sets: have Patroni set"
            " shared_preload_libraries = '{1}pg_qualstats' and listen_addresses = '*'"
            " (`patronictl edit-config`, below postgresql and parameters),"
            " and run this again".format(MAIN, "a," if lines else "")
        ]
        assert not planned.write and planned.elsewhere == {}
    (problem,) = plan(server(facts={"generated": {MAIN: "a tool"}})).problems
    assert "(in its own configuration)" in problem
    done = plan(server(line("shared_preload_libraries", BOTH, MAIN), facts=generated))
    assert (done.write, done.problems, done.restart) == (False, [], [])
    left = [line("shared_preload_libraries", BOTH), line("powa.frequency", "60s")]
    assert not plan(server(*left, facts=generated)).write


def test_a_server_that_forbids_alter_system():
    found = server(line("shared_preload_libraries", "a", ALTERED), allow_alter_system="off")
    planned = plan(found)
    assert planned.problems == [
        "shared_preload_libraries is set in {0}, line 3, which only ALTER SYSTEM writes, and allow_alter_system is off:"
        " remove the line there, or let ALTER SYSTEM in".format(ALTERED)
    ]
    assert planned.elsewhere == {} and not planned.write
    assert plan(server(allow_alter_system="off")).write


def test_a_library_of_somebody_else_without_a_file_keeps_postgresql_from_starting():
    lost = line("shared_preload_libraries", BOTH + ",lost", MAIN, 700)
    facts = {"libraries": {"lost": None}, "library_folder": "/lib"}
    waiting = server(lost, shared_preload_libraries="", facts=facts)
    (problem,) = plan(waiting).problems
    assert problem.startswith('shared_preload_libraries names "lost" in {0}, line 700, but PostgreSQL '.format(MAIN))
    # Nobody restarts that server.
    assert plan(server(lost, facts=facts)).problems == []


def test_a_restart_has_to_bring_what_it_is_for():
    ours = line("shared_preload_libraries", BOTH)

    def problems(*lines, error="", **settings):
        facts = {"next_start": {"settings": settings, "error": error}}
        return plan(server(*lines, shared_preload_libraries="", facts=facts)).problems

    assert problems(ours, shared_preload_libraries="a, $libdir/pg_qualstats.so, pg_stat_statements") == []
    (problem,) = problems(ours, shared_preload_libraries="a")
    assert problem.startswith(
        'PostgreSQL would start with shared_preload_libraries = "a", so a restart would not bring'
    )
    # Something is still to be written.
    assert problems(shared_preload_libraries="a") == []
    for lines in ([ours], []):
        (problem,) = problems(*lines, error="no")
        assert problem == "PostgreSQL would not start with its files as they are (no): correct them"


def check(server, libraries=tuple(LIBRARIES), local=False, **variables):
    variables = {"powa_listen_addresses": "", "powa_database": "powa", **variables}
    return check_settings(server, variables, libraries, local, CONF, "powa_configure_postgresql is false")


def test_what_a_user_has_to_set():
    assert check(server()) == []
    quoted = '"$libdir/pg_stat_statements", pg_qualstats'
    assert check(server(shared_preload_libraries=quoted)) == []
    (problem,) = check(server(line("shared_preload_libraries", "a", MAIN), shared_preload_libraries="pg_qualstats"))
    assert problem == (
        "shared_preload_libraries lacks pg_stat_statements, and powa_configure_postgresql is false: set"
        " shared_preload_libraries = 'a,{0}' where your configuration sets it, and restart PostgreSQL".format(BOTH)
    )
    (problem,) = check(server(line("shared_preload_libraries", BOTH, MAIN), shared_preload_libraries=""))
    assert problem.endswith("is false: restart PostgreSQL, which has not read the value in its files")


def test_other_settings_that_a_user_has_to_set():
    found = server(powa_database="powa", powa_frequency="300000", powa_coalesce="100")
    options = {"powa_frequency": 60, "powa_coalesce": 100, "powa_retention": "7 days"}
    assert check(found, local=True, powa_listen_addresses="*", **options) == [
        'listen_addresses is "localhost", but the inventory asks for "*", and powa_configure_postgresql is false:'
        " set listen_addresses = '*' where your configuration sets it, and restart PostgreSQL",
        'powa.frequency is "300000", but the inventory asks for "60s", and powa_configure_postgresql is false:'
        " set powa.frequency = '60s' where your configuration sets it, and reload PostgreSQL",
    ]
    assert check(found, local=True, powa_retention="1s")[0].startswith('powa_retention is "1s", ')


def test_a_file_of_the_folder_that_is_included_again_is_a_problem():
    again = line("shared_preload_libraries", "a", FOLDER + "/conf.d/00.conf", 1)
    (problem,) = plan(server(line("shared_preload_libraries", BOTH), again)).problems
    assert problem.startswith("shared_preload_libraries is set in {0}/conf.d/00.conf, line 1, ".format(FOLDER))


def test_what_this_run_has_set_has_to_be_what_a_restart_would_bring():
    other = server(line("shared_preload_libraries", "auto_explain", MAIN, 7), shared_preload_libraries="auto_explain")
    sentence = (
        'shared_preload_libraries was set to "auto_explain,{0}", but PostgreSQL reads "auto_explain" in {1}, line {2}:'
        " correct it there"
    )
    assert sentence.format(BOTH, MAIN, 7) in plan(other, written=True).problems
    assert plan(other).problems == plan(other, altered=True).problems == []
    pending = server(line("shared_preload_libraries", "auto_explain", ALTERED), shared_preload_libraries="auto_explain")
    assert plan(pending, altered=True).problems == [sentence.format(BOTH, ALTERED, 3)]
    assert plan(pending).problems == []
    assert plan(server(line("shared_preload_libraries", BOTH, ALTERED)), altered=True).problems == []


def test_several_libraries_in_one_entry_are_a_problem():
    entry = line("shared_preload_libraries", '"pg_stat_statements, auto_explain"', ALTERED)
    assert plan(server(entry)).problems == [
        'shared_preload_libraries has the entry "pg_stat_statements, auto_explain" in {0}, line 3, and PostgreSQL would'
        " not start, because it takes that for the name of one library: correct it there"
        " (ALTER SYSTEM SET shared_preload_libraries = pg_stat_statements, auto_explain)".format(ALTERED)
    ]
    assert plan(server(entry), libraries=[]).problems == []
    (problem,) = plan(server(entry), libraries=[], powa_listen_addresses="*").problems
    assert problem.startswith("shared_preload_libraries has the entry ")
    # A later line takes its place.
    overridden = line("shared_preload_libraries", '"pg_stat_statements, auto_explain"', MAIN)
    assert plan(server(overridden, line("shared_preload_libraries", BOTH, FOLDER + "/conf.d/00.conf"))).problems == []


def test_addresses_of_blanks_are_none():
    assert "listen_addresses" not in plan(server(), powa_listen_addresses=" ").wanted


def test_the_command_line_is_a_problem():
    found = server(command_line=["listen_addresses"], listen_addresses="localhost")
    planned = plan(found, powa_listen_addresses="*")
    assert planned.problems == [
        'listen_addresses is "localhost" on the command line of PostgreSQL, which no file overrides: remove it there'
    ]
    assert plan(found, powa_listen_addresses=" localhost").problems == []
    altered = server(line("listen_addresses", "a", ALTERED), command_line=["listen_addresses"])
    assert plan(altered, powa_listen_addresses="*").elsewhere == {}


def test_libraries_on_the_command_line_suffice_if_they_are_all_there():
    found = server(command_line=["shared_preload_libraries"], shared_preload_libraries="auto_explain," + BOTH)
    planned = plan(found)
    assert (planned.write, planned.problems, planned.restart) == (False, [], [])
    found = server(command_line=["shared_preload_libraries"], shared_preload_libraries="auto_explain")
    (problem,) = plan(found).problems
    assert problem.startswith('shared_preload_libraries is "auto_explain" on the command line of PostgreSQL, ')


def test_a_line_that_postgresql_cannot_read_is_a_problem_before_a_change():
    broken = line(None, None, MAIN, 12, "syntax error")
    assert plan(server(broken)).problems == [
        "PostgreSQL cannot read {0}, line 12 (syntax error): correct it there".format(MAIN)
    ]
    assert plan(server(line("shared_preload_libraries", BOTH), broken)).problems == []
    # The lines with errors, of any setting, come without their values.
    error = {"name": "x", "file": MAIN, "line": 12, "error": "syntax error"}
    seen = {"config_file": MAIN, "settings": {}, "file_settings": [], "file_errors": [error], "version_num": 150006}
    seen["includes"] = [INCLUDE]
    found = server_of(seen)
    assert plan(found).problems == plan(server(broken)).problems
    # This one is about a setting that is gone from the files.
    gone = 'parameter "listen_addresses" cannot be changed without restarting the server'
    assert plan(server(line(None, None, None, None, gone))).problems == []
    waiting = line("shared_preload_libraries", BOTH, error="setting could not be applied")
    planned = plan(server(waiting, shared_preload_libraries=""))
    assert planned.problems == [] and planned.restart == ["shared_preload_libraries"]


def test_wrong_variables():
    assert plan(server(line("shared_preload_libraries", BOTH)), powa_listen_addresses="a,,b").problems == [
        'powa_listen_addresses is "a,,b", with which PostgreSQL would not start:'
        ' separate addresses with commas, as in "localhost,10.0.0.1"'
    ]
    assert plan(server(), local=True, powa_retention="30 s").problems == [
        'powa_retention is "30 s", but has to be an interval of a minute or more, such as "7 days"'
    ]
    assert plan(server(), powa_retention="soon").problems == []
