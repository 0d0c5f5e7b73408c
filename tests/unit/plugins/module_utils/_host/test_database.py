# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import os

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import Cluster
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer
from ansible_collections.pgfleet.powa.plugins.module_utils._host.database import Database, Wanted, read_database
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import System
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, recorded

SYSTEM = System("d", "Debian")
CLUSTER = Cluster("15", "main", 5432, True, "/data", "postgresql@15-main", "postgres")
WANTED = Wanted("powa", ["powa_monitor", "it's"], "powa_monitor", True)
PATHS = {"config_file": "/etc/postgresql.conf", "hba_file": "/etc/pg_hba.conf", "data_directory": "/data"}
FACTS = {"version_num": 150006, "user": "postgres", "standby": False, "database": True}
SETTING = {"value": "5432", "unit": None, "source": "default", "file": None, "line": None, "pending_restart": False}
RULE = dict.fromkeys(["type", "database", "user_name", "address", "netmask", "auth_method", "options"])
IN_POSTGRES = {
    "facts": FACTS,
    "available": {"powa": "5.0.0"},
    "settings": dict({name: dict(SETTING, value=path) for name, path in PATHS.items()}, port=SETTING),
    "file_settings": [{"name": "port"}],
    "file_errors": [{"name": None}],
    "hba": [dict(RULE, line_number=1, error="bad")],
    "unread": True,
    "roles": {"powa_monitor": {"login": True}},
}
RIGHTS = {"major": 5, "schema": "public", "relations": []}
IN_POWA = {
    "extensions": {"powa": {"version": "5.0.0", "schema": "public", "comment": None}},
    "monitoring": {"tables": {}, "functions": {}},
    "rights": RIGHTS,
    "servers": [{"alias": None, "hostname": "a", "port": 5432}],
    "datasources": {"powa_locks_src": {"comment": "pgfleet.powa datasource locks: {}", "characters": 33}},
    "powa_roles": {"powa_snapshot": "powa_snapshot", "powa_read_all_data": None},
}


def printed(values, *errors):
    lines = ["{0} {1}".format(name, json.dumps(value)) for name, value in values.items()]
    return "\n".join([*lines, *("!{0} {1}".format(*error) for error in errors), ""])


def read(tmp_path, *answers, wanted=WANTED, user="root"):
    host, programs = host_of(tmp_path, user=user, psql=list(answers))
    return read_database(host, SYSTEM, CLUSTER, wanted), host.unseen.sentences, programs


def test_a_word_in_quotes_is_told_from_one_without(tmp_path):
    folder = host_of(tmp_path)[0].path("/etc")
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/pg_hba.conf", "w", encoding="utf-8") as file:
        file.write('host all "all" all trust')
    line = dict(RULE, line_number=1, error=None, database=["all"], user_name=["all"])
    found, _unseen, _programs = read(tmp_path, printed(dict(IN_POSTGRES, hba=[line])), printed(IN_POWA))
    assert (found.server["hba"][0]["databases"], found.server["hba"][0]["users"]) == (["all"], ['"all"'])


def test_a_repository(tmp_path):
    found, unseen, programs = read(tmp_path, printed(IN_POSTGRES), printed(IN_POWA))
    server = found.server
    assert {name: server[name] for name in PATHS} == PATHS
    assert {name: server[name] for name in FACTS} == FACTS
    assert (server["settings"], server["unknown"], server["generated"]) == ({"port": SETTING}, {}, {})
    assert server["hba"][0]["file"] == "/etc/pg_hba.conf" and server["hba"][0]["error"] == "bad"
    monitor = {"login": True, "password_as_expected": None}
    assert (server["unread"], server["roles"]) == (True, {"powa_monitor": monitor})
    assert (server["file_settings"], server["file_errors"]) == ([{"name": "port"}], [{"name": None}])
    assert found.extensions == IN_POWA["extensions"] and found.monitoring == IN_POWA["monitoring"]
    assert found.repository == dict(RIGHTS, **{name: IN_POWA[name] for name in ("servers", "powa_roles")})
    assert found.datasources == {"powa_locks_src": "pgfleet.powa datasource locks: {}"}
    assert (found.server_error, unseen) == (None, ())
    assert [variables["PGDATABASE"] for _command, _script, variables in programs.calls] == ["postgres", "powa"]
    assert '--set=roles=["powa_monitor", "it\'s"]' in programs.calls[0][0]


MD5_OF_PENCIL = "md5" + hashlib.md5(b"pencilpowa_monitor").hexdigest()


@pytest.mark.parametrize(
    ("passwords", "encryption", "verifiers", "as_expected"),
    [
        ({"powa_monitor": "pencil"}, "md5", {"powa_monitor": MD5_OF_PENCIL}, True),
        ({"powa_monitor": "other"}, "md5", {"powa_monitor": MD5_OF_PENCIL}, False),
        ({"powa_monitor": "pencil"}, "scram-sha-256", {"powa_monitor": MD5_OF_PENCIL}, False),
        ({"powa_monitor": "pencil"}, "md5", {"powa_monitor": None}, False),
        ({"powa_monitor": "pencil"}, "md5", None, None),
        ({"powa_web": "pencil"}, "md5", {"powa_monitor": MD5_OF_PENCIL}, None),
    ],
    ids=["same", "other", "stored otherwise", "none", "not allowed", "of another role"],
)
def test_passwords_are_compared_with_what_is_stored(tmp_path, passwords, encryption, verifiers, as_expected):
    wanted = Wanted("powa", ["powa_monitor"], "", False, passwords, encryption)
    answer = IN_POSTGRES if verifiers is None else dict(IN_POSTGRES, verifiers=verifiers)
    errors = () if verifiers is not None else (("verifiers", "permission denied for table pg_authid"),)
    found, unseen, programs = read(tmp_path, printed(answer, *errors), printed({"extensions": {}}), wanted=wanted)
    assert found.server["roles"]["powa_monitor"]["password_as_expected"] is as_expected
    assert bool(unseen) == (verifiers is None) and "pencil" not in str(programs.calls)
    assert "md5" not in str(found)


def test_no_stored_password_is_read_without_need(tmp_path):
    _found, _unseen, programs = read(tmp_path, printed(IN_POSTGRES), printed({"extensions": {}}))
    assert "pg_authid" not in programs.calls[0][1]


def test_only_a_repository_is_asked_for_rights(tmp_path):
    wanted = Wanted("powa", [], "", False)
    found, _unseen, programs = read(tmp_path, printed(IN_POSTGRES), printed({"extensions": {}}), wanted=wanted)
    assert (found.repository, found.monitoring) == (None, {})
    assert "powa_servers" not in programs.calls[1][1]


def test_powa_3_has_no_servers_of_its_own(tmp_path):
    found, unseen, programs = read(tmp_path, printed(IN_POSTGRES), printed({"extensions": {}, "rights": RIGHTS}))
    assert found.repository is None and unseen == ()
    script = programs.calls[1][1]
    assert script.index("\\if :powa_has_servers\n") < script.index(".powa_servers AS s") < script.index("powa_roles")


def test_powa_4_has_no_roles_of_its_own(tmp_path):
    of_powa_4 = {name: value for name, value in IN_POWA.items() if name != "powa_roles"}
    found, unseen, _programs = read(tmp_path, printed(IN_POSTGRES), printed(of_powa_4))
    assert found.repository["powa_roles"] == {} and unseen == ()


def test_a_comment_that_was_cut_is_named(tmp_path):
    long = {"powa_locks_src": {"comment": "pgfleet.powa datasource locks: {", "characters": 100001}}
    found, unseen, _programs = read(tmp_path, printed(IN_POSTGRES), printed(dict(IN_POWA, datasources=long)))
    assert found.datasources == {"powa_locks_src": "pgfleet.powa datasource locks: {"}
    assert unseen == (
        "the comment of function powa_locks_src in database powa: it has 100001 characters, and only the first 100000"
        " are read",
    )


def test_a_server_without_the_database(tmp_path):
    bare = printed(dict(IN_POSTGRES, facts=dict(FACTS, database=False)))
    found, unseen, programs = read(tmp_path, bare)
    assert len(programs.calls) == 1 and unseen == ()
    assert (found.extensions, found.monitoring, found.repository) == ({}, {}, None)


def test_another_user_sees_less(tmp_path):
    seen = {"facts": dict(FACTS, user="someone"), "settings": {"port": SETTING}, "roles": {}}
    refused = [(name, "permission denied for view " + name) for name in ("hba", "file_settings")]
    found, unseen, _programs = read(tmp_path, printed(seen, *refused), printed(IN_POWA), user="someone")
    server = found.server
    assert (server["config_file"], server["hba"], server["file_settings"], server["unread"]) == (None, [], [], False)
    assert server["unknown"] == {
        "available": "psql printed nothing",
        "config_file": "permission denied to examine them",
        "file_errors": "psql printed nothing",
        "file_settings": "permission denied for view file_settings",
        "hba": "permission denied for view hba",
        "unread": "psql printed nothing",
    }
    assert unseen == (
        "the rules of pg_hba.conf: permission denied for view hba (run as root)",
        "what the configuration files of the server set: permission denied for view file_settings (run as root)",
        "the paths of the server's configuration files: permission denied to examine them (run as root)",
    )


def test_a_repository_that_may_not_be_read(tmp_path):
    rest = {name: value for name, value in IN_POWA.items() if name not in ("servers", "monitoring", "extensions")}
    errors = [("servers", "permission denied for table powa_servers"), ("monitoring", "x"), ("extensions", "y")]
    found, unseen, _programs = read(tmp_path, printed(IN_POSTGRES), printed(rest, *errors))
    assert found.repository is None
    assert unseen == (
        "the servers of the repository: permission denied for table powa_servers (run as root)",
        "the rights of role powa_monitor: x",
        "the extensions of database powa: y",
    )


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(2, "", "psql: error: FATAL: no"), "FATAL: no"),
        (printed({}, ("facts", "canceling statement")), "canceling statement"),
        ("", "psql printed nothing"),
    ],
)  # fmt: skip
def test_a_server_that_does_not_answer(tmp_path, answer, error):
    found, unseen, _programs = read(tmp_path, answer)
    assert found == Database(CLUSTER, server_error=error) and unseen == ()


def test_a_database_that_refuses_the_login(tmp_path):
    found, unseen, _programs = read(tmp_path, printed(IN_POSTGRES), Answer(2, "", "psql: error: FATAL: no entry"))
    assert found.server is not None and found.extensions == {}
    assert unseen == ("database powa: FATAL: no entry",)


def test_a_connection_that_is_lost(tmp_path):
    found, unseen, _programs = read(
        tmp_path,
        Answer(2, printed({"facts": FACTS}), "server closed the connection unexpectedly"),
        printed(IN_POWA),
    )
    assert found.server["settings"] == {}
    assert found.server["unknown"]["settings"] == "server closed the connection unexpectedly"
    assert unseen == ("a part of the server's state: server closed the connection unexpectedly",)


def read_recorded(tmp_path, suite, kind, user="root"):
    answers = [recorded(suite, "{0}-{1}".format(kind, name)) for name in ("postgres", "powa")]
    return read(tmp_path, *answers, user=user)


@pytest.mark.parametrize(
    ("suite", "major", "version"), [("bullseye", 4, 13), ("bookworm", 4, 15), ("trixie", 5, 17), ("forky", 5, 18)]
)
def test_real_repositories(tmp_path, suite, major, version):
    found, unseen, _programs = read_recorded(tmp_path, suite, "psql")
    assert unseen == ()
    server, folder = found.server, "/etc/postgresql/{0}/main/".format(version)
    assert server["version_num"] // 10000 == version
    assert (server["standby"], server["user"], server["database"]) == (False, "postgres", True)
    frequency = server["settings"]["powa.frequency"]
    assert (frequency["value"], frequency["unit"]) == ("-1", "ms")
    assert (frequency["file"], frequency["line"]) == (folder + "conf.d/tests.conf", 4)
    assert [row["file"] for row in server["file_settings"] if row["name"] == "port"] == [folder + "postgresql.conf"]
    rule = server["hba"][-1]
    assert (rule["file"], rule["type"], rule["address"], rule["method"]) == (
        folder + "pg_hba.conf",
        "host",
        "all",
        "scram-sha-256",
    )
    assert server["roles"]["powa"]["member_of"] == ["pg_read_all_stats"]
    assert server["roles"]["powa_collector"]["member_of"] == ["pg_read_all_stats", "powa"]
    assert found.extensions["powa"]["version"].startswith("{0}.".format(major))
    assert set(found.monitoring["tables"]) == {"powa_databases", "powa_statements"}
    repository = found.repository
    assert (repository["major"], repository["schema"]) == (major, "public")
    assert repository["servers"] == [{"alias": "orders", "hostname": "db1.example.com", "port": 5432}]
    extensions = {relation["extension"] for relation in repository["relations"]}
    assert extensions == ({"powa", "pg_track_settings"} if major == 4 else {"pg_track_settings"})
    assert set(repository["powa_roles"]) == (set() if major == 4 else {"powa_snapshot", "powa_read_all_data"})
    assert [column["table"] for column in repository["version_columns"]] == [
        "public.powa_servers",
        "public.powa_extensions" if major == 4 else "public.powa_extension_config",
    ]


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_a_real_standby(tmp_path, suite):
    found, unseen, _programs = read_recorded(tmp_path, suite, "psql-standby")
    assert found.server["standby"] and found.repository is not None and unseen == ()


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_a_real_user_without_rights(tmp_path, suite):
    found, unseen, _programs = read_recorded(tmp_path, suite, "psql-nobody", user="nobody")
    assert (found.server["hba"], found.server["config_file"], found.repository) == ([], None, None)
    assert found.server["settings"]["port"]["value"] == "5432" and found.extensions["powa"]
    assert "the rules of pg_hba.conf: permission denied for view pg_hba_file_rules (run as root)" in unseen
    assert len(unseen) == (6 if suite == "bookworm" else 7)


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_a_real_server_that_does_not_listen(tmp_path, suite):
    status, _space, error = recorded(suite, "psql-refused-postgres-error").partition(" ")
    found, _unseen, _programs = read(tmp_path, Answer(int(status), "", error))
    assert found.server_error.startswith('connection to server on socket "/var/run/postgresql/.s.PGSQL.5499" failed: ')
    assert found.server_error.endswith("Is the server running locally and accepting connections on that socket?")
