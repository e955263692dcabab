"""Who: the vendor's staff, customer accounts, the humans in them, and what changed about them."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    """Makes users whose name is their e-mail address, compared without case."""

    use_in_migrations = True

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username or "")

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db, force_insert=True)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin):
    """A log-in: staff, or a customer's person. The e-mail address is the name."""

    email = models.EmailField(_("e-mail"), unique=True)
    first_name = models.CharField(_("first name"), max_length=80, blank=True)
    last_name = models.CharField(_("last name"), max_length=80, blank=True)
    title = models.CharField(_("title"), max_length=120, blank=True)
    hours = models.CharField(_("phone hours"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    is_active = models.BooleanField(_("active"), default=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def get_full_name(self) -> str:
        """Family name first, as Japanese names are written."""
        return f"{self.last_name} {self.first_name}".strip()

    def get_short_name(self) -> str:
        return self.last_name or self.email


class Account(models.Model):
    """A customer company (a tenant). No account ever sees another's data."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    external_id = models.CharField(_("account id"), max_length=200, unique=True)
    name = models.CharField(_("company name"), max_length=200, blank=True)
    kana = models.CharField(_("kana"), max_length=200, blank=True)
    value_tier = models.CharField(_("value tier"), max_length=20, blank=True)
    owner = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("owner")
    )
    partner = models.CharField(_("partner"), max_length=200, blank=True)
    traits = models.JSONField(default=dict, blank=True)
    known_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ("kana", "name", "external_id")

    def __str__(self) -> str:
        return self.name or self.external_id


class Person(models.Model):
    """One human, across accounts. Permission and caps go by person and by address."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200, blank=True)
    kana = models.CharField(_("kana"), max_length=200, blank=True)
    locale = models.CharField(_("language"), max_length=20, default="ja")
    zone = models.CharField(_("time zone"), max_length=60, default="Asia/Tokyo")
    user = models.OneToOneField(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="person"
    )

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.name or str(self.uid)


class Address(models.Model):
    """Where a person is reached on one channel, with from/to. Mailboxes may be shared."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="addresses")
    channel = models.CharField(max_length=20)
    value = models.CharField(max_length=254)
    normalised = models.CharField(max_length=254)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=("channel", "normalised")),)

    def __str__(self) -> str:
        return self.value


class Contact(models.Model):
    """A person in one account, known to the product by `user_id`.

    `user_id` is unique among current contacts; whoever moves to another account leaves a contact
    that is no longer current and begins a new one of the same person.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user_id = models.CharField(_("user id"), max_length=200)
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, blank=True, related_name="contacts"
    )
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="contacts")
    is_current = models.BooleanField(default=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    kana = models.CharField(_("kana"), max_length=200, blank=True)
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    department = models.CharField(_("department"), max_length=200, blank=True)
    title = models.CharField(_("title"), max_length=200, blank=True)
    traits = models.JSONField(default=dict, blank=True)
    known_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ("kana", "name", "user_id")
        constraints = (
            models.UniqueConstraint(
                fields=("user_id",), condition=Q(is_current=True), name="one_current_user_id"
            ),
        )

    def __str__(self) -> str:
        return self.name or self.user_id


class Membership(models.Model):
    """A contact's time in an account (`role` empty) or in a role there, from/to, twice dated.

    `to_at` is when it ended in the world, `ended_received_at` when that became known here. Both
    ends move only when an earlier call about the same stay arrives late.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="memberships")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=100, blank=True)
    from_at = models.DateTimeField()
    received_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True, blank=True)
    ended_received_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        indexes = (models.Index(fields=("account", "role", "from_at")),)

    def __str__(self) -> str:
        return f"{self.contact_id}:{self.role or 'member'}"


class Alias(models.Model):
    """Another identifier of a contact: an anonymous id, an external id, a LINE id."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="aliases")
    kind = models.CharField(max_length=40)
    value = models.CharField(max_length=254)
    from_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "aliases"
        constraints = (models.UniqueConstraint(fields=("kind", "value"), name="one_alias"),)

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class TraitChange(models.Model):
    """One key of an account, contact or subscription changed. Append-only; the noun has a cache.

    `value` null means the key was removed.
    """

    class Of(models.TextChoices):
        ACCOUNT = "account", _("account")
        CONTACT = "contact", _("contact")
        SUBSCRIPTION = "subscription", _("subscription")

    of = models.CharField(max_length=12, choices=Of.choices)
    subject_id = models.BigIntegerField()
    account_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=200)
    value = models.JSONField(null=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    source = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("trait change")
        verbose_name_plural = _("trait changes")
        indexes = (
            models.Index(
                fields=("of", "subject_id", "name", "occurred_at"), name="trait_at_a_moment"
            ),
        )

    def __str__(self) -> str:
        return f"{self.of} {self.subject_id} {self.name}"


class TraitRepeat(models.Model):
    """A call said these keys again, unchanged, or named a contact's account (""). Append-only.

    The engine does not read it. A contradicting call that arrives late does: it must not undo
    what was confirmed after it happened (I4).
    """

    of = models.CharField(max_length=12, choices=TraitChange.Of.choices)
    subject_id = models.BigIntegerField()
    names = models.JSONField()
    occurred_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("of", "subject_id", "occurred_at"), name="repeats_of_subject"),
        )

    def __str__(self) -> str:
        return f"{self.of} {self.subject_id} {self.names}"
