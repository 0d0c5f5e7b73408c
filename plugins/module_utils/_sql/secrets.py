# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements that bring secrets into the database. None has a secret in its text."""

from __future__ import annotations

# Settings of PostgreSQL and of the extensions that are known to keep statements, each as it should be meanwhile. Those
# of extensions exist where the library is loaded. Returns those that are otherwise, and what they are now: NULL is one
# that the role may not set.
HUSH = """
    SELECT s.name, s.setting,
        CASE WHEN s.context = 'user' OR pg_catalog.current_setting('is_superuser') = 'on' OR {may_set}
            THEN pg_catalog.set_config(s.name, w.value, true) END
    FROM pg_catalog.pg_settings AS s
    JOIN ROWS FROM (pg_catalog.unnest({names}::text[]), pg_catalog.unnest({values}::text[])) AS w (name, value)
        ON w.name = s.name
    WHERE s.setting <> w.value
"""
#: PostgreSQL 15 has grants on settings.
MAY_SET = "pg_catalog.has_parameter_privilege(s.name, 'SET')"
MAY_NOT_SET = "false"

CREATE = "CREATE TEMPORARY TABLE pg_temp.powa_secrets (place integer, secret text) ON COMMIT DROP"
# The secrets follow as data, which no log and no extension keeps.
COPY = "COPY pg_temp.powa_secrets (place, secret) FROM STDIN"
DROP = "DROP TABLE pg_temp.powa_secrets"
