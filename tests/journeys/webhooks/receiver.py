"""A real receiver on this machine: answers as it is told, and remembers what it was sent."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass
class Post:
    path: str
    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Receiver:
    """`status`, `headers` and `body` are what it answers; `drip` sends them a byte a time."""

    server: ThreadingHTTPServer
    posts: list[Post] = field(default_factory=list)
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    drip: float = 0.0
    hits: int = 0

    @property
    def netloc(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.netloc}/hooks"

    @property
    def events(self) -> list[str]:
        return [post.event["type"] for post in self.posts]

    def verify(self, post: Post, secret: str) -> Any:
        """What a receiver's own library says: the event, or WebhookVerificationError."""
        return Webhook(secret).verify(post.body, post.headers)


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        own = self.receiver
        own.hits += 1
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length).decode()
        said = {k.lower(): v for k, v in self.headers.items()}
        own.posts.append(Post(self.path, said, body))
        time.sleep(own.delay)
        with contextlib.suppress(OSError):
            self._answer(own)

    def _answer(self, own: Receiver) -> None:
        if own.drip:
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 500:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(own.drip)
            return
        self.send_response(own.status)
        for name, value in own.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(own.body)

    do_GET = do_POST  # noqa: N815 -- the library's name

    def log_message(self, *_args: Any) -> None:
        """Silent."""


@contextlib.contextmanager
def listening() -> Iterator[Receiver]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    own = Receiver(server)
    server.RequestHandlerClass = type("Handler", (_Handler,), {"receiver": own})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield own
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
