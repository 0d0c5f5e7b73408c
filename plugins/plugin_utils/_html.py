# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTML pages from templates: whatever comes from a database is text there, and never markup."""

from __future__ import annotations

import os
from typing import Any, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._axis import ticks
from ansible_collections.pgfleet.powa.plugins.plugin_utils._graph import graph
from ansible_collections.pgfleet.powa.plugins.plugin_utils._quantities import duration, number, size
from ansible_collections.pgfleet.powa.plugins.plugin_utils._report import arranged
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

_FILTERS = {
    "arranged": arranged,
    "graph": graph,
    "ticks": ticks,
    "number": number,
    "size": size,
    "duration": duration,
}


def render(variables: Mapping[str, Any], template: str) -> str:
    """Return the page that a template makes of variables.

    :raises AnsibleFilterError: for a template that does not exist, or has an error
    """
    folder, name = os.path.split(os.path.abspath(template))
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(_FILTERS)
    try:
        return environment.get_template(name).render(variables)
    except TemplateError as error:
        raise AnsibleFilterError("template {0} cannot be rendered: {1}".format(template, error)) from error
