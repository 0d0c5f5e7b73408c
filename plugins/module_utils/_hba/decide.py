# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lines of pg_hba.conf, one after another, make of a login."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from ansible_collections.pgfleet.powa.plugins.module_utils._hba.match import (
    SSL,
    Client,
    Line,
    Match,
    Server,
    how_far,
    kinds_of,
    lets_in,
    login_matches,
    needed_kinds,
    network_of_line,
    networks_of,
)
from ansible_collections.pgfleet.powa.plugins.module_utils._hba.rules import Rule

#: Values of the option clientcert that ask for no certificate.
_NO_CERTIFICATE = ("0", "no-verify")


@dataclass(frozen=True)
class Decision:
    """What becomes of a login.

    :param admitting: the line that lets it in, or None
    :param only: what a client has to have for that line, beyond what the rule says, or an empty text
    :param blocked: the line before which a new one has to go, or None if that may go to the end of the file
    :param partly: the lines that keep a part of what the rule wants out, or may do so
    """

    rule: Rule
    admitting: Optional[Line]
    blocked: Optional[Line] = None
    partly: Tuple[Line, ...] = ()
    only: str = ""


def decide(rule: Rule, client: Client, server: Server) -> Decision:
    """Return what the lines of a server make of a login: of each kind of connection, the first that matches decides.

    A line that asks for more than the rule, such as a client certificate, counts if no other lets the login in.
    """
    course = _Course(rule, client)
    stricter: Optional[Tuple[Line, str]] = None
    for line in server.lines:
        # PostgreSQL also shows an error of a line that it has loaded and that can never match.
        far = Match.NONE if line["error"] else how_far(line, rule, client, server)
        if far == Match.NONE:
            continue
        for admitting, kind in course.take(line, far, login_matches(line, rule, server)):
            only = _only(admitting, kind, rule)
            if not only:
                return Decision(rule, admitting, None, tuple(course.partly))
            stricter = stricter or (admitting, only)
    if stricter:
        return Decision(rule, stricter[0], None, tuple(course.partly), stricter[1])
    return Decision(rule, None, course.blocked, tuple(course.partly))


class _Course:
    """What the lines so far have decided.

    Several lines can decide a login together, such as one for all IPv4 and one for all IPv6 addresses.
    """

    def __init__(self, rule: Rule, client: Client) -> None:
        self.partly: List[Line] = []
        self._rule = rule
        self._undecided: Dict[str, List[Any]] = {kind: networks_of(client) for kind in kinds_of(rule.contype)}
        #: Kind -> the first line that lets a part of it in, or keeps a part of it out.
        self._admitting: Dict[str, Line] = {}
        self._keeping_out: Dict[str, Line] = {}
        #: Kind -> the line before which a new one has to go.
        self._blocking: Dict[str, Line] = {}

    def take(self, line: Line, far: Match, for_login: Match) -> List[Tuple[Line, str]]:
        """Take the next line. Return each line that lets in a kind of connection which is decided now, with the kind.

        :param far: how much of the login the line is for
        :param for_login: the same, whatever its address
        """
        kinds = [kind for kind in sorted(kinds_of(line["type"])) if self._undecided.get(kind)]
        admits = lets_in(self._rule.method, line["method"])
        if kinds and far == Match.SOME and not admits:
            self.partly.append(line)
        if far == Match.SOME and (for_login != Match.ALL or network_of_line(line) is None):
            return []
        found = []
        for kind in kinds:
            (self._admitting if admits else self._keeping_out).setdefault(kind, line)
            self._undecided[kind] = [] if far == Match.ALL else _without(self._undecided[kind], network_of_line(line))
            if self._undecided[kind]:
                continue
            if admits or (far == Match.SOME and kind in self._admitting):
                found.append((self._admitting[kind], kind))
            else:
                self._blocking[kind] = line if far == Match.ALL else self._keeping_out[kind]
        return found

    @property
    def blocked(self) -> Optional[Line]:
        """The line before which a new one has to go, or None.

        What keeps only clear text out is not in the way of a login with encryption, and stays before the new line.
        """
        needed = needed_kinds(self._rule.contype)
        if not needed <= set(self._blocking):
            return None
        return self._blocking[SSL if SSL in needed else min(needed)]


def _only(line: Line, kind: str, rule: Rule) -> str:
    """Return what a client has to have for a line, beyond what the rule says."""
    if kind not in needed_kinds(rule.contype):
        return "encryption by GSSAPI, that is, a ticket of Kerberos"
    if rule.method == "cert":
        return ""
    for option in line["options"]:
        name, _equals, value = option.partition("=")
        if name == "clientcert" and value not in _NO_CERTIFICATE:
            return "a client certificate ({0})".format(option)
    return ""


def _without(networks: Iterable[Any], taken: Any) -> List[Any]:
    """Return what is left of networks."""
    left: List[Any] = []
    for network in networks:
        if network.version != taken.version or not network.overlaps(taken):
            left.append(network)
        elif network.prefixlen < taken.prefixlen:
            left += network.address_exclude(taken)
    return left


def first_of(lines: Sequence[Optional[Line]], server: Server) -> Optional[Line]:
    """Return the line that comes first in the file, or None."""
    wanted = [id(line) for line in lines]
    return next((line for line in server.lines if id(line) in wanted), None)
