# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the errors of snapshots mean."""

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._problems import of_errors
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.of_errors import (
    error_problems,
    is_explained,
    shown,
)

from .samples import found, identities, server

#: Errors as PoWA and its collector record them; kind, subject, and a part of the problem, its cause and its cure.
ERRORS = [
    (
        'could not translate host name "db9" to address: Name or service not known\n',
        ("hostname_unresolved", "db9"),
        ('cannot resolve "db9"', "Name or service not known", "powa_host"),
    ),
    (
        'FATAL:  password authentication failed for user "m"\n',
        ("collector_login", "m"),
        ('as "m"', "the last snapshot says: FATAL", "powa_monitoring_password"),
    ),
    (
        'FATAL:  role "m" is not permitted to log in\n',
        ("collector_login", "m"),
        ('as "m"', "not permitted", "ALTER ROLE ... LOGIN"),
    ),
    (
        'FATAL:  too many connections for role "m"\n',
        ("collector_login", "m"),
        ('allows "m" no more connections', "too many", "ALTER ROLE ... CONNECTION LIMIT"),
    ),
    (
        "FATAL:  sorry, too many clients already\n",
        ("collector_login", None),
        ("no connection left", "too many clients", "raise max_connections"),
    ),
    (
        'FATAL:  database "nix" does not exist\n',
        ("collector_login", "nix"),
        ('no database "nix"', "does not exist", "powa_database"),
    ),
    (
        'FATAL:  permission denied for database "powa"\nDETAIL:  User does not have CONNECT privilege.',
        ("collector_login", "powa"),
        ('may not connect to database "powa"', "permission denied", "GRANT CONNECT"),
    ),
    (
        'FATAL:  role "m" does not exist\n',
        ("collector_login", "m"),
        ('no role "m"', "does not exist", "creates powa_monitoring_role"),
    ),
    (
        "SSL error: certificate verify failed",
        ("collector_login", None),
        ("does not trust", "verify failed", "root.crt"),
    ),
    (
        "SSL connection has been closed unexpectedly\n",
        ("collector_not_connected", None),
        ("has ended the collector's session", "closed unexpectedly", "transaction_timeout"),
    ),
    (
        "cannot execute COPY FROM in a read-only transaction\n",
        ("snapshot_errors", None),
        ("cannot execute COPY FROM", "default_transaction_read_only", "ALTER ROLE"),
    ),
    (
        "FATAL:  the database system is starting up\n",
        ("collector_not_connected", None),
        ("accepts no connections", "starting up", "wait until PostgreSQL there has started"),
    ),
    (
        'powa_take_snapshot(1): function "powa_x_snapshot" failed: could not extend file: No space left on device',
        ("snapshot_errors", "powa_x_snapshot"),
        ("No space left", "disk", "free space"),
    ),
    (
        'duplicate key value violates unique constraint "powa_catalog_roles_pkey"',
        ("snapshot_errors", "catalog_roles"),
        ("catalog_roles", "twice", "DELETE FROM public.powa_catalog_role_src_tmp WHERE srvid = 1"),
    ),
    (
        "canceling statement due to lock timeout",
        ("snapshot_errors", None),
        ("lock timeout", "longer than the collector waits", "pg_locks"),
    ),
    (
        "canceling statement due to statement timeout",
        ("snapshot_errors", None),
        ("statement timeout", "the statement timeout of the server", "ALTER ROLE ... SET"),
    ),
    (
        "terminating connection due to idle-in-transaction timeout\nserver closed the connection unexpectedly\n",
        ("snapshot_errors", None),
        ("idle-in-transaction timeout", "the idle-in-transaction timeout of the server", "ALTER ROLE ... SET"),
    ),
    (
        "terminating connection due to administrator command\nserver closed the connection unexpectedly\n",
        ("collector_not_connected", None),
        ("has ended the collector's session", "administrator command", "PostgreSQL's log"),
    ),
    (
        "fe_sendauth: no password supplied",
        ("collector_login", None),
        ("no password", "fe_sendauth", "password file"),
    ),
    (
        'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "m", database "powa", no encryption',
        ("collector_login", "10.0.0.9"),
        ("address 10.0.0.9", "no encryption", "pg_hba.conf"),
    ),
    (
        'connection to server at "a", port 5432 failed: Connection refused\n',
        ("collector_not_connected", None),
        ("cannot reach", "Connection refused", "listen_addresses"),
    ),
    (
        "Incompatible PoWA version between the repository server (5.0.X) and the remote host (4.1.X)",
        ("powa_version", None),
        ("than 5.0 of its repository", "4.1.X", "same PoWA"),
    ),
    (
        "Extension pg_track_settings is not installed on the the remote server one",
        ("extension_missing", "pg_track_settings"),
        ("not installed there", "remote server one", "systemctl restart powa-collector"),
    ),
    (
        "Extension pg_track_settings is not installed on the the repository server",
        ("extension_missing", "pg_track_settings on the repository"),
        ("not installed on the repository", "repository server", "create it there"),
    ),
    (
        'Error while calling public.powa_qualstats_src:\nrelation "pg_qualstats" does not exist\nLINE 1: SELECT',
        ("extension_missing", "pg_qualstats"),
        ("not installed there, or on the repository", "does not exist", "powa_stats_extensions"),
    ),
    (
        "Error while calling public.powa_locks_src:\npermission denied for function powa_locks_src",
        ("snapshot_errors", "powa_locks_src"),
        ("failed at powa_locks_src: Error", "has no right", "powa_monitoring_role"),
    ),
    (
        'null value in column "mode" of relation "powa_locks_src_tmp" violates not-null constraint\nDETAIL:  x',
        ("snapshot_errors", "powa_locks_src_tmp"),
        ('column "mode"', "pg_read_all_stats", "nullable"),
    ),
    (
        "function public.powa_locks_src(integer) does not exist\nLINE 1: SELECT\n",
        ("snapshot_errors", "public.powa_locks_src"),
        ("failed at public.powa_locks_src:", "lacks objects", "pgfleet.powa.site"),
    ),
    (
        "Error while inserting data:\nextra data after last expected column\nCONTEXT:  COPY x",
        ("snapshot_errors", None),
        ("extra data", "different columns", "pgfleet.powa.site"),
    ),
    (
        "powa_take_snapshot(1): Could not lock the powa_snapshot_metas record",
        ("snapshot_errors", "powa_snapshot_metas"),
        ("Could not lock", "another snapshot", "one collector"),
    ),
    (
        'powa_take_snapshot(1): function "powa_x_snapshot" failed:\n  state  : 22012\n  message: division by zero',
        ("snapshot_errors", "powa_x_snapshot"),
        ("by zero", "the statement", "by hand"),
    ),
    (
        "Error retrieving datasource data locks:\ndivision by zero",
        ("snapshot_errors", "locks"),
        ("by zero", "the statement", "by hand"),
    ),
    (
        "Error while calling SELECT public.powa_locks_cleanup():\ndivision by zero",
        ("snapshot_errors", "powa_locks_cleanup"),
        ("by zero", "the statement", "by hand"),
    ),
    (
        "out of shared memory",
        ("snapshot_errors", None),
        ("failed: out of shared memory", "the statement", "by hand"),
    ),
    (
        'Error retrieving datasource data words:\ninvalid byte sequence for encoding "UTF8": 0xe9 0x74 0xe9\n',
        ("snapshot_errors", "words"),
        ('"UTF8": 0xe9', "a database of the server has no encoding (SQL_ASCII)", "restore a dump"),
    ),
    (
        "Error retrieving datasource data words:\n"
        'character with byte sequence 0x81 in encoding "WIN1252" has no equivalent in encoding "UTF8"\n',
        ("snapshot_errors", "words"),
        ("0x81", "a database of the server has encoding WIN1252", "correct that text"),
    ),
    (
        "Error while inserting data:\n"
        'character with byte sequence 0xe2 0x82 0xac in encoding "UTF8" has no equivalent in encoding "LATIN1"\n',
        ("snapshot_errors", None),
        ("0xe2", "the encoding LATIN1 of PoWA's database", "databases with encoding UTF8"),
    ),
    (
        "Error retrieving datasource data pg_stat_statements:\n"
        'default conversion function for encoding "EUC_JP" to "LATIN1" does not exist\n',
        ("snapshot_errors", "pg_stat_statements"),
        ("EUC_JP", "the encoding LATIN1 of PoWA's database", "databases with encoding UTF8"),
    ),
    (
        'Error retrieving datasource data pg_stat_statements:\ninvalid byte sequence for encoding "UTF8": 0xe9 0x22\n',
        ("snapshot_errors", "pg_stat_statements"),
        (
            "0xe9 0x22",
            "of a database without an encoding (SQL_ASCII), and so shows no query",
            "pg_stat_statements_reset(0, oid)",
        ),
    ),
]


def problems(*errors):
    return list(error_problems(found(servers=[server(errors=list(errors))])))


@pytest.mark.parametrize(("error", "about", "parts"), ERRORS)
def test_an_error_is_explained(error, about, parts):
    (problem,) = problems(error)
    kind, subject = about
    assert identities([problem]) == [(kind, "one", None, subject)]
    for part, sentence in zip(parts, (problem.problem, problem.cause, problem.cure)):
        assert part in sentence
    assert not {"LINE", "DETAIL", "CONTEXT"} & set((problem.problem + problem.cause).split())
    assert is_explained(server(errors=[error])) is (kind != "snapshot_errors")


def test_each_explanation_is_reached():
    reached = {of_errors._explain(shown(error))[0] for error, _about, _parts in ERRORS}
    assert reached == set(of_errors._EXPLANATIONS)


def test_errors_of_different_subjects_are_different_problems():
    assert [problem.subject for problem in problems(*(error for error, _about, _parts in ERRORS[:3]))] == ["db9", "m"]


def test_errors_of_the_same_subject_are_one_problem_that_shows_them_all():
    (problem,) = problems("out of memory\n", "out of disk", "out of memory")
    assert problem.problem == "the last snapshot failed: out of memory; out of disk"
    (problem,) = problems("no password supplied (1)", "no password supplied (2)")
    assert problem.cause == "the last snapshot says: no password supplied (1); no password supplied (2)"


def test_an_error_may_hold_braces():
    (problem,) = problems("no such key {mode}")
    assert problem.problem.endswith("no such key {mode}")


def test_an_error_is_shown_in_one_line_without_repetition():
    assert shown("Error:\n  it  failed\nit failed\n  it  failed\nHINT: try\nmore") == "Error: it failed it failed"


def test_the_errors_of_each_server_are_its_own():
    servers = [server(errors=["x"]), server(2, "two", errors=["x"]), server(3, "three")]
    found_problems = list(error_problems(found(servers=servers)))
    assert [problem.server for problem in found_problems] == ["one", "two"]
