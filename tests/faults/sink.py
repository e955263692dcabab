"""The relay of the fault tests, in a process of its own: it takes every mail and writes it down.

`python -m tests.faults.sink LEDGER` prints its port. A line in the ledger is "Message-ID sha256",
written before the 250 is said: it is the judge of what was delivered.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from email import message_from_bytes
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Judge:
    def __init__(self, ledger: str) -> None:
        self.handle = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content
        assert isinstance(raw, bytes)
        message_id = message_from_bytes(raw)["Message-ID"]
        digest = hashlib.sha256(raw).hexdigest()
        os.write(self.handle, f"{message_id} {digest}\n".encode())
        return "250 2.0.0 taken"


async def serve(ledger: str) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Judge(ledger), hostname="sink", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
