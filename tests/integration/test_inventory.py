# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin as users run it, by ansible-inventory and ansible-playbook. The oracle is plain SQL."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import yaml
from ansible_collections.pgfleet.powa.plugins.module_utils._core.connection import LOGIN_SPEC
from datasources import COMMITS, LOCK_MODES
from readers import a_login
from readers import a_reader as a_reader_of_the_roles
from servers import PASSWORD, ROOT, Database, running_collector, statements_sent, wait_until

PLUGIN = "pgfleet.powa.servers"
SECRET = "planted.5Ty9"
#: The rights that the plugin needs: everything but the passwords.
TABLES = {
    "4": ["powa_functions", "powa_snapshot_metas", "powa_extensions"],
    "5": [
        "powa_snapshot_metas", "powa_roles", "powa_extensions", "powa_extension_config", "powa_extension_functions",
        "powa_db_module_config", "powa_db_module_functions",
    ],
}  # fmt: skip
COLUMNS = """
    id, hostname, port, alias, username, dbname, frequency, powa_coalesce, retention, allow_ui_connection, version
"""


def config(folder: Path, database: Database, name: str = "fleet.powa.yml", **options: Any) -> Path:
    """Write a file of the plugin."""
    path = folder / name
    path.write_text(yaml.safe_dump(dict({"plugin": PLUGIN}, **dict(database.login, **options)), sort_keys=False))
    return path


def run(*command: Any, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=dict(os.environ, ANSIBLE_NOCOLOR="1", **environment),
    )


def inventory(*arguments: Any, **environment: str) -> str:
    """Return what ansible-inventory prints; what could not be read is a failure."""
    done = run("ansible-inventory", *arguments, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def listed(*paths: Path, **environment: str) -> Dict[str, Any]:
    """Return the inventory of some files."""
    return parsed(inventory(*(word for path in paths for word in ("-i", path)), "--list", **environment))


def parsed(text: str) -> Dict[str, Any]:
    """Return printed JSON, where Ansible marks what it will not take for a template."""
    result: Dict[str, Any] = json.loads(text, object_hook=lambda value: value.get("__ansible_unsafe", value))
    return result


def hosts(found: Dict[str, Any]) -> Dict[str, Any]:
    variables: Dict[str, Any] = found["_meta"]["hostvars"]
    return variables


def members(found: Dict[str, Any], *groups: str) -> List[List[str]]:
    return [sorted(found.get(group, {}).get("hosts", [])) for group in groups]


def register(database: Database) -> None:
    """Register what has everything, what has nothing, and two servers on one host of which one is disabled."""
    database.sql(
        "SELECT powa_register_server(hostname => 'db1.example.com', port => 5433, alias => 'orders',"
        " username => 'reader', password => %s, dbname => 'stats', frequency => 60, powa_coalesce => 50,"
        " retention => '1 day 02:30:00', allow_ui_connection => false,"
        " extensions => '{pg_qualstats,pg_wait_sampling}')",
        (SECRET,),
    )
    database.register("db2.example.com")
    database.sql("UPDATE powa_servers SET alias = NULL WHERE hostname = 'db2.example.com'")
    for port in (5432, 5433):
        database.sql("SELECT powa_register_server(hostname => '10.0.0.3', port => %s, frequency => %s)", (port, -1))
    database.sql("UPDATE powa_servers SET frequency = 300 WHERE port = 5432")


@contextmanager
def a_reader(database: Database) -> Iterator[str]:
    """A role that may read what the plugin needs and nothing else."""
    name = "powa_reader"
    database.sql("CREATE ROLE {0} LOGIN PASSWORD '{1}'".format(name, PASSWORD))
    try:
        database.sql("GRANT SELECT ({0}) ON powa_servers TO {1}".format(COLUMNS, name))
        database.sql("GRANT SELECT ON {0} TO {1}".format(", ".join(TABLES[database.powa]), name))
        yield name
    finally:
        database.sql("DROP OWNED BY {0}".format(name))
        database.sql("DROP ROLE {0}".format(name))


def test_hosts_have_what_the_repository_has(database: Database, tmp_path: Path) -> None:
    register(database)
    database.ok("datasources", server_kind=["repository"], datasources=[COMMITS, dict(LOCK_MODES, servers=["orders"])])
    database.sql("UPDATE powa_servers SET version = '17.2 (Debian 17.2-1)' WHERE alias = 'orders'")
    table = "powa_extensions" if database.powa == "4" else "powa_extension_config"
    database.sql(
        "UPDATE {0} SET version = '2.1.1' WHERE extname = 'pg_qualstats' AND srvid > 0".format(table),
    )
    database.sql(
        "UPDATE powa_snapshot_metas SET snapts = '2026-03-01 12:00:00+02', errors = %s"
        " WHERE srvid = (SELECT id FROM powa_servers WHERE alias = 'orders')",
        (["{{ 1 + 1 }}"],),
    )
    path = config(tmp_path, database)
    found = listed(path)

    assert sorted(hosts(found)) == ["10.0.0.3_5432", "10.0.0.3_5433", "db2.example.com", "orders"]
    version = database.value("SELECT extversion FROM pg_extension WHERE extname = 'powa'")
    repository = "{0}_{1}".format(database.server.address, database.name)
    assert hosts(found)["orders"] == {
        "ansible_host": "db1.example.com",
        "powa_host": "db1.example.com",
        "powa_port": 5433,
        "powa_alias": "orders",
        "powa_database": "stats",
        "powa_monitoring_role": "reader",
        "powa_frequency": 60,
        "powa_coalesce": 50,
        "powa_retention": "1 day 2 hours 30 mins",
        "powa_allow_ui_connection": False,
        "powa_stats_extensions": ["pg_qualstats", "pg_wait_sampling"],
        "powa_srvid": database.value("SELECT id FROM powa_servers WHERE alias = 'orders'"),
        "powa_version": None,
        "powa_server_enabled": True,
        "powa_server_postgresql_version": "17.2",
        "powa_server_extensions": {"pg_qualstats": "2.1.1", "pg_wait_sampling": None},
        "powa_server_datasources": ["commits", "lock_modes"],
        "powa_server_last_snapshot": "2026-03-01T10:00:00Z",
        # What the repository says is data, never a template.
        "powa_server_errors": ["{{ 1 + 1 }}"],
        "powa_server_repository": repository,
        "powa_server_repository_version": version,
        "powa_server_not_visible": [],
    }
    for name, variables in hosts(found).items():
        row = database.sql(
            "SELECT id, hostname, port, coalesce(alias, ''), frequency FROM powa_servers WHERE id = %s",
            (variables["powa_srvid"],),
        )
        names = ["powa_srvid", "powa_host", "powa_port", "powa_alias", "powa_frequency"]
        assert row == [tuple(variables[each] for each in names)], name
        assert variables["ansible_host"] == variables["powa_host"] and "ansible_port" not in variables
    assert hosts(found)["db2.example.com"]["powa_server_datasources"] == ["commits"]
    assert hosts(found)["db2.example.com"]["powa_server_last_snapshot"] is None
    assert parsed(inventory("-i", path, "--host", "orders")) == hosts(found)["orders"]

    documented = Path(ROOT, "plugins", "inventory", "servers.py").read_text(encoding="utf-8")
    for variable in hosts(found)["orders"]:
        assert "C({0})".format(variable) in documented, variable


def test_the_graph_shows_the_fleet(database: Database, tmp_path: Path) -> None:
    register(database)
    printed = inventory("-i", config(tmp_path, database, repository="main repository"), "--graph")
    version = "powa_version_4_1" if database.powa == "4" else "powa_version_5_0"
    every = ["orders", "db2.example.com", "10.0.0.3_5432", "10.0.0.3_5433"]
    groups = {
        "powa_repository_main_repository": every,
        version: every,
        "powa_extension_pg_qualstats": ["orders"],
        "powa_extension_pg_wait_sampling": ["orders"],
        "powa_state_enabled": ["orders", "db2.example.com", "10.0.0.3_5432"],
        "powa_state_disabled": ["10.0.0.3_5433"],
    }
    expected = ["@all:", "  |--@ungrouped:"]
    for group, names in groups.items():
        expected += ["  |--@{0}:".format(group)] + ["  |  |--{0}".format(name) for name in names]
    assert printed.splitlines() == expected


def test_the_version_of_a_server_wins_over_its_repositorys(database: Database, tmp_path: Path) -> None:
    first, second = database.register("a", "b")
    if database.powa == "4":
        database.sql(
            "INSERT INTO powa_extensions (srvid, extname, version) VALUES (%s, 'powa', '4.0.1')"
            " ON CONFLICT (srvid, extname) DO UPDATE SET version = EXCLUDED.version",
            (first,),
        )
    else:
        database.sql(
            "INSERT INTO powa_extension_config (srvid, extname, version) VALUES (%s, 'powa', '5.1.3')", (first,)
        )
    found = listed(config(tmp_path, database))
    known, unknown = {"4": ("4.0.1", "4.1"), "5": ("5.1.3", "5.0")}[database.powa]
    groups = ["powa_version_" + version.replace(".", "_") for version in (known[:3], unknown)]
    assert members(found, *groups) == [["a"], ["b"]]
    assert [hosts(found)[name]["powa_version"] for name in "ab"] == [known, None]


def test_what_the_collector_has_seen(database: Database, tmp_path: Path) -> None:
    database.sql("CREATE EXTENSION pg_qualstats")
    options = {"username": "postgres", "dbname": database.name, "frequency": 5, "extensions": ["pg_qualstats"]}
    database.ok("servers", servers=[dict(options, hostname="127.0.0.1", alias="self")])
    with running_collector(database):
        ready = "SELECT version IS NOT NULL FROM powa_servers WHERE id > 0"
        wait_until(lambda: database.value(ready), "the collector has seen the server")
        ready = "SELECT snapts > '-infinity' FROM powa_snapshot_metas WHERE srvid > 0"
        wait_until(lambda: database.value(ready), "the collector has taken a snapshot")
    (found,) = hosts(listed(config(tmp_path, database))).values()
    version = database.value("SHOW server_version")
    assert version.startswith(found["powa_server_postgresql_version"] + " ")
    version = database.value("SELECT extversion FROM pg_extension WHERE extname = 'pg_qualstats'")
    assert found["powa_server_extensions"] == {"pg_qualstats": version}
    assert found["powa_server_last_snapshot"].endswith("Z") and found["powa_server_errors"] == []


def test_names_are_distinct_whatever_is_preferred(database: Database, tmp_path: Path) -> None:
    register(database)
    # An alias that is another server's hostname is a name of neither.
    database.sql("UPDATE powa_servers SET alias = 'db2.example.com' WHERE alias = 'orders'")
    found = hosts(listed(config(tmp_path, database)))
    assert sorted(found) == ["10.0.0.3_5432", "10.0.0.3_5433", "db1.example.com", "db2.example.com_5432"]
    found = hosts(listed(config(tmp_path, database, hostnames=["hostname_port"])))
    assert sorted(found) == ["10.0.0.3_5432", "10.0.0.3_5433", "db1.example.com_5433", "db2.example.com_5432"]


def test_constructed_groups_and_variables(database: Database, tmp_path: Path) -> None:
    register(database)
    path = config(
        tmp_path,
        database,
        strict=True,
        groups={"powa_remotes": "powa_server_enabled", "nobody": "powa_port == 1"},
        keyed_groups=[{"key": "powa_frequency", "prefix": "every"}]
        + [{"key": "powa_server_extensions.keys() | list", "separator": "", "parent_group": "stats"}],
        compose={"ansible_host": "powa_host ~ '.lan'", "powa_minutes": "powa_frequency / 60"},
    )
    # A number is no name of a group.
    failed = run("ansible-inventory", "-i", path, "--list")
    assert "Invalid group name format" in failed.stderr
    text = path.read_text()
    path.write_text(text.replace("key: powa_frequency", "key: powa_frequency | string"))
    found = listed(path)
    assert members(found, "powa_remotes", "every_60", "pg_qualstats", "nobody") == [
        ["10.0.0.3_5432", "db2.example.com", "orders"], ["orders"], ["orders"], [],
    ]  # fmt: skip
    assert sorted(found["stats"]["children"]) == ["pg_qualstats", "pg_wait_sampling"]
    assert hosts(found)["orders"]["ansible_host"] == "db1.example.com.lan"
    assert hosts(found)["orders"]["powa_minutes"] == 1


def test_a_playbook_runs_on_it(database: Database, tmp_path: Path) -> None:
    register(database)
    playbook = [
        {
            "hosts": "powa_state_enabled:!powa_extension_pg_qualstats",
            "gather_facts": False,
            "connection": "local",
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": [
                {"ansible.builtin.ping": {}},
                {
                    "pgfleet.powa.servers": dict(
                        database.login, servers=[{"hostname": "{{ powa_host }}", "port": "{{ powa_port }}"}]
                    )
                },
            ],
        }
    ]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(playbook))
    done = run("ansible-playbook", "-i", config(tmp_path, database), tmp_path / "play.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    # They were registered by hand, and are noted as declared.
    recap = [line.split()[0] for line in done.stdout.splitlines() if " changed=1 " in line]
    assert sorted(recap) == ["10.0.0.3_5432", "db2.example.com"]


def test_the_roles_find_the_servers_as_they_are_registered(database: Database, tmp_path: Path) -> None:
    register(database)
    path = config(tmp_path, database, repository="pg-repository", groups={"powa_remotes": "powa_server_enabled"})
    static = tmp_path / "static.yml"
    static.write_text(yaml.safe_dump({"powa_repositories": {"hosts": {"pg-repository": None}}}))
    playbook = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                "fleet": "{{ hostvars | pgfleet.powa.fleet(groups) }}",
            },
            "tasks": [
                {"ansible.builtin.debug": {"var": "fleet"}},
                {
                    "ansible.builtin.assert": {
                        "that": [
                            "fleet.problems == []",
                            "fleet.remotes | length == 3",
                            "fleet.hosts.values() | map(attribute='problems') | select | length == 0",
                        ]
                    }
                },
                {
                    "pgfleet.powa.servers": dict(
                        database.login, servers="{{ fleet.remotes.values() | map(attribute='server') }}"
                    )
                },
            ],
        }
    ]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(playbook))
    before = database.sql("SELECT * FROM powa_servers ORDER BY id")
    # The first run notes that they are declared now.
    done = [run("ansible-playbook", "--diff", "-i", path, "-i", static, tmp_path / "play.yml") for _turn in range(2)]
    assert done[1].returncode == 0 and " changed=0 " in done[1].stdout, done[1].stdout + done[1].stderr
    assert database.sql("SELECT * FROM powa_servers ORDER BY id") == before


def test_two_repositories_make_one_inventory(make_database: Any, tmp_path: Path) -> None:
    databases = [make_database(), make_database()]
    for each in databases:
        each.register("moved.example.com", "both.example.com", each.name)
    databases[0].sql("UPDATE powa_servers SET frequency = -1 WHERE hostname = 'moved.example.com'")
    paths = [config(tmp_path, each, each.name + ".powa.yml") for each in databases]
    address = databases[0].server.address.replace(".", "_")
    groups = ["powa_repository_{0}_{1}".format(address, each.name) for each in databases]
    for order in (paths, paths[::-1]):
        found = listed(*order)
        # A server that another repository collects from is that one's, whatever the order.
        assert hosts(found)["moved.example.com"]["powa_server_repository"].endswith(databases[1].name)
        everywhere = ["both.example.com", "moved.example.com"]
        assert members(found, *groups) == [sorted([each.name, *everywhere]) for each in databases]
        names = sorted([*everywhere, *(each.name for each in databases)])
        assert members(found, "powa_state_enabled", "powa_state_disabled") == [names, []]

    databases[1].sql("UPDATE powa_servers SET port = 5433 WHERE hostname = 'both.example.com'")
    failed = run("ansible-inventory", "-i", paths[0], "-i", paths[1], "--list")
    assert (
        '"both.example.com" is both.example.com:5433 in this repository and both.example.com:5432 in' in failed.stderr
    )


def test_the_cache_is_used_until_it_is_flushed(database: Database, tmp_path: Path) -> None:
    database.register("a")
    options = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    path = config(tmp_path, database, **options)
    assert list(hosts(listed(path))) == ["a"]
    database.register("b")
    assert list(hosts(listed(path))) == ["a"]
    # Groups and names are made anew from what is cached.
    config(tmp_path, database, groups={"mine": True}, hostnames=["hostname_port"], **options)
    assert members(listed(path), "mine") == [["a_5432"]]
    config(tmp_path, database, **options)
    assert sorted(hosts(parsed(inventory("-i", path, "--list", "--flush-cache")))) == ["a", "b"]
    database.register("c")
    assert sorted(hosts(listed(path))) == ["a", "b"]
    config(tmp_path, database)
    assert sorted(hosts(listed(path))) == ["a", "b", "c"]


def test_a_cache_is_enough_where_the_repository_is_down(database: Database, tmp_path: Path) -> None:
    database.register("a")
    options = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    path = config(tmp_path, database, **options)
    listed(path)
    config(tmp_path, database, login_port=1, **options)
    assert list(hosts(listed(path))) == ["a"]


def test_no_password_is_shown_or_kept(database: Database, tmp_path: Path) -> None:
    register(database)
    cache = tmp_path / "cache"
    path = config(tmp_path, database, cache=True, cache_plugin="ansible.builtin.jsonfile", cache_connection=str(cache))
    printed = ""
    for what in (["--list"], ["--graph", "--vars"], ["--host", "orders"], ["--list", "--flush-cache"]):
        done = run("ansible-inventory", "-vvvv", "-i", path, *what)
        assert "orders" in done.stdout or "db1.example.com" in done.stdout
        printed += done.stdout + done.stderr
    (kept,) = cache.iterdir()
    assert "db1.example.com" in kept.read_text()
    for secret in (PASSWORD, SECRET):
        assert secret not in printed + kept.read_text()


WRONG_PASSWORDS: List[Dict[str, Any]] = [
    {"login_password": SECRET},
    {"login_password": [SECRET]},
    {"login_password": SECRET + "{{ %"},
    {"login_password": "{{ nix." + SECRET + " }}"},
    {"connect_params": SECRET},
    {"connect_params": {"password": SECRET}},
    {"connect_params": {"password": SECRET, "nix": SECRET}},
    {"connect_params": {"password": SECRET + "{{ nix"}},
]


@pytest.mark.parametrize("wrong", WRONG_PASSWORDS, ids=range(len(WRONG_PASSWORDS)))
def test_no_wrong_password_is_shown(database: Database, tmp_path: Path, wrong: Dict[str, Any]) -> None:
    path = config(tmp_path, database, **wrong)
    done = run("ansible-inventory", "-vvvv", "-i", path, "--list", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1")
    assert done.returncode != 0 and str(path) in done.stderr
    assert SECRET not in done.stdout + done.stderr


WRONG = [
    ({"login_hsot": "x"}, 'found the option "login_hsot", expected those of'),
    ({"login_password": "x"}, "check login_user, login_password"),
    ({"login_port": "abc"}, "Invalid value provided for 'int': 'abc'"),
    ({"login_db": "nix"}, 'database "nix" does not exist): create the database first, or give another as login_db'),
    ({"login_db": "postgres"}, 'database "postgres" has no extension powa'),
    ({"login_user": "nobody_special"}, "are not visible to nobody_special, which lacks SELECT (id, hostname, "),
    ({"login_user": "{{ nix }}"}, "login_user: 'nix' is undefined"),
    ({"session_role": "nix"}, 'cannot switch to session_role "nix"'),
    ({"hostnames": ["alias"]}, "hostnames: 3 of 4 servers, such as db2.example.com:5432, get no name of their own"),
    ({"hostnames": ["nix"]}, "Valid values are: alias, hostname, hostname_port"),
    ({"strict": True, "keyed_groups": [{"key": "nix"}]}, "Could not generate group for host orders from nix entry"),
    ({"strict": True, "compose": {"x": "nix"}}, "Could not set x for host orders"),
    ({"strict": True, "groups": {"x": "nix"}}, "Could not add host orders to group x"),
]


@pytest.mark.parametrize(("wrong", "words"), WRONG, ids=[words for _wrong, words in WRONG])
def test_what_is_wrong_is_said_with_the_file(
    database: Database, tmp_path: Path, wrong: Dict[str, Any], words: str
) -> None:
    register(database)
    path = config(tmp_path, database, **wrong)
    done = run("ansible-inventory", "-i", path, "--list", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1")
    assert done.returncode != 0
    assert words in done.stderr and "{0}: ".format(path) in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_only_strict_minds_a_wrong_expression(database: Database, tmp_path: Path) -> None:
    database.register("a")
    assert list(hosts(listed(config(tmp_path, database, keyed_groups=[{"key": "nix"}])))) == ["a"]


def test_a_file_has_the_name_of_the_plugin(database: Database, tmp_path: Path) -> None:
    database.register("a")
    for name in ("powa.yml", "powa.yaml", "x.powa.yml", "x.powa.yaml"):
        assert list(hosts(listed(config(tmp_path, database, name)))) == ["a"]
    for name in ("servers.yml", "xpowa.yml", "powa.yml.yaml"):
        failed = run("ansible-inventory", "-i", config(tmp_path, database, name), "--list")
        assert 'reads only files whose name ends with "powa.yml" or "powa.yaml": rename it' in failed.stderr
        assert hosts(parsed(failed.stdout)) == {}
    # A file of others, which is asked for only where the plugin is enabled.
    enabled = {"ANSIBLE_INVENTORY_ENABLED": PLUGIN + ",ansible.builtin.yaml"}
    for name in ("hosts.yml", "powa.yml"):
        (tmp_path / name).write_text("all: {hosts: {static: }}")
        assert listed(tmp_path / name, **enabled)["ungrouped"]["hosts"] == ["static"]
    assert list(hosts(listed(config(tmp_path, database), **enabled))) == ["a"]


def test_a_login_comes_from_a_vault_a_template_or_the_environment(database: Database, tmp_path: Path) -> None:
    database.register("a")
    key = tmp_path / "key"
    key.write_text("the key of the vault\n")
    vault = {"ANSIBLE_VAULT_PASSWORD_FILE": str(key)}
    encrypted = run("ansible-vault", "encrypt_string", "--name", "login_password", PASSWORD, **vault).stdout
    path = tmp_path / "fleet.powa.yml"
    login = "plugin: {0}\nlogin_host: {1}\n".format(PLUGIN, database.server.address)
    path.write_text(login + "login_db: '{{ my_database }}'\nlogin_port: '{{ 5431 + 1 }}'\n" + encrypted)
    printed = inventory("-i", path, "--list", "-e", "my_database=" + database.name, **vault)
    assert list(hosts(parsed(printed))) == ["a"]

    path.write_text("plugin: {0}\n".format(PLUGIN))
    environment = {"POWA_LOGIN_HOST": database.server.address, "POWA_LOGIN_USER": "postgres", "POWA_LOGIN_PORT": "5432"}
    environment["POWA_LOGIN_DB"] = database.name
    for variable in ("POWA_LOGIN_PASSWORD", "PGPASSWORD"):
        assert list(hosts(listed(path, **environment, **{variable: PASSWORD}))) == ["a"]


def test_no_right_to_read_passwords_is_needed(database: Database, tmp_path: Path) -> None:
    register(database)
    database.ok("datasources", server_kind=["repository"], datasources=[COMMITS])
    with a_reader(database) as reader:
        found = hosts(listed(config(tmp_path, database, login_user=reader)))
        assert found == hosts(listed(config(tmp_path, database)))


def test_what_a_role_may_not_see_is_named(database: Database, tmp_path: Path) -> None:
    register(database)
    database.ok("datasources", server_kind=["repository"], datasources=[COMMITS])
    names = sorted(hosts(listed(config(tmp_path, database))))
    with a_login(database, "pg_monitor") as reader:
        command = ("ansible-inventory", "-i", config(tmp_path, database, login_user=reader), "--list")
        failed = run(*command, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1")
        said = " ".join(failed.stderr.split())
        assert failed.returncode and "Traceback" not in said
        assert "are not visible to {0}, which lacks SELECT (id,".format(reader) in said
        assert "variable powa_reader_role" in said
        database.sql("GRANT SELECT ({0}) ON powa_servers TO {1}".format(COLUMNS, reader))
        done = run(*command, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1")
        said = " ".join(done.stderr.split())
        assert done.returncode == 0, said
        found = hosts(parsed(done.stdout))
        hidden = found["orders"]["powa_server_not_visible"]
        assert {"powa_stats_extensions", "powa_server_datasources", "powa_server_errors"} <= set(hidden)
        for variable in hidden:
            assert "not visible: the variable {0}, since the role lacks SELECT on".format(variable) in said
        assert "powa_stats_extensions" not in found["orders"] and sorted(found) == names


def test_the_reader_of_the_role_repository_sees_everything(database: Database, tmp_path: Path) -> None:
    register(database)
    with a_reader_of_the_roles(database) as reader:
        found = hosts(listed(config(tmp_path, database, login_user=reader)))
        assert found == hosts(listed(config(tmp_path, database)))
        assert all(variables["powa_server_not_visible"] == [] for variables in found.values())


def test_the_number_of_statements_does_not_depend_on_the_number_of_servers(database: Database, tmp_path: Path) -> None:
    path = config(tmp_path, database)
    database.ok("datasources", server_kind=["repository"], datasources=[COMMITS, LOCK_MODES])
    sent = []
    for number in (2, 100):
        database.sql(
            "SELECT powa_register_server(hostname => 'host' || n) FROM generate_series("
            " 1 + (SELECT count(*) FROM powa_servers WHERE id > 0), %s) AS n",
            (number,),
        )
        found, statements = statements_sent(database, lambda: hosts(listed(path)))
        assert len(found) == number
        sent.append(statements)
    assert 0 < sent[0] == sent[1] < 25


def example() -> str:
    source = Path(ROOT, "plugins", "inventory", "servers.py").read_text(encoding="utf-8")
    (text,) = (
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "EXAMPLES"  # type: ignore[attr-defined]
    )
    return str(text)


def readme() -> str:
    """Return the file of the section about the inventory."""
    text = Path(ROOT, "README.md").read_text(encoding="utf-8")
    return text.split("## Inventory", 1)[1].split("```yaml\n", 1)[1].split("```", 1)[0]


@pytest.mark.parametrize("text", [example(), readme()], ids=["orders", "readme"])
def test_the_examples_of_the_documentation_run(database: Database, tmp_path: Path, text: str) -> None:
    register(database)
    path = tmp_path / "example.powa.yml"
    path.write_text(text.replace("pg-repository.example.com", database.server.address))
    environment = {"POWA_LOGIN_DB": database.name, "PGPASSWORD": PASSWORD, "HOME": str(tmp_path)}
    with a_reader(database):
        found = listed(path, POWA_READER_PASSWORD=PASSWORD, **environment)
    assert len(hosts(found)) == 4


def test_the_login_options_are_those_of_the_modules() -> None:
    printed = run("ansible-doc", "--type", "inventory", "--json", PLUGIN).stdout
    options = json.loads(printed)[PLUGIN]["doc"]["options"]
    for name, spec in LOGIN_SPEC.items():
        for key in ("type", "default", "choices"):
            assert options[name].get(key) == spec.get(key), (name, key)


#: What Ansible, the roles and the plugin itself mean by a name, or by a name that begins so.
TAKEN = [
    "all", "ungrouped", "localhost", "127.0.0.1", "::1", "powa_remotes", "powa_repositories", "powa_collectors",
    "powa_web", "powa_repository_orders", "powa_version_5_0", "powa_extension_pg_qualstats", "powa_state_enabled",
    "failing", "datasource_commits",
]  # fmt: skip


def test_no_alias_breaks_the_inventory_or_moves_the_controller(database: Database, tmp_path: Path) -> None:
    for number, alias in enumerate(TAKEN):
        database.sql(
            "SELECT powa_register_server(hostname => %s, alias => %s)", ("db{0}.example.com".format(number), alias)
        )
    database.register("plain")
    path = config(
        tmp_path,
        database,
        repository="orders",
        groups={"failing": "powa_srvid > 3"},
        keyed_groups=[{"prefix": "datasource", "key": "'commits'"}],
        strict=True,
    )
    found = listed(path)
    names = sorted(hosts(found))
    assert names == sorted(["plain", *("db{0}.example.com".format(number) for number in range(len(TAKEN)))])
    assert members(found, "powa_repository_orders", "datasource_commits") == [names, names]
    assert {found_as["powa_alias"] for found_as in hosts(found).values()} == {*TAKEN, "plain"}

    playbook = tmp_path / "local.yml"
    # It would go to the server by SSH.
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.command": "true"}]}
    playbook.write_text(yaml.safe_dump([play]))
    done = run("ansible-playbook", "-i", path, playbook)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_server_that_has_only_such_a_name(database: Database, tmp_path: Path) -> None:
    database.sql("SELECT powa_register_server(hostname => 'localhost', alias => 'all')")
    assert sorted(hosts(listed(config(tmp_path, database)))) == ["localhost_5432"]
    done = run("ansible-inventory", "-i", config(tmp_path, database, hostnames=["alias", "hostname"]), "--list")
    assert "1 of 1 servers, such as localhost:5432, get no name of their own from alias, hostname" in done.stderr
    assert "add hostname_port to the list" in done.stderr
