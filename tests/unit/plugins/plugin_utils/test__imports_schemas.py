# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Relations that a query names without a schema."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.plugin_utils._imports.schemas import naming_public

#: With a % where the schema is written.
QUERIES = """
SELECT * FROM %jobs
SELECT count(*) FROM ONLY %"Jobs" AS j, LATERAL f(j.id) LEFT JOIN %queue q ON q.id = j.id WHERE state = 'x'
SELECT a FROM pg_class, pg_catalog.pg_index, information_schema.tables, app.jobs, "app".jobs, f(1), pg_stat_statements
SELECT extract(epoch FROM last), substring(name FROM 2), trim(both FROM name), a IS DISTINCT FROM b FROM %jobs
SELECT (SELECT max(extract(day FROM at)) FROM %jobs) FROM (%a JOIN %b USING (id)) JOIN (SELECT 2) AS c ON true
SELECT * FROM %a, LATERAL (VALUES (x, y), (z, 1)) AS v (p, q), (SELECT x, y) AS r, %b
WITH c AS (SELECT * FROM %jobs), d (n) AS (SELECT 1) SELECT * FROM c, d, %e UNION SELECT * FROM %f
SELECT * FROM ROWS FROM (f(1), g(2)) AS r, current_date, (VALUES (1)) AS v(x)
SELECT 'FROM jobs' /* FROM jobs */ FROM %jobs -- FROM jobs
SELECT jobs.n, from_jobs FROM %jobs WHERE EXISTS (SELECT FROM %jobs WHERE extract(epoch FROM jobs.at) > 1)
SELECT 1
"""


@pytest.mark.parametrize("query", QUERIES.strip().splitlines())
def test_relations_of_users_are_in_public(query: str) -> None:
    named = query.replace("%", "public.")
    assert naming_public(query.replace("%", "")) == named
    assert naming_public(named) == named
