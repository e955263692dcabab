"""What is told to other systems: receivers, the outbox of deliveries, and each attempt at one."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from journeys.models.people import User


class WebhookEndpoint(models.Model):
    """A receiver: journeys name it by `key`, and it may subscribe to events.

    `secret` is encrypted (webhooks/secrets.py). `begins` holds, per source of events, the newest
    row there was when it was switched on: it is told what comes after. A receiver that says it is
    gone, or that fails for days, is switched off with the reason.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.SlugField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    url = models.CharField(_("address"), max_length=500)
    secret = models.TextField(editable=False)
    events = models.JSONField(_("events"), default=list, blank=True)
    owner = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("owner")
    )
    active = models.BooleanField(_("active"), default=True)
    begins = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("created"))
    disabled_at = models.DateTimeField(_("switched off"), null=True)
    disabled_why = models.CharField(_("why"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("webhook receiver")
        verbose_name_plural = _("webhook receivers")
        ordering = ("key",)

    def __str__(self) -> str:
        return self.name or self.key


class WebhookDelivery(models.Model):
    """One thing to tell one receiver. At least once: the receiver knows it again by its id.

    `key` is built of natural keys. `body` is the exact text that is signed and sent, frozen when
    the row was written; `uid` is the id of every attempt.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CLAIMED = "claimed", _("Being sent")
        ACCEPTED = "accepted", _("Accepted")
        GIVEN_UP = "given_up", _("Given up")
        CANCELLED = "cancelled", _("No longer needed")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.CharField(max_length=500, unique=True)
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries"
    )
    event = models.CharField(_("event"), max_length=100)
    body = models.TextField()
    account_id = models.BigIntegerField(null=True)
    enrollment_id = models.BigIntegerField(null=True, db_index=True)
    step_id = models.CharField(max_length=100, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices)
    reason = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField(_("written"))
    next_at = models.DateTimeField(_("next attempt"), null=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    answered = models.PositiveIntegerField(default=0)  # attempts whose end is known
    token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(_("settled"), null=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        indexes = (
            models.Index(
                fields=("next_at",),
                condition=Q(state__in=("waiting", "claimed")),
                name="webhooks_due",
            ),
            models.Index(fields=("endpoint", "created_at"), name="webhooks_of_endpoint"),
        )

    def __str__(self) -> str:
        return self.key


class WebhookAttempt(models.Model):
    """What came of one attempt: the status (None: no answer) and the first 64 kB said. Append-only."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(_("at"))
    status = models.PositiveIntegerField(_("status"), null=True)
    answer = models.TextField(_("answer"), blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    took_ms = models.PositiveIntegerField(_("took ms"), default=0)

    class Meta:
        verbose_name = _("webhook attempt")
        verbose_name_plural = _("webhook attempts")

    def __str__(self) -> str:
        return str(self.status or self.error)


class WebhookMark(models.Model):
    """How far a source of events has been read. `safe_id`: everything up to it was seen.

    `newest_id` was the newest row at `noted_at`; it becomes safe once no transaction that was
    open then can still commit an older one.
    """

    source = models.CharField(max_length=20, unique=True)
    safe_id = models.BigIntegerField(default=0)
    newest_id = models.BigIntegerField(default=0)
    noted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.source} {self.safe_id}"
