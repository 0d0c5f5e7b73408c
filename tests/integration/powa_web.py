# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real powa-web, from PyPI, in the version that the PoWA of a database asks for, with the pages of datasources."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, Callable, Iterator
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

from servers import PASSWORD, ROOT, Database, locked, unit_environment, wait_until


def _install(version: str) -> Path:
    """Return the folder of powa-web; psycopg2 is the tests' own, since PyPI's would be compiled."""
    folder = ROOT / ".cache" / "powa-web-{0}".format(version)
    with locked("powa-web"):
        if not (folder / "powa").is_dir():
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
            packages = ["tornado", "powa-web=={0}.*".format(version)]
            # As the role web installs it.
            packages += ["sqlalchemy<1.5"] if version.startswith("4.") else []
            subprocess.run([*pip, *packages], check=True)
    return folder


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def running_powa_web(
    database: Database, user: str = "postgres", password: str = PASSWORD
) -> Iterator[Callable[[str], str]]:
    """Run powa-web with this database as its repository, log in, and give a function that gets a page."""
    version = database.value(
        "SELECT substring(extversion from '^\\d+\\.\\d+') FROM pg_extension WHERE extname = 'powa'"
    )
    folder = _install(version)
    port = _free_port()
    with tempfile.TemporaryDirectory() as work:
        login = {"host": database.server.address, "port": "5432", "database": database.name}
        configuration = "servers = {0!r}\ncookie_secret = {1!r}\nport = {2}\naddress = '127.0.0.1'\n"
        (Path(work) / "powa-web.conf").write_text(configuration.format({"main": login}, secrets.token_hex(), port))
        with open(Path(work) / "log", "w+") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "powa_web_pages"],
                cwd=work,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(
                    os.environ,
                    PYTHONPATH=os.pathsep.join([str(folder), str(ROOT / "powa_web_pages" / "src")]),
                    **unit_environment("web/templates/powa-web.service.j2"),
                ),
            )
            try:
                yield _login("http://127.0.0.1:{0}".format(port), process, user, password)
            finally:
                process.terminate()
                process.wait(timeout=30)
                log.seek(0)
                print(log.read())


def _login(url: str, process: "subprocess.Popen[Any]", user: str, password: str) -> Callable[[str], str]:
    cookies = CookieJar()
    opener = build_opener(HTTPCookieProcessor(cookies))

    def answers() -> bool:
        assert process.poll() is None, "powa-web has ended"
        try:
            opener.open(url + "/login/", timeout=10)
        except HTTPError as error:
            # What it answers to those who are not logged in.
            return error.code == 403
        except OSError:
            return False
        return True

    def get(path: str) -> str:
        text: str = opener.open(url + path, timeout=60).read().decode()
        return text

    wait_until(answers, "powa-web answers")
    # The name of the field differs between 4 and 5.
    form = urlencode({"user": user, "username": user, "password": password, "server": "main"}).encode()
    opener.open(url + "/login/", data=form, timeout=60)
    assert {"user", "username"} & {cookie.name for cookie in cookies}, "powa-web refuses the login"
    return get
