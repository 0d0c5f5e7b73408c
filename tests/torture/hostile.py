# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that no user should write, for options of each type."""

from __future__ import annotations

import copy
from random import Random
from typing import Any, Callable, Dict, List, Mapping, Sequence

#: What changes something that world.py looks at, if it is taken for SQL or a command.
_SQL = [
    "DROP TABLE public.canary",
    "DELETE FROM public.canary",
    "CREATE TABLE public.planted ()",
    "CREATE ROLE planted",
    "ALTER ROLE nobody_special SUPERUSER",
    "COPY (SELECT 1) TO PROGRAM 'touch /tmp/torture-planted'",
]
_COMMANDS = ["$(touch /tmp/torture-planted)", "`touch /tmp/torture-planted`", "; touch /tmp/torture-planted #"]
#: Ends of what a text may be pasted into.
_ENDS = ["'", '"', "$$", "$query$", "')", '")', ")", ") AS a", "*/", "\n", "\\'", "::text", "$1", "]]"]
_BEFORE = ["", "postgres", "powa", "pg_monitor", "public", "1 day", "a"]
_QUERIES = [
    "SELECT 1 AS held; {0}",
    "SELECT 1::int AS x) AS a, (SELECT 2::int AS y",
    "WITH gone AS (DELETE FROM public.canary RETURNING 1) SELECT 1 AS held FROM gone",
    "SELECT 'a' AS mode, 1::bigint AS held /*",
    "SELECT 'a'::text AS mode, 1::bigint AS held --",
    "SELECT 'a'::text AS mode, 1::bigint AS held -- done;\n;",
    "ANALYZE SELECT set_config('session_authorization', 'postgres', false)",
    "SELECT set_config('role', 'none', false)::text AS mode, 1::bigint AS held",
    "SELECT set_config('search_path', 'public', false)::text AS mode, 1::bigint AS held",
    "SELECT lo_create(0)::text AS mode, 1::bigint AS held",
    "SELECT pg_terminate_backend(pg_backend_pid())::text AS mode, 1::bigint AS held",
    "SELECT 'a'::text AS mode, 1/0 AS held",
    "SELECT mode, held FROM nowhere",
    "SELECT 1 INTO public.planted",
    "TABLE pg_class",
    "VALUES (1)",
    "EXPLAIN SELECT 1",
    "COMMIT",
    "RESET ROLE",
    "{{ lookup('pipe', 'touch /tmp/torture-planted') }}",
]
_STRANGE = [
    "",
    " ",
    "\t\n",
    "\0",
    "a\0b",
    "\ud800",
    "lock\udfffmodes",
    "\ufeffa",
    "\u202eabc\u2066",
    "é",
    "é",
    "🐘" * 20,
    "ſtate",
    "a\nb",
    "a\r\n- b",
    "\x1b[31mred",
    "a" * 63,
    "a" * 64,
    "ä" * 40,
    "%s %(a)s %",
    "{0} {name} {{ 7 * 7 }}",
    "\\x41\\000",
    "null",
    "None",
    "true",
    "0",
    "-1",
    "1e400",
    "nan",
    "NaN",
    "infinity",
    "-infinity",
    "now",
    "epoch",
    "99999999999",
    "0x7fffffff",
    "10000 years",
    "-1 day",
    "1e9 seconds",
    "1 fortnight",
    "178956970 years",
    "pg_catalog",
    "information_schema",
    "pg_monitor",
    "public",
    "powa",
    "nobody_special",
    "nobody",
    "local",
    "all",
    "select",
    "user",
    "oid",
    "ctid",
    "text; --",
    "pg_catalog.int4",
    "integer[]",
    "public.canary",
    "../../../etc/passwd",
    "/nowhere/at all",
    "/proc/self/mem",
    "/dev/null/x",
    "~root",
    "a,b",
    "a b=c",
    "host=nowhere",
    "postgresql://nowhere/",
    "fe80::1%lo",
    "no such host.invalid",
]
_NUMBERS: List[Any] = [
    0, -1, 1, 2, 7, 65535, 65536, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53 + 1, 2**63, -(2**63) - 1, 10**30,
    0.5, -0.0, 1e308, float("inf"), float("-inf"), float("nan"),
]  # fmt: skip
#: Arguments of psycopg2.connect and libpq.
_CONNECTION_WORDS = (
    "dsn connection_factory cursor_factory async async_ options host hostaddr port dbname database user password"
    " connect_timeout client_encoding application_name service passfile sslmode target_session_attrs replication"
    " channel_binding keepalives gssencmode"
).split()
_CONNECTION_VALUES = [
    "-c search_path=public,pg_catalog",
    "-c default_transaction_read_only=on",
    "-c statement_timeout=1",
    "-c session_preload_libraries=nowhere",
    "-c standard_conforming_strings=off",
    "-c client_encoding=SQL_ASCII",
    "-c role=nobody_special",
    "latin1",
    "SQL_ASCII",
    "prefer-standby",
    "database",
]
_LONGEST = 10_000_000


class Hostile:
    """Makes values.

    :param words: names that may be keys of a dict
    """

    def __init__(self, random: Random, words: Sequence[str]) -> None:
        self._random = random
        self._words = [*words, *_CONNECTION_WORDS]

    def value(self, spec: Mapping[str, Any], usual: Sequence[Any]) -> Any:
        """Return a value for an option.

        :param usual: values that users write there
        """
        random = self._random
        if usual and random.random() < 0.4:
            return self._spoilt(copy.deepcopy(random.choice(list(usual))))
        if random.random() < 0.12:
            return self._anything(2)
        makers: Dict[str, Callable[[], Any]] = {
            "str": self.text,
            "path": self.text,
            "raw": lambda: self._anything(1),
            "int": lambda: random.choice([*_NUMBERS, str(random.choice(_NUMBERS)), self.text()]),
            "bool": lambda: random.choice([True, False, "yes", "maybe", 2, None, []]),
            "dict": self._mapping,
            "list": lambda: self._list(spec),
        }
        return makers.get(spec.get("type", "str"), self.text)()

    def text(self) -> str:
        """Return a text."""
        random = self._random
        kind = random.random()
        if kind < 0.5:
            return random.choice(_STRANGE)
        if kind < 0.7:
            # Either quote ends what the other one begins, and what is before it should be right.
            end = random.choice(["\"'", "'\"", random.choice(_ENDS)])
            after = random.choice(["; --", "; --", ";", " /*", "; SELECT '"])
            return random.choice(_BEFORE) + end + "; " + random.choice(_SQL) + after
        if kind < 0.85:
            return random.choice(_QUERIES).replace("{0}", random.choice(_SQL))
        if kind < 0.9:
            return random.choice(_COMMANDS)
        if kind < 0.97:
            return "".join(chr(self._code_point()) for _character in range(random.randint(1, 70)))
        return random.choice("a%\"'ä\n ,") * random.choice([1000, 100_000, _LONGEST])

    def _code_point(self) -> int:
        highest = self._random.choice([0x20, 0x7F, 0x7F, 0x2FF, 0xFFFF, 0x10FFFF])
        return self._random.randint(0, highest)

    def _spoilt(self, value: Any) -> Any:
        """Return a usual value with one thing wrong, or in a place where it does not belong."""
        random = self._random
        if isinstance(value, str):
            place = random.randint(0, len(value))
            if random.random() < 0.2:
                return value + random.choice(["\"'", "'\"", "'", '"']) + "; " + random.choice(_SQL) + "; --"
            wrong = random.choice([*_ENDS, "\0", "\ud83d", " ", "\u00a0", "%", self.text()])
            return random.choice(
                [value[:place] + wrong + value[place:], value[:place], value.upper(), value + " ", value * 20, [value]]
            )
        if isinstance(value, bool):
            return random.choice([not value, str(value), int(value)])
        if isinstance(value, (int, float)):
            return random.choice([-value, value * 10**9, str(value), [value], value + 0.5])
        if isinstance(value, list):
            return self._spoilt_list(value)
        if isinstance(value, dict):
            return self._spoilt_mapping(value)
        return self._anything(1)

    def _spoilt_list(self, value: List[Any]) -> Any:
        random = self._random
        kind = random.randrange(6)
        if kind == 0:
            return value + copy.deepcopy(value)
        if kind == 1:
            return [*value, self._anything(1)]
        if kind == 2:
            return value * random.choice([100, 1000])
        if kind == 3:
            return {str(number): element for number, element in enumerate(value)}
        if kind == 4 or not value:
            return value[1:]
        number = random.randrange(len(value))
        return [*value[:number], self._spoilt(value[number]), *value[number + 1 :]]

    def _spoilt_mapping(self, value: Dict[str, Any]) -> Any:
        random = self._random
        key = random.choice(sorted(value, key=str)) if value else "a"
        kind = random.randrange(5)
        if kind == 0:
            value.pop(key, None)
        elif kind == 1:
            value[random.choice([self.text(), random.choice(self._words)])] = self._anything(1)
        elif kind == 2:
            value[key] = None
        elif kind == 3:
            return list(value.items())
        else:
            value[key] = self._spoilt(value.get(key))
        return value

    def _list(self, spec: Mapping[str, Any]) -> Any:
        random = self._random
        elements: List[Any] = (
            [] if spec.get("elements") == "dict" else [self.text() for _element in range(random.randint(0, 3))]
        )
        if spec.get("choices"):
            elements += [random.choice(spec["choices"])]
        if spec.get("elements") == "dict":
            elements = [self._mapping() for _element in range(random.randint(0, 2))]
        if random.random() < 0.05:
            return [random.choice(["a{0}", "ä{0}", "{0}"]).format(number) for number in range(10_000)]
        return random.choice([elements, elements, elements, elements * 2, self.text(), [elements]])

    def _mapping(self) -> Dict[str, Any]:
        random = self._random
        keys = [random.choice([*self._words, *_CONNECTION_WORDS]) for _key in range(random.randint(0, 3))]
        return {key: random.choice([random.choice(_CONNECTION_VALUES), self._anything(1)]) for key in keys}

    def _anything(self, depth: int) -> Any:
        random = self._random
        kind = random.randrange(7 if depth else 5)
        if kind == 5:
            return [self._anything(depth - 1) for _element in range(random.randint(0, 2))]
        if kind == 6:
            return {random.choice([self.text()[:40], random.choice(self._words)]): self._anything(depth - 1)}
        return [None, True, random.choice(_NUMBERS), self.text(), self.text()][kind]
