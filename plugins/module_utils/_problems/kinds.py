# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of problems, each with its meaning. docs/problems.md lists them all."""

from __future__ import annotations

from enum import Enum


class Kind(str, Enum):
    """A kind of problem. Its value is the word that users see and write.

    :param meaning: what every problem of the kind says, in one sentence
    """

    meaning: str

    def __new__(cls, word: str, meaning: str = "") -> Kind:
        """Make a kind of its word and its meaning. To look a kind up, the word is enough."""
        kind = str.__new__(cls, word)
        kind._value_ = word
        kind.meaning = meaning
        return kind

    # Of the fleet: only the controller finds these.
    INVENTORY = ("inventory", "The inventory or its variables contradict each other.")
    HOST_UNREACHABLE = (
        "host_unreachable",
        "Ansible cannot log in to the host, or cannot become root there.",
    )
    DATABASE_UNREACHABLE = ("database_unreachable", "Ansible reaches the host, but not PoWA's database on it.")
    SERVER_UNREGISTERED = (
        "server_unregistered",
        "The inventory has the server, but its repository has not registered it.",
    )

    # Of a server itself.
    POWA_ABSENT = ("powa_absent", "The database has no extension powa.")
    POWA_VERSION = (
        "powa_version",
        "The server and its repository have different releases (major.minor) of PoWA, so the collector takes no"
        " snapshot.",
    )
    LIBRARY_NOT_PRELOADED = (
        "library_not_preloaded",
        "An extension is installed, but shared_preload_libraries does not name its library.",
    )
    RESTART_PENDING = ("restart_pending", "A library or a setting takes effect only after a restart of PostgreSQL.")
    EXTENSION_MISSING = (
        "extension_missing",
        "PoWA collects from an extension that the server or its repository does not have.",
    )
    MONITORING_ROLE_ABSENT = ("monitoring_role_absent", "The role that the collector logs in as does not exist.")
    MONITORING_ROLE_SUPERUSER = ("monitoring_role_superuser", "The role that the collector logs in as is a superuser.")
    MONITORING_ROLE_RIGHTS = (
        "monitoring_role_rights",
        "The role that the collector logs in as is not a member of pg_read_all_stats.",
    )
    MONITORING_ROLE_LOGIN = ("monitoring_role_login", "The role that the collector should log in as has NOLOGIN.")

    SCHEMA_OPEN = ("schema_open", "Roles other than superusers may create objects in PoWA's schema.")

    # Of the collector.
    COLLECTOR_DOWN = ("collector_down", "powa-collector is not installed, does not run, or does not answer.")
    COLLECTOR_LOGIN = ("collector_login", "A server or the repository refuses the collector's login.")
    COLLECTOR_NOT_CONNECTED = (
        "collector_not_connected",
        "The collector cannot reach the server, or its worker for the server has stopped.",
    )
    COLLECTOR_UNAWARE = (
        "collector_unaware",
        "The server was registered after the collector last read its list of servers.",
    )
    COLLECTOR_NEEDLESS_WORKER = (
        "collector_needless_worker",
        "The collector still works for a server that was disabled or removed.",
    )
    HOSTNAME_UNRESOLVED = (
        "hostname_unresolved",
        "The collector's host or a web host cannot resolve the host name of a server or repository.",
    )
    PASSWORD_STORED = ("password_stored", "The table powa_servers holds the password of the server.")

    # Of snapshots.
    NEVER_SNAPSHOTTED = ("never_snapshotted", "There has never been a snapshot of the server.")
    SNAPSHOT_LATE = (
        "snapshot_late",
        "The last snapshot of the server is older than four times its frequency.",
    )
    COLLECTION_SLOW = (
        "collection_slow",
        "A snapshot of the server, whose databases are asked one after the other, takes longer than its frequency.",
    )
    SNAPSHOT_ERRORS = ("snapshot_errors", "The last snapshot of the server recorded an error.")
    TRANSIENT_ROWS = ("transient_rows", "A transient table holds rows that no snapshot moves into history.")
    QUALSTATS_PURGE = ("qualstats_purge", "This version of PoWA cannot purge the history of pg_qualstats.")

    # Of a datasource.
    IMPOSTOR = (
        "impostor",
        "An object with a name or mark of this collection belongs to a role that is neither a superuser nor the owner"
        " of the extension powa.",
    )
    DEFINITION_DAMAGED = (
        "definition_damaged",
        "Somebody has changed the comment that holds the definition of the datasource, so nothing can read it.",
    )
    DATASOURCE_REFUSED = (
        "datasource_refused",
        "Something on the server prevents the comparison of the datasource with its definition.",
    )
    DATASOURCE_DRIFT = (
        "datasource_drift",
        "The objects or registry rows of the datasource differ from its definition, or the server and its repository"
        " expect different columns.",
    )
    DATASOURCE_PAUSED = (
        "datasource_paused",
        "The datasource is inactive for the server until a run has verified that the server has its objects as"
        " declared.",
    )
    DATASOURCE_WITHOUT_SAMPLES = (
        "datasource_without_samples",
        "The datasource is active for the server and has never collected anything from it, and either its snapshots"
        " fail or it is not declared with may_be_empty.",
    )
    DUPLICATE_KEYS = (
        "duplicate_keys",
        "Rows of one sample have the same keys, so their rates have no meaning.",
    )
    HISTORY_TOO_LARGE = (
        "history_too_large",
        "The history of declared datasources will need more space than is free on the disk before its oldest samples"
        " go.",
    )
