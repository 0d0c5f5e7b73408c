# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types of credentials: PoWA's passwords as extra variables, and the inventory plugin's login as environment."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

#: The field of a credential -> the variable of the roles, and the label.
_PASSWORDS = {
    "monitoring_password": ("powa_monitoring_password", "Password of the monitoring role"),
    "collector_password": ("powa_collector_password", "Password of the collector's role"),
}
#: The field of a credential -> the variable of the environment that fleet.powa.yml reads, and the label.
_LOGIN = {
    "host": ("POWA_LOGIN_HOST", "Host"),
    "port": ("POWA_LOGIN_PORT", "Port (empty for 5432)"),
    "database": ("POWA_LOGIN_DB", "Database (empty for powa)"),
    "username": ("POWA_LOGIN_USER", "Role"),
    "password": ("POWA_LOGIN_PASSWORD", "Password"),
}
#: AWX writes it into a file, also if it is empty.
_CA_CERT = {
    "id": "ca_cert",
    "label": "Certificates of the authorities, in PEM format",
    "type": "string",
    "multiline": True,
}


def credential_types(name: str) -> List[Dict[str, Any]]:
    """Return the types, with a name to begin theirs with.

    Every field of the first is required: AWX passes an empty one, too, and the inventory cannot override it.
    """
    return [
        {
            "name": "{0} passwords".format(name),
            "kind": "cloud",
            "inputs": {
                "fields": [_text(field, label, True) for field, (_variable, label) in _PASSWORDS.items()],
                "required": list(_PASSWORDS),
            },
            "injectors": {"extra_vars": _filled_in(_PASSWORDS)},
        },
        {
            "name": "{0} repository".format(name),
            "kind": "cloud",
            "inputs": {
                "fields": [
                    *(_text(field, label, field == "password") for field, (_variable, label) in _LOGIN.items()),
                    _CA_CERT,
                ],
                "required": ["host", "username", "password"],
            },
            "injectors": {
                "file": {"template": "{{ ca_cert }}"},
                "env": {**_filled_in(_LOGIN), "POWA_LOGIN_CA_CERT": "{{ tower.filename }}"},
            },
        },
    ]


def _text(field: str, label: str, secret: bool) -> Dict[str, Any]:
    # AWX adds a type where there is none, and the module would see a difference in each run.
    return {"id": field, "label": label, "type": "string", **({"secret": True} if secret else {})}


def _filled_in(fields: Dict[str, Tuple[str, str]]) -> Dict[str, str]:
    """Return each variable with the template that AWX fills in."""
    return {variable: "{{{{ {0} }}}}".format(field) for field, (variable, _label) in fields.items()}
