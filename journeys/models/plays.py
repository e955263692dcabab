"""What a person does: a play says how, a task is one time it is done, with whom, why and by when."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from journeys.models.lifecycle import Subscription
from journeys.models.people import Account, Contact, User


class Cause(models.TextChoices):
    """Why a customer does not get on (R77): what a play answers to."""

    UNDERSTANDING = "understanding", _("Understanding")
    OPERATION = "operation", _("Operation")
    EVALUATION = "evaluation", _("Evaluation")
    OTHER = "other", _("Other")


class Play(models.Model):
    """How a person helps: by which way, how long, saying what, to whom. Texts change by publishing.

    `guide` is plain text; `roles` are the roles of the customer's people it speaks to; `due` is
    the time it may take by default, such as `2bd`. `number` counts its published texts.
    """

    class Way(models.TextChoices):
        PHONE = "phone", _("Telephone")
        FAX = "fax", _("Fax")
        LETTER = "letter", _("Letter on paper")
        WEB_MEETING = "web_meeting", _("Web meeting")
        OTHER = "other", _("Other")

    key = models.CharField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)
    channel = models.CharField(_("way"), max_length=12, choices=Way.choices)
    minutes = models.PositiveIntegerField(_("minutes"), default=0)
    guide = models.TextField(_("guide"), blank=True)
    roles = models.JSONField(_("speaks to"), default=list, blank=True)
    cause = models.CharField(_("cause"), max_length=14, choices=Cause.choices, blank=True)
    due = models.CharField(_("to be done within"), max_length=20, default="2bd")
    number = models.PositiveIntegerField(_("version"), default=1)

    class Meta:
        verbose_name = _("play")
        verbose_name_plural = _("plays")
        ordering = ("key",)

    def __str__(self) -> str:
        return self.name


class PlayTask(models.Model):
    """One play to be done for one customer; with a return condition it is a hand-off.

    `key` is built of natural keys like a message's. `text` is the play as it was when the task
    began. `due_on` ends with that local day. While an open task `holds`, automation for its
    subscription waits (R83). `why` is for the person who does it, `evidence` is what was seen.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("task", "Open")
        DONE = "done", _("Done")
        RETURNED = "returned", _("Back on the route by itself")
        CANCELLED = "cancelled", _("No longer needed")

    class Origin(models.TextChoices):
        STEP = "step", _("A journey's step")
        HAND = "hand", _("A colleague's choice")
        HELP = "help", _("The customer asked for a person")

    class Outcome(models.TextChoices):
        REACHED = "reached", _("Agreed on the next step")
        NOT_REACHED = "not_reached", _("Could not be reached")
        OTHER_CAUSE = "other_cause", _("The cause was another one")
        NOT_NEEDED = "not_needed", _("Was not needed")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.CharField(max_length=400, unique=True)
    play = models.ForeignKey(Play, on_delete=models.PROTECT, related_name="tasks")
    play_number = models.PositiveIntegerField()
    text = models.JSONField(default=dict)  # name, channel, minutes, guide, roles
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="play_tasks")
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, null=True, related_name="play_tasks"
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.SET_NULL, null=True, related_name="play_tasks"
    )
    origin = models.CharField(max_length=4, choices=Origin.choices)
    enrollment_id = models.BigIntegerField(null=True, db_index=True)
    journey_key = models.CharField(max_length=100, blank=True)
    version = models.PositiveIntegerField(null=True)
    step_id = models.CharField(max_length=100, blank=True)
    why = models.TextField(_("why"), blank=True)
    cause = models.CharField(_("cause"), max_length=14, choices=Cause.choices, blank=True)
    evidence = models.JSONField(default=dict)
    return_when = models.JSONField(null=True)
    holds = models.BooleanField(default=False)
    state = models.CharField(_("state"), max_length=9, choices=State.choices)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="play_tasks")
    opened_at = models.DateTimeField(_("opened"))
    opened_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    due_on = models.DateField(_("due"))
    started_at = models.DateTimeField(null=True)
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True)
    minutes_spent = models.PositiveIntegerField(_("minutes spent"), null=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("task for a person")
        verbose_name_plural = _("tasks for a person")
        indexes = (
            models.Index(fields=("due_on",), condition=Q(state="open"), name="tasks_open"),
            models.Index(fields=("account", "opened_at"), name="tasks_of_account"),
        )

    def __str__(self) -> str:
        return str(self.text.get("name") or self.key)
