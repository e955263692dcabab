"""django-q2's doors: the alarm clock rings here. A task looks for what is due and moves it.

Safe twice, late or never: everything that matters is in our own rows (architecture 8).
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from django_q.models import OrmQ, Schedule

from journeys import clock, engine, pulse, webhooks
from journeys.imports import working
from journeys.messages import delivery

log = logging.getLogger("junro.tasks")
T = TypeVar("T")
SWEEP = "junro: sweep"
PAUSE_SECONDS = 3
LONGEST_SECONDS = 100
#: A file whose presence asks running sweeps to end, so that a stop does not wait for them.
STOP_FILE = "JUNRO_STOP_FILE"


def ensure_schedule() -> None:
    """One schedule, made in code: whoever may edit schedules may run any function."""
    Schedule.objects.update_or_create(
        name=SWEEP,
        defaults={
            "func": "journeys.tasks.sweep",
            "schedule_type": Schedule.MINUTES,
            "minutes": 1,
            "repeats": -1,
            "next_run": clock.machine(),
        },
    )


def sweep() -> int:
    """Tick and send every few seconds until the next sweep waits in the queue; passes made.

    The schedule rings once a minute; a lesson that was just finished should not wait that long.
    """
    began, passes = time.monotonic(), 0
    while True:
        once()
        passes += 1
        spent = time.monotonic() - began
        if spent > LONGEST_SECONDS or _is_relieved(spent) or _is_asked_to_stop():
            return passes
        time.sleep(PAUSE_SECONDS)


def once() -> None:
    """One pass: the beats, then the sender. A failure of one does not silence the other.

    What waited for a letter goes on in the same pass, as soon as the letter is settled.
    """
    now = clock.now()
    _work("engine", lambda: engine.tick(now, alive=lambda: pulse.beat_now_and_then("engine")))
    sent = _work("sender", lambda: delivery.send_due(now, alive=_both_live))
    if sent is not None and sent.handed:
        _work("engine", lambda: engine.tick(now))
    _work("sender", lambda: (webhooks.send_due(now), webhooks.forget(now)))
    delivery.reconcile(now)
    _work("engine", lambda: working.work(now, clock.machine()))
    clock.note_seen()


def _both_live() -> None:
    """While one process does both, a long pass of the sender is no silence of the engine."""
    for role in pulse.ROLES:
        pulse.beat_now_and_then(role)


def _work(role: str, work: Callable[[], T]) -> T | None:
    """Do a role's work and note that it was done; None when it stumbled."""
    try:
        done = work()
    except Exception:  # the loop must live; the failure is logged and seen
        log.exception("The %s stumbled; it tries again in %s s.", role, PAUSE_SECONDS)
        return None
    pulse.beat(role)
    return done


def _is_relieved(spent: float) -> bool:
    return spent > PAUSE_SECONDS and OrmQ.objects.exclude(lock__gt=clock.machine()).exists()


def _is_asked_to_stop() -> bool:
    file = os.environ.get(STOP_FILE, "")
    return bool(file) and Path(file).exists()
