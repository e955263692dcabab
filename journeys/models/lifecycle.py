"""The route: products, contracts, stages with exit criteria, and each customer's way along it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from journeys.models.people import Account, Contact, User


class VersionStatus(models.TextChoices):
    """Draft → published (immutable, kept) → retired."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    RETIRED = "retired", _("Retired")


class Product(models.Model):
    """What is subscribed to. `subscribe`: "none", "every_account" or a condition on the account."""

    key = models.CharField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)
    subscribe = models.JSONField(default=str)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")

    def __str__(self) -> str:
        return self.name


class Lifecycle(models.Model):
    """A route for one product; what it says lives in its versions."""

    key = models.CharField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lifecycles")
    draft = models.JSONField(null=True, blank=True)
    draft_saved_at = models.DateTimeField(null=True, blank=True)
    draft_saved_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("lifecycle")
        verbose_name_plural = _("lifecycles")

    def __str__(self) -> str:
        return self.name


class LifecycleVersion(models.Model):
    """One published, immutable text of a lifecycle; stages and criteria are read from it."""

    lifecycle = models.ForeignKey(Lifecycle, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    status = models.CharField(max_length=12, choices=VersionStatus.choices)
    document = models.JSONField()
    document_hash = models.CharField(max_length=64)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        verbose_name = _("lifecycle version")
        verbose_name_plural = _("lifecycle versions")
        constraints = (
            models.UniqueConstraint(fields=("lifecycle", "number"), name="one_lifecycle_version"),
        )

    def __str__(self) -> str:
        return f"{self.lifecycle} v{self.number}"


class Stage(models.Model):
    """One stage of a version, with the seven design fields (R2)."""

    class Phase(models.TextChoices):
        ONBOARDING = "onboarding", _("Onboarding")
        ADOPTION = "adoption", _("Adoption")
        EXPANSION = "expansion", _("Expansion")

    version = models.ForeignKey(LifecycleVersion, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveIntegerField()
    key = models.CharField(_("key"), max_length=100)
    name = models.CharField(_("name"), max_length=200)
    phase = models.CharField(_("phase"), max_length=12, choices=Phase.choices, blank=True)
    goal = models.TextField(_("goal"), blank=True)
    definition = models.TextField(_("definition"), blank=True)
    customer_does = models.TextField(_("what the customer does"), blank=True)
    experience = models.JSONField(_("experience"), default=list, blank=True)
    provides = models.TextField(_("what we provide"), blank=True)
    limit = models.CharField(_("deadline"), max_length=20, blank=True)
    limit_from = models.CharField(_("counted from"), max_length=10, default="start")
    completes_onboarding = models.BooleanField(_("exit completes onboarding"), default=False)
    at_least = models.JSONField(default=str, blank=True)
    next_scenario = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        ordering = ("version", "position")
        constraints = (
            models.UniqueConstraint(fields=("version", "key"), name="one_stage_key"),
            models.UniqueConstraint(fields=("version", "position"), name="one_stage_position"),
        )

    def __str__(self) -> str:
        return self.name


class ExitCriterion(models.Model):
    """What must be true to leave a stage, in the customer's words and as a condition."""

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="criteria")
    position = models.PositiveIntegerField()
    key = models.CharField(_("key"), max_length=100)
    label = models.CharField(_("label"), max_length=200)
    required = models.BooleanField(_("required"), default=True)
    condition = models.JSONField(_("condition"))
    shown = models.JSONField(default=dict, blank=True)  # help, minutes, to, who: for the checklist

    class Meta:
        verbose_name = _("exit criterion")
        verbose_name_plural = _("exit criteria")
        ordering = ("stage", "position")
        constraints = (models.UniqueConstraint(fields=("stage", "key"), name="one_criterion_key"),)

    def __str__(self) -> str:
        return self.label


class Subscription(models.Model):
    """Account × product: the lifecycle runs here. Unique while it lives (R9)."""

    class Path(models.TextChoices):
        ON = "on", _("On the route")
        OFF = "off", _("With a person")
        HOLD = "hold", _("On hold")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="subscriptions")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="subscriptions")
    version = models.ForeignKey(
        LifecycleVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    stage = models.ForeignKey(
        Stage, on_delete=models.PROTECT, null=True, blank=True, related_name="subscriptions"
    )
    stage_entered_at = models.DateTimeField(null=True, blank=True)
    stage_due_on = models.DateField(_("deadline"), null=True, blank=True)
    original_due_on = models.DateField(_("original deadline"), null=True, blank=True)
    started_at = models.DateTimeField(_("contract start"), null=True, blank=True)
    path = models.CharField(max_length=4, choices=Path.choices, default=Path.ON)
    manual_until_released = models.BooleanField(default=False)
    renewal_on = models.DateField(_("renewal"), null=True, blank=True)
    mrr = models.DecimalField(_("monthly fee"), max_digits=14, decimal_places=2, null=True)
    traits = models.JSONField(default=dict, blank=True)
    known_since = models.DateTimeField(null=True, blank=True)
    value_at = models.DateTimeField(_("first value"), null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = (
            models.UniqueConstraint(
                fields=("account", "product"),
                condition=Q(ended_at=None),
                name="one_live_subscription",
            ),
        )

    def __str__(self) -> str:
        return f"{self.account} / {self.product}"


class StageTransition(models.Model):
    """One move, append-only. `effective_at`: when it came true; `decided_at`: the tick.

    A late earlier fact appends a row with `corrects` set and an earlier `effective_at`; it never
    moves a stage back. `seq` numbers a subscription's moves from 1 (the entry at its start).
    """

    class Cause(models.TextChoices):
        START = "start", _("Contract started")
        CRITERIA = "criteria", _("Exit criteria met")
        MANUAL = "manual", _("Moved by hand")
        IMPORT = "import", _("Placed by import")
        CORRECTION = "correction", _("An earlier fact arrived late")
        VERSION = "version", _("Moved to another version of the route")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(
        Subscription,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="transitions",
    )
    account_id = models.BigIntegerField()
    version_id = models.BigIntegerField()
    seq = models.PositiveIntegerField()
    from_stage = models.CharField(max_length=100, blank=True)
    to_stage = models.CharField(max_length=100)
    to_stage_name = models.CharField(max_length=200, blank=True)
    effective_at = models.DateTimeField()
    decided_at = models.DateTimeField()
    due_on = models.DateField(null=True)
    completes_onboarding = models.BooleanField(default=False)  # the stage that was left said so
    cause = models.CharField(max_length=12, choices=Cause.choices)
    evidence = models.JSONField(default=dict)
    corrects = models.BigIntegerField(null=True)
    by_user_id = models.BigIntegerField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        verbose_name = _("stage move")
        verbose_name_plural = _("stage moves")
        indexes = (
            models.Index(fields=("subscription", "effective_at"), name="stage_at_a_moment"),
            models.Index(fields=("account_id", "decided_at"), name="moves_of_account"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("subscription", "seq"), condition=Q(corrects=None), name="one_move_a_seq"
            ),
        )

    def __str__(self) -> str:
        return f"{self.from_stage or '·'} → {self.to_stage}"


class CriterionState(models.Model):
    """Since when a criterion is met for a subscription, when it was lost, and when it came back.

    A row with `lost_at` and without `back_at` is an open loss (R8).
    """

    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="criterion_states"
    )
    criterion = models.ForeignKey(ExitCriterion, on_delete=models.CASCADE, related_name="states")
    met_at = models.DateTimeField()
    decided_at = models.DateTimeField()
    lost_at = models.DateTimeField(null=True, blank=True)
    back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("subscription", "criterion"),
                condition=Q(lost_at=None),
                name="one_live_criterion_state",
            ),
        )

    def __str__(self) -> str:
        return f"{self.subscription_id}:{self.criterion_id}"


class Goal(models.Model):
    """A customer's own measurable aim: baseline, target, by when, agreed by whom (R12)."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="goals")
    metric = models.CharField(_("measure"), max_length=200)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    baseline = models.DecimalField(_("now"), max_digits=12, decimal_places=2)
    target = models.DecimalField(_("target"), max_digits=12, decimal_places=2)
    target_on = models.DateField(_("by"), null=True, blank=True)
    agreed_at = models.DateTimeField()
    agreed_by = models.ForeignKey(Contact, on_delete=models.SET_NULL, null=True, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("success goal")
        verbose_name_plural = _("success goals")

    def __str__(self) -> str:
        return f"{self.metric} {self.baseline:g}→{self.target:g}{self.unit}"


class GoalMeasurement(models.Model):
    """One measured value of a goal, append-only. `fact`: the event that told it, if one did."""

    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="measurements")
    value = models.DecimalField(max_digits=12, decimal_places=2)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    fact = models.UUIDField(null=True, unique=True, editable=False)
    by_user_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.value:g}"


class Deliverable(models.Model):
    """Says that X is in state Y; its history is the trait changes of deliverable.KEY."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="deliverables"
    )
    key = models.CharField(max_length=100)
    state = models.CharField(max_length=100)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("deliverable")
        verbose_name_plural = _("deliverables")
        constraints = (
            models.UniqueConstraint(fields=("subscription", "key"), name="one_deliverable"),
        )

    def __str__(self) -> str:
        return f"{self.key}={self.state}"
