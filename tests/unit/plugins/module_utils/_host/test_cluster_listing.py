# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._host.cluster_listing import finish_listing, start_listing
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import TOO_LONG, Answer
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, write
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.test_clusters import (
    DEBIAN,
    LISTING,
    OTHER,
    RED_HAT,
)


def test_debian_lists_its_clusters(tmp_path):
    host, programs = host_of(tmp_path, pg_lsclusters=LISTING)
    listing = start_listing(host, DEBIAN)
    assert programs.names == ["pg_lsclusters"]
    assert len(finish_listing(host, DEBIAN, listing, 5432)) == 4
    assert host.unseen.sentences == ()


def test_a_bare_host_has_no_clusters(tmp_path):
    host, _programs = host_of(tmp_path)
    assert finish_listing(host, DEBIAN, start_listing(host, DEBIAN), 5432) == []
    assert start_listing(host, OTHER) is None
    assert finish_listing(host, OTHER, None, 5432) == []
    assert host.unseen.sentences == ()


def test_one_cluster_that_cannot_be_read_does_not_hide_the_others(tmp_path):
    for name in ("15/broken", "15/main", "15.old/main"):
        write(tmp_path, "/etc/postgresql/{0}/postgresql.conf".format(name))
    broken = Answer(1, "", "Error: invalid line 816 in /etc/postgresql/15/broken/postgresql.conf: work_mem\n")
    host, programs = host_of(tmp_path, pg_lsclusters=[broken, broken, LISTING.split("\n")[1]])
    found = finish_listing(host, DEBIAN, start_listing(host, DEBIAN), 5432)
    assert [c.port for c in found] == [5433]
    assert [command[2:] for command, _text, _variables in programs.calls] == [[], ["15", "broken"], ["15", "main"]]
    said = "the cluster 15/broken: invalid line 816 in /etc/postgresql/15/broken/postgresql.conf: work_mem"
    assert host.unread_clusters.sentences == (said,) and host.unseen.sentences == ()


def test_a_listing_that_takes_too_long_is_not_repeated(tmp_path):
    write(tmp_path, "/etc/postgresql/15/main/postgresql.conf")
    host, programs = host_of(tmp_path, pg_lsclusters=Answer(TOO_LONG, "", "no answer within 60 seconds"))
    assert finish_listing(host, DEBIAN, start_listing(host, DEBIAN), 5432) == []
    assert host.unread_clusters.sentences == ("the clusters of PostgreSQL: no answer within 60 seconds",)
    assert len(programs.calls) == 1


def test_an_error_that_no_cluster_repeats_is_told(tmp_path):
    write(tmp_path, "/etc/postgresql/15/main/postgresql.conf")
    host, _programs = host_of(tmp_path, pg_lsclusters=[Answer(1, "", "Error: broken\n"), LISTING.split("\n")[1]])
    assert len(finish_listing(host, DEBIAN, start_listing(host, DEBIAN), 5432)) == 1
    assert host.unread_clusters.sentences == ("the clusters of PostgreSQL: Error: broken",)


def test_a_listing_that_fails_is_told(tmp_path):
    host, _programs = host_of(tmp_path, pg_lsclusters=Answer(1, "", "Error: broken\n"))
    assert finish_listing(host, DEBIAN, start_listing(host, DEBIAN), 5432) == []
    assert host.unread_clusters.sentences == ("the clusters of PostgreSQL: Error: broken",)


def test_the_rhel_family_asks_systemd(tmp_path):
    host, programs = host_of(tmp_path)
    assert finish_listing(host, RED_HAT, start_listing(host, RED_HAT), 5432) == []
    assert programs.names == ["systemctl"] and host.unseen.sentences == ()
