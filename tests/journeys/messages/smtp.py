"""A real SMTP server on the loopback that answers as a script says: in words, or by hanging up."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

DROP = "drop"
VERBS = ("connect", "ehlo", "mail", "rcpt", "data", "dot")
KIND = {"connect": "220 hi", "ehlo": "250 hi", "mail": "250 ok", "rcpt": "250 ok",
        "data": "354 go", "dot": "250 2.0.0 queued", "rset": "250 ok", "quit": "221 bye"}  # fmt: skip


class ScriptedServer:
    """`script` is {verb: answer or DROP}; what is not in it is answered kindly.

    `taken` holds the raw mails that were answered 250 after the dot, `seen` all whose dot came.
    """

    def __init__(self, script: dict[str, str] | None = None) -> None:
        self.script = dict(script or {})
        self.taken: list[bytes] = []
        self.seen: list[bytes] = []
        self.commands: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> ScriptedServer:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        # Closing alone would leave accept() waiting.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(timeout=5)

    def _serve(self) -> None:
        while True:
            try:
                client, _address = self.socket.accept()
            except OSError:
                return
            with client, client.makefile("rb") as lines:
                try:
                    self._talk(client, lines)
                except OSError:
                    continue

    def _talk(self, client: socket.socket, lines: Iterator[bytes]) -> None:
        if not self._say(client, "connect"):
            return
        for line in lines:
            verb = line.decode().split(" ")[0].split(":")[0].strip().lower()
            self.commands.append(verb)
            if not self._say(client, {"helo": "ehlo"}.get(verb, verb)) or verb == "quit":
                return
            is_body_next = verb == "data" and self._answer("data").startswith("354")
            if is_body_next and not self._body(client, lines):
                return

    def _body(self, client: socket.socket, lines: Iterator[bytes]) -> bool:
        raw = b""
        while not raw.endswith(b"\r\n.\r\n"):
            raw += next(lines)
        self.seen.append(raw)
        if self._answer("dot").startswith("250"):
            self.taken.append(raw)
        return self._say(client, "dot")

    def _answer(self, verb: str) -> str:
        return self.script.get(verb, KIND.get(verb, "502 what?"))

    def _say(self, client: socket.socket, verb: str) -> bool:
        answer = self._answer(verb)
        if answer == DROP:
            return False
        client.sendall("".join(f"{line}\r\n" for line in answer.split("\n")).encode())
        return not answer.startswith("421")


@contextmanager
def relay(settings: object, script: dict[str, str] | None = None) -> Iterator[ScriptedServer]:
    """Django's SMTP settings pointed at a scripted server."""
    with ScriptedServer(script) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port  # type: ignore[attr-defined]
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False  # type: ignore[attr-defined]
        settings.EMAIL_TIMEOUT = 5  # type: ignore[attr-defined]
        yield server
