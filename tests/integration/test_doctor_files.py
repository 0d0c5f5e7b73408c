# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the doctor leaves behind for others: metrics, a file for a plugin of Nagios, mails and messages."""

from __future__ import annotations

import email
import email.policy
import json
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from datasources import COMMITS, LOCK_MODES
from servers import PASSWORD, ROOT, Database, run_playbook, running_collector, wait_until

# Of the mail server here, which has no TLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
METRICS, FOUND = "/srv/powa.prom", "/srv/found.json"
PROMTOOL = [str(ROOT / "tests" / "tools" / "promtool"), "check", "metrics"]
READER = """
import os, time

def types():
    found = 0
    for name in os.listdir():
        if name.endswith(".prom"):
            with open(name) as file:
                found += sum(line.startswith("# TYPE") for line in file)
    return found

wanted = types()
while not os.path.exists("stop"):
    if types() != wanted:
        open("odd", "a").write("{0}\\n".format(types()))
    time.sleep(0.001)
open("ended", "w").close()
"""
#: What is sent does not depend on the version of PoWA.
on_powa_5 = pytest.mark.parametrize("server", ["5"], ids=["powa5"], indirect=True, scope="session")
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


def doctor(
    folder: Path, database: Database, *options: str, playbook: str = "doctor.yml", **variables: Any
) -> "subprocess.CompletedProcess[str]":
    """Run the doctor or the report for one repository."""
    host = {
        "ansible_connection": "podman_pipelined",
        "ansible_python_interpreter": "/usr/bin/python3",
        "powa_database": database.name,
        "powa_doctor_ignore": ["inventory"],
        **variables,
    }
    hosts = {"all": {"children": {"powa_repositories": {"hosts": {database.server.container: host}}}}}
    (folder / "hosts.yml").write_text(json.dumps(hosts))
    return run_playbook("--inventory", str(folder / "hosts.yml"), *options, str(ROOT / "playbooks" / playbook))


def artifacts(printed: str) -> Any:
    """Return what a run leaves, which AWX shows with a job."""
    (found,) = re.findall(r"^CUSTOM STATS: .*\n+\tRUN: (.*)$", printed, re.MULTILINE)
    return json.loads(found)


def read(text: str) -> Dict[Tuple[str, str], float]:
    """Return metric and labels -> value, after promtool has accepted them."""
    checked = subprocess.run(
        PROMTOOL, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    assert checked.returncode == 0 and not checked.stdout, checked.stdout
    samples: List[Any] = [SAMPLE.match(line) for line in text.splitlines() if not line.startswith("#")]
    return {(sample.group(1), sample.group(2) or ""): float(sample.group(3)) for sample in samples}


@pytest.fixture
def folder(database: Database) -> Iterator[str]:
    """A folder of the container, as that of a textfile collector."""
    yield "/srv"
    database.server.shell("rm -f /srv/*")


def test_metrics_and_the_plugin_say_what_the_database_has(database: Database, folder: str, tmp_path: Path) -> None:
    itself = {"hostname": "127.0.0.1", "alias": 'or"ders', "username": "postgres", "dbname": database.name}
    database.ok("servers", servers=[dict(itself, frequency=5), {"hostname": "off", "state": "disabled"}])
    host, shell = database.server.container, database.server.shell
    files = {"powa_doctor_metrics": METRICS, "powa_doctor_json": FOUND, "powa_doctor_host": host}
    with running_collector(database):
        taken = "SELECT bool_or(snapts > '-infinity') FROM powa_snapshot_metas WHERE srvid > 0"
        wait_until(lambda: database.value(taken), "a snapshot")
        done = doctor(tmp_path, database, **files, powa_doctor_group="postgres")
    assert done.returncode == 0, done.stdout
    # shell() leaves out the last line break, without which Prometheus reads nothing.
    found = read(shell("cat " + METRICS) + "\n")
    labels = 'server="or\\"ders",repository="{0}"'.format(host)
    assert found["powa_collector_up", 'repository="{0}"'.format(host)] == 1
    assert found["powa_collector_workers", 'repository="{0}",state="running"'.format(host)] == 1
    assert found["powa_server_frequency_seconds", labels] == 5
    assert found["powa_server_enabled", labels] == 1
    assert found["powa_server_enabled", 'server="off:5432",repository="{0}"'.format(host)] == 0
    run = found["powa_doctor_last_run_timestamp_seconds", ""]
    assert abs(run - database.value("SELECT extract(epoch FROM now())::float8")) < 60
    # Snapshots went on until the collector ended.
    assert 0 <= run - found["powa_server_last_snapshot_timestamp_seconds", labels] < 60
    size = database.value("SELECT pg_database_size(current_database())")
    assert abs(found["powa_database_size_bytes", 'server="{0}"'.format(host)] - size) < size / 10
    problems = json.loads(shell("cat " + FOUND))["problems"]
    for (name, label), value in found.items():
        if name == "powa_doctor_problems":
            assert value == sum(problem["kind"] == label[len('kind="') : -1] for problem in problems), label

    state = json.loads(shell("cat " + FOUND))["state"]
    assert found["powa_doctor_state", ""] == state["code"] and state["line"] in done.stdout
    assert shell("stat --format '%U %G %a' {0} {1}".format(METRICS, FOUND)).splitlines() == [
        "root postgres 644",
        "root postgres 640",
    ]
    shell("cat > /srv/check_powa.py", input=(ROOT / "roles" / "doctor" / "files" / "check_powa.py").read_text())
    plugin = "runuser -u {0} -- python3 /srv/check_powa.py {1}; echo $?"
    *printed, code = shell(plugin.format("postgres", FOUND)).splitlines()
    assert (printed[0], int(code)) == (state["line"], state["code"])
    # Not everybody may read what is wrong.
    *printed, code = shell(plugin.format("nobody", FOUND)).splitlines()
    assert code == "3" and "Permission denied" in printed[0]


def test_a_reader_never_sees_a_part_of_the_metrics(database: Database, folder: str, tmp_path: Path) -> None:
    database.register("one")
    files = {"powa_doctor_metrics": METRICS, "powa_doctor_host": database.server.container}
    shell = database.server.shell
    assert doctor(tmp_path, database, **files).returncode == 0
    # node_exporter reads each file whose name ends so, also one that begins with a dot.
    shell("cat > /srv/reader", input=READER)
    shell("cd /srv; setsid nohup python3 reader > odd 2>&1 < /dev/null &")
    try:
        for options in ([], ["--check"]):
            done = doctor(tmp_path, database, *options, **files)
            assert done.returncode == 0 and "changed=0" in done.stdout, done.stdout
    finally:
        shell("touch /srv/stop")
        # The folder is emptied next, and a reader that has not seen the file would go on for ever.
        wait_until(lambda: shell("ls /srv/ended 2> /dev/null || true"), "the reader ends")
    assert shell("cat /srv/odd") == ""


def test_files_on_the_controller_and_artifacts(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_SHOW_CUSTOM_STATS", "1")
    database.register("one")
    metrics, found = tmp_path / "powa.prom", tmp_path / "found.json"
    done = doctor(tmp_path, database, powa_doctor_metrics=str(metrics), powa_doctor_json=str(found))
    assert done.returncode == 0, done.stdout
    state = json.loads(found.read_text())["state"]
    assert read(metrics.read_text())["powa_doctor_state", ""] == state["code"] == 2
    assert artifacts(done.stdout) == {"powa_doctor": state} and state["kinds"]["never_snapshotted"] == 1


def test_a_report_on_a_host(database: Database, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_SHOW_CUSTOM_STATS", "1")
    declared = [
        {**LOCK_MODES, "set": "<Locks> & more", "metrics": [{**LOCK_MODES["metrics"][0], "overview": True}]},
        COMMITS,
    ]
    database.ok("datasources", server_kind=["repository", "remote"], datasources=declared)
    (srvid,) = database.register("one")
    database.ok("datasources", server_kind=["repository", "remote"], datasources=declared)
    database.sql(
        "INSERT INTO powa_lock_modes_history_current SELECT %s, 'a',"
        " (timestamptz '2026-03-01 12:00+00' - n * interval '1 minute', 1000 * n)::powa_lock_modes_history_record"
        " FROM generate_series(30, 40) AS n",
        (srvid,),
    )
    host, local = database.server.container, tmp_path / "report.html"
    files = {"powa_report_file": str(local), "powa_report_host": host}
    done = doctor(tmp_path, database, playbook="report.yml", **files)
    assert done.returncode != 0 and "powa_report_path is empty: set it to a file there" in done.stdout
    path = folder + "/report.html"
    done = doctor(
        tmp_path,
        database,
        playbook="report.yml",
        **files,
        powa_report_path=path,
        powa_report_group="postgres",
        powa_report_until="2026-03-01 12:00+00",
    )
    assert done.returncode == 0, done.stdout
    assert database.server.shell("cat " + path) == local.read_text().strip()
    assert database.server.shell("stat --format '%U %G %a' " + path) == "root postgres 640"
    left = artifacts(done.stdout)["powa_report"]
    assert left.pop("state")["kinds"]["never_snapshotted"] == 1
    assert left == {"file": str(local), "host": host, "path": path}
    page = local.read_text()
    assert "The graphs show 2026-03-01 11:20 to 11:30 UTC, the part of 1 day (2026-02-28 12:00 to 2026-03-01" in page
    overview, *sets = re.split("<summary>", page)[1:]
    assert [each.split("</h2>")[0] for each in sets] == ["<h2>&lt;Locks&gt; &amp; more", "<h2>Other datasources"]
    assert "<b>30k</b>" in overview and "<b>30k</b>" in sets[0]


def test_a_host_that_is_not_there_is_refused_before_anything_is_read(database: Database, tmp_path: Path) -> None:
    done = doctor(tmp_path, database, powa_doctor_host="nowhere", powa_doctor_json=FOUND)
    assert done.returncode != 0 and "powa_doctor_host is nowhere, which is not in the inventory" in done.stdout
    assert "Read the state of PoWA" not in done.stdout


def test_a_webhook_that_is_none_is_refused_before_anything_is_read(database: Database, tmp_path: Path) -> None:
    # Such an address may be a secret.
    wrong = {"powa_doctor_webhook": PASSWORD + "/hooks", "powa_report_webhook": "http://[" + PASSWORD}
    done = doctor(tmp_path, database, **wrong)
    output = re.sub(r"\s+", " ", done.stdout)
    for name in wrong:
        assert "{0} is not the address of a webhook: set it to one".format(name) in output, output
    assert done.returncode != 0 and PASSWORD not in output and "Read the state of PoWA" not in output


class Mails:
    """What a mail server has got."""

    def __init__(self) -> None:
        self.envelopes: List[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.envelopes.append(envelope)
        return "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"


class MailServer(Controller):
    """A mail server on a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mails() -> Iterator[Tuple[Mails, Dict[str, Any]]]:
    """A mail server that wants a login, and the variables that it needs."""

    def is_right(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: LoginPassword) -> AuthResult:
        return AuthResult(success=(login.login, login.password) == (b"mailer", PASSWORD.encode()))

    got = Mails()
    controller = MailServer(
        got,
        "127.0.0.1",
        0,
        ready_timeout=60,
        server_hostname="localhost",
        authenticator=is_right,
        auth_required=True,
        auth_require_tls=False,
    )
    controller.start()
    login = {"powa_mail_user": "mailer", "powa_mail_password": PASSWORD}
    try:
        yield (
            got,
            {"powa_mail_host": "127.0.0.1", "powa_mail_port": controller.port, "powa_mail_secure": "never", **login},
        )
    finally:
        controller.stop()


@pytest.fixture
def posts() -> Iterator[Tuple[List[Any], Dict[str, Any]]]:
    """A webhook that wants a token, and the variables that it needs."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            is_right = self.headers["Authorization"] == "Bearer " + PASSWORD and self.path == "/hooks/" + PASSWORD
            if is_right:
                got.append((self.headers["Content-Type"], body))
            self.send_response(204 if is_right else 403, "OK" if is_right else "not " + self.path)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = "http://127.0.0.1:{0}/hooks/{1}".format(server.server_port, PASSWORD)
    variables = {"powa_webhook_token": PASSWORD, "powa_doctor_webhook": address, "powa_report_webhook": address}
    try:
        yield got, variables
    finally:
        server.shutdown()
        server.server_close()


def parts(envelope: Any) -> Tuple[str, List[str]]:
    """Return the subject of a mail, and the content of its parts."""
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    contents = [part.get_content() for part in message.iter_parts()]  # type: ignore[attr-defined]
    return message["Subject"], [each.decode() if isinstance(each, bytes) else each for each in contents]


@on_powa_5
def test_a_mail_and_a_webhook_get_what_was_found(
    database: Database, tmp_path: Path, mails: Tuple[Mails, Dict[str, Any]], posts: Tuple[List[Any], Dict[str, Any]]
) -> None:
    database.register("on{{ 1 }}e é")
    found, report = tmp_path / "found.json", tmp_path / "report.html"
    to = {"powa_doctor_mail_to": "dba@example.com,two@example.com", "powa_report_mail_to": ["dba@example.com"]}
    files = {"powa_doctor_json": str(found), "powa_report_file": str(report)}
    given = {**to, **files, **mails[1], **posts[1]}
    # Check mode sends nothing.
    done = doctor(tmp_path, database, "--check", **given)
    assert done.returncode == 0 and not mails[0].envelopes and not posts[0], done.stdout
    printed = done.stdout
    for playbook in ("doctor.yml", "report.yml"):
        done = doctor(tmp_path, database, "-vvv", "--diff", playbook=playbook, **given)
        assert done.returncode == 0, done.stdout
        printed += done.stdout
    assert PASSWORD not in printed

    of_doctor, of_report = mails[0].envelopes
    assert sorted(of_doctor.rcpt_tos) == ["dba@example.com", "two@example.com"]
    state = json.loads(found.read_text())["state"]
    subject, (text,) = parts(of_doctor)
    assert subject == state["line"].split(" | ")[0]
    assert "on{{ 1 }}e é: no snapshot of the server was ever taken (never_snapshotted)" in text
    subject, (text, page) = parts(of_report)
    assert subject.startswith("PoWA: POWA CRITICAL - ") and page == report.read_text()
    (kind, body), (kind_of_report, page) = posts[0]
    assert (kind, json.loads(body)["state"]) == ("application/json", state)
    assert kind_of_report == "text/html; charset=utf-8" and page == report.read_text()

    # Without problems nothing is due, unless somebody wants it always.
    kinds = {"powa_doctor_ignore": ["inventory", *state["kinds"]]}
    for notify, sent in (("", 2), ("always", 3)):
        done = doctor(tmp_path, database, **{**given, **kinds, "powa_doctor_notify": notify})
        assert done.returncode == 0 and len(mails[0].envelopes) == len(posts[0]) == sent, done.stdout


@on_powa_5
def test_what_was_not_sent_fails_the_run_after_everything_else(
    database: Database, tmp_path: Path, mails: Tuple[Mails, Dict[str, Any]], posts: Tuple[List[Any], Dict[str, Any]]
) -> None:
    database.register("one")
    found = tmp_path / "found.json"
    given = {**mails[1], **posts[1], "powa_doctor_json": str(found), "powa_doctor_mail_to": "dba@example.com"}
    nowhere = "http://127.0.0.1:1/" + PASSWORD
    for wrong, mail, post in (
        ({"powa_mail_password": "planted.3", "powa_webhook_token": "planted.4"}, "uthentication", "403"),
        ({"powa_mail_port": 1, "powa_doctor_webhook": nowhere}, "Connection refused", "Connection refused"),
        ({"powa_doctor_mail_to": "nobody@example.com,dba@example.com"}, "at least one recipient", ""),
    ):
        found.unlink(missing_ok=True)
        done = doctor(tmp_path, database, "-vvv", **{**given, **wrong})
        output = re.sub(r"\s+", " ", done.stdout)
        assert done.returncode != 0 and found.exists(), output
        (message,) = re.findall('"msg": "Ansible could not send (.*?)"', output)
        assert re.match(r"the mail over 127.0.0.1:\d+ \([^)]*{0}.*\): correct powa_mail_host".format(mail), message)
        told = re.search(r"; the message to the webhook at 127.0.0.1 \((.*)\): correct its address", message)
        assert post in told.group(1) if told else not post
        # Nor is the path of the webhook, which is a secret.
        assert PASSWORD not in output and "planted" not in output
    assert len(posts[0]) == len(mails[0].envelopes) == 1
