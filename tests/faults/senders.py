"""A nursery of senders for the fault tests: Django is set up once, each sender is a fork of it.

`python -m tests.faults.senders` reads a JSON order a line: {"plan": {point: action}, "how": "loop" |
"once", "command"?: [name, argument…], "mutant"?: name, "database"?: {setting: value},
"patience"?: seconds}; it answers {"pid"} when the sender lives and
{"signal", "code"} when it is gone.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
import traceback
from typing import Any

import django

BATCH = 3


def main() -> None:
    django.setup()
    from journeys.management.commands import run_engine, run_sender  # noqa: F401, PLC0415 -- warm

    gc.collect()
    gc.freeze()  # so that a fork does not copy what it only looks at
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
    """Be a sender (or an engine): the command as it is, small batches, faults as ordered."""
    from django.core.management import call_command  # noqa: PLC0415 -- after setup
    from django.db import connection  # noqa: PLC0415 -- after setup

    from journeys import faults  # noqa: PLC0415 -- after setup
    from journeys.messages import delivery  # noqa: PLC0415 -- after setup
    from tests.faults import mutants  # noqa: PLC0415 -- after setup

    code = 1
    try:
        connection.settings_dict.update(order.get("database", {}))
        delivery.BATCH = order.get("batch", BATCH)
        if name := order.get("mutant"):
            mutants.MUTANTS[name]()
        faults.arrange(order["plan"])
        command, *args = order.get("command") or ["run_sender", f"--{order['how']}"]
        call_command(command, *args, stdout=sys.stderr)
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
