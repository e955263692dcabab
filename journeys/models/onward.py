"""What a route hands on (the next scenario of a stage), and how far it has listened."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class NextScenario(models.Model):
    """A stage was left, or its deadline passed: the journey that follows (R13).

    Written by the lifecycle, once for each time a contract was in the stage (`seq` of the move
    into it); entered by the enrollments, which fill `done_at` and say what became of it.
    """

    class Kind(models.TextChoices):
        SUCCESS = "success", _("The stage was left")
        FAILURE = "failure", _("The deadline has passed")

    subscription_id = models.BigIntegerField()
    account_id = models.BigIntegerField()
    seq = models.PositiveIntegerField()
    stage = models.CharField(max_length=100)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    journey_key = models.CharField(max_length=100)
    decided_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("next scenario")
        verbose_name_plural = _("next scenarios")
        constraints = (
            models.UniqueConstraint(
                fields=("subscription_id", "seq", "kind"), name="one_next_scenario"
            ),
        )
        indexes = (
            models.Index(
                fields=("journey_key",), condition=Q(done_at=None), name="scenarios_to_enter"
            ),
        )

    def __str__(self) -> str:
        return f"{self.stage} → {self.journey_key}"


class Heard(models.Model):
    """How far the lifecycle has listened to one table of news.

    Keys are given before a transaction commits, so a row may appear below keys that were read
    already. Everything up to `low` is taken as read; of those above, up to `high`, there were
    `count` at the last look: another number means that one has appeared between them.
    """

    source = models.CharField(max_length=20, unique=True)
    low = models.BigIntegerField(default=0)
    middle = models.BigIntegerField(default=0)
    middle_at = models.DateTimeField()
    high = models.BigIntegerField(default=0)
    count = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.source} {self.high}"
