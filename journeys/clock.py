"""The doors' clock. Only views, tasks, commands, admin and hooks read it; verbs are given `now`.

In DEBUG a DoorClock row makes the demo's time: it runs on from where it was set and stands still
while nothing runs. Without a row, and always outside DEBUG, it is the machine's clock.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone

from journeys.models import DoorClock


def now() -> datetime:
    """What time it is at the doors: aware, UTC."""
    if not settings.DEBUG:
        return timezone.now()
    row = DoorClock.objects.first()
    if row is None:
        return timezone.now()
    return (row.virtual_at + (timezone.now() - row.real_at)).astimezone(UTC)


def machine() -> datetime:
    """The machine's own time, for pulses and rates: the demo's clock does not touch them."""
    return timezone.now()


def is_demo() -> bool:
    """Whether the doors follow the demo's clock."""
    return settings.DEBUG and DoorClock.objects.exists()


def move_to(moment: datetime) -> None:
    """Put the demo's clock forward to `moment` (aware). ValueError when that lies in the past."""
    row = DoorClock.objects.first()
    if row is None:
        DoorClock.objects.create(virtual_at=moment, real_at=timezone.now(), seen_at=moment)
        return
    if moment < now():
        raise ValueError(f"The demo's clock only goes forward: {moment} lies before {now()}.")
    DoorClock.objects.filter(pk=row.pk).update(
        virtual_at=moment, real_at=timezone.now(), seen_at=moment
    )


def note_seen() -> None:
    """Write down the demo's present, so that it goes on from here after a stop."""
    DoorClock.objects.update(seen_at=now())


def resume() -> None:
    """Go on from the last moment that was written down: the demo slept, its time did not pass."""
    row = DoorClock.objects.first()
    if row is not None:
        DoorClock.objects.filter(pk=row.pk).update(virtual_at=row.seen_at, real_at=timezone.now())
