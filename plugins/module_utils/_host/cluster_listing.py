# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists the clusters of a host, each family in its own way."""

from __future__ import annotations

import glob
import os
import re
from typing import List, Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._host import red_hat_clusters
from ansible_collections.pgfleet.powa.plugins.module_utils._host.clusters import Cluster, parse_listing
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import TOO_LONG, Answer, Running
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import Host
from ansible_collections.pgfleet.powa.plugins.module_utils._host.system import DEBIAN, RED_HAT, System

#: How pg_lsclusters begins a message, and what it takes for the folder of a version.
_ERROR = "Error: "
_VERSION = re.compile(r"\d+(?:\.\d+)?")
#: How a sentence names all clusters.
_ALL = "the clusters of PostgreSQL"


def start_listing(host: Host, system: System) -> Optional[Running]:
    """Start the program that lists the clusters, or the units that may run one."""
    if system.family == RED_HAT:
        return red_hat_clusters.start_units(host)
    return host.start(["pg_lsclusters", "-h"]) if system.family == DEBIAN else None


def finish_listing(host: Host, system: System, listing: Optional[Running], wanted_port: int) -> List[Cluster]:
    """Return the host's clusters.

    :param wanted_port: the port of the only cluster whose own nobody can tell
    """
    if listing is None:
        return []
    if system.family == RED_HAT:
        units = red_hat_clusters.finish_units(host, listing)
        return red_hat_clusters.read_clusters(host, system, units, wanted_port)
    return _listed(host, listing.finish())


def _listed(host: Host, answer: Answer) -> List[Cluster]:
    if not answer.status or answer.missing:
        return parse_listing(answer.out)
    if answer.status == TOO_LONG:
        host.unread_clusters.add(_ALL, answer.sentence)
        return []
    # It ends at the first cluster whose configuration it cannot read, without the others.
    paths = sorted(glob.glob(host.path("/etc/postgresql/*/*/postgresql.conf")))
    names = [tuple(path.split(os.sep)[-3:-1]) for path in paths]
    names = [(version, name) for version, name in names if _VERSION.fullmatch(version)]
    clusters = []
    listings = [host.start(["pg_lsclusters", "-h", version, name]) for version, name in names]
    for (version, name), listing in zip(names, listings):
        own = listing.finish()
        if own.status:
            why = own.sentence[len(_ERROR) :] if own.sentence.startswith(_ERROR) else own.sentence
            host.unread_clusters.add("the cluster {0}/{1}".format(version, name), why)
        clusters += parse_listing(own.out)
    if not host.unread_clusters.sentences:
        host.unread_clusters.add(_ALL, answer.sentence)
    return clusters
