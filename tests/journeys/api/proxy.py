"""Between a sender and the server: answers that come late, wrong, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PASS, LOST, BUSY, BROKEN = "pass", "lost", "busy", "broken"


@dataclass
class Seen:
    """What went by: each request's body, and what became of it."""

    bodies: list[bytes] = field(default_factory=list)
    done: list[str] = field(default_factory=list)


class Between(ThreadingHTTPServer):
    def __init__(self, url: str, plan: Sequence[str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = urlsplit(url)
        self.steps = list(plan)
        self.seen = Seen()
        self.lock = threading.Lock()

    def step(self, body: bytes) -> str:
        with self.lock:
            step = self.steps.pop(0) if self.steps else PASS
            self.seen.bodies.append(body)
            self.seen.done.append(step)
            return step


class Handler(BaseHTTPRequestHandler):
    server: Between

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        step = self.server.step(body)
        status, answer = self._pass_on(body) if step in (PASS, LOST) else (0, b"")
        if step == BUSY:
            self._answer(429, b"{}", {"Retry-After": "1"})
        elif step == PASS:
            self._answer(status, answer)
        else:
            self._answer(500, b"{}")

    def _pass_on(self, body: bytes) -> tuple[int, bytes]:
        target = self.server.target
        onward = HTTPConnection(target.hostname or "", target.port, timeout=20)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        onward.request("POST", self.path, body, headers)
        response = onward.getresponse()
        answer = response.read()
        onward.close()
        return response.status, answer

    def _answer(self, status: int, body: bytes, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said: object) -> None:
        pass


@contextmanager
def between(url: str, plan: Sequence[str]) -> Iterator[tuple[str, Seen]]:
    """An address that treats its first requests by `plan` and passes the rest on to `url`.

    `busy` is 429, `broken` 500 before the server heard of it, `lost` 500 after it did its work.
    """
    server = Between(url, plan)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.seen
    finally:
        server.shutdown()
        server.server_close()
