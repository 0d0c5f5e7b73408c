# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An Ansible module that shows no secret of its parameters: not in its result, a failure, C(-vvv) or the journal.

Ansible itself masks the values of options with C(no_log). It does not know which connection parameters are secret. And
in the journal, where lists stand as Python writes them, it does not find a password that has a backslash or a line
break.
"""

from __future__ import annotations

import contextlib
from typing import Any, Dict, Mapping, Set

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgfleet.powa.plugins.module_utils._core import driver

CONNECT_PARAMS = "connect_params"
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"

#: Parameters of libpq without a secret. All others are hidden, since a newer libpq may have secrets of other names.
_HARMLESS = frozenset(
    "host hostaddr port dbname database user connect_timeout client_encoding application_name fallback_application_name"
    " keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout replication gssencmode sslmode"
    " requiressl sslcompression sslcert sslkey sslrootcert sslcrl sslcrldir sslsni sslnegotiation sslcertmode"
    " requirepeer ssl_min_protocol_version ssl_max_protocol_version min_protocol_version max_protocol_version"
    " channel_binding krbsrvname gsslib gssdelegation require_auth service target_session_attrs load_balance_hosts"
    " passfile".split()
)


class QuietModule(AnsibleModule):
    """A module that hides what is secret in its parameters."""

    params: Dict[str, Any]

    def fail_json(self, msg: Any, **result: Any) -> Any:
        """Fail, also because of a wrong parameter, without showing one that is secret."""
        self._hide()
        result.setdefault("invocation", {"module_args": shown(self.params, self.argument_spec)})
        return super().fail_json(msg, **result)

    def exit_json(self, **result: Any) -> Any:
        """Succeed without showing a parameter that is secret."""
        self._hide()
        result.setdefault("invocation", {"module_args": shown(self.params, self.argument_spec)})
        return super().exit_json(**result)

    def _hide(self) -> None:
        """Have Ansible mask the secrets in messages, too."""
        self.no_log_values.update(secret_values(self.params.get(CONNECT_PARAMS)))

    def _log_invocation(self) -> None:
        params = self.params
        self.params = shown(params, self.argument_spec)
        try:
            # A lone surrogate cannot be written to the host's log. What is wrong with the parameters is said later.
            with contextlib.suppress(UnicodeError):
                super()._log_invocation()
        finally:
            self.params = params


def shown(params: Mapping[str, Any], spec: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the parameters as a result may show them: without lists, which may have secrets, or a thousand servers."""
    # What is no option may be a password under another name.
    told = {name: value for name, value in params.items() if name in spec and spec[name].get("elements") != "dict"}
    # Ansible itself does so only once it has read all parameters, and shows these if one is wrong.
    told.update((name, HIDDEN) for name in told if spec[name].get("no_log"))
    if isinstance(told.get(CONNECT_PARAMS), dict):
        told[CONNECT_PARAMS] = {
            name: value if _is_harmless(name, value) else HIDDEN for name, value in told[CONNECT_PARAMS].items()
        }
    elif told.get(CONNECT_PARAMS):
        told[CONNECT_PARAMS] = HIDDEN
    return told


def secret_values(connect_params: Any) -> Set[str]:
    """Return the texts that may be secrets in connection parameters."""
    if not isinstance(connect_params, dict):
        return set()
    found = {str(value) for name, value in connect_params.items() if not _is_harmless(name, value)}
    dsn = connect_params.get("dsn")
    if dsn and driver.psycopg2 is not None:
        found.update(_passwords_of(str(dsn)))
    return found - {"", "None"}


def _passwords_of(dsn: str) -> Set[str]:
    try:
        parsed = driver.psycopg2.extensions.parse_dsn(dsn)
    except driver.psycopg2.Error:
        return set()
    return {value for name, value in parsed.items() if name not in _HARMLESS}


def _is_harmless(name: str, value: Any) -> bool:
    """Return whether a parameter may be shown. A name of a database may be a whole connection string."""
    return name in _HARMLESS and "=" not in str(value) and "://" not in str(value)
