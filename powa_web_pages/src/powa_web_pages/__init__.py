# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages in powa-web for the datasources that were declared with the Ansible collection pgfleet.powa.

Each request reads what it shows from the repository, as the user who is logged in: nothing is configured, and a
datasource that is declared while powa-web runs has its page at once. powa-web's own files stay as they are.
"""

from __future__ import annotations

from typing import Any


def make_app(**settings: Any) -> Any:
    """Return powa-web's application with these pages beside its own.

    :param settings: of tornado's application
    """
    import powa
    from tornado.options import options

    app = powa.make_app(**settings)

    from powa_web_pages.addresses import url_specs

    # Tornado tries added rules before the existing ones, so the server's page is ours.
    app.add_handlers(r".*", url_specs(options.url_prefix))
    return app
