"""What is said: templates, personas, and the message that is outbox, inbox and archive in one."""

from __future__ import annotations

import hmac
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from journeys.models.lifecycle import VersionStatus
from journeys.models.people import Contact, Person, User


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    NUDGE = "nudge", _("In-app nudge")
    LINE = "line", _("LINE")
    CHAT = "chat", _("Chat")


class Persona(models.Model):
    """In whose name a message goes out, with the legal sender behind it (R44, R47)."""

    key = models.CharField(_("key"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=100)
    title = models.CharField(_("title"), max_length=100, blank=True)
    organisation = models.CharField(_("organisation"), max_length=200)
    from_email = models.EmailField(_("from address"))
    reply_to = models.EmailField(_("replies go to"), blank=True)
    hours = models.CharField(_("phone hours"), max_length=100, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    legal_name = models.CharField(_("legal name of the sender"), max_length=200)
    postal_address = models.CharField(_("postal address"), max_length=300)
    complaints_to = models.CharField(_("address for complaints"), max_length=200)

    class Meta:
        verbose_name = _("persona")
        verbose_name_plural = _("personas")

    def __str__(self) -> str:
        return self.name


class Template(models.Model):
    """A text to be said on one channel; what it says lives in its versions."""

    key = models.CharField(_("key"), max_length=100, unique=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    name = models.CharField(_("name"), max_length=200)
    draft = models.JSONField(null=True, blank=True)
    draft_saved_at = models.DateTimeField(null=True, blank=True)
    draft_saved_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        ordering = ("key",)

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """One immutable text (`document`, docs/bundles.md) and its compiled form.

    `compiled` of an e-mail: {"subject", "html", "text", "links": [{"target", "label"}],
    "variables": [...]}, Liquid merge fields kept as text. Of a nudge: {"title", "body", "button"}.
    """

    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    status = models.CharField(max_length=12, choices=VersionStatus.choices)
    document = models.JSONField()
    document_hash = models.CharField(max_length=64)
    compiled = models.JSONField()
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        constraints = (
            models.UniqueConstraint(fields=("template", "number"), name="one_template_version"),
        )

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"


def uid_of_key(key: str) -> uuid.UUID:
    """The uid of the message with this key: planned again after a restore, it is the same.

    So its Message-ID is known to whoever keeps a log of what was sent; nobody can guess it.
    """
    digest = hmac.new(settings.SECRET_KEY.encode(), f"junro.message:{key}".encode(), "sha256")
    return uuid.UUID(bytes=digest.digest()[:16], version=4)


class Message(models.Model):
    """One thing to say to one person once. `key` is built of natural keys, recipient included."""

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        HELD = "held", _("Held")
        CLAIMED = "claimed", _("Being prepared")
        HANDED = "handed", _("Handed over")
        ACCEPTED = "accepted", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")
        SKIPPED = "skipped", _("Skipped")
        UNCERTAIN = "uncertain", _("Outcome unknown")
        MERGED = "merged", _("Merged into a digest")
        EXPIRED = "expired", _("Expired")
        SHOWN = "shown", _("Shown")
        CLICKED = "clicked", _("Clicked")
        DISMISSED = "dismissed", _("Dismissed")
        SNOOZED = "snoozed", _("Snoozed")
        RECALLED = "recalled", _("Withdrawn")

    class Category(models.TextChoices):
        """The classes of the Japanese law on commercial mail (R47)."""

        TRANSACTIONAL = "transactional", _("Contract notice")
        GUIDANCE = "guidance", _("Guidance")
        PROMOTIONAL = "promotional", _("Promotion")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.CharField(max_length=400, unique=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    account_id = models.BigIntegerField(null=True)
    contact = models.ForeignKey(
        Contact, on_delete=models.DO_NOTHING, null=True, db_constraint=False, db_index=False
    )
    person = models.ForeignKey(
        Person, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False
    )
    subscription_id = models.BigIntegerField(null=True)
    enrollment_id = models.BigIntegerField(null=True, db_index=True)
    journey_key = models.CharField(max_length=100, blank=True)
    version = models.PositiveIntegerField(null=True)
    step_id = models.CharField(max_length=100, blank=True)
    template_version = models.ForeignKey(
        TemplateVersion, on_delete=models.DO_NOTHING, null=True, db_constraint=False
    )
    persona = models.CharField(max_length=100, blank=True)  # who signs, if not the text's own
    topic = models.CharField(max_length=100, blank=True)
    category = models.CharField(max_length=14, choices=Category.choices)
    critical = models.BooleanField(default=False)
    at_once = models.BooleanField(default=False)
    priority = models.IntegerField(default=50)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    reason = models.CharField(max_length=20, blank=True)
    skip_if = models.JSONField(null=True)
    until = models.JSONField(null=True)
    page = models.CharField(max_length=200, blank=True)
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    to_address = models.CharField(max_length=254, blank=True)
    frozen = models.JSONField(null=True)
    handed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    shown_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    provider_reply = models.TextField(blank=True)
    carried_by = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = (
            models.Index(
                fields=("due_at",),
                condition=Q(state__in=("planned", "held")),
                name="messages_to_judge",
            ),
            models.Index(
                fields=("released_at",),
                condition=Q(state__in=("planned", "claimed")),
                name="messages_to_send",
            ),
            models.Index(fields=("person", "handed_at"), name="messages_of_person"),
            models.Index(fields=("contact", "state"), name="messages_of_contact"),
            models.Index(fields=("account_id", "planned_at"), name="messages_of_account"),
        )

    def __str__(self) -> str:
        return self.key


class Link(models.Model):
    """Where one link in one message leads. Targets come from here, never from the URL (R50)."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="links")
    position = models.PositiveIntegerField(default=0)
    label = models.CharField(max_length=200, blank=True)
    target = models.CharField(max_length=500)  # home, goal, lesson:SLUG, … or an https URL
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("message", "position"), name="one_link_a_position"),
        )

    def __str__(self) -> str:
        return self.target


class Click(models.Model):
    """A person followed a link (their own POST; a scanner's GET is none). Append-only."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="clicks")
    message_id = models.BigIntegerField(db_index=True)
    contact_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.link_id} {self.at:%Y-%m-%d %H:%M}"
