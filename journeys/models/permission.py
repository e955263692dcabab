"""What may be said, to whom, when. Rows are append-only with from/to; nothing is overwritten."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from journeys.models.messages import Message
from journeys.models.people import Person, User


class Topic(models.Model):
    """What a message is about: the unit a recipient stops or keeps (R48)."""

    key = models.CharField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    category = models.CharField(
        _("category"), max_length=14, choices=Message.Category.choices, default="guidance"
    )

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")

    def __str__(self) -> str:
        return self.name


class Consent(models.Model):
    """A person's yes or no to a topic ("*" = everything but contract notices), with its proof."""

    class Answer(models.TextChoices):
        YES = "yes", _("Agreed")
        NO = "no", _("Stopped")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="consents")
    topic = models.CharField(_("topic"), max_length=100)
    answer = models.CharField(_("answer"), max_length=3, choices=Answer.choices)
    how = models.CharField(_("how"), max_length=100)
    wording = models.TextField(_("wording"), blank=True)
    from_at = models.DateTimeField(_("from"))
    to_at = models.DateTimeField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = (
            models.UniqueConstraint(
                fields=("person", "topic"), condition=Q(to_at=None), name="one_live_consent"
            ),
        )

    def __str__(self) -> str:
        return f"{self.person_id} {self.topic} {self.answer}"


class Suppression(models.Model):
    """An address that gets nothing, by hash, so that it outlives erasure and re-import (I21)."""

    channel = models.CharField(max_length=20, default="email")
    address_hash = models.CharField(max_length=64, db_index=True)
    reason = models.CharField(_("reason"), max_length=40)
    from_at = models.DateTimeField(_("from"))
    to_at = models.DateTimeField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")

    def __str__(self) -> str:
        return f"{self.channel} {self.reason}"


class FrequencyPolicy(models.Model):
    """How often a person may be written to, across journeys and products (R32)."""

    per_days = models.PositiveIntegerField(_("within days"), default=7)
    most = models.PositiveIntegerField(_("at most"), default=2)
    gap_business_days = models.PositiveIntegerField(_("business days apart"), default=2)
    from_at = models.DateTimeField(_("from"))
    to_at = models.DateTimeField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("frequency limit")
        verbose_name_plural = _("frequency limits")

    def __str__(self) -> str:
        return f"{self.most}/{self.per_days}d"


class Calendar(models.Model):
    """Business days and sending slots. A change closes the row and appends a new one (R30)."""

    key = models.CharField(_("key"), max_length=100, default="default")
    name = models.CharField(_("name"), max_length=200, blank=True)
    country = models.CharField(_("public holidays of"), max_length=2, default="JP")
    slots = models.JSONField(_("sending slots"), default=list)
    window = models.JSONField(_("sending hours"), default=dict)
    closures = models.JSONField(_("own closures"), default=list)
    blackouts = models.JSONField(_("times a role is not mailed"), default=list)
    from_at = models.DateTimeField(_("from"))
    to_at = models.DateTimeField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        constraints = (
            models.UniqueConstraint(
                fields=("key",), condition=Q(to_at=None), name="one_live_calendar"
            ),
        )

    def __str__(self) -> str:
        return self.name or self.key


class Pause(models.Model):
    """Nothing goes out for the installation, an account or a journey while a row is open (R36)."""

    class Scope(models.TextChoices):
        INSTALLATION = "installation", _("Everything")
        ACCOUNT = "account", _("One account")
        JOURNEY = "journey", _("One journey")

    class Overdue(models.TextChoices):
        """What becomes of that which came due meanwhile, chosen when it goes on (R33)."""

        ONE_BY_ONE = "one_by_one", _("Deliver it one by one, within the limits")
        SKIP_STALE = "skip_stale", _("Skip what has become stale")
        FROM_NOW = "from_now", _("Let the waiting times go on from now")

    scope = models.CharField(_("what"), max_length=14, choices=Scope.choices)
    ref = models.CharField(_("which"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    overdue = models.CharField(
        _("what came due meanwhile"), max_length=12, choices=Overdue.choices, blank=True
    )
    ended_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    from_at = models.DateTimeField(_("from"))
    to_at = models.DateTimeField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        constraints = (
            models.UniqueConstraint(
                fields=("scope", "ref"), condition=Q(to_at=None), name="one_live_pause"
            ),
        )

    def __str__(self) -> str:
        return f"{self.scope} {self.ref}"
