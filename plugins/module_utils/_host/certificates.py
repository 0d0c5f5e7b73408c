# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and keys with which programs log in to PostgreSQL, and what keeps the programs from using them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Running
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host
from ansible_collections.pgfleet.powa.plugins.module_utils._host.users import user_exists

#: The options that name a file.
_FILES = ("ca", "certificate", "key")
#: Prints the files that its user can read.
_READABLE = 'for file do test -r "$file" && printf "%s\\n" "$file"; done; exit 0'


@dataclass(frozen=True)
class Certificates:
    """The files of one user. Those that do not exist are left out.

    :param unreadable: those that the user cannot read; None if the user does not exist, or nobody could try
    :param problems: path -> what is wrong with what the file holds
    :param dates: path of certificates -> when they expire, or become valid if that is yet to come
    :param common_name: of the certificate's owner, or an empty text
    """

    unreadable: Optional[List[str]] = None
    problems: Dict[str, str] = field(default_factory=dict)
    dates: Dict[str, str] = field(default_factory=dict)
    common_name: str = ""


def start_reading(host: Host, wanted: Sequence[Mapping[str, Any]]) -> List[Optional[Running]]:
    """Start the programs that try, as each user, whether it can read its files."""
    return [_start(host, each["user"], _paths(each)) for each in wanted]


def finish_reading(
    host: Host, wanted: Sequence[Mapping[str, Any]], running: Sequence[Optional[Running]]
) -> Dict[str, Certificates]:
    """Return user -> what its files are good for."""
    found = {}
    for each, program in zip(wanted, running):
        present = [path for path in _paths(each) if _can_open(host, path)]
        answer = program.finish() if program else None
        readable = None if answer is None or answer.status else answer.out.split("\n")
        found[each["user"]] = Certificates(
            None if readable is None else [path for path in present if host.path(path) not in readable],
            *_contents(host, each, present),
        )
    return found


def _start(host: Host, user: str, paths: Sequence[str]) -> Optional[Running]:
    if not paths or not (host.is_root or host.user == user) or not user_exists(user):
        return None
    command = ["sh", "-c", _READABLE, "sh", *map(host.path, paths)]
    return host.start(command if host.user == user else ["runuser", "-u", user, "--", *command])


def _paths(wanted: Mapping[str, Any]) -> List[str]:
    return [wanted[name] for name in _FILES if wanted[name]]


def _can_open(host: Host, path: str) -> bool:
    try:
        with open(host.path(path), "rb"):
            return True
    except FileNotFoundError:
        return False
    except OSError as error:
        host.unseen.refused("the content of " + path, error)
        return False


def _contents(host: Host, wanted: Mapping[str, Any], present: Sequence[str]) -> Any:
    """Return problems, dates and the common name."""
    if not present:
        return {}, {}, ""
    # Few hosts have such files, so only those pay for the import of Python's ssl.
    from ansible_collections.pgfleet.powa.plugins.module_utils._host import x509

    ca, certificate, key = (wanted[name] if wanted[name] in present else None for name in _FILES)
    found = {}
    if ca:
        found[ca] = x509.read_authorities(host.path(ca))
    if certificate:
        found[certificate] = x509.read_certificate(host.path(certificate))
    problems = {path: each.problem for path, each in found.items() if each.problem}
    if certificate and key and problems.get(certificate) != x509.NO_CERTIFICATE:
        problem = x509.key_problem(host.path(certificate), host.path(key))
        problems.update({key: problem} if problem else {})
    dates = {path: each.date for path, each in found.items() if each.date}
    return problems, dates, found[certificate].name if certificate else ""
