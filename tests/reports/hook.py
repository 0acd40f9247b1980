"""A real HTTP server on loopback that keeps the messages it is posted."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hook:
    """Messages that came, oldest first: path, token and object. `status` is what is answered."""

    port: int = 0
    status: int = 200
    paths: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)


@contextlib.contextmanager
def hook() -> Iterator[Hook]:
    """A server on a free port, in a thread of its own."""
    kept = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if kept.status == 200:
                kept.paths.append(self.path)
                kept.tokens.append(self.headers.get("Authorization"))
                kept.messages.append(json.loads(body))
            self.send_response(kept.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
