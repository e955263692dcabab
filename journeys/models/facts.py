"""What happened: append-only events, the receipts that make them arrive once, and the inbox."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from journeys.models.people import Account, Contact


class Source(models.Model):
    """A system that may send facts, known by its write key (only the key's hash is kept)."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    key_hash = models.CharField(max_length=64, unique=True)
    key_hint = models.CharField(max_length=12, blank=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """One fact. Twice dated; never changed, and nothing points at it.

    `account` and `contact` carry no database constraint: facts outlive both.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(
        Account,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="events",
    )
    contact = models.ForeignKey(
        Contact,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="events",
    )
    product = models.CharField(max_length=100, blank=True)
    name = models.CharField(_("name"), max_length=200)
    occurred_at = models.DateTimeField(_("occurred at"))
    received_at = models.DateTimeField(_("received at"))
    properties = models.JSONField(default=dict)
    source = models.CharField(max_length=100, blank=True)
    flags = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        indexes = (
            models.Index(fields=("account", "name", "occurred_at"), name="facts_of_account"),
            models.Index(fields=("contact", "name", "occurred_at"), name="facts_of_contact"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.occurred_at:%Y-%m-%d %H:%M}"


class Receipt(models.Model):
    """(source, messageId) arrived once, with this body: the first write wins (I2)."""

    source = models.CharField(max_length=100)
    message_id = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    received_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("source", "message_id"), name="one_receipt"),
        )

    def __str__(self) -> str:
        return f"{self.source}/{self.message_id}"


class Inbox(models.Model):
    """A call that names nobody known yet: kept whole until somebody is known by that id."""

    source = models.CharField(max_length=100)
    anonymous_id = models.CharField(max_length=200, blank=True, db_index=True)
    call = models.JSONField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    adopted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("waiting fact")
        verbose_name_plural = _("waiting facts")

    def __str__(self) -> str:
        return f"{self.source} {self.anonymous_id}"
