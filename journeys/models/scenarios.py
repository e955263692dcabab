"""What a journey is tried out on: a saved question about another time."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Scenario(models.Model):
    """A rehearsal somebody wants to repeat: which journey, over which time, with which assumptions.

    `document` is the authored text as a bundle has it; running it writes nothing here.
    """

    key = models.CharField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)
    document = models.JSONField()

    class Meta:
        verbose_name = _("scenario")
        verbose_name_plural = _("scenarios")
        ordering = ("key",)

    def __str__(self) -> str:
        return self.name
