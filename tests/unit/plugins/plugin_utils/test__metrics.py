# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the doctor has found, in the text format of Prometheus."""

from __future__ import annotations

from ansible_collections.pgfleet.powa.plugins.module_utils._problems.kinds import Kind
from ansible_collections.pgfleet.powa.plugins.plugin_utils._metrics import metrics

NOW = 1800000000.7
PROBLEMS = [{"kind": "snapshot_late"}, {"kind": "snapshot_late"}, {"kind": "inventory"}]


def server(name, repository=None, **changes):
    found = {"server": name, "bytes": None, "repository": repository, "problems": 0}
    return {**found, "enabled": None, "frequency": None, "age": None, **changes}


def text(servers=(), problems=(), collectors=None, ignore=None):
    findings = {"servers": list(servers), "problems": list(problems), "state": {"code": 2 if problems else 0}}
    looks = {host: {"info": {"collector": found}} for host, found in (collectors or {}).items()}
    return metrics(findings, looks, NOW, ignore)


def values(found, name):
    return [line for line in found.splitlines() if line.startswith(name + ("{" if "{" in line else " "))]


def test_of_the_run():
    found = text()
    assert values(found, "powa_doctor_last_run_timestamp_seconds") == [
        "powa_doctor_last_run_timestamp_seconds 1800000000"
    ]
    assert values(found, "powa_doctor_state") == ["powa_doctor_state 0"]
    assert values(text(problems=PROBLEMS), "powa_doctor_state") == ["powa_doctor_state 2"]
    # What has no value has no help.
    assert "powa_server" not in found and "powa_collector" not in found
    assert found.startswith(
        "# HELP powa_doctor_last_run_timestamp_seconds When the doctor looked at the fleet.\n# TYPE "
    )
    assert found.endswith("\n")


def test_each_kind_of_problems_that_is_looked_for_has_a_value():
    found = values(text(problems=PROBLEMS, ignore="password_stored"), "powa_doctor_problems")
    assert 'powa_doctor_problems{kind="snapshot_late"} 2' in found
    assert 'powa_doctor_problems{kind="restart_pending"} 0' in found
    assert len(found) == len(Kind) - 1 and not [line for line in found if "password_stored" in line]


def test_of_servers():
    found = text(
        [
            server("hub", bytes=1000),
            server("one", "hub", enabled=True, frequency=60, age=7, problems=3),
            server("never", "hub", enabled=True, frequency=60),
            server("off", "hub", enabled=False, frequency=-1, age=90),
        ]
    )
    assert values(found, "powa_server_problems")[1] == 'powa_server_problems{server="one"} 3'
    assert values(found, "powa_database_size_bytes") == ['powa_database_size_bytes{server="hub"} 1000']
    assert values(found, "powa_server_enabled") == [
        'powa_server_enabled{server="one",repository="hub"} 1',
        'powa_server_enabled{server="never",repository="hub"} 1',
        'powa_server_enabled{server="off",repository="hub"} 0',
    ]
    assert values(found, "powa_server_frequency_seconds") == [
        'powa_server_frequency_seconds{server="one",repository="hub"} 60',
        'powa_server_frequency_seconds{server="never",repository="hub"} 60',
    ]
    assert values(found, "powa_server_last_snapshot_timestamp_seconds") == [
        'powa_server_last_snapshot_timestamp_seconds{server="one",repository="hub"} 1799999993',
        'powa_server_last_snapshot_timestamp_seconds{server="off",repository="hub"} 1799999910',
    ]


def test_of_collectors():
    workers = [{"status": status} for status in ("running", "stopped", "running")]
    found = text(collectors={"a": {"answers": True, "workers": workers}, "b": {"answers": False}, "c": None})
    assert values(found, "powa_collector_up") == [
        'powa_collector_up{repository="a"} 1',
        'powa_collector_up{repository="b"} 0',
    ]
    assert values(found, "powa_collector_workers") == [
        'powa_collector_workers{repository="a",state="running"} 2',
        'powa_collector_workers{repository="a",state="stopped"} 1',
    ]


def test_odd_names():
    assert 'powa_server_problems{server="a\\"b\\\\c\\nd"} 0' in text([server('a"b\\c\nd')])
