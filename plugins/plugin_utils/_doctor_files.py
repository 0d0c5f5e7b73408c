# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files in which the doctor keeps what it has found: JSON, and metrics for Prometheus."""

from __future__ import annotations

import grp
import json
import os
import pwd
from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping

from ansible_collections.pgfleet.powa.plugins.plugin_utils._metrics import metrics


def doctor_files(
    findings: Mapping[str, Any],
    looks: Mapping[str, Mapping[str, Any]],
    variables: Mapping[str, Any],
    now: float,
    ignore: Any = None,
) -> List[Dict[str, Any]]:
    """Return the files as the module files takes them, which replaces each as a whole.

    On the controller, the user who runs Ansible owns them, and C(powa_doctor_group) must be one of that user's groups.

    :param findings: the result of C(diagnose)
    :param looks: as C(diagnose) takes them
    :param variables: those of the doctor
    :param now: seconds since 1970
    :param ignore: the kinds of problems that the doctor has left out
    """
    owner, group = "root", "root"
    if not variables["powa_doctor_host"]:
        owner, group = _name(pwd.getpwuid, os.geteuid()), _name(grp.getgrgid, os.getegid())
    group = variables["powa_doctor_group"] or group
    files = []
    if variables["powa_doctor_json"]:
        files.append({"path": variables["powa_doctor_json"], "content": found_json(findings, now), "mode": "0640"})
    if variables["powa_doctor_metrics"]:
        # node_exporter has an account of its own.
        text = metrics(findings, looks, now, ignore)
        files.append({"path": variables["powa_doctor_metrics"], "content": text, "mode": "0644"})
    return [dict(file, owner=owner, group=group) for file in files]


def found_json(findings: Mapping[str, Any], now: float) -> str:
    """Return what was found, for the file and for a webhook."""
    created = datetime.fromtimestamp(int(now), timezone.utc).isoformat()
    kept = {name: findings[name] for name in ("state", "problems", "servers", "not_visible")}
    return json.dumps({"created": created, **kept}, indent=4) + "\n"


def _name(look_up: Any, number: int) -> str:
    """Return the name of an account or group; in a container of AWX a number may have none."""
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)
