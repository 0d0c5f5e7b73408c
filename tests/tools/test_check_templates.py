# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of templates finds each way to compute data in Jinja, and lets templates render files."""

import pytest
from check_templates import CURE, main, problems_of

COMPUTES = {
    "{% set _ = found.append(1) %}": "runs code for its effect ({% set _ = ... %})",
    "{%- set _ = found -%}": "runs code for its effect ({% set _ = ... %})",
    "{% do found.clear() %}": "runs code for its effect ({% do ... %})",
    "{% set seen = namespace(last='') %}": "keeps a value from one turn of a loop to the next (namespace)",
    "{{ found.append(1) or '' }}": "changes a list or dict in place",
    "{{ found.update({'a': 1}) or '' }}": "changes a list or dict in place",
    "{{ found.extend([1]) or '' }}": "changes a list or dict in place",
    "{% for x in y %}{% set found = found + [x] %}{% endfor %}": "adds to a variable",
    "{{ lookup('ansible.builtin.template', 'fleet.j2') | from_json }}": "parses what a template prints",
    "{{ (lookup('ansible.builtin.template', 'problems.j2') or '').splitlines() }}": "parses what a template prints",
}
RENDERS = [
    "{% for name, value in settings | dictsort %}\n{{ name }} = '{{ value }}'\n{% endfor %}\n",
    "{% if powa_web_tls_certificate %}ssl_certificate {{ powa_web_tls_certificate }};{% else %}...{% endif %}",
    "{% set page = site.page %}{% set name = pages | map(attribute='name') | first %}{{ page.title }} {{ name }}",
    "{% macro quoted(x) %}'{{ x | replace(\"'\", \"''\") }}'{% endmacro %}a = {{ quoted(b) }}",
    "{% include 'style.css.j2' %}{# set _ = nothing #}",
    "{{ lookup('ansible.builtin.template', 'powa.conf.j2') | hash('sha256') }}",
]


@pytest.mark.parametrize("is_template", [True, False])
@pytest.mark.parametrize("text, sentence", COMPUTES.items())
def test_data_is_not_computed_in_jinja(text, sentence, is_template):
    assert list(problems_of("a: |\n  " + text, is_template)) == [(2, "{0}: {1}".format(sentence, CURE))]


@pytest.mark.parametrize("text", RENDERS)
def test_a_template_renders_files(text):
    assert list(problems_of(text, True)) == []


@pytest.mark.parametrize(
    "tag", ["{% for x in y %}{{ x }}{% endfor %}", "{%- for x in y -%}{{ x }}{%- endfor -%}", "{% if x %}y{% endif %}"]
)
def test_a_variable_is_an_expression(tag):
    ((line, sentence),) = problems_of("__a: >-\n  {0}\n__b: \"{{{{ x | map('upper') }}}}\"\n".format(tag), False)
    assert line == 2 and sentence.startswith("holds a statement ({% ... %}); a value is one expression ({{ ... }}): ")


def test_every_file_of_roles_and_playbooks_is_checked(tmp_path, capsys):
    statement = "a: '{% set _ = b.append(c) %}'\n"
    names = ["vars/main.yml", "defaults/main.yml", "tasks/main.yml", "meta/main.yml", "templates/deep/a.conf.j2"]
    for name in ["playbooks/site.yml", "tests/other.yml", *("roles/a/" + name for name in names)]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(statement)
    assert main(tmp_path) == 1
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 6 and not [line for line in printed if "tests/" in line]
    assert printed[0].startswith("playbooks/site.yml:1: runs code for its effect")
    (tmp_path / "roles").rename(tmp_path / "elsewhere")
    (tmp_path / "playbooks/site.yml").write_text("a: '{{ b }}'\n")
    assert main(tmp_path) == 0
