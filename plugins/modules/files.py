# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: files
short_description: Write and remove many text files in one task
version_added: 0.2.0
description:
  - Reconciles a list of text files and folders with those of the host. A task of M(ansible.builtin.copy) for each of a
    hundred files takes minutes, this module a second.
  - Checks the whole list before it writes anything, and replaces each file as a whole, in the order of the list.
  - It does not connect to PostgreSQL.
author:
  - pgfleet (@pgfleet)
attributes:
  check_mode:
    description: Can run in check mode and return what would change without changing it.
    support: full
    details: A user, group or folder that does not exist is refused, except in check mode, which warns instead because
      an earlier task of the same run may create it.
  diff_mode:
    description: Returns what changed, or what would change in check mode.
    support: full
  platform:
    description: Where the module runs.
    platforms: posix
    support: full
options:
  files:
    description: The files and folders. Those not in the list are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path. Its folder must exist, or be in the list before the file.
        type: str
        required: true
      content:
        description: The whole text of the file. It is written in UTF-8. Required with O(files[].state=present).
        type: str
      owner:
        description: User that owns it.
        type: str
        default: root
      group:
        description: Group that owns it.
        type: str
        default: root
      mode:
        description: Permissions as octal digits, in quotes.
        type: raw
        default: '0644'
      state:
        description:
          - V(present) writes a file. A symbolic link of that name is replaced, not followed.
          - V(directory) creates a folder. A symbolic link to a folder counts as the folder if root or the user of the
            task owns the link.
          - V(absent) removes a file, but no folder.
        type: str
        choices: [present, directory, absent]
        default: present
      no_diff:
        description:
          - Whether to keep the file out of the diff, for example because it holds a password. A file with the word
            password in quotes or with a connection string that has a password is kept out in any case, and so is one
            that replaces such a file.
        type: bool
        default: false
notes:
  - Symbolic links above a file are followed, so list no file below a folder that users can write whom you do not trust.
seealso:
  - module: ansible.builtin.copy
  - module: ansible.builtin.template
"""

EXAMPLES = r"""
- name: Write a folder with two files that only its owner may read
  pgfleet.powa.files:
    files:
      - path: /tmp/pgfleet-example
        state: directory
        mode: '0700'
      - path: /tmp/pgfleet-example/powa.conf
        content: |
          powa.frequency = '300s'
        mode: '0600'
      - path: /tmp/pgfleet-example/pgpass
        content: "db1.example.com:5432:powa:powa_monitor:{{ lookup('ansible.builtin.password', '/dev/null') }}\n"
        mode: '0600'
        no_diff: true
  become: true
  register: powa_files

- name: Show what was written
  ansible.builtin.debug:
    var: powa_files.changes

- name: Remove the files
  pgfleet.powa.files:
    files:
      - path: /tmp/pgfleet-example/powa.conf
        state: absent
      - path: /tmp/pgfleet-example/pgpass
        state: absent
        no_diff: true
  become: true
"""

RETURN = r"""
changes:
  description: One line for each file or folder that the task wrote, created or removed, or would in check mode.
  returned: success
  type: list
  elements: str
  sample:
    - write /etc/powa-collector.conf
    - remove /etc/powa-collector.conf.old
problems:
  description: Every problem found, one sentence each. Nothing was written.
  returned: failure, if the files are wrong
  type: list
  elements: str
  sample:
    - 'file "powa.conf": the path is relative: give one that begins with a slash'
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._core.arguments import make_module
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import PowaError, ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._text_files import apply, plan_files

OPTIONS = {
    "files": {
        "type": "list",
        "elements": "dict",
        "required": True,
        # Ansible would write the contents of all files into the host's log.
        "no_log": True,
        "options": {
            "path": {"type": "str", "required": True},
            "content": {"type": "str"},
            "owner": {"type": "str", "default": "root"},
            "group": {"type": "str", "default": "root"},
            "mode": {"type": "raw", "default": "0644"},
            "state": {"type": "str", "choices": ["present", "directory", "absent"], "default": "present"},
            "no_diff": {"type": "bool", "default": False},
        },
    },
}


def main() -> None:
    """Run the module."""
    module = make_module(OPTIONS)
    # By now they are in no log, and the result has paths and diffs, but no file that is to be kept out.
    module.no_log_values.clear()
    # Ansible would echo the parameters in the result, with the content of all files.
    result = {"invocation": {"module_args": {}}}
    try:
        plan = plan_files(module.params["files"], module.check_mode)
        if not module.check_mode:
            apply(plan.changes)
    except ProblemsError as error:
        module.fail_json(msg=str(error), problems=error.problems, **result)
    except PowaError as error:
        module.fail_json(msg=str(error), **result)
    for warning in plan.warnings:
        module.warn(warning)
    for change in plan.changes:
        if change.wanted.state != "absent":
            module.set_default_selinux_context(change.wanted.path, False)
    if module._diff:
        result["diff"] = [change.diff() for change in plan.changes if change.told]
    module.exit_json(changed=bool(plan.changes), changes=[change.summary for change in plan.changes], **result)


if __name__ == "__main__":
    main()
