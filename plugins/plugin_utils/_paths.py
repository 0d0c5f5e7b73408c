# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the files of powa-collector and of powa-web are."""

from __future__ import annotations

COLLECTOR_CONF = "/etc/powa-collector.conf"
#: What libpq reads passwords from: host_info compares it, and never returns its sum.
COLLECTOR_PASSWORDS = "/etc/powa-collector.pgpass"
COLLECTOR_DROP_IN = "/etc/systemd/system/powa-collector.service.d/pgfleet.conf"
#: Only of a collector that pip has installed: a package brings its own.
COLLECTOR_UNIT = "/etc/systemd/system/powa-collector.service"

WEB_FOLDER = "/etc/powa-web"
WEB_CONF = WEB_FOLDER + "/powa-web.conf"
WEB_PASSWORDS = WEB_FOLDER + "/pgpass"
WEB_SECRET = WEB_FOLDER + "/cookie_secret.conf"
WEB_UNIT = "/etc/systemd/system/powa-web.service"
WEB_NGINX = "/etc/nginx/conf.d/powa-web-tls.conf"
