# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What awx.yml asks of the modules of awx.awx, whose own code runs against a store with the addresses of AWX's API.

This is not AWX: it shows that the modules take the arguments, find what they refer to, and see no difference in a
second run. The first is one with the oldest ansible-core.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import yaml
from awx_store import Store, serving

CHECKOUT = Path(__file__).parents[2]
MODULES = CHECKOUT / ".collections/ansible_collections/awx/awx/plugins/modules"
CORES = sorted(path.parents[1] for path in CHECKOUT.glob(".cache/venv-*/bin/ansible-playbook"))
FURTHER = {"name": "Nightly", "playbook": "nightly.yml", "job_type": "", "survey": None, "extra_vars": {"a": 1}}
VARIABLES = {
    "powa_awx_organization": "Databases",
    "powa_awx_project": "powa",
    "powa_awx_project_folder": "playbooks",
    "powa_awx_execution_environment": "",
    "powa_awx_credentials": "ssh,passwords",
    "powa_awx_repository_credential": "reader",
    "powa_awx_playbooks": [FURTHER],
}


def awx(core, folder, address, variables, *options):
    """Run awx.yml with localhost in an inventory that would become another user."""
    # AWX passes an empty text so.
    lines = ["!unsafe {0}: !unsafe ''".format(name) for name, value in variables.items() if value == ""]
    lines += [yaml.safe_dump({name: value}, width=1000) for name, value in variables.items() if value != ""]
    (folder / "variables.yml").write_text("\n".join(lines))
    connection = {"ansible_connection": "ssh", "ansible_become": True, "ansible_become_exe": "/bin/false"}
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": {"localhost": {}}, "vars": connection}}))
    environment = {"CONTROLLER_HOST": address, "CONTROLLER_OAUTH_TOKEN": "planted.1", "ANSIBLE_NOCOLOR": "1"}
    environment.update(ANSIBLE_COLLECTIONS_PATH=str(CHECKOUT / ".collections"), HOME=str(folder))
    environment.update(PATH="{0}:{1}".format(core / "bin", os.environ["PATH"]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "hosts.json", "-e", "@variables.yml", *options, "pgfleet.powa.awx"],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert "planted" not in done.stdout
    return done


def stored():
    """Return a store with what has to exist."""
    store = Store()
    organization = store.add("organizations", name="Databases")["id"]
    store.add("projects", name="powa", organization=organization)
    for name in ("ssh", "passwords", "reader"):
        store.add("credentials", name=name, organization=organization)
    return store


def test_the_modules_make_every_object_once(tmp_path):
    store = stored()
    with serving(store) as address:
        first = awx(CORES[0], tmp_path, address, VARIABLES)
        assert first.returncode == 0, first.stdout
        written = len(store.writes)
        for options in ((), ("--check",)):
            again = awx(CORES[-1], tmp_path, address, VARIABLES, *options)
            assert again.returncode == 0 and "changed=0" in again.stdout, again.stdout
            assert store.writes[written:] == []

    assert store.names("credential_types") == ["PoWA passwords", "PoWA repository"]
    types = {found["name"]: found["injectors"] for found in store.kinds["credential_types"]}
    assert types["PoWA passwords"]["extra_vars"]["powa_monitoring_password"] == "{{ monitoring_password }}"
    assert types["PoWA repository"]["env"]["POWA_LOGIN_CA_CERT"] == "{{ tower.filename }}"
    reader = store.get("credentials", "reader")["id"]
    sources = [
        (each["source_path"], each.get("credential"), each.get("enabled_var"))
        for each in store.kinds["inventory_sources"]
    ]
    assert sources == [("playbooks/inventory", reader, "powa_server_enabled")]
    assert store.names("job_templates") == ["PoWA: check", "PoWA: apply", "PoWA: doctor", "PoWA: report", "Nightly"]
    for name, playbook in (("check", "site"), ("apply", "site"), ("doctor", "doctor"), ("report", "report")):
        found = store.get("job_templates", "PoWA: " + name)
        assert found["playbook"] == "playbooks/{0}.yml".format(playbook)
        assert (found["job_type"], found["diff_mode"]) == (("check", True) if name == "check" else ("run", False))
        linked = store.links[found["url"] + "credentials/"]
        assert sorted(linked) == sorted(store.get("credentials", each)["id"] for each in ("ssh", "passwords"))
        asked = store.surveys[found["related"]["survey_spec"]]["spec"]
        assert all(isinstance(question["required"], bool) for question in asked)
        assert [question["min"] for question in asked if question["type"] == "integer"] in ([], [5])
    nightly = store.get("job_templates", "Nightly")
    assert json.loads(nightly["extra_vars"]) == {"a": 1} and nightly["survey_enabled"] is False
    assert nightly["related"]["survey_spec"] not in store.surveys

    ways = {}
    for node in store.kinds["workflow_job_template_nodes"]:
        for kind in ("success_nodes", "always_nodes"):
            for number in store.links.get("{0}{1}/".format(node["url"], kind), []):
                (to,) = (each for each in store.kinds["workflow_job_template_nodes"] if each["id"] == number)
                ways[node["identifier"], kind] = to["identifier"]
    assert ways == {
        ("check", "success_nodes"): "approve",
        ("approve", "success_nodes"): "apply",
        ("apply", "always_nodes"): "doctor",
    }
    assert store.get("workflow_approval_templates", "PoWA: approve")["timeout"] == 3600
    schedule = store.get("schedules", "PoWA: doctor")
    assert schedule["unified_job_template"] == store.get("job_templates", "PoWA: doctor")["id"]
    assert schedule["extra_data"] == {"powa_doctor_fail": "true"}

    # What the variables no longer have goes.
    without = {"powa_awx_credentials": ["ssh"], "powa_awx_playbooks": [{**FURTHER, "extra_vars": {}}]}
    with serving(store) as address:
        last = awx(CORES[-1], tmp_path, address, {**VARIABLES, **without})
    assert last.returncode == 0, last.stdout
    assert store.links[nightly["url"] + "credentials/"] == [store.get("credentials", "ssh")["id"]]
    assert json.loads(store.get("job_templates", "Nightly")["extra_vars"]) == {}


def test_what_is_wrong_is_said_before_anything_is_made(tmp_path):
    store = stored()
    wrong = {"powa_awx_playbooks": [{"name": "Site", "playbook": "pgfleet.powa.site"}], "powa_awx_project": "powa"}
    with serving(store) as address:
        done = awx(CORES[-1], tmp_path, address, wrong)
        unset = awx(CORES[-1], tmp_path, address, {"powa_awx_project": ""})
    assert done.returncode != 0 and "Site: playbook is pgfleet.powa.site: set it to a file" in done.stdout
    assert unset.returncode != 0 and "powa_awx_project is empty: set it to a text" in unset.stdout
    assert store.writes == []


def test_every_task_has_only_options_of_its_module():
    tasks = yaml.safe_load((CHECKOUT / "roles/awx/tasks/main.yml").read_text())
    seen = 0
    for task in tasks:
        for name, arguments in task.items():
            if not name.startswith("awx.awx."):
                continue
            text = (MODULES / (name[len("awx.awx.") :] + ".py")).read_text()
            described = yaml.safe_load(re.search(r"^DOCUMENTATION = '''\n(.*?)'''", text, re.DOTALL | re.MULTILINE)[1])
            options = described["options"]
            assert set(arguments) <= set(options), name
            assert {option for option, spec in options.items() if spec.get("required")} <= set(arguments), name
            for option, value in arguments.items():
                choices = options[option].get("choices")
                assert not choices or "{{" in str(value) or value in choices, (name, option)
            seen += 1
    assert seen == 8
