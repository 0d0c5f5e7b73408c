# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the tasks of a host log in to its PostgreSQL, and as which user of the operating system."""

from __future__ import annotations

from typing import Any, Dict, Mapping, TypedDict

from ansible_collections.pgfleet.powa.plugins.plugin_utils._managing import is_managed, manages
from ansible_collections.pgfleet.powa.plugins.plugin_utils._run import Run
from ansible_collections.pgfleet.powa.plugins.plugin_utils._variables import Unevaluated, evaluate

ROOT = "root"
CONTROLLER = "localhost"


class Become(TypedDict):
    """As whom a task runs: Ansible's keywords of these names."""

    become: bool
    become_user: str


class Login(TypedDict):
    """What the tasks go by. It holds the password."""

    #: Those that log in to PostgreSQL.
    become: bool
    become_user: str
    #: Where they run. It is the host itself rather than omit, after which an old Ansible forgets ansible_host.
    delegate_to: str
    #: The one that reads the host.
    reader: Become
    #: The options of the modules, called as community.postgresql calls them, and those of host_info.
    options: Dict[str, Any]
    host_info: Dict[str, Any]


def login_of(run: Run, host: str) -> Login:
    """Return how the tasks of a host log in."""
    variables = run.variables(host)
    managed = is_managed(variables)
    become, become_user = variables["powa_become"] and not managed, variables["powa_become_user"]
    run_as = "" if managed else become_user if become else _connecting_user(run, host)
    options = {
        "login_host": variables["powa_login_host"],
        "login_port": variables["powa_login_port"],
        "login_user": variables["powa_login_user"],
        "login_password": _password(run, host),
        "login_unix_socket": variables["powa_login_unix_socket"],
    }
    return {
        "become": become,
        "become_user": become_user,
        "delegate_to": CONTROLLER if managed else host,
        "reader": {"become": True, "become_user": ROOT}
        if manages(variables)
        else {"become": become, "become_user": become_user},
        "options": options,
        "host_info": {**options, "run_as": run_as, "server_only": managed},
    }


def login_name(variables: Mapping[str, Any]) -> str:
    """Return how sentences call who logs in."""
    if is_managed(variables):
        return "the controller as role {0}".format(variables["powa_login_user"])
    user, role = variables["powa_become_user"], variables["powa_login_user"]
    if not variables["powa_become"]:
        return "Ansible as role {0}".format(role)
    return "the user {0}".format(user) + ("" if role == user else " as role {0}".format(role))


def _password(run: Run, host: str) -> str:
    try:
        return run.password(host, "powa_login_password")
    except Unevaluated:
        # That is a problem of the host, which its check reports.
        return ""


def _connecting_user(run: Run, host: str) -> str:
    """Return the user that Ansible connects to the host as, if the inventory says so."""
    try:
        return str(evaluate(run.hostvars[host], "ansible_user") or ROOT)
    except Unevaluated:
        return ROOT
