"""Who was seen when: each process writes a heartbeat in its role, and a watchdog ends a wedged one.

Ages are taken by the database's clock alone, so that no host's clock decides who is late (I19).
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from journeys.models import Heartbeat

logger = logging.getLogger("junro")
ROLES = ("engine", "sender")
LATE_SECONDS = 90  # I19
FORGOTTEN = timedelta(days=1)
EVERY_SECONDS = 2.0
WEDGED = 70  # the exit code of a process that its own watchdog ended (sysexits: software error)

_self = {"process": uuid.uuid4().hex}
_last: dict[str, float] = {}


def _be_somebody_else() -> None:
    """A forked child is a process of its own."""
    _self["process"] = uuid.uuid4().hex
    _last.clear()


os.register_at_fork(after_in_child=_be_somebody_else)


def beat(role: str) -> None:
    """Note that this process has just done its work in this role."""
    own = Heartbeat.objects.filter(role=role, process=_self["process"])
    if own.update(at=Now()):
        return
    Heartbeat.objects.filter(role=role, at__lt=Now() - FORGOTTEN).delete()
    Heartbeat.objects.create(
        role=role, process=_self["process"], pid=os.getpid(), version=settings.VERSION,
        began_at=Now(), at=Now(),
    )  # fmt: skip


def beat_now_and_then(role: str) -> None:
    """As `beat`, at most once in two seconds: for the middle of long work."""
    if time.monotonic() - _last.get(role, -EVERY_SECONDS) >= EVERY_SECONDS:
        _last[role] = time.monotonic()
        beat(role)


@dataclass(frozen=True)
class Pulse:
    """A role's newest heartbeat: ok, late or never_seen, and how many seconds ago."""

    status: str
    seen_at: datetime | None = None
    late_seconds: float | None = None
    processes: int = 0

    def as_json(self) -> dict[str, Any]:
        seen = self.seen_at.isoformat() if self.seen_at else None
        return {"status": self.status, "seen_at": seen, "late_seconds": self.late_seconds}


def pulses() -> dict[str, Pulse]:
    """The pulse of each role; two SELECTs."""
    newest: dict[str, list[datetime]] = {}
    rows = Heartbeat.objects.filter(role__in=ROLES).annotate(now=Now())
    for role, at, now in rows.values_list("role", "at", "now"):
        newest.setdefault(role, [now]).append(at)
    return {role: _pulse(newest.get(role, [])) for role in ROLES}


def _pulse(found: list[datetime]) -> Pulse:
    if not found:
        return Pulse("never_seen")
    now, *seen = found
    late = timedelta(seconds=LATE_SECONDS)
    silent = max(0.0, (now - max(seen)).total_seconds())
    return Pulse(
        status="late" if silent > LATE_SECONDS else "ok",
        seen_at=max(seen),
        late_seconds=round(silent, 1),
        processes=sum(now - at <= late for at in seen),
    )


class Watchdog:
    """Ends this process when its main loop has not come round for too long.

    The exit code is not zero, so that a supervisor (systemd, a container runtime) starts a new
    one; all state is in the tables, nothing is lost. A stopped process is seen from outside, by
    /healthz?strict.
    """

    def __init__(
        self, role: str, *, seconds: float = LATE_SECONDS, end: Callable[[int], object] = os._exit
    ) -> None:
        self.role, self.seconds, self.end = role, seconds, end
        self.seen = time.monotonic()
        self.done = threading.Event()

    def __enter__(self) -> Watchdog:
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.done.set()

    def alive(self) -> None:
        self.seen = time.monotonic()

    def _watch(self) -> None:
        while not self.done.wait(min(5.0, self.seconds / 4)):
            silent = time.monotonic() - self.seen
            if silent > self.seconds:
                logger.critical(
                    "The %s has not moved for %.0f s and ends itself.", self.role, silent
                )
                self.end(WEDGED)
                return
