# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles as tasks declare them and as servers have them, for the tests."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._logins.catalog import FoundRole, LoginRolesState
from ansible_collections.pgfleet.powa.plugins.module_utils._logins.spec import parse_roles

#: What PostgreSQL 15 stored for the password "pencil" of role "one".
SCRAM_PENCIL = (
    "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$zHCdol2044/ZyWzPLi7oxApCkamKw9Z+E4U/QApd/5Y="
    ":dd5peBOitVnLNFu7VmwP+HiDaaw4OUCv396eVCWhYiE="
)
MD5_PENCIL = "md5334e39a9ef4163fce136e452a627a507"


def declared(name="one", **changes):
    """Return a role as the module's options have it."""
    parts = {
        "name": name,
        "password": None,
        "password_encryption": "scram-sha-256",
        "update_password": "if_different",
        "member_of": [],
        "exact": False,
        "demote": False,
        "state": "present",
    }
    return dict(parts, **changes)


def parsed(*parameters):
    """Return roles without problems."""
    roles, problems = parse_roles(parameters)
    assert problems == []
    return roles


def found(name="one", login=True, powers=(), memberships=(), made=True, **needed):
    """Return a role of the server."""
    return FoundRole(name, login, tuple(powers), tuple(memberships), made, **needed)


def server(*roles, verifiers=(), dependents=()):
    """Return a server with these roles."""
    passwords = None if verifiers is None else dict(verifiers)
    return LoginRolesState({role.name: role for role in roles}, passwords, dict(dependents))
