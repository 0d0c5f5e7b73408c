# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of what every module and plugin takes to log in."""

from __future__ import annotations


class ModuleDocFragment:
    """The login options, called as community.postgresql calls them."""

    DOCUMENTATION = r"""
options:
  login_host:
    description: Host of the PostgreSQL server. Empty for the local socket.
    type: str
    default: ""
  login_port:
    description: Port of the PostgreSQL server.
    type: int
    default: 5432
  login_user:
    description: Role to log in as.
    type: str
    default: postgres
  login_password:
    description: Password of O(login_user).
    type: str
    default: ""
  login_unix_socket:
    description: Directory of the socket, if it is not the client library's default.
    type: str
    default: ""
  login_db:
    description: Database that PoWA is, or will be, installed in.
    type: str
    default: powa
  ssl_mode:
    description: How to negotiate TLS, like libpq's C(sslmode).
    type: str
    choices: [allow, disable, prefer, require, verify-ca, verify-full]
    default: prefer
  ca_cert:
    description: File with the certificate authorities to check the server's certificate against.
    type: path
  ssl_cert:
    description: File with the client certificate.
    type: path
  ssl_key:
    description: File with the key of the client certificate.
    type: path
  connect_params:
    description:
      - Additional connection parameters of libpq. They override all other login options.
      - Results and logs show only the values of those that are known to hold no secret.
    type: dict
    default: {}
  session_role:
    description:
      - Role to switch to after login.
      - A role that C(ALTER ROLE ... SET role) gives a login is not used.
    type: str
requirements:
  - psycopg2 (2.8 or newer) on the host that executes it
notes:
  - It sets what its statements depend on itself, such as C(statement_timeout), C(search_path), C(TimeZone) (UTC) and
    C(jit). No setting of the server, the database or the role, or in O(connect_params), changes any of that.
  - By default it logs in over the local socket as C(postgres), which requires C(become_user=postgres) in the task.
"""
