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
        r'(?:authentication failed for user|role) "([^"]*)"',
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
        "the server or its repository lacks a side of the datasource",
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
            yield Problem(
                kind,
                explanation.problem.format(part=part, error=error),
                explanation.cause or "the last snapshot says: {0}".format(error),
                explanation.cure,
                server["name"],
                subject=subject,
            )
