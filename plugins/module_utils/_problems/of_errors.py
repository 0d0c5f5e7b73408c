# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What errors of snapshots mean, as PoWA and its collector record them."""

from __future__ import annotations

import re
from typing import Any, Iterator, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._problems.problem import (
    EXTERNAL,
    SITE,
    Found,
    Problem,
    cure_of_missing,
)


class _Explanation(NamedTuple):
    """What a recorded error means. C({0}) is what the pattern has in parentheses.

    :param cause: None where the error itself is the cause of something that is worth a problem of its own
    """

    pattern: str
    kind: str
    problem: str
    cause: Optional[str]
    cure: str


_ERRORS = "snapshot_errors"
_EXPLANATIONS = (
    _Explanation(
        r'could not translate host name "([^"]*)"',
        "hostname_unresolved",
        'the collector\'s host can not resolve "{0}"',
        None,
        "make the name known there (DNS or /etc/hosts), or register an address: powa_host",
    ),
    _Explanation(
        r'(?:authentication failed for user|role) "([^"]*)"(?= does not exist| is not permitted to log in|)',
        "collector_login",
        'the collector can not log in to the server as "{0}"',
        None,
        "set powa_monitoring_password of the server as its role has it, and " + SITE,
    ),
    _Explanation(
        r"(no password supplied)",
        "collector_login",
        "the collector has no password for the server",
        None,
        "set powa_monitoring_password, and " + SITE + ", which writes the collector's password file",
    ),
    _Explanation(
        r'no pg_hba\.conf entry for host "([^"]*)"',
        "collector_login",
        "the server lets nobody in from the collector's address {0}",
        None,
        SITE + ", which writes a line for it, or add one to pg_hba.conf",
    ),
    _Explanation(
        r"(Connection refused|timeout expired|No route to host|server closed the connection)",
        "collector_not_connected",
        "the collector can not reach the server",
        None,
        "start PostgreSQL there, and check its listen_addresses (powa_listen_addresses), port (powa_port) and firewall",
    ),
    _Explanation(
        r"Incompatible PoWA version[^(]*\((\d+[.]\d+)",
        "powa_version",
        "PoWA of the server is of another major.minor than {0} of its repository",
        None,
        "install the same PoWA on both (powa_install_method, powa_source), and update the extension",
    ),
    _Explanation(
        r"Extension (\S+) is not installed on the the remote",
        "extension_missing",
        "extension {0} is active for the server and not installed there",
        None,
        # It says so of external ones only.
        cure_of_missing(EXTERNAL[0]),
    ),
    _Explanation(
        r"Extension (\S+) is not installed on the the repository",
        "extension_missing",
        "extension {0} is active for the server and not installed on the repository",
        None,
        SITE + " with powa_stats_extensions naming it, or create it there with module pgfleet.powa.extensions",
    ),
    _Explanation(
        r"(pg_qualstats|pg_stat_kcache|pg_track_settings|pg_wait_sampling)\w*\"?.*(?:does not exist|near \"[.]\")",
        "extension_missing",
        "extension {0} is active for the server and not installed there, or on the repository",
        None,
        cure_of_missing(""),
    ),
    _Explanation(
        r"permission denied for \w+ (\S+)",
        _ERRORS,
        "the last snapshot failed at {0}: {1}",
        "the role that the collector logs in as has no right to it",
        SITE + ", which gives powa_monitoring_role and powa_collector_role their rights",
    ),
    _Explanation(
        r"null value in column .(\w+). of relation .powa_\w+_src_tmp.",
        _ERRORS,
        "the last snapshot failed: {1}",
        "the server returns no value there: the role that the collector logs in as is no member of pg_read_all_stats,"
        " or the query of the datasource returns NULL for a key",
        "GRANT pg_read_all_stats to that role (" + SITE + "), or declare the key as nullable",
    ),
    _Explanation(
        r"(?:relation|function) \"?(\S+?)\"?(?:\(integer\))? does not exist",
        _ERRORS,
        "the last snapshot failed at {0}: {1}",
        "the server or its repository lacks a side of the datasource",
        SITE + ", for the server and for its repository",
    ),
    _Explanation(
        r"(extra data after last expected column|missing data for column)",
        _ERRORS,
        "the last snapshot failed: {1}",
        "the source function of the server and the transient table of the repository have other columns",
        SITE + ", for the server and for its repository",
    ),
    _Explanation(
        r"Could not lock the (powa_snapshot_metas)",
        _ERRORS,
        "the last snapshot failed: {1}",
        "another snapshot of the server was running, such as one by hand, or a second collector works for it",
        "see that there is one collector for each repository; the next snapshot takes what this one has not",
    ),
    _Explanation(
        r"()",
        _ERRORS,
        "the last snapshot failed: {1}",
        "the statement that it names fails on the server or on its repository",
        "run that statement by hand; module pgfleet.powa.snapshot shows what is left",
    ),
)


def _explain(text: str) -> Tuple[_Explanation, str]:
    """Return what an error means; the last explanation fits all."""
    for explanation in _EXPLANATIONS:
        match = re.search(explanation.pattern, text)
        if match:
            return explanation, match.group(1)
    raise AssertionError("the last pattern matches everything")


def shown(error: str) -> str:
    """Return an error in one line, without those in which PostgreSQL repeats the statement, and each once."""
    lines = re.split(r"\n(?:LINE|HINT|QUERY|CONTEXT|DETAIL)\b", error)[0].splitlines()
    return " ".join(" ".join(dict.fromkeys(line.strip() for line in lines)).split())


def is_explained(server: Mapping[str, Any]) -> bool:
    """Whether the errors of a server say why its worker does not run."""
    return any(_explain(shown(error))[0].kind != _ERRORS for error in server["errors"])


def error_problems(found: Found) -> Iterator[Problem]:
    """Return a problem for each error that PoWA has recorded of a server."""
    for server in found["servers"]:
        for error in server["errors"]:
            text = shown(error)
            explanation, part = _explain(text)
            yield Problem(
                explanation.kind,
                explanation.problem.format(part, text),
                explanation.cause or "the last snapshot says: {0}".format(text),
                explanation.cure,
                server["name"],
            )
