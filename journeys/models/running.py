"""The house's own pulse: which process was seen when, whose database this is, what time it is."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from journeys.models.people import User


class Heartbeat(models.Model):
    """One process in one role, and when it last did its work, by the database's clock.

    `process` is drawn anew by each process, so that two machines never share one.
    """

    role = models.CharField(max_length=40)
    process = models.CharField(max_length=32)
    pid = models.PositiveIntegerField(default=0)
    version = models.CharField(max_length=40, blank=True)
    began_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("role", "process"), name="one_heartbeat_a_process"),
        )
        indexes = (models.Index(fields=("role", "-at"), name="heartbeats_of_role"),)

    def __str__(self) -> str:
        return f"{self.role} {self.process[:8]}"


class Installation(models.Model):
    """Whose database this is: one row (docs/decisions/0025).

    `environment` is the settings it belongs to; `origin` the server, timeline and tables it was
    last used with; `mark` grows with every pass that may send, so that a witness outside the
    database can tell an older state of it.
    """

    uid = models.UUIDField(default=uuid.uuid4, editable=False)
    environment = models.CharField(max_length=200)
    origin = models.CharField(max_length=200, blank=True)
    mark = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.environment


class Hold(models.Model):
    """Nothing is handed to the outside while a row is open; a person ends it. Append-only."""

    class Why(models.TextChoices):
        RESTORED = "restored", _("The database was restored from a backup")
        COPIED = "copied", _("The database was adopted from another installation")

    why = models.CharField(_("why"), max_length=10, choices=Why.choices)
    evidence = models.JSONField(default=dict)
    from_at = models.DateTimeField(_("from"))
    to_at = models.DateTimeField(_("to"), null=True, blank=True)
    released_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = (
            models.UniqueConstraint(fields=("why",), condition=Q(to_at=None), name="one_open_hold"),
        )

    def __str__(self) -> str:
        return f"{self.why} {self.from_at:%Y-%m-%d %H:%M}"


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
