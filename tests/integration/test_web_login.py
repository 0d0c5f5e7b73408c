# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""powa-web's login, as the role repository makes it: the real powa-web shows its pages, and plain SQL shows no more."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any, Callable, Dict, Iterator
from urllib.error import HTTPError

import psycopg2
import pytest
import yaml
from datasources import LOCK_MODES
from powa_web import running_powa_web
from readers import HIDDEN, READER
from servers import Database, run_playbook

WEB = "powa_web_of_test"
PASSWORD = "planted.5Tz9"
#: Pages, and what they ask for.
PAGES = (
    "/server/",
    "/server/all_servers/",
    "/server/{0}/overview/",
    "/config/",
    "/config/powa_servers/",
)
#: This page of powa-web 4 reads all columns of powa_servers.
WHOLE_ROW = "/config/{0}/server_details/"
#: What powa-web asks the remote itself, which is not there. Before, it reads powa_servers.
OF_THE_REMOTE = "/config/{0}/pg_settings/"
READABLE = """
    SELECT c.relname::text, has_table_privilege(%s, c.oid, 'SELECT')
    FROM pg_extension AS e
    JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
    JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
    WHERE e.extname = 'powa' AND c.relkind IN ('r', 'v')
"""
STORED = "planted.6Tz8"


@pytest.fixture
def cleaned(database: Database) -> Iterator[None]:
    """Drop the roles of the test."""
    yield
    for role in (WEB, READER, "powa_collector_of_test"):
        database.sql('DROP OWNED BY "{0}" CASCADE; DROP ROLE "{0}"'.format(role))


def play(folder: Path, database: Database, **variables: Any) -> str:
    """Run the role repository, and return what Ansible prints."""
    host: Dict[str, Any] = {
        "ansible_connection": "podman_pipelined",
        "ansible_python_interpreter": "/usr/bin/python3",
        "powa_database": database.name,
        "powa_host": database.server.address,
        "powa_web_role": WEB,
        "powa_web_password": PASSWORD,
        "powa_collector_role": "powa_collector_of_test",
        "powa_reader_role": READER,
        "powa_reader_password": PASSWORD,
        "powa_datasources": [LOCK_MODES],
        "powa_marker_extensions": False,
        **variables,
    }
    here = {database.server.container: host}
    remote = {"db1": {"powa_host": "192.0.2.2", "powa_monitoring_password": STORED}}
    groups = {"powa_repositories": here, "powa_remotes": remote, "powa_web": {"pages": {"powa_host": "192.0.2.1"}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump({name: {"hosts": hosts} for name, hosts in groups.items()}))
    playbook = [{"hosts": "powa_repositories", "gather_facts": False, "roles": ["pgfleet.powa.repository"]}]
    (folder / "play.yml").write_text(yaml.safe_dump(playbook))
    done = run_playbook("--inventory", str(folder / "hosts.yml"), str(folder / "play.yml"))
    assert done.returncode == 0, done.stdout
    return " ".join(done.stdout.split())


def answer(get: Callable[[str], str], path: str) -> str:
    """Return what powa-web says, an error or not."""
    try:
        return get(path)
    except HTTPError as error:
        return error.read().decode()


def refused(database: Database, statement: str) -> bool:
    with closing(database.server.connect(database.name, WEB, PASSWORD)) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except psycopg2.errors.InsufficientPrivilege:
            return True
    return False


#: What no page needs, and an earlier version of the collection granted.
MORE = {
    "4": "SELECT password FROM public.powa_servers",
    "5": "SELECT * FROM public.powa_qualstats_constvalues_history",
}


def grant_as_before(database: Database) -> None:
    if database.powa == "5":
        database.sql('GRANT powa_read_all_data TO "{0}"'.format(WEB))
        return
    database.sql('GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{0}"'.format(WEB))
    database.sql('ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO "{0}"'.format(WEB))


@pytest.mark.usefixtures("cleaned")
def test_the_pages_show_everything_and_the_login_reads_no_more(database: Database, tmp_path: Path) -> None:
    (srvid,) = database.register("one")
    database.sql("UPDATE powa_servers SET password = %s WHERE id = %s", (STORED, srvid))
    database.ok("datasources", datasources=[LOCK_MODES], server_kind=["repository", "remote"], monitoring_role="powa")
    database.collect("lock_modes", srvid)
    database.take_snapshot(srvid)
    assert "more rights" not in play(tmp_path, database)
    grant_as_before(database)
    again = play(tmp_path, database)
    assert "changed=0" in again and "has more rights than the pages need" in again
    assert not refused(database, MORE[database.powa])
    exact = play(tmp_path, database, powa_web_rights_exact=True)
    assert "changed=1" in exact and "more rights" not in exact
    database.sql("CREATE TABLE somebody_elses AS SELECT 1 AS n")

    # The same run has made the role that only reads, and granted it the datasource.
    assert (
        database.ok("server_info", login_user=READER, login_password=PASSWORD, collector_timeout=0)["not_visible"]
        == HIDDEN[database.powa]
    )
    assert database.ok("history_info", login_user=READER, login_password=PASSWORD)["not_visible"] == []
    with running_powa_web(database, WEB, PASSWORD) as get:
        for page in PAGES:
            assert "permission denied" not in get(page.format(srvid))
        assert "permission denied" not in answer(get, OF_THE_REMOTE.format(srvid))
        if database.powa == "4":
            details = get(WHOLE_ROW.format(srvid))
            # No collector runs that could tell.
            assert "Could not get status for this instance" in details and STORED not in details
    if database.powa == "4":
        # Rights on columns alone are not enough.
        database.sql('ALTER ROLE "{0}" IN DATABASE "{1}" RESET search_path'.format(WEB, database.name))
        with running_powa_web(database, WEB, PASSWORD) as get, pytest.raises(HTTPError):
            get(WHOLE_ROW.format(srvid))
    assert refused(database, MORE[database.powa])
    assert refused(database, "SELECT * FROM public.somebody_elses")
    assert refused(database, "SELECT * FROM public.powa_lock_modes_src_tmp")
    assert refused(database, "SELECT * FROM public.powa_statements_src_tmp")
    assert not refused(database, "SELECT * FROM public.powa_lock_modes_history_current")
    readable = dict(database.sql(READABLE, (WEB,)))
    shut = {name for name, may_read in readable.items() if not may_read}
    assert {name for name in readable if name.endswith("_src_tmp")} <= shut
    if database.powa == "4":
        assert shut == {name for name in readable if name.endswith("_src_tmp")} | {"powa_servers"}
        assert not refused(database, "SELECT hostname FROM public.powa_servers")
