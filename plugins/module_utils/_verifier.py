# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a password is the one that PostgreSQL has stored, told without a login and without a statement."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import stringprep
import unicodedata
from typing import Callable, Optional, Sequence, Tuple

SCRAM = "scram-sha-256"
MD5 = "md5"
#: What a stored text begins with.
_SCRAM_PREFIX = "SCRAM-SHA-256$"
#: A role may store any number for itself. One so high would keep a task busy for minutes, and libpq for each login.
_MOST_ITERATIONS = 1_000_000

# The tables of RFC 3454 that PostgreSQL's saslprep.c refuses, and refuses before it normalizes.
_PROHIBITED: Sequence[Callable[[str], bool]] = (
    stringprep.in_table_a1,
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def encryption_of(verifier: Optional[str]) -> Optional[str]:
    """Return the kind of a stored text, or None if there is none, or one that PostgreSQL cannot use."""
    if not verifier:
        return None
    if verifier.startswith(_SCRAM_PREFIX):
        return SCRAM
    return MD5 if verifier.startswith(MD5) and len(verifier) == 35 else None


def is_password(password: str, verifier: Optional[str], role: str) -> bool:
    """Return whether a password is the one that was stored for a role."""
    kind = encryption_of(verifier)
    if kind is None or verifier is None:
        return False
    return _is_scram(password, verifier) if kind == SCRAM else _is_md5(password, verifier, role)


def prepared(password: str) -> bytes:
    """Return what libpq and PostgreSQL hash for a password: SASLprep of it, or itself where SASLprep refuses it."""
    return (_saslprep(password) or password).encode("utf-8", "surrogatepass")


def _is_md5(password: str, verifier: str, role: str) -> bool:
    try:
        digest = hashlib.md5((password + role).encode("utf-8")).hexdigest()
    except ValueError:
        # A host in FIPS mode has no MD5.
        return False
    return hmac.compare_digest(verifier, MD5 + digest)


def _is_scram(password: str, verifier: str) -> bool:
    parts = _scram_parts(verifier)
    if parts is None:
        return False
    iterations, salt, stored_key = parts
    salted = hashlib.pbkdf2_hmac("sha256", prepared(password), salt, iterations)
    client_key = hmac.new(salted, b"Client Key", hashlib.sha256).digest()
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), stored_key)


def _scram_parts(verifier: str) -> Optional[Tuple[int, bytes, bytes]]:
    """Return the iterations, the salt and the stored key of C(SCRAM-SHA-256$iterations:salt$stored:server)."""
    try:
        first, keys = verifier[len(_SCRAM_PREFIX) :].split("$")
        iterations, salt = first.split(":")
        found = int(iterations), base64.b64decode(salt), base64.b64decode(keys.split(":")[0])
    except (ValueError, binascii.Error):
        return None
    return found if 0 < found[0] <= _MOST_ITERATIONS else None


def _saslprep(password: str) -> Optional[str]:
    """Do what saslprep.c of PostgreSQL does, which checks the text before it normalizes it."""
    if all(ord(character) < 128 for character in password):
        return password
    mapped = "".join(_mapped(character) for character in password)
    if not mapped or any(refuses(character) for character in mapped for refuses in _PROHIBITED):
        return None
    if any(stringprep.in_table_d1(character) for character in mapped) and not _is_right_to_left(mapped):
        return None
    return unicodedata.normalize("NFKC", mapped)


def _mapped(character: str) -> str:
    if stringprep.in_table_c12(character):
        return " "
    return "" if stringprep.in_table_b1(character) else character


def _is_right_to_left(text: str) -> bool:
    """Return whether all of a text runs from right to left, as RFC 3454 has it."""
    if any(stringprep.in_table_d2(character) for character in text):
        return False
    return stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
