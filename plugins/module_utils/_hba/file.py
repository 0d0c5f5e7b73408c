# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A configuration file on the disk: read, and replaced as a whole with the owner, mode and context that it had."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from typing import Optional

from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError

#: Why no file can be put beside another, or into its place, although the other can perhaps be written.
_ONLY_IN_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV)


def read_text(path: str) -> str:
    """Return a file of the server.

    :raises PowaError: when it is not there, or cannot be read
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError as error:
        raise PowaError(
            "file {0} of the server is not on this host: run the task on the host of the server".format(path)
        ) from error
    except OSError as error:
        raise _refused(path, "read", error) from error


def replace_text(path: str, text: str) -> None:
    """Write a file. Whoever reads it meanwhile gets the old or the new text as a whole.

    Where the folder takes no other file, it is written in its place.

    :raises PowaError: when it cannot be written
    """
    target, data = os.path.realpath(path), _bytes(text)
    try:
        try:
            _replace(target, data)
        except OSError as error:
            if error.errno not in _ONLY_IN_PLACE:
                raise
            _overwrite(target, data)
    except OSError as error:
        raise _refused(path, "written", error) from error


class Kept:
    """A file as it is before it is written, to be put back even where the disk is full.

    A second link keeps the old file, unless the folder takes none, or the file is written in its place. Then the old
    text is written over the new one, which is not shorter.

    :raises PowaError: when its text is another than expected
    """

    def __init__(self, path: str, text: str) -> None:
        if read_text(path) != text:
            raise PowaError("file {0} was changed by somebody else while the task ran: run the task again".format(path))
        self.path, self._text, self._target = path, text, os.path.realpath(path)
        status = os.stat(self._target)
        self._times = status.st_atime_ns, status.st_mtime_ns
        self._link = _link_beside(self._target)

    def put_back(self, ours: Optional[str] = None) -> None:
        """Put the file back, with the times that it had, so that it seems never to have been written.

        :param ours: what the task has written, or None if it has failed to do so
        :raises PowaError: when that fails, or somebody else has written the file since
        """
        found = read_text(self.path)
        if ours is not None and found != ours:
            raise PowaError("file {0} is left as somebody else has written it meanwhile".format(self.path))
        try:
            if self._link and not os.path.samefile(self._link, self._target):
                os.replace(self._link, self._target)
            elif found != self._text:
                _restore(self._target, _bytes(self._text))
            # Whoever may write the file of another user may not set its times.
            with contextlib.suppress(OSError):
                os.utime(self._target, ns=self._times)
        except OSError as error:
            raise self._lost(error) from error

    def _lost(self, error: OSError) -> PowaError:
        """Say where the old file is, which stays there."""
        if not self._link or os.path.samefile(self._link, self._target):
            return _refused(self.path, "put back", error)
        link, self._link = self._link, None
        return PowaError(
            "file {0} cannot be put back ({1}): the old file is {2}, so move that into its place".format(
                self.path, error.strerror, link
            )
        )

    def forget(self) -> None:
        """Remove the link, after the file was put back or has turned out right."""
        if self._link:
            with contextlib.suppress(OSError):
                os.unlink(self._link)


def _link_beside(path: str) -> Optional[str]:
    """Return a second name of a file in its folder, or None if that takes none."""
    link = os.path.join(os.path.dirname(path), ".ansible-{0}-{1}".format(os.getpid(), os.path.basename(path)))
    try:
        os.link(path, link)
    except OSError:
        return None
    return link


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _refused(path: str, what: str, error: OSError) -> PowaError:
    cure = "correct that, and run the task again"
    if error.errno in (errno.EACCES, errno.EPERM):
        cure = "run the task as the user who owns it (become_user: postgres)"
    return PowaError("file {0} cannot be {1} ({2}): {3}".format(path, what, error.strerror, cure))


def _replace(path: str, data: bytes) -> None:
    status = os.stat(path)
    descriptor, temporary = tempfile.mkstemp(prefix=".ansible-", dir=os.path.dirname(path))
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchown(descriptor, status.st_uid, status.st_gid)
            # With the mode come the context of SELinux and access control lists.
            shutil.copystat(path, temporary)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.utime(temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _restore(path: str, data: bytes) -> None:
    try:
        _replace(path, data)
    except OSError:
        _overwrite(path, data)


def _overwrite(path: str, data: bytes) -> None:
    with open(path, "r+b") as file:
        file.write(data)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
