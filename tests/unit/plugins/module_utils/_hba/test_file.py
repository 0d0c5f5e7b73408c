# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError
from ansible_collections.pgfleet.powa.plugins.module_utils._hba import file as disk


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "pg_hba.conf"
    found.write_bytes(b"a\r\n\xff\n")
    found.chmod(0o640)
    os.utime(found, ns=(1, 2))
    return found


def test_a_file_is_replaced_as_a_whole(path):
    text = disk.read_text(str(path))
    before = path.stat()
    disk.replace_text(str(path), text + "b\n")
    after = path.stat()
    assert path.read_bytes() == b"a\r\n\xff\nb\n"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino and after.st_mtime_ns > before.st_mtime_ns
    assert os.listdir(path.parent) == ["pg_hba.conf"]


def test_a_link_stays_one(path, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)
    disk.replace_text(str(link), "b\n")
    assert link.is_symlink() and path.read_text() == "b\n"


TEXT = "a\r\n\udcff\n"


def refuse(code):
    """Return a function that fails."""

    def fail(*_arguments, **_options):
        raise OSError(code, "refused")

    return fail


def test_a_file_is_put_back_as_it_was(path, tmp_path):
    link, inode = tmp_path / "link", path.stat().st_ino
    link.symlink_to(path)
    kept = disk.Kept(str(link), TEXT)
    disk.replace_text(str(link), "b\n")
    kept.put_back("b\n")
    kept.forget()
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (inode, 2)
    assert path.read_bytes() == b"a\r\n\xff\n" and sorted(os.listdir(tmp_path)) == ["link", "pg_hba.conf"]


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("in_place", [True, False])
def test_a_file_is_put_back_where_the_disk_is_full(path, tmp_path, monkeypatch, links, in_place):
    if not links:
        monkeypatch.setattr(os, "link", refuse(errno.EPERM))
    kept = disk.Kept(str(path), TEXT)
    if in_place:
        path.write_text("half of what is lon")
    else:
        disk.replace_text(str(path), "long and new\n")
    monkeypatch.setattr(disk.tempfile, "mkstemp", refuse(errno.ENOSPC))
    monkeypatch.setattr(os, "utime", refuse(errno.EPERM))
    kept.put_back(None if in_place else "long and new\n")
    kept.forget()
    assert path.read_bytes() == b"a\r\n\xff\n" and os.listdir(tmp_path) == ["pg_hba.conf"]


def test_a_file_that_was_never_written_is_left(path):
    kept = disk.Kept(str(path), TEXT)
    kept.put_back()
    kept.forget()
    assert path.read_bytes() == b"a\r\n\xff\n" and path.stat().st_mtime_ns == 2


def test_what_somebody_else_writes_is_left(path):
    with pytest.raises(PowaError) as caught:
        disk.Kept(str(path), "other")
    assert str(caught.value) == (
        "file {0} was changed by somebody else while the task ran: run the task again".format(path)
    )
    kept = disk.Kept(str(path), TEXT)
    path.write_text("theirs")
    with pytest.raises(PowaError, match="is left as somebody else has written it meanwhile"):
        kept.put_back("ours")
    kept.forget()
    assert path.read_text() == "theirs"


def test_a_file_that_cannot_be_put_back_stays_beside(path, tmp_path, monkeypatch):
    kept = disk.Kept(str(path), TEXT)
    disk.replace_text(str(path), "b\n")
    monkeypatch.setattr(os, "replace", refuse(errno.EIO))
    with pytest.raises(PowaError, match="cannot be put back .refused.: the old file is ") as caught:
        kept.put_back("b\n")
    kept.forget()
    (old,) = (each for each in tmp_path.iterdir() if each != path)
    assert str(old) in str(caught.value) and old.read_bytes() == b"a\r\n\xff\n"


def test_a_file_that_can_be_written_nowhere(path, monkeypatch):
    monkeypatch.setattr(os, "link", refuse(errno.EPERM))
    kept = disk.Kept(str(path), TEXT)
    path.write_text("half")
    for name in ("_replace", "_overwrite"):
        monkeypatch.setattr(disk, name, refuse(errno.EIO))
    with pytest.raises(PowaError, match="cannot be put back .refused.: correct that"):
        kept.put_back()


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_folder_that_takes_no_other_file(path, monkeypatch, code):
    def refuse(**_options):
        raise OSError(code, "refused")

    monkeypatch.setattr(disk.tempfile, "mkstemp", refuse)
    inode = path.stat().st_ino
    disk.replace_text(str(path), "b\n")
    assert path.read_text() == "b\n" and path.stat().st_ino == inode


def test_a_file_that_cannot_be_put_into_its_place_leaves_nothing(path, monkeypatch):
    def refuse(*_paths):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PowaError) as caught:
        disk.replace_text(str(path), "b\n")
    assert str(caught.value) == (
        "file {0} cannot be written (No space left on device): correct that, and run the task again".format(path)
    )
    assert os.listdir(path.parent) == ["pg_hba.conf"] and path.read_bytes() == b"a\r\n\xff\n"


def test_a_file_that_is_not_there_or_cannot_be_read(tmp_path):
    with pytest.raises(PowaError) as caught:
        disk.read_text(str(tmp_path / "none"))
    assert str(caught.value) == (
        "file {0}/none of the server is not on this host: run the task on the host of the server".format(tmp_path)
    )
    with pytest.raises(PowaError) as caught:
        disk.read_text(str(tmp_path))
    assert str(caught.value).startswith("file {0} cannot be read (Is a directory): correct that".format(tmp_path))
