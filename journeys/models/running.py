"""The house's own pulse: which process was seen when, and what time it is at the doors."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """A process role and when it last did its work (real time, not the demo's)."""

    role = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.role


class DoorClock(models.Model):
    """The demo's clock: `virtual_at` at the real moment `real_at`; it runs on from there.

    `seen_at` is the newest virtual moment a process wrote down, so that a stopped demo's clock
    stands still. No row: the doors read the machine's clock.
    """

    virtual_at = models.DateTimeField()
    real_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.virtual_at:%Y-%m-%d %H:%M}"
