# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store with the addresses of AWX's API, for the modules of awx.awx. It keeps what they send, and judges nothing.

Where a module leaves out what AWX then sets itself, so does the store.
"""

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

TOP = "/api/v2/"
LINKS = ("credentials", "success_nodes", "always_nodes", "failure_nodes")
TYPES = {
    "job_templates": "job_template",
    "workflow_job_template_nodes": "workflow_job_template_node",
    "workflow_approval_templates": "workflow_approval_template",
}


class Store:
    """Objects by kind, each with a number, and what was written, by method and address."""

    def __init__(self):
        self.kinds = {}
        self.links = {}
        self.surveys = {}
        self.writes = []

    def add(self, kind, /, **fields):
        """Keep a new object."""
        number = 1 + sum(map(len, self.kinds.values()))
        url = "{0}{1}/{2}/".format(TOP, kind, number)
        related = {"survey_spec": url + "survey_spec/"}
        made = {"type": TYPES.get(kind, kind), **_completed(kind, fields), "id": number, "url": url, "related": related}
        self.kinds.setdefault(kind, []).append(made)
        return made

    def names(self, kind):
        """Return the names of a kind, in the order in which they were made."""
        return [found["name"] for found in self.kinds.get(kind, [])]

    def get(self, kind, name):
        """Return an object."""
        (found,) = (each for each in self.kinds[kind] if each.get("name", each.get("identifier")) == name)
        return found

    def _numbered(self, number):
        (found,) = (each for objects in self.kinds.values() for each in objects if each["id"] == int(number))
        return found

    def read(self, path, wanted):
        """Return what a GET returns."""
        number = re.fullmatch(TOP + r"\w+/(\d+)/(\w+/)?", path)
        if number and number[2] == "survey_spec/":
            return self.surveys.get(path, {})
        if number and number[2]:
            return _page([self._numbered(each) for each in self.links.get(path, [])])
        if number:
            return self._numbered(number[1])
        kind = path[len(TOP) :].strip("/")
        kinds = ["job_templates"] if kind == "unified_job_templates" else [kind]
        objects = [each for kind in kinds for each in self.kinds.get(kind, [])]
        return _page([each for each in objects if all(str(each.get(key)) == text for key, text in wanted)])

    def write(self, method, path, sent):
        """Return the status and the content that a POST or PATCH returns."""
        self.writes.append((method, path))
        last = path.strip("/").rsplit("/", maxsplit=1)[-1]
        if last == "survey_spec":
            self.surveys[path] = sent
            return 200, {}
        if last in LINKS and path != TOP + last + "/":
            linked = self.links.setdefault(path, [])
            if sent.get("disassociate"):
                linked.remove(sent["id"])
            else:
                linked.append(sent["id"])
            return 204, None
        if last == "create_approval_template":
            made = self.add("workflow_approval_templates", **sent)
            node = self.read(path[: -len("create_approval_template/")], ())
            node["unified_job_template"] = made["id"]
            node["related"]["unified_job_template"] = made["url"]
            return 201, made
        if method == "PATCH":
            found = self.read(path, ())
            kind = path[len(TOP) :].split("/", maxsplit=1)[0]
            found.update({key: value for key, value in _completed(kind, sent).items() if key in found})
            return 200, found
        return 201, self.add(last, **sent)


def _completed(kind, fields):
    """Return the members of an object with what AWX sets."""
    if kind == "inventories":
        return {**fields, "kind": fields.get("kind") or ""}
    if kind == "credential_types" and "inputs" in fields:
        inputs = fields["inputs"]
        return {**fields, "inputs": {**inputs, "fields": [{"type": "string", **field} for field in inputs["fields"]]}}
    return fields


def _page(objects):
    return {"count": len(objects), "next": None, "results": objects}


@contextmanager
def serving(store):
    """Serve a store, and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            self._answer(200, store.read(url.path, parse_qsl(url.query)))

        def do_POST(self):
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(*store.write(self.command, self.path, sent))

        do_PATCH = do_POST

        def _answer(self, status, content):
            body = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield "http://127.0.0.1:{0}".format(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
