"""Files that were brought in, and how their columns were read."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from journeys.models.people import User


class ImportKind(models.TextChoices):
    CUSTOMERS = "customers", _("Customers")
    FACTS = "facts", _("Facts")


class ImportMapping(models.Model):
    """Which column of a file is what here, kept under a name for the next file of its kind.

    `columns`: {header in the file: our column, or "" for a column that is left out}.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=ImportKind.choices)
    columns = models.JSONField(_("columns"), default=dict)
    dates = models.CharField(_("order of a date"), max_length=3, blank=True)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    saved_at = models.DateTimeField(_("saved"))

    class Meta:
        verbose_name = _("column mapping")
        verbose_name_plural = _("column mappings")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Import(models.Model):
    """One file on its way in: uploaded → waiting → running → done, or failed, or given up.

    The file's bytes are kept until it is done, so that the work can go on after a crash; which of
    its rows are in is told by receipts of (file hash, row).
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Nothing changed yet")
        WAITING = "waiting", _("Waiting to begin")
        RUNNING = "running", _("Being brought in")
        DONE = "done", _("Brought in")
        FAILED = "failed", _("Came to a halt")
        GIVEN_UP = "given_up", _("Given up")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=ImportKind.choices)
    file_name = models.CharField(_("file"), max_length=200)
    file_hash = models.CharField(max_length=64)
    content = models.BinaryField(null=True)
    encoding = models.CharField(_("character set"), max_length=20, blank=True)
    columns = models.JSONField(default=dict)
    dates = models.CharField(_("order of a date"), max_length=3, blank=True)
    starts_journeys = models.BooleanField(_("journeys start"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    rows_done = models.PositiveIntegerField(_("rows done"), default=0)
    report = models.JSONField(default=dict)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    uploaded_at = models.DateTimeField(_("uploaded"))
    confirmed_at = models.DateTimeField(null=True)
    alive_at = models.DateTimeField(null=True)  # when whoever brings it in last said so
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ("-uploaded_at",)

    def __str__(self) -> str:
        return self.file_name
