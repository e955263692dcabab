"""A wire between senders and PostgreSQL that is cut at a COMMIT: before it arrives, or before its
answer does. In the second case nobody on this side can know whether it happened."""

from __future__ import annotations

import random
import socket
import threading
from contextlib import suppress
from types import TracebackType

COMMIT = b"COMMIT\x00"
READY = b"Z\x00\x00\x00\x05"  # ReadyForQuery: the server has answered


class Proxy:
    """Listens on `port`; each connection is cut at one of its first commits. `cuts`: how each was."""

    def __init__(self, upstream: tuple[str, int], seed: int, most_commits: int = 8) -> None:
        self.upstream, self.most_commits = upstream, most_commits
        self.dice = random.Random(seed)  # noqa: S311 -- to be replayed
        self.cuts: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _address = self.socket.accept()
            except OSError:
                return
            wire = _Wire(self, client, self.dice.randint(1, self.most_commits))
            wire.kind = self.dice.choice(("before", "unknown"))
            wire.start()


class _Wire:
    def __init__(self, proxy: Proxy, client: socket.socket, at: int) -> None:
        self.proxy, self.client, self.left = proxy, client, at
        self.kind = ""
        self.server = socket.create_connection(proxy.upstream)
        self.dropping = threading.Event()

    def start(self) -> None:
        for pump in (self._to_server, self._to_client):
            threading.Thread(target=self._guarded, args=(pump,), daemon=True).start()

    def _guarded(self, pump: object) -> None:
        with suppress(OSError):
            pump()  # type: ignore[operator]
        self.close()

    def close(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _to_server(self) -> None:
        while data := self.client.recv(65_536):
            if COMMIT in data:
                self.left -= 1
                if self.left == 0:
                    self.proxy.cuts.append(self.kind)
                    if self.kind == "before":
                        return
                    # The other pump ends the wire once the server has answered.
                    self.dropping.set()
            self.server.sendall(data)

    def _to_client(self) -> None:
        while data := self.server.recv(65_536):
            if self.dropping.is_set():
                if READY in data:
                    return
                continue
            self.client.sendall(data)
