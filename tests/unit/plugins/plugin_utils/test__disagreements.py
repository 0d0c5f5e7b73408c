# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remotes of one repository have to say the same of a column."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.plugin_utils._disagreements import disagreements
from ansible_collections.pgfleet.powa.tests.unit.plugins.plugin_utils.fleets import fleet, host, run


def said(types, metric=None, repositories=("hub", "hub")):
    """Return what is said of remotes that have described a key and a metric of these types."""
    metric = metric or {"name": "n"}
    declared = [{"name": "d", "keys": [{"name": "k"}], "metrics": [metric]}]
    names = "ab"
    hosts = {
        name: host(repository, "10.0.0.1", ["powa_remotes"], powa_datasources=declared)
        for name, repository in zip(names, repositories)
    }
    checks = {
        name: {
            "check": {
                "datasources": [
                    {
                        "name": "d",
                        "key_columns": [{"name": "k", "type": "text"}],
                        "metric_columns": [{"name": "n", "type": of_metric}],
                    }
                ]
            }
        }
        for name, of_metric in zip(names, types)
    }
    return disagreements(run(fleet(hosts), **checks), ["check", "other"])


def test_different_types_of_one_column():
    (problem,) = said(["integer", "bigint"])
    assert problem[:3] == ("hub", "d", ("a", "b"))
    assert problem.sentence.startswith('datasource "d": column "n" is bigint on b, but integer on a: declare its type')


def test_what_is_no_disagreement():
    assert said(["integer", "integer"]) == said(["integer", None]) == said(["integer"]) == []
    assert said(["integer", "bigint"], repositories=("hub", "other")) == []
    # What is declared is cast, and the hosts may have other declarations.
    assert said(["integer", "bigint"], metric={"name": "n", "type": "bigint"}) == []
