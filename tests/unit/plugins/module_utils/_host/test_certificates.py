# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._host import certificates
from ansible_collections.pgfleet.powa.plugins.module_utils._host.certificates import Certificates
from ansible_collections.pgfleet.powa.plugins.module_utils._host.commands import Answer
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.fakes import host_of, refuse
from ansible_collections.pgfleet.powa.tests.unit.plugins.module_utils._host.pki import make_authority, make_certificate

CA, CERTIFICATE, KEY = "/ca.crt", "/client.crt", "/client.key"
#: A user that every host has.
USER = "nobody"


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    make_authority(folder)
    make_certificate(folder, "client", "powa_monitor")
    make_certificate(folder, "expired", "powa_monitor", days=0)
    return folder


def wanted(user=USER, ca=CA, certificate=CERTIFICATE, key=KEY):
    return {"user": user, "ca": ca, "certificate": certificate, "key": key}


def read(host, *asked):
    return certificates.finish_reading(host, asked, certificates.start_reading(host, asked))


def printed(folder, *paths):
    return "".join("{0}{1}\n".format(folder, path) for path in paths)


def test_files_that_can_be_used(pki):
    host, programs = host_of(pki, runuser=printed(pki, CA, CERTIFICATE, KEY))
    found = read(host, wanted())[USER]
    assert (found.unreadable, found.problems, found.common_name) == ([], {}, "powa_monitor")
    assert list(found.dates) == [CA, CERTIFICATE]
    ((command, _text, _variables),) = programs.calls
    assert command[:5] == ["runuser", "-u", USER, "--", "sh"] and command[-1] == str(pki) + KEY


def test_what_the_user_cannot_read(pki):
    host, _programs = host_of(pki, runuser=printed(pki, CA))
    assert read(host, wanted())[USER].unreadable == [CERTIFICATE, KEY]


@pytest.mark.parametrize("answer", [Answer(1, "", "runuser: no"), Answer(127, "", "")])
def test_nobody_could_try(pki, answer):
    host, _programs = host_of(pki, runuser=answer)
    assert read(host, wanted())[USER].unreadable is None


def test_a_user_that_does_not_exist_yet_or_is_somebody_else(pki):
    for user, reads in (("pgfleet-nobody", "root"), (USER, "postgres")):
        host, programs = host_of(pki, user=reads)
        assert read(host, wanted(user=user))[user].unreadable is None and programs.calls == []


def test_a_user_tries_its_own_files(pki):
    host, programs = host_of(pki, user=USER, sh=printed(pki, CA, CERTIFICATE, KEY))
    assert read(host, wanted())[USER].unreadable == [] and programs.names == ["sh"]


def test_files_that_do_not_exist_are_left_out(pki):
    host, _programs = host_of(pki, runuser="")
    assert read(host, wanted(ca="/none", certificate="/none.crt", key="/none.key"))[USER] == Certificates([])
    assert read(host, wanted(ca=None, certificate=None, key=None))[USER] == Certificates()
    assert read(host) == {}


def test_what_is_wrong_with_their_contents(pki):
    host, _programs = host_of(pki, runuser="")
    found = read(host, wanted(ca=KEY, certificate="/expired.crt"))[USER]
    assert found.problems == {KEY: "other key", "/expired.crt": "expired"}
    assert list(found.dates) == ["/expired.crt"]
    assert read(host, wanted(certificate=KEY))[USER].problems == {KEY: "no certificate"}


def test_what_the_reader_cannot_open(pki, monkeypatch):
    host, _programs = host_of(pki, runuser="")
    refuse(monkeypatch, "open", KEY)
    assert KEY not in read(host, wanted())[USER].problems
    assert host.unseen.sentences == ("the content of /client.key: permission denied (run as root)",)
