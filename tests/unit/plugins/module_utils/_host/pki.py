# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An authority and certificates for tests, made by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]


def make_authority(folder: Path) -> None:
    """Make C(ca.crt) and C(ca.key)."""
    _openssl(
        folder, "req", "-x509", *_KEY, "-nodes", "-days", "2", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.crt"
    )


def make_certificate(folder: Path, name: str, common_name: str, days: int = 2) -> None:
    """Make a certificate of the authority, and its key. One for no days has expired when it is made."""
    _openssl(
        folder, "req", *_KEY, "-nodes", "-subj", "/CN=" + common_name, "-keyout", name + ".key", "-out", name + ".csr"
    )
    signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(days), "-out", name + ".crt"]
    _openssl(folder, "x509", "-req", "-in", name + ".csr", *signed)


def encrypt_key(folder: Path, name: str) -> None:
    """Make C(encrypted.key), which has a passphrase."""
    _openssl(folder, "pkey", "-aes256", "-passout", "pass:x", "-in", name + ".key", "-out", "encrypted.key")


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, stderr=subprocess.PIPE)
