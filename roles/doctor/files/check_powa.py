# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plugin for Nagios and Icinga that tells the state of a PoWA fleet as the playbook pgfleet.powa.doctor has found it.

It reads the file that the variable powa_doctor_json names, and needs nothing but Python 3.8. It prints one line with
performance data, then the problems, and exits with 0 (OK), 1 (WARNING), 2 (CRITICAL) or 3 (UNKNOWN).
"""

import argparse
import json
import sys
from datetime import datetime, timezone

UNKNOWN = 3


class Parser(argparse.ArgumentParser):
    """Exits with UNKNOWN, since what argparse exits with would be CRITICAL."""

    def error(self, message):
        """End because of a wrong option."""
        self.exit(UNKNOWN, "POWA UNKNOWN - {0}\n".format(message))


def read(path):
    """Return the seconds since the doctor ran, the exit code, and the lines to print.

    :raises OSError, ValueError, KeyError, TypeError: when the file cannot be read, or is another one
    """
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    age = (datetime.now(timezone.utc) - datetime.fromisoformat(found["created"])).total_seconds()
    problems = ["{0}: {1} ({2})".format(p["server"] or "inventory", p["problem"], p["kind"]) for p in found["problems"]]
    return age, int(found["state"]["code"]), [str(found["state"]["line"]), *problems]


def main():
    """Print the state, and return the exit code."""
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="what powa_doctor_json names")
    parser.add_argument("--max-age", type=int, default=7200, metavar="SECONDS", help="older is UNKNOWN (%(default)s)")
    options = parser.parse_args()
    try:
        age, code, lines = read(options.file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = " ".join(str(error).split())
        code, lines = UNKNOWN, ["POWA UNKNOWN - cannot read {0}: {1}".format(options.file, why)]
    else:
        if age > options.max_age:
            words = "POWA UNKNOWN - the doctor ran {0:.0f} s ago, expected at most {1} s: see why it no longer runs"
            code, lines = UNKNOWN, [words.format(age, options.max_age)]
    # Nagios takes what follows a bar for performance data, which only the first line has.
    first, *others = lines
    sys.stdout.reconfigure(errors="backslashreplace")
    print("\n".join([first, *(line.replace("|", "/") for line in others)]))
    return code


if __name__ == "__main__":
    sys.exit(main())
