"""One tick: each beat reads due rows and writes the next kind of row. Read top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from journeys import db, enrollments, lifecycle, people, plays, steps, webhooks
from journeys.faults import faultpoint
from journeys.messages import arbitration
from journeys.models import Tick

#: What other rooms have to look at first, such as lessons that a product fact has finished.
before_beats: list[Callable[[datetime], int]] = []


class TickRefused(ValueError):
    """The engine does not go back in time."""


@dataclass
class Counts:
    """What a tick moved. `planned`: messages released to the sender; `told`: other systems."""

    advanced: int = 0
    left: int = 0
    entered: int = 0
    stepped: int = 0
    returned: int = 0
    planned: int = 0
    told: int = 0
    took_ms: int = 0


def tick(
    now: datetime, *, again: bool = False, alive: Callable[[], object] = lambda: None
) -> Counts:
    """Run the beats with this `now` (aware). Twice is as good as once.

    TickRefused when `now` lies before the last tick, unless `again`. `alive` is called after
    each beat.
    """
    last = Tick.objects.order_by("-at").first()
    if last and now < last.at and not again:
        message = _("The last tick was at %(last)s; the engine does not go back to %(now)s.")
        raise TickRefused(message % {"last": last.at.isoformat(), "now": now.isoformat()})
    began = time.monotonic()
    with db.one_engine() as ours:
        counts = _beats(now, alive) if ours else Counts()
    counts.took_ms = int((time.monotonic() - began) * 1000)
    _note(now, counts)
    return counts


def _beats(now: datetime, alive: Callable[[], object]) -> Counts:
    for beat in before_beats:
        beat(now)
        alive()
    people.subscribe_matching(now)
    counts = Counts()
    counts.advanced = _in_one_piece(lifecycle.advance, now)
    alive()
    counts.left = _in_one_piece(enrollments.leave, now)
    alive()
    counts.entered = _in_one_piece(enrollments.enter, now)
    alive()
    counts.stepped = steps.run_due(now)
    alive()
    counts.returned = plays.settle(now)
    alive()
    counts.planned = arbitration.plan(now)
    alive()
    counts.told = webhooks.collect(now)
    alive()
    return counts


def _in_one_piece(beat: Callable[[datetime], int], now: datetime) -> int:
    """A beat writes all of its rows or none (I8)."""

    def to_the_end(moment: datetime) -> int:
        moved = beat(moment)
        faultpoint("beat.before_commit")
        return moved

    moved = db.in_one_piece(to_the_end, now)
    faultpoint("beat.committed")
    return moved


def _note(now: datetime, counts: Counts) -> None:
    """Keep the ticks that moved something, and the newest one."""
    Tick.objects.filter(counts={}).delete()
    moved = {name: n for name, n in asdict(counts).items() if n and name != "took_ms"}
    Tick.objects.update_or_create(at=now, defaults={"counts": moved, "took_ms": counts.took_ms})
