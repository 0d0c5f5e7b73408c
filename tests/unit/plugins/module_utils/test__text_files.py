# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a host, compared with a list and written."""

from __future__ import annotations

import grp
import os
import pwd

import pytest
from ansible_collections.pgfleet.powa.plugins.module_utils import _text_files
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._text_files import apply, plan_files

OWNER = pwd.getpwuid(os.getuid()).pw_name
GROUP = grp.getgrgid(os.getgid()).gr_name


def entry(path, content="text\n", **changes):
    return {
        "path": str(path),
        "content": content,
        "owner": OWNER,
        "group": GROUP,
        "mode": "0640",
        "state": "present",
        "no_diff": False,
        **changes,
    }


def folder(path, **changes):
    return entry(path, None, **{"mode": "0750", "state": "directory", **changes})


def gone(path):
    return entry(path, None, state="absent")


def run(*entries):
    """Plan, check that a plan alone writes nothing, and make the changes."""
    plan = plan_files(entries, False)
    assert [change.diff() for change in plan.changes] == [change.diff() for change in plan_files(entries, True).changes]
    apply(plan.changes)
    assert plan_files(entries, False).changes == []
    return [change.summary for change in plan.changes]


def diffs(*entries):
    return [change.diff() for change in plan_files(entries, False).changes]


def problems(*entries, check_mode=False):
    with pytest.raises(ProblemsError) as error:
        plan_files(entries, check_mode)
    return error.value.problems


def mode(path):
    return os.stat(path).st_mode & 0o7777


def test_a_folder_with_files_is_written_in_the_order_of_the_list(tmp_path):
    path = tmp_path / "new"
    assert run(folder(path), entry(path / "b", "ä\n", mode="0600"), entry(path / "a", "")) == [
        "create {0}".format(path),
        "write {0}/b".format(path),
        "write {0}/a".format(path),
    ]
    assert (path / "b").read_text(encoding="utf-8") == "ä\n" and (path / "a").read_text() == ""
    assert (mode(path), mode(path / "b"), mode(path / "a")) == (0o750, 0o600, 0o640)
    assert sorted(os.listdir(path)) == ["a", "b"]


def test_only_what_differs_is_changed(tmp_path):
    run(entry(tmp_path / "a"), entry(tmp_path / "b"))
    number = os.stat(tmp_path / "a").st_ino
    (tmp_path / "b").write_text("other")
    assert run(entry(tmp_path / "a"), entry(tmp_path / "b")) == ["write {0}/b".format(tmp_path)]
    assert os.stat(tmp_path / "a").st_ino == number


def test_the_mode_alone_is_set_without_writing_the_file(tmp_path):
    run(entry(tmp_path / "a"), folder(tmp_path / "b"))
    number = os.stat(tmp_path / "a").st_ino
    changed = [entry(tmp_path / "a", mode="4755"), folder(tmp_path / "b", mode=0o2700)]
    assert diffs(*changed)[0] == {
        "before_header": "{0}/a".format(tmp_path),
        "after_header": "{0}/a".format(tmp_path),
        "before": "{0}:{1} 0640\n".format(OWNER, GROUP),
        "after": "{0}:{1} 4755\n".format(OWNER, GROUP),
    }
    assert run(*changed) == ["set the owner, group and mode of {0}/{1}".format(tmp_path, name) for name in "ab"]
    assert (mode(tmp_path / "a"), mode(tmp_path / "b")) == (0o4755, 0o2700)
    assert os.stat(tmp_path / "a").st_ino == number


def test_a_mode_without_quotes_is_a_number(tmp_path):
    run(entry(tmp_path / "a", mode=0o600))
    assert mode(tmp_path / "a") == 0o600


def test_files_are_removed(tmp_path):
    run(entry(tmp_path / "a"))
    assert diffs(gone(tmp_path / "a"))[0]["before"] == "text\n"
    assert diffs(gone(tmp_path / "a"))[0]["after"] == ""
    assert run(gone(tmp_path / "a"), gone(tmp_path / "b"), gone(tmp_path / "no" / "c")) == [
        "remove {0}/a".format(tmp_path)
    ]
    assert os.listdir(tmp_path) == []


def test_the_diff_of_a_file_and_of_a_folder(tmp_path):
    (tmp_path / "a").write_bytes(b"\xff\n")
    assert [(diff["before"], diff["after"]) for diff in diffs(entry(tmp_path / "a"), folder(tmp_path / "b"))] == [
        ("\ufffd\n", "text\n"),
        ("", "{0}:{1} 0750\n".format(OWNER, GROUP)),
    ]
    assert [change.told for change in plan_files([entry(tmp_path / "a", no_diff=True)], False).changes] == [False]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('"dsn": "postgresql://powa:x@db1/powa"', '"dsn": "postgresql://powa@db1/powa"', False),
        ('"dsn": "postgresql://powa@db1:5432/powa"', "'password': 'x'", False),
        ('"dsn": "postgresql://powa@db1:5432/powa"', "password_file = x", True),
    ],
)
def test_no_diff_of_a_file_that_holds_a_password(tmp_path, before, after, told):
    run(entry(tmp_path / "a", before))
    assert [change.told for change in plan_files([entry(tmp_path / "a", after)], False).changes] == [told]
    assert [change.told for change in plan_files([gone(tmp_path / "a")], False).changes] == [
        told or "postgresql://powa@" in before
    ]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "target").write_text("theirs")
    for name, target in (("link", "target"), ("dangling", "nowhere")):
        os.symlink(target, tmp_path / name)
        assert diffs(entry(tmp_path / name))[0]["before"] == "symbolic link\n"
        run(entry(tmp_path / name))
        assert not os.path.islink(tmp_path / name)
    assert (tmp_path / "target").read_text() == "theirs"
    os.symlink("target", tmp_path / "other")
    run(gone(tmp_path / "other"))
    assert (tmp_path / "target").read_text() == "theirs"


def test_a_link_to_a_folder_is_a_folder(tmp_path):
    (tmp_path / "real").mkdir()
    os.symlink("real", tmp_path / "link")
    run(folder(tmp_path / "link"), entry(tmp_path / "link" / "a"))
    assert mode(tmp_path / "real") == 0o750 and (tmp_path / "real" / "a").read_text() == "text\n"
    assert os.path.islink(tmp_path / "link")


def test_a_link_that_somebody_else_has_made_to_a_folder_is_not_followed(tmp_path):
    if os.getuid():
        pytest.skip("only root can give a link away")
    (tmp_path / "real").mkdir(mode=0o700)
    os.symlink("real", tmp_path / "link")
    os.chown(tmp_path / "link", 4242, 4242, follow_symlinks=False)
    assert problems(folder(tmp_path / "link")) == [
        'file "{0}/link": it is a symbolic link, but not to a folder or not made by root:'
        " remove it, or give another path".format(tmp_path)
    ]
    run(entry(tmp_path / "link"))
    assert not os.path.islink(tmp_path / "link") and mode(tmp_path / "real") == 0o700


@pytest.mark.parametrize("make", [entry, folder])
@pytest.mark.parametrize("linked", [True, False])
def test_what_takes_the_place_of_a_file_or_folder_keeps_its_mode(tmp_path, make, linked):
    run(make(tmp_path / "ours"), make(tmp_path / "theirs"))
    before = mode(tmp_path / "theirs")
    planned = plan_files([make(tmp_path / "ours", mode="0777")], False).changes
    (tmp_path / "ours").rename(tmp_path / "old")
    if linked:
        os.symlink("theirs", tmp_path / "ours")
    else:
        (tmp_path / "theirs").rename(tmp_path / "ours")
    with pytest.raises(PowaError, match="Ansible cannot set it .*: correct that, and run the task again"):
        apply(planned)
    assert mode(tmp_path / "ours") == before


def test_a_link_or_a_pipe_that_takes_the_place_of_a_file_is_not_read(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("theirs")
    (tmp_path / "a").write_text("")
    os.symlink("secret", tmp_path / "link")
    os.mkfifo(tmp_path / "pipe")
    status = os.lstat(tmp_path / "a")
    monkeypatch.setattr(os, "lstat", lambda path: status)
    assert problems(entry(tmp_path / "link"), entry(tmp_path / "pipe")) == [
        'file "{0}/link": Ansible cannot read it (Too many levels of symbolic links): correct that, and run the task'
        " again".format(tmp_path),
        'file "{0}/pipe": it is neither a file nor a folder: give another path'.format(tmp_path),
    ]


def test_null_means_the_default(tmp_path):
    given = entry(tmp_path / "a", mode=None, state=None, no_diff=None)
    (change,) = plan_files([given], False).changes
    assert (change.wanted.mode, change.wanted.state, change.wanted.told) == (0o644, "present", True)
    (change,) = plan_files([entry(tmp_path / "a", owner=None, group=None)], False).changes
    assert (change.wanted.owner, change.wanted.group) == ("root", "root")


def test_an_account_may_be_a_number(tmp_path):
    assert run(entry(tmp_path / "a", owner=str(os.getuid()), group=str(os.getgid())))
    assert plan_files([entry(tmp_path / "a")], False).changes == []


def test_nobody_else_can_read_a_secret_while_it_is_written(tmp_path, monkeypatch):
    seen = []

    def replace(source, target):
        seen.append(mode(source))
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(PowaError) as error:
        apply(plan_files([entry(tmp_path / "a", mode="0600"), entry(tmp_path / "b")], False).changes)
    assert str(error.value) == (
        'file "{0}/a": Ansible cannot write it (Device or resource busy), and has left alone what follows it in the'
        " list: correct that, and run the task again".format(tmp_path)
    )
    assert seen == [0o600] and os.listdir(tmp_path) == []


def test_a_file_that_can_not_be_read(tmp_path, monkeypatch):
    def look(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_text_files, "_look", look)
    assert problems(entry(tmp_path / "a")) == [
        'file "{0}/a": Ansible cannot read it (Permission denied): run the task as root (become: true)'.format(tmp_path)
    ]


def test_all_problems_are_reported_at_once_and_nothing_is_written(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    found = problems(
        entry("relative"),
        entry(str(tmp_path) + "/../x"),
        entry("/"),
        entry(tmp_path / "good"),
        entry(tmp_path / "good"),
        entry(tmp_path / "folder"),
        gone(tmp_path / "folder2" / ".."),
        folder(tmp_path / "file"),
        entry(tmp_path / "pipe"),
        entry(tmp_path / "empty", None),
        entry(tmp_path / "both", "x", state="absent"),
        entry(tmp_path / "mode", mode="u=rw"),
        entry(tmp_path / "mode2", mode=-1),
        entry(tmp_path / "mode3", mode="9"),
        entry(tmp_path / "mode4", mode=644),
        entry("/" + str(tmp_path) + "/good"),
        entry(str(tmp_path) + "/\0"),
        entry(tmp_path / "binary", "\udcff"),
        entry(tmp_path / "no" / "a"),
        entry(tmp_path / "account", owner="nobody-here", group="nobody-there"),
        entry(tmp_path / "zero", owner="a\0b", group="\udcff"),
        entry(tmp_path / "large", owner="4294967295"),
    )
    at = 'file "{0}'.format(tmp_path)
    shortest = "the path is not in its shortest form: give the path of a file without ., .. or double slashes"
    assert found == [
        'file "relative": the path is relative: give one that begins with a slash',
        at + '/../x": ' + shortest,
        'file "/": ' + shortest,
        at + '/good": it is in the list twice: give it once',
        at
        + '/folder": it is a folder, and this module writes and removes files: remove the folder, or give another path',
        at + '/folder2/..": ' + shortest,
        at + '/file": it is not a folder: remove it, or give another path',
        at + '/pipe": it is neither a file nor a folder: give another path',
        at + '/empty": it has no content: give one, which may be empty',
        at + '/both": it has a content, but state "absent": give either',
        at + '/mode": found mode "u=rw", expected octal digits such as "0644"',
        at + '/mode2": found mode "-1", expected octal digits such as "0644"',
        at + '/mode3": found mode "9", expected octal digits such as "0644"',
        at + '/mode4": found mode "644", expected octal digits such as "0644"',
        'file "/{0}/good": '.format(tmp_path) + shortest,
        at + '/\\x00": the path has a zero byte or a lone surrogate: give one without',
        at + '/binary": its content is not text in UTF-8: copy binary files with ansible.builtin.copy',
        at + '/no/a": the folder {0}/no does not exist: list it with state directory before the file'.format(tmp_path),
        at + '/account": user "nobody-here" does not exist on this host: create it first, or give another user',
        at + '/account": group "nobody-there" does not exist on this host: create it first, or give another group',
        at + '/zero": user "a\\x00b" does not exist on this host: create it first, or give another user',
        at + '/zero": group "\\udcff" does not exist on this host: create it first, or give another group',
        at + '/large": user "4294967295" does not exist on this host: create it first, or give another user',
    ]
    assert sorted(os.listdir(tmp_path)) == ["file", "folder", "pipe"]


def test_check_mode_takes_for_granted_what_an_earlier_task_may_create(tmp_path):
    entries = [entry(tmp_path / "no" / name, owner="nobody-here", group="nobody-there") for name in "ab"]
    plan = plan_files(entries, True)
    assert [change.summary for change in plan.changes] == ["write {0}/no/{1}".format(tmp_path, name) for name in "ab"]
    granted = ": check mode takes for granted that an earlier task of the run creates it"
    assert plan.warnings == [
        'User "nobody-here" does not exist on this host' + granted,
        'Group "nobody-there" does not exist on this host' + granted,
        "The folder {0}/no does not exist".format(tmp_path) + granted,
    ]


def test_an_unknown_account_in_check_mode_is_a_change_of_what_is_there(tmp_path):
    run(entry(tmp_path / "a"))
    (change,) = plan_files([entry(tmp_path / "a", owner="nobody-here")], True).changes
    assert change.summary == "set the owner, group and mode of {0}/a".format(tmp_path)


def test_the_owner_of_a_file_whose_account_is_gone(tmp_path):
    if os.getuid():
        pytest.skip("only root can give a file away")
    run(entry(tmp_path / "a"))
    os.chown(tmp_path / "a", 4242, 4343)
    assert diffs(entry(tmp_path / "a"))[0]["before"] == "4242:4343 0640\n"
    run(entry(tmp_path / "a"))
    assert os.stat(tmp_path / "a").st_uid == os.getuid()
