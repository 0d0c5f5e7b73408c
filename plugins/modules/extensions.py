# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.extensions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: extensions
short_description: Create, update and drop the extensions of a database
version_added: 0.1.0
description:
  - Reconciles a list of extensions in one transaction, each after those that it requires. C(btree_gist) and
    C(pg_stat_statements) come before C(powa) in whatever order you list them.
  - Returns the libraries that must be in C(shared_preload_libraries), and whether they still need a restart.
  - An update without a path, such as from PoWA 4 to PoWA 5, fails with advice on what to do instead.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._login
  - pgfleet.powa._lock
  - pgfleet.powa._attributes
options:
  extensions:
    description: The extensions. Those not in the list are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the extension.
        type: str
        required: true
      version:
        description:
          - Version to create or to update to. V(latest) is the default version of the server's package.
          - Without it, a new extension is created in its default version, and an existing one stays as it is.
        type: str
      schema:
        description: Schema to install the extension in. It is created if it is missing. Without it, the extension
          itself chooses, or it is C(public), whatever C(search_path) the role or the database has.
        type: str
      state:
        description: Whether the extension exists.
        type: str
        choices: [present, absent]
        default: present
      cascade:
        description:
          - With O(extensions[].state=absent), whether to also drop what depends on the extension, such as views, keys
            of other tables, and other extensions. The diff has all of it.
          - Otherwise the module fails, also in check mode, and names it.
        type: bool
        default: false
      history:
        description:
          - With O(extensions[].state=absent), V(keep) refuses to drop an extension that owns tables with data, such as
            C(powa) with all collected history. V(drop) drops it together with them.
        type: str
        choices: [keep, drop]
        default: keep
      files_pending:
        description:
          - Whether the extension's files may still be missing in check mode, because an earlier task of the same run
            installs them.
          - Check mode then shows a missing extension as created instead of failing.
        type: bool
        default: false
seealso:
  - module: community.postgresql.postgresql_ext
"""

EXAMPLES = r"""
- name: Create PoWA and what it requires, listed in any order
  pgfleet.powa.extensions:
    extensions:
      - name: powa
        version: latest
      - name: btree_gist
      - name: pg_stat_statements
  register: powa_extensions_result
  become: true
  become_user: postgres

- name: Say that a restart is due
  ansible.builtin.debug:
    msg: "Restart PostgreSQL to load {{ powa_extensions_result.preload | join(', ') }}"
  when: powa_extensions_result.restart_required

- name: Drop pg_qualstats
  pgfleet.powa.extensions:
    extensions:
      - name: pg_qualstats
        state: absent
  become: true
  become_user: postgres
"""

RETURN = r"""
changes:
  description: One line for each extension that the task created, changed or removed, or would in check mode.
  returned: success
  type: list
  elements: str
  sample: [create extension btree_gist]
extensions:
  description: The extensions of the list as they are after the task.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the extension.
      type: str
      returned: always
      sample: powa
    version:
      description: The installed version, or null if it is not installed.
      type: str
      returned: always
      sample: 5.0.2
    schema:
      description: The schema that it is installed in, or null if it is not installed.
      type: str
      returned: always
      sample: public
    default_version:
      description: The version that V(latest) stands for, or null if the server does not have the extension.
      type: str
      returned: always
      sample: 5.0.2
preload:
  description: Libraries that these extensions need in C(shared_preload_libraries), in the required order.
  returned: success
  type: list
  elements: str
  sample: [pg_stat_statements, pg_stat_kcache]
preload_missing:
  description: Those of RV(preload) that the configuration lacks.
  returned: success
  type: list
  elements: str
  sample: [pg_stat_kcache]
restart_required:
  description: Whether the configuration has a library of RV(preload) that the running server has not loaded.
  returned: success
  type: bool
  sample: false
problems:
  description: Every problem found, one sentence each.
  returned: failure, if the extensions are wrong
  type: list
  elements: str
  sample:
    - 'extension "nix": this server does not have it: install the package that brings it'
"""

from ansible_collections.pgfleet.powa.plugins.module_utils._core.lock import LOCK_SPEC
from ansible_collections.pgfleet.powa.plugins.module_utils._core.module import run_task
from ansible_collections.pgfleet.powa.plugins.module_utils._extensions import ExtensionsTask

OPTIONS = {
    **LOCK_SPEC,
    "extensions": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "version": {"type": "str"},
            "schema": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "cascade": {"type": "bool", "default": False},
            "history": {"type": "str", "choices": ["keep", "drop"], "default": "keep"},
            "files_pending": {"type": "bool", "default": False},
        },
    },
}


def main() -> None:
    """Run the module."""
    run_task(OPTIONS, ExtensionsTask)


if __name__ == "__main__":
    main()
