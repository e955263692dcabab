"""A saved condition with a name: who belongs together."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Segment(models.Model):
    """`condition` as its author wrote it; whoever is published with it pins what it says then."""

    class About(models.TextChoices):
        ACCOUNT = "account", _("Account")
        CONTACT = "contact", _("Contact")
        SUBSCRIPTION = "subscription", _("Subscription")

    key = models.CharField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)
    subject = models.CharField(
        _("asked about"), max_length=12, choices=About.choices, default=About.ACCOUNT
    )
    condition = models.JSONField(_("condition"))
    changed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ("key",)

    def __str__(self) -> str:
        return self.name
