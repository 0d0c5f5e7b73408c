# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What could not be read on a host, and why."""

from __future__ import annotations

from typing import List, Sequence


class Unseen:
    """Collects one sentence for each thing that could not be read.

    :param cure: what to do where a right is missing, such as C(run as root)
    """

    def __init__(self, cure: str) -> None:
        self._cure = cure
        self._sentences: List[str] = []

    def add(self, what: str, why: str) -> None:
        """Note that something could not be read."""
        cure = " ({0})".format(self._cure) if _is_about_rights(why) else ""
        sentence = "{0}: {1}{2}".format(what, why, cure)
        if sentence not in self._sentences:
            self._sentences.append(sentence)

    def refused(self, what: str, error: OSError) -> None:
        """Note that the operating system refused something."""
        why = error.strerror or str(error)
        self.add(what, why[:1].lower() + why[1:])

    @property
    def sentences(self) -> Sequence[str]:
        """Everything that was noted, in this order."""
        return tuple(self._sentences)


def _is_about_rights(why: str) -> bool:
    return any(word in why.lower() for word in ("permission denied", "not permitted", "must be", "not seeing"))
