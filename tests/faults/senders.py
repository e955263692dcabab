"""A nursery of senders for the fault tests: Django is set up once, each sender is a fork of it.

`python -m tests.faults.senders` reads a JSON order a line: {"plan": {point: action}, "how": "loop" |
"once", "mutant": bool, "patience": seconds}; it answers {"pid"} when the sender lives and
{"signal", "code"} when it is gone. What the product cannot be switched to (a sender without a
fence) is made here, and only here.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import django

BATCH = 3


def main() -> None:
    django.setup()
    from journeys.management.commands import run_sender  # noqa: F401, PLC0415 -- warm before forking

    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            live(order)
        say({"pid": pid})
        say(watch(pid, order.get("patience", 30)))


def say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def watch(pid: int, patience: float) -> dict[str, Any]:
    """Wait for the sender's end; one that outlives our patience is asked to stop."""
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:
            return how_it_ended(status)
        time.sleep(0.02)
    os.kill(pid, signal.SIGTERM)
    return how_it_ended(os.waitpid(pid, 0)[1]) | {"outlived": True}


def how_it_ended(status: int) -> dict[str, Any]:
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status), "code": None}
    return {"signal": None, "code": os.WEXITSTATUS(status)}


def live(order: dict[str, Any]) -> None:
    """Be a sender: the command as it is, small batches, faults as ordered."""
    from django.core.management import call_command  # noqa: PLC0415 -- after setup

    from journeys import faults  # noqa: PLC0415 -- after setup
    from journeys.messages import delivery  # noqa: PLC0415 -- after setup

    code = 1
    try:
        delivery.BATCH = order.get("batch", BATCH)
        if order.get("mutant"):
            take_the_fence_out()
        faults.arrange(order["plan"])
        call_command("run_sender", f"--{order['how']}", stdout=sys.stderr)
        code = 0
    finally:
        os._exit(code)


def take_the_fence_out() -> None:
    """Outbox and lease, nothing more: whoever claimed sends, and a lease gives it to the next."""
    from journeys.messages import delivery, handing  # noqa: PLC0415 -- after setup
    from journeys.models import Message  # noqa: PLC0415 -- after setup

    def no_fence(messages: Sequence[Message], now: datetime) -> list[Message]:
        return list(messages)

    def still_claimed(messages: Sequence[Message]) -> set[int]:
        mine = Message.objects.filter(pk__in=[m.pk for m in messages], state="claimed")
        return set(mine.filter(token=messages[0].token).values_list("pk", flat=True))

    delivery.pass_fence = no_fence  # type: ignore[attr-defined]
    handing._still_waiting = still_claimed


if __name__ == "__main__":
    main()
