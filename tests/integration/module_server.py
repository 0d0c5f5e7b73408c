# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports the collection's code once, and forks a process for each run of a module.

A run takes a tenth of a second less so. It still has a process of its own, which reads its arguments from its standard
input and can be killed. servers.py starts this file and sends requests through the socket that is file descriptor 0:
the module's name and the environment, with the descriptors for standard input, output and error and of a pipe. Into
that pipe this file writes the number of the process and then, at its end, the exit status.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import socket
import sys
import traceback
from typing import Any, Dict, List, NoReturn

PLUGINS = "ansible_collections.pgfleet.powa.plugins"
#: Bytes of the longest request: a name and the environment.
LONGEST = 200_000


def import_everything() -> None:
    """Import all that modules import; the modules themselves run as C(__main__)."""
    for kind in ("module_utils", "modules"):
        package = importlib.import_module("{0}.{1}".format(PLUGINS, kind))
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(found.name)
    for name in [name for name in sys.modules if name.startswith(PLUGINS + ".modules.")]:
        del sys.modules[name]


def run(module: str, environment: Dict[str, str], descriptors: List[int]) -> NoReturn:
    """Do in the forked process what C(python -m) does, and end it."""
    status = 1
    try:
        for target, source in enumerate(descriptors[:3]):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = [module]
        try:
            runpy.run_module("{0}.modules.{1}".format(PLUGINS, module), run_name="__main__", alter_sys=True)
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            traceback.print_exc()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def serve(control: socket.socket) -> None:
    """Answer requests until the other end of the socket is closed."""
    waiting = selectors.DefaultSelector()
    waiting.register(control, selectors.EVENT_READ)
    while True:
        for key, _events in waiting.select():
            if key.fileobj is control:
                request, descriptors, _flags, _address = socket.recv_fds(control, LONGEST, 4)
                if not request:
                    return
                process = os.fork()
                if not process:
                    run(*json.loads(request), descriptors)
                os.write(descriptors[3], b"%d\n" % process)
                waiting.register(os.pidfd_open(process), selectors.EVENT_READ, (process, descriptors[3]))
                for descriptor in descriptors[:3]:
                    os.close(descriptor)
            else:
                _report(key, waiting)


def _report(key: Any, waiting: selectors.BaseSelector) -> None:
    process, pipe = key.data
    _process, status = os.waitpid(process, 0)
    os.write(pipe, b"%d\n" % os.waitstatus_to_exitcode(status))
    waiting.unregister(key.fileobj)
    os.close(key.fileobj)
    os.close(pipe)


if __name__ == "__main__":
    talking = socket.socket(fileno=os.dup(0))
    os.set_inheritable(talking.fileno(), False)
    import_everything()
    # The garbage collector would write into pages that the processes share.
    gc.freeze()
    serve(talking)
