"""How far a person has come: what was looked at, where they stand, what they finished."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from journeys.models import Contact


class ViewSession(models.Model):
    """One page opened once. State, never deltas: every number only grows, so that a beacon sent
    twice, late or out of order changes nothing. Staff's own looking is kept and never counted.
    """

    class Kind(models.TextChoices):
        LESSON = "lesson", _("lesson")
        ARTICLE = "article", _("article")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, null=True, related_name="view_sessions"
    )
    account_id = models.BigIntegerField(null=True)
    is_staff = models.BooleanField(default=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    page_id = models.BigIntegerField()
    page_key = models.UUIDField()  # Page.translation_key: one progress in all languages
    revision_id = models.BigIntegerField(null=True)
    source = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=10, blank=True)
    active_ms = models.PositiveBigIntegerField(default=0)
    open_ms = models.PositiveBigIntegerField(default=0)
    blocks = models.JSONField(default=list)
    is_capped = models.BooleanField(default=False)  # claimed more time than had passed
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("view")
        verbose_name_plural = _("views")
        indexes = (
            models.Index(fields=("contact", "page_key"), name="views_of_contact"),
            models.Index(fields=("page_key", "started_at"), name="views_of_page"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.page_id} {self.started_at:%Y-%m-%d %H:%M}"


class HowCompleted(models.TextChoices):
    """By what a lesson came to its end."""

    READING = "reading", _("Read")
    PRODUCT = "product", _("Done in the product")


class Progress(models.Model):
    """Where a contact stands in a lesson. Monotone: completed never turns back by itself."""

    class State(models.TextChoices):
        STARTED = "started", _("Started")
        COMPLETED = "completed", _("Completed")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="progress")
    account_id = models.BigIntegerField(null=True)
    lesson_key = models.UUIDField()
    course_key = models.UUIDField()
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    active_ms = models.PositiveBigIntegerField(default=0)
    blocks = models.JSONField(default=list)
    percent = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=8, choices=HowCompleted.choices, blank=True)
    revision_id = models.BigIntegerField(null=True)
    rule = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("progress")
        verbose_name_plural = _("progress")
        constraints = (
            models.UniqueConstraint(fields=("contact", "lesson_key"), name="one_progress"),
        )
        indexes = (models.Index(fields=("contact", "course_key"), name="progress_in_course"),)

    def __str__(self) -> str:
        return f"{self.contact_id} {self.lesson_key} {self.state}"


class Completion(models.Model):
    """A lesson or a course came to its end, once and for good; `evidence` says how."""

    class Kind(models.TextChoices):
        LESSON = "lesson", _("lesson")
        COURSE = "course", _("course")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="completions")
    account_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    page_key = models.UUIDField()
    course_key = models.UUIDField()
    source = models.CharField(max_length=8, choices=HowCompleted.choices)
    rule = models.CharField(max_length=40, blank=True)
    revision_id = models.BigIntegerField(null=True)
    completed_at = models.DateTimeField()
    evidence = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("completion")
        verbose_name_plural = _("completions")
        constraints = (
            models.UniqueConstraint(fields=("contact", "kind", "page_key"), name="one_completion"),
        )

    def __str__(self) -> str:
        return f"{self.contact_id} {self.kind} {self.page_key}"
