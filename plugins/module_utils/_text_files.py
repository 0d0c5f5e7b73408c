# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text files and folders of a host: compared with a list, checked as a whole, and then written one by one."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import re
import stat
import tempfile
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import unstorable_texts
from ansible_collections.pgfleet.powa.plugins.module_utils._host.files import holds_password

PRESENT, DIRECTORY, ABSENT = "present", "directory", "absent"
FILE, FOLDER, LINK, OTHER = "file", "folder", "link", "other"
#: What an entry has that says nothing else, or null.
_DEFAULTS = {"owner": "root", "group": "root", "mode": "0644", "state": PRESENT, "no_diff": False}
#: Of users and groups; the one after it means none.
_LAST_NUMBER = 2**32 - 2
#: Opens what is there, never what a link names, and never waits for the other end of a pipe.
_AS_IT_IS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Wanted:
    """A file or folder as the task declares it.

    :param content: None for a folder and for what should be gone
    :param mode: permission bits
    :param told: whether the diff may show the content
    """

    path: str
    state: str
    content: Optional[bytes]
    owner: str
    group: str
    mode: int
    told: bool

    @property
    def attributes(self) -> str:
        """The owner, group and mode as a line of a diff."""
        return _attributes(self.owner, self.group, self.mode)


class Found(NamedTuple):
    """What is at a path.

    :param kind: C(FILE), C(FOLDER), C(LINK) or C(OTHER)
    :param content: of a file
    :param identity: the numbers of the device and of the inode, by which it is known again
    """

    kind: str
    uid: int
    gid: int
    mode: int
    content: Optional[bytes]
    identity: Tuple[int, int]

    @property
    def attributes(self) -> str:
        """The owner, group and mode as a line of a diff."""
        return _attributes(_name(pwd.getpwuid, self.uid), _name(grp.getgrgid, self.gid), self.mode)


@dataclass(frozen=True)
class Change:
    """One file or folder that is not yet as wanted.

    :param found: None if nothing is there
    :param rewritten: whether the whole file is written, not only its owner, group and mode
    """

    wanted: Wanted
    found: Optional[Found]
    rewritten: bool

    @property
    def told(self) -> bool:
        """Whether a diff may show it. One that others have made may hold a password that nobody has declared."""
        contents = (self.wanted.content, self.found.content if self.found else None)
        return self.wanted.told and not any(content and holds_password(content) for content in contents)

    @property
    def summary(self) -> str:
        """The change as one line."""
        if self.wanted.state == ABSENT:
            return "remove {0}".format(self.wanted.path)
        if not self.rewritten:
            return "set the owner, group and mode of {0}".format(self.wanted.path)
        return "{0} {1}".format("create" if self.wanted.state == DIRECTORY else "write", self.wanted.path)

    def diff(self) -> Dict[str, str]:
        """Return what C(--diff) prints about it: the content where that changes, else the owner, group and mode."""
        return {
            "before_header": self.wanted.path,
            "after_header": self.wanted.path,
            "before": self._before(),
            "after": "" if self.wanted.state == ABSENT else self._describe(self.wanted),
        }

    def _before(self) -> str:
        if self.found is None:
            return ""
        return "symbolic link\n" if self.found.kind == LINK else self._describe(self.found)

    def _describe(self, file: Union[Wanted, Found]) -> str:
        if file.content is None or not self.rewritten:
            return file.attributes + "\n"
        return file.content.decode("utf-8", "replace")


class Plan(NamedTuple):
    """The changes in the order of the task, and what check mode takes for granted, one sentence each."""

    changes: List[Change]
    warnings: List[str]


def plan_files(entries: Sequence[Mapping[str, Any]], check_mode: bool) -> Plan:
    """Compare the files of a task with those of the host.

    :param entries: the option C(files)
    :raises ProblemsError: with everything that is wrong
    """
    planner = _Planner(check_mode)
    for entry in entries:
        planner.add({**_DEFAULTS, **{name: value for name, value in entry.items() if value is not None}})
    if planner.problems:
        raise ProblemsError("the files", planner.problems)
    return Plan(planner.changes, list(dict.fromkeys(planner.warnings)))


def apply(changes: Sequence[Change]) -> None:
    """Make the changes. A file is replaced as a whole, so that nobody reads a part of it.

    :raises PowaError: for the first one that fails
    """
    for change in changes:
        try:
            _apply(change)
        except OSError as error:
            raise PowaError(
                'file "{0}": Ansible cannot {1} it ({2}), and has left alone what follows it in the list: {3}'.format(
                    change.wanted.path, change.summary.split(" ")[0], error.strerror, _cure(error)
                )
            ) from error


def _cure(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return "run the task as root (become: true)"
    return "correct that, and run the task again"


def _apply(change: Change) -> None:
    wanted = change.wanted
    if wanted.state == ABSENT:
        os.unlink(wanted.path)
    elif wanted.state == PRESENT and change.rewritten:
        _write(wanted)
    elif change.found is None:
        os.mkdir(wanted.path, 0o700)
        _set_attributes_of(wanted, os.open(wanted.path, _AS_IT_IS | os.O_DIRECTORY), None)
    else:
        # A folder may be behind a link. It is known again by its numbers.
        flags = _AS_IT_IS if change.found.kind == FILE else (_AS_IT_IS & ~os.O_NOFOLLOW) | os.O_DIRECTORY
        _set_attributes_of(wanted, os.open(wanted.path, flags), change.found.identity)


class _Planner:
    """Checks and compares files in the order of the calls."""

    def __init__(self, check_mode: bool) -> None:
        self.changes: List[Change] = []
        self.problems: List[str] = []
        self.warnings: List[str] = []
        self._check_mode = check_mode
        self._states: Dict[str, str] = {}

    def add(self, entry: Mapping[str, Any]) -> None:
        """Add an entry of the task."""
        path = str(entry["path"])
        problem = self._wrong_path(path)
        if problem:
            self._refuse(path, problem)
            return
        self._states[path] = entry["state"]
        wanted, problems = _parse(entry)
        found = self._look(path)
        if wanted.state != ABSENT:
            self._check_account(wanted.path, "user", wanted.owner)
            self._check_account(wanted.path, "group", wanted.group)
            self._check_folder(path)
        problems += _wrong_kind(wanted, found)
        for problem in problems:
            self._refuse(path, problem)
        if not problems:
            self._compare(wanted, found)

    def _look(self, path: str) -> Optional[Found]:
        try:
            return _look(path)
        except OSError as error:
            self._refuse(path, "Ansible cannot read it ({0}): {1}".format(error.strerror, _cure(error)))
            return None

    def _refuse(self, path: str, problem: str) -> None:
        self.problems.append('file "{0}": {1}'.format(path, problem))

    def _refuse_or_warn(self, path: str, problem: str, cure: str) -> None:
        """Refuse what only check mode may take for granted, because an earlier task of the same run may bring it."""
        if self._check_mode:
            self.warnings.append(
                "{0}: check mode takes for granted that an earlier task of the run creates it".format(
                    problem[0].upper() + problem[1:]
                )
            )
        else:
            self._refuse(path, "{0}: {1}".format(problem, cure))

    def _wrong_path(self, path: str) -> Optional[str]:
        if any(unstorable_texts(path)):
            return "the path has a zero byte or a lone surrogate: give one without"
        if not os.path.isabs(path):
            return "the path is relative: give one that begins with a slash"
        if path != os.path.normpath(path) or path == "/" or path.startswith("//"):
            return "the path is not in its shortest form: give the path of a file without ., .. or double slashes"
        if path in self._states:
            return "it is in the list twice: give it once"
        return None

    def _check_account(self, path: str, kind: str, name: str) -> None:
        if _number(kind, name) is None:
            problem = '{0} "{1}" does not exist on this host'.format(kind, name)
            self._refuse_or_warn(path, problem, "create it first, or give another {0}".format(kind))

    def _check_folder(self, path: str) -> None:
        folder = os.path.dirname(path)
        if self._states.get(folder) == DIRECTORY or os.path.isdir(folder):
            return
        problem = "the folder {0} does not exist".format(folder)
        self._refuse_or_warn(path, problem, "list it with state directory before the file")

    def _compare(self, wanted: Wanted, found: Optional[Found]) -> None:
        if wanted.state == ABSENT:
            if found:
                self.changes.append(Change(wanted, found, True))
            return
        rewritten = not found or (wanted.state == PRESENT and found.content != wanted.content)
        if (
            rewritten
            or not found
            or (_number("user", wanted.owner), _number("group", wanted.group), wanted.mode)
            != (
                found.uid,
                found.gid,
                found.mode,
            )
        ):
            self.changes.append(Change(wanted, found, rewritten))


def _parse(entry: Mapping[str, Any]) -> Tuple[Wanted, List[str]]:
    state, content, problems = entry["state"], entry.get("content"), []
    if state == PRESENT and content is None:
        problems.append("it has no content: give one, which may be empty")
    if state != PRESENT and content:
        problems.append('it has a content, but state "{0}": give either'.format(state))
    data = None
    if state == PRESENT:
        try:
            data = (content or "").encode()
        except UnicodeEncodeError:
            problems.append("its content is not text in UTF-8: copy binary files with ansible.builtin.copy")
    mode = _mode(entry["mode"])
    if mode is None:
        problems.append('found mode "{0}", expected octal digits such as "0644"'.format(entry["mode"]))
    wanted = Wanted(entry["path"], state, data, entry["owner"], entry["group"], mode or 0, told=not entry["no_diff"])
    return wanted, problems


def _mode(given: Any) -> Optional[int]:
    """Return the mode; YAML reads 0644 without quotes as the number."""
    if isinstance(given, int) and not isinstance(given, bool):
        # Whoever writes 644 without quotes and without a zero means no 01204.
        is_decimal = 0o777 < given <= 777 and re.match(r"[0-7]{3}\Z", str(given))
        return given if 0 <= given <= 0o7777 and not is_decimal else None
    return int(given, 8) if re.match(r"[0-7]{3,4}\Z", str(given)) else None


def _wrong_kind(wanted: Wanted, found: Optional[Found]) -> List[str]:
    if found is None or (wanted.state == DIRECTORY and found.kind == FOLDER):
        return []
    if wanted.state == DIRECTORY and found.kind == LINK:
        return ["it is a symbolic link, but not to a folder or not made by root: remove it, or give another path"]
    if wanted.state == DIRECTORY:
        return ["it is not a folder: remove it, or give another path"]
    if found.kind == FOLDER:
        return ["it is a folder, and this module writes and removes files: remove the folder, or give another path"]
    if found.kind == OTHER:
        return ["it is neither a file nor a folder: give another path"]
    return []


def _look(path: str) -> Optional[Found]:
    """Return what is at a path.

    A link to a folder counts as the folder if root or the user of the module has made it, because in a folder that
    others can write they could make one to any folder of the host. Any other link is a link.
    """
    try:
        status = os.lstat(path)
        if stat.S_ISREG(status.st_mode):
            return _look_into(path)
        if stat.S_ISLNK(status.st_mode) and os.path.isdir(path) and status.st_uid in (0, os.geteuid()):
            status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _found(status, None)


def _look_into(path: str) -> Found:
    """Return the file at a path with its content; whoever can write its folder may have put another thing there."""
    with open(os.open(path, _AS_IT_IS), "rb") as file:
        status = os.fstat(file.fileno())
        return _found(status, file.read() if stat.S_ISREG(status.st_mode) else None)


def _found(status: os.stat_result, content: Optional[bytes]) -> Found:
    kind = {stat.S_IFREG: FILE, stat.S_IFDIR: FOLDER, stat.S_IFLNK: LINK}.get(stat.S_IFMT(status.st_mode), OTHER)
    mode = stat.S_IMODE(status.st_mode)
    return Found(kind, status.st_uid, status.st_gid, mode, content, (status.st_dev, status.st_ino))


def _name(look_up: Any, number: int) -> str:
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)


def _number(kind: str, name: str) -> Optional[int]:
    """Return the number of a user or group, which may also be given as a number."""
    try:
        return pwd.getpwnam(name).pw_uid if kind == "user" else grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        # ValueError: a zero byte or a lone surrogate.
        return int(name) if re.match(r"[0-9]+\Z", name) and int(name) <= _LAST_NUMBER else None


def _attributes(owner: str, group: str, mode: int) -> str:
    return "{0}:{1} {2:04o}".format(owner, group, mode)


def _write(wanted: Wanted) -> None:
    """Write a file beside the old one, and put it into its place.

    The new one has its owner and mode before it has any content, so that no one else can read a secret meanwhile.
    """
    descriptor, path = tempfile.mkstemp(prefix=".ansible-", dir=os.path.dirname(wanted.path))
    try:
        with os.fdopen(descriptor, "wb") as file:
            _set_attributes(wanted, descriptor)
            file.write(wanted.content or b"")
        os.replace(path, wanted.path)
    except BaseException:
        os.unlink(path)
        raise


def _set_attributes_of(wanted: Wanted, descriptor: int, identity: Optional[Tuple[int, int]]) -> None:
    """Set them, unless another thing has taken the place of what was looked at, and close the descriptor."""
    try:
        status = os.fstat(descriptor)
        if identity not in (None, (status.st_dev, status.st_ino)):
            raise OSError(errno.EBUSY, "somebody has replaced it meanwhile")
        _set_attributes(wanted, descriptor)
    finally:
        os.close(descriptor)


def _set_attributes(wanted: Wanted, descriptor: int) -> None:
    """Set the owner, group and mode of an open file or folder."""
    numbers = (_number("user", wanted.owner), _number("group", wanted.group))
    os.chown(descriptor, *(-1 if number is None else number for number in numbers))
    # A new owner takes the set-user-ID and set-group-ID bits away, so the mode comes last.
    os.chmod(descriptor, wanted.mode)
