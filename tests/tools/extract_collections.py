# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""extract_collections.py WHEEL DEST NAME...: take collections out of PyPI's `ansible` package."""

import sys
import zipfile

wheel, dest, *names = sys.argv[1:]
wanted = tuple("ansible_collections/" + name.replace(".", "/") + "/" for name in names)
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(dest, [name for name in archive.namelist() if name.startswith(wanted)])
