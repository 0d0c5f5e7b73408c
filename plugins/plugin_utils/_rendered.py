# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that a plan compares with those of a host, and writes: rendered from a role's templates."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_ROLES = Path(__file__).resolve().parents[2] / "roles"

#: What the first line of such a file says, if C(ansible_managed) does not say something else.
MANAGED = "Ansible managed"


def render_file(role: str, template: str, **variables: Any) -> str:
    """Return the text that a template of a role makes of variables. Filter C(literal) quotes a text as Python does."""
    return _environment(role).get_template(template).render(variables)


@lru_cache(maxsize=None)
def _environment(role: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(str(_ROLES / role / "templates")),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["literal"] = _literal
    return environment


def file(path: str, content: str) -> Dict[str, Any]:
    """Return a file of root, which all may read, for module files."""
    return {"path": path, "content": content, "owner": "root", "group": "root", "mode": "0644", "state": "present"}


def folder(path: str) -> Dict[str, Any]:
    """Return a folder of root, which all may read, for module files."""
    return dict(file(path, ""), mode="0755", state="directory")


def _literal(value: Any) -> str:
    return json.dumps(str(value), ensure_ascii=False)
