# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module host_info on real hosts: the oracle is plain SQL and shell."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import ansible
import psycopg2
import pytest
import yaml
from catalogue_samples import FOR_MONITORS, sample, sample_all
from datasources import COMMITS, LOCK_MODES
from servers import (
    CONTAINERS,
    MORE_SUITES,
    PASSWORD,
    ROOT,
    SUITES,
    Database,
    Server,
    module_arguments,
    on_every_server,
    podman,
    read_result,
    remove_container,
    run_playbook,
    wait_until,
)

#: A name that is a connection string where a program takes it for one, and that needs quotes everywhere.
DATABASE = 'host=nowhere "it\'s"'
MONITORING, COLLECTOR, WEB = 'mon"itor', "it's, collecting", "reader"
ROLES = {"monitoring_role": MONITORING, "collector_role": COLLECTOR, "web_role": WEB}
PLANTED = "planted.4Tz9"
#: Where a container has the module.
LIBRARY = "/opt/host_info"
CONTROL = "comment = 'test'\ndefault_version = '1.0'\n"
MARKER = "# pgfleet.powa marker\n" + CONTROL


@functools.lru_cache(maxsize=None)
def install(container: str) -> None:
    """Copy into a container what Ansible would send along with the module."""
    podman("exec", container, "mkdir", "-p", LIBRARY + "/ansible", LIBRARY + "/ansible_collections/pgfleet/powa")
    module_utils = str(Path(ansible.__file__).with_name("module_utils"))
    podman("exec", container, "touch", LIBRARY + "/ansible/__init__.py")
    podman("cp", module_utils, "{0}:{1}/ansible/module_utils".format(container, LIBRARY))
    podman("cp", str(ROOT / "plugins"), "{0}:{1}/ansible_collections/pgfleet/powa/plugins".format(container, LIBRARY))


def read(container: str, user: str = "root", **options: Any) -> Dict[str, Any]:
    """Run the module in a container, by the host's own Python, and return its result."""
    install(container)
    module = "ansible_collections.pgfleet.powa.plugins.modules.host_info"
    command = [str(CONTAINERS / "podman"), "exec", "--interactive", "--user", user, "--env", "PYTHONPATH=" + LIBRARY]
    done = subprocess.run(
        [*command, container, "/usr/bin/python3", "-m", module],
        input=module_arguments(options, False),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert PLANTED not in done.stdout and PASSWORD not in done.stdout
    result = read_result(done.stdout, done.stderr).result
    assert not result["changed"] and not result.get("failed")
    return result


def version_of(server: Server) -> str:
    return server.shell("pg_lsclusters --no-header | awk '{print $1; exit}'")


def folder_of(server: Server) -> str:
    return "/etc/postgresql/{0}/main".format(version_of(server))


SET_UP = r"""
CREATE ROLE "mon""itor" LOGIN IN ROLE pg_monitor;
CREATE ROLE between NOLOGIN CREATEDB;
CREATE ROLE "it's, collecting" LOGIN NOINHERIT REPLICATION IN ROLE between;
GRANT pg_read_all_stats TO between;
CREATE ROLE reader LOGIN;
CREATE ROLE nobody LOGIN;
"""
IN_POWA = r"""
CREATE EXTENSION pg_track_settings;
CREATE EXTENSION pg_qualstats SCHEMA hidden;
COMMENT ON EXTENSION pg_qualstats IS 'pgfleet.powa marker, for a test';
REVOKE SELECT ON powa_statements FROM PUBLIC;
GRANT SELECT ON powa_databases TO "mon""itor";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA hidden TO "mon""itor";
GRANT SELECT, INSERT ON powa_servers TO "it's, collecting";
GRANT UPDATE (version) ON powa_servers TO "it's, collecting";
GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
"""


@pytest.fixture(scope="module")
def powa_database(server: Server) -> Iterator[str]:
    """A database with PoWA, roles with some rights on it, and two registered servers."""
    quoted = '"{0}"'.format(DATABASE.replace('"', '""'))
    server.sql("postgres", SET_UP)
    server.sql("postgres", "CREATE DATABASE {0} TEMPLATE powa_template".format(quoted))
    server.sql(DATABASE, "CREATE SCHEMA hidden")
    server.sql(DATABASE, IN_POWA)
    for alias, port in (("one", 5432), (None, 5433)):
        server.sql(
            DATABASE,
            "SELECT powa_register_server(hostname => 'a.example.com', port => %s, alias => %s, password => %s)",
            (port, alias, PLANTED),
        )
    yield DATABASE
    server.sql("postgres", "DROP DATABASE {0} WITH (FORCE)".format(quoted))
    server.sql("postgres", 'DROP ROLE "mon""itor", "it\'s, collecting", between, reader, nobody')


@contextmanager
def appended(server: Server, path: str, text: str) -> Iterator[None]:
    """Have more lines at the end of a configuration file, and the server read it."""
    server.shell("touch {0} && cp --preserve {0} {0}.before && cat >> {0}".format(path), input=text)
    reload(server)
    try:
        yield
    finally:
        server.shell("mv {0}.before {0}".format(path))
        reload(server)


def reload(server: Server) -> None:
    """Have every new session see the files as they are."""
    before = server.sql("postgres", "SELECT pg_conf_load_time()")
    server.sql("postgres", "SELECT pg_reload_conf()")
    for _attempt in range(100):
        # It takes a moment until the postmaster has told the next session.
        if server.sql("postgres", "SELECT pg_sleep(0.05), pg_conf_load_time()")[0][1] != before[0][0]:
            return
    raise AssertionError("the server did not reload its files")


@on_every_server
def test_system_clusters_and_packages(server: Server) -> None:
    asked = ["nginx", "coreutils:amd64", "no-such-package"]
    seen = read(server.container, packages=asked)
    version = version_of(server)
    assert seen["os"]["name"] == server.shell('. /etc/os-release && echo "$PRETTY_NAME"')
    assert (seen["os"]["family"], seen["version"], seen["installed"]) == ("Debian", version, [version])
    assert seen["clusters"] == [seen["cluster"]]
    assert seen["cluster"] == {
        "version": version,
        "name": "main",
        "port": 5432,
        "running": True,
        "data_directory": "/var/lib/postgresql/{0}/main".format(version),
        "unit": "postgresql@{0}-main".format(version),
        "owner": "postgres",
    }
    listed = server.shell("dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\\n'").splitlines()
    installed = dict(line.split()[:2] for line in listed if line.endswith(" installed"))
    wanted = ["postgresql-" + version, "postgresql-{0}-powa".format(version), "python3-psycopg2", *asked]
    own = re.compile("^postgresql-(.*-)?{0}(-|$)".format(version))
    others = [name for name in installed if own.search(name)]
    assert set(seen["packages"]) == {*wanted, *others}
    # A package's name, what is installed, and the candidate stand on one line each.
    policy = server.shell("LC_ALL=C apt-cache policy " + " ".join(name.split(":")[0] for name in seen["packages"]))
    candidates = dict(re.findall(r"^(\S+):\n  Installed: .*\n  Candidate: (?!\(none\))(\S+)", policy, re.MULTILINE))
    for name, package in seen["packages"].items():
        bare = name.split(":")[0]
        expected = None if bare in installed else candidates.get(bare)
        assert (package["installed"], package["candidate"]) == (installed.get(bare), expected), name
    assert seen["driver"] is True
    assert (
        seen["users"] == server.shell("for u in powa powa-web postgres; do id -un $u; done 2> /dev/null; true").split()
    )


@on_every_server
def test_settings_and_where_they_come_from(server: Server) -> None:
    conf = folder_of(server) + "/conf.d/zz.conf"
    lines = "\nPg_qualstats.Max = 2000\nlisten_addresses = '*, ::'\nwork_mem = 'much'\n"
    with appended(server, conf, lines):
        found = read(server.container, start_settings=["shared_preload_libraries", "port"])["server"]
        rows = server.sql(
            "postgres", "SELECT name, setting, unit, source, sourcefile, sourceline, pending_restart FROM pg_settings"
        )
        expected = {
            row[0]: dict(zip(("value", "unit", "source", "file", "line", "pending_restart"), row[1:]))
            for row in rows
            if re.match(
                r"(powa|pg_\w+)\.|(shared_preload_libraries|listen_addresses|port|allow_alter_system|ssl)$", row[0]
            )
        }
        assert found["settings"] == expected
        assert found["settings"]["powa.frequency"]["file"] == folder_of(server) + "/conf.d/tests.conf"
        assert found["settings"]["powa.frequency"]["line"] == 4
        assert found["settings"]["pg_qualstats.max"]["pending_restart"]
        mine = [row for row in found["file_settings"] if row["file"] == conf]
        assert [(row["name"], row["value"], row["line"], row["applied"]) for row in mine] == [
            ("pg_qualstats.max", "2000", 2, False),
            ("listen_addresses", "*, ::", 3, False),
        ]
        assert "work_mem" in [row["name"] for row in found["file_errors"] if row["line"] == 4 and row["file"] == conf]
        # A restart would fail, as the server's own program says.
        assert found["next_start"]["settings"] == {}
        assert found["next_start"]["error"].startswith('invalid value for parameter "work_mem": "much"')
        names = [row["name"] for row in found["file_settings"]]
        assert names.count("listen_addresses") == 2 and "max_connections" not in names
        paths = server.sql(
            "postgres", "SELECT current_setting(n) FROM unnest(ARRAY['config_file', 'hba_file', 'data_directory']) n"
        )
        assert [found[name] for name in ("config_file", "hba_file", "data_directory")] == [path for (path,) in paths]
        assert found["version_num"] == server.sql("postgres", "SELECT current_setting('server_version_num')::int")[0][0]
        assert (found["standby"], found["user"], found["database"]) == (False, "postgres", False)
        # PostgreSQL forgets a pending restart when a file says what it already has, and not when the line goes.
        server.shell("echo 'pg_qualstats.max = 1000' > " + conf)
        reload(server)
        assert read(server.container, start_settings=["port"])["server"]["next_start"] is None
    assert not server.sql("postgres", "SELECT name FROM pg_settings WHERE pending_restart")


@on_every_server
def test_what_decides_the_next_start(server: Server) -> None:
    conf = folder_of(server) + "/conf.d/zz.conf"
    lines = "shared_preload_libraries = '$libdir/pg_stat_statements, plpgsql.so, nowhere'\n#include 'x.conf'\n"
    with appended(server, conf, lines):
        found = read(server.container, start_settings=["shared_preload_libraries", "port"])["server"]
        # The program does not look for the library.
        value = "$libdir/pg_stat_statements, plpgsql.so, nowhere"
        assert found["next_start"] == {"settings": {"shared_preload_libraries": value, "port": "5432"}, "error": ""}
        main = folder_of(server) + "/postgresql.conf"
        number = int(server.shell("grep -n ^include_dir {0} | cut -d : -f 1".format(main)))
        assert [one for one in found["includes"] if not one["commented"]] == [
            {"file": main, "line": number, "kind": "include_dir", "path": conf[: -len("/zz.conf")], "commented": False}
        ]
        assert {"file": conf, "line": 2, "kind": "include", "path": conf[:-7] + "x.conf", "commented": True} in found[
            "includes"
        ]
        libraries = server.shell("ls /usr/lib/postgresql/*/lib/*.so").split()
        assert found["library_folder"] == libraries[0].rsplit("/", 1)[0]
        assert found["libraries"]["nowhere"] is None
        for entry, path in found["libraries"].items():
            name = entry.replace("$libdir/", "").replace(".so", "")
            own = [library for library in libraries if library.endswith("/{0}.so".format(name))]
            assert [path] == (own or [None]), entry
        # PostgreSQL forgets a pending restart when a file says what it already has.
        server.shell("sed -i 1d " + conf)
        reload(server)
    assert not server.sql("postgres", "SELECT name FROM pg_settings WHERE pending_restart")


@on_every_server
def test_the_rules_of_pg_hba(server: Server) -> None:
    path = folder_of(server) + "/pg_hba.conf"
    lines = [
        'host "{0}",powa reader,+between 10.0.0.0/24 scram-sha-256'.format(DATABASE.replace('"', '""')),
        "host all all ldap.example.com ldap ldapserver=ldap.example.com ldapbasedn=x ldapbindpasswd=" + PLANTED,
        "hots all all all trust",
    ]
    with appended(server, path, "\n".join(lines) + "\n"):
        found = read(server.container)["server"]
        assert not found["unread"]
        rows = server.sql(
            "postgres",
            "SELECT line_number, type, database, user_name, address, netmask, auth_method, error"
            " FROM pg_hba_file_rules",
        )
        members = ("line", "type", "databases", "users", "address", "netmask", "method", "error")
        assert [tuple(rule[name] for name in members) for rule in found["hba"]] == [
            tuple(
                [] if value is None and name in ("databases", "users") else value for name, value in zip(members, row)
            )
            for row in rows
        ]
        assert {rule["file"] for rule in found["hba"]} == {path}
        first, ldap, broken = found["hba"][-3:]
        assert first["databases"] == [DATABASE, "powa"] and first["users"] == ["reader", "+between"]
        assert (first["address"], first["netmask"]) == ("10.0.0.0", "255.255.255.0")
        assert "ldapserver=ldap.example.com" in ldap["options"] and "ldapbindpasswd=********" in ldap["options"]
        assert "hots" in broken["error"] and broken["method"] is None
        server.shell("sleep 1; touch " + path)
        assert read(server.container)["server"]["unread"]


@on_every_server
@pytest.mark.usefixtures("powa_database")
def test_passwords_are_compared_with_those_that_the_server_stores(server: Server) -> None:
    ((setting,),) = server.sql("postgres", "SHOW password_encryption")
    encryption = "scram-sha-256" if setting == "scram-sha-256" else "md5"
    server.sql("postgres", "ALTER ROLE {0} PASSWORD 'p\u00e4nc\\il'".format(WEB))

    def same(**options: Any) -> List[Optional[bool]]:
        roles = read(server.container, **ROLES, **options)["server"]["roles"]
        return [roles[name]["password_as_expected"] for name in (WEB, COLLECTOR)]

    try:
        assert same() == [None, None]
        assert same(expected_passwords={WEB: "p\u00e4nc\\il"}, password_encryption=encryption) == [True, None]
        assert same(expected_passwords={WEB: "other", "nobody": "x"}, password_encryption=encryption) == [False, None]
        other = "md5" if encryption == "scram-sha-256" else "scram-sha-256"
        assert same(expected_passwords={WEB: "p\u00e4nc\\il"}, password_encryption=other) == [False, None]
    finally:
        server.sql("postgres", "ALTER ROLE {0} PASSWORD NULL".format(WEB))


@on_every_server
@pytest.mark.usefixtures("powa_database")
def test_roles_and_what_they_belong_to(server: Server) -> None:
    seen = read(server.container, database=DATABASE, **ROLES)
    roles = seen["server"]["roles"]
    assert set(roles) == {MONITORING, COLLECTOR, WEB} and seen["server"]["database"]
    columns = ["login", "superuser", "createdb", "createrole", "replication", "bypassrls"]
    for name, role in roles.items():
        ((*attributes,),) = server.sql(
            "postgres",
            "SELECT rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
            " FROM pg_roles WHERE rolname = %s",
            (name,),
        )
        assert [role[column] for column in columns] == attributes
        for member, right in (("member_of", "MEMBER"), ("uses", "USAGE")):
            rows = server.sql(
                "postgres",
                "SELECT rolname FROM pg_roles WHERE rolname <> %s AND pg_has_role(%s, oid, %s)",
                (name, name, right),
            )
            assert sorted(role[member]) == sorted(row[0] for row in rows)
    assert not any(role["bootstrap"] or role["databases"] for role in roles.values())
    owned = "SELECT datname FROM pg_database WHERE datdba = 'postgres'::regrole ORDER BY datname"
    boss = read(server.container, database=DATABASE, collector_role="postgres")["server"]["roles"]["postgres"]
    assert boss["bootstrap"] and boss["databases"] == [name for (name,) in server.sql("postgres", owned)]
    assert roles[COLLECTOR]["member_of"] == ["between", "pg_read_all_stats"] and roles[COLLECTOR]["uses"] == []
    assert roles[COLLECTOR]["replication"] and not roles[COLLECTOR]["createdb"]
    assert seen["unseen"] == []


@on_every_server
def test_whose_the_files_of_powa_are(server: Server) -> None:
    version = version_of(server)
    package = "postgresql-{0}-powa".format(version)
    folder = "/usr/share/postgresql/{0}/extension/".format(version)
    files = server.shell(
        "dpkg-query --listfiles {0} | grep -E 'extension/powa(--.*[.]sql|[.]control)$'".format(package)
    )
    owned = dict.fromkeys(["/usr/lib/postgresql/{0}/lib/powa.so".format(version), *files.split()], package)
    assert read(server.container)["powa_files"] == owned
    # The copies of packages go elsewhere then, and a build overwrites nothing of theirs.
    diverted, built = folder + "powa.control", folder + "powa--99.sql"
    server.shell("touch {0} && dpkg-divert --local --no-rename --add {1}".format(built, diverted))
    try:
        assert read(server.container, user="postgres")["powa_files"] == {**owned, built: None, diverted: None}
    finally:
        server.shell("rm {0} && dpkg-divert --no-rename --remove {1}".format(built, diverted))
    # Where dpkg cannot look, no file is without a package.
    info = "/var/lib/dpkg/info/{0}.list".format(package)
    server.shell("mv {0} {0}.away && mkdir {0}".format(info))
    try:
        broken = read(server.container)
        assert broken["powa_files"] is None, broken["powa_files"]
        assert [said.split(":")[0] for said in broken["unseen"]] == ["the packages of PoWA's files"]
    finally:
        server.shell("rmdir {0} && mv {0}.away {0}".format(info))


@on_every_server
@pytest.mark.usefixtures("powa_database")
def test_extensions_and_the_rights_of_the_monitoring_role(server: Server) -> None:
    seen = read(server.container, database=DATABASE, **ROLES)
    rows = server.sql(
        DATABASE,
        "SELECT extname, extversion, extnamespace::regnamespace::text, obj_description(oid, 'pg_extension'),"
        " extowner::regrole::text FROM pg_extension",
    )
    assert seen["extensions"] == {
        name: {"version": version, "schema": schema, "comment": comment, "owner": owner, "owner_superuser": True}
        for name, version, schema, comment, owner in rows
    }
    assert seen["extensions"]["pg_qualstats"]["comment"] == "pgfleet.powa marker, for a test"
    folder = seen["extension_folder"]
    assert folder["path"] == "/usr/share/postgresql/{0}/extension".format(version_of(server))
    assert (
        folder["powa"]
        == server.sql(DATABASE, "SELECT default_version FROM pg_available_extensions WHERE name = 'powa'")[0][0]
    )
    assert folder["controls"] == sorted(
        row[0] for row in server.sql(DATABASE, "SELECT name FROM pg_available_extensions")
    )
    assert folder["writable"] and folder["markers"] == {}
    tables = {"powa_databases": True, "powa_statements": server.powa == "5"}
    may = "SELECT has_table_privilege(%s, %s, 'SELECT')"
    assert [server.sql(DATABASE, may, (MONITORING, name))[0][0] for name in tables] == [
        seen["monitoring"]["tables"][name] for name in tables
    ]
    # The right to call it is worth nothing without the right to its schema.
    assert seen["monitoring"]["functions"] == {"pg_qualstats_reset": False}
    assert seen["monitoring"]["schemas"] == {"hidden": False, "public": True}
    server.sql(DATABASE, 'GRANT USAGE ON SCHEMA hidden TO "mon""itor"')
    again = read(server.container, database=DATABASE, **ROLES)
    assert again["monitoring"]["functions"] == {"pg_qualstats_reset": True}
    server.sql(DATABASE, 'REVOKE USAGE ON SCHEMA hidden FROM "mon""itor"')
    assert seen["repository"] is None


@on_every_server
@pytest.mark.usefixtures("powa_database")
def test_a_repository_and_the_rights_on_it(server: Server) -> None:
    seen = read(server.container, database=DATABASE, repository=True, **ROLES)
    found = seen["repository"]
    assert seen["unseen"] == []
    assert (found["major"], found["schema"]) == (int(server.powa), "public")
    assert found["servers"] == [
        {"alias": "one", "hostname": "a.example.com", "port": 5432, "frequency": 300},
        {"alias": None, "hostname": "a.example.com", "port": 5433, "frequency": 300},
    ]
    extensions = ["pg_track_settings"] + (["powa"] if server.powa == "4" else [])
    rows = server.sql(
        DATABASE,
        "SELECT e.extname, c.relnamespace::regnamespace::text, c.relname, c.relkind, c.oid FROM pg_extension e"
        " JOIN pg_depend d ON d.refobjid = e.oid AND d.deptype = 'e' JOIN pg_class c ON c.oid = d.objid"
        " WHERE e.extname = ANY (%s) AND c.relkind IN ('r', 'v') AND d.classid = 'pg_class'::regclass",
        (extensions,),
    )
    assert [(r["extension"], r["schema"], r["name"], r["kind"]) for r in found["relations"]] == sorted(
        row[:4] for row in rows
    )
    rights = server.sql(
        DATABASE,
        "SELECT c.relname, r, p FROM pg_class c, unnest(%s) r, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p"
        " WHERE c.oid = ANY (%s::oid[]) AND has_table_privilege(r, c.oid, p)",
        ([MONITORING, COLLECTOR, WEB], [row[4] for row in rows]),
    )
    told = [(r["name"], role, p) for r in found["relations"] for role, all_ in r["privileges"].items() for p in all_]
    assert sorted(told) == sorted(rights) and told
    assert {COLLECTOR, WEB} <= set(found["relations"][0]["privileges"])
    if server.powa == "4":
        (servers,) = [r for r in found["relations"] if r["name"] == "powa_servers"]
        assert servers["privileges"][COLLECTOR] == ["SELECT", "INSERT"]
        assert found["powa_roles"] == {} and found["existing_roles"] == []
    else:
        rows = server.sql(
            DATABASE,
            "SELECT powa_role, rolname FROM powa_roles WHERE powa_role IN ('powa_snapshot', 'powa_read_all_data',"
            " 'powa_read_all_metrics')",
        )
        assert found["powa_roles"] == dict(
            {"powa_snapshot": None, "powa_read_all_data": None, "powa_read_all_metrics": None}, **dict(rows)
        )
        existing = server.sql(
            "postgres",
            "SELECT rolname FROM pg_roles WHERE rolname IN ('powa_snapshot', 'powa_read_all_data',"
            " 'powa_read_all_metrics')",
        )
        assert found["existing_roles"] == sorted(row[0] for row in existing)
    other = "public.powa_extensions" if server.powa == "4" else "public.powa_extension_config"
    may = {column["table"]: column["may_update"][COLLECTOR] for column in found["version_columns"]}
    assert may == {"public.powa_servers": True, other: False}
    registers = {column["table"]: column["may_register"] for column in found["version_columns"]}
    assert registers["public.powa_servers"] == {} and registers[other][COLLECTOR] is False
    column_rights = "GRANT DELETE, INSERT (srvid, extname, version) ON {0} TO {1}"
    server.sql(DATABASE, column_rights.format(other, WEB))
    again = read(server.container, database=DATABASE, repository=True, **ROLES)["repository"]
    assert [column["may_register"].get(WEB) for column in again["version_columns"]] == [None, True]
    columns = server.sql(
        DATABASE,
        "SELECT attname, has_column_privilege(%s, attrelid, attname, 'SELECT') FROM pg_attribute"
        " WHERE attrelid = 'powa_servers'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (WEB,),
    )
    assert [(column["name"], column["may_read"][WEB]) for column in found["server_columns"]] == columns
    assert "powa_servers" in found["granted_select"][WEB]
    assert found["granted_roles"] == {
        role: sorted(
            name
            for (name,) in server.sql(
                "postgres",
                "SELECT DISTINCT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid"
                " WHERE m.member = (SELECT r.oid FROM pg_roles r WHERE r.rolname = %s)",
                (role,),
            )
        )
        for role in found["granted_roles"]
    }
    assert found["web_schema"] is None and found["search_paths"][WEB] is None
    assert found["schema_usage"][WEB]
    assert found["default_select"] == [WEB]


@pytest.mark.usefixtures("powa_database")
def test_as_ansible_runs_it(server: Server, tmp_path: Path) -> None:
    options = dict(ROLES, database=DATABASE, repository=True)
    host = {"ansible_connection": "podman_pipelined", "ansible_python_interpreter": "/usr/bin/python3"}
    task = {"pgfleet.powa.host_info": options, "register": "result"}
    copy = {"content": "{{ [checked, result] | to_json }}", "dest": str(tmp_path / "results.json"), "mode": "0600"}
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    tasks = [
        dict(task, register="checked", check_mode=True),
        task,
        {"ansible.builtin.copy": copy, "delegate_to": "localhost", "vars": local},
    ]
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {server.container: host}}}))
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    done = run_playbook("-vvv", "--inventory", str(tmp_path / "hosts.yml"), str(tmp_path / "play.yml"))
    assert done.returncode == 0, done.stdout
    assert PLANTED not in done.stdout and PASSWORD not in done.stdout
    checked, result = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    direct = read(server.container, **options)
    for member in set(direct) - {"invocation"}:
        assert checked[member] == result[member] == direct[member], member


@pytest.mark.usefixtures("powa_database")
def test_it_logs_in_twice_and_only_reads(server: Server) -> None:
    log = "/var/log/postgresql/postgresql-{0}-main.log".format(version_of(server))
    lines = "log_connections = on\nlog_statement = all\nlog_line_prefix = '%a|%d|'\n"
    with appended(server, folder_of(server) + "/conf.d/zz.conf", lines):
        start = server.shell("wc --bytes < " + log)
        read(server.container, database=DATABASE, repository=True, **ROLES)
        logged = server.shell("tail --bytes=+{0} {1}".format(int(start) + 1, log))
    ours = [line for line in logged.splitlines() if line.startswith(("pgfleet.powa.host_info|", "[unknown]|"))]
    assert len([line for line in ours if "connection authorized" in line and "pgfleet.powa.host_info" in line]) == 2
    statements = [line.split("statement:", 1)[1].strip() for line in ours if "statement:" in line]
    assert statements and all(text.startswith("SELECT") for text in statements)


def test_files_units_and_environments(server: Server) -> None:
    server.shell(
        "mkdir -p /opt/env/pages/own /opt/env/lib/python3.1/site-packages/powa_web-4.2.1.dist-info"
        " && printf one > /opt/env/pages/own/a.py && printf two > /opt/env/pages/own/b.py"
        " && printf text > /opt/env/file && chmod 0640 /opt/env/file && chown postgres:daemon /opt/env/file"
        " && printf %s {0} > /opt/env/secret".format(PLANTED)
    )
    version = version_of(server)
    unit = "postgresql@{0}-main".format(version)
    try:
        seen = read(
            server.container,
            files=["/opt/env/file", "/opt/env", "/opt/none"],
            secret_files=["/opt/env/secret"],
            expected_files={"/opt/env/secret": PLANTED, "/opt/env/file": "other"},
            virtualenvs=["/opt/env", "/opt/none"],
            folders=["/opt/env/pages/own", "/opt/none"],
            units=[unit, "no-such-unit", "powa-collector"],
            resolve_names=["localhost", "no-such-name.invalid", "/var/run/postgresql"],
            collector_log=True,
        )
    finally:
        server.shell("rm -r /opt/env")
    files = seen["files"]
    assert sorted(files) == ["/opt/env", "/opt/env/file", "/opt/env/secret"]
    told = {name: files["/opt/env/file"][name] for name in ("kind", "owner", "group", "mode", "size")}
    assert told == {"kind": "file", "owner": "postgres", "group": "daemon", "mode": "0640", "size": 4}
    assert files["/opt/env/file"]["sha256"] == hashlib.sha256(b"text").hexdigest()
    assert files["/opt/env/secret"]["sha256"] is None and files["/opt/env"]["kind"] == "directory"
    as_expected = {name: file["as_expected"] for name, file in files.items()}
    assert as_expected == {"/opt/env": None, "/opt/env/file": False, "/opt/env/secret": True}
    assert PLANTED not in str(seen) and "other" not in str(seen.get("invocation"))
    assert seen["virtualenvs"] == {"/opt/env": {"stale": False, "packages": {"powa-web": "4.2.1"}}}
    sums = {"a.py": hashlib.sha256(b"one").hexdigest(), "b.py": hashlib.sha256(b"two").hexdigest()}
    assert seen["folders"] == {"/opt/env/pages/own": sums}
    for name, state in seen["units"].items():
        told_by = server.shell(
            "systemctl is-enabled {0} 2> /dev/null; systemctl is-active {0}; true".format(name)
        ).split()
        assert state["active"] == told_by[-1]
        assert state["exists"] == (name != "no-such-unit")
        assert state["enabled"] == (told_by[0] if state["exists"] else "")
    assert seen["unresolved"] == ["no-such-name.invalid"]
    assert seen["unseen"] == [] and seen["collector_log"] == ""


@pytest.mark.usefixtures("powa_database")
def test_the_owner_of_the_cluster_sees_all_of_the_server(server: Server) -> None:
    server.shell("mkdir -p --mode 0700 /etc/powa-web && touch /etc/powa-web/powa-web.conf")
    options = dict(ROLES, database=DATABASE, repository=True, files=["/etc/powa-web/powa-web.conf"])
    try:
        as_root = read(server.container, **options)
        as_owner = read(server.container, user="postgres", **options)
    finally:
        server.shell("rm -r /etc/powa-web")
    assert list(as_root["files"]) == ["/etc/powa-web/powa-web.conf"] and as_root["unseen"] == []
    assert as_owner["files"] == {}
    assert as_owner["unseen"] == ["the files below /etc/powa-web: permission denied (run as root)"]
    for member in ("server", "extensions", "monitoring", "repository", "clusters", "packages"):
        assert as_owner[member] == as_root[member], member
    assert not as_owner["extension_folder"]["writable"]


@pytest.mark.usefixtures("powa_database")
def test_another_user_is_told_what_it_does_not_see(server: Server) -> None:
    options = dict(ROLES, database=DATABASE, repository=True, collector_log=True)
    seen = read(server.container, user="nobody", **options)
    assert seen["server"]["user"] == "nobody" and seen["server_error"] is None
    assert (seen["server"]["hba"], seen["server"]["config_file"], seen["repository"]) == ([], None, None)
    assert seen["extensions"] and set(seen["server"]["roles"]) == {MONITORING, COLLECTOR, WEB}
    assert [sentence.split(":")[0] for sentence in seen["unseen"]] == [
        "what the configuration files of the server set",
        "the errors of the configuration files of the server",
        "the rules of pg_hba.conf",
        "whether the server has read its files since they changed",
        "the paths of the server's configuration files",
        "the servers of the repository",
        *(["the roles of PoWA"] if server.powa == "5" else []),
        "the log of powa-collector",
    ]
    assert all(sentence.endswith("(run as root)") for sentence in seen["unseen"][:-1])

    refused = read(server.container, user="daemon", **options)
    assert refused["server"] is None and 'role "daemon" does not exist' in refused["server_error"]


def catalogue_on_a_standby(server: Server) -> None:
    """See that the queries of the catalogue run there, since few tests have a standby."""
    options = {"host": server.address, "port": 5433, "password": PASSWORD, "dbname": "powa_template"}
    with closing(psycopg2.connect(user="powa", **options)) as connection:
        connection.autocommit = True
        found = sample_all(connection, but=FOR_MONITORS)
    with closing(psycopg2.connect(user="postgres", **options)) as connection:
        connection.autocommit = True
        found.update((name, sample(connection, name)) for name in FOR_MONITORS)
    (replay,), (state,) = found["standby_replay"], found["server_state"]
    assert state["standby"] == replay["streaming"] == 1 and replay["paused"] == 0 and replay["received"] > 0
    # PostgreSQL reads blocks ahead from 15 on.
    assert len(found["recovery_prefetch"]) == (int(version_of(server)) >= 15)
    assert all(prefetch["prefetched"] >= 0 for prefetch in found["recovery_prefetch"]) and found["archive_lag"] == []
    _without_its_primary(server, options)
    (slowest,) = [row for row in sample_on(server, "standbys") if row["state"] == "streaming"]
    assert slowest["standbys"] == 1 and slowest["sync_state"] == "async" and slowest["replay_lag"] >= 0


def _without_its_primary(server: Server, options: Dict[str, Any]) -> None:
    """See that a standby that has lost its primary does not look as if it had all."""
    server.sql("postgres", "SELECT pg_current_xact_id()")
    with closing(psycopg2.connect(user="postgres", **options)) as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def replay() -> Dict[str, Any]:
            return sample(connection, "standby_replay")[0]

        def has_replayed() -> bool:
            cursor.execute("SELECT pg_last_xact_replay_timestamp() IS NOT NULL")
            return bool(cursor.fetchone()[0]) and replay()["delay"] == 0

        wait_until(has_replayed, "all is replayed, a transaction among it")
        cursor.execute("SELECT current_setting('primary_conninfo')")
        ((primary,),) = cursor.fetchall()
        try:
            cursor.execute("ALTER SYSTEM SET primary_conninfo = ''")
            cursor.execute("SELECT pg_reload_conf()")
            # The receiver first stops, and then is gone.
            wait_until(lambda: replay()["silence"] is None, "the primary is lost")
            lost = replay()
            assert not lost["streaming"] and lost["delay"] > 0
        finally:
            cursor.execute("ALTER SYSTEM SET primary_conninfo = %s", (primary,))
            cursor.execute("SELECT pg_reload_conf()")
        wait_until(lambda: replay()["streaming"] == 1, "it streams again")


def sample_on(server: Server, name: str) -> List[Dict[str, Any]]:
    with closing(server.connect("powa_template", "powa")) as connection:
        return sample(connection, name)


@on_every_server
def test_several_clusters_one_of_them_a_standby(server: Server) -> None:
    version = version_of(server)
    make = (
        "pg_createcluster {0} standby --port 5433 && pg_createcluster {0} stopped --port 5434"
        " && cp /etc/postgresql/{0}/main/conf.d/* /etc/postgresql/{0}/standby/conf.d/"
        " && cp -p /etc/postgresql/{0}/main/pg_hba.conf /etc/postgresql/{0}/standby/"
        " && rm -r /var/lib/postgresql/{0}/standby && runuser -u postgres -- pg_basebackup"
        " --pgdata /var/lib/postgresql/{0}/standby --write-recovery-conf --checkpoint fast"
        " && systemctl start postgresql@{0}-standby"
    )
    try:
        server.shell(make.format(version))
        main = read(server.container)
        assert [(c["name"], c["port"], c["running"]) for c in main["clusters"]] == [
            ("main", 5432, True),
            ("standby", 5433, True),
            ("stopped", 5434, False),
        ]
        assert not main["server"]["standby"]
        standby = read(server.container, port=5433, repository=True)
        assert standby["cluster"]["unit"] == "postgresql@{0}-standby".format(version)
        assert standby["server"]["standby"] and standby["unseen"] == []
        number = server.sql("postgres", "SELECT system_identifier::text FROM pg_control_system()")[0][0]
        assert main["server"]["system_identifier"] == standby["server"]["system_identifier"] == number
        assert standby["server"]["data_directory"] == "/var/lib/postgresql/{0}/standby".format(version)
        catalogue_on_a_standby(server)
        stopped = read(server.container, port=5434)
        assert (stopped["cluster"]["name"], stopped["server"], stopped["server_error"]) == ("stopped", None, None)
        nowhere = read(server.container, port=5435, postgresql_version="9.6")
        assert (nowhere["cluster"], nowhere["version"], nowhere["server"]) == (None, "9.6", None)
        # The program that lists the clusters ends at this line.
        conf = "/etc/postgresql/{0}/stopped/postgresql.conf".format(version)
        server.shell("cp --archive {0} {0}.whole && echo work_mem >> {0}".format(conf))
        others = read(server.container)
        assert others["clusters"] == main["clusters"][:2] and others["server"]
        (sentence,) = others["unread_clusters"]
        assert others["unseen"] == [sentence] and main["unread_clusters"] == []
        assert re.fullmatch(
            "the cluster {0}/stopped: invalid line [0-9]+ in {1}: work_mem".format(version, conf), sentence
        )
        server.shell("mv {0}.whole {0}".format(conf))
    finally:
        server.shell("for name in standby stopped; do pg_dropcluster --stop {0} $name; done".format(version))


@contextmanager
def bare_host(suite: str, *options: str) -> Iterator[str]:
    """A container of a host without PostgreSQL, and without a running systemd."""
    image = subprocess.run([str(CONTAINERS / "image"), suite, "base"], check=True, stdout=subprocess.PIPE, text=True)
    container = podman("run", "--detach", *options, image.stdout.strip(), "sleep", "infinity")
    try:
        yield container
    finally:
        remove_container(container)


@pytest.mark.parametrize("suite", sorted({**SUITES, **MORE_SUITES}.values()))
def test_a_host_without_postgresql(suite: str) -> None:
    with bare_host(suite) as container:
        seen = read(container, repository=True, units=["powa-web"], resolve_names=["localhost"], **ROLES)
        policy = podman("exec", container, "apt-cache", "policy", "postgresql")
    assert seen["version"] == str(int(re.search(r"Candidate: (\d+)\+", policy).group(1)))  # type: ignore[union-attr]
    assert (seen["installed"], seen["clusters"], seen["cluster"], seen["users"]) == ([], [], None, [])
    assert (seen["server"], seen["server_error"], seen["extension_folder"], seen["repository"]) == (None,) * 4
    assert (seen["driver"], seen["extensions"], seen["monitoring"]) == (False, {}, {})
    powa = seen["packages"]["postgresql-{0}-powa".format(seen["version"])]
    assert powa["installed"] is None and powa["candidate"]
    assert seen["units"] == {"powa-web": {"enabled": "", "active": "inactive", "exists": False}}
    (sentence,) = seen["unseen"]
    assert sentence.startswith("the state of units: System has not been booted with systemd")


@pytest.mark.parametrize("mode", ["rw", "ro"])
def test_the_folder_of_extensions(mode: str, tmp_path: Path) -> None:
    extensions: List[Path] = [tmp_path / "extension"]
    extensions[0].mkdir()
    (extensions[0] / "theirs.control").write_text(CONTROL)
    (extensions[0] / "ours.control").write_text(MARKER)
    (extensions[0] / "ours--1.0.sql").write_text("-- Empty\n")
    at = "/usr/share/postgresql/15/extension"
    with bare_host("bookworm", "--volume={0}:{1}:{2}".format(extensions[0], at, mode)) as container:
        folder = read(container)["extension_folder"]
    assert folder == {
        "path": at,
        "writable": mode == "rw",
        "controls": ["theirs"],
        "markers": {"ours": hashlib.sha256((MARKER + "-- Empty\n").encode()).hexdigest()},
        "powa": "",
    }


def test_declared_datasources_are_those_that_nobody_else_has_made(database: Database) -> None:
    database.ok("datasources", server_kind=["repository"], datasources=[COMMITS, LOCK_MODES])
    ((schema,),) = database.sql("SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'powa'")
    written = (
        "SELECT proname, obj_description(oid, 'pg_proc') FROM pg_proc WHERE proname ~ '^powa_(commits|lock_modes)_src$'"
    )
    expected = dict(database.sql(written))
    assert len(expected) == 2
    forged = "{0}.powa_forged_src(integer)".format(schema)
    database.sql("CREATE FUNCTION {0} RETURNS integer LANGUAGE sql AS 'SELECT 1'".format(forged))
    database.sql("COMMENT ON FUNCTION {0} IS 'pgfleet.powa datasource forged: {{}}'".format(forged))

    def read_datasources() -> Any:
        return read(database.server.container, database=database.name)["datasources"]

    # What a superuser has made counts, until it belongs to somebody else.
    assert sorted(read_datasources()) == sorted([*expected, "powa_forged_src"])
    database.sql("CREATE ROLE forger")
    try:
        database.sql("ALTER FUNCTION {0} OWNER TO forger".format(forged))
        assert read_datasources() == expected
    finally:
        database.sql("DROP FUNCTION {0}".format(forged))
        database.sql("DROP ROLE forger")


def test_a_definition_that_is_too_long_is_cut_and_named(database: Database) -> None:
    database.ok("datasources", server_kind=["repository"], datasources=[LOCK_MODES])
    text = "pgfleet.powa datasource lock_modes: {" + "x" * 100_000
    database.sql("COMMENT ON FUNCTION powa_lock_modes_src(integer) IS %s", (text,))
    found = read(database.server.container, database=database.name)
    assert found["datasources"] == {"powa_lock_modes_src": text[:100_000]}
    (sentence,) = [each for each in found["unseen"] if "powa_lock_modes_src" in each]
    assert "it has {0} characters".format(len(text)) in sentence
