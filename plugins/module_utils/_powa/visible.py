# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role of a session may read of PoWA and of the server, and what it could not see for lack of a right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Collection, Dict, Iterable, List, Mapping, NamedTuple, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._sql import visible as texts

#: The right on C(shared_preload_libraries) and the like, and the one on what the configuration files say.
SETTINGS = "membership in pg_read_all_settings"
FILES = "EXECUTE on function pg_catalog.pg_show_all_file_settings()"
STATISTICS = "membership in pg_read_all_stats"


class Table(NamedTuple):
    """A table, view or sequence in PoWA's schema, and the columns that a statement reads: none stands for all."""

    name: str
    columns: Tuple[str, ...] = ()


#: The part of a result that all of PoWA's registry decides.
DRIFT = "datasources[].drift"
#: The parts of a result that there are only for servers.
ABOUT_SERVERS = ("servers", "datasources[].servers")

#: What every statement about the servers of a repository reads. All but the passwords.
SERVER_COLUMNS = (
    "id hostname port alias username dbname frequency powa_coalesce retention allow_ui_connection version".split()
)
SERVERS = Table("powa_servers", tuple(SERVER_COLUMNS))
SERVER_NUMBERS = Table("powa_servers", ("id",))
PASSWORDS = Table("powa_servers", ("password",))
SNAPSHOTS = Table("powa_snapshot_metas")
NUMBERS = Table("powa_servers_id_seq")


def read_of_powa(has_roles: bool, transient: Sequence[str]) -> List[Table]:
    """Return what the readers of this collection read of PoWA's own objects, besides what PoWA's reading roles may.

    :param has_roles: whether this PoWA has such roles
    :param transient: PoWA's transient tables, of which they read no sample
    """
    tables = [NUMBERS, *(Table(name, ("srvid", "ts")) for name in transient)]
    if has_roles:
        return tables
    return [SERVERS, SNAPSHOTS, *map(Table, ("powa_functions", "powa_extensions")), *tables]


@dataclass(frozen=True)
class Visible:
    """What a role may read.

    :param schema: PoWA's, as C(quote_ident) writes it
    :param usage: whether the role may use that schema
    :param hidden: relations of the schema that it may not read, each with the columns that it may
    :param settings: whether it sees all settings
    :param files: whether it sees what the configuration files set
    :param size: whether it sees how large the database is
    :param gaps: part of a result -> the rights that it lacks to see that part, as far as anybody has asked
    """

    schema: str
    usage: bool
    hidden: Mapping[str, Collection[str]]
    settings: bool
    files: bool
    size: bool
    gaps: Dict[str, List[str]] = field(default_factory=dict)

    def sees(self, parts: Sequence[str], tables: Sequence[Table]) -> bool:
        """Return whether the role may read all of these, and note that it does not see these parts if not."""
        lacking = self.lacking(tables)
        self.note(parts, lacking)
        return not lacking

    def sees_servers(self) -> bool:
        """Return whether the role may read the registered servers, and note it if not."""
        return self.sees([*ABOUT_SERVERS, DRIFT], [SERVERS])

    def sees_passwords(self) -> bool:
        """Return whether the role may read if their passwords are stored, and note it if not."""
        return self.sees(["servers[].password_stored"], [PASSWORDS])

    def sees_registry(self, tables: Iterable[str]) -> bool:
        """Return whether the role may read these tables of PoWA's registry, and note it if not."""
        return self.sees([DRIFT], [Table(name) for name in tables])

    def sees_server(self) -> None:
        """Note which parts about the server itself the role does not see."""
        if not self.settings:
            self.note(("settings", "pending_restart", "libraries.loaded", "libraries.configured"), [SETTINGS])
        if not self.files:
            self.note(("libraries.configured",), [FILES])
        if not self.size:
            self.note(("size",), [STATISTICS])

    def hides(self, *parts: str) -> bool:
        """Return whether any of these parts was not visible."""
        return any(part in self.gaps for part in parts)

    def returned(self) -> List[Dict[str, Any]]:
        """Return what was not visible, as a module returns it."""
        return [{"part": part, "lacks": list(lacks)} for part, lacks in sorted(self.gaps.items())]

    def lacking(self, tables: Sequence[Table], functions: Sequence[str] = ()) -> List[str]:
        """Return the rights that the role lacks to read these.

        :param functions: those of PoWA's schema that it may not call
        """
        rights = [] if self.usage else ["USAGE on schema {0}".format(self.schema)]
        for table in hidden_of(tables, self.hidden):
            named = " ({0})".format(", ".join(table.columns)) if table.columns else ""
            rights.append("SELECT{0} on {1}.{2}".format(named, self.schema, table.name))
        return rights + ["EXECUTE on function {0}.{1}".format(self.schema, name) for name in functions]

    def note(self, parts: Sequence[str], lacking: Sequence[str]) -> None:
        """Note that the role does not see these parts, if it lacks any right."""
        for part in parts if lacking else ():
            known = self.gaps.setdefault(part, [])
            known.extend(right for right in lacking if right not in known)


def hidden_of(tables: Sequence[Table], hidden: Mapping[str, Collection[str]]) -> List[Table]:
    """Return those of the tables, and of their columns, that a role may not read.

    :param hidden: relations that it may not read as a whole, each with the columns that it may read all the same
    """
    found = []
    for table in tables:
        columns = tuple(column for column in table.columns if column not in hidden.get(table.name, ()))
        if table.name in hidden and (columns or not table.columns):
            found.append(Table(table.name, columns))
    return found


def read_visible(cursor: Any) -> Visible:
    """Read it in one statement."""
    cursor.execute(texts.VISIBLE)
    schema, usage, hidden, settings, files, size = cursor.fetchone()
    return Visible(
        schema or "",
        # Without PoWA, nothing is hidden.
        usage is not False,
        {name: frozenset(columns) for name, columns in (hidden or {}).items()},
        settings,
        files,
        size,
    )
