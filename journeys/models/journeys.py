"""What CS-ops author, who is in it, and the ledger of every decision taken about them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from journeys.models.lifecycle import Product, Subscription, VersionStatus
from journeys.models.people import Account, Contact, User


class Journey(models.Model):
    """A journey; what it says lives in its versions, what is being written in `draft`."""

    key = models.CharField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True)
    priority = models.IntegerField(_("priority"), default=50)
    draft = models.JSONField(null=True, blank=True)
    draft_saved_at = models.DateTimeField(null=True, blank=True)
    draft_saved_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("journey")
        verbose_name_plural = _("journeys")
        ordering = ("-priority", "key")

    def __str__(self) -> str:
        return self.name


class JourneyVersion(models.Model):
    """One immutable text of a journey (`document`) and its flat walkable form (`program`)."""

    journey = models.ForeignKey(Journey, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    status = models.CharField(max_length=12, choices=VersionStatus.choices)
    document = models.JSONField()
    document_hash = models.CharField(max_length=64)
    program = models.JSONField()
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        verbose_name = _("journey version")
        verbose_name_plural = _("journey versions")
        constraints = (
            models.UniqueConstraint(fields=("journey", "number"), name="one_journey_version"),
        )

    def __str__(self) -> str:
        return f"{self.journey} v{self.number}"


class Enrollment(models.Model):
    """(Contact or account) × subscription × run in one pinned version; unique while live."""

    class Status(models.TextChoices):
        IN = "in", _("In the journey")
        OUT = "out", _("Matched before it was published")
        FINISHED = "finished", _("Finished")
        GOAL = "goal", _("Reached the goal")
        LEFT = "left", _("Left")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    journey = models.ForeignKey(Journey, on_delete=models.PROTECT, related_name="enrollments")
    version = models.ForeignKey(JourneyVersion, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="enrollments")
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, null=True, related_name="enrollments"
    )
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, null=True, related_name="enrollments"
    )
    subject_key = models.CharField(max_length=120)  # uids of contact/account and subscription
    run = models.PositiveIntegerField(default=1)
    bucket = models.FloatField()
    holdout = models.BooleanField(default=False)
    variants = models.JSONField(default=dict)  # id of a split -> index of the way taken
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.IN)
    reason = models.CharField(max_length=40, blank=True)
    step_id = models.CharField(max_length=100, blank=True)
    position = models.IntegerField(default=0)
    visit = models.PositiveIntegerField(default=0)
    #: "", message, time, condition, hold, or what another kind of step waits for
    waiting_for = models.CharField(max_length=20, blank=True)
    step_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("enrollment")
        verbose_name_plural = _("enrollments")
        indexes = (
            models.Index(fields=("due_at",), condition=Q(status="in"), name="enrollments_due"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("journey", "subject_key"),
                condition=Q(status="in"),
                name="one_live_enrollment",
            ),
            models.UniqueConstraint(
                fields=("journey", "subject_key", "run"), name="one_enrollment_a_run"
            ),
        )

    def __str__(self) -> str:
        return f"{self.journey_id}:{self.subject_key}:{self.run}"


class Assignment(models.Model):
    """A journey asks a contact to take a course, by a day; `learning` shows it. Append-only.

    `key` is built like a message's, so that a step assigns once. `course` is the course's slug.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.CharField(max_length=400, unique=True)
    account_id = models.BigIntegerField(null=True)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="assignments")
    enrollment_id = models.BigIntegerField(null=True)
    journey_key = models.CharField(max_length=100, blank=True)
    step_id = models.CharField(max_length=100, blank=True)
    course = models.CharField(_("course"), max_length=200)
    assigned_at = models.DateTimeField(_("assigned"))
    due_on = models.DateField(_("by"), null=True)

    class Meta:
        verbose_name = _("assigned course")
        verbose_name_plural = _("assigned courses")
        indexes = (models.Index(fields=("contact", "assigned_at"), name="assigned_to_contact"),)

    def __str__(self) -> str:
        return f"{self.contact_id} {self.course}"


class Tick(models.Model):
    """A pass of the engine that wrote something, or the newest pass."""

    at = models.DateTimeField(unique=True)
    counts = models.JSONField(default=dict)
    took_ms = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("tick")
        verbose_name_plural = _("ticks")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"


class Decision(models.Model):
    """The ledger: what was decided about whom, why, and what was seen. Append-only.

    Ids carry no database constraint (`doctor` looks for orphans).
    """

    class Verdict(models.TextChoices):
        ENTERED = "entered", _("Entered")
        LEFT = "left", _("Left")
        PLANNED = "planned", _("Planned")
        MOVED = "moved", _("Moved to another time")
        SKIPPED = "skipped", _("Skipped")
        RELEASED = "released", _("Released to the sender")
        SENT = "sent", _("Sent")
        SHOWN = "shown", _("Visible")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        FAILED = "failed", _("Failed")
        UNCERTAIN = "uncertain", _("Outcome unknown")
        BRANCHED = "branched", _("Took a branch")
        WAITED = "waited", _("Waited")
        NOTED = "noted", _("Noted")
        ASSIGNED = "assigned", _("Assigned a course")
        ADVANCED = "advanced", _("Moved to the next stage")
        CRITERION_LOST = "criterion_lost", _("A met criterion is no longer met")
        CRITERION_BACK = "criterion_back", _("A lost criterion is met again")
        CORRECTED = "corrected", _("The moment of a move was corrected")
        HELD = "held", _("Held in its stage")
        LET_GO = "let_go", _("Given back to the criteria")
        EXTENDED = "extended", _("The deadline was extended")
        REROUTED = "rerouted", _("Moved to another version of the route")
        TASKED = "tasked", _("Given to a person")
        DONE = "done", _("Done by a person")
        RETURNED = "returned", _("Back on the route")
        CANCELLED = "cancelled", _("Cancelled")

    class Reason(models.TextChoices):
        """Closed list: everything the engine may answer to "why?"."""

        ENTRY_MATCHED = "entry_matched", _("Matched the entry condition")
        FACT_HAPPENED = "fact_happened", _("What the journey waits for has happened")
        DAY_CAME = "day_came", _("The day of the journey has come")
        BY_API = "by_api", _("By a system")
        NEXT_SCENARIO = "next_scenario", _("The stage leads on to this journey")
        STEP_REACHED = "step_reached", _("The step was reached")
        ALREADY_DONE = "already_done", _("Already done")
        GOAL_REACHED = "goal_reached", _("Reached the goal")
        EXIT_WHEN = "exit_when", _("The exit condition became true")
        STAGE_LEFT = "stage_left", _("Left the stage")
        FINISHED = "finished", _("Came to the end")
        LEAVE_STEP = "leave_step", _("The journey says to leave here")
        SLOT = "slot", _("Waits for the next sending slot")
        CLOSED_DAY = "closed_day", _("Not a business day")
        BLACKOUT = "blackout", _("A time when this role is not mailed")
        CAP = "cap", _("The weekly limit is reached")
        GAP = "gap", _("Too soon after the last message")
        LOST_TO_PRIORITY = "lost_to_priority", _("A more important message goes first")
        NO_CONSENT = "no_consent", _("No consent for this topic")
        OPTED_OUT = "opted_out", _("Stopped by the recipient")
        SUPPRESSED = "suppressed", _("The address does not accept mail")
        NO_ADDRESS = "no_address", _("No address on this channel")
        NO_CHANNEL = "no_channel", _("The channel is not set up")
        PAUSED = "paused", _("Paused")
        ON_HOLD = "on_hold", _("A person is helping")
        HOLDOUT = "holdout", _("In the held-out group")
        EXPIRED = "expired", _("Too late to be of use")
        MISSING_VALUE = "missing_value", _("A value for the text is missing")
        PAGE_GONE = "page_gone", _("The page it points to is not public")
        ACCEPTED = "accepted", _("Accepted by the mail server")
        REFUSED = "refused", _("Refused by the mail server")
        NO_ANSWER = "no_answer", _("The mail server did not answer")
        VISIBLE = "visible", _("Visible to the person")
        UNTIL_MET = "until_met", _("No longer needed")
        SHARE = "share", _("Fell into this share of a split")
        CONDITION_MET = "condition_met", _("The condition is met")
        CONDITION_NOT_MET = "condition_not_met", _("The condition is not met")
        CONDITION_UNKNOWN = "condition_unknown", _("The condition cannot be judged")
        TIMED_OUT = "timed_out", _("The waiting time is over")
        CRITERIA_MET = "criteria_met", _("The exit criteria are met")
        STARTED = "started", _("The contract started")
        CRITERION_TRUE = "criterion_true", _("The criterion turned true again")
        LATE_FACT = "late_fact", _("An earlier fact arrived late")
        CRITERION_FALSE = "criterion_false", _("The criterion turned false again")
        MERGED = "merged", _("Merged into another contact")
        MOVED_AWAY = "moved_away", _("Moved to another customer")
        BY_HAND = "by_hand", _("By hand")
        BAD_TEXT = "bad_text", _("The text cannot be used")
        CRASHED = "crashed", _("The sender stopped at it again and again")
        CONTRACT_ENDED = "contract_ended", _("The contract ended")
        RECEIVED = "received", _("Accepted by the receiver")
        GIVEN_UP = "given_up", _("The receiver did not accept it in days of trying")
        GONE = "gone", _("The receiver says that it is gone")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField()  # = Tick.at where a tick decided
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    reason = models.CharField(max_length=20, choices=Reason.choices)
    rule = models.CharField(max_length=200, blank=True)
    evidence = models.JSONField(default=dict)
    account_id = models.BigIntegerField(null=True)
    contact_id = models.BigIntegerField(null=True)
    subscription_id = models.BigIntegerField(null=True)
    enrollment_id = models.BigIntegerField(null=True)
    message_id = models.BigIntegerField(null=True)
    journey_key = models.CharField(max_length=100, blank=True)
    version = models.PositiveIntegerField(null=True)
    step_id = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes = (
            models.Index(fields=("account_id", "at"), name="decisions_of_account"),
            models.Index(fields=("message_id",), name="decisions_of_message"),
            models.Index(fields=("enrollment_id", "at"), name="decisions_of_enrollment"),
        )

    def __str__(self) -> str:
        return f"{self.verdict}/{self.reason}"
