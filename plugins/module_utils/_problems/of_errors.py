# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What errors of snapshots mean, as PoWA and its collector record them."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.module_utils._problems.problem import (
    EXTERNAL,
    SITE,
    Found,
    Problem,
    cure_of_missing,
    on_repository,
)


class _Explanation(NamedTuple):
    """What a recorded error means. C({part}) is what the pattern has in parentheses, C({error}) the error itself.

    A cause may have both, too. In a cure, C({cure}) is the statement that removes rows of a catalog.

    :param cause: None where the error itself is the cause of something that is worth a problem of its own
    :param subject: what the problem is about; where it is empty, the error may name an object
    """

    pattern: str
    kind: Kind
    problem: str
    cause: Optional[str]
    cure: str
    subject: str = "{part}"


_EXPLANATIONS = (
    _Explanation(
        r'could not translate host name "([^"]*)"',
        Kind.HOSTNAME_UNRESOLVED,
        'the collector\'s host cannot resolve "{part}"',
        None,
        "make the name known there (DNS or /etc/hosts), or register an address: powa_host",
    ),
    _Explanation(
        r'too many connections for role "([^"]*)"',
        Kind.COLLECTOR_LOGIN,
        'the server allows "{part}" no more connections',
        None,
        "end sessions of that role, or raise its limit (ALTER ROLE ... CONNECTION LIMIT): the collector needs one for"
        " each server and, with PoWA 5, one more for a database",
    ),
    _Explanation(
        r"(too many clients already|remaining connection slots are reserved|too many connections for database)",
        Kind.COLLECTOR_LOGIN,
        "the server has no connection left for the collector",
        None,
        "end sessions that are not needed, or raise max_connections or the CONNECTION LIMIT of the database",
        "",
    ),
    _Explanation(
        r'FATAL: +database "([^"]*)" does not exist',
        Kind.COLLECTOR_LOGIN,
        'the server has no database "{part}"',
        None,
        SITE + " with powa_database naming it, or correct servers[].dbname of module pgfleet.powa.servers",
    ),
    _Explanation(
        r'permission denied for database "([^"]*)"',
        Kind.COLLECTOR_LOGIN,
        'the collector may not connect to database "{part}" of the server',
        None,
        "GRANT CONNECT ON DATABASE to powa_monitoring_role",
    ),
    _Explanation(
        r'role "([^"]*)" is not permitted to log in',
        Kind.COLLECTOR_LOGIN,
        'the collector cannot log in to the server as "{part}"',
        None,
        "ALTER ROLE ... LOGIN, or " + SITE + " with powa_monitoring_role naming another role",
    ),
    _Explanation(
        r'FATAL: +role "([^"]*)" does not exist',
        Kind.COLLECTOR_LOGIN,
        'the server has no role "{part}" for the collector',
        None,
        SITE + ", which creates powa_monitoring_role, or correct servers[].username of module pgfleet.powa.servers",
    ),
    _Explanation(
        r'authentication failed for user "([^"]*)"',
        Kind.COLLECTOR_LOGIN,
        'the collector cannot log in to the server as "{part}"',
        None,
        "set powa_monitoring_password of the server as its role has it, and " + SITE,
    ),
    _Explanation(
        r"(no password supplied)",
        Kind.COLLECTOR_LOGIN,
        "the collector has no password for the server",
        None,
        "set powa_monitoring_password, and " + SITE + ", which writes the collector's password file",
        "",
    ),
    _Explanation(
        r'no pg_hba\.conf entry for host "([^"]*)"',
        Kind.COLLECTOR_LOGIN,
        "the server lets nobody in from the collector's address {part}",
        None,
        SITE + ", which writes a line for it, or add one to pg_hba.conf",
    ),
    _Explanation(
        r"(certificate verify failed|server certificate for .* does not match|root certificate file)",
        Kind.COLLECTOR_LOGIN,
        "the collector does not trust the server's certificate",
        None,
        "give the collector's user the certificate authority (~/.postgresql/root.crt, or PGSSLROOTCERT), and register"
        " the server by a name that its certificate has",
        "",
    ),
    _Explanation(
        r"(the database system is (?:starting up|shutting down|in recovery mode|not yet accepting connections))",
        Kind.COLLECTOR_NOT_CONNECTED,
        "the server accepts no connections at the moment",
        None,
        "wait until PostgreSQL there has started: the collector tries again; look into its log if it does not start",
        "",
    ),
    # libpq adds that the server has closed the connection.
    _Explanation(
        r"due to (statement timeout|idle-in-transaction timeout|transaction timeout|idle-session timeout)",
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed: {error}",
        "the {part} of the server, its repository, a database or a role is shorter than a snapshot takes",
        "set that to 0 for the role that the collector logs in as (ALTER ROLE ... SET), or make the query of the"
        " datasource faster",
        "",
    ),
    _Explanation(
        r"(SSL connection has been closed unexpectedly|terminating connection due to)",
        Kind.COLLECTOR_NOT_CONNECTED,
        "the server, or its repository, has ended the collector's session",
        None,
        "look into PostgreSQL's log there: a setting of the role, such as transaction_timeout or"
        " idle_in_transaction_session_timeout, may be shorter than a snapshot takes (ALTER ROLE ... SET ... = 0)",
        "",
    ),
    _Explanation(
        r"(Connection refused|timeout expired|No route to host|server closed the connection)",
        Kind.COLLECTOR_NOT_CONNECTED,
        "the collector cannot reach the server",
        None,
        "start PostgreSQL there, and check its listen_addresses (powa_listen_addresses), port (powa_port) and firewall",
        "",
    ),
    _Explanation(
        r"Incompatible PoWA version[^(]*\((\d+[.]\d+)",
        Kind.POWA_VERSION,
        "PoWA of the server is of another major.minor than {part} of its repository",
        None,
        "install the same PoWA on both (powa_install_method, powa_source), and update the extension",
        "",
    ),
    _Explanation(
        r"Extension (\S+) is not installed on the the remote",
        Kind.EXTENSION_MISSING,
        "extension {part} is active for the server and not installed there",
        None,
        # It says so of external ones only.
        cure_of_missing(EXTERNAL[0]),
    ),
    _Explanation(
        r"Extension (\S+) is not installed on the the repository",
        Kind.EXTENSION_MISSING,
        "extension {part} is active for the server and not installed on the repository",
        None,
        SITE + " with powa_stats_extensions naming it, or create it there with module pgfleet.powa.extensions",
        on_repository("{part}"),
    ),
    _Explanation(
        r"(pg_qualstats|pg_stat_kcache|pg_track_settings|pg_wait_sampling)\w*\"?.*(?:does not exist|near \"[.]\")",
        Kind.EXTENSION_MISSING,
        "extension {part} is active for the server and not installed there, or on the repository",
        None,
        cure_of_missing(""),
    ),
    _Explanation(
        r"(No space left on device)",
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed: {error}",
        "the disk of the server or of its repository is full",
        "free space there; the next snapshot takes what this one could not",
        "",
    ),
    _Explanation(
        r'duplicate key value violates unique constraint "powa_(catalog_\w+)_pkey"',
        Kind.SNAPSHOT_ERRORS,
        "every snapshot fails to store {part}: {error}",
        "rows that an earlier copy of the server's catalog has left are twice in the transient table of the repository,"
        " and PoWA 5 never removes them itself",
        "on the repository: {cure}; the next copy of the catalog fills it again",
    ),
    _Explanation(
        r"canceling statement due to (lock) timeout",
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed: {error}",
        "another session held a lock for longer than the collector waits",
        "none if it is rare, since the next snapshot takes what this one could not; else find that session in pg_locks",
        "",
    ),
    _Explanation(
        r"cannot execute (\w+(?: \w+)*) in a (?:read-only|READ ONLY) transaction",
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed: {error}",
        "the role that the collector logs in as, its database or the server has default_transaction_read_only,"
        " or the server is a standby",
        "ALTER ROLE ... IN DATABASE ... SET default_transaction_read_only = off for that role; leave out query_cleanup"
        " where it would write on a standby",
        "",
    ),
    _Explanation(
        r'datasource data (pg_stat_statements): invalid byte sequence for encoding "UTF8"',
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed: {error}",
        "{part} has a query with text that is not UTF-8, of a database without an encoding (SQL_ASCII), and so shows"
        " no query at all",
        "have the clients of that database send UTF-8, and forget its queries: SELECT pg_stat_statements_reset(0, oid)"
        " FROM pg_database WHERE pg_encoding_to_char(encoding) = 'SQL_ASCII'",
    ),
    _Explanation(
        r'(invalid byte sequence for encoding "UTF8")',
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed: {error}",
        "a database of the server has no encoding (SQL_ASCII), and has text that is not UTF-8",
        "correct that text, or restore a dump of the database into one with the encoding that its text has; a"
        " datasource with scope database can leave the database out (databases)",
        "",
    ),
    _Explanation(
        r'(?:has no equivalent in encoding|conversion function for encoding "[^"]*" to) "((?!UTF8")[^"]*)"',
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed: {error}",
        "the encoding {part} of PoWA's database, on the server or its repository, has no character for a text",
        "use databases with encoding UTF8 for PoWA",
        "",
    ),
    _Explanation(
        r'in encoding "([^"]*)" has no equivalent in encoding "UTF8"',
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed: {error}",
        "a database of the server has encoding {part}, and text with a byte that is not a character of it",
        "correct that text; a datasource with scope database can leave the database out (databases)",
        "",
    ),
    _Explanation(
        r"permission denied for \w+ (\S+)",
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed at {part}: {error}",
        "the role that the collector logs in as has no right to it",
        SITE + ", which gives powa_monitoring_role and powa_collector_role their rights",
    ),
    _Explanation(
        r"null value in column .\w+. of relation .(powa_\w+_src_tmp).",
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed: {error}",
        "the server returns no value there: the role that the collector logs in as is not a member of"
        " pg_read_all_stats, or the query of the datasource returns NULL for a key",
        "GRANT pg_read_all_stats to that role (" + SITE + "), or declare the key as nullable",
    ),
    _Explanation(
        r"(?:relation|function) \"?(\S+?)\"?(?:\(integer\))? does not exist",
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed at {part}: {error}",
        "the server or its repository lacks objects of the datasource",
        SITE + ", for the server and for its repository",
    ),
    _Explanation(
        r"(extra data after last expected column|missing data for column)",
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed: {error}",
        "the source function of the server and the transient table of the repository have different columns",
        SITE + ", for the server and for its repository",
        "",
    ),
    _Explanation(
        r"Could not lock the (powa_snapshot_metas)",
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed: {error}",
        "another snapshot of the server was running, such as one by hand, or a second collector works for it",
        "leave one collector for each repository; the next snapshot takes what this one could not",
    ),
    _Explanation(
        r"()",
        Kind.SNAPSHOT_ERRORS,
        "the last snapshot failed: {error}",
        "the statement that it names fails on the server or on its repository",
        "run that statement by hand; module pgfleet.powa.snapshot shows what is left",
        "",
    ),
)

#: Where PoWA and its collector name the object at which a snapshot failed.
_OBJECTS = re.compile(
    r'Error while calling (?:SELECT )?(?:"?\w+"?[.])*"?(\w+)|retrieving datasource data (\w+)|function "([^"]+)" failed'
)


def _explain(text: str) -> Tuple[_Explanation, str]:
    """Return what an error means; the last explanation fits all."""
    for explanation in _EXPLANATIONS:
        match = re.search(explanation.pattern, text)
        if match:
            return explanation, match.group(1)
    raise AssertionError("the last pattern matches everything")


def _subject(explanation: _Explanation, part: str, text: str) -> Optional[str]:
    if explanation.subject:
        return explanation.subject.format(part=part)
    match = _OBJECTS.search(text) if explanation.kind is Kind.SNAPSHOT_ERRORS else None
    return match.group(match.lastindex or 0) if match else None


#: PoWA's tables of a catalog are called by the plural in two cases, and their transient tables never.
_SINGULAR = {"catalog_databases": "catalog_database", "catalog_roles": "catalog_role"}


def _delete_leftovers(catalog: str, schema: Optional[str], srvid: int) -> str:
    return "DELETE FROM {0}.powa_{1}_src_tmp WHERE srvid = {2}".format(schema, _SINGULAR.get(catalog, catalog), srvid)


def shown(error: str) -> str:
    """Return an error in one line, without those in which PostgreSQL repeats the statement, and each once."""
    lines = re.split(r"\n(?:LINE|HINT|QUERY|CONTEXT|DETAIL)\b", error)[0].splitlines()
    return " ".join(" ".join(dict.fromkeys(line.strip() for line in lines)).split())


def is_explained(server: Mapping[str, Any]) -> bool:
    """Whether the errors of a server say why its worker does not run."""
    return any(_explain(shown(error))[0].kind is not Kind.SNAPSHOT_ERRORS for error in server["errors"])


def error_problems(found: Found) -> Iterator[Problem]:
    """Return a problem for each thing that the errors are about which PoWA has recorded of a server."""
    for server in found["servers"]:
        # The first error decides what is said of its subject, and all of them are shown.
        explained: Dict[Tuple[Kind, Optional[str]], Tuple[_Explanation, str]] = {}
        texts: Dict[Tuple[Kind, Optional[str]], List[str]] = {}
        for text in dict.fromkeys(map(shown, server["errors"])):
            explanation, part = _explain(text)
            key = (explanation.kind, _subject(explanation, part, text))
            explained.setdefault(key, (explanation, part))
            texts.setdefault(key, []).append(text)
        for (kind, subject), (explanation, part) in explained.items():
            error = "; ".join(texts[kind, subject])
            cure = _delete_leftovers(part, found["powa_schema"], server["srvid"])
            yield Problem(
                kind,
                explanation.problem.format(part=part, error=error),
                (explanation.cause or "the last snapshot says: {error}").format(part=part, error=error),
                explanation.cure.format(cure=cure),
                server["name"],
                subject=subject,
            )
