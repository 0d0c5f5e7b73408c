# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""catalogue_page.py: write docs/catalogue.md from the catalogue and what tests/bench/catalogue.py has measured."""

import json
import re
import sys
from pathlib import Path

from ansible_collections.pgfleet.powa.plugins.plugin_utils._catalogue.read import catalogue

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "catalogue.md"
COSTS = ROOT / "tests" / "bench" / "catalogue_costs.json"

#: What stands above it in the page is written by hand.
BEGINS = "<!-- tests/tools/catalogue_page.py writes what follows. -->\n"

COST = (
    "`default` has {default} datasources, marked with a dot; the slowest takes {slowest} ms. The costs are those of one"
    " call on an idle server with PostgreSQL {version} and {databases} databases. The one in which it ran has"
    " {tables:,} tables, each with two indexes, and {sequences:,} sequences.\n"
)


def page():
    """Return the text of docs/catalogue.md, with the beginning that it has."""
    sets = catalogue().values()
    costs = json.loads(COSTS.read_text(encoding="utf-8"))
    default = [entry.name for each in sets for entry in each.entries if entry.is_default]
    slowest = _milliseconds(max((costs["datasources"][name] for name in default), key=lambda cost: cost["ms"]))
    cost = COST.format(default=len(default), slowest=slowest, **costs["server"])
    by_hand = PAGE.read_text(encoding="utf-8").split(BEGINS)[0]
    parts = [by_hand + BEGINS, cost, _overview(sets, costs["datasources"])]
    for each in sets:
        parts.append("## {0}\n".format(_heading(each)))
        parts += [_entry(entry, costs["datasources"][entry.name]) for entry in each.entries]
    return "\n".join(parts)


def _overview(sets, costs):
    lines = ["| set | datasource | default | notes | milliseconds | rows |", "|---|---|---|---|---|---|"]
    for each in sets:
        for entry in each.entries:
            notes = {
                "PoWA 5": _is_of_databases(entry),
                "pg_monitor": "pg_monitor" in entry.needs,
                "expensive": entry.expensive,
            }
            noted = ", ".join(note for note, holds in notes.items() if holds)
            cost = (_milliseconds(costs[entry.name]), costs[entry.name]["rows"])
            row = (each.name, _anchor(_heading(each)), entry.name, "•" if entry.is_default else "", noted, *cost)
            lines.append("| [`{0}`](#{1}) | [`{2}`](#{2}) | {3} | {4} | {5} | {6} |".format(*row))
    return "\n".join(lines) + "\n"


def _heading(each):
    return "{0}: {1}".format(each.title, each.name)


def _anchor(heading):
    """Return what a heading is called in a link."""
    return re.sub(r"[^a-z0-9_ ]", "", heading.lower()).replace(" ", "-")


def _is_of_databases(entry):
    return entry.definition.get("scope") == "database"


def _milliseconds(cost):
    return "{0:g}".format(cost["ms"]) if cost["ms"] >= 0.1 else "under 0.1"


def _entry(entry, cost):
    definition = entry.definition
    lines = ["### `{0}`\n".format(entry.name)]
    lines.append("**{0}**: {1}. {2}\n".format(definition["title"], definition["description"], entry.use))
    facts = []
    if _is_of_databases(entry):
        facts.append("Of each database, with PoWA 5 only.")
    if "queries" in definition:
        numbers = [query.get("min_version", 0) // 10000 for query in definition["queries"]]
        listed = ", ".join("from {0} on".format(number) for number in numbers if number)
        facts.append("Has another query for PostgreSQL {0}.".format(listed))
    if entry.needs:
        facts.append("Needs `{0}`.".format(entry.needs))
    if entry.expensive:
        facts.append("**Expensive.** " + entry.expensive)
    if facts:
        lines.append(" ".join(facts) + "\n")
    keys = ", ".join("`{0}`".format(key["name"]) for key in definition.get("keys", ()))
    lines.append("Keys: {0}. Takes {1} ms, rows: {2}.\n".format(keys or "none", _milliseconds(cost), cost["rows"]))
    lines += ["| metric | title | kind | unit | |", "|---|---|---|---|---|"]
    for metric in definition["metrics"]:
        row = [metric["title"], metric.get("kind", "counter"), metric.get("unit", ""), metric["description"]]
        lines.append("| `{0}` | {1} | {2} | {3} | {4} |".format(metric["name"], *row))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write("Wrote {0}.\n".format(PAGE.relative_to(ROOT)))
