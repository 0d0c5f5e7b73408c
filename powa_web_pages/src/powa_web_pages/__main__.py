# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs powa-web with the pages of declared datasources, with powa-web's own configuration and options."""

from __future__ import annotations

import logging

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

from powa_web_pages import make_app


def main() -> None:
    """Listen until the process is ended."""
    # As powa-web's own script creates it.
    application = make_app(debug=False, gzip=True, compress_response=True)
    # powa-web has read its configuration now.
    from tornado.options import options

    if bool(options.certfile) != bool(options.keyfile):
        raise SystemExit(
            "powa-web's configuration has only one of certfile and keyfile, but TLS needs both: set the other one."
        )
    tls = {"certfile": options.certfile, "keyfile": options.keyfile} if options.certfile else None
    HTTPServer(application, ssl_options=tls).listen(options.port, address=options.address)
    logging.getLogger("tornado.application").info(
        "powa-web with declared datasources listens on %s:%s%s", options.address, options.port, options.url_prefix
    )
    IOLoop.current().start()


if __name__ == "__main__":
    main()
