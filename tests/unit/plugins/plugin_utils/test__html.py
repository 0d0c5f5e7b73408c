# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages from templates."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.pgfleet.powa.plugins.plugin_utils._html import render


def test_values_are_escaped_in_text_and_in_attributes_and_in_what_is_included(tmp_path):
    (tmp_path / "page.j2").write_text('<b title="{{ name }}">{{ name }}</b>{% include "part.j2" %}')
    (tmp_path / "part.j2").write_text("{{ size | size }} {{ name }}")
    page = render({"name": '<script>"&', "size": 2048}, str(tmp_path / "page.j2"))
    assert page == '<b title="&lt;script&gt;&#34;&amp;">&lt;script&gt;&#34;&amp;</b>2 kB &lt;script&gt;&#34;&amp;'


@pytest.mark.parametrize("text, message", [("{{ nothing }}", "'nothing' is undefined"), ("{% if %}", "Expected an")])
def test_an_error_names_the_template(tmp_path, text, message):
    (tmp_path / "page.j2").write_text(text)
    with pytest.raises(AnsibleFilterError) as caught:
        render({}, str(tmp_path / "page.j2"))
    assert "page.j2 cannot be rendered" in str(caught.value) and message in str(caught.value)


def test_a_template_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(AnsibleFilterError, match="nix.j2 cannot be rendered: .*nix.j2"):
        render({}, str(tmp_path / "nix.j2"))
