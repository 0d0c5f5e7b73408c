# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The login, which fills in the only server if there is one: powa-web 5.0's form shows it, but does not send it."""

from __future__ import annotations

from typing import Any

from powa.user import LoginHandler
from tornado.options import options


class LoginOfOnlyServer(LoginHandler):
    """powa-web's login."""

    def get_argument(self, name: str, *default: Any, **options_of_text: Any) -> Any:
        """Return a field of the form."""
        value = super().get_argument(name, *default, **options_of_text)
        if name == "server" and not value and len(options.servers) == 1:
            (value,) = options.servers
        return value
