"""Named points at which a test may kill, stop, cut or slow down a process. Off unless FAULTS is set.

FAULTS is a JSON object {point or "*": action}; an action is kill, stop, raise, cut, ended or slow, with an
optional count before it: "3:kill" acts at the third pass. FAULT_LOG names a file that notes each
act and survives it. In production this costs one look at an empty dict.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping

#: Where an engine may die: around the commit of each beat.
BEATS = ("beat.before_commit", "beat.committed")
#: Where a sender may die, in the order a message passes them: the harness covers each.
POINTS = (
    "claim.before",
    "claim.after",
    "freeze.before_write",
    "freeze.after",
    "connect.after",
    "fence.locked",
    "fence.marked",
    "fence.committed",
    "hand.before",
    "hand.after",
    "settle.before_commit",
    "settle.after",
)
SLOW_SECONDS = float(os.environ.get("FAULT_SLOW_SECONDS", "1.5"))

_plan: dict[str, tuple[int, str]] = {}
_passes: Counter[str] = Counter()


class InjectedFault(RuntimeError):
    """A fault point was told to raise."""


def arrange(plan: Mapping[str, str]) -> None:
    """What to do at which point, from now on. ValueError for an unknown point."""
    if unknown := plan.keys() - {*POINTS, *BEATS, "*"}:
        raise ValueError(f"unknown fault points: {', '.join(sorted(unknown))}")
    _plan.clear()
    _passes.clear()
    for point, action in plan.items():
        count, _colon, act = action.rpartition(":")
        _plan[point] = (int(count or 1), act)


def faultpoint(name: str) -> None:
    """Do here what was arranged for this point."""
    if not _plan:
        return
    count, action = _plan.get(name) or _plan.get("*") or (0, "")
    _passes[name] += 1
    if action and _passes[name] == count:
        _note(name, action)
        _act(name, action)


def _note(name: str, action: str) -> None:
    path = os.environ.get("FAULT_LOG")
    if not path:
        return
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(handle, f"{name} {action} {os.getpid()}\n".encode())
    os.close(handle)


def _act(name: str, action: str) -> None:
    match action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "raise":
            raise InjectedFault(name)
        case "cut":
            _cut()
        case "ended":
            _end_by_the_server()
        case "slow":
            time.sleep(SLOW_SECONDS)
        case _:
            raise ValueError(f"unknown fault “{action}”")


def _cut() -> None:
    """Close the database connection under Django's feet."""
    from django.db import connection  # noqa: PLC0415 -- this module stands below Django's set-up

    if connection.connection is not None:
        connection.connection.close()


def _end_by_the_server() -> None:
    """Let the server end our session, as an administrator or a failover does."""
    from django.db import connection  # noqa: PLC0415 -- as above

    with connection.copy().cursor() as another:
        ours = connection.connection.info.backend_pid
        another.execute("SELECT pg_terminate_backend(%s)", [ours])


if os.environ.get("FAULTS"):
    arrange(json.loads(os.environ["FAULTS"]))
