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
from typing import Any, Iterator, List
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from servers import PASSWORD, ROOT, Database, locked, podman, unit_environment, wait_until


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


class PowaWeb:
    """A running powa-web, and somebody who has logged in; called with the path of a page, it gets that page.

    :param url: what all addresses begin with
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self.cookies))

    def __call__(self, path: str, **headers: str) -> str:
        text: str = self._opener.open(Request(self.url + path, headers=headers), timeout=60).read().decode()
        return text

    def answers(self) -> bool:
        """Return whether it answers, as it does to those who are not logged in."""
        try:
            self("/login/")
        except HTTPError as error:
            return error.code == 403
        except OSError:
            return False
        return True

    def login(self, user: str, password: str) -> None:
        """Log in."""
        # The name of the field differs between 4 and 5.
        form = urlencode({"user": user, "username": user, "password": password, "server": "main"}).encode()
        self._opener.open(self.url + "/login/", data=form, timeout=60)
        assert {"user", "username"} & {cookie.name for cookie in self.cookies}, "powa-web refuses the login"


def inside(container: str) -> List[str]:
    """Return what a command begins with that is to run in the network of a container.

    In that of the machine, a browser drops what it loads whenever another container starts: the network has changed.
    """
    number = podman("inspect", "--format={{.State.Pid}}", container)
    return ["nsenter", "--net=/proc/{0}/ns/net".format(number)]


@contextmanager
def running_powa_web(
    database: Database, user: str = "postgres", password: str = PASSWORD, for_browser: bool = False
) -> Iterator[PowaWeb]:
    """Run powa-web with this database as its repository, and log in.

    :param for_browser: whether it runs in the network of the server
    """
    version = database.value(
        "SELECT substring(extversion from '^\\d+\\.\\d+') FROM pg_extension WHERE extname = 'powa'"
    )
    folder = _install(version)
    port = _free_port()
    address = database.server.address if for_browser else "127.0.0.1"
    with tempfile.TemporaryDirectory() as work:
        login = {"host": database.server.address, "port": "5432", "database": database.name}
        configuration = "servers = {0!r}\ncookie_secret = {1!r}\nport = {2}\naddress = {3!r}\n"
        (Path(work) / "powa-web.conf").write_text(
            configuration.format({"main": login}, secrets.token_hex(), port, address)
        )
        with open(Path(work) / "log", "w+") as log:
            process = subprocess.Popen(
                [*(inside(database.server.container) if for_browser else ()), sys.executable, "-m", "powa_web_pages"],
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
                found = PowaWeb("http://{0}:{1}".format(address, port))
                wait_until(lambda: _answers(process, found), "powa-web answers")
                found.login(user, password)
                yield found
            finally:
                process.terminate()
                process.wait(timeout=30)
                log.seek(0)
                print(log.read())


def _answers(process: "subprocess.Popen[Any]", powa_web: PowaWeb) -> bool:
    assert process.poll() is None, "powa-web has ended"
    return powa_web.answers()
