# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As many datasources as a fleet may have: the catalogue, and more in sets with titles of every kind."""

from __future__ import annotations

from typing import Any, Dict, List

from catalogue_samples import ENTRIES, FOR_MONITORS
from servers import Database

NUMBER = 60
#: What nobody should write, as long as a title may be.
HOSTILE = "<script>alert(1)</script> & \"%s\" %(server)s {0} 'ü' ".ljust(60, "x")
LARGE = "Large"
#: The one whose metrics have every unit.
UNITS = "of_every_unit"


#: Its metrics: unit, kind, and what each is at a time, in SQL.
_OF_UNITS = {
    "bytes": ("bytes", "gauge", "3000000000"),
    "a_while": ("s", "gauge", "90000"),
    "share": ("%", "gauge", "37.5"),
    "busy": ("ms", "counter", "extract(epoch FROM t) * 250"),
    "sent": ("kB", "counter", "extract(epoch FROM t)"),
    "nothing": ("bytes", "gauge", "NULL::double precision"),
}
#: What a sample of the others is: many keys.
_OF_KEYS = "'key ' || n AS key, (n * {0})::bigint AS level, (n + 1) * extract(epoch FROM t)::bigint AS grown"
_KEYS = 100


def sixty(powa: str) -> List[Dict[str, Any]]:
    """Return the datasources for a major version of PoWA."""
    found = [
        entry.definition
        for entry in ENTRIES.values()
        if entry.name not in FOR_MONITORS and (powa != "4" or entry.definition.get("scope") != "database")
    ]
    found.append(
        {
            "name": UNITS,
            "set": HOSTILE,
            "query": "SELECT {0} FROM now() AS t".format(_of_units()),
            "metrics": [
                {"name": name, "type": "double precision", "unit": unit, "kind": kind}
                for name, (unit, kind, _value) in _OF_UNITS.items()
            ],
        }
    )
    return found + [_generated(number) for number in range(NUMBER - len(found))]


def _generated(number: int) -> Dict[str, Any]:
    """Return one with many keys; most belong to a large set, some to none."""
    return {
        "name": "generated_{0:02d}".format(number),
        "description": "Numbers {0}".format(number),
        **({"set": LARGE} if number % 5 else {}),
        "query": "SELECT {0} FROM now() AS t, generate_series(1, {1}) AS n".format(_OF_KEYS.format(number + 1), _KEYS),
        "keys": [{"name": "key", "type": "text"}],
        "metrics": [
            {"name": "level", "type": "bigint", "kind": "gauge", "unit": "things"},
            {"name": "grown", "type": "bigint", "unit": "rows"},
        ],
    }


def _of_units() -> str:
    return ", ".join(
        "({0})::double precision AS {1}".format(value, name) for name, (_unit, _kind, value) in _OF_UNITS.items()
    )


def take_samples(database: Database, srvid: int, declared: List[Dict[str, Any]], catalogue: List[str]) -> None:
    """Take three samples, 10 minutes apart, of those that were made up, and of some of the catalogue."""
    moments = ["now() - interval '{0} minutes'".format(minutes) for minutes in (20, 10, 0)]
    for moment in moments:
        for name in catalogue:
            database.collect(name, srvid)
            database.sql(
                "UPDATE powa_{0}_src_tmp SET ts = {1} WHERE ts > now() - interval '5 minutes'".format(name, moment)
            )
    insert = (
        "INSERT INTO powa_{0}_src_tmp SELECT {1}, t, {2} FROM unnest(ARRAY[{3}]) AS t, generate_series(1, {4}) AS n"
    )
    every = ", ".join(moments)
    database.sql(insert.format(UNITS, srvid, _of_units(), every, 1))
    for number, name in enumerate(entry["name"] for entry in declared if entry["name"].startswith("generated_")):
        database.sql(insert.format(name, srvid, _OF_KEYS.format(number + 1), every, _KEYS))
    database.take_snapshot(srvid)
