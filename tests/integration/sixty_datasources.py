# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As many datasources as a fleet may have: the catalogue, and more in sets with titles of every kind."""

from __future__ import annotations

from typing import Any, Dict, List

from catalogue_samples import ENTRIES

NUMBER = 60
#: What nobody should write, as long as a title may be.
HOSTILE = "<script>alert(1)</script> & \"%s\" %(server)s {0} 'ü' ".ljust(60, "x")
LARGE = "Large"
#: The one whose metrics have every unit.
UNITS = "of_every_unit"


def sixty(powa: str) -> List[Dict[str, Any]]:
    """Return the datasources for a major version of PoWA."""
    found = [
        entry.definition for entry in ENTRIES.values() if powa != "4" or entry.definition.get("scope") != "database"
    ]
    found.append(_of_every_unit())
    return found + [_generated(number) for number in range(NUMBER - len(found))]


def _of_every_unit() -> Dict[str, Any]:
    metrics = {
        "bytes": ("bytes", "gauge", "3000000000"),
        "a_while": ("s", "gauge", "90000"),
        "share": ("%", "gauge", "37.5"),
        "busy": ("ms", "counter", "extract(epoch FROM clock_timestamp()) * 250"),
        "sent": ("kB", "counter", "extract(epoch FROM clock_timestamp())"),
        "nothing": ("bytes", "gauge", "NULL"),
    }
    return {
        "name": UNITS,
        "set": HOSTILE,
        "query": "SELECT {0}".format(
            ", ".join("({0})::double precision AS {1}".format(value, name) for name, (_u, _k, value) in metrics.items())
        ),
        "metrics": [
            {"name": name, "type": "double precision", "unit": unit, "kind": kind}
            for name, (unit, kind, _value) in metrics.items()
        ],
    }


def _generated(number: int) -> Dict[str, Any]:
    """Return one with a hundred keys; most belong to a large set, some to none."""
    return {
        "name": "generated_{0:02d}".format(number),
        "description": "Numbers {0}".format(number),
        **({"set": LARGE} if number % 5 else {}),
        "query": "SELECT 'key ' || n AS key, n * {0} AS level, (n + 1) * extract(epoch FROM clock_timestamp())::bigint"
        " AS grown FROM generate_series(1, 100) AS n".format(number + 1),
        "keys": [{"name": "key", "type": "text"}],
        "metrics": [
            {"name": "level", "type": "integer", "kind": "gauge", "unit": "things"},
            {"name": "grown", "type": "bigint", "unit": "rows"},
        ],
    }
